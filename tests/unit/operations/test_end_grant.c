/* RetireGrant, RevokeGrant and grant tokens (KMS.md ). */
#include "grants.h"

#include "lives.h"

#include <stdio.h>

#define NO_TOKEN "The grant token is not valid."
#define NO_ID    "The key has no grant with that GrantId."
#define NEITHER  "Grant token OR (grant ID, key ID) must be specified"
#define ERIN     "arn:aws:iam::" OTHER_ACCOUNT ":user/erin"

static int setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    fixture_principal(fixture, ACCOUNT, "user/carol", fixture->now_ms - 1, NULL);
    fixture_principal(fixture, OTHER_ACCOUNT, "user/erin", fixture->now_ms - 1, NULL);
    fixture_principal(fixture, OTHER_ACCOUNT, "role/team/worker", fixture->now_ms - 1, NULL);
    return 0;
}

/* A key whose policy lets ERIN of the other account make grants, and denies nothing. */
static struct fixture_key shared_key(struct fixture *fixture)
{
    static char policy[] =
        "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ROOT
        "\"},\"Action\":\"kms:*\",\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
        "\"" BOBS_ROOT "\"},\"Action\":[\"kms:CreateGrant\",\"kms:RetireGrant\"],\"Resource\":\"*\"}]}";
    return fixture_key(fixture, &(struct registry_key){.policy = policy, .policy_ms = fixture->now_ms});
}

static struct made made_for(struct fixture *fixture, const struct fixture_key *key, const char *grantee,
                            const char *retiring, uint32_t operations)
{
    return grant_make(
        fixture, &(struct wish){.key = key->arn, .grantee = grantee, .retiring = retiring, .operations = operations});
}

static void denied(struct fixture *fixture, const char *principal, const struct fixture_key *key,
                   const struct made *made)
{
    const char *before = fixture->principal;
    fixture->principal = principal;
    bool own = strstr(principal, ACCOUNT) != NULL;
    grant_retire(fixture, NULL, key->arn, made->id, "AccessDeniedException",
                 own ? denied_text(principal, "kms:RetireGrant", key->arn)
                     : foreign_text(principal, "kms:RetireGrant"));
    assert_true(grant_is_there(fixture, made));
    fixture->principal = before;
}

static void may(struct fixture *fixture, const char *principal, const struct fixture_key *key, const struct made *made)
{
    const char *before = fixture->principal;
    fixture->principal = principal;
    grant_retire(fixture, NULL, key->arn, made->id, NULL, NULL);
    assert_false(grant_is_there(fixture, made));
    fixture->principal = before;
}

/* who may. */
static void who_may_retire(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct made made = made_for(fixture, &key, CAROL, ERIN, USES);
    denied(fixture, CAROL, &key, &made); /* the grantee, without the operation */
    denied(fixture, BOB, &key, &made);
    may(fixture, ERIN, &key, &made); /* who is named, of another account, without any policy */
    made = made_for(fixture, &key, ERIN, NULL, USES | POLICY_GRANT_RETIRE_GRANT);
    may(fixture, ERIN, &key, &made);
    made = made_for(fixture, &key, CAROL, SESSION, USES);
    denied(fixture, "arn:aws:sts::" OTHER_ACCOUNT ":assumed-role/worker/two", &key, &made);
    may(fixture, SESSION, &key, &made);
    made = made_for(fixture, &key, CAROL, ROLE, USES);
    may(fixture, SESSION, &key, &made);
    /* the account in which it was made: its root, and whom an identity policy lets */
    made = made_for(fixture, &key, CAROL, NULL, USES);
    may(fixture, ROOT, &key, &made);
    made = made_for(fixture, &key, CAROL, NULL, USES);
    may(fixture, ALICE, &key, &made);
    made = made_for(fixture, &key, ERIN, NULL, USES);
    denied(fixture, ERIN, &key, &made);
    fixture_principal_policy(
        fixture, ACCOUNT, "user/carol",
        "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:RetireGrant\",\"Resource\":\"*\"}}");
    may(fixture, CAROL, &key, &made);
}

/* A grant that another account made on the key: that account may retire it, and not the owner of the key. */
static void the_account_that_made_it(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = shared_key(fixture);
    fixture->principal = BOB;
    struct made made = made_for(fixture, &key, CAROL, NULL, USES);
    fixture->principal = ALICE; /* that the key policy allows kms:RetireGrant is nothing */
    grant_retire(fixture, NULL, key.arn, made.id, "AccessDeniedException",
                 text("User: " ALICE " is not authorized to perform: kms:RetireGrant on resource: %s because no "
                      "resource-based policy allows the kms:RetireGrant action",
                      key.arn));
    fixture->principal = ERIN; /* of BOB's account, which leaves it to her identity policies, and she is told so */
    grant_retire(fixture, NULL, key.arn, made.id, "AccessDeniedException",
                 denied_text(ERIN, "kms:RetireGrant", key.arn));
    fixture->principal = BOB;
    may(fixture, BOB, &key, &made);
    made = made_for(fixture, &key, CAROL, NULL, USES);
    may(fixture, BOBS_ROOT, &key, &made);
    made = made_for(fixture, &key, CAROL, NULL, USES);
    fixture->principal = ALICE;
    grant_revoke(fixture, key.arn, made.id, NULL, NULL); /* but may revoke it */
    assert_false(grant_is_there(fixture, &made));
}

static void deny_beats_all(void **state)
{
    struct fixture *fixture = *state;
    static char policy[] = "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ROOT
                           "\"},\"Action\":\"kms:*\",\"Resource\":\"*\"},{\"Effect\":\"Deny\",\"Principal\":{\"AWS\":"
                           "\"" CAROL "\"},\"Action\":\"kms:RetireGrant\",\"Resource\":\"*\",\"Condition\":{"
                           "\"StringEquals\":{\"kms:GrantConstraintType\":\"EncryptionContextEquals\","
                           "\"kms:EncryptionContext:a\":\"1\"}}}]}";
    struct fixture_key key =
        fixture_key(fixture, &(struct registry_key){.policy = policy, .policy_ms = fixture->now_ms});
    struct wish wish = {
        .key = key.id, .grantee = BOB, .retiring = CAROL, .operations = USES, .equals = PAIRS("a", "1")};
    struct made guarded = grant_make(fixture, &wish);
    wish.equals = PAIRS("a", "2");
    struct made free_one = grant_make(fixture, &wish);
    fixture->principal = CAROL;
    grant_retire(fixture, NULL, key.arn, guarded.id, "AccessDeniedException",
                 text("User: " CAROL
                      " is not authorized to perform: kms:RetireGrant on resource: %s with an explicit deny "
                      "in a resource-based policy",
                      key.arn));
    assert_true(grant_is_there(fixture, &guarded));
    grant_retire(fixture, free_one.token, NULL, NULL, NULL, NULL);
}

/* Who comes after him with his name is another. */
static void a_namesake_may_not(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct made made = made_for(fixture, &key, CAROL, ERIN, USES);
    fixture_principal_remove(fixture, OTHER_ACCOUNT, "user/erin");
    denied(fixture, ERIN, &key, &made); /* nor he who is deleted */
    fixture->now_ms += 1000;
    fixture_principal(fixture, OTHER_ACCOUNT, "user/erin", fixture->now_ms, EVERYTHING);
    denied(fixture, ERIN, &key, &made);
    fixture_principal_remove(fixture, ACCOUNT, "user/carol");
    fixture_principal(fixture, ACCOUNT, "user/carol", fixture->now_ms, EVERYTHING);
    may(fixture, CAROL, &key, &made); /* for the account */
}

static void how_it_is_named(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture), other = fixture_sealed(fixture);
    struct made made = made_for(fixture, &key, CAROL, CAROL, USES);
    fixture_alias(fixture, ACCOUNT, "alias/x", &key);
    grant_retire(fixture, NULL, NULL, NULL, "ValidationException", NEITHER);
    grant_retire(fixture, NULL, key.arn, NULL, "ValidationException", NEITHER);
    grant_retire(fixture, NULL, NULL, made.id, "ValidationException", NEITHER);
    grant_retire(fixture, made.token, key.arn, made.id, "ValidationException", NEITHER);
    grant_retire(fixture, NULL, key.id, made.id, "InvalidArnException",
                 text("RetireGrant takes the ARN of the key, and not '%s'.", key.id));
    grant_retire(fixture, NULL, ARN("alias/x"), made.id, "InvalidArnException",
                 "Key Aliases are not supported for this operation.");
    grant_retire(fixture, NULL, "alias/x", made.id, "InvalidArnException",
                 "Key Aliases are not supported for this operation.");
    grant_retire(fixture, NULL, ARN("key/" UNKNOWN_ID), made.id, "NotFoundException",
                 "Key '" ARN("key/" UNKNOWN_ID) "' does not exist");
    grant_retire(fixture, NULL, other.arn, made.id, "InvalidGrantIdException", NO_ID);
    grant_retire(fixture, NULL, key.arn, "no id", "InvalidGrantIdException", NO_ID);
    grant_retire(fixture, "no token", NULL, NULL, "InvalidGrantTokenException", NO_TOKEN);
    /* of another account's keys nothing is told, whether there or not */
    fixture->principal = BOB;
    const char *foreign = foreign_text(BOB, "kms:RetireGrant");
    grant_retire(fixture, NULL, key.arn, "no id", "AccessDeniedException", foreign);
    grant_retire(fixture, NULL, key.arn, made.id, "AccessDeniedException", foreign);
    grant_retire(fixture, made.token, NULL, NULL, "AccessDeniedException", foreign);
    grant_retire(fixture, NULL, ARN("key/" UNKNOWN_ID), made.id, "AccessDeniedException", foreign);
    fixture->principal = CAROL;
    grant_retire(fixture, made.token, NULL, NULL, NULL, NULL);
    grant_retire(fixture, made.token, NULL, NULL, "InvalidGrantTokenException", NO_TOKEN);
    fixture->principal = ALICE;
    grant_retire(fixture, NULL, key.arn, made.id, "InvalidGrantIdException", NO_ID);
}

/* all tokens of a grant are as good; what was altered is none. */
static void tokens_of_a_grant(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture), other = fixture_sealed(fixture);
    const struct wish wish = {.key = key.id, .grantee = CAROL, .operations = USES, .name = "n"};
    struct made first = grant_make(fixture, &wish), second = grant_make(fixture, &wish);
    for (size_t i = 0; first.token[i] != '\0'; i++) {
        char altered[sizeof first.token];
        memcpy(altered, first.token, sizeof altered);
        altered[i] = altered[i] == '0' ? '1' : '0';
        grant_retire(fixture, altered, NULL, NULL, "InvalidGrantTokenException", NO_TOKEN);
        altered[i] = '\0';
        if (i != 0) {
            grant_retire(fixture, altered, NULL, NULL, "InvalidGrantTokenException", NO_TOKEN);
        }
    }
    /* a request may have tokens of other keys, and of what is gone; not what never was one */
    struct wish with = {.key = other.id, .grantee = CAROL, .operations = USES, .token = first.token};
    grant_make(fixture, &with);
    with.token = "AQpA";
    grant_fails(fixture, &with, "InvalidGrantTokenException", NO_TOKEN);
    grant_retire(fixture, second.token, NULL, NULL, NULL, NULL);
    with.token = first.token;
    grant_make(fixture, &with);
    grant_retire(fixture, first.token, NULL, NULL, "InvalidGrantTokenException", NO_TOKEN);
}

/* every operation that takes tokens; they give nobody a right. */
static void tokens_in_requests(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    struct made made = made_for(fixture, &key, CAROL, NULL, POLICY_GRANT_DESCRIBE_KEY);
    char bad[] = "x";
    char *one[] = {made.token}, *two[] = {made.token, bad};
    Rewrap__DescribeKeyRequest request = REWRAP__DESCRIBE_KEY_REQUEST__INIT;
    request.key_id = key.arn;
    request.grant_tokens = one;
    request.n_grant_tokens = 1;
    fixture->principal = ERIN;
    assert_error(fixture, "DescribeKey", &request.base, "AccessDeniedException", foreign_text(ERIN, "kms:DescribeKey"));
    fixture->principal = CAROL;
    works_with(fixture, "DescribeKey", &request.base);
    request.grant_tokens = two;
    request.n_grant_tokens = 2;
    assert_error(fixture, "DescribeKey", &request.base, "InvalidGrantTokenException", NO_TOKEN);
    fixture->principal = ALICE;
    static const char *const takes[] = {"Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
                                        "GetPublicKey"};
    for (size_t i = 0; i < COUNT(takes); i++) {
        ProtobufCMessage *message = request_for(takes[i], key.id);
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "grant_tokens");
        assert_non_null(field);
        *(char ***)(void *)((char *)message + field->offset) = two;
        *(size_t *)(void *)((char *)message + field->quantifier_offset) = 2;
        static uint8_t plaintext[] = "x";
        if (i == 0) {
            ((Rewrap__EncryptRequest *)message)->has_plaintext = true;
            ((Rewrap__EncryptRequest *)message)->plaintext = (ProtobufCBinaryData){.data = plaintext, .len = 1};
        } else if (i == 1) {
            ((Rewrap__GenerateDataKeyRequest *)message)->has_number_of_bytes = true;
            ((Rewrap__GenerateDataKeyRequest *)message)->number_of_bytes = 16;
        } else if (i == 2) {
            ((Rewrap__GenerateDataKeyWithoutPlaintextRequest *)message)->has_number_of_bytes = true;
            ((Rewrap__GenerateDataKeyWithoutPlaintextRequest *)message)->number_of_bytes = 16;
        }
        assert_error(fixture, takes[i], message, "InvalidGrantTokenException", NO_TOKEN);
        *(size_t *)(void *)((char *)message + field->quantifier_offset) = 1;
        if (i != 3) {
            works_with(fixture, takes[i], message);
        }
        free(message);
    }
}

/* */
static void revoking(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture), other = fixture_sealed(fixture);
    fixture_alias(fixture, ACCOUNT, "alias/x", &key);
    struct made made = made_for(fixture, &key, CAROL, CAROL, USES);
    grant_revoke(
        fixture, NULL, made.id, "ValidationException",
        "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null");
    grant_revoke(fixture, UNKNOWN_ID, made.id, "NotFoundException", "Key '" ARN("key/" UNKNOWN_ID) "' does not exist");
    grant_revoke(fixture, "alias/x", made.id, "InvalidArnException",
                 "Key Aliases are not supported for this operation.");
    grant_revoke(fixture, other.id, made.id, "InvalidGrantIdException", NO_ID);
    fixture->principal = CAROL; /* not even who may retire it */
    grant_revoke(fixture, key.arn, made.id, "AccessDeniedException", denied_text(CAROL, "kms:RevokeGrant", key.arn));
    fixture->principal = BOB;
    grant_revoke(fixture, key.arn, made.id, "AccessDeniedException", foreign_text(BOB, "kms:RevokeGrant"));
    fixture->principal = ALICE;
    assert_null(encrypt_as(fixture, CAROL, key.arn, NULL));
    grant_revoke(fixture, key.id, made.id, NULL, NULL);
    assert_string_equal(encrypt_as(fixture, CAROL, key.arn, NULL), "AccessDeniedException");
    grant_revoke(fixture, key.id, made.id, "InvalidGrantIdException", NO_ID);
}

/* of keys in every state. */
static void dry_runs_and_states(void **state)
{
    struct fixture *fixture = *state;
    static const enum key_state states[] = {KEY_STATE_ENABLED, KEY_STATE_DISABLED, KEY_STATE_PENDING_DELETION};
    for (size_t i = 0; i < COUNT(states); i++) {
        struct fixture_key key = fixture_key(fixture, &(struct registry_key){.state = states[i]});
        for (unsigned n = 0; n < 2; n++) {
            fixture_grant(fixture, &key, CAROL, USES, NULL);
        }
        const struct registry_grant *grant;
        const char *would = "The request would have succeeded, but the DryRun option is set.";
        Rewrap__RetireGrantRequest retiring = REWRAP__RETIRE_GRANT_REQUEST__INIT;
        Rewrap__RevokeGrantRequest revoking = REWRAP__REVOKE_GRANT_REQUEST__INIT;
        char id[2 * GRANT_ID_BYTES + 1];
        retiring.key_id = revoking.key_id = key.arn;
        retiring.grant_id = revoking.grant_id = id;
        for (int n = 1; n >= 0; n--) {
            grant = registry_grant_after(fixture->registry, key.key_id, NULL);
            assert_non_null(grant);
            snprintf(id, sizeof id, "%.*s", (int)grant->grant.id.len, (const char *)grant->grant.id.data);
            const ProtobufCMessage *message = n == 1 ? &retiring.base : &revoking.base;
            const char *operation = n == 1 ? "RetireGrant" : "RevokeGrant";
            retiring.has_dry_run = revoking.has_dry_run = true;
            retiring.dry_run = revoking.dry_run = true;
            assert_error(fixture, operation, message, "DryRunOperationException", would);
            assert_int_equal(registry_key_grants(fixture->registry, key.key_id), n + 1);
            retiring.dry_run = revoking.dry_run = false;
            works_with(fixture, operation, message);
            assert_int_equal(registry_key_grants(fixture->registry, key.key_id), n);
        }
    }
}

/* Two that end the same grant at once: one of them did. */
static void ended_twice_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct made made = made_for(fixture, &key, CAROL, CAROL, USES);
    Rewrap__RevokeGrantRequest revoking = REWRAP__REVOKE_GRANT_REQUEST__INIT;
    Rewrap__RetireGrantRequest retiring = REWRAP__RETIRE_GRANT_REQUEST__INIT;
    revoking.key_id = key.arn;
    revoking.grant_id = made.id;
    retiring.grant_token = made.token;
    struct reply replies[3];
    fixture_start(fixture, "RevokeGrant", &revoking.base, &replies[0]);
    fixture_start(fixture, "RevokeGrant", &revoking.base, &replies[1]);
    fixture_start(fixture, "RetireGrant", &retiring.base, &replies[2]);
    for (size_t i = 0; i < COUNT(replies); i++) {
        fixture_wait(fixture, &replies[i]);
    }
    assert_null(replies[0].code);
    assert_string_equal(replies[1].code, "InvalidGrantIdException");
    assert_string_equal(replies[2].code, "InvalidGrantTokenException");
    for (size_t i = 0; i < COUNT(replies); i++) {
        reply_clear(&replies[i]);
    }
}

/* with its key, from the moment on at which the key is gone. */
static void gone_with_the_key(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    struct made made = made_for(fixture, &key, CAROL, CAROL, USES);
    works(fixture, "ScheduleKeyDeletion", key.id);
    fixture->now_ms += 31 * DAY_MS;
    fixture->principal = CAROL;
    grant_retire(fixture, made.token, NULL, NULL, "InvalidGrantTokenException", NO_TOKEN);
    sweep(fixture);
    assert_int_equal(registry_grants(fixture->registry), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_may_retire),      TEST(the_account_that_made_it), TEST(deny_beats_all),     TEST(a_namesake_may_not),
        TEST(how_it_is_named),     TEST(tokens_of_a_grant),        TEST(tokens_in_requests), TEST(revoking),
        TEST(dry_runs_and_states), TEST(ended_twice_at_once),      TEST(gone_with_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
