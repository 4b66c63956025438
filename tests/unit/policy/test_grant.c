/* policy: what grants may be, and who may retire them (KMS.md ). */
#include "caller_of.h"
#include "policy/evaluate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define V(text) view_of_string(text)
#define ALICE   "arn:aws:iam::111122223333:user/alice"
#define BOB     "arn:aws:iam::111122223333:user/bob"
#define ROOT    "arn:aws:iam::111122223333:root"
#define DAVE    "arn:aws:iam::444455556666:user/dave"
#define ROOT2   "arn:aws:iam::444455556666:root"
#define ROLE    "arn:aws:iam::111122223333:role/Deploy"
#define SESSION "arn:aws:sts::111122223333:assumed-role/Deploy/one"
#define KEY     "arn:aws:kms:eu-central-1:111122223333:key/k"

static void operations_have_names(void **state)
{
    (void)state;
    uint32_t all = 0;
    for (size_t i = 0; i < POLICY_GRANT_OPERATIONS; i++) {
        const char *name = policy_grant_operation_name(UINT32_C(1) << i);
        assert_non_null(name);
        assert_int_equal(policy_grant_operation_of_name(V(name)), UINT32_C(1) << i);
        all |= policy_grant_operation_of_name(V(name));
    }
    assert_int_equal(all, (1 << POLICY_GRANT_OPERATIONS) - 1);
    assert_null(policy_grant_operation_name(1 << POLICY_GRANT_OPERATIONS));
    assert_null(policy_grant_operation_name(3));
    assert_int_equal(policy_grant_operation_of_name(V("ReEncrypt")), 0);
    assert_int_equal(policy_grant_operation_of_name(V("decrypt")), 0);
    assert_int_equal(policy_grant_operation_of_name(V("")), 0);
    assert_int_equal(policy_grant_operation_of_name(V("DeriveSharedSecret")), POLICY_GRANT_DERIVE_SHARED_SECRET);
}

static bool suits(const char *spec, const char *usage, uint32_t operation)
{
    return (policy_grant_operations_of_key(V(spec), V(usage)) & operation) == operation;
}

static void operations_suit_the_key(void **state)
{
    (void)state;
    assert_true(
        suits("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", POLICY_GRANT_GENERATE_DATA_KEY | POLICY_GRANT_RE_ENCRYPT_TO));
    assert_false(suits("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", POLICY_GRANT_GET_PUBLIC_KEY));
    assert_false(suits("SYMMETRIC_DEFAULT", "SIGN_VERIFY", POLICY_GRANT_DESCRIBE_KEY));
    assert_true(suits("RSA_2048", "ENCRYPT_DECRYPT", POLICY_GRANT_RE_ENCRYPT_FROM | POLICY_GRANT_GET_PUBLIC_KEY));
    assert_false(suits("RSA_2048", "ENCRYPT_DECRYPT", POLICY_GRANT_GENERATE_DATA_KEY));
    assert_false(suits("RSA_2048", "ENCRYPT_DECRYPT", POLICY_GRANT_SIGN));
    assert_true(suits("RSA_4096", "SIGN_VERIFY", POLICY_GRANT_SIGN | POLICY_GRANT_VERIFY | POLICY_GRANT_CREATE_GRANT));
    assert_false(suits("ECC_NIST_P256", "SIGN_VERIFY", POLICY_GRANT_RE_ENCRYPT_TO));
    assert_true(suits("HMAC_256", "GENERATE_VERIFY_MAC", POLICY_GRANT_GENERATE_MAC | POLICY_GRANT_RETIRE_GRANT));
    assert_false(suits("HMAC_256", "GENERATE_VERIFY_MAC", POLICY_GRANT_GET_PUBLIC_KEY));
    assert_true(suits("ECC_NIST_P256", "KEY_AGREEMENT", POLICY_GRANT_DERIVE_SHARED_SECRET));
    assert_int_equal(policy_grant_operations_of_key(V("RSA_2048"), V("")), 0);
}

/* ---------------------------------------------------------------- children */

static const struct policy_pair app = {{(const uint8_t *)"App", 3}, {(const uint8_t *)"pay", 3}};
static const struct policy_pair both[] = {{{(const uint8_t *)"Env", 3}, {(const uint8_t *)"prod", 4}},
                                          {{(const uint8_t *)"App", 3}, {(const uint8_t *)"pay", 3}}};
static const struct policy_pair both_turned[] = {{{(const uint8_t *)"App", 3}, {(const uint8_t *)"pay", 3}},
                                                 {{(const uint8_t *)"Env", 3}, {(const uint8_t *)"prod", 4}}};
static const struct policy_pair other = {{(const uint8_t *)"app", 3}, {(const uint8_t *)"pay", 3}};

static struct policy_grant grant_with(uint32_t operations, const struct policy_pair *equals, size_t equals_count,
                                      const struct policy_pair *subset, size_t subset_count)
{
    return (struct policy_grant){.operations = operations,
                                 .constraints = {.has_equals = equals != NULL,
                                                 .equals = equals,
                                                 .equals_count = equals_count,
                                                 .has_subset = subset != NULL,
                                                 .subset = subset,
                                                 .subset_count = subset_count}};
}

#define PARENT (POLICY_GRANT_DECRYPT | POLICY_GRANT_ENCRYPT | POLICY_GRANT_CREATE_GRANT)
#define CHILD  POLICY_GRANT_DECRYPT

static void children_are_no_wider_than_their_parents(void **state)
{
    (void)state;
    const struct {
        struct policy_grant parent;
        struct policy_grant child;
        bool may;
    } rows[] = {
        {grant_with(PARENT, NULL, 0, NULL, 0), grant_with(CHILD, NULL, 0, NULL, 0), true},
        {grant_with(PARENT, NULL, 0, NULL, 0), grant_with(PARENT, NULL, 0, NULL, 0), true},
        {grant_with(PARENT, NULL, 0, NULL, 0), grant_with(POLICY_GRANT_SIGN, NULL, 0, NULL, 0), false},
        {grant_with(CHILD, NULL, 0, NULL, 0), grant_with(CHILD, NULL, 0, NULL, 0), false},
        {grant_with(PARENT, NULL, 0, NULL, 0), grant_with(CHILD, &app, 1, NULL, 0), true},
        {grant_with(PARENT, &app, 1, NULL, 0), grant_with(CHILD, NULL, 0, NULL, 0), false},
        {grant_with(PARENT, &app, 1, NULL, 0), grant_with(CHILD, NULL, 0, &app, 1), false},
        {grant_with(PARENT, &app, 1, NULL, 0), grant_with(CHILD, &app, 1, NULL, 0), true},
        {grant_with(PARENT, &app, 1, NULL, 0), grant_with(CHILD, both, 2, NULL, 0), false},
        {grant_with(PARENT, both, 2, NULL, 0), grant_with(CHILD, both_turned, 2, NULL, 0), true},
        {grant_with(PARENT, NULL, 0, &app, 1), grant_with(CHILD, NULL, 0, &app, 1), true},
        {grant_with(PARENT, NULL, 0, &app, 1), grant_with(CHILD, NULL, 0, both, 2), true},
        {grant_with(PARENT, NULL, 0, &app, 1), grant_with(CHILD, both, 2, NULL, 0), true},
        {grant_with(PARENT, NULL, 0, &app, 1), grant_with(CHILD, &app, 1, NULL, 0), true},
        {grant_with(PARENT, NULL, 0, both, 2), grant_with(CHILD, NULL, 0, &app, 1), false},
        {grant_with(PARENT, NULL, 0, both, 2), grant_with(CHILD, &app, 1, NULL, 0), false},
        {grant_with(PARENT, NULL, 0, &app, 1), grant_with(CHILD, NULL, 0, &other, 1), false},
        {grant_with(PARENT, NULL, 0, &app, 1), grant_with(CHILD, NULL, 0, NULL, 0), false},
        {grant_with(PARENT, &app, 0, NULL, 0), grant_with(CHILD, &app, 0, NULL, 0), true},
        {grant_with(PARENT, &app, 0, NULL, 0), grant_with(CHILD, NULL, 0, &app, 0), false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (policy_grant_may_create(&rows[i].parent, &rows[i].child) != rows[i].may) {
            fail_msg("row %zu", i);
        }
    }
    struct policy_grant parent = grant_with(PARENT, NULL, 0, NULL, 0);
    struct policy_grant child = grant_with(CHILD, NULL, 0, NULL, 0);
    parent.constraints.source_arn = V("arn:aws:s3:::a");
    assert_false(policy_grant_may_create(&parent, &child));
    child.constraints.source_arn = V("arn:aws:s3:::a");
    assert_true(policy_grant_may_create(&parent, &child));
    parent.constraints.source_arn = V("");
    assert_true(policy_grant_may_create(&parent, &child));
}

static void take_step(const struct policy_trace_entry *entry, void *argument)
{
    enum policy_step *step = argument;
    *step = entry->stopped_at;
}

/* Where the grant stops, asked by itself. */
static enum policy_step step_of(const struct policy_grant *grant, const struct policy_request *request)
{
    struct policy_grant_list list = {.grants = &grant, .count = 1};
    struct policy_question question = {.request = request, .grant_lists = &list, .grant_list_count = 1};
    enum policy_step step = POLICY_STEP_ACTION; /* which is of no grant: none was told */
    struct policy_trace trace = {.tell = take_step, .argument = &step};
    policy_explain(&question, &trace);
    bool allowed = policy_decide(&question, NULL, 0).verdict == POLICY_ALLOWED;
    assert_true(allowed == (step == POLICY_STEP_MATCHED));
    return step;
}

static void a_grant_says_why_it_does_not_apply(void **state)
{
    (void)state;
    struct policy_grant grant = grant_with(CHILD, NULL, 0, &app, 1);
    grant.grantee = V(ALICE);
    struct policy_request request = {.caller = caller_of(BOB),
                                     .action = V("kms:Encrypt"),
                                     .resource = V(KEY),
                                     .resource_account = V("111122223333")};
    assert_int_equal(step_of(&grant, &request), POLICY_STEP_GRANTEE);
    request.caller = caller_of(ALICE);
    assert_int_equal(step_of(&grant, &request), POLICY_STEP_OPERATION);
    request.action = V("kms:Decrypt");
    assert_int_equal(step_of(&grant, &request), POLICY_STEP_CONSTRAINT);
    struct view value = V("pay");
    struct policy_context_key context = {.name = V("kms:EncryptionContext:App"), .values = &value, .count = 1};
    request.context = &context;
    request.context_count = 1;
    assert_int_equal(step_of(&grant, &request), POLICY_STEP_MATCHED);
    grant.constraints.source_arn = V("arn:aws:s3:::a");
    assert_int_equal(step_of(&grant, &request), POLICY_STEP_SOURCE_ARN);
    request.caller = caller_of("nobody");
    assert_int_equal(step_of(&grant, &request), POLICY_STEP_ACTION);
}

/* ---------------------------------------------------------------- retiring */

static struct policy_document *parse(enum policy_kind kind, const char *text)
{
    struct policy_document *document = NULL;
    struct policy_result result = policy_document_parse(kind, V(text), &document);
    if (result.code != POLICY_OK) {
        fail_msg("%s: %s", result.place, result.reason);
    }
    return document;
}

static void who_may_retire_a_grant(void **state)
{
    (void)state;
    struct policy_document *open =
        parse(POLICY_KIND_KEY, "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
                               "\"Resource\":\"*\"}}");
    struct policy_document *closed =
        parse(POLICY_KIND_KEY, "{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":{\"AWS\":\"" ALICE
                               "\"},\"Action\":\"kms:RetireGrant\",\"Resource\":\"*\"}}");
    struct policy_identity any = {
        .name = V("any"),
        .document = parse(POLICY_KIND_IDENTITY,
                          "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:RetireGrant\",\"Resource\":\"*\"}}")};
    struct policy_grant plain = {
        .id = V("g"), .grantee = V(ALICE), .operations = POLICY_GRANT_DECRYPT, .issuing_account = V("111122223333")};
    struct policy_grant self = plain;
    self.operations |= POLICY_GRANT_RETIRE_GRANT;
    struct policy_grant retiring = plain;
    retiring.retiring = V(ROLE);
    struct policy_grant by_account = plain;
    by_account.retiring = V(ROOT2);
    struct policy_grant foreign = plain;
    foreign.issuing_account = V("444455556666");
    const struct {
        const char *principal;
        const struct policy_grant *grant;
        const struct policy_document *key_policy;
        size_t identities;
        enum policy_verdict verdict;
        enum policy_reason reason;
        size_t matched;
        size_t index;
    } rows[] = {
        {ALICE, &plain, open, 0, POLICY_DENIED_IMPLICITLY, POLICY_REASON_NO_IDENTITY_ALLOW, 0, 0},
        {ALICE, &plain, open, 1, POLICY_ALLOWED, POLICY_REASON_GRANT, 2, 2},
        {ALICE, &self, open, 0, POLICY_ALLOWED, POLICY_REASON_GRANT, 1, 0},
        {ALICE, &self, closed, 1, POLICY_DENIED_EXPLICITLY, POLICY_REASON_RESOURCE_DENY, 1, 0},
        {BOB, &self, open, 0, POLICY_DENIED_IMPLICITLY, POLICY_REASON_NO_IDENTITY_ALLOW, 0, 0},
        {SESSION, &retiring, open, 0, POLICY_ALLOWED, POLICY_REASON_GRANT, 1, 1},
        {ROOT, &plain, NULL, 0, POLICY_ALLOWED, POLICY_REASON_GRANT, 1, 2},
        {ROOT, &foreign, open, 0, POLICY_DENIED_IMPLICITLY, POLICY_REASON_NO_RESOURCE_ALLOW, 0, 0},
        {ROOT2, &foreign, open, 0, POLICY_ALLOWED, POLICY_REASON_GRANT, 1, 2},
        {DAVE, &foreign, open, 1, POLICY_ALLOWED, POLICY_REASON_GRANT, 2, 2},
        {DAVE, &plain, open, 1, POLICY_DENIED_IMPLICITLY, POLICY_REASON_NO_RESOURCE_ALLOW, 0, 0},
        {DAVE, &by_account, open, 0, POLICY_DENIED_IMPLICITLY, POLICY_REASON_NO_IDENTITY_ALLOW, 0, 0},
        {DAVE, &by_account, open, 1, POLICY_ALLOWED, POLICY_REASON_GRANT, 2, 1},
        {ROOT2, &by_account, open, 0, POLICY_ALLOWED, POLICY_REASON_GRANT, 1, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct policy_request request = {.caller = caller_of(rows[i].principal),
                                         .action = V("kms:RetireGrant"),
                                         .resource = V(KEY),
                                         .resource_account = V("111122223333")};
        struct policy_question question = {.request = &request,
                                           .key_policy = rows[i].key_policy,
                                           .identities = &any,
                                           .identity_count = rows[i].identities};
        struct policy_match matches[4];
        struct policy_decision decision = policy_decide_retire_grant(&question, rows[i].grant, matches, 4);
        if (decision.verdict != rows[i].verdict || decision.reason != rows[i].reason ||
            decision.matched != rows[i].matched) {
            fail_msg("row %zu: %d %d %zu", i, (int)decision.verdict, (int)decision.reason, decision.matched);
        }
        if (decision.matched != 0) {
            assert_int_equal(matches[decision.matched - 1].index, rows[i].index);
        }
    }
    policy_document_free(open);
    policy_document_free(closed);
    policy_document_free((struct policy_document *)(uintptr_t)any.document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_have_names),
        cmocka_unit_test(operations_suit_the_key),
        cmocka_unit_test(children_are_no_wider_than_their_parents),
        cmocka_unit_test(a_grant_says_why_it_does_not_apply),
        cmocka_unit_test(who_may_retire_a_grant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
