/* ExplainReEncrypt: it says what ReEncrypt does, names what decided, and tells nobody of what is not his. */
#include "re_encrypt.h"

#include "explain/explain.h"

#define ROOT       "arn:aws:iam::" ACCOUNT ":root"
#define OTHER_ROOT "arn:aws:iam::" OTHER_ACCOUNT ":root"
#define CAROL      "arn:aws:iam::" ACCOUNT ":user/carol"

#define STATEMENTS(list) "{\"Version\":\"2012-10-17\",\"Statement\":[" list "]}"
#define DELEGATION                                                                                                     \
    "{\"Sid\":\"Delegation\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ROOT                                      \
    "\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}"
#define DENY_TESTS                                                                                                     \
    "{\"Sid\":\"NoTests\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:ReEncrypt*\",\"Resource\":\"*\","   \
    "\"Condition\":{\"StringEqualsIfExists\":{\"kms:EncryptionContext:Env\":\"test\"},"                                \
    "\"Null\":{\"kms:EncryptionContext:Env\":\"false\"}}}"
#define FOR_HIS_ACCOUNT                                                                                                \
    "{\"Sid\":\"Partners\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" OTHER_ROOT                                  \
    "\"},\"Action\":\"kms:ReEncrypt*\",\"Resource\":\"*\"}"
#define FOR_BOB                                                                                                        \
    "{\"Sid\":\"Partner\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" BOB                                          \
    "\"},\"Action\":\"kms:ReEncrypt*\",\"Resource\":\"*\"}"
#define IDENTITY                                                                                                       \
    "{\"Statement\":{\"Sid\":\"Move\",\"Effect\":\"Allow\",\"Action\":\"kms:ReEncrypt*\",\"Resource\":\"*\"}}"
#define NEITHER "Neither the principal nor the key is of your account: ask the administrator of one of them."

struct scene {
    struct fixture_key e, f;
    ProtobufCBinaryData blob; /* under e */
};

static struct fixture_key key_with(struct fixture *fixture, const char *policy)
{
    return fixture_key(fixture,
                       &(struct registry_key){.policy = (char *)(uintptr_t)policy, .policy_ms = fixture->now_ms});
}

static void scene_make(struct fixture *fixture, struct scene *scene, const char *policy_e, const char *policy_f)
{
    fixture_principal(fixture, ACCOUNT, "user/carol", fixture->now_ms - 1, IDENTITY);
    scene->e = key_with(fixture, policy_e);
    scene->f = key_with(fixture, policy_f);
    scene->blob = (ProtobufCBinaryData){0};
    fixture->principal = ROOT;
}

/* ------------------------------------------------------------------ asking */

static const Rewrap__ExplainReEncryptResponse *explained(struct fixture *fixture, const char *principal,
                                                         struct wish wish, struct reply *reply)
{
    struct request inner;
    Rewrap__ExplainReEncryptRequest request = REWRAP__EXPLAIN_RE_ENCRYPT_REQUEST__INIT;
    wish.dry_run = wish.ignore_ciphertext = wish.blob.data == NULL;
    request_make(&inner, &wish);
    request.principal = (char *)(uintptr_t)principal;
    request.request = &inner.message;
    assert_success(fixture, "ExplainReEncrypt", &request.base, reply);
    return (const Rewrap__ExplainReEncryptResponse *)reply->body;
}

static void wants_error(struct fixture *fixture, const char *principal, struct wish wish, const char *code,
                        const char *message)
{
    struct request inner;
    Rewrap__ExplainReEncryptRequest request = REWRAP__EXPLAIN_RE_ENCRYPT_REQUEST__INIT;
    request_make(&inner, &wish);
    request.principal = (char *)(uintptr_t)principal;
    request.request = &inner.message;
    assert_error(fixture, "ExplainReEncrypt", &request.base, code, message);
}

static struct wish keys(const struct scene *scene)
{
    return (struct wish){.source = scene->e.arn, .destination = scene->f.arn};
}

static const Rewrap__PolicyTraceEntry *entry_of(const Rewrap__ExplainSide *side, const char *sid)
{
    for (size_t i = 0; i < side->n_statements; i++) {
        if (side->statements[i]->sid != NULL && strcmp(side->statements[i]->sid, sid) == 0) {
            return side->statements[i];
        }
    }
    fail_msg("no statement %s", sid);
    return NULL;
}

static void assert_optional(const char *got, const char *wanted)
{
    assert_int_equal(got == NULL, wanted == NULL);
    if (wanted != NULL) {
        assert_string_equal(got, wanted);
    }
}

/* ------------------------------------------------------------------ what decided, in full */

static void delegation_names_both_statements(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct reply reply;
    scene_make(fixture, &scene, STATEMENTS(DELEGATION "," DENY_TESTS), STATEMENTS(DELEGATION));
    const Rewrap__ExplainReEncryptResponse *answer = explained(fixture, CAROL, keys(&scene), &reply);
    const Rewrap__ExplainSide *side = answer->source;
    assert_string_equal(side->action, "kms:ReEncryptFrom");
    assert_string_equal(side->key_arn, scene.e.arn);
    assert_string_equal(side->decision, "Allowed");
    assert_int_equal(side->n_decided_by, 2);
    assert_string_equal(side->decided_by[0]->source, "keyPolicy");
    assert_string_equal(side->decided_by[0]->sid, "Delegation");
    assert_int_equal(side->decided_by[0]->index, 0);
    assert_string_equal(side->decided_by[1]->source, "identityPolicy");
    assert_string_equal(side->decided_by[1]->sid, "Move");
    assert_int_equal(side->n_statements, 3);
    assert_true(entry_of(side, "Delegation")->delegates);
    assert_false(entry_of(side, "Move")->has_delegates);
    const Rewrap__PolicyTraceEntry *deny = entry_of(side, "NoTests");
    assert_false(deny->matched || deny->has_delegates);
    assert_string_equal(deny->effect, "Deny");
    assert_string_equal(deny->stopped_at, "condition");
    assert_string_equal(deny->condition, "Null kms:encryptioncontext:env");
    assert_string_equal(answer->destination->action, "kms:ReEncryptTo");
    assert_string_equal(answer->destination->key_arn, scene.f.arn);
    assert_string_equal(answer->destination->decision, "Allowed");
    reply_clear(&reply);
}

static void a_denial_names_the_statement(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct reply reply;
    scene_make(fixture, &scene, STATEMENTS(DELEGATION "," DENY_TESTS), STATEMENTS(DELEGATION));
    struct wish wish = keys(&scene);
    wish.source_context[0] = "Env";
    wish.source_context[1] = "test";
    const Rewrap__ExplainReEncryptResponse *answer = explained(fixture, CAROL, wish, &reply);
    assert_string_equal(answer->source->decision, "ExplicitlyDenied");
    assert_string_equal(answer->source->reason, "with an explicit deny in a resource-based policy");
    assert_int_equal(answer->source->n_decided_by, 1);
    assert_string_equal(answer->source->decided_by[0]->sid, "NoTests");
    assert_string_equal(answer->source->decided_by[0]->effect, "Deny");
    assert_string_equal(answer->destination->decision, "Allowed"); /* its context is another */
    reply_clear(&reply);
}

static void a_grant_is_named_by_its_id(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct reply reply;
    scene_make(fixture, &scene, STATEMENTS(DELEGATION), STATEMENTS(DELEGATION));
    fixture_grant(fixture, &scene.e, BOB, POLICY_GRANT_RE_ENCRYPT_FROM, NULL);
    const Rewrap__ExplainReEncryptResponse *answer = explained(fixture, BOB, keys(&scene), &reply);
    assert_string_equal(answer->source->decision, "Allowed");
    assert_int_equal(answer->source->n_decided_by, 1);
    assert_string_equal(answer->source->decided_by[0]->source, "grant");
    assert_int_equal(strlen(answer->source->decided_by[0]->name), 2 * GRANT_ID_BYTES);
    assert_string_equal(answer->destination->decision, "ImplicitlyDenied");
    assert_string_equal(answer->destination->reason,
                        "because no resource-based policy allows the kms:ReEncryptTo action");
    assert_int_equal(answer->destination->n_decided_by, 0);
    assert_int_equal(answer->destination->n_statements, 1); /* bob's own policies are another account's */
    reply_clear(&reply);
}

static void aliases_are_those_of_the_principal(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct reply reply;
    scene_make(fixture, &scene, STATEMENTS(DELEGATION), STATEMENTS(DELEGATION));
    fixture_alias(fixture, ACCOUNT, "alias/e", &scene.e);
    struct wish wish = {.source = "alias/e", .destination = "alias/none"};
    const Rewrap__ExplainReEncryptResponse *answer = explained(fixture, CAROL, wish, &reply);
    assert_string_equal(answer->source->key_arn, scene.e.arn);
    assert_null(answer->destination->decision);
    assert_string_equal(answer->destination->reason, "NotFoundException: Alias " ARN("alias/none") " is not found.");
    reply_clear(&reply);
}

/* ------------------------------------------------------------------ as ReEncrypt decides */

/* Each side is denied or not as ReEncrypt's own answer says, the source first. */
static void it_says_what_re_encrypt_does(void **state)
{
    static const char *const policies[] = {STATEMENTS(DELEGATION), STATEMENTS(DELEGATION "," DENY_TESTS),
                                           STATEMENTS(FOR_BOB), STATEMENTS(DENY_TESTS "," FOR_BOB "," DELEGATION)};
    static const char *const who[] = {CAROL, BOB, ROOT};
    struct fixture *fixture = *state;
    fixture_principal(fixture, ACCOUNT, "user/carol", fixture->now_ms - 1, IDENTITY);
    for (size_t i = 0; i < COUNT(policies) * COUNT(policies) * COUNT(who) * 2; i++) {
        struct scene scene = {.e = key_with(fixture, policies[i % 4]), .f = key_with(fixture, policies[i / 4 % 4])};
        const char *principal = who[i / 16 % 3];
        struct wish wish = keys(&scene);
        struct reply reply, real;
        struct request request;
        if (i / 48 == 1) {
            wish.destination_context[0] = "Env";
            wish.destination_context[1] = "test";
        }
        fixture->principal = ROOT;
        const Rewrap__ExplainReEncryptResponse *answer = explained(fixture, principal, wish, &reply);
        wish.dry_run = wish.ignore_ciphertext = true;
        request_make(&request, &wish);
        fixture->principal = principal;
        fixture_call(fixture, "ReEncrypt", &request.message.base, &real);
        bool allowed = strcmp(real.code, "DryRunOperationException") == 0;
        bool from = strcmp(answer->source->decision, "Allowed") == 0;
        bool to = strcmp(answer->destination->decision, "Allowed") == 0;
        assert_int_equal(allowed, from && to);
        if (!allowed) {
            assert_string_equal(real.code, "AccessDeniedException");
            assert_int_equal(strstr(real.message, "kms:ReEncryptFrom") != NULL, !from);
        }
        reply_clear(&reply);
        reply_clear(&real);
    }
}

/* ------------------------------------------------------------------ what is not his */

static void a_foreign_key_is_only_decided_on(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct reply reply;
    scene_make(fixture, &scene, STATEMENTS(FOR_BOB "," DELEGATION), STATEMENTS(DELEGATION));
    fixture->principal = OTHER_ROOT;
    const Rewrap__ExplainReEncryptResponse *answer = explained(fixture, BOB, keys(&scene), &reply);
    assert_string_equal(answer->source->decision, "Allowed");
    for (size_t i = 0; i < answer->source->n_statements; i++) {
        assert_string_equal(answer->source->statements[i]->source, "identityPolicy");
    }
    assert_int_equal(answer->source->n_decided_by, 1);
    assert_string_equal(answer->source->decided_by[0]->source, "identityPolicy");
    reply_clear(&reply);
}

static void assert_same_side(const Rewrap__ExplainSide *a, const Rewrap__ExplainSide *b)
{
    assert_optional(a->decision, b->decision);
    assert_optional(a->reason, b->reason);
    assert_optional(a->key_arn, b->key_arn);
    assert_int_equal(a->n_decided_by, b->n_decided_by);
    assert_int_equal(a->n_statements, b->n_statements);
    for (size_t i = 0; i < a->n_statements; i++) {
        assert_optional(a->statements[i]->name, b->statements[i]->name);
        assert_int_equal(a->statements[i]->matched, b->statements[i]->matched);
        assert_optional(a->statements[i]->stopped_at, b->statements[i]->stopped_at);
    }
}

/* Denied, and not there at all: the same answer. */
static void a_foreign_key_is_not_told_from_none(void **state)
{
    static const char *const unknown[] = {ARN("key/" UNKNOWN_ID), ARN("alias/none")};
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, STATEMENTS(DELEGATION), STATEMENTS(DELEGATION "," DENY_TESTS));
    fixture_alias(fixture, ACCOUNT, "alias/e", &scene.e);
    const char *const known[] = {scene.e.arn, ARN("alias/e")};
    fixture->principal = OTHER_ROOT;
    for (size_t i = 0; i < COUNT(known); i++) {
        struct reply there, nowhere;
        struct wish wish = {.source = known[i], .destination = known[i]};
        struct wish other = {.source = unknown[i], .destination = unknown[i]};
        const Rewrap__ExplainReEncryptResponse *a = explained(fixture, BOB, wish, &there);
        const Rewrap__ExplainReEncryptResponse *b = explained(fixture, BOB, other, &nowhere);
        assert_string_equal(a->source->decision, "ImplicitlyDenied");
        assert_string_equal(a->source->reason, FOREIGN_TEXT(BOB, "kms:ReEncryptFrom"));
        assert_null(a->source->key_arn);
        assert_same_side(a->source, b->source);
        assert_same_side(a->destination, b->destination);
        reply_clear(&there);
        reply_clear(&nowhere);
    }
}

/* Nor when the key's side allows somebody of his account, who is told so when he asks for himself: here it
 * would be told to whoever tries names of keys and of principals. */
static void whom_a_foreign_key_allows_is_not_told(void **state)
{
#define GHOST "arn:aws:iam::" OTHER_ACCOUNT ":role/ghost"
    struct fixture *fixture = *state;
    struct scene scene;
    struct reply reply;
    scene_make(fixture, &scene, STATEMENTS(DELEGATION "," FOR_HIS_ACCOUNT), STATEMENTS(DELEGATION "," FOR_HIS_ACCOUNT));
    fixture_alias(fixture, ACCOUNT, "alias/e", &scene.e);
    fixture->principal = OTHER_ROOT;
    const char *const texts[] = {scene.e.arn, ARN("alias/e"), ARN("alias/none"), ARN("key/" UNKNOWN_ID)};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct wish wish = {.source = texts[i], .destination = texts[i]};
        const Rewrap__ExplainReEncryptResponse *answer = explained(fixture, GHOST, wish, &reply);
        assert_string_equal(answer->source->reason, FOREIGN_TEXT(GHOST, "kms:ReEncryptFrom"));
        assert_string_equal(answer->destination->reason, FOREIGN_TEXT(GHOST, "kms:ReEncryptTo"));
        assert_null(answer->source->key_arn);
        assert_null(answer->destination->key_arn);
        reply_clear(&reply);
    }
}

static void what_is_neither_way_his_is_not_explained(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct reply reply;
    scene_make(fixture, &scene, STATEMENTS(DELEGATION), STATEMENTS(DELEGATION));
    fixture_alias(fixture, ACCOUNT, "alias/e", &scene.e);
    fixture->principal = OTHER_ROOT;
    static const char *const texts[] = {"alias/e", "alias/none", ARN("key/" UNKNOWN_ID), NULL};
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *text = texts[i] == NULL ? scene.e.arn : texts[i];
        struct wish wish = {.source = text, .destination = text};
        const Rewrap__ExplainReEncryptResponse *answer = explained(fixture, CAROL, wish, &reply);
        const Rewrap__ExplainSide *const sides[] = {answer->source, answer->destination};
        for (size_t k = 0; k < COUNT(sides); k++) {
            assert_null(sides[k]->decision);
            assert_null(sides[k]->key_arn);
            assert_string_equal(sides[k]->reason, NEITHER);
            assert_int_equal(sides[k]->n_statements + sides[k]->n_decided_by, 0);
        }
        reply_clear(&reply);
    }
}

/* ------------------------------------------------------------------ who may ask, and how */

static void only_administrators_ask(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct reply reply;
    scene_make(fixture, &scene, STATEMENTS(DELEGATION), STATEMENTS(DELEGATION));
    struct wish wish = keys(&scene);
    wish.dry_run = wish.ignore_ciphertext = true;
    fixture->principal = CAROL;
    wants_error(fixture, CAROL, wish, "AccessDeniedException",
                "User: " CAROL " is not authorized to perform: rewrapd:ExplainReEncrypt on resource: * because no "
                "identity-based policy allows the rewrapd:ExplainReEncrypt action");
    fixture_principal_policy(
        fixture, ACCOUNT, "user/carol",
        "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"rewrapd:Explain*\",\"Resource\":\"*\"}}");
    const Rewrap__ExplainReEncryptResponse *answer = explained(fixture, CAROL, wish, &reply);
    assert_string_equal(answer->source->decision, "ImplicitlyDenied"); /* to explain is not to re-encrypt */
    reply_clear(&reply);
}

static void requests_are_checked(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene, STATEMENTS(DELEGATION), STATEMENTS(DELEGATION));
    struct wish wish = keys(&scene);
    wish.dry_run = wish.ignore_ciphertext = true;
    wants_error(fixture, "carol", wish, "InvalidArnException", "'carol' is not the ARN of a principal.");
    wish.source = NULL;
    wants_error(fixture, CAROL, wish, "ValidationException", "SourceKeyId must not be null");
    Rewrap__ExplainReEncryptRequest empty = REWRAP__EXPLAIN_RE_ENCRYPT_REQUEST__INIT;
    assert_error(fixture, "ExplainReEncrypt", &empty.base, "ValidationException",
                 "2 validation errors detected: Value null at 'principal' failed to satisfy constraint: Member must "
                 "not be null; Value null at 'request' failed to satisfy constraint: Member must not be null");
}

/* A ciphertext names its key, here as there. */
static void a_ciphertext_names_its_key(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct reply reply;
    scene_make(fixture, &scene, STATEMENTS(DELEGATION), STATEMENTS(DELEGATION));
    scene.blob = fixture_encrypt(fixture, &scene.e, "secret", NULL, NULL);
    struct wish wish = {.blob = scene.blob, .destination = scene.f.id};
    const Rewrap__ExplainReEncryptResponse *answer = explained(fixture, CAROL, wish, &reply);
    assert_string_equal(answer->source->key_arn, scene.e.arn);
    assert_string_equal(answer->source->decision, "Allowed");
    reply_clear(&reply);
    wish.source = scene.f.id;
    answer = explained(fixture, CAROL, wish, &reply);
    assert_null(answer->source->decision);
    assert_string_equal(answer->source->reason, "IncorrectKeyException: " INCORRECT_TEXT);
    reply_clear(&reply);
    /* Of another account, which has not been told of it. */
    fixture->principal = OTHER_ROOT;
    wish = (struct wish){.blob = scene.blob, .destination = scene.f.arn};
    answer = explained(fixture, BOB, wish, &reply);
    assert_string_equal(answer->source->decision, "ImplicitlyDenied");
    assert_string_equal(answer->source->reason, IN_DOUBT_TEXT);
    assert_null(answer->source->key_arn);
    assert_int_equal(answer->source->n_statements, 0);
    reply_clear(&reply);
    free(scene.blob.data);
}

/* More grants than are told: counted, and the answer fits its frame. */
static void many_grants_are_counted(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    struct reply reply;
    scene_make(fixture, &scene, STATEMENTS(DELEGATION), STATEMENTS(DELEGATION));
    for (size_t i = 0; i < EXPLAIN_MAX_STATEMENTS + 10; i++) {
        fixture_grant(fixture, &scene.e, BOB, POLICY_GRANT_RE_ENCRYPT_FROM, NULL);
    }
    const Rewrap__ExplainReEncryptResponse *answer = explained(fixture, BOB, keys(&scene), &reply);
    assert_int_equal(answer->source->n_decided_by, EXPLAIN_MAX_DECIDING);
    assert_int_equal(answer->source->n_statements, EXPLAIN_MAX_STATEMENTS);
    assert_int_equal(answer->source->statements_left_out, 11);
    assert_false(answer->destination->has_statements_left_out);
    reply_clear(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(delegation_names_both_statements, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_denial_names_the_statement, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_grant_is_named_by_its_id, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(aliases_are_those_of_the_principal, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(it_says_what_re_encrypt_does, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_foreign_key_is_only_decided_on, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_foreign_key_is_not_told_from_none, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(whom_a_foreign_key_allows_is_not_told, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_neither_way_his_is_not_explained, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(only_administrators_ask, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(requests_are_checked, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_ciphertext_names_its_key, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(many_grants_are_counted, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
