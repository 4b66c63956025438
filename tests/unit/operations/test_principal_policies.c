/* The identity policies of users and roles: put, shown, listed, deleted, in force at once (docs/principals.md). */
#include "principals.h"

#include <stdio.h>

#define ALLOW_LIST "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:ListKeys\",\"Resource\":\"*\"}}"
#define DENY_LIST  "{\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"kms:ListKeys\",\"Resource\":\"*\"}]}"

static const struct registry_principal *found(struct fixture *fixture, enum principal_kind kind, const char *name)
{
    const struct registry_principal *principal = registry_principal_find(fixture->registry, ACCOUNT, kind, name);
    assert_non_null(principal);
    return principal;
}

static void put_shown_and_deleted(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(kinds_of_principals); i++) {
        const struct kind_of_principal *kind = &kinds_of_principals[i];
        const char *put = operation_of("Put%sPolicy", kind), *get = operation_of("Get%sPolicy", kind);
        const char *delete = operation_of("Delete%sPolicy", kind);
        const char *missing = text("The %s policy with name p cannot be found.", kind->noun);
        iam_works(fixture, operation_of("Create%s", kind), kind->member, "carol", NULL);
        iam_fails(fixture, "NoSuchEntityException", missing, get, kind->member, "carol", "policy_name", "p", NULL);
        iam_fails(fixture, "NoSuchEntityException", missing, delete, kind->member, "carol", "policy_name", "p", NULL);
        iam_works(fixture, put, kind->member, "carol", "policy_name", "p", "policy_document", ALLOW_LIST "\n ", NULL);
        struct reply reply;
        iam_call(fixture, &reply, get, kind->member, "carol", "policy_name", "p", NULL);
        const Rewrap__GetUserPolicyResponse *user = (const Rewrap__GetUserPolicyResponse *)reply.body;
        const Rewrap__GetRolePolicyResponse *role = (const Rewrap__GetRolePolicyResponse *)reply.body;
        bool is_user = kind->kind == PRINCIPAL_USER;
        assert_string_equal(is_user ? user->user_name : role->role_name, "carol");
        assert_string_equal(is_user ? user->policy_name : role->policy_name, "p");
        assert_string_equal(is_user ? user->policy_document : role->policy_document, ALLOW_LIST "\n "); /* verbatim */
        reply_clear(&reply);
        uint64_t revision = found(fixture, kind->kind, "carol")->revision;
        iam_works(fixture, put, kind->member, "carol", "policy_name", "p", "policy_document", ALLOW_LIST "\n ", NULL);
        assert_int_equal(found(fixture, kind->kind, "carol")->revision, revision); /* it was so already */
        iam_works(fixture, put, kind->member, "carol", "policy_name", "p", "policy_document", DENY_LIST, NULL);
        assert_string_equal(found(fixture, kind->kind, "carol")->policies[0].text, DENY_LIST);
        assert_int_equal(found(fixture, kind->kind, "carol")->n_policies, 1);
        iam_works(fixture, delete, kind->member, "carol", "policy_name", "p", NULL);
        assert_int_equal(found(fixture, kind->kind, "carol")->n_policies, 0);
        iam_fails(fixture, "NoSuchEntityException", text("The %s with name dave cannot be found.", kind->noun), put,
                  kind->member, "dave", "policy_name", "p", "policy_document", ALLOW_LIST, NULL);
    }
}

static void in_force_at_once(void **state)
{
    struct fixture *fixture = *state;
    static const char carol[] = "arn:aws:iam::" ACCOUNT ":user/carol";
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    const char *nothing = "User: arn:aws:iam::" ACCOUNT ":user/carol is not authorized to perform: kms:ListKeys on "
                          "resource: * because no identity-based policy allows the kms:ListKeys action";
    const char *deny = "User: arn:aws:iam::" ACCOUNT ":user/carol is not authorized to perform: kms:ListKeys on "
                       "resource: * with an explicit deny in an identity-based policy";
    fixture->principal = carol;
    iam_fails(fixture, "AccessDeniedException", nothing, "ListKeys", NULL);
    fixture->principal = ALICE;
    iam_works(fixture, "PutUserPolicy", "user_name", "carol", "policy_name", "a", "policy_document", ALLOW_LIST, NULL);
    fixture->principal = carol;
    iam_works(fixture, "ListKeys", NULL);
    fixture->principal = ALICE;
    iam_works(fixture, "PutUserPolicy", "user_name", "carol", "policy_name", "b", "policy_document", DENY_LIST, NULL);
    fixture->principal = carol;
    iam_fails(fixture, "AccessDeniedException", deny, "ListKeys", NULL);
    fixture->principal = ALICE;
    iam_works(fixture, "DeleteUserPolicy", "user_name", "carol", "policy_name", "b", NULL);
    fixture->principal = carol;
    iam_works(fixture, "ListKeys", NULL);
}

static void malformed_documents_are_refused_with_the_place(void **state)
{
    struct fixture *fixture = *state;
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    static const struct {
        const char *document, *place;
    } rows[] = {
        {"{", ""},
        {"[]", ""},
        {"{\"Statement\":{\"Effect\":\"allow\",\"Action\":\"*\",\"Resource\":\"*\"}}", "Statement.Effect"},
        {"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Principal\":\"*\"}]}",
         "Statement[0]"},
        {"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\","
         "\"Condition\":{\"StringIs\":{\"a\":\"b\"}}}}",
         "StringIs"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ProtobufCMessage *request = iam_request("PutUserPolicy", "user_name", "carol", "policy_name", "p",
                                                "policy_document", rows[i].document, NULL);
        struct reply reply;
        fixture_call(fixture, "PutUserPolicy", request, &reply);
        assert_string_equal(reply.code, "MalformedPolicyDocumentException");
        if (strstr(reply.message, rows[i].place) == NULL || strlen(reply.message) < 10) {
            fail_msg("%s: %s", rows[i].document, reply.message);
        }
        reply_clear(&reply);
        free(request);
    }
    iam_fails(fixture, "ValidationException",
              "1 validation error detected: Value '\xE2\x82\xAC' at 'policyDocument' failed to satisfy constraint: "
              "Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+",
              "PutUserPolicy", "user_name", "carol", "policy_name", "p", "policy_document", "\xE2\x82\xAC", NULL);
    assert_int_equal(found(fixture, PRINCIPAL_USER, "carol")->n_policies, 0);
}

static void policies_have_limits(void **state)
{
    struct fixture *fixture = *state;
    iam_works(fixture, "CreateRole", "role_name", "night", NULL);
    char *largest = repeated(' ', 10240), *larger = repeated(' ', 10241), *name = repeated('p', 129);
    memcpy(largest, ALLOW_LIST, strlen(ALLOW_LIST));
    memcpy(larger, ALLOW_LIST, strlen(ALLOW_LIST));
    iam_fails(fixture, "LimitExceededException", "Maximum policy size of 10240 bytes exceeded for role night",
              "PutRolePolicy", "role_name", "night", "policy_name", "p", "policy_document", larger, NULL);
    iam_fails(fixture, "ValidationException",
              text("1 validation error detected: Value '%s' at 'policyName' failed to satisfy constraint: Member must "
                   "have length less than or equal to 128",
                   name),
              "PutRolePolicy", "role_name", "night", "policy_name", name, "policy_document", ALLOW_LIST, NULL);
    name[128] = '\0';
    iam_works(fixture, "PutRolePolicy", "role_name", "night", "policy_name", name, "policy_document", largest, NULL);
    for (unsigned i = 1; i < PRINCIPAL_MAX_POLICIES; i++) {
        iam_works(fixture, "PutRolePolicy", "role_name", "night", "policy_name", text("p%02u", i), "policy_document",
                  largest, NULL);
    }
    iam_fails(fixture, "LimitExceededException", "Cannot exceed quota for PoliciesPerRole: 20", "PutRolePolicy",
              "role_name", "night", "policy_name", "more", "policy_document", ALLOW_LIST, NULL);
    iam_works(fixture, "PutRolePolicy", "role_name", "night", "policy_name", "p07", "policy_document", DENY_LIST, NULL);
    assert_int_equal(found(fixture, PRINCIPAL_ROLE, "night")->n_policies, PRINCIPAL_MAX_POLICIES);
    free(largest);
    free(larger);
    free(name);
}

static void listed_in_pages(void **state)
{
    struct fixture *fixture = *state;
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    for (unsigned i = 0; i < 7; i++) {
        iam_works(fixture, "PutUserPolicy", "user_name", "carol", "policy_name", text("p%u", 6 - i), "policy_document",
                  ALLOW_LIST, NULL);
    }
    char *marker = NULL;
    unsigned seen = 0, pages = 0;
    for (bool more = true; more; pages++) {
        Rewrap__ListUserPoliciesRequest *request = (Rewrap__ListUserPoliciesRequest *)iam_request(
            "ListUserPolicies", "user_name", "carol", "marker", marker, NULL);
        request->has_max_items = true;
        request->max_items = 3;
        struct reply reply;
        assert_success(fixture, "ListUserPolicies", &request->base, &reply);
        const Rewrap__ListUserPoliciesResponse *response = (const Rewrap__ListUserPoliciesResponse *)reply.body;
        for (size_t i = 0; i < response->n_policy_names; i++) {
            assert_string_equal(response->policy_names[i], text("p%u", seen++));
        }
        more = response->is_truncated;
        free(marker);
        marker = more ? strdup(response->marker) : NULL;
        reply_clear(&reply);
        free(request);
    }
    assert_int_equal(seen, 7);
    assert_int_equal(pages, 3);
}

/* Those that come while one is written wait for it, and decide on what it left. */
static void changes_at_once_are_both_made(void **state)
{
    struct fixture *fixture = *state;
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    struct reply replies[8];
    ProtobufCMessage *requests[COUNT(replies)];
    for (size_t i = 0; i < COUNT(replies); i++) {
        requests[i] = iam_request("PutUserPolicy", "user_name", "carol", "policy_name", text("p%zu", i),
                                  "policy_document", ALLOW_LIST, NULL);
        assert_non_null(fixture_start(fixture, "PutUserPolicy", requests[i], &replies[i]));
    }
    for (size_t i = 0; i < COUNT(replies); i++) {
        fixture_wait(fixture, &replies[i]);
        assert_null(replies[i].code);
        reply_clear(&replies[i]);
        free(requests[i]);
    }
    assert_int_equal(found(fixture, PRINCIPAL_USER, "carol")->n_policies, COUNT(replies));
    /* And one whose user goes meanwhile. */
    iam_works(fixture, "CreateUser", "user_name", "dave", NULL);
    ProtobufCMessage *gone = iam_request("DeleteUser", "user_name", "dave", NULL);
    ProtobufCMessage *put =
        iam_request("PutUserPolicy", "user_name", "dave", "policy_name", "p", "policy_document", ALLOW_LIST, NULL);
    assert_non_null(fixture_start(fixture, "DeleteUser", gone, &replies[0]));
    assert_non_null(fixture_start(fixture, "PutUserPolicy", put, &replies[1]));
    fixture_wait(fixture, &replies[0]);
    fixture_wait(fixture, &replies[1]);
    assert_null(replies[0].code);
    assert_string_equal(replies[1].code, "NoSuchEntityException");
    reply_clear(&replies[0]);
    reply_clear(&replies[1]);
    free(gone);
    free(put);
}

/* However many: each is made, on what the one before it left. */
static void many_changes_at_once_are_made_in_their_order(void **state)
{
    struct fixture *fixture = *state;
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    iam_works(fixture, "CreateUser", "user_name", "dave", NULL);
    struct reply replies[50], of_dave;
    ProtobufCMessage *requests[COUNT(replies)];
    for (size_t i = 0; i < COUNT(replies); i++) {
        requests[i] = iam_request("PutUserPolicy", "user_name", "carol", "policy_name", "p", "policy_document",
                                  i % 2 == 0 ? ALLOW_LIST : DENY_LIST, NULL);
        assert_non_null(fixture_start(fixture, "PutUserPolicy", requests[i], &replies[i]));
    }
    ProtobufCMessage *other =
        iam_request("PutUserPolicy", "user_name", "dave", "policy_name", "p", "policy_document", ALLOW_LIST, NULL);
    assert_non_null(fixture_start(fixture, "PutUserPolicy", other, &of_dave));
    fixture_wait(fixture, &of_dave);
    assert_null(of_dave.code);
    reply_clear(&of_dave);
    assert_true(found(fixture, PRINCIPAL_USER, "carol")->revision < COUNT(replies)); /* he does not wait for them */
    for (size_t i = 0; i < COUNT(replies); i++) {
        fixture_wait(fixture, &replies[i]);
        assert_null(replies[i].code);
        reply_clear(&replies[i]);
        free(requests[i]);
    }
    free(other);
    const struct registry_principal *carol = found(fixture, PRINCIPAL_USER, "carol");
    assert_string_equal(carol->policies[0].text, DENY_LIST);
    assert_int_equal(carol->revision, 1 + COUNT(replies));
}

static void too_many_changes_at_once_are_told_to_come_again(void **state)
{
    struct fixture *fixture = *state;
    static struct reply replies[REGISTRY_MAX_WAITING + 3];
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    ProtobufCMessage *put =
        iam_request("PutUserPolicy", "user_name", "carol", "policy_name", "p", "policy_document", ALLOW_LIST, NULL);
    for (size_t i = 0; i < COUNT(replies); i++) {
        (void)fixture_start(fixture, "PutUserPolicy", put, &replies[i]); /* NULL when it is refused at once */
    }
    assert_int_equal(fixture_count_throttled(fixture, replies, COUNT(replies)), COUNT(replies) - REGISTRY_MAX_WAITING);
    assert_int_equal(found(fixture, PRINCIPAL_USER, "carol")->revision, 2);
    free(put);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(put_shown_and_deleted),
        TEST(in_force_at_once),
        TEST(malformed_documents_are_refused_with_the_place),
        TEST(policies_have_limits),
        TEST(listed_in_pages),
        TEST(changes_at_once_are_both_made),
        TEST(many_changes_at_once_are_made_in_their_order),
        TEST(too_many_changes_at_once_are_told_to_come_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
