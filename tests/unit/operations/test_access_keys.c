/* The access keys of users: made, put out of use, deleted, listed; their secrets (docs/principals.md). */
#include "principals.h"

#include "proto/message.h"

#include <ctype.h>
#include <stdio.h>

struct made_key {
    char id[64];
    char secret[64];
};

static struct made_key make(struct fixture *fixture, const char *user)
{
    struct made_key made;
    struct reply reply;
    iam_call(fixture, &reply, "CreateAccessKey", "user_name", user, NULL);
    const Rewrap__AccessKey *key = ((const Rewrap__CreateAccessKeyResponse *)reply.body)->access_key;
    assert_string_equal(key->user_name, user == NULL ? "alice" : user);
    assert_int_equal(key->status, REWRAP__ACCESS_KEY_STATUS__VALUE__Active);
    assert_int_equal(key->create_date->seconds, fixture->now_ms / 1000);
    snprintf(made.id, sizeof made.id, "%s", key->access_key_id);
    snprintf(made.secret, sizeof made.secret, "%s", key->secret_access_key);
    reply_clear(&reply);
    return made;
}

static void made_once_with_a_secret(void **state)
{
    struct fixture *fixture = *state;
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    struct made_key one = make(fixture, "carol"), two = make(fixture, "carol"), own = make(fixture, NULL);
    const struct made_key *keys[] = {&one, &two, &own};
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_int_equal(strlen(keys[i]->id), 20);
        assert_memory_equal(keys[i]->id, "AKIA", 4);
        assert_int_equal(strspn(keys[i]->id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 20);
        assert_int_equal(strlen(keys[i]->secret), 40);
        for (const char *at = keys[i]->secret; *at != '\0'; at++) {
            assert_true(isalnum((unsigned char)*at) || *at == '+' || *at == '/');
        }
        const struct registry_access_key *stored = NULL;
        const struct registry_principal *owner =
            registry_principal_of_access_key(fixture->registry, keys[i]->id, &stored);
        assert_non_null(owner);
        assert_string_equal(owner->name, keys[i] == &own ? "alice" : "carol");
        assert_string_equal(stored->secret, keys[i]->secret);
    }
    assert_string_not_equal(one.secret, two.secret);
    iam_fails(fixture, "LimitExceededException", "Cannot exceed quota for AccessKeysPerUser: 2", "CreateAccessKey",
              "user_name", "carol", NULL);
    iam_fails(fixture, "NoSuchEntityException", "The user with name dave cannot be found.", "CreateAccessKey",
              "user_name", "dave", NULL);
}

/* The answer as bytes: what a reader of the wire would find. */
static bool answer_has(const struct reply *reply, const char *secret)
{
    struct buffer packed = BUFFER_INIT(1024 * 1024);
    assert_int_equal(proto_pack(reply->body, &packed).code, PROTO_OK);
    bool has = packed.len != 0 && memmem(packed.data, packed.len, secret, strlen(secret)) != NULL;
    buffer_clear(&packed);
    return has;
}

static void the_secret_is_in_no_other_answer_and_no_log(void **state)
{
    struct fixture *fixture = *state;
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    struct made_key made = make(fixture, "carol");
    struct reply reply;
    iam_call(fixture, &reply, "ListAccessKeys", "user_name", "carol", NULL);
    const Rewrap__ListAccessKeysResponse *list = (const Rewrap__ListAccessKeysResponse *)reply.body;
    assert_int_equal(list->n_access_key_metadata, 1);
    assert_string_equal(list->access_key_metadata[0]->access_key_id, made.id);
    assert_string_equal(list->access_key_metadata[0]->user_name, "carol");
    assert_false(list->is_truncated);
    assert_false(answer_has(&reply, made.secret));
    reply_clear(&reply);
    iam_call(fixture, &reply, "GetUser", "user_name", "carol", NULL);
    assert_false(answer_has(&reply, made.secret));
    reply_clear(&reply);
    iam_call(fixture, &reply, "ListUsers", NULL);
    assert_false(answer_has(&reply, made.secret));
    reply_clear(&reply);
    ProtobufCMessage *full = iam_request("CreateAccessKey", "user_name", "carol", NULL);
    make(fixture, "carol");
    fixture_call(fixture, "CreateAccessKey", full, &reply); /* refused: nothing of the others is in it */
    assert_null(strstr(reply.message, made.secret));
    reply_clear(&reply);
    free(full);
    assert_null(strstr(fixture->log, made.secret));
}

static void put_out_of_use_and_back(void **state)
{
    struct fixture *fixture = *state;
    struct made_key made = make(fixture, NULL);
    const struct registry_access_key *key = NULL;
    for (int status = REWRAP__ACCESS_KEY_STATUS__VALUE__Inactive; status != 0; status--) {
        Rewrap__UpdateAccessKeyRequest *request =
            (Rewrap__UpdateAccessKeyRequest *)iam_request("UpdateAccessKey", "access_key_id", made.id, NULL);
        request->has_status = true;
        request->status = (Rewrap__AccessKeyStatus__Value)status;
        for (int twice = 0; twice < 2; twice++) {
            struct reply reply;
            assert_success(fixture, "UpdateAccessKey", &request->base, &reply);
            reply_clear(&reply);
            assert_non_null(registry_principal_of_access_key(fixture->registry, made.id, &key));
            assert_int_equal(key->status, status);
            assert_string_equal(key->secret, made.secret);
        }
        free(request);
    }
    iam_fails(fixture, "ValidationException",
              "1 validation error detected: Value null at 'status' failed to satisfy constraint: Member must not be "
              "null",
              "UpdateAccessKey", "access_key_id", made.id, NULL);
}

static void deleted(void **state)
{
    struct fixture *fixture = *state;
    struct made_key one = make(fixture, NULL), two = make(fixture, NULL);
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    const char *missing = text("The Access Key with id %s cannot be found.", one.id);
    iam_fails(fixture, "NoSuchEntityException", missing, "DeleteAccessKey", "user_name", "carol", "access_key_id",
              one.id, NULL); /* another's */
    iam_works(fixture, "DeleteAccessKey", "access_key_id", one.id, NULL);
    iam_fails(fixture, "NoSuchEntityException", missing, "DeleteAccessKey", "access_key_id", one.id, NULL);
    const struct registry_access_key *left = NULL;
    assert_null(registry_principal_of_access_key(fixture->registry, one.id, NULL));
    assert_non_null(registry_principal_of_access_key(fixture->registry, two.id, &left));
    assert_string_equal(left->secret, two.secret);
    make(fixture, NULL); /* there is room again */
    iam_fails(fixture, "ValidationException",
              "1 validation error detected: Value 'AKIA' at 'accessKeyId' failed to satisfy constraint: Member must "
              "have length greater than or equal to 16",
              "DeleteAccessKey", "access_key_id", "AKIA", NULL);
}

static void listed_in_pages(void **state)
{
    struct fixture *fixture = *state;
    struct made_key one = make(fixture, NULL), two = make(fixture, NULL);
    const char *low = strcmp(one.id, two.id) < 0 ? one.id : two.id;
    const char *high = low == one.id ? two.id : one.id;
    Rewrap__ListAccessKeysRequest *request = (Rewrap__ListAccessKeysRequest *)iam_request("ListAccessKeys", NULL);
    request->has_max_items = true;
    request->max_items = 1;
    struct reply first, second;
    assert_success(fixture, "ListAccessKeys", &request->base, &first);
    const Rewrap__ListAccessKeysResponse *page = (const Rewrap__ListAccessKeysResponse *)first.body;
    assert_int_equal(page->n_access_key_metadata, 1);
    assert_string_equal(page->access_key_metadata[0]->access_key_id, low);
    assert_true(page->is_truncated);
    request->marker = page->marker;
    assert_success(fixture, "ListAccessKeys", &request->base, &second);
    page = (const Rewrap__ListAccessKeysResponse *)second.body;
    assert_string_equal(page->access_key_metadata[0]->access_key_id, high);
    assert_false(page->is_truncated);
    reply_clear(&first);
    reply_clear(&second);
    free(request);
}

/* Two at once for the last place: one of them finds it taken. */
static void the_last_place_is_given_once(void **state)
{
    struct fixture *fixture = *state;
    make(fixture, NULL);
    struct reply replies[2];
    ProtobufCMessage *request = iam_request("CreateAccessKey", NULL);
    assert_non_null(fixture_start(fixture, "CreateAccessKey", request, &replies[0]));
    assert_non_null(fixture_start(fixture, "CreateAccessKey", request, &replies[1]));
    fixture_wait(fixture, &replies[0]);
    fixture_wait(fixture, &replies[1]);
    assert_null(replies[0].code);
    assert_string_equal(replies[1].code, "LimitExceededException");
    reply_clear(&replies[0]);
    reply_clear(&replies[1]);
    free(request);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(made_once_with_a_secret), TEST(the_secret_is_in_no_other_answer_and_no_log),
        TEST(put_out_of_use_and_back), TEST(deleted),
        TEST(listed_in_pages),         TEST(the_last_place_is_given_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
