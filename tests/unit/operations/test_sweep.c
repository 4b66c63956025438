/* What time does to keys: deletion at the end of the waiting period, the objects of deleted keys, automatic rotation;
 * by a clock that the tests move. */
#include "lives.h"

static void schedule(struct fixture *fixture, const struct fixture_key *key)
{
    works(fixture, "ScheduleKeyDeletion", key->id); /* 30 days */
}

static bool is_retired(const struct fixture *fixture, const struct fixture_key *key)
{
    return registry_retired_find(fixture->registry, key->material_id) != NULL;
}

static void deleted_and_destroyed(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture), other = fixture_open(fixture);
    fixture_alias(fixture, ACCOUNT, "alias/x", &key);
    works(fixture, "RotateKeyOnDemand", key.id); /* two objects */
    schedule(fixture, &key);
    fixture->now_ms += 30 * DAY_MS - 1;
    sweep(fixture);
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_PENDING_DELETION);
    fixture->now_ms++;
    sweep(fixture);
    assert_null(registry_key_find(fixture->registry, key.key_id));
    assert_null(registry_alias_find(fixture->registry, ACCOUNT, "alias/x"));
    assert_int_equal(fixture->main->destroyed, 2);
    assert_int_equal(registry_retired_materials(fixture->registry), 0);
    assert_int_equal(stored(fixture, &other)->state, KEY_STATE_ENABLED);
    sweep(fixture);
    assert_int_equal(fixture->main->destroyed, 2);
}

/* A token that leaves it to the custodian is not asked again for an hour; the material is never a spare again. */
static void kept_by_the_token(void **state)
{
    struct fixture *fixture = *state;
    Rewrap__CreateKeyRequest create = REWRAP__CREATE_KEY_REQUEST__INIT;
    struct reply made;
    assert_success(fixture, "CreateKey", &create.base, &made); /* sealed, from the stock */
    const char *key_id = ((const Rewrap__CreateKeyResponse *)made.body)->key_metadata->key_id;
    assert_int_equal(operations_spares(&fixture->operations, "main"), 7);
    fixture->main->keeps_keys = true;
    works(fixture, "ScheduleKeyDeletion", key_id);
    fixture->now_ms += 30 * DAY_MS;
    sweep(fixture);
    assert_int_equal(registry_retired_materials(fixture->registry), 1);
    assert_int_equal(operations_spares(&fixture->operations, "main"), 7);
    assert_non_null(strstr(fixture->log, "can be destroyed by the custodian only"));
    unsigned logged = fixture->logged;
    size_t submitted = fake_workers_submitted(fixture->workers);
    fixture->now_ms += 3600000 - 1;
    sweep(fixture);
    assert_int_equal(fake_workers_submitted(fixture->workers), submitted);
    fixture->now_ms++;
    sweep(fixture);
    assert_int_equal(fake_workers_submitted(fixture->workers), submitted + 1);
    assert_int_equal(fixture->logged, logged); /* once is enough */
    for (size_t i = 0; i < 7; i++) {
        struct reply reply;
        assert_success(fixture, "CreateKey", &create.base, &reply);
        reply_clear(&reply);
    }
    struct reply reply;
    fixture_call(fixture, "CreateKey", &create.base, &reply);
    assert_string_equal(reply.code, "LimitExceededException");
    reply_clear(&reply);
    fixture->main->keeps_keys = false; /* the custodian has been there: the object is gone */
    fixture->now_ms += 3600000;
    sweep(fixture);
    assert_int_equal(registry_retired_materials(fixture->registry), 0);
    reply_clear(&made);
}

static void tokens_that_are_down(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    schedule(fixture, &key);
    fixture->now_ms += 31 * DAY_MS;
    fixture->main->is_down = true;
    sweep(fixture);
    assert_null(registry_key_find(fixture->registry, key.key_id));
    assert_true(is_retired(fixture, &key));
    assert_int_equal(fake_workers_submitted(fixture->workers), 0); /* nobody to ask */
    fixture->main->is_down = false;
    fake_workers_next_status(fixture->workers, WORKERS_TIMEOUT);
    sweep(fixture);
    assert_true(is_retired(fixture, &key));
    assert_int_equal(fake_workers_submitted(fixture->workers), 1);
    sweep(fixture);
    assert_int_equal(fake_workers_submitted(fixture->workers), 1); /* not at once */
    fixture->now_ms += 60000;
    sweep(fixture);
    assert_false(is_retired(fixture, &key));
    assert_int_equal(fixture->main->destroyed, 1);
}

/* A token that is not in the configuration any more: the record waits for it. */
static void tokens_that_are_gone(void **state)
{
    struct fixture *fixture = *state;
    char gone[] = "gone";
    struct fixture_key key = fixture_key(fixture, &(struct registry_key){.token = gone});
    schedule(fixture, &key);
    fixture->now_ms += 31 * DAY_MS;
    sweep(fixture);
    assert_true(is_retired(fixture, &key));
    assert_int_equal(fake_workers_submitted(fixture->workers), 0);
}

/* Everything follows from the registry: what one life began, the next ends. */
static void after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    schedule(fixture, &key);
    fixture->now_ms += 31 * DAY_MS;
    fixture->main->keeps_keys = true;
    sweep(fixture);
    assert_true(is_retired(fixture, &key));
    operations_clear(&fixture->operations);
    fixture->main->keeps_keys = false;
    sweep(fixture); /* asked again at once */
    assert_false(is_retired(fixture, &key));
}

static void cancelled_at_the_last_moment(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    schedule(fixture, &key);
    fixture->now_ms += 30 * DAY_MS - 1;
    ProtobufCMessage *request = request_for("CancelKeyDeletion", key.id);
    struct reply reply;
    fixture_start(fixture, "CancelKeyDeletion", request, &reply);
    fixture->now_ms++;
    operations_sweep(&fixture->operations); /* its removal has seen the key as it was before */
    fixture_wait(fixture, &reply);
    assert_null(reply.code);
    sweep(fixture);
    assert_int_equal(stored(fixture, &key)->state, KEY_STATE_DISABLED);
    assert_int_equal(fixture->main->destroyed, 0);
    reply_clear(&reply);
    free(request);
}

/* More keys than one sweep looks at, and than it has under way at once. */
static void many_keys(void **state)
{
    struct fixture *fixture = *state;
    static struct fixture_key keys[300];
    for (size_t i = 0; i < COUNT(keys); i++) {
        bool dies = i % 5 == 0;
        keys[i] = fixture_key(fixture, &(struct registry_key){
                                           .state = dies ? KEY_STATE_PENDING_DELETION : KEY_STATE_ENABLED,
                                           .deletion_ms = dies ? fixture->now_ms + 1000 : 0,
                                       });
    }
    fixture->now_ms += 1000;
    operations_sweep(&fixture->operations);
    assert_true(registry_waiting(fixture->registry) <= 16); /* the callers' changes have room too */
    sweep(fixture);
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_int_equal(registry_key_find(fixture->registry, keys[i].key_id) == NULL, i % 5 == 0);
    }
    assert_int_equal(fixture->main->destroyed, COUNT(keys) / 5);
}

/* Among far more keys than a sweep looks at, that are due later or never, one that is due is found at once. */
static void one_of_many(void **state)
{
    struct fixture *fixture = *state;
    enum { MANY = 700 };
    for (size_t i = 0; i < MANY; i++) {
        bool dies = i % 3 == 0, rotates = i % 3 == 1;
        fixture_key(fixture, &(struct registry_key){
                                 .state = dies ? KEY_STATE_PENDING_DELETION : KEY_STATE_ENABLED,
                                 .deletion_ms = dies ? fixture->now_ms + 1001 : 0,
                                 .rotation_days = rotates ? 365 : 0,
                                 .next_rotation_ms = rotates ? fixture->now_ms + 1001 : 0,
                             });
    }
    struct fixture_key due = fixture_key(
        fixture, &(struct registry_key){.state = KEY_STATE_PENDING_DELETION, .deletion_ms = fixture->now_ms + 1000});
    operations_sweep(&fixture->operations);
    assert_int_equal(registry_waiting(fixture->registry), 0);
    fixture->now_ms += 1000;
    operations_sweep(&fixture->operations);
    assert_int_equal(registry_waiting(fixture->registry), 1);
    sweep(fixture);
    assert_int_equal(registry_keys(fixture->registry), MANY);
    assert_null(registry_key_find(fixture->registry, due.key_id));
}

/* ------------------------------------------------------------------ automatic rotation */

static void enable(struct fixture *fixture, const struct fixture_key *key)
{
    Rewrap__EnableKeyRotationRequest request = REWRAP__ENABLE_KEY_ROTATION_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key->id;
    request.has_rotation_period_in_days = true;
    request.rotation_period_in_days = 90;
    works_with(fixture, "EnableKeyRotation", &request.base);
}

static void assert_rotated(struct fixture *fixture, const struct fixture_key *key, size_t times)
{
    const struct registry_key *now = stored(fixture, key);
    assert_int_equal(now->n_materials, 1 + times);
    for (size_t i = 1; i < now->n_materials; i++) {
        assert_int_equal(now->materials[i].origin, MATERIAL_ROTATED_AUTOMATICALLY);
    }
}

static void rotated_when_due(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key sealed = fixture_sealed(fixture), open = fixture_open(fixture), still = fixture_sealed(fixture);
    enable(fixture, &sealed);
    enable(fixture, &open);
    fixture->now_ms += 90 * DAY_MS - 1;
    sweep(fixture);
    assert_rotated(fixture, &sealed, 0);
    fixture->now_ms++;
    sweep(fixture);
    assert_rotated(fixture, &sealed, 1);
    assert_rotated(fixture, &open, 1);
    assert_rotated(fixture, &still, 0);
    assert_int_equal(stored(fixture, &sealed)->next_rotation_ms, fixture->now_ms + 90 * DAY_MS);
    sweep(fixture);
    assert_rotated(fixture, &sealed, 1);
    fixture->now_ms += 1000 * DAY_MS; /* long overdue: once, not eleven times */
    sweep(fixture);
    assert_rotated(fixture, &sealed, 2);
    assert_rotated(fixture, &open, 2);
    assert_int_equal(operations_spares(&fixture->operations, "main"), 6);
    assert_int_equal(fixture->main->destroyed, 0);
}

static void only_enabled_keys_rotate(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key off = fixture_open(fixture), dying = fixture_open(fixture);
    enable(fixture, &off);
    enable(fixture, &dying);
    works(fixture, "DisableKey", off.id);
    fixture->now_ms += 89 * DAY_MS;
    schedule(fixture, &dying);
    fixture->now_ms += 2 * DAY_MS;
    sweep(fixture);
    assert_rotated(fixture, &off, 0);
    assert_rotated(fixture, &dying, 0);
    works(fixture, "EnableKey", off.id);
    works(fixture, "CancelKeyDeletion", dying.id);
    works(fixture, "EnableKey", dying.id);
    sweep(fixture);
    assert_rotated(fixture, &off, 1);
    assert_rotated(fixture, &dying, 1);
}

static void an_empty_stock(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    enable(fixture, &key);
    int64_t due_ms = stored(fixture, &key)->next_rotation_ms;
    fixture->main->n_stock = 0;
    fixture->now_ms = due_ms;
    sweep(fixture);
    assert_rotated(fixture, &key, 0);
    assert_non_null(strstr(fixture->log, "its automatic rotation is due, and failed: LimitExceededException"));
    assert_non_null(strstr(fixture->log, key.arn));
    assert_int_equal(stored(fixture, &key)->next_rotation_ms, due_ms);
    size_t lists = fake_workers_lists(fixture->workers);
    fixture->now_ms += 299999;
    sweep(fixture);
    assert_int_equal(fake_workers_lists(fixture->workers), lists); /* left alone for a while */
    fake_token_add_spare(fixture->main, 1, true);
    fixture->now_ms++;
    sweep(fixture);
    assert_rotated(fixture, &key, 1);
}

/* While one is under way a caller's is refused, and the status does not take it for one on demand. */
static void automatic_and_on_demand(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    enable(fixture, &key);
    fixture->now_ms += 90 * DAY_MS;
    operations_sweep(&fixture->operations);
    assert_int_equal(operations_running(&fixture->operations), 1);
    fails(fixture, "RotateKeyOnDemand", key.id, "ConflictException",
          text("An automatic rotation of %s is due within 20 minutes.", key.arn));
    struct reply reply;
    ProtobufCMessage *request = request_for("GetKeyRotationStatus", key.id);
    assert_success(fixture, "GetKeyRotationStatus", request, &reply);
    assert_null(((const Rewrap__GetKeyRotationStatusResponse *)reply.body)->on_demand_rotation_start_date);
    reply_clear(&reply);
    free(request);
    sweep(fixture);
    assert_rotated(fixture, &key, 1);
}

/* The schedule is taken away while the token makes the new key, which then is not needed. */
static void not_due_any_more(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    enable(fixture, &key);
    fixture->now_ms += 90 * DAY_MS;
    ProtobufCMessage *request = request_for("DisableKeyRotation", key.id);
    struct reply reply;
    fixture_start(fixture, "DisableKeyRotation", request, &reply);
    operations_sweep(&fixture->operations);
    fixture_wait(fixture, &reply);
    assert_null(reply.code);
    sweep(fixture);
    assert_rotated(fixture, &key, 0);
    assert_int_equal(fixture->main->destroyed, 1);
    reply_clear(&reply);
    free(request);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deleted_and_destroyed),
        TEST(kept_by_the_token),
        TEST(tokens_that_are_down),
        TEST(tokens_that_are_gone),
        TEST(after_a_restart),
        TEST(cancelled_at_the_last_moment),
        TEST(many_keys),
        TEST(one_of_many),
        TEST(rotated_when_due),
        TEST(only_enabled_keys_rotate),
        TEST(an_empty_stock),
        TEST(automatic_and_on_demand),
        TEST(not_due_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
