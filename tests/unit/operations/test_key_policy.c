/* GetKeyPolicy, PutKeyPolicy, ListKeyPolicies, and CreateKey with a policy (KMS.md ). */
#include "lives.h"

#include "keys/policy_show.h"
#include "policy/document.h"

#include <stdio.h>

#define ROOT  "arn:aws:iam::" ACCOUNT ":root"
#define CAROL "arn:aws:iam::" ACCOUNT ":user/team/carol"

#define STATEMENTS(...) "{\"Version\":\"2012-10-17\",\"Statement\":[" __VA_ARGS__ "]}"
#define ALLOW(who, action)                                                                                             \
    "{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" who "\"},\"Action\":\"" action "\",\"Resource\":\"*\"}"
#define TO_ACCOUNT ALLOW(ROOT, "kms:*")

#define INVALID_PRINCIPALS "Policy contains a statement with one or more invalid principals."
#define LOCKOUT            "The new key policy will not allow you to update the key policy in the future."

#define DEFAULT_POLICY                                                                                                 \
    "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n"                       \
    "    \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n"                                    \
    "    \"Principal\" : { \"AWS\" : \"" ROOT "\" },\n    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n  } ]\n}"

static void assert_policy(struct fixture *fixture, char *key_id, const char *wanted)
{
    Rewrap__GetKeyPolicyRequest request = REWRAP__GET_KEY_POLICY_REQUEST__INIT;
    struct reply reply;
    request.key_id = key_id;
    assert_success(fixture, "GetKeyPolicy", &request.base, &reply);
    const Rewrap__GetKeyPolicyResponse *response = (const Rewrap__GetKeyPolicyResponse *)reply.body;
    assert_string_equal(response->policy, wanted);
    assert_string_equal(response->policy_name, "default");
    reply_clear(&reply);
}

static Rewrap__PutKeyPolicyRequest put_of(char *key_id, const char *policy)
{
    Rewrap__PutKeyPolicyRequest request = REWRAP__PUT_KEY_POLICY_REQUEST__INIT;
    request.key_id = key_id;
    request.policy = (char *)(uintptr_t)policy;
    return request;
}

static void puts_policy(struct fixture *fixture, char *key_id, const char *policy)
{
    Rewrap__PutKeyPolicyRequest request = put_of(key_id, policy);
    works_with(fixture, "PutKeyPolicy", &request.base);
}

static void put_fails(struct fixture *fixture, char *key_id, const char *policy, const char *code, const char *message)
{
    Rewrap__PutKeyPolicyRequest request = put_of(key_id, policy);
    assert_error(fixture, "PutKeyPolicy", &request.base, code, message);
}

/* ------------------------------------------------------------------ get, put, list */

static void stored_as_it_was_put(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    assert_policy(fixture, key.arn, DEFAULT_POLICY);
    const char *policy = "\t{ \"Statement\" :\r\n [" TO_ACCOUNT "]\n, \"Id\": \"\xC3\xBC\" }  ";
    puts_policy(fixture, key.id, policy);
    assert_policy(fixture, key.id, policy);
    /* in force, and kept by other changes */
    puts_policy(fixture, key.id,
                STATEMENTS(TO_ACCOUNT ",{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:"
                                      "DescribeKey\",\"Resource\":\"*\"}"));
    fails(fixture, "DescribeKey", key.id, "AccessDeniedException",
          text("User: " ALICE " is not authorized to perform: kms:DescribeKey on resource: %s with an explicit deny in "
               "a resource-based policy",
               key.arn));
    works(fixture, "DisableKey", key.id);
    fails(fixture, "DescribeKey", key.id, "AccessDeniedException",
          text("User: " ALICE " is not authorized to perform: kms:DescribeKey on resource: %s with an explicit deny in "
               "a resource-based policy",
               key.arn));
    puts_policy(fixture, key.id, STATEMENTS(TO_ACCOUNT));
    works(fixture, "DescribeKey", key.id);
}

static void there_is_one_and_it_is_called_default(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    char name[] = "default", other[] = "other", strange[] = "a-b";
    Rewrap__GetKeyPolicyRequest get = REWRAP__GET_KEY_POLICY_REQUEST__INIT;
    get.key_id = key.id;
    get.policy_name = name;
    works_with(fixture, "GetKeyPolicy", &get.base);
    get.policy_name = other;
    assert_error(fixture, "GetKeyPolicy", &get.base, "NotFoundException", "No such policy exists");
    get.policy_name = strange;
    assert_error(fixture, "GetKeyPolicy", &get.base, "ValidationException",
                 "1 validation error detected: Value 'a-b' at 'policyName' failed to satisfy constraint: Member must "
                 "satisfy regular expression pattern: [\\w]+");
    Rewrap__PutKeyPolicyRequest put = put_of(key.id, STATEMENTS(TO_ACCOUNT));
    put.policy_name = other;
    assert_error(fixture, "PutKeyPolicy", &put.base, "UnsupportedOperationException",
                 "A key has one policy, and its name is default.");
    put.policy_name = name;
    works_with(fixture, "PutKeyPolicy", &put.base);
    Rewrap__ListKeyPoliciesRequest list = REWRAP__LIST_KEY_POLICIES_REQUEST__INIT;
    struct reply reply;
    list.key_id = key.id;
    assert_success(fixture, "ListKeyPolicies", &list.base, &reply);
    const Rewrap__ListKeyPoliciesResponse *response = (const Rewrap__ListKeyPoliciesResponse *)reply.body;
    assert_int_equal(response->n_policy_names, 1);
    assert_string_equal(response->policy_names[0], "default");
    assert_true(response->has_truncated && !response->truncated && response->next_marker == NULL);
    reply_clear(&reply);
    list.marker = other;
    assert_error(fixture, "ListKeyPolicies", &list.base, "InvalidMarkerException",
                 "The marker is not one that this operation gave out.");
}

/* ------------------------------------------------------------------ what is refused */

static void documents_that_are_none(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    static const struct {
        const char *policy, *text; /* the text begins so */
    } rows[] = {
        {"{}", "a policy needs a Statement"},
        {"{\"Statement\":\n[}", "this is not JSON (at line 2)"},
        {STATEMENTS("{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}"), ""}, /* */
        {STATEMENTS(TO_ACCOUNT "," ALLOW("nobody", "kms:*")), INVALID_PRINCIPALS},
        {STATEMENTS(TO_ACCOUNT "," ALLOW("arn:aws:iam::" ACCOUNT ":group/g", "kms:*")), INVALID_PRINCIPALS},
        {STATEMENTS(TO_ACCOUNT
                    ",{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{"
                    "\"ForAllValues:StringEquals\":{\"kms:EncryptionContext:a\":\"b\"}}}"),
         "OverlyPermissiveCondition"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Rewrap__PutKeyPolicyRequest request = put_of(key.id, rows[i].policy);
        struct reply reply;
        fixture_call(fixture, "PutKeyPolicy", &request.base, &reply);
        assert_string_equal(reply.code, "MalformedPolicyDocumentException");
        assert_memory_equal(reply.message, rows[i].text, strlen(rows[i].text));
        assert_true(i == 0 || strstr(reply.message, "(at ") != NULL); /* the place */
        reply_clear(&reply);
    }
    assert_policy(fixture, key.id, DEFAULT_POLICY);
}

static void documents_that_are_too_long(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    const char *policy = STATEMENTS(TO_ACCOUNT);
    char *padded = repeated(' ', POLICY_DOCUMENT_MAX_BYTES + 1);
    memcpy(padded, policy, strlen(policy));
    put_fails(fixture, key.id, padded, "LimitExceededException", "the policy is longer than 32768 bytes");
    padded[POLICY_DOCUMENT_MAX_BYTES] = '\0';
    puts_policy(fixture, key.id, padded);
    assert_policy(fixture, key.id, padded);
    free(padded);
}

static void principals_must_be_known(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    static const char *const configured[] = {"arn:aws:iam::" OTHER_ACCOUNT ":user/socket",
                                             "arn:aws:sts::" ACCOUNT ":assumed-role/Batch/nightly"};
    fixture->operations.settings.principals = configured;
    fixture->operations.settings.n_principals = COUNT(configured);
    fixture_principal(fixture, ACCOUNT, "user/team/carol", fixture->now_ms, NULL);
    fixture_principal(fixture, OTHER_ACCOUNT, "role/x/Deploy", fixture->now_ms, NULL);
#define WITH(principal) STATEMENTS(TO_ACCOUNT "," ALLOW(principal, "kms:Encrypt"))
    static const char *const known[] = {
        WITH(CAROL),
        WITH("arn:aws:iam::" OTHER_ACCOUNT ":role/x/Deploy"),
        WITH("arn:aws:sts::" OTHER_ACCOUNT ":assumed-role/Deploy/any"),
        WITH("arn:aws:iam::" OTHER_ACCOUNT ":user/socket"),
        WITH("arn:aws:sts::" ACCOUNT ":assumed-role/Batch/nightly"),
        WITH("arn:aws:iam::" ACCOUNT ":role/Batch"),
        WITH("999999999999"),
        WITH("arn:aws:iam::999999999999:root"),
        WITH("*"),
    };
    for (size_t i = 0; i < COUNT(known); i++) {
        puts_policy(fixture, key.id, known[i]);
    }
    static const char *const unknown[] = {
        "arn:aws:iam::" ACCOUNT ":user/carol",      /* another path */
        "arn:aws:iam::" ACCOUNT ":role/team/carol", /* another kind */
        "arn:aws:iam::" ACCOUNT ":user/team/Carol", /* another case */
        "arn:aws-cn:iam::" ACCOUNT ":user/team/carol",
        "arn:aws:iam::999999999999:user/team/carol",
        "arn:aws:sts::" ACCOUNT ":assumed-role/Deploy/any",
        "arn:aws:sts::" ACCOUNT ":assumed-role/Batch/daily",
        "AIDAJQABLZS4A3QDU576Q",
    };
    for (size_t i = 0; i < COUNT(unknown); i++) {
        put_fails(fixture, key.id,
                  text("{\"Statement\":[" TO_ACCOUNT ",{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"%s\"},\"Action\":"
                       "\"*\",\"Resource\":\"*\"}]}",
                       unknown[i]),
                  "MalformedPolicyDocumentException",
                  text(INVALID_PRINCIPALS " (at Statement[1]: %s is not known here)", unknown[i]));
    }
}

/* What meant one who is gone shows his id, in a Principal alone; until then the text is as it was put. */
static void who_departed_is_shown_by_his_id(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
#define DEPLOY  "arn:aws:iam::" OTHER_ACCOUNT ":role/x/Deploy"
#define SESSION "arn:aws:sts::" OTHER_ACCOUNT ":assumed-role/Deploy/any"
    static const char before[] =
        "{\"Version\":\"2012-10-17\", \"Id\":\"" CAROL "\",\n\t\"Statement\":[" TO_ACCOUNT ",\r\n{\"Sid\":\"" CAROL
        "\",\"Effect\":\"Allow\",\"Principal\" : {\"AWS\":[\"" CAROL "\" , \"999999999999\",\"arn:aws:iam::" ACCOUNT
        ":\\u0075ser\\/team\\/"
        "carol\"],\"Service\":\"logs.amazonaws.com\"},\"Action\":\"kms:Encrypt\",\"Resource\":\"*\","
        "\"Condition\":{\"ArnEquals\":{\"aws:PrincipalArn\":\"" CAROL
        "\"},\"StringEquals\":{\"kms:EncryptionContext:AWS\":[\"" CAROL "\"]}}},{\"Resource\":\"*\",\"Action\":"
        "\"kms:Decrypt\",\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":[\"" ROOT "\",\"" DEPLOY "\",\"" SESSION
        "\"]}},{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" DEPLOY
        "\"},\"Action\":\"kms:Decrypt\",\"Resource\":\"*\"}]}";
    char carol[PRINCIPAL_ID_BYTES], deploy[PRINCIPAL_ID_BYTES];
    fixture_principal(fixture, ACCOUNT, "user/team/carol", fixture->now_ms, NULL);
    fixture_principal(fixture, OTHER_ACCOUNT, "role/x/Deploy", fixture->now_ms, NULL);
    puts_policy(fixture, key.id, before);
    assert_policy(fixture, key.id, before);
    fixture->now_ms += 10;
    fixture_principal_depart(fixture, ACCOUNT, "user/team/carol", carol);
    fixture_principal_depart(fixture, OTHER_ACCOUNT, "role/x/Deploy", deploy);
    char wanted[4096];
    char *shown = operation_policy_shown(&fixture->operations, before, fixture->now_ms - 10);
    assert_non_null(shown);
    snprintf(wanted, sizeof wanted, "%s", shown);
    free(shown);
    assert_policy(fixture, key.id, wanted);
    assert_non_null(
        strstr(wanted, text("\"Principal\":{\"AWS\":[\"%s\",\"999999999999\",\"%s\"],\"Service\":", carol, carol)));
    assert_non_null(strstr(wanted, text("\"NotPrincipal\":{\"AWS\":[\"" ROOT "\",\"%s\",\"%s\"]}}", deploy, deploy)));
    assert_non_null(strstr(wanted, text("\"Principal\":{\"AWS\":\"%s\"}", deploy)));
    assert_non_null(strstr(wanted, "\"Id\":\"" CAROL "\",\"Statement\":["));
    assert_non_null(strstr(wanted, "\"Sid\":\"" CAROL "\""));
    assert_non_null(strstr(wanted, "{\"aws:PrincipalArn\":\"" CAROL "\"}"));
    assert_non_null(strstr(wanted, "\"kms:EncryptionContext:AWS\":[\"" CAROL "\"]"));
    fixture->now_ms += 10; /* who is made later is nobody there, until it is put again */
    fixture_principal(fixture, ACCOUNT, "user/team/carol", fixture->now_ms, NULL);
    fixture_principal(fixture, OTHER_ACCOUNT, "role/x/Deploy", fixture->now_ms, NULL);
    assert_policy(fixture, key.id, wanted);
    put_fails(fixture, key.id, wanted, "MalformedPolicyDocumentException",
              text(INVALID_PRINCIPALS " (at Statement[1]: %s is not known here)", carol));
    puts_policy(fixture, key.id, before);
    assert_policy(fixture, key.id, before);
}

/* What is no policy, as damage may leave it, comes back as it is: each beginning of one, and what has its names twice
 * or something else in a principal's place. */
static void texts_that_are_no_policy(void **state)
{
    struct fixture *fixture = *state;
    char id[PRINCIPAL_ID_BYTES];
    fixture_principal(fixture, ACCOUNT, "user/team/carol", fixture->now_ms, NULL);
    fixture_principal_depart(fixture, ACCOUNT, "user/team/carol", id);
    static const char *const others[] = {
        "{\"Statement\":{},\"Statement\":{\"Principal\":{\"AWS\":\"" CAROL "\"}}}",
        "{\"Statement\":{\"Principal\":[\"" CAROL "\"]}}",
        "{\"Statement\":{\"Principal\":\"" CAROL "\"}}",
        "{\"Statement\":{\"Principal\":{\"AWS\":{\"AWS\":\"" CAROL "\"}}}}",
        "{\"Statement\":[[{\"Principal\":{\"AWS\":\"" CAROL "\"}}], 1, null]}",
        "[{\"Statement\":{\"Principal\":{\"AWS\":\"" CAROL "\"}}}]",
        "\"" CAROL "\"",
    };
    for (size_t i = 0; i < COUNT(others); i++) {
        char *shown = operation_policy_shown(&fixture->operations, others[i], 0);
        assert_string_equal(shown, others[i]);
        free(shown);
    }
    static const char whole[] = "{\"Statement\" : [{\"Principal\":{\"AWS\":[\"" CAROL "\",\"\\u0041\\/\"]}}]}";
    char *renamed = operation_policy_shown(&fixture->operations, whole, 0);
    assert_string_equal(renamed, text("{\"Statement\":[{\"Principal\":{\"AWS\":[\"%s\",\"A/\"]}}]}", id));
    free(renamed);
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        char *text = strndup(whole, len);
        assert_non_null(text);
        char *shown = operation_policy_shown(&fixture->operations, text, 0);
        assert_string_equal(shown, text);
        free(shown);
        free(text);
    }
}

/* ------------------------------------------------------------------ lockout */

static void nobody_locks_himself_out(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    static const char *const without[] = {
        STATEMENTS(ALLOW(ROOT, "kms:Encrypt")),
        STATEMENTS(ALLOW(BOB, "kms:*")),
        STATEMENTS(TO_ACCOUNT ",{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:PutKeyPolicy\",\"Resource\":"
                              "\"*\"}"),
    };
    for (size_t i = 0; i < COUNT(without); i++) {
        put_fails(fixture, key.id, without[i], "MalformedPolicyDocumentException", LOCKOUT);
    }
    fixture_principal_policy(
        fixture, ACCOUNT, "user/alice",
        STATEMENTS("{\"Effect\":\"Allow\",\"Action\":[\"kms:Encrypt\",\"kms:CreateKey\"],\"Resource\":\"*\"}"));
    fixture->principal = ROOT; /* alice may change it, and her account's identity policies do not say so */
    puts_policy(fixture, key.id, STATEMENTS(ALLOW(ALICE, "kms:PutKeyPolicy") "," TO_ACCOUNT));
    fixture->principal = ALICE;
    put_fails(fixture, key.id, STATEMENTS(TO_ACCOUNT), "MalformedPolicyDocumentException", LOCKOUT);
    puts_policy(fixture, key.id, STATEMENTS(ALLOW(ALICE, "kms:*")));
    Rewrap__PutKeyPolicyRequest bypass = put_of(key.id, STATEMENTS(ALLOW(ROOT, "kms:Encrypt")));
    bypass.has_bypass_policy_lockout_safety_check = bypass.bypass_policy_lockout_safety_check = true;
    works_with(fixture, "PutKeyPolicy", &bypass.base);
    fixture->principal = ROOT; /* now he is out as well */
    put_fails(fixture, key.id, STATEMENTS(TO_ACCOUNT), "AccessDeniedException",
              text("User: " ROOT " is not authorized to perform: kms:PutKeyPolicy on resource: %s because no "
                   "resource-based policy allows the kms:PutKeyPolicy action",
                   key.arn));
}

static void who_may_put_is_asked_first(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_PENDING_DELETION});
    fixture_principal(fixture, ACCOUNT, "user/team/carol", fixture->now_ms - 1, NULL);
    fixture->principal = CAROL;
    put_fails(fixture, key.id, "{}", "AccessDeniedException",
              text("User: " CAROL " is not authorized to perform: kms:PutKeyPolicy on resource: %s because no "
                   "identity-based policy allows the kms:PutKeyPolicy action",
                   key.arn));
    fixture->principal = ALICE; /* in every state */
    puts_policy(fixture, key.id, STATEMENTS(TO_ACCOUNT));
    put_fails(fixture, (char[]){"alias/x"}, STATEMENTS(TO_ACCOUNT), "InvalidArnException",
              "Key Aliases are not supported for this operation.");
}

/* ------------------------------------------------------------------ CreateKey */

static void a_key_is_made_with_its_policy(void **state)
{
    struct fixture *fixture = *state;
    static char policy[] = STATEMENTS(ALLOW(ALICE, "kms:*")), locked[] = STATEMENTS(ALLOW(BOB, "kms:*")),
                unknown[] = STATEMENTS(ALLOW("arn:aws:iam::" ACCOUNT ":user/x", "kms:*"));
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    request.policy = policy;
    struct reply reply;
    assert_success(fixture, "CreateKey", &request.base, &reply);
    char *key_id = ((const Rewrap__CreateKeyResponse *)reply.body)->key_metadata->key_id;
    assert_policy(fixture, key_id, policy);
    fixture_principal_policy(fixture, ACCOUNT, "user/alice",
                             STATEMENTS("{\"Effect\":\"Allow\",\"Action\":\"kms:CreateKey\",\"Resource\":\"*\"}"));
    works(fixture, "DescribeKey", key_id); /* by the key policy alone */
    reply_clear(&reply);
    size_t keys = registry_keys(fixture->registry);
    request.policy = locked;
    assert_error(fixture, "CreateKey", &request.base, "MalformedPolicyDocumentException", LOCKOUT);
    request.policy = unknown;
    request.has_bypass_policy_lockout_safety_check = request.bypass_policy_lockout_safety_check = true;
    assert_error(fixture, "CreateKey", &request.base, "MalformedPolicyDocumentException",
                 INVALID_PRINCIPALS " (at Statement[0]: arn:aws:iam::" ACCOUNT ":user/x is not known here)");
    assert_int_equal(registry_keys(fixture->registry), keys);
    request.policy = locked;
    works_with(fixture, "CreateKey", &request.base);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

/* A row that is no policy denies everything; the root of the account, nobody else, may put another and nothing more. */
static void a_damaged_policy(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key =
        fixture_key(fixture, &(struct registry_key){.policy = (char *)(uintptr_t)STATEMENTS(ALLOW("*", "kms:*")),
                                                    .policy_ms = fixture->now_ms});
    fixture_sql(fixture, "UPDATE keys SET policy = '{\"Statement\":{}}'");
    Rewrap__PutKeyPolicyRequest put = put_of(key.id, STATEMENTS(TO_ACCOUNT));
    assert_error(fixture, "PutKeyPolicy", &put.base, "AccessDeniedException",
                 text("User: " ALICE " is not authorized to perform: kms:PutKeyPolicy on resource: %s with an explicit "
                      "deny in a resource-based policy",
                      key.arn));
    fixture->principal = "arn:aws:iam::" OTHER_ACCOUNT ":root";
    put.key_id = key.arn;
    assert_error(fixture, "PutKeyPolicy", &put.base, "AccessDeniedException",
                 text("User: arn:aws:iam::" OTHER_ACCOUNT ":root is not authorized to perform: kms:PutKeyPolicy on "
                      "this resource because the resource does not exist in this Region, no resource-based policies "
                      "allow access, or a resource-based policy explicitly denies access"));
    fixture->principal = ROOT;
    Rewrap__DescribeKeyRequest describe = REWRAP__DESCRIBE_KEY_REQUEST__INIT;
    describe.key_id = key.id;
    const char *denied = text("User: " ROOT " is not authorized to perform: kms:DescribeKey on resource: %s with an "
                              "explicit deny in a resource-based policy",
                              key.arn);
    assert_error(fixture, "DescribeKey", &describe.base, "AccessDeniedException", denied);
    fixture->logged = 0;
    struct reply reply;
    assert_success(fixture, "PutKeyPolicy", &put.base, &reply);
    reply_clear(&reply);
    assert_true(fixture->logged != 0);
    assert_non_null(strstr(fixture->log, "is damaged and denies everything"));
    assert_policy(fixture, key.id, STATEMENTS(TO_ACCOUNT));
    /* A policy that compiles denies him like everybody. */
    fixture->principal = ALICE;
    put = put_of(key.id, STATEMENTS(ALLOW(ALICE, "kms:*")));
    assert_success(fixture, "PutKeyPolicy", &put.base, &reply);
    reply_clear(&reply);
    fixture->principal = ROOT;
    assert_error(fixture, "PutKeyPolicy", &put.base, "AccessDeniedException",
                 text("User: " ROOT " is not authorized to perform: kms:PutKeyPolicy on resource: %s because no "
                      "resource-based policy allows the kms:PutKeyPolicy action",
                      key.arn));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stored_as_it_was_put),       TEST(there_is_one_and_it_is_called_default),
        TEST(documents_that_are_none),    TEST(documents_that_are_too_long),
        TEST(principals_must_be_known),   TEST(nobody_locks_himself_out),
        TEST(who_may_put_is_asked_first), TEST(a_key_is_made_with_its_policy),
        TEST(a_damaged_policy),           TEST(who_departed_is_shown_by_his_id),
        TEST(texts_that_are_no_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
