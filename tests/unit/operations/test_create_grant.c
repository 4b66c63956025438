/* CreateGrant: its members, whom and what it is for, the same again, children (KMS.md ). */
#include "grants.h"

#include "lives.h"

/* nobody may, then the grantee may, and only he, and only that; no identity policy of his says so. */
static void in_force_when_answered(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    assert_string_equal(encrypt_as(fixture, CAROL, key.arn, NULL), "AccessDeniedException");
    struct made made =
        grant_make(fixture, &(struct wish){.key = key.id, .grantee = CAROL, .operations = POLICY_GRANT_ENCRYPT});
    assert_null(encrypt_as(fixture, CAROL, key.arn, NULL));
    assert_string_equal(encrypt_as(fixture, BOB, key.arn, NULL), "AccessDeniedException");
    const struct registry_grant *grant = grant_stored(fixture, &made);
    assert_int_equal(grant->grant.operations, POLICY_GRANT_ENCRYPT);
    assert_int_equal(grant->created_ms, fixture->now_ms);
    assert_true(view_equal(grant->grant.issuing_account, view_of_string(ACCOUNT)));
    fixture->principal = CAROL;
    fails(fixture, "DescribeKey", key.id, "AccessDeniedException", denied_text(CAROL, "kms:DescribeKey", key.arn));
}

/* across accounts, to a user, to a role's sessions, to an account whose policies must allow too. */
static void across_accounts(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    grant_make(fixture, &(struct wish){.key = key.arn, .grantee = BOB, .operations = POLICY_GRANT_ENCRYPT});
    assert_null(encrypt_as(fixture, BOB, key.arn, NULL));
    assert_string_equal(encrypt_as(fixture, SESSION, key.arn, NULL), "AccessDeniedException");
    grant_make(fixture, &(struct wish){.key = key.id, .grantee = ROLE, .operations = POLICY_GRANT_ENCRYPT});
    assert_null(encrypt_as(fixture, SESSION, key.arn, NULL));
    struct fixture_key other = fixture_sealed(fixture);
    grant_make(fixture, &(struct wish){.key = other.id, .grantee = BOBS_ROOT, .operations = POLICY_GRANT_ENCRYPT});
    assert_null(encrypt_as(fixture, BOB, other.arn, NULL)); /* his identity policy allows it */
    assert_string_equal(encrypt_as(fixture, SESSION, other.arn, NULL), "AccessDeniedException");
    /* */
    struct fixture_key third = fixture_sealed(fixture);
    grant_make(fixture, &(struct wish){.key = third.id,
                                       .grantee = BOB,
                                       .operations = POLICY_GRANT_ENCRYPT,
                                       .equals = PAIRS("a", "1", "b", "2")});
    assert_null(encrypt_as(fixture, BOB, third.arn, PAIRS("b", "2", "a", "1")));
    assert_string_equal(encrypt_as(fixture, BOB, third.arn, PAIRS("a", "1")), "AccessDeniedException");
    assert_string_equal(encrypt_as(fixture, BOB, third.arn, PAIRS("a", "1", "b", "2", "c", "3")),
                        "AccessDeniedException");
    assert_string_equal(encrypt_as(fixture, BOB, third.arn, PAIRS("A", "1", "b", "2")), "AccessDeniedException");
}

/* a grant on another account's key is made by its ARN, by whom its policy lets. */
static void of_a_foreign_key(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    fixture->principal = BOB;
    struct wish wish = {.key = key.arn, .grantee = BOB, .operations = USES};
    grant_fails(fixture, &wish, "AccessDeniedException", foreign_text(BOB, "kms:CreateGrant"));
    wish.key = key.id;
    grant_fails(fixture, &wish, "NotFoundException",
                text("Key 'arn:aws:kms:eu-central-1:" OTHER_ACCOUNT ":key/%s' does not exist", key.id));
    wish.key = ARN("key/" UNKNOWN_ID);
    grant_fails(fixture, &wish, "AccessDeniedException", foreign_text(BOB, "kms:CreateGrant"));
    static char policy[] = "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" BOB
                           "\"},\"Action\":\"kms:CreateGrant\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{"
                           "\"kms:GranteePrincipal\":\"" BOB "\",\"kms:GrantConstraintType\":"
                           "\"EncryptionContextEquals\",\"kms:EncryptionContext:team\":\"x\"},"
                           "\"ForAllValues:StringEquals\":{\"kms:GrantOperations\":[\"Encrypt\",\"Decrypt\"]}}}]}";
    struct fixture_key shared =
        fixture_key(fixture, &(struct registry_key){.policy = policy, .policy_ms = fixture->now_ms});
    /* what the conditions ask about */
    wish = (struct wish){.key = shared.arn, .grantee = BOB, .operations = USES, .equals = PAIRS("team", "x")};
    struct made made = grant_make(fixture, &wish);
    assert_true(view_equal(grant_stored(fixture, &made)->grant.issuing_account, view_of_string(OTHER_ACCOUNT)));
    const char *no = foreign_text(BOB, "kms:CreateGrant");
    wish.equals = PAIRS("team", "y");
    grant_fails(fixture, &wish, "AccessDeniedException", no);
    wish.equals = NULL;
    wish.subset = PAIRS("team", "x");
    grant_fails(fixture, &wish, "AccessDeniedException", no);
    wish.subset = NULL;
    wish.equals = PAIRS("team", "x");
    wish.operations |= POLICY_GRANT_DESCRIBE_KEY;
    grant_fails(fixture, &wish, "AccessDeniedException", no);
    wish.operations = USES;
    wish.grantee = ROLE;
    grant_fails(fixture, &wish, "AccessDeniedException", no);
}

static void key_identifiers(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    fixture_alias(fixture, ACCOUNT, "alias/x", &key);
    struct wish wish = {.key = "alias/x", .grantee = CAROL, .operations = USES};
    const char *no_alias = "Key Aliases are not supported for this operation.";
    grant_fails(fixture, &wish, "InvalidArnException", no_alias);
    wish.key = ARN("alias/x");
    grant_fails(fixture, &wish, "InvalidArnException", no_alias);
    wish.key = UNKNOWN_ID;
    grant_fails(fixture, &wish, "NotFoundException", "Key '" ARN("key/" UNKNOWN_ID) "' does not exist");
}

/* */
static void states(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key off = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_DISABLED});
    struct fixture_key dying = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_PENDING_DELETION});
    struct wish wish = {.key = off.arn, .grantee = CAROL, .operations = USES};
    grant_fails(fixture, &wish, "DisabledException", text("%s is disabled.", off.arn));
    wish.key = dying.arn;
    grant_fails(fixture, &wish, "KMSInvalidStateException", text("%s is pending deletion.", dying.arn));
    fixture->principal = CAROL; /* */
    grant_denied(fixture, &wish);
}

#define INVALID "ValidationException"
#define ONE     "1 validation error detected: "

/* what is wrong with the request alone. */
static void members(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    const struct {
        struct wish wish;
        const char *message;
    } cases[] = {
        {{.operations = USES},
         ONE "Value null at 'granteePrincipal' failed to satisfy constraint: Member must not be null"},
        {{.grantee = CAROL}, ONE "Value null at 'operations' failed to satisfy constraint: Member must not be null"},
        {{.grantee = CAROL, .service = SERVICE, .operations = USES},
         "Specify either GranteePrincipal or GranteeServicePrincipal, not both."},
        {{.grantee = CAROL, .operations = USES, .retiring = BOB, .retiring_service = SERVICE},
         "Specify either RetiringPrincipal or RetiringServicePrincipal, not both."},
        {{.service = SERVICE, .operations = USES, .retiring = CAROL},
         "A grant to a GranteeServicePrincipal must have a SourceArn constraint."},
        {{.service = SERVICE, .operations = USES, .source = SOURCE},
         "A grant to a GranteeServicePrincipal must have a RetiringPrincipal or a RetiringServicePrincipal."},
        {{.grantee = CAROL, .operations = POLICY_GRANT_CREATE_GRANT},
         "Grants must not contain only the CreateGrant operation."},
        {{.grantee = "a b", .operations = USES},
         ONE "Value 'a b' at 'granteePrincipal' failed to satisfy constraint: Member must satisfy regular expression "
             "pattern: ^[\\w+=,.@:/-]+$"},
        {{.service = "logs.com", .operations = USES, .retiring = CAROL, .source = SOURCE},
         ONE "Value 'logs.com' at 'granteeServicePrincipal' failed to satisfy constraint: Member must satisfy regular "
             "expression pattern: ^([A-Za-z0-9\\-]+)\\.([A-Za-z0-9\\-]+)(\\.[A-Za-z0-9\\-]+)+$"},
        {{.grantee = CAROL, .operations = USES, .name = "a b"},
         ONE "Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: "
             "^[a-zA-Z0-9:/_-]+$"},
        {{.grantee = CAROL, .operations = USES, .source = "arn:aws:s3:::bucket-of-nobody"},
         ONE "Value 'arn:aws:s3:::bucket-of-nobody' at 'constraints.sourceArn' failed to satisfy constraint: Member "
             "must satisfy regular expression pattern: ^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$"},
        {{.grantee = CAROL,
          .operations = USES,
          .subset = PAIRS("1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8", "", "9", "")},
         ONE "Value at 'constraints.encryptionContextSubset' failed to satisfy constraint: Member must have length "
             "less than or equal to 8"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct wish wish = cases[i].wish;
        wish.key = key.id;
        grant_fails(fixture, &wish, INVALID, cases[i].message);
    }
    char *value = repeated('v', 385), *longest = repeated('v', 384), *name = repeated('k', 4097);
    struct wish wish = {.key = key.id, .grantee = CAROL, .operations = USES, .equals = PAIRS("a", value)};
    grant_fails(fixture, &wish, INVALID,
                text(ONE "Value '%s' at 'constraints.encryptionContextEquals.1.member.value' failed to satisfy "
                         "constraint: Member must have length less than or equal to 384",
                     value));
    wish.equals = PAIRS("a", longest, "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8", "");
    grant_make(fixture, &wish);
    wish.equals = PAIRS(name, "x");
    grant_fails(fixture, &wish, INVALID, "Invalid EncryptionContext");
    free(value);
    free(longest);
    free(name);
}

/* a service, with all that it takes. */
static void services(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct wish wish = {
        .key = key.id, .service = SERVICE, .operations = USES, .source = SOURCE, .retiring_service = SERVICE};
    struct made made = grant_make(fixture, &wish);
    const struct registry_grant *grant = grant_stored(fixture, &made);
    assert_true(grant->grantee_is_service && grant->retiring_is_service);
    wish.retiring_service = NULL;
    wish.retiring = CAROL;
    made = grant_make(fixture, &wish);
    assert_false(grant_stored(fixture, &made)->retiring_is_service);
}

/* */
static void what_suits_the_key(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key rsa = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048});
    struct fixture_key aes = fixture_sealed(fixture);
    const uint32_t any = POLICY_GRANT_CREATE_GRANT | POLICY_GRANT_RETIRE_GRANT | POLICY_GRANT_DESCRIBE_KEY;
    struct wish wish = {.key = rsa.id,
                        .grantee = CAROL,
                        .operations = any | USES | POLICY_GRANT_GET_PUBLIC_KEY | POLICY_GRANT_RE_ENCRYPT_FROM |
                                      POLICY_GRANT_RE_ENCRYPT_TO};
    grant_make(fixture, &wish);
    wish.operations = USES | POLICY_GRANT_GENERATE_DATA_KEY;
    grant_fails(fixture, &wish, INVALID,
                "Operation GenerateDataKey is not supported by a key with key spec RSA_2048 and key usage "
                "ENCRYPT_DECRYPT.");
    wish.operations = USES;
    wish.subset = PAIRS("a", "b");
    const char *symmetric_only = "Encryption context constraints are only supported on symmetric encryption keys.";
    grant_fails(fixture, &wish, INVALID, symmetric_only);
    wish.equals = wish.subset;
    wish.subset = NULL;
    grant_fails(fixture, &wish, INVALID, symmetric_only);
    wish.key = aes.id;
    grant_make(fixture, &wish);
    static const uint32_t unfit[] = {POLICY_GRANT_SIGN,           POLICY_GRANT_VERIFY,
                                     POLICY_GRANT_GET_PUBLIC_KEY, POLICY_GRANT_GENERATE_MAC,
                                     POLICY_GRANT_VERIFY_MAC,     POLICY_GRANT_DERIVE_SHARED_SECRET};
    for (size_t i = 0; i < COUNT(unfit); i++) {
        wish.operations = USES | unfit[i];
        grant_fails(fixture, &wish, INVALID,
                    text("Operation %s is not supported by a key with key spec SYMMETRIC_DEFAULT and key usage "
                         "ENCRYPT_DECRYPT.",
                         policy_grant_operation_name(unfit[i])));
    }
    wish.operations = any | USES | POLICY_GRANT_GENERATE_DATA_KEY | POLICY_GRANT_GENERATE_DATA_KEY_WITHOUT_PLAINTEXT |
                      POLICY_GRANT_GENERATE_DATA_KEY_PAIR | POLICY_GRANT_GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT |
                      POLICY_GRANT_RE_ENCRYPT_FROM | POLICY_GRANT_RE_ENCRYPT_TO;
    grant_make(fixture, &wish);
}

/* */
static void principals(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    static const char *const good[] = {BOB,     CAROL,     ROLE,
                                       SESSION, BOBS_ROOT, "arn:aws:sts::" OTHER_ACCOUNT ":federated-user/dan"};
    static const char *const bad[] = {
        ACCOUNT,
        "bob",
        "arn:aws:iam::" OTHER_ACCOUNT ":user/nobody",
        "arn:aws:iam::" OTHER_ACCOUNT ":user/other/bob",
        "arn:aws:iam::" OTHER_ACCOUNT ":role/worker",
        "arn:aws:iam::" OTHER_ACCOUNT ":role/bob",
        "arn:aws:iam::" OTHER_ACCOUNT ":group/team",
        "arn:aws:sts::" OTHER_ACCOUNT ":assumed-role/nobody/one",
        "arn:aws:iam::999999999999:root",
        "arn:aws:sts::999999999999:federated-user/dan",
        "arn:aws-cn:iam::" OTHER_ACCOUNT ":user/bob",
        "arn:aws:organizations::" OTHER_ACCOUNT ":organization/o-1",
        SERVICE,
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        grant_make(fixture, &(struct wish){.key = key.id, .grantee = good[i], .operations = USES});
        grant_make(fixture, &(struct wish){.key = key.id, .grantee = CAROL, .retiring = good[i], .operations = USES});
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        const char *message = text("ARN does not refer to a valid principal: %s", bad[i]);
        grant_fails(fixture, &(struct wish){.key = key.id, .grantee = bad[i], .operations = USES},
                    "InvalidArnException", message);
        grant_fails(fixture, &(struct wish){.key = key.id, .grantee = CAROL, .retiring = bad[i], .operations = USES},
                    "InvalidArnException", message);
    }
    /* Who may not make the grant does not learn who there is. */
    fixture->principal = CAROL;
    grant_denied(fixture, &(struct wish){.key = key.arn, .grantee = bad[2], .operations = USES});
}

/* last of all. */
static void dry_run(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct wish wish = {.key = key.id, .grantee = CAROL, .operations = USES, .dry_run = true};
    const char *would = "The request would have succeeded, but the DryRun option is set.";
    grant_fails(fixture, &wish, "DryRunOperationException", would);
    wish.operations = USES | POLICY_GRANT_SIGN;
    grant_fails(fixture, &wish, INVALID,
                "Operation Sign is not supported by a key with key spec SYMMETRIC_DEFAULT and key usage "
                "ENCRYPT_DECRYPT.");
    wish.operations = USES;
    wish.name = "n";
    wish.dry_run = false;
    grant_make(fixture, &wish);
    wish.dry_run = true;
    grant_fails(fixture, &wish, "DryRunOperationException", would);
}

/* ------------------------------------------------------------------ */

static void the_same_again(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture), other = fixture_sealed(fixture);
    const struct wish wish = {.key = key.id,
                              .grantee = BOB,
                              .retiring = CAROL,
                              .operations = USES,
                              .subset = PAIRS("a", "1", "b", "2"),
                              .name = "n"};
    struct made first = grant_make(fixture, &wish);
    struct wish again = wish;
    again.key = key.arn;
    again.subset = PAIRS("b", "2", "a", "1");
    struct made second = grant_make(fixture, &again);
    assert_string_equal(second.id, first.id);
    assert_string_not_equal(second.token, first.token);
    assert_int_equal(registry_grants(fixture->registry), 1);
    struct wish others[8];
    for (size_t i = 0; i < COUNT(others); i++) {
        others[i] = wish;
    }
    others[0].grantee = CAROL;
    others[1].retiring = NULL;
    others[2].operations |= POLICY_GRANT_DESCRIBE_KEY;
    others[3].subset = PAIRS("a", "1");
    others[4].subset = NULL;
    others[4].equals = wish.subset;
    others[5].source = SOURCE;
    others[6].name = "N";
    others[7].key = other.id;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct made made = grant_make(fixture, &others[i]);
        assert_string_not_equal(made.id, first.id);
        struct made same = grant_make(fixture, &others[i]);
        assert_string_equal(same.id, made.id);
    }
    assert_int_equal(registry_grants(fixture->registry), 1 + COUNT(others));
    again.name = NULL;
    struct made third = grant_make(fixture, &again), fourth = grant_make(fixture, &again);
    assert_string_not_equal(third.id, fourth.id);
    /* one that is gone is not the same any more */
    grant_revoke(fixture, key.id, first.id, NULL, NULL);
    struct made fifth = grant_make(fixture, &wish);
    assert_string_not_equal(fifth.id, first.id);
}

/* Who comes after him with his name is another. */
static void a_namesake_is_another(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    const struct wish wish = {.key = key.id, .grantee = CAROL, .operations = POLICY_GRANT_ENCRYPT, .name = "n"};
    struct made first = grant_make(fixture, &wish);
    assert_null(encrypt_as(fixture, CAROL, key.arn, NULL));
    fixture_principal_remove(fixture, ACCOUNT, "user/carol");
    grant_fails(fixture, &wish, "InvalidArnException", "ARN does not refer to a valid principal: " CAROL);
    fixture->now_ms += 1000;
    fixture_principal(fixture, ACCOUNT, "user/carol", fixture->now_ms, NULL);
    assert_string_equal(encrypt_as(fixture, CAROL, key.arn, NULL), "AccessDeniedException");
    struct made second = grant_make(fixture, &wish);
    assert_string_not_equal(second.id, first.id);
    assert_null(encrypt_as(fixture, CAROL, key.arn, NULL));
}

#define FLIGHT 5

/* All in flight at once: one grant; whoever does not wait any more changes nothing. */
static void the_same_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct wish wish = {.key = key.id, .grantee = BOB, .operations = USES, .name = "n"};
    struct grant_request request;
    struct reply replies[FLIGHT], another;
    struct operation *started[FLIGHT];
    grant_request_make(&request, &wish);
    for (size_t i = 0; i < FLIGHT; i++) {
        started[i] = fixture_start(fixture, "CreateGrant", &request.message.base, &replies[i]);
        assert_non_null(started[i]);
    }
    wish.grantee = CAROL;
    grant_request_make(&request, &wish);
    fixture_start(fixture, "CreateGrant", &request.message.base, &another);
    operation_abandon(started[0]);
    operation_abandon(started[2]);
    fixture_wait(fixture, &another);
    assert_null(another.code);
    const Rewrap__CreateGrantResponse *first = NULL;
    for (size_t i = 0; i < FLIGHT; i++) {
        if (i == 0 || i == 2) {
            assert_false(replies[i].done);
            continue;
        }
        fixture_wait(fixture, &replies[i]);
        assert_null(replies[i].code);
        const Rewrap__CreateGrantResponse *response = (const Rewrap__CreateGrantResponse *)replies[i].body;
        first = first == NULL ? response : first;
        assert_string_equal(response->grant_id, first->grant_id);
        assert_int_equal(strcmp(response->grant_token, first->grant_token) == 0, response == first);
    }
    assert_string_not_equal(((const Rewrap__CreateGrantResponse *)another.body)->grant_id, first->grant_id);
    assert_int_equal(registry_grants(fixture->registry), 2);
    for (size_t i = 0; i < FLIGHT; i++) {
        reply_clear(&replies[i]);
    }
    reply_clear(&another);
}

/* ------------------------------------------------------------------ */

static void children(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    grant_make(fixture, &(struct wish){.key = key.id,
                                       .grantee = CAROL,
                                       .operations = USES | POLICY_GRANT_CREATE_GRANT,
                                       .subset = PAIRS("team", "x")});
    fixture->principal = CAROL;
    struct wish child = {.key = key.arn, .grantee = BOB, .operations = POLICY_GRANT_ENCRYPT};
    grant_denied(fixture, &child); /* without the constraint */
    child.subset = PAIRS("team", "y");
    grant_denied(fixture, &child);
    child.subset = PAIRS("Team", "x");
    grant_denied(fixture, &child);
    child.subset = PAIRS("team", "x");
    struct made made = grant_make(fixture, &child);
    assert_true(view_equal(grant_stored(fixture, &made)->grant.issuing_account, view_of_string(ACCOUNT)));
    child.subset = PAIRS("team", "x", "more", "y");
    grant_make(fixture, &child);
    child.equals = PAIRS("team", "x");
    child.subset = NULL;
    grant_make(fixture, &child);
    child.operations = USES | POLICY_GRANT_CREATE_GRANT;
    grant_make(fixture, &child);
    child.operations = USES | POLICY_GRANT_DESCRIBE_KEY;
    grant_denied(fixture, &child);
    assert_null(encrypt_as(fixture, BOB, key.arn, PAIRS("team", "x")));
    assert_string_equal(encrypt_as(fixture, BOB, key.arn, NULL), "AccessDeniedException");
    /* the operations of one parent and the constraints of another do not add up */
    fixture->principal = ALICE;
    grant_make(fixture, &(struct wish){.key = key.id,
                                       .grantee = CAROL,
                                       .operations = POLICY_GRANT_DESCRIBE_KEY | POLICY_GRANT_CREATE_GRANT});
    fixture->principal = CAROL;
    grant_denied(fixture, &child);
    child.operations = POLICY_GRANT_DESCRIBE_KEY;
    grant_make(fixture, &child);
    /* whom a policy lets is bound by no parent */
    fixture_principal_policy(fixture, ACCOUNT, "user/carol", EVERYTHING);
    child.operations = USES | POLICY_GRANT_GENERATE_DATA_KEY;
    child.equals = NULL;
    grant_make(fixture, &child);
}

static void no_children_without_leave(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    grant_make(fixture, &(struct wish){.key = key.id, .grantee = CAROL, .operations = USES});
    fixture->principal = CAROL;
    grant_denied(fixture, &(struct wish){.key = key.arn, .grantee = BOB, .operations = USES});
    static char policy[] = "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ROOT
                           "\"},\"Action\":\"kms:*\",\"Resource\":\"*\"},{\"Effect\":\"Deny\",\"Principal\":\"*\","
                           "\"Action\":\"kms:CreateGrant\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{"
                           "\"kms:GranteePrincipal\":\"" BOB "\"}}}]}";
    struct fixture_key guarded =
        fixture_key(fixture, &(struct registry_key){.policy = policy, .policy_ms = fixture->now_ms});
    fixture->principal = ALICE;
    struct wish wish = {.key = guarded.arn, .grantee = CAROL, .operations = USES};
    grant_make(fixture, &wish);
    wish.grantee = BOB;
    grant_fails(fixture, &wish, "AccessDeniedException",
                text("User: " ALICE " is not authorized to perform: kms:CreateGrant on resource: %s with an explicit "
                     "deny in a resource-based policy",
                     guarded.arn));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, grants_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(in_force_when_answered),
        TEST(across_accounts),
        TEST(of_a_foreign_key),
        TEST(key_identifiers),
        TEST(states),
        TEST(members),
        TEST(services),
        TEST(what_suits_the_key),
        TEST(principals),
        TEST(dry_run),
        TEST(the_same_again),
        TEST(a_namesake_is_another),
        TEST(the_same_at_once),
        TEST(children),
        TEST(no_children_without_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
