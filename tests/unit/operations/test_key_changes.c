/* EnableKey, DisableKey, UpdateKeyDescription, ScheduleKeyDeletion, CancelKeyDeletion: who may, on what, what is
 * answered and kept; and two changes of one key at once. */
#include "lives.h"

#include "request/specs.h"

/* Those that take a key and no alias, and only of the own account; what they need besides the key. */
static const char *const key_only[] = {
    "UpdateKeyDescription", "EnableKey",         "DisableKey",       "ScheduleKeyDeletion", "CancelKeyDeletion",
    "TagResource",          "UntagResource",     "ListResourceTags", "EnableKeyRotation",   "DisableKeyRotation",
    "GetKeyRotationStatus", "RotateKeyOnDemand", "ListKeyRotations",
};

static ProtobufCMessage *complete_request(const char *operation, const char *key_id)
{
    static char word[] = "word";
    static char *words[] = {word};
    static Rewrap__Tag tag = REWRAP__TAG__INIT;
    static Rewrap__Tag *tags[] = {&tag};
    tag.tag_key = tag.tag_value = word;
    ProtobufCMessage *request = request_for(operation, key_id);
    if (strcmp(operation, "UpdateKeyDescription") == 0) {
        ((Rewrap__UpdateKeyDescriptionRequest *)request)->description = word;
    } else if (strcmp(operation, "TagResource") == 0) {
        ((Rewrap__TagResourceRequest *)request)->n_tags = 1;
        ((Rewrap__TagResourceRequest *)request)->tags = tags;
    } else if (strcmp(operation, "UntagResource") == 0) {
        ((Rewrap__UntagResourceRequest *)request)->n_tag_keys = 1;
        ((Rewrap__UntagResourceRequest *)request)->tag_keys = words;
    }
    return request;
}

static void refused(struct fixture *fixture, const char *operation, const char *key_id, const char *code,
                    const char *message)
{
    ProtobufCMessage *request = complete_request(operation, key_id);
    assert_error(fixture, operation, request, code, message);
    free(request);
}

static void keys_only_and_ones_own(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    struct fixture_key theirs = fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT});
    fixture_alias(fixture, ACCOUNT, "alias/x", &key);
    const char *no_aliases = "Key Aliases are not supported for this operation.";
    for (size_t i = 0; i < COUNT(key_only); i++) {
        const char *operation = key_only[i];
        refused(fixture, operation, "alias/x", "InvalidArnException", no_aliases);
        refused(fixture, operation, "alias/unknown", "InvalidArnException", no_aliases);
        refused(fixture, operation, ARN("alias/x"), "InvalidArnException", no_aliases);
        refused(fixture, operation, UNKNOWN_ID, "NotFoundException", "Key '" ARN("key/" UNKNOWN_ID) "' does not exist");
        refused(fixture, operation, "nonsense", "NotFoundException", "Invalid keyId 'nonsense'");
        refused(fixture, operation, theirs.id, "NotFoundException",
                text("Key '" ARN("key/%s") "' does not exist", theirs.id));
        refused(fixture, operation, theirs.arn, "AccessDeniedException",
                text("User: " ALICE " is not authorized to perform: kms:%s on this resource because the resource does "
                     "not exist in this Region, no resource-based policies allow access, or a resource-based policy "
                     "explicitly denies access",
                     operation));
        ProtobufCMessage *request = request_for(operation, NULL);
        struct reply reply;
        fixture_call(fixture, operation, request, &reply);
        assert_string_equal(reply.code, "ValidationException");
        assert_non_null(
            strstr(reply.message, "Value null at 'keyId' failed to satisfy constraint: Member must not be null"));
        reply_clear(&reply);
        free(request);
    }
    assert_int_equal(stored(fixture, &key)->revision, 1);
    assert_int_equal(stored(fixture, &theirs)->revision, 1);
}

static void enabled_and_disabled(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    works(fixture, "EnableKey", key.id);
    assert_int_equal(stored(fixture, &key)->revision, 1); /* there was nothing to write */
    works(fixture, "DisableKey", key.arn);
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_DISABLED);
    assert_int_equal(stored(fixture, &key)->revision, 2);
    works(fixture, "DisableKey", key.id);
    assert_int_equal(stored(fixture, &key)->revision, 2);
    works(fixture, "EnableKey", key.id);
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_ENABLED);
}

static void describe(struct fixture *fixture, const char *key_id, const char *description)
{
    Rewrap__UpdateKeyDescriptionRequest request = REWRAP__UPDATE_KEY_DESCRIPTION_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    request.description = (char *)(uintptr_t)description;
    works_with(fixture, "UpdateKeyDescription", &request.base);
}

static void described(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    char *longest = repeated('d', 8192);
    describe(fixture, key.id, longest);
    assert_string_equal(stored(fixture, &key)->description, longest);
    free(longest);
    describe(fixture, key.id, "");
    assert_string_equal(stored(fixture, &key)->description, "");
    assert_int_equal(stored(fixture, &key)->revision, 3);
    describe(fixture, key.id, "");
    assert_int_equal(stored(fixture, &key)->revision, 3);
    fails(fixture, "UpdateKeyDescription", key.id, "ValidationException",
          "1 validation error detected: Value null at 'description' failed to satisfy constraint: Member must not be "
          "null");
}

/* ------------------------------------------------------------------ deletion */

static void schedule(struct fixture *fixture, const struct fixture_key *key, int32_t days, struct reply *reply)
{
    Rewrap__ScheduleKeyDeletionRequest request = REWRAP__SCHEDULE_KEY_DELETION_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key->id;
    request.has_pending_window_in_days = days != 0;
    request.pending_window_in_days = days;
    assert_success(fixture, "ScheduleKeyDeletion", &request.base, reply);
}

/* DescribeKey shows when, while there is something to show. */
static void assert_shown(struct fixture *fixture, const char *key_id, int64_t deletion_ms)
{
    ProtobufCMessage *request = request_for("DescribeKey", key_id);
    struct reply reply;
    assert_success(fixture, "DescribeKey", request, &reply);
    const Rewrap__KeyMetadata *metadata = ((const Rewrap__DescribeKeyResponse *)reply.body)->key_metadata;
    assert_int_equal(metadata->deletion_date != NULL, deletion_ms != 0);
    if (metadata->deletion_date != NULL) {
        assert_int_equal(metadata->deletion_date->seconds, deletion_ms / 1000);
    }
    assert_false(metadata->enabled);
    reply_clear(&reply);
    free(request);
}

static void scheduled_and_cancelled(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        int32_t asked, days;
    } rows[] = {{0, 30}, {7, 7}, {30, 30}};
    struct fixture_key key = fixture_open(fixture);
    struct reply reply;
    for (size_t i = 0; i < COUNT(rows); i++) {
        schedule(fixture, &key, rows[i].asked, &reply);
        const Rewrap__ScheduleKeyDeletionResponse *response = (const Rewrap__ScheduleKeyDeletionResponse *)reply.body;
        int64_t end_ms = fixture->now_ms + rows[i].days * DAY_MS;
        assert_string_equal(response->key_id, key.arn);
        assert_int_equal(response->key_state, REWRAP__KEY_STATE__VALUE__PendingDeletion);
        assert_int_equal(response->pending_window_in_days, rows[i].days);
        assert_int_equal(response->deletion_date->seconds, end_ms / 1000);
        assert_int_equal(response->deletion_date->nanos, end_ms % 1000 * 1000000);
        assert_int_equal(stored(fixture, &key)->deletion_ms, end_ms);
        reply_clear(&reply);
        assert_shown(fixture, key.id, end_ms);
        ProtobufCMessage *cancel = request_for("CancelKeyDeletion", key.id);
        assert_success(fixture, "CancelKeyDeletion", cancel, &reply);
        assert_string_equal(((const Rewrap__CancelKeyDeletionResponse *)reply.body)->key_id, key.arn);
        assert_int_equal(stored(fixture, &key)->state, KEY_STATE_DISABLED); /* not enabled */
        assert_int_equal(stored(fixture, &key)->deletion_ms, 0);
        assert_shown(fixture, key.id, 0);
        reply_clear(&reply);
        free(cancel);
    }
}

static void windows_out_of_range(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    static const struct {
        int32_t days;
        const char *words;
    } rows[] = {{6, "greater than or equal to 7"}, {1, "greater than or equal to 7"},
                {0, "greater than or equal to 1"}, {-1, "greater than or equal to 1"},
                {31, "less than or equal to 30"},  {365, "less than or equal to 30"},
                {366, "less than or equal to 365"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        Rewrap__ScheduleKeyDeletionRequest request = REWRAP__SCHEDULE_KEY_DELETION_REQUEST__INIT;
        request.key_id = key.id;
        request.has_pending_window_in_days = true;
        request.pending_window_in_days = rows[i].days;
        assert_error(fixture, "ScheduleKeyDeletion", &request.base, "ValidationException",
                     text("1 validation error detected: Value '%d' at 'pendingWindowInDays' failed to satisfy "
                          "constraint: Member must have value %s",
                          rows[i].days, rows[i].words));
    }
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_ENABLED);
}

/* From the end of the waiting period on nobody sees it, before any sweep; until then everybody does. */
static void unknown_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture), other = fixture_open(fixture);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &key, "secret", NULL, NULL);
    fixture_alias(fixture, ACCOUNT, "alias/x", &key);
    struct reply reply;
    schedule(fixture, &key, 7, &reply);
    reply_clear(&reply);
    fixture->now_ms += 7 * DAY_MS - 1;
    works(fixture, "DescribeKey", key.id);
    works(fixture, "DescribeKey", "alias/x");
    fixture->now_ms++;
    const char *missing = text("Key '%s' does not exist", key.arn);
    fails(fixture, "DescribeKey", key.id, "NotFoundException", missing);
    fails(fixture, "DescribeKey", key.arn, "NotFoundException", missing);
    fails(fixture, "CancelKeyDeletion", key.id, "NotFoundException", missing);
    fails(fixture, "DescribeKey", "alias/x", "NotFoundException", "Alias " ARN("alias/x") " is not found.");
    fails(fixture, "DescribeKey", ARN("alias/x"), "NotFoundException", "Alias " ARN("alias/x") " is not found.");
    Rewrap__DecryptRequest decrypt = REWRAP__DECRYPT_REQUEST__INIT;
    decrypt.has_ciphertext_blob = true;
    decrypt.ciphertext_blob = blob;
    assert_error(
        fixture, "Decrypt", &decrypt.base, "AccessDeniedException",
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or "
        "you are not allowed to access.");
    free(blob.data);

    Rewrap__ListKeysRequest keys = REWRAP__LIST_KEYS_REQUEST__INIT;
    assert_success(fixture, "ListKeys", &keys.base, &reply);
    const Rewrap__ListKeysResponse *listed = (const Rewrap__ListKeysResponse *)reply.body;
    assert_int_equal(listed->n_keys, 1);
    assert_string_equal(listed->keys[0]->key_id, other.id);
    reply_clear(&reply);
    Rewrap__ListAliasesRequest aliases = REWRAP__LIST_ALIASES_REQUEST__INIT;
    assert_success(fixture, "ListAliases", &aliases.base, &reply);
    assert_int_equal(((const Rewrap__ListAliasesResponse *)reply.body)->n_aliases, 0);
    reply_clear(&reply);

    char name[] = "alias/x";
    Rewrap__UpdateAliasRequest update = REWRAP__UPDATE_ALIAS_REQUEST__INIT;
    update.alias_name = name;
    update.target_key_id = other.id;
    assert_error(fixture, "UpdateAlias", &update.base, "NotFoundException", "Alias " ARN("alias/x") " is not found.");
    Rewrap__DeleteAliasRequest delete = REWRAP__DELETE_ALIAS_REQUEST__INIT;
    delete.alias_name = name;
    assert_error(fixture, "DeleteAlias", &delete.base, "NotFoundException", "Alias " ARN("alias/x") " is not found.");
    /* Its name is free, twice over: the second finds the first's. */
    Rewrap__CreateAliasRequest create = REWRAP__CREATE_ALIAS_REQUEST__INIT;
    create.alias_name = name;
    create.target_key_id = other.id;
    struct reply first, second;
    fixture_start(fixture, "CreateAlias", &create.base, &first);
    fixture_start(fixture, "CreateAlias", &create.base, &second);
    fixture_wait(fixture, &first);
    fixture_wait(fixture, &second);
    assert_null(first.code);
    assert_string_equal(second.code, "AlreadyExistsException");
    reply_clear(&first);
    reply_clear(&second);
    works(fixture, "DescribeKey", "alias/x");
}

/* ------------------------------------------------------------------ two at once */

static void tag_with(struct fixture *fixture, const struct fixture_key *key, const char *name, struct reply *reply)
{
    Rewrap__Tag tag = REWRAP__TAG__INIT;
    Rewrap__Tag *tags[] = {&tag};
    tag.tag_key = tag.tag_value = (char *)(uintptr_t)name;
    Rewrap__TagResourceRequest request = REWRAP__TAG_RESOURCE_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key->id;
    request.n_tags = 1;
    request.tags = tags;
    fixture_start(fixture, "TagResource", &request.base, reply);
}

/* Each sees the key without the others' tags, and none is lost. */
static void changes_at_once_are_all_made(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    struct reply replies[10];
    for (size_t i = 0; i < COUNT(replies); i++) {
        tag_with(fixture, &key, text("tag-%zu", i), &replies[i]);
    }
    fixture_wait_for_successes(fixture, replies, COUNT(replies));
    assert_int_equal(stored(fixture, &key)->n_tags, COUNT(replies));
    assert_int_equal(stored(fixture, &key)->revision, 1 + COUNT(replies));
}

/* However many: each waits for the one before it, and none for nothing. */
static void many_changes_at_once_are_all_made(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture), other = fixture_open(fixture);
    struct reply replies[49], of_other;
    for (size_t i = 0; i < COUNT(replies); i++) {
        tag_with(fixture, &key, text("tag-%02zu", i), &replies[i]);
    }
    tag_with(fixture, &other, "tag", &of_other);
    fixture_wait(fixture, &of_other);
    assert_null(of_other.code);
    reply_clear(&of_other);
    assert_true(stored(fixture, &key)->n_tags < COUNT(replies)); /* another key's change does not wait for them */
    fixture_wait_for_successes(fixture, replies, COUNT(replies));
    assert_int_equal(stored(fixture, &key)->n_tags, COUNT(replies));
    assert_int_equal(stored(fixture, &key)->revision, 1 + COUNT(replies));
}

/* The one that waits decides on the key as it then is, whether it writes, has nothing to do or is refused. */
static void a_change_that_waits_sees_those_before_it(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    struct reply replies[5];
    ProtobufCMessage *schedule_it = request_for("ScheduleKeyDeletion", key.id);
    tag_with(fixture, &key, "a", &replies[0]);
    tag_with(fixture, &key, "a", &replies[1]);
    fixture_start(fixture, "ScheduleKeyDeletion", schedule_it, &replies[2]);
    tag_with(fixture, &key, "b", &replies[3]);
    tag_with(fixture, &key, "c", &replies[4]);
    for (size_t i = 0; i < COUNT(replies); i++) {
        fixture_wait(fixture, &replies[i]);
        if (i < 3) {
            assert_null(replies[i].code);
        } else {
            assert_string_equal(replies[i].code, "KMSInvalidStateException");
        }
        reply_clear(&replies[i]);
    }
    assert_int_equal(stored(fixture, &key)->n_tags, 1);
    assert_int_equal(stored(fixture, &key)->revision, 3);
    works(fixture, "CancelKeyDeletion", key.id);
    free(schedule_it);
}

static void too_many_at_once_are_told_to_come_again(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    static struct reply replies[REGISTRY_MAX_WAITING + 3];
    registry_set_patience(fixture->registry, 120000); /* so many take long to begin under valgrind */
    for (size_t i = 0; i < COUNT(replies); i++) {
        tag_with(fixture, &key, "tag", &replies[i]);
    }
    assert_int_equal(fixture_count_throttled(fixture, replies, COUNT(replies)), COUNT(replies) - REGISTRY_MAX_WAITING);
    works(fixture, "DisableKey", key.id);
}

static void disabled_while_scheduled(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    struct reply scheduled, disabled;
    lives_call_both(fixture, &key, "ScheduleKeyDeletion", &scheduled, "DisableKey", &disabled);
    assert_null(scheduled.code); /* the first wins, and the second decides again on what it finds */
    assert_string_equal(disabled.code, "KMSInvalidStateException");
    assert_string_equal(disabled.message, text("%s is pending deletion.", key.arn));
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_PENDING_DELETION);
    reply_clear(&scheduled);
    reply_clear(&disabled);
}

/* A change that was begun is finished when nobody waits for it any more. */
static void the_caller_goes_away(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    ProtobufCMessage *request = request_for("DisableKey", key.id);
    struct reply reply;
    struct operation *operation = fixture_start(fixture, "DisableKey", request, &reply);
    operation_abandon(operation);
    sweep(fixture);
    assert_false(reply.done);
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_DISABLED);
    free(request);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_only_and_ones_own),
        TEST(enabled_and_disabled),
        TEST(described),
        TEST(scheduled_and_cancelled),
        TEST(windows_out_of_range),
        TEST(unknown_at_once),
        TEST(changes_at_once_are_all_made),
        TEST(many_changes_at_once_are_all_made),
        TEST(a_change_that_waits_sees_those_before_it),
        TEST(too_many_at_once_are_told_to_come_again),
        TEST(disabled_while_scheduled),
        TEST(the_caller_goes_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
