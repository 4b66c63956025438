/* Decisions of the whole: key policies, identity policies and grants, with the texts of refusals (KMS.md,
 * R-161 rows 26 to 28, 34, 37 and 38). */
#include "re_encrypt.h"

#define ROOT    "arn:aws:iam::" ACCOUNT ":root"
#define CAROL   "arn:aws:iam::" ACCOUNT ":user/carol"
#define DAVE    "arn:aws:iam::" ACCOUNT ":user/dave"
#define SESSION "arn:aws:sts::" ACCOUNT ":assumed-role/Deploy/one"
#define ROLE    "arn:aws:iam::" ACCOUNT ":role/team/Deploy"

#define STATEMENTS(...) "{\"Version\":\"2012-10-17\",\"Statement\":[" __VA_ARGS__ "]}"
#define ALLOW(who, action)                                                                                             \
    "{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" who "\"},\"Action\":\"" action "\",\"Resource\":\"*\"}"
#define DENY(who, action)                                                                                              \
    "{\"Effect\":\"Deny\",\"Principal\":{\"AWS\":\"" who "\"},\"Action\":\"" action "\",\"Resource\":\"*\"}"
#define IDENTITY(effect, action)                                                                                       \
    "{\"Statement\":{\"Effect\":\"" effect "\",\"Action\":\"" action "\",\"Resource\":\"*\"}}"

#define NOT_ALLOWED(user, action, kind)                                                                                \
    "User: " user " is not authorized to perform: " action " on resource: %s because no " kind                         \
    "-based policy allows the " action " action"
#define REFUSED(user, action, kind)                                                                                    \
    "User: " user " is not authorized to perform: " action " on resource: %s with an explicit deny in " kind           \
    "-based policy"

static struct fixture_key key_with(struct fixture *fixture, const char *policy)
{
    return fixture_key(fixture,
                       &(struct registry_key){.policy = (char *)(uintptr_t)policy, .policy_ms = fixture->now_ms});
}

/* E and F of R-161, with a ciphertext under E; carol is a user without identity policies. */
struct scene {
    struct fixture_key e, f;
    ProtobufCBinaryData blob;
};

static void scene_make(struct fixture *fixture, struct scene *scene, const char *policy_e, const char *policy_f)
{
    fixture_principal(fixture, ACCOUNT, "user/carol", fixture->now_ms - 1, NULL);
    fixture_principal(fixture, ACCOUNT, "role/team/Deploy", fixture->now_ms - 1, NULL);
    scene->e = key_with(fixture, policy_e);
    scene->f = key_with(fixture, policy_f);
    fixture->principal = ROOT;
    scene->blob = fixture_encrypt(fixture, &scene->e, "secret", "Dept", "IT");
    fixture->principal = CAROL;
}

static struct wish move(const struct scene *scene)
{
    return (struct wish){.blob = scene->blob, .destination = scene->f.id, .source_context = {"Dept", "IT"}};
}

static void wants_error(struct fixture *fixture, const struct scene *scene, const char *text)
{
    wish_error(fixture, move(scene), "AccessDeniedException", text);
}

static void wants_success(struct fixture *fixture, const struct scene *scene)
{
    struct reply reply;
    wish_success(fixture, move(scene), &reply);
    reply_clear(&reply);
}

/* ------------------------------------------------------------------ rows 27 and 28, 34 */

#define TO_ACCOUNT ALLOW(ROOT, "kms:*")

static void each_side_is_asked_for(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, STATEMENTS(TO_ACCOUNT "," ALLOW(CAROL, "kms:ReEncryptTo")),
               STATEMENTS(TO_ACCOUNT "," ALLOW(CAROL, "kms:ReEncryptTo")));
    wants_error(fixture, &scene, text(NOT_ALLOWED(CAROL, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    fixture_grant(fixture, &scene.e, CAROL, POLICY_GRANT_RE_ENCRYPT_FROM, NULL);
    wants_success(fixture, &scene); /* the two come from where they come */
    free(scene.blob.data);
}

static void the_destination_is_asked_for(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, STATEMENTS(TO_ACCOUNT "," ALLOW(CAROL, "kms:ReEncryptFrom")),
               STATEMENTS(ALLOW(ROOT, "kms:Put*")));
    wants_error(fixture, &scene, text(NOT_ALLOWED(CAROL, "kms:ReEncryptTo", "resource"), scene.f.arn));
    /* a dry run is decided no otherwise, with the ciphertext or without (row 32, R-43) */
    struct wish wish = move(&scene);
    wish.dry_run = true;
    wish_error(fixture, wish, "AccessDeniedException",
               text(NOT_ALLOWED(CAROL, "kms:ReEncryptTo", "resource"), scene.f.arn));
    wish.blob = (ProtobufCBinaryData){0};
    wish.source = scene.e.id;
    wish.ignore_ciphertext = true;
    wish_error(fixture, wish, "AccessDeniedException",
               text(NOT_ALLOWED(CAROL, "kms:ReEncryptTo", "resource"), scene.f.arn));
    fixture_grant(fixture, &scene.f, CAROL, POLICY_GRANT_RE_ENCRYPT_TO, NULL);
    wish_error(fixture, wish, "DryRunOperationException", DRY_RUN_TEXT);
    /* Encrypt and Decrypt are other actions */
    Rewrap__EncryptRequest encrypt = REWRAP__ENCRYPT_REQUEST__INIT;
    encrypt.key_id = scene.f.id;
    encrypt.has_plaintext = true;
    encrypt.plaintext = (ProtobufCBinaryData){.data = scene.f.key_id, .len = 16};
    assert_error(fixture, "Encrypt", &encrypt.base, "AccessDeniedException",
                 text(NOT_ALLOWED(CAROL, "kms:Encrypt", "resource"), scene.f.arn));
    free(scene.blob.data);
}

static void the_same_key_is_a_condition(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
#define SAME                                                                                                           \
    "{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" CAROL "\"},\"Action\":\"kms:ReEncrypt*\",\"Resource\":\"*\","    \
    "\"Condition\":{\"Bool\":{\"kms:ReEncryptOnSameKey\":\"true\"}}}"
    scene_make(fixture, &scene, STATEMENTS(TO_ACCOUNT "," SAME), STATEMENTS(TO_ACCOUNT "," SAME));
    wants_error(fixture, &scene, text(NOT_ALLOWED(CAROL, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    struct wish wish = move(&scene);
    wish.destination = scene.e.arn;
    struct reply reply;
    wish_success(fixture, wish, &reply);
    reply_clear(&reply);
    wish.destination = UNKNOWN_ID; /* none is not the same; what is wrong with it is not the first thing said */
    wish_error(fixture, wish, "AccessDeniedException",
               text(NOT_ALLOWED(CAROL, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    free(scene.blob.data);
}

/* ------------------------------------------------------------------ rows 37 and 38 */

static void a_constraint_is_about_its_side(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, NULL, NULL);
    const struct policy_pair pair = {view_of_string("Dept"), view_of_string("HR")};
    fixture_grant(fixture, &scene.e, CAROL, POLICY_GRANT_RE_ENCRYPT_FROM,
                  &(struct policy_grant_constraints){.has_subset = true, .subset = &pair, .subset_count = 1});
    fixture_grant(fixture, &scene.f, CAROL, POLICY_GRANT_RE_ENCRYPT_TO,
                  &(struct policy_grant_constraints){.has_equals = true, .equals = &pair, .equals_count = 1});
    struct wish wish = move(&scene);
    wish.destination_context[0] = "Dept";
    wish.destination_context[1] = "HR";
    wish_error(fixture, wish, "AccessDeniedException",
               text(NOT_ALLOWED(CAROL, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    const struct policy_pair other = {view_of_string("Dept"), view_of_string("IT")};
    fixture_grant(fixture, &scene.e, CAROL, POLICY_GRANT_RE_ENCRYPT_FROM,
                  &(struct policy_grant_constraints){.has_subset = true, .subset = &other, .subset_count = 1});
    struct reply reply;
    wish_success(fixture, wish, &reply);
    reply_clear(&reply);
    wish.destination_context[1] = "hr";
    wish_error(fixture, wish, "AccessDeniedException",
               text(NOT_ALLOWED(CAROL, "kms:ReEncryptTo", "identity"), scene.f.arn));
    free(scene.blob.data);
}

static void a_deny_beats_a_grant(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, STATEMENTS(TO_ACCOUNT "," DENY(CAROL, "kms:ReEncrypt*")), NULL);
    uint32_t both = POLICY_GRANT_RE_ENCRYPT_FROM | POLICY_GRANT_RE_ENCRYPT_TO;
    fixture_grant(fixture, &scene.e, CAROL, both, NULL);
    fixture_grant(fixture, &scene.f, CAROL, both, NULL);
    wants_error(fixture, &scene, text(REFUSED(CAROL, "kms:ReEncryptFrom", "a resource"), scene.e.arn));
    fixture_principal_policy(fixture, ACCOUNT, "user/carol", IDENTITY("Deny", "kms:ReEncryptTo"));
    struct wish wish = move(&scene);
    fixture->principal = ROOT;
    ProtobufCBinaryData under_f = fixture_encrypt(fixture, &scene.f, "secret", "Dept", "IT");
    fixture->principal = CAROL;
    wish.blob = under_f;
    wish_error(fixture, wish, "AccessDeniedException",
               text(REFUSED(CAROL, "kms:ReEncryptTo", "an identity"), scene.f.arn));
    free(under_f.data);
    free(scene.blob.data);
}

/* ------------------------------------------------------------------ identity policies, roles */

static void what_the_account_leaves_to_identity_policies(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, NULL, NULL); /* the default policy */
    wants_error(fixture, &scene, text(NOT_ALLOWED(CAROL, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    fixture_principal_policy(fixture, ACCOUNT, "user/carol", IDENTITY("Allow", "kms:ReEncrypt*"));
    wants_success(fixture, &scene); /* in force at once */
    fixture_principal_policy(fixture, ACCOUNT, "user/carol", NULL);
    wants_error(fixture, &scene, text(NOT_ALLOWED(CAROL, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    fixture->principal = SESSION;
    wants_error(fixture, &scene, text(NOT_ALLOWED(SESSION, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    fixture_principal_policy(fixture, ACCOUNT, "role/team/Deploy", IDENTITY("Allow", "kms:ReEncrypt*"));
    wants_success(fixture, &scene);
    fixture->principal = "arn:aws:iam::" ACCOUNT ":user/nobody-knows";
    wants_error(
        fixture, &scene,
        text(NOT_ALLOWED("arn:aws:iam::" ACCOUNT ":user/nobody-knows", "kms:ReEncryptFrom", "identity"), scene.e.arn));
    fixture->principal = "arn:aws:iam::" ACCOUNT ":user/other/path/alice"; /* not alice */
    wants_error(fixture, &scene,
                text(NOT_ALLOWED("arn:aws:iam::" ACCOUNT ":user/other/path/alice", "kms:ReEncryptFrom", "identity"),
                     scene.e.arn));
    free(scene.blob.data);
}

static void a_role_is_named_with_its_path(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, STATEMENTS(TO_ACCOUNT "," ALLOW(ROLE, "kms:ReEncrypt*")),
               STATEMENTS(TO_ACCOUNT "," ALLOW(SESSION, "kms:ReEncrypt*")));
    fixture->principal = SESSION;
    wants_success(fixture, &scene);
    fixture->principal = "arn:aws:sts::" ACCOUNT ":assumed-role/Deploy/two";
    wants_error(fixture, &scene,
                text(NOT_ALLOWED("arn:aws:sts::" ACCOUNT ":assumed-role/Deploy/two", "kms:ReEncryptTo", "identity"),
                     scene.f.arn));
    free(scene.blob.data);
}

/* ------------------------------------------------------------------ namesakes */

static void whoever_has_the_name_later_is_another(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, STATEMENTS(TO_ACCOUNT "," ALLOW(CAROL, "kms:ReEncrypt*")), NULL);
    fixture_grant(fixture, &scene.f, CAROL, POLICY_GRANT_RE_ENCRYPT_TO, NULL);
    fixture_grant(fixture, &scene.f, ROOT, POLICY_GRANT_ENCRYPT, NULL);
    wants_success(fixture, &scene);
    fixture_principal_remove(fixture, ACCOUNT, "user/carol");
    fixture->now_ms += 1000;
    fixture_principal(fixture, ACCOUNT, "user/carol", fixture->now_ms, NULL);
    wants_error(fixture, &scene, text(NOT_ALLOWED(CAROL, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    fixture_grant(fixture, &scene.e, CAROL, POLICY_GRANT_RE_ENCRYPT_FROM, NULL);
    wants_error(fixture, &scene, text(NOT_ALLOWED(CAROL, "kms:ReEncryptTo", "identity"), scene.f.arn));
    fixture_grant(fixture, &scene.f, CAROL, POLICY_GRANT_RE_ENCRYPT_TO, NULL);
    wants_success(fixture, &scene); /* the older grant beside it does not matter */
    free(scene.blob.data);
}

/* Deleted: what named him is over, though his socket still gives his ARN; what is younger means him. */
static void whoever_is_deleted_has_lost_it(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, STATEMENTS(TO_ACCOUNT "," ALLOW(CAROL, "kms:ReEncrypt*")), NULL);
    fixture_grant(fixture, &scene.f, CAROL, POLICY_GRANT_RE_ENCRYPT_TO, NULL);
    wants_success(fixture, &scene);
    fixture_principal_remove(fixture, ACCOUNT, "user/carol"); /* in the same millisecond */
    wants_error(fixture, &scene, text(NOT_ALLOWED(CAROL, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    fixture_grant(fixture, &scene.e, CAROL, POLICY_GRANT_RE_ENCRYPT_FROM, NULL); /* nobody knows whether after it */
    wants_error(fixture, &scene, text(NOT_ALLOWED(CAROL, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    fixture->now_ms++;
    fixture_grant(fixture, &scene.e, CAROL, POLICY_GRANT_RE_ENCRYPT_FROM, NULL);
    wants_error(fixture, &scene, text(NOT_ALLOWED(CAROL, "kms:ReEncryptTo", "identity"), scene.f.arn));
    fixture_grant(fixture, &scene.f, CAROL, POLICY_GRANT_RE_ENCRYPT_TO, NULL);
    wants_success(fixture, &scene);
    fixture_principal(fixture, ACCOUNT, "user/carol", fixture->now_ms + 1000, NULL); /* being made plays no part */
    wants_success(fixture, &scene);
    fixture->now_ms += 2000;
    fixture_principal_remove(fixture, ACCOUNT, "user/carol"); /* once more: nothing older comes back */
    wants_error(fixture, &scene, text(NOT_ALLOWED(CAROL, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    free(scene.blob.data);
}

/* Of a role his sessions too, whether or not there is a role of that name again. */
static void sessions_of_a_deleted_role(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, STATEMENTS(TO_ACCOUNT "," ALLOW(ROLE, "kms:ReEncrypt*")),
               STATEMENTS(TO_ACCOUNT "," ALLOW(SESSION, "kms:ReEncrypt*")));
    fixture_grant(fixture, &scene.e, SESSION, POLICY_GRANT_RE_ENCRYPT_FROM, NULL);
    fixture->principal = SESSION;
    wants_success(fixture, &scene);
    fixture_principal_remove(fixture, ACCOUNT, "role/team/Deploy");
    wants_error(fixture, &scene, text(NOT_ALLOWED(SESSION, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    fixture->now_ms++;
    fixture_grant(fixture, &scene.e, SESSION, POLICY_GRANT_RE_ENCRYPT_FROM, NULL);
    wants_error(fixture, &scene, text(NOT_ALLOWED(SESSION, "kms:ReEncryptTo", "identity"), scene.f.arn));
    fixture_principal(fixture, ACCOUNT, "role/other/Deploy", fixture->now_ms, NULL); /* the name counts, not the path */
    wants_error(fixture, &scene, text(NOT_ALLOWED(SESSION, "kms:ReEncryptTo", "identity"), scene.f.arn));
    fixture_grant(fixture, &scene.f, "arn:aws:iam::" ACCOUNT ":role/other/Deploy", POLICY_GRANT_RE_ENCRYPT_TO, NULL);
    wants_success(fixture, &scene);
    free(scene.blob.data);
}

/* Who was in the configuration alone keeps what named him when he is registered, and loses it when he is deleted. */
static void whoever_is_registered_keeps_it(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, STATEMENTS(TO_ACCOUNT "," ALLOW(DAVE, "kms:ReEncrypt*")), NULL);
    fixture_grant(fixture, &scene.f, DAVE, POLICY_GRANT_RE_ENCRYPT_TO, NULL);
    fixture->principal = DAVE;
    wants_success(fixture, &scene);
    fixture->now_ms += 1000;
    fixture_principal(fixture, ACCOUNT, "user/dave", fixture->now_ms, NULL);
    wants_success(fixture, &scene);
    fixture_principal_remove(fixture, ACCOUNT, "user/dave");
    wants_error(fixture, &scene, text(NOT_ALLOWED(DAVE, "kms:ReEncryptFrom", "identity"), scene.e.arn));
    free(scene.blob.data);
}

/* ------------------------------------------------------------------ other accounts (row 26, R-93, R-95, R-113) */

static void both_accounts_must_allow(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene,
               STATEMENTS(TO_ACCOUNT "," ALLOW("arn:aws:iam::" OTHER_ACCOUNT ":root", "kms:ReEncryptTo")), NULL);
    fixture->principal = BOB;
    struct fixture_key his = fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT});
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &his, "secret", NULL, NULL);
    struct wish wish = {.blob = blob, .destination = scene.e.arn};
    struct reply reply;
    wish_success(fixture, wish, &reply);
    reply_clear(&reply);
    wish.destination = scene.f.arn; /* row 26: not shared */
    wish_error(fixture, wish, "AccessDeniedException", FOREIGN_TEXT(BOB, "kms:ReEncryptTo"));
    wish.destination = ARN("key/" UNKNOWN_ID); /* one that is not there is the same */
    wish_error(fixture, wish, "AccessDeniedException", FOREIGN_TEXT(BOB, "kms:ReEncryptTo"));
    /* his own account's part: no Allow, which he is told of a key that allows him and of no other; and a Deny */
    const struct {
        const char *policy, *text;
    } his_part[] = {
        {IDENTITY("Allow", "kms:ReEncryptFrom"), text(NOT_ALLOWED(BOB, "kms:ReEncryptTo", "identity"), scene.e.arn)},
        {STATEMENTS("{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},"
                    "{\"Effect\":\"Deny\",\"Action\":\"kms:ReEncryptTo\",\"Resource\":\"*\"}"),
         FOREIGN_TEXT(BOB, "kms:ReEncryptTo")}};
    for (size_t i = 0; i < COUNT(his_part); i++) {
        fixture_principal_policy(fixture, OTHER_ACCOUNT, "user/bob", his_part[i].policy);
        wish.destination = scene.e.arn;
        wish_error(fixture, wish, "AccessDeniedException", his_part[i].text);
        wish.destination = scene.f.arn;
        wish_error(fixture, wish, "AccessDeniedException", FOREIGN_TEXT(BOB, "kms:ReEncryptTo"));
        wish.destination = ARN("key/" UNKNOWN_ID);
        wish_error(fixture, wish, "AccessDeniedException", FOREIGN_TEXT(BOB, "kms:ReEncryptTo"));
    }
    /* a grant to himself needs nothing of his account */
    fixture_principal_policy(fixture, OTHER_ACCOUNT, "user/bob", IDENTITY("Allow", "kms:ReEncryptFrom"));
    fixture_grant(fixture, &scene.f, BOB, POLICY_GRANT_RE_ENCRYPT_TO, NULL);
    wish.destination = scene.f.arn;
    wish_success(fixture, wish, &reply);
    reply_clear(&reply);
    free(blob.data);
    free(scene.blob.data);
}

static void a_foreign_ciphertext_tells_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, STATEMENTS(TO_ACCOUNT "," DENY(BOB, "kms:*")), NULL);
    fixture->principal = BOB;
    struct fixture_key his = fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT});
    struct wish wish = {.blob = scene.blob, .destination = his.id, .source_context = {"Dept", "IT"}};
    wish_error(fixture, wish, "AccessDeniedException", IN_DOUBT_TEXT); /* */
    wish.source = scene.e.arn;
    wish_error(fixture, wish, "AccessDeniedException", FOREIGN_TEXT(BOB, "kms:ReEncryptFrom"));
    free(scene.blob.data);
}

/* whatever policies say. */
static void some_operations_stay_at_home(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, STATEMENTS(TO_ACCOUNT "," ALLOW("*", "kms:*")), NULL);
    fixture->principal = BOB;
    Rewrap__DescribeKeyRequest describe = REWRAP__DESCRIBE_KEY_REQUEST__INIT;
    describe.key_id = scene.e.arn;
    struct reply reply;
    assert_success(fixture, "DescribeKey", &describe.base, &reply);
    reply_clear(&reply);
    Rewrap__DisableKeyRequest disable = REWRAP__DISABLE_KEY_REQUEST__INIT;
    disable.key_id = scene.e.arn;
    assert_error(fixture, "DisableKey", &disable.base, "AccessDeniedException", FOREIGN_TEXT(BOB, "kms:DisableKey"));
    Rewrap__GetKeyPolicyRequest get = REWRAP__GET_KEY_POLICY_REQUEST__INIT;
    get.key_id = scene.e.arn;
    assert_error(fixture, "GetKeyPolicy", &get.base, "AccessDeniedException", FOREIGN_TEXT(BOB, "kms:GetKeyPolicy"));
    fixture->principal = CAROL; /* of the account that owns it: "*" is enough */
    disable.key_id = scene.e.id;
    assert_success(fixture, "DisableKey", &disable.base, &reply);
    reply_clear(&reply);
    wish_error(fixture, move(&scene), "DisabledException", text("%s is disabled.", scene.e.arn));
    free(scene.blob.data);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_side_is_asked_for),
        TEST(the_destination_is_asked_for),
        TEST(the_same_key_is_a_condition),
        TEST(a_constraint_is_about_its_side),
        TEST(a_deny_beats_a_grant),
        TEST(what_the_account_leaves_to_identity_policies),
        TEST(a_role_is_named_with_its_path),
        TEST(whoever_has_the_name_later_is_another),
        TEST(whoever_is_deleted_has_lost_it),
        TEST(sessions_of_a_deleted_role),
        TEST(whoever_is_registered_keeps_it),
        TEST(both_accounts_must_allow),
        TEST(a_foreign_ciphertext_tells_nothing),
        TEST(some_operations_stay_at_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
