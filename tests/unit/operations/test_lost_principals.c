/*
 * The registry's writer is killed while a change of a user is on its way: what is answered must be true, what is on
 * disk must be one of the two.
 */
#include "lives.h"
#include "principals.h"

#define ROUNDS 30

static const struct registry_principal *find(struct fixture *fixture, const char *name)
{
    return registry_principal_find(fixture->registry, ACCOUNT, PRINCIPAL_USER, name);
}

/* Calls and kills; true when it was answered with success. */
static bool lost(struct fixture *fixture, const struct fixture_key *spare, unsigned round, const char *operation,
                 ProtobufCMessage *request, struct reply *reply)
{
    lives_call_and_kill(fixture, operation, request, round * 100, reply);
    lives_recover(fixture, spare);
    free(request);
    return reply->code == NULL;
}

static void users_and_policies(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key spare = fixture_open(fixture);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const char *name = text("u%u", round);
        struct reply reply;
        ProtobufCMessage *create = iam_request("CreateUser", "user_name", name, NULL);
        bool made = lost(fixture, &spare, round, "CreateUser", create, &reply);
        assert_true(made == (find(fixture, name) != NULL));
        if (made) {
            const Rewrap__User *user = ((const Rewrap__CreateUserResponse *)reply.body)->user;
            assert_string_equal(user->user_id, find(fixture, name)->unique_id);
        }
        reply_clear(&reply);
        if (!made) {
            iam_works(fixture, "CreateUser", "user_name", name, NULL);
        }
        ProtobufCMessage *put =
            iam_request("PutUserPolicy", "user_name", name, "policy_name", "p", "policy_document", EVERYTHING, NULL);
        made = lost(fixture, &spare, round, "PutUserPolicy", put, &reply);
        assert_true(made == (find(fixture, name)->n_policies == 1));
        reply_clear(&reply);
        if (made) {
            ProtobufCMessage *take = iam_request("DeleteUserPolicy", "user_name", name, "policy_name", "p", NULL);
            made = lost(fixture, &spare, round, "DeleteUserPolicy", take, &reply);
            assert_true(made == (find(fixture, name)->n_policies == 0));
            reply_clear(&reply);
        }
        if (find(fixture, name)->n_policies == 0) {
            ProtobufCMessage *delete = iam_request("DeleteUser", "user_name", name, NULL);
            made = lost(fixture, &spare, round, "DeleteUser", delete, &reply);
            assert_true(made == (find(fixture, name) == NULL));
            reply_clear(&reply);
        }
    }
}

static void access_keys(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key spare = fixture_open(fixture);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const char *name = text("u%u", round);
        struct reply reply;
        iam_works(fixture, "CreateUser", "user_name", name, NULL);
        ProtobufCMessage *create = iam_request("CreateAccessKey", "user_name", name, NULL);
        bool made = lost(fixture, &spare, round, "CreateAccessKey", create, &reply);
        assert_true(made == (find(fixture, name)->n_access_keys == 1));
        if (made) { /* the secret that was shown is the one that counts */
            const Rewrap__AccessKey *key = ((const Rewrap__CreateAccessKeyResponse *)reply.body)->access_key;
            assert_string_equal(key->access_key_id, find(fixture, name)->access_keys[0].id);
            assert_string_equal(key->secret_access_key, find(fixture, name)->access_keys[0].secret);
        }
        reply_clear(&reply);
        if (!made) {
            continue;
        }
        ProtobufCMessage *take = iam_request("DeleteAccessKey", "user_name", name, "access_key_id",
                                             text("%s", find(fixture, name)->access_keys[0].id), NULL);
        made = lost(fixture, &spare, round, "DeleteAccessKey", take, &reply);
        assert_true(made == (find(fixture, name)->n_access_keys == 0));
        reply_clear(&reply);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(users_and_policies),
        TEST(access_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
