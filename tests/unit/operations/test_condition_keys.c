/* The condition keys that each operation tells policy (KMS.md ), of both sides where there are two. */
#include "asked.h"
#include "re_encrypt.h"

#include "policy/request.h"

#include <stdio.h>

#define OAEP_256 REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_256

/* What the last call must have told: value NULL is a key that must be absent. */
struct wanted {
    size_t question;
    const char *key;
    const char *value;
};

static void assert_told(const struct wanted *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_true(rows[i].question < n_asked);
        const char *value = asked_value(rows[i].question, rows[i].key);
        if ((value == NULL) != (rows[i].value == NULL) || (value != NULL && strcmp(value, rows[i].value) != 0)) {
            fail_msg("%s: %s is %s, not %s", asked[rows[i].question].what, rows[i].key,
                     value == NULL ? "absent" : value, rows[i].value == NULL ? "absent" : rows[i].value);
        }
    }
    for (size_t q = 0; q < n_asked; q++) { /* nothing is told twice */
        for (size_t i = 0; i < n; i++) {
            assert_true(asked_count(q, rows[i].key) <= 1);
        }
    }
}

static void calls(struct fixture *fixture, const char *operation, const ProtobufCMessage *request)
{
    struct reply reply;
    n_asked = 0;
    assert_success(fixture, operation, request, &reply);
    reply_clear(&reply);
    asked_assert_known_to_lint();
}

struct scene {
    struct fixture_key a, b, rsa;
    ProtobufCBinaryData blob; /* under a, with a context */
};

static char alias_1[] = "alias/one", alias_2[] = "alias/two";

static void scene_make(struct fixture *fixture, struct scene *scene)
{
    static char team[] = "Team", red[] = "red", zone[] = "zone", one[] = "1";
    static struct registry_tag tags[] = {{.key = team, .value = red}, {.key = zone, .value = one}};
    scene->a = fixture_key(fixture, &(struct registry_key){.tags = tags, .n_tags = 2});
    scene->b = fixture_sealed(fixture);
    scene->rsa = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048});
    fixture_alias(fixture, ACCOUNT, alias_1, &scene->a);
    fixture_alias(fixture, ACCOUNT, alias_2, &scene->a);
    scene->blob = fixture_encrypt(fixture, &scene->a, "secret", "Dept", "IT");
    n_asked = 0;
}

static void re_encrypts(struct fixture *fixture, struct wish wish)
{
    struct reply reply;
    n_asked = 0;
    wish_success(fixture, wish, &reply);
    reply_clear(&reply);
    assert_int_equal(n_asked, 2);
    asked_assert_known_to_lint();
}

/* ------------------------------------------------------------------ ReEncrypt */

static void both_sides_of_re_encrypt(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    re_encrypts(fixture, (struct wish){.blob = scene.blob,
                                       .source = ARN("alias/one"),
                                       .destination = scene.b.id,
                                       .source_context = {"Dept", "IT"},
                                       .destination_context = {"App", "x", "dept", "HR"}});
    enum { FROM, TO };
    const struct wanted rows[] = {
        {FROM, "kms:CallerAccount", ACCOUNT},
        {TO, "kms:CallerAccount", ACCOUNT},
        {FROM, "kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"},
        {TO, "kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"},
        {FROM, "kms:EncryptionContext:Dept", "IT"},
        {TO, "kms:EncryptionContext:Dept", NULL},
        {FROM, "kms:EncryptionContext:App", NULL},
        {TO, "kms:EncryptionContext:App", "x"},
        {TO, "kms:EncryptionContext:dept", "HR"},
        {FROM, "kms:EncryptionContextKeys", "Dept"},
        {TO, "kms:EncryptionContextKeys", "App,dept"},
        {FROM, "kms:ReEncryptOnSameKey", "false"},
        {TO, "kms:ReEncryptOnSameKey", "false"},
        {FROM, "kms:RequestAlias", "alias/one"},
        {TO, "kms:RequestAlias", NULL},
        {FROM, "kms:ResourceAliases", "alias/one,alias/two"},
        {TO, "kms:ResourceAliases", NULL},
        {FROM, "kms:KeySpec", "SYMMETRIC_DEFAULT"},
        {FROM, "kms:CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"},
        {TO, "kms:KeyUsage", "ENCRYPT_DECRYPT"},
        {TO, "kms:CustomerMasterKeyUsage", "ENCRYPT_DECRYPT"},
        {FROM, "kms:KeyOrigin", "AWS_KMS"},
        {TO, "kms:KeyOrigin", "AWS_KMS"},
        {FROM, "kms:MultiRegion", "false"},
        {TO, "kms:MultiRegion", "false"},
        {FROM, "kms:MultiRegionKeyType", NULL},
        {FROM, "kms:ViaService", NULL},
        {FROM, "aws:ResourceTag/Team", "red"},
        {FROM, "aws:ResourceTag/zone", "1"},
        {TO, "aws:ResourceTag/Team", NULL},
        {FROM, "aws:ResourceAccount", ACCOUNT},
    };
    assert_told(rows, COUNT(rows));
    free(scene.blob.data);
}

static void the_same_key_by_whatever_name(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    const char *const names[] = {scene.a.id, scene.a.arn, alias_2, ARN("alias/two")};
    const struct wanted rows[] = {{0, "kms:ReEncryptOnSameKey", "true"}, {1, "kms:ReEncryptOnSameKey", "true"}};
    for (size_t i = 0; i < COUNT(names); i++) { /* R-161 row 34 */
        re_encrypts(fixture,
                    (struct wish){.blob = scene.blob, .destination = names[i], .source_context = {"Dept", "IT"}});
        assert_told(rows, COUNT(rows));
        const struct wanted alias[] = {{0, "kms:RequestAlias", NULL}, {1, "kms:RequestAlias", i < 2 ? NULL : alias_2}};
        assert_told(alias, COUNT(alias));
    }
    free(scene.blob.data);
}

static void an_rsa_destination(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    re_encrypts(fixture, (struct wish){.blob = scene.blob,
                                       .destination = scene.rsa.arn,
                                       .source_context = {"Dept", "IT"},
                                       .destination_algorithm = OAEP_256});
    const struct wanted rows[] = {
        {0, "kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"},
        {1, "kms:EncryptionAlgorithm", "RSAES_OAEP_SHA_256"},
        {0, "kms:KeySpec", "SYMMETRIC_DEFAULT"},
        {1, "kms:KeySpec", "RSA_2048"},
        {1, "kms:CustomerMasterKeySpec", "RSA_2048"},
        {1, "kms:EncryptionContextKeys", NULL},
    };
    assert_told(rows, COUNT(rows));
    free(scene.blob.data);
}

/* ------------------------------------------------------------------ who, when, where */

#define GUEST "arn:aws:sts::" ACCOUNT ":federated-user/guest" /* has no identity policies, so may nothing here */

static void what_every_request_tells(void **state)
{
    struct fixture *fixture = *state;
    fixture_principal(fixture, ACCOUNT, "role/team/Deploy", fixture->now_ms - 5, EVERYTHING);
    const struct registry_principal *alice =
        registry_principal_find(fixture->registry, ACCOUNT, PRINCIPAL_USER, "alice");
    const char *id = text("%s", alice->unique_id);
    const char *role_id =
        text("%s:one", registry_principal_find(fixture->registry, ACCOUNT, PRINCIPAL_ROLE, "Deploy")->unique_id);
    const struct {
        const char *principal, *arn, *type, *name, *user_id;
    } callers[] = {
        {ALICE, ALICE, "User", "alice", id},
        {"arn:aws:sts::" ACCOUNT ":assumed-role/Deploy/one", "arn:aws:iam::" ACCOUNT ":role/team/Deploy", "AssumedRole",
         NULL, role_id},
        {"arn:aws:iam::" ACCOUNT ":root", "arn:aws:iam::" ACCOUNT ":root", "Account", NULL, ACCOUNT},
        {GUEST, GUEST, "FederatedUser", NULL, ACCOUNT ":guest"},
    };
    Rewrap__ListKeysRequest request = REWRAP__LIST_KEYS_REQUEST__INIT;
    for (size_t i = 0; i < COUNT(callers); i++) {
        struct reply reply;
        fixture->principal = callers[i].principal;
        n_asked = 0;
        fixture_call(fixture, "ListKeys", &request.base, &reply);
        assert_true((reply.code == NULL) == (strcmp(callers[i].principal, GUEST) != 0));
        reply_clear(&reply);
        asked_assert_known_to_lint();
        const struct wanted rows[] = {
            {0, "aws:PrincipalArn", callers[i].arn},
            {0, "aws:PrincipalAccount", ACCOUNT},
            {0, "aws:PrincipalType", callers[i].type},
            {0, "aws:username", callers[i].name},
            {0, "aws:userid", callers[i].user_id},
            {0, "kms:CallerAccount", ACCOUNT},
            {0, "aws:CurrentTime", "2023-11-14T22:13:20Z"},
            {0, "aws:EpochTime", "1700000000"},
            {0, "aws:RequestedRegion", "eu-central-1"},
            {0, "aws:SecureTransport", "true"},
            {0, "aws:ViaAWSService", "false"},
            {0, "aws:PrincipalIsAWSService", "false"},
            {0, "kms:KeySpec", NULL},
            {0, "aws:ResourceAccount", NULL},
        };
        assert_told(rows, COUNT(rows));
    }
}

/* ------------------------------------------------------------------ what changes keys */

static void a_key_that_is_yet_to_be_made(void **state)
{
    struct fixture *fixture = *state;
    Rewrap__Tag tag = REWRAP__TAG__INIT, *tags[] = {&tag};
    char team[] = "Team", red[] = "red";
    tag.tag_key = team;
    tag.tag_value = red;
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    request.tags = tags;
    request.n_tags = 1;
    calls(fixture, "CreateKey", &request.base);
    const struct wanted rows[] = {
        {0, "kms:KeySpec", "SYMMETRIC_DEFAULT"},
        {0, "kms:CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"},
        {0, "kms:KeyUsage", "ENCRYPT_DECRYPT"},
        {0, "kms:KeyOrigin", "AWS_KMS"},
        {0, "kms:MultiRegion", "false"},
        {0, "kms:BypassPolicyLockoutSafetyCheck", NULL},
        {0, "aws:RequestTag/Team", "red"},
        {0, "aws:TagKeys", "Team"},
        {1, "aws:TagKeys", "Team"},
    };
    assert_string_equal(asked[0].what, "kms:CreateKey *");
    assert_string_equal(asked[1].what, "kms:TagResource *"); /* for the tags */
    assert_told(rows, COUNT(rows));
    request.has_bypass_policy_lockout_safety_check = request.bypass_policy_lockout_safety_check = true;
    request.n_tags = 0;
    calls(fixture, "CreateKey", &request.base);
    const struct wanted bypass[] = {{0, "kms:BypassPolicyLockoutSafetyCheck", "true"}, {0, "aws:TagKeys", NULL}};
    assert_told(bypass, COUNT(bypass));
    assert_int_equal(n_asked, 1);
}

static void numbers_and_tags_of_changes(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    Rewrap__EnableKeyRotationRequest rotation = REWRAP__ENABLE_KEY_ROTATION_REQUEST__INIT;
    rotation.key_id = key.id;
    calls(fixture, "EnableKeyRotation", &rotation.base);
    assert_told(&(struct wanted){0, "kms:RotationPeriodInDays", "365"}, 1);
    rotation.has_rotation_period_in_days = true;
    rotation.rotation_period_in_days = 90;
    calls(fixture, "EnableKeyRotation", &rotation.base);
    assert_told(&(struct wanted){0, "kms:RotationPeriodInDays", "90"}, 1);

    Rewrap__Tag tag = REWRAP__TAG__INIT, *tags[] = {&tag};
    char team[] = "Team", red[] = "red", *keys[] = {team};
    tag.tag_key = team;
    tag.tag_value = red;
    Rewrap__TagResourceRequest set = REWRAP__TAG_RESOURCE_REQUEST__INIT;
    set.key_id = key.id;
    set.tags = tags;
    set.n_tags = 1;
    calls(fixture, "TagResource", &set.base);
    const struct wanted tagging[] = {
        {0, "aws:RequestTag/Team", "red"}, {0, "aws:TagKeys", "Team"}, {0, "aws:ResourceTag/Team", NULL}};
    assert_told(tagging, COUNT(tagging));
    Rewrap__UntagResourceRequest unset = REWRAP__UNTAG_RESOURCE_REQUEST__INIT;
    unset.key_id = key.id;
    unset.tag_keys = keys;
    unset.n_tag_keys = 1;
    calls(fixture, "UntagResource", &unset.base);
    const struct wanted untagging[] = {
        {0, "aws:RequestTag/Team", NULL}, {0, "aws:TagKeys", "Team"}, {0, "aws:ResourceTag/Team", "red"}};
    assert_told(untagging, COUNT(untagging));

    Rewrap__ScheduleKeyDeletionRequest deletion = REWRAP__SCHEDULE_KEY_DELETION_REQUEST__INIT;
    deletion.key_id = key.id;
    calls(fixture, "ScheduleKeyDeletion", &deletion.base);
    assert_told(&(struct wanted){0, "kms:ScheduleKeyDeletionPendingWindowInDays", "30"}, 1);
}

/* ------------------------------------------------------------------ grants */

static Rewrap__CreateGrantRequest grant_request(const struct fixture_key *key)
{
    static Rewrap__GrantOperation__Value operations[] = {REWRAP__GRANT_OPERATION__VALUE__Decrypt};
    Rewrap__CreateGrantRequest request = REWRAP__CREATE_GRANT_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key->id;
    request.operations = operations;
    request.n_operations = COUNT(operations);
    return request;
}

static void what_a_grant_says(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    char team[] = "team", red[] = "red", bob[] = BOB, alice[] = ALICE;
    Rewrap__GrantConstraints__EncryptionContextEqualsEntry pair =
        REWRAP__GRANT_CONSTRAINTS__ENCRYPTION_CONTEXT_EQUALS_ENTRY__INIT;
    pair.key = team;
    pair.value = red;
    Rewrap__GrantConstraints__EncryptionContextEqualsEntry *pairs[] = {&pair};
    Rewrap__GrantConstraints constraints = REWRAP__GRANT_CONSTRAINTS__INIT;
    constraints.encryption_context_equals = pairs;
    constraints.n_encryption_context_equals = 1;
    Rewrap__CreateGrantRequest request = grant_request(&key);
    request.grantee_principal = bob;
    request.retiring_principal = alice;
    request.constraints = &constraints;
    calls(fixture, "CreateGrant", &request.base);
    const struct wanted rows[] = {
        {0, "kms:GranteePrincipal", BOB},          {0, "kms:GranteeServicePrincipal", NULL},
        {0, "kms:RetiringPrincipal", ALICE},       {0, "kms:RetiringServicePrincipal", NULL},
        {0, "kms:GrantOperations", "Decrypt"},     {0, "kms:GrantConstraintType", "EncryptionContextEquals"},
        {0, "kms:EncryptionContext:team", "red"},  {0, "kms:EncryptionContextKeys", "team"},
        {0, "kms:GrantConstraintSourceArn", NULL}, {0, "kms:GrantIsForAWSResource", NULL},
    };
    assert_told(rows, COUNT(rows));
}

static void what_a_grant_to_a_service_says(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    static char service[] = "logs.eu-central-1.amazonaws.com";
    static char source[] = "arn:aws:logs:eu-central-1:" ACCOUNT ":log-group:x";
    Rewrap__GrantConstraints constraints = REWRAP__GRANT_CONSTRAINTS__INIT;
    constraints.source_arn = source;
    Rewrap__CreateGrantRequest request = grant_request(&key);
    request.grantee_service_principal = service;
    request.retiring_service_principal = service;
    request.constraints = &constraints;
    calls(fixture, "CreateGrant", &request.base);
    const struct wanted rows[] = {
        {0, "kms:GranteePrincipal", NULL},      {0, "kms:GranteeServicePrincipal", service},
        {0, "kms:RetiringPrincipal", NULL},     {0, "kms:RetiringServicePrincipal", service},
        {0, "kms:GrantOperations", "Decrypt"},  {0, "kms:GrantConstraintType", NULL},
        {0, "kms:EncryptionContextKeys", NULL}, {0, "kms:GrantConstraintSourceArn", source},
    };
    assert_told(rows, COUNT(rows));
}

/* ------------------------------------------------------------------ much */

/* More than the room that a question has: the heap takes it. */
static void a_large_context_is_told_whole(void **state)
{
    struct fixture *fixture = *state;
    enum { PAIRS = 200 };
    struct fixture_key key = fixture_sealed(fixture);
    Rewrap__EncryptRequest__EncryptionContextEntry entries[PAIRS], *list[PAIRS];
    char names[PAIRS][24];
    static char value[] = "v", plaintext[] = "secret";
    for (size_t i = 0; i < PAIRS; i++) {
        snprintf(names[i], sizeof names[i], "some-longer-name-%zu", i);
        rewrap__encrypt_request__encryption_context_entry__init(&entries[i]);
        entries[i].key = names[i];
        entries[i].value = value;
        list[i] = &entries[i];
    }
    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    request.key_id = key.id;
    request.has_plaintext = true;
    request.plaintext = (ProtobufCBinaryData){.data = (uint8_t *)plaintext, .len = 6};
    request.encryption_context = list;
    request.n_encryption_context = PAIRS;
    calls(fixture, "Encrypt", &request.base);
    const struct wanted rows[] = {{0, "kms:EncryptionContext:some-longer-name-0", "v"},
                                  {0, "kms:EncryptionContext:some-longer-name-199", "v"}};
    assert_told(rows, COUNT(rows));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_sides_of_re_encrypt), TEST(the_same_key_by_whatever_name),  TEST(an_rsa_destination),
        TEST(what_every_request_tells), TEST(a_key_that_is_yet_to_be_made),   TEST(numbers_and_tags_of_changes),
        TEST(what_a_grant_says),        TEST(what_a_grant_to_a_service_says), TEST(a_large_context_is_told_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
