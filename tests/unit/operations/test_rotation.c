/* Rotation: its schedule, rotations on demand, what they leave readable, and their list (KMS.md ). */
#include "lives.h"

#include "base/hex.h"

#define NO_ROOM                                                                                                        \
    "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be "          \
    "performed "                                                                                                       \
    "for this key: %s"

static void enable(struct fixture *fixture, const char *key_id, int32_t days)
{
    Rewrap__EnableKeyRotationRequest request = REWRAP__ENABLE_KEY_ROTATION_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    request.has_rotation_period_in_days = days != 0;
    request.rotation_period_in_days = days;
    works_with(fixture, "EnableKeyRotation", &request.base);
}

static const Rewrap__GetKeyRotationStatusResponse *status(struct fixture *fixture, const char *key_id,
                                                          struct reply *reply)
{
    ProtobufCMessage *request = request_for("GetKeyRotationStatus", key_id);
    assert_success(fixture, "GetKeyRotationStatus", request, reply);
    free(request);
    return (const Rewrap__GetKeyRotationStatusResponse *)reply->body;
}

static void assert_off(struct fixture *fixture, const char *key_id)
{
    struct reply reply;
    const Rewrap__GetKeyRotationStatusResponse *now = status(fixture, key_id, &reply);
    assert_true(now->has_key_rotation_enabled);
    assert_false(now->key_rotation_enabled);
    assert_false(now->has_rotation_period_in_days);
    assert_null(now->next_rotation_date);
    assert_null(now->on_demand_rotation_start_date);
    assert_string_equal(now->key_id, key_id);
    reply_clear(&reply);
}

static void assert_on(struct fixture *fixture, const char *key_id, int32_t days, int64_t next_ms)
{
    struct reply reply;
    const Rewrap__GetKeyRotationStatusResponse *now = status(fixture, key_id, &reply);
    assert_true(now->key_rotation_enabled);
    assert_int_equal(now->rotation_period_in_days, days);
    assert_int_equal(now->next_rotation_date->seconds, next_ms / 1000);
    reply_clear(&reply);
}

static void the_schedule(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    assert_off(fixture, key.id);
    works(fixture, "DisableKeyRotation", key.id);
    assert_int_equal(stored(fixture, &key)->revision, 1);
    enable(fixture, key.id, 0);
    int64_t first_ms = fixture->now_ms + 365 * DAY_MS;
    assert_on(fixture, key.arn, 365, first_ms);
    fixture->now_ms += DAY_MS;
    enable(fixture, key.id, 365); /* the same again: it is not put off */
    assert_on(fixture, key.id, 365, first_ms);
    assert_int_equal(stored(fixture, &key)->revision, 2);
    enable(fixture, key.id, 90);
    assert_on(fixture, key.id, 90, fixture->now_ms + 90 * DAY_MS);
    enable(fixture, key.id, 2560);
    assert_on(fixture, key.id, 2560, fixture->now_ms + 2560 * DAY_MS);
    works(fixture, "DisableKeyRotation", key.id);
    assert_off(fixture, key.id);
    static const int32_t beyond[] = {89, 2561};
    for (size_t i = 0; i < COUNT(beyond); i++) {
        Rewrap__EnableKeyRotationRequest request = REWRAP__ENABLE_KEY_ROTATION_REQUEST__INIT;
        request.key_id = key.id;
        request.has_rotation_period_in_days = true;
        request.rotation_period_in_days = beyond[i];
        assert_error(fixture, "EnableKeyRotation", &request.base, "ValidationException",
                     text("1 validation error detected: Value '%d' at 'rotationPeriodInDays' failed to satisfy "
                          "constraint: Member must have value %s",
                          beyond[i], i == 0 ? "greater than or equal to 90" : "less than or equal to 2560"));
    }
}

/* A key that is pending deletion shows no schedule; cancelled, it has it again. */
static void the_schedule_of_a_dying_key(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    enable(fixture, key.id, 90);
    int64_t next_ms = fixture->now_ms + 90 * DAY_MS;
    works(fixture, "ScheduleKeyDeletion", key.id);
    assert_off(fixture, key.id);
    works(fixture, "CancelKeyDeletion", key.id);
    assert_on(fixture, key.id, 90, next_ms);
}

/* ------------------------------------------------------------------ on demand */

static void rotate(struct fixture *fixture, const struct fixture_key *key)
{
    struct reply reply;
    ProtobufCMessage *request = request_for("RotateKeyOnDemand", key->id);
    assert_success(fixture, "RotateKeyOnDemand", request, &reply);
    assert_string_equal(((const Rewrap__RotateKeyOnDemandResponse *)reply.body)->key_id, key->arn);
    reply_clear(&reply);
    free(request);
}

static void hex_of(const struct registry_key *key, size_t index, char out[65])
{
    hex_encode(view_of(key->materials[index].id, MATERIAL_ID_BYTES), out);
}

static void sealed_keys_draw_from_the_stock(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    enable(fixture, key.id, 0);
    int64_t next_ms = stored(fixture, &key)->next_rotation_ms;
    for (size_t n = 1; n <= 8; n++) {
        rotate(fixture, &key);
        assert_int_equal(stored(fixture, &key)->n_materials, n + 1);
        assert_memory_equal(stored(fixture, &key)->materials[n].id, fixture->main->stock[n - 1].material_id, 32);
        assert_int_equal(stored(fixture, &key)->materials[n].origin, MATERIAL_ROTATED_ON_DEMAND);
        assert_int_equal(stored(fixture, &key)->materials[n].created_ms, fixture->now_ms);
    }
    assert_int_equal(fake_workers_submitted(fixture->workers), 0);
    assert_int_equal(stored(fixture, &key)->next_rotation_ms, next_ms); /* the schedule is as it was */
    ProtobufCMessage *request = request_for("RotateKeyOnDemand", key.id);
    struct reply reply;
    fixture_call(fixture, "RotateKeyOnDemand", request, &reply);
    assert_string_equal(reply.code, "LimitExceededException");
    assert_non_null(strstr(reply.message, "rewrapctl ceremony add"));
    assert_int_equal(fake_workers_lists(fixture->workers), 1); /* it was looked whether a ceremony added some */
    reply_clear(&reply);
    free(request);
    fixture->now_ms += 2000;
    fake_token_add_spare(fixture->main, 9, true);
    rotate(fixture, &key);
    assert_int_equal(stored(fixture, &key)->n_materials, 10);
}

static void answer_of_decrypt(struct fixture *fixture, const ProtobufCBinaryData *blob, const char *plaintext,
                              const char *material)
{
    Rewrap__DecryptRequest request = REWRAP__DECRYPT_REQUEST__INIT;
    request.has_ciphertext_blob = true;
    request.ciphertext_blob = *blob;
    struct reply reply;
    assert_success(fixture, "Decrypt", &request.base, &reply);
    const Rewrap__DecryptResponse *response = (const Rewrap__DecryptResponse *)reply.body;
    assert_int_equal(response->plaintext.len, strlen(plaintext));
    assert_memory_equal(response->plaintext.data, plaintext, strlen(plaintext));
    assert_string_equal(response->key_material_id, material);
    reply_clear(&reply);
}

/* What is under an old material stays readable, and ReEncrypt to the same key takes it to the newest. */
static void old_ciphertexts_stay_and_can_move(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    ProtobufCBinaryData old = fixture_encrypt(fixture, &key, "secret", NULL, NULL);
    rotate(fixture, &key);
    assert_int_equal(fake_workers_last_kind(fixture->workers), HSM__REQUEST__BODY_MAKE_OPEN_KEY);
    char first[65], second[65];
    hex_of(stored(fixture, &key), 0, first);
    hex_of(stored(fixture, &key), 1, second);
    assert_string_not_equal(first, second);
    answer_of_decrypt(fixture, &old, "secret", first);
    ProtobufCBinaryData new = fixture_encrypt(fixture, &key, "newer", NULL, NULL);
    answer_of_decrypt(fixture, &new, "newer", second);

    Rewrap__ReEncryptRequest request = REWRAP__RE_ENCRYPT_REQUEST__INIT;
    request.has_ciphertext_blob = true;
    request.ciphertext_blob = old;
    request.destination_key_id = key.id;
    struct reply reply;
    assert_success(fixture, "ReEncrypt", &request.base, &reply);
    const Rewrap__ReEncryptResponse *moved = (const Rewrap__ReEncryptResponse *)reply.body;
    assert_string_equal(moved->source_key_material_id, first);
    assert_string_equal(moved->destination_key_material_id, second);
    answer_of_decrypt(fixture, &moved->ciphertext_blob, "secret", second);
    reply_clear(&reply);

    ProtobufCMessage *describe = request_for("DescribeKey", key.id);
    assert_success(fixture, "DescribeKey", describe, &reply);
    assert_string_equal(((const Rewrap__DescribeKeyResponse *)reply.body)->key_metadata->current_key_material_id,
                        second);
    reply_clear(&reply);
    free(describe);
    free(old.data);
    free(new.data);
}

static void twenty_five_in_a_life(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    for (size_t i = 0; i < 25; i++) {
        rotate(fixture, &key);
    }
    size_t submitted = fake_workers_submitted(fixture->workers);
    fails(fixture, "RotateKeyOnDemand", key.id, "LimitExceededException", text(NO_ROOM, key.arn));
    assert_int_equal(fake_workers_submitted(fixture->workers), submitted); /* no key was made for it */
}

static void close_to_an_automatic_one(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    enable(fixture, key.id, 90);
    fixture->now_ms += 90 * DAY_MS - 20 * 60 * 1000 - 1;
    rotate(fixture, &key);
    fixture->now_ms += 1;
    const char *close = text("An automatic rotation of %s is due within 20 minutes.", key.arn);
    fails(fixture, "RotateKeyOnDemand", key.id, "ConflictException", close);
    fixture->now_ms += DAY_MS; /* overdue */
    fails(fixture, "RotateKeyOnDemand", key.id, "ConflictException", close);
}

static void one_at_a_time(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    ProtobufCMessage *request = request_for("RotateKeyOnDemand", key.id);
    struct reply reply, shown;
    fixture_start(fixture, "RotateKeyOnDemand", request, &reply);
    fails(fixture, "RotateKeyOnDemand", key.id, "ConflictException", text("A rotation of %s is under way.", key.arn));
    const Rewrap__GetKeyRotationStatusResponse *now = status(fixture, key.id, &shown);
    assert_false(now->key_rotation_enabled);
    assert_int_equal(now->on_demand_rotation_start_date->seconds, fixture->now_ms / 1000);
    reply_clear(&shown);
    fixture_wait(fixture, &reply);
    assert_null(reply.code);
    reply_clear(&reply);
    assert_off(fixture, key.id);
    rotate(fixture, &key);
    free(request);
}

/* A key that is disabled while the token makes its new material stays as it was, and the material goes again. */
static void disabled_in_between(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    struct reply rotated, disabled;
    lives_call_both(fixture, &key, "RotateKeyOnDemand", &rotated, "DisableKey", &disabled);
    assert_null(disabled.code);
    assert_string_equal(rotated.code, "DisabledException");
    assert_int_equal(stored(fixture, &key)->n_materials, 1);
    sweep(fixture);
    assert_int_equal(fixture->main->destroyed, 1);
    reply_clear(&rotated);
    reply_clear(&disabled);
}

/* Changes of other members meanwhile do not hinder a rotation, nor use up a second material. */
static void tagged_in_between(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct reply rotated, other;
    lives_call_both(fixture, &key, "EnableKeyRotation", &other, "RotateKeyOnDemand", &rotated);
    assert_null(other.code);
    assert_null(rotated.code);
    assert_int_equal(stored(fixture, &key)->n_materials, 2);
    assert_int_equal(stored(fixture, &key)->rotation_days, 365);
    assert_int_equal(operations_spares(&fixture->operations, "main"), 7);
    assert_int_equal(fixture->main->destroyed, 0);
    reply_clear(&rotated);
    reply_clear(&other);
}

/* Rotations of keys and CreateKey at once never take the same spare. */
static void spares_are_taken_once(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key keys[4];
    struct reply rotated[COUNT(keys)], made[4];
    Rewrap__CreateKeyRequest create = REWRAP__CREATE_KEY_REQUEST__INIT;
    for (size_t i = 0; i < COUNT(keys); i++) {
        keys[i] = fixture_sealed(fixture);
    }
    for (size_t i = 0; i < COUNT(keys); i++) {
        ProtobufCMessage *request = request_for("RotateKeyOnDemand", keys[i].id);
        fixture_start(fixture, "RotateKeyOnDemand", request, &rotated[i]);
        fixture_start(fixture, "CreateKey", &create.base, &made[i]);
        free(request);
    }
    for (size_t i = 0; i < COUNT(keys); i++) {
        fixture_wait(fixture, &rotated[i]);
        fixture_wait(fixture, &made[i]);
        assert_null(rotated[i].code);
        assert_null(made[i].code);
        reply_clear(&rotated[i]);
        reply_clear(&made[i]);
    }
    assert_int_equal(operations_spares(&fixture->operations, "main"), 0); /* of eight */
}

static void what_the_token_says(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    fake_workers_next_status(fixture->workers, WORKERS_DOWN);
    fails(fixture, "RotateKeyOnDemand", key.id, "KeyUnavailableException",
          "The token that holds the key cannot be reached at the moment.");
    fake_workers_next_status(fixture->workers, WORKERS_TIMEOUT);
    fails(fixture, "RotateKeyOnDemand", key.id, "DependencyTimeoutException", "The token did not answer in time.");
    fake_workers_next_empty(fixture->workers, true);
    ProtobufCMessage *request = request_for("RotateKeyOnDemand", key.id);
    struct reply reply;
    fixture_call(fixture, "RotateKeyOnDemand", request, &reply);
    assert_string_equal(reply.code, "KMSInternalException");
    reply_clear(&reply);
    free(request);
    assert_int_equal(stored(fixture, &key)->revision, 1);
    rotate(fixture, &key);
}

/* ------------------------------------------------------------------ the list */

static const Rewrap__ListKeyRotationsResponse *list(struct fixture *fixture, const char *key_id, bool all,
                                                    int32_t limit, const char *marker, struct reply *reply)
{
    Rewrap__ListKeyRotationsRequest request = REWRAP__LIST_KEY_ROTATIONS_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    request.has_include_key_material = all;
    request.include_key_material = REWRAP__INCLUDE_KEY_MATERIAL__VALUE__ALL_KEY_MATERIAL;
    request.has_limit = limit != 0;
    request.limit = limit;
    request.marker = (char *)(uintptr_t)marker;
    assert_success(fixture, "ListKeyRotations", &request.base, reply);
    return (const Rewrap__ListKeyRotationsResponse *)reply->body;
}

static void assert_entry(struct fixture *fixture, const struct fixture_key *key,
                         const Rewrap__RotationsListEntry *entry, size_t index)
{
    const struct registry_key *now = stored(fixture, key);
    char material[65];
    hex_of(now, index, material);
    assert_string_equal(entry->key_id, key->id);
    assert_string_equal(entry->key_material_id, material);
    assert_int_equal(entry->key_material_state, index + 1 == now->n_materials
                                                    ? REWRAP__KEY_MATERIAL_STATE__VALUE__CURRENT
                                                    : REWRAP__KEY_MATERIAL_STATE__VALUE__NON_CURRENT);
    if (index == 0) {
        assert_null(entry->rotation_date);
        assert_false(entry->has_rotation_type);
        return;
    }
    assert_int_equal(entry->rotation_date->seconds, now->materials[index].created_ms / 1000);
    assert_int_equal(entry->rotation_type, now->materials[index].origin == MATERIAL_ROTATED_AUTOMATICALLY
                                               ? REWRAP__ROTATION_TYPE__VALUE__AUTOMATIC
                                               : REWRAP__ROTATION_TYPE__VALUE__ON_DEMAND);
}

static void listed(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    struct reply reply;
    assert_int_equal(list(fixture, key.id, false, 0, NULL, &reply)->n_rotations, 0);
    reply_clear(&reply);
    const Rewrap__ListKeyRotationsResponse *page = list(fixture, key.id, true, 0, NULL, &reply);
    assert_int_equal(page->n_rotations, 1);
    assert_entry(fixture, &key, page->rotations[0], 0);
    assert_true(page->has_truncated);
    assert_false(page->truncated);
    reply_clear(&reply);

    enable(fixture, key.id, 90);
    for (size_t i = 0; i < 2; i++) {
        fixture->now_ms += 3000;
        rotate(fixture, &key);
    }
    fixture->now_ms += 90 * DAY_MS;
    sweep(fixture);
    assert_int_equal(stored(fixture, &key)->n_materials, 4);
    page = list(fixture, key.id, false, 0, NULL, &reply);
    assert_int_equal(page->n_rotations, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_entry(fixture, &key, page->rotations[i], i + 1);
    }
    assert_int_equal(page->rotations[2]->rotation_type, REWRAP__ROTATION_TYPE__VALUE__AUTOMATIC);
    reply_clear(&reply);

    char *marker = NULL;
    for (size_t i = 0; i < 4; i++) {
        page = list(fixture, key.id, true, 1, marker, &reply);
        free(marker);
        assert_int_equal(page->n_rotations, 1);
        assert_entry(fixture, &key, page->rotations[0], i);
        assert_int_equal(page->truncated, i < 3);
        marker = page->next_marker == NULL ? NULL : strdup(page->next_marker);
        reply_clear(&reply);
    }
    assert_null(marker);
}

static void markers_of_the_list(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture), other = fixture_open(fixture);
    rotate(fixture, &key);
    rotate(fixture, &key);
    struct reply reply;
    const Rewrap__ListKeyRotationsResponse *page = list(fixture, key.id, false, 1, NULL, &reply);
    const char *refused = "The marker is not one that this operation gave out.";
    Rewrap__ListKeyRotationsRequest request = REWRAP__LIST_KEY_ROTATIONS_REQUEST__INIT;
    request.key_id = other.id;
    request.marker = page->next_marker;
    assert_error(fixture, "ListKeyRotations", &request.base, "InvalidMarkerException", refused); /* another key's */
    reply_clear(&reply);
    char nonsense[] = "R00";
    request.key_id = key.id;
    request.marker = nonsense;
    assert_error(fixture, "ListKeyRotations", &request.base, "InvalidMarkerException", refused);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_schedule),
        TEST(the_schedule_of_a_dying_key),
        TEST(sealed_keys_draw_from_the_stock),
        TEST(old_ciphertexts_stay_and_can_move),
        TEST(twenty_five_in_a_life),
        TEST(close_to_an_automatic_one),
        TEST(one_at_a_time),
        TEST(disabled_in_between),
        TEST(tagged_in_between),
        TEST(spares_are_taken_once),
        TEST(what_the_token_says),
        TEST(listed),
        TEST(markers_of_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
