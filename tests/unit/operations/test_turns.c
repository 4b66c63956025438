/*
 * Changes of one key, user or role that are asked for before the one under way is made: each is decided on what the one
 * before it left, be it that there is nothing to do then, and they are answered in the order in which they came.
 */
#include "lives.h"
#include "principals.h"

#include "proto/message.h"

#define DENY_ENABLE                                                                                                    \
    "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ROOT "\"},\"Action\":\"*\",\"Resource\":\"*\"}," \
    "{\"Effect\":\"Deny\",\"Principal\":{\"AWS\":\"" ALICE "\"},\"Action\":\"kms:EnableKey\",\"Resource\":\"*\"}]}"
#define ENABLE_IS_DENIED                                                                                               \
    "User: " ALICE " is not authorized to perform: kms:EnableKey on resource: %s with an explicit deny in a "          \
    "resource-based policy"

/* Starts both, and sees that the first is answered first: with success, as `first` must be. */
static void pair(struct fixture *fixture, const char *first, ProtobufCMessage *one, const char *second,
                 ProtobufCMessage *other, struct reply *ret_second)
{
    struct reply reply;
    fixture_start(fixture, first, one, &reply);
    fixture_start(fixture, second, other, ret_second);
    assert_false(ret_second->done);
    fixture_wait(fixture, ret_second);
    assert_true(reply.done);
    assert_null(reply.code);
    reply_clear(&reply);
    free(one);
    free(other);
}

static void both_work(struct fixture *fixture, const char *first, ProtobufCMessage *one, const char *second,
                      ProtobufCMessage *other)
{
    struct reply reply;
    pair(fixture, first, one, second, other, &reply);
    assert_null(reply.code);
    reply_clear(&reply);
}

static void both_work_on(struct fixture *fixture, const struct fixture_key *key, const char *first, const char *second)
{
    both_work(fixture, first, request_for(first, key->id), second, request_for(second, key->id));
}

/* ------------------------------------------------------------------ keys */

/* As the key is when they come, the second of each has nothing to do. */
static void states_and_schedules(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    both_work_on(fixture, &key, "DisableKey", "EnableKey");
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_ENABLED);
    both_work_on(fixture, &key, "EnableKeyRotation", "DisableKeyRotation");
    assert_int_equal(stored(fixture, &key)->rotation_days, 0);
    works(fixture, "EnableKeyRotation", key.id);
    both_work_on(fixture, &key, "DisableKeyRotation", "EnableKeyRotation");
    assert_int_equal(stored(fixture, &key)->rotation_days, 365);
    works(fixture, "DisableKey", key.id);
    both_work_on(fixture, &key, "EnableKey", "DisableKey");
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_DISABLED);
}

static ProtobufCMessage *describing(const struct fixture_key *key, const char *description)
{
    ProtobufCMessage *request = request_for("UpdateKeyDescription", key->id);
    ((Rewrap__UpdateKeyDescriptionRequest *)request)->description = (char *)(uintptr_t)description;
    return request;
}

static void descriptions(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    both_work(fixture, "UpdateKeyDescription", describing(&key, "x"), "UpdateKeyDescription", describing(&key, ""));
    assert_string_equal(stored(fixture, &key)->description, "");
}

static ProtobufCMessage *tagging(const struct fixture_key *key)
{
    static char name[] = "a";
    static Rewrap__Tag tag = REWRAP__TAG__INIT;
    static Rewrap__Tag *tags[] = {&tag};
    tag.tag_key = tag.tag_value = name;
    ProtobufCMessage *request = request_for("TagResource", key->id);
    ((Rewrap__TagResourceRequest *)request)->tags = tags;
    ((Rewrap__TagResourceRequest *)request)->n_tags = 1;
    return request;
}

static ProtobufCMessage *untagging(const struct fixture_key *key)
{
    static char name[] = "a";
    static char *names[] = {name};
    ProtobufCMessage *request = request_for("UntagResource", key->id);
    ((Rewrap__UntagResourceRequest *)request)->tag_keys = names;
    ((Rewrap__UntagResourceRequest *)request)->n_tag_keys = 1;
    return request;
}

static void tags(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    both_work(fixture, "TagResource", tagging(&key), "UntagResource", untagging(&key));
    assert_int_equal(stored(fixture, &key)->n_tags, 0);
    ProtobufCMessage *tag = tagging(&key);
    works_with(fixture, "TagResource", tag);
    free(tag);
    both_work(fixture, "UntagResource", untagging(&key), "TagResource", tagging(&key));
    assert_int_equal(stored(fixture, &key)->n_tags, 1);
}

/* As the key is when they come, its state refuses the second of each. */
static void states_are_those_that_the_first_leaves(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    both_work_on(fixture, &key, "ScheduleKeyDeletion", "CancelKeyDeletion");
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_DISABLED);
    both_work_on(fixture, &key, "EnableKey", "RotateKeyOnDemand");
    assert_int_equal(stored(fixture, &key)->n_materials, 2);
    works(fixture, "ScheduleKeyDeletion", key.id);
    both_work_on(fixture, &key, "CancelKeyDeletion", "EnableKey");
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_ENABLED);
}

/* Nothing to do, for one who may not do it any more. */
static void permissions_are_those_that_the_first_leaves(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    ProtobufCMessage *put = request_for("PutKeyPolicy", key.id);
    ((Rewrap__PutKeyPolicyRequest *)put)->policy = (char *)(uintptr_t)DENY_ENABLE;
    struct reply reply;
    pair(fixture, "PutKeyPolicy", put, "EnableKey", request_for("EnableKey", key.id), &reply);
    assert_string_equal(reply.code, "AccessDeniedException");
    assert_string_equal(reply.message, text(ENABLE_IS_DENIED, key.arn));
    reply_clear(&reply);
}

/* Whom nothing allows it takes no place among those who wait. */
static void who_may_not_does_not_wait(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    ProtobufCMessage *disable = request_for("DisableKey", key.id), *enable = request_for("EnableKey", key.id);
    struct reply first, second;
    fixture_start(fixture, "DisableKey", disable, &first);
    fixture->principal = "arn:aws:iam::" ACCOUNT ":user/nobody";
    fixture_start(fixture, "EnableKey", enable, &second);
    assert_true(second.done);
    assert_string_equal(second.code, "AccessDeniedException");
    reply_clear(&second);
    fixture_wait(fixture, &first);
    assert_null(first.code);
    reply_clear(&first);
    free(disable);
    free(enable);
}

/* The first loses to a change that has no turn: it tries again before the second has its own. */
static void who_is_beaten_keeps_the_turn(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct registry_key other = *stored(fixture, &key);
    struct fixture_change change = {0};
    char description[] = "other";
    other.description = description;
    registry_key_replace(fixture->registry, &other, fixture_on_change, &change);
    both_work(fixture, "TagResource", tagging(&key), "UntagResource", untagging(&key));
    fixture_wait_for_change(fixture, &change);
    assert_string_equal(stored(fixture, &key)->description, "other");
    assert_int_equal(stored(fixture, &key)->n_tags, 0);
    assert_int_equal(stored(fixture, &key)->revision, 4);
}

struct next {
    struct fixture *fixture;
    const ProtobufCMessage *request;
    struct reply reply;
};

static void start_next(void *arg, const struct operation_error *error, struct view body)
{
    struct next *next = arg;
    (void)body;
    assert_null(error);
    fixture_start(next->fixture, "DisableKey", next->request, &next->reply);
}

/* It came last, though nobody was at the registry when it came. */
static void what_an_answer_brings_waits_for_those_who_wait(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    ProtobufCMessage *disable = request_for("DisableKey", key.id), *enable = request_for("EnableKey", key.id);
    struct next next = {.fixture = fixture, .request = disable};
    struct operation_caller caller = {.principal = ALICE};
    struct buffer packed = BUFFER_INIT(1024);
    struct reply enabled;
    assert_int_equal(proto_pack(disable, &packed).code, PROTO_OK);
    assert_non_null(
        operation_start(&fixture->operations, &caller, "DisableKey", buffer_view(&packed), 0, start_next, &next));
    fixture_start(fixture, "EnableKey", enable, &enabled);
    fixture_wait(fixture, &enabled);
    assert_null(enabled.code);
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_ENABLED);
    assert_false(next.reply.done);
    fixture_wait(fixture, &next.reply);
    assert_null(next.reply.code);
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_DISABLED);
    reply_clear(&enabled);
    reply_clear(&next.reply);
    buffer_clear(&packed);
    free(disable);
    free(enable);
}

/* ------------------------------------------------------------------ users and roles */

static void identity_policies(void **state)
{
    static const char other[] = "{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}}";
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(kinds_of_principals); i++) {
        const struct kind_of_principal *kind = &kinds_of_principals[i];
        const char *put = operation_of("Put%sPolicy", kind), *delete = operation_of("Delete%sPolicy", kind);
        iam_works(fixture, operation_of("Create%s", kind), kind->member, "carol", NULL);
        iam_works(fixture, put, kind->member, "carol", "policy_name", "p", "policy_document", EVERYTHING, NULL);
        both_work(fixture, put,
                  iam_request(put, kind->member, "carol", "policy_name", "p", "policy_document", other, NULL), put,
                  iam_request(put, kind->member, "carol", "policy_name", "p", "policy_document", EVERYTHING, NULL));
        const struct registry_principal *carol =
            registry_principal_find(fixture->registry, ACCOUNT, kind->kind, "carol");
        assert_string_equal(carol->policies[0].text, EVERYTHING);
        both_work(fixture, delete, iam_request(delete, kind->member, "carol", "policy_name", "p", NULL), put,
                  iam_request(put, kind->member, "carol", "policy_name", "p", "policy_document", EVERYTHING, NULL));
        carol = registry_principal_find(fixture->registry, ACCOUNT, kind->kind, "carol");
        assert_int_equal(carol->n_policies, 1);
        /* Before the first is made, the second would be refused. */
        const char *remove = operation_of("Delete%s", kind);
        both_work(fixture, delete, iam_request(delete, kind->member, "carol", "policy_name", "p", NULL), remove,
                  iam_request(remove, kind->member, "carol", NULL));
        assert_null(registry_principal_find(fixture->registry, ACCOUNT, kind->kind, "carol"));
    }
}

static ProtobufCMessage *updating(const char *id, Rewrap__AccessKeyStatus__Value status)
{
    ProtobufCMessage *request = iam_request("UpdateAccessKey", "user_name", "carol", "access_key_id", id, NULL);
    ((Rewrap__UpdateAccessKeyRequest *)request)->has_status = true;
    ((Rewrap__UpdateAccessKeyRequest *)request)->status = status;
    return request;
}

static void access_keys(void **state)
{
    struct fixture *fixture = *state;
    struct reply reply;
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    iam_call(fixture, &reply, "CreateAccessKey", "user_name", "carol", NULL);
    const char *id = text("%s", ((const Rewrap__CreateAccessKeyResponse *)reply.body)->access_key->access_key_id);
    reply_clear(&reply);
    both_work(fixture, "UpdateAccessKey", updating(id, REWRAP__ACCESS_KEY_STATUS__VALUE__Inactive), "UpdateAccessKey",
              updating(id, REWRAP__ACCESS_KEY_STATUS__VALUE__Active));
    const struct registry_principal *carol =
        registry_principal_find(fixture->registry, ACCOUNT, PRINCIPAL_USER, "carol");
    assert_int_equal(carol->access_keys[0].status, ACCESS_KEY_ACTIVE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(states_and_schedules),
        TEST(descriptions),
        TEST(tags),
        TEST(states_are_those_that_the_first_leaves),
        TEST(permissions_are_those_that_the_first_leaves),
        TEST(who_may_not_does_not_wait),
        TEST(who_is_beaten_keeps_the_turn),
        TEST(what_an_answer_brings_waits_for_those_who_wait),
        TEST(identity_policies),
        TEST(access_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
