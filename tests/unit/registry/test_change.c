/* Keys that change, rotate and go: what was answered is there at the next start, of two who saw the same one wins, and
 * a material of a deleted key is remembered until its object is gone. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DAY_MS INT64_C(86400000)

static void every_changing_field_comes_back(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key plain;
    struct changed_key changed;
    fixture_open(fixture);
    add_plain_key(fixture, 1, &plain);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/a", plain.key.key_id).code, REGISTRY_OK);
    changed_key_init(fixture, plain.key.key_id, &changed);
    assert_int_equal(changed.key.revision, 1);
    assert_int_equal(changed.key.materials[0].origin, MATERIAL_FIRST);
    struct registry_tag tags[] = {{(char *)"z", (char *)"1"}, {(char *)"a", (char *)"2"}};
    changed.key.description = (char *)"changed";
    changed.key.state = KEY_STATE_PENDING_DELETION;
    changed.key.deletion_ms = NOW_MS + 7 * DAY_MS;
    changed.key.rotation_days = 90;
    changed.key.next_rotation_ms = NOW_MS + 90 * DAY_MS;
    changed.key.tags = tags;
    changed.key.n_tags = 2;
    changed_key_rotate(&changed, 100, MATERIAL_ROTATED_AUTOMATICALLY);
    assert_int_equal(replace_key(fixture, &changed.key).code, REGISTRY_OK);
    for (int round = 0; round < 2; round++) {
        const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
        assert_string_equal(key->description, "changed");
        assert_int_equal(key->state, KEY_STATE_PENDING_DELETION);
        assert_int_equal(key->deletion_ms, NOW_MS + 7 * DAY_MS);
        assert_int_equal(key->rotation_days, 90);
        assert_int_equal(key->next_rotation_ms, NOW_MS + 90 * DAY_MS);
        assert_int_equal(key->revision, 2);
        assert_int_equal(key->n_tags, 2);
        assert_string_equal(key->tags[0].key, "a"); /* byte order */
        assert_int_equal(key->n_materials, 2);
        assert_memory_equal(key->materials[0].id, plain.material.id, MATERIAL_ID_BYTES);
        assert_int_equal(key->materials[0].origin, MATERIAL_FIRST);
        assert_memory_equal(key->materials[1].id, changed.materials[1].id, MATERIAL_ID_BYTES);
        assert_int_equal(key->materials[1].origin, MATERIAL_ROTATED_AUTOMATICALLY);
        assert_ptr_equal(registry_key_of_material(fixture->registry, plain.material.id), key);
        assert_ptr_equal(registry_key_of_material(fixture->registry, changed.materials[1].id), key);
        assert_int_equal(key->n_aliases, 1); /* they are not the key's to change */
        assert_non_null(registry_alias_of_key_after(key, NULL));
        fixture_reopen(fixture);
    }
    changed_key_init(fixture, plain.key.key_id, &changed);
    changed.key.state = KEY_STATE_ENABLED;
    changed.key.deletion_ms = 0;
    changed.key.rotation_days = 0;
    changed.key.next_rotation_ms = 0;
    changed.key.n_tags = 0;
    changed_key_rotate(&changed, 101, MATERIAL_ROTATED_ON_DEMAND);
    assert_int_equal(replace_key(fixture, &changed.key).code, REGISTRY_OK);
    for (int round = 0; round < 2; round++) {
        const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
        assert_int_equal(key->state, KEY_STATE_ENABLED);
        assert_int_equal(key->deletion_ms + key->rotation_days + key->next_rotation_ms, 0);
        assert_int_equal(key->n_tags, 0);
        assert_int_equal(key->n_materials, 3);
        assert_int_equal(key->materials[2].origin, MATERIAL_ROTATED_ON_DEMAND);
        assert_int_equal(key->revision, 3);
        fixture_reopen(fixture);
    }
}

/* Of many who saw the same revision one wins, whether the others ask before or after it is durable. */
static void one_of_many_changes_wins(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key plain;
    struct changed_key changed;
    struct answer answers[10] = {0};
    fixture_open(fixture);
    add_plain_key(fixture, 1, &plain);
    changed_key_init(fixture, plain.key.key_id, &changed);
    for (size_t i = 0; i < 9; i++) {
        char text[8];
        snprintf(text, sizeof text, "%zu", i);
        changed.key.description = text;
        registry_key_replace(fixture->registry, &changed.key, on_answer, &answers[i]);
    }
    registry_key_remove(fixture->registry, plain.key.key_id, 1, NOW_MS, on_answer, &answers[9]);
    fixture_run_until(fixture, &answers[9].calls, 1);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(answers[i].calls, 1);
        assert_int_equal(answers[i].result.code, i == 0 ? REGISTRY_OK : REGISTRY_CONFLICT);
    }
    changed.key.description = (char *)"late";
    expect_result(replace_key(fixture, &changed.key), REGISTRY_CONFLICT, "changed meanwhile");
    expect_result(remove_key(fixture, plain.key.key_id, 1), REGISTRY_CONFLICT, "changed meanwhile");
    changed.key.revision = 3; /* a revision that nobody has seen */
    expect_result(replace_key(fixture, &changed.key), REGISTRY_CONFLICT, "changed meanwhile");
    for (int round = 0; round < 2; round++) {
        const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
        assert_string_equal(key->description, "0");
        assert_int_equal(key->revision, 2);
        fixture_reopen(fixture);
    }
}

/* A removal that comes first leaves nothing for the change behind it, and the other way round. */
static void removal_and_change_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key plain;
    struct changed_key changed;
    struct answer answers[4] = {0};
    fixture_open(fixture);
    add_plain_key(fixture, 1, &plain);
    changed_key_init(fixture, plain.key.key_id, &changed);
    registry_key_remove(fixture->registry, plain.key.key_id, 1, NOW_MS, on_answer, &answers[0]);
    registry_key_replace(fixture->registry, &changed.key, on_answer, &answers[1]);
    registry_alias_add(fixture->registry, ACCOUNT, "alias/late", plain.key.key_id, NOW_MS, on_answer, &answers[2]);
    registry_retired_remove(fixture->registry, plain.material.id, on_answer, &answers[3]);
    fixture_run_until(fixture, &answers[3].calls, 1);
    assert_int_equal(answers[0].result.code, REGISTRY_OK);
    assert_int_equal(answers[1].result.code, REGISTRY_NOT_FOUND);
    assert_int_equal(answers[2].result.code, REGISTRY_NOT_FOUND);
    assert_int_equal(answers[3].result.code, REGISTRY_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(registry_keys(fixture->registry), 0);
        assert_int_equal(registry_retired_materials(fixture->registry), 0);
        fixture_reopen(fixture);
    }
}

static void what_may_not_change_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key plain;
    struct plain_key other;
    fixture_open(fixture);
    add_plain_key(fixture, 1, &plain);
    add_plain_key(fixture, 2, &other);
    struct changed_key keys[12];
    for (size_t i = 0; i < 12; i++) {
        changed_key_init(fixture, plain.key.key_id, &keys[i]);
    }
    memcpy(keys[0].key.account, OTHER_ACCOUNT, ACCOUNT_TEXT_BYTES);
    keys[1].key.token = (char *)"elsewhere";
    keys[2].key.spec = KEY_SPEC_RSA_2048;
    keys[3].key.boundary = KEY_BOUNDARY_OPEN;
    keys[4].key.created_ms++;
    keys[5].key.materials[0].id[3] ^= 1;
    keys[6].key.materials[0].created_ms++;
    changed_key_rotate(&keys[7], 50, MATERIAL_ROTATED_ON_DEMAND);
    changed_key_rotate(&keys[7], 51, MATERIAL_ROTATED_ON_DEMAND); /* two at once */
    changed_key_rotate(&keys[8], 50, MATERIAL_FIRST);
    changed_key_rotate(&keys[9], 1, MATERIAL_ROTATED_ON_DEMAND); /* its own once more */
    keys[10].key.n_materials = 0;
    keys[11].key.description = (char *)"\xff";
    for (size_t i = 0; i < 12; i++) {
        expect_result(replace_key(fixture, &keys[i].key), REGISTRY_STORE, "not written");
    }
    struct changed_key foreign;
    changed_key_init(fixture, plain.key.key_id, &foreign);
    changed_key_rotate(&foreign, 2, MATERIAL_ROTATED_ON_DEMAND); /* the other key's */
    expect_result(replace_key(fixture, &foreign.key), REGISTRY_EXISTS, "");
    foreign.key.key_id[0] = 9;
    expect_result(replace_key(fixture, &foreign.key), REGISTRY_NOT_FOUND, "no such key");
    expect_result(remove_key(fixture, foreign.key.key_id, 1), REGISTRY_NOT_FOUND, "no such key");
    struct answer answer = {0};
    registry_key_remove(fixture->registry, plain.key.key_id, 1, -1, on_answer, &answer);
    fixture_run_until(fixture, &answer.calls, 1);
    expect_result(answer.result, REGISTRY_STORE, "time is out of range");
    for (int round = 0; round < 2; round++) {
        const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
        assert_int_equal(key->revision, 1);
        assert_int_equal(key->n_materials, 1);
        assert_string_equal(key->description, "");
        fixture_reopen(fixture);
    }
}

static void fields_that_contradict_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key plain;
    fixture_open(fixture);
    add_plain_key(fixture, 1, &plain);
    static const struct {
        enum key_state state;
        int64_t deletion_ms;
        unsigned rotation_days;
        int64_t next_rotation_ms;
        bool good;
    } cases[] = {
        {KEY_STATE_ENABLED, 0, 0, 0, true},           {KEY_STATE_PENDING_DELETION, 1, 0, 0, true},
        {KEY_STATE_PENDING_DELETION, 0, 0, 0, false}, {KEY_STATE_ENABLED, 1, 0, 0, false},
        {KEY_STATE_DISABLED, 1, 0, 0, false},         {KEY_STATE_PENDING_DELETION, -1, 0, 0, false},
        {KEY_STATE_DISABLED, 0, 90, 1, true},         {KEY_STATE_DISABLED, 0, 2560, 1, true},
        {KEY_STATE_ENABLED, 0, 89, 1, false},         {KEY_STATE_ENABLED, 0, 2561, 1, false},
        {KEY_STATE_ENABLED, 0, 90 + 65536, 1, false}, {KEY_STATE_ENABLED, 0, 90, 0, false},
        {KEY_STATE_ENABLED, 0, 0, 1, false},          {KEY_STATE_ENABLED, 0, 90, INT64_MAX, false},
        {KEY_STATE_PENDING_IMPORT, 0, 0, 0, true},    {KEY_STATE_PENDING_IMPORT, 1, 0, 0, false},
        {KEY_STATE_PENDING_IMPORT, 0, 90, 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct changed_key changed;
        changed_key_init(fixture, plain.key.key_id, &changed);
        changed.key.state = cases[i].state;
        changed.key.deletion_ms = cases[i].deletion_ms;
        changed.key.rotation_days = cases[i].rotation_days;
        changed.key.next_rotation_ms = cases[i].next_rotation_ms;
        struct registry_result result = replace_key(fixture, &changed.key);
        if (result.code != (cases[i].good ? REGISTRY_OK : REGISTRY_STORE)) {
            fail_msg("case %zu: %d %s", i, result.code, result.detail);
        }
    }
    struct plain_key rsa;
    plain_key_init(&rsa, 2);
    rsa.key.spec = KEY_SPEC_RSA_4096;
    assert_int_equal(add_key(fixture, &rsa.key).code, REGISTRY_OK);
    struct changed_key changed;
    changed_key_init(fixture, rsa.key.key_id, &changed);
    changed_key_rotate(&changed, 9, MATERIAL_ROTATED_ON_DEMAND);
    expect_result(replace_key(fixture, &changed.key), REGISTRY_STORE, "has one material");
    changed_key_init(fixture, rsa.key.key_id, &changed);
    changed.key.rotation_days = 365;
    changed.key.next_rotation_ms = NOW_MS;
    expect_result(replace_key(fixture, &changed.key), REGISTRY_STORE, "has one material");
    fixture_reopen(fixture);
    assert_int_equal(registry_keys(fixture->registry), 2);
}

/* A key with two materials, a tag and three aliases goes; its materials stay on record, and then they go too. */
static void deleted_key_leaves_its_materials(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key plain;
    struct plain_key stays;
    struct changed_key changed;
    fixture_open(fixture);
    add_plain_key(fixture, 2, &stays);
    add_plain_key(fixture, 1, &plain);
    changed_key_init(fixture, plain.key.key_id, &changed);
    struct registry_tag tag = {(char *)"k", (char *)"v"};
    changed.key.tags = &tag;
    changed.key.n_tags = 1;
    changed_key_rotate(&changed, 0, MATERIAL_ROTATED_ON_DEMAND);
    assert_int_equal(replace_key(fixture, &changed.key).code, REGISTRY_OK);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/a", plain.key.key_id).code, REGISTRY_OK);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/b", stays.key.key_id).code, REGISTRY_OK);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/c", plain.key.key_id).code, REGISTRY_OK);
    assert_int_equal(remove_key(fixture, plain.key.key_id, 2).code, REGISTRY_OK);
    for (int round = 0; round < 2; round++) {
        struct registry *registry = fixture->registry;
        assert_int_equal(registry_keys(registry), 1);
        assert_int_equal(registry_account_keys(registry, ACCOUNT), 1);
        assert_int_equal(registry_aliases(registry), 1);
        assert_null(registry_key_find(registry, plain.key.key_id));
        assert_null(registry_key_of_material(registry, plain.material.id));
        assert_null(registry_alias_find(registry, ACCOUNT, "alias/a"));
        assert_non_null(registry_alias_find(registry, ACCOUNT, "alias/b"));
        assert_int_equal(registry_retired_materials(registry), 2);
        const struct registry_retired *first = registry_retired_after(registry, NULL);
        const struct registry_retired *second = registry_retired_after(registry, first->material_id);
        assert_memory_equal(first->material_id, changed.materials[1].id, MATERIAL_ID_BYTES); /* made of 0 */
        assert_memory_equal(second->material_id, plain.material.id, MATERIAL_ID_BYTES);
        assert_null(registry_retired_after(registry, second->material_id));
        assert_ptr_equal(registry_retired_find(registry, plain.material.id), second);
        assert_memory_equal(second->key_id, plain.key.key_id, KEY_ID_BYTES);
        assert_string_equal(second->account, ACCOUNT);
        assert_string_equal(second->token, "main");
        assert_int_equal(second->spec, KEY_SPEC_SYMMETRIC_DEFAULT);
        assert_int_equal(second->boundary, KEY_BOUNDARY_SEALED);
        assert_int_equal(second->retired_ms, NOW_MS + 9);
        assert_null(registry_retired_find(registry, stays.material.id));
        fixture_reopen(fixture);
    }
    /* Neither a new key nor a rotation gets a retired material. */
    struct plain_key again;
    plain_key_init(&again, 7);
    again.material = plain.material;
    expect_result(add_key(fixture, &again.key), REGISTRY_EXISTS, "deleted key's");
    changed_key_init(fixture, stays.key.key_id, &changed);
    changed_key_rotate(&changed, 1, MATERIAL_ROTATED_ON_DEMAND);
    expect_result(replace_key(fixture, &changed.key), REGISTRY_EXISTS, "deleted key's");

    assert_int_equal(remove_retired(fixture, plain.material.id).code, REGISTRY_OK);
    expect_result(remove_retired(fixture, plain.material.id), REGISTRY_NOT_FOUND, "no such retired material");
    expect_result(remove_retired(fixture, stays.material.id), REGISTRY_NOT_FOUND, "no such retired material");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(registry_retired_materials(fixture->registry), 1);
        assert_null(registry_retired_find(fixture->registry, plain.material.id));
        fixture_reopen(fixture);
    }
    assert_int_equal(add_key(fixture, &again.key).code,
                     REGISTRY_OK); /* its object is gone: a new one may be anything */
}

/* Portions of all keys, in the order of their ids, over every account. */
static void keys_of_all_accounts_are_paged(void **state)
{
    struct fixture *fixture = *state;
    static const char *const accounts[] = {ACCOUNT, OTHER_ACCOUNT, "777788889999"};
    fixture_open(fixture);
    assert_null(registry_any_key_after(fixture->registry, NULL));
    for (uint32_t i = 0; i < 30; i++) {
        struct plain_key plain;
        plain_key_init(&plain, (i * 7 + 3) % 30);
        memcpy(plain.key.account, accounts[i % 3], ACCOUNT_TEXT_BYTES);
        assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);
    }
    const uint8_t *after = NULL;
    for (uint8_t n = 0; n < 30; n++) {
        const struct registry_key *key = registry_any_key_after(fixture->registry, after);
        assert_non_null(key);
        assert_int_equal(key->key_id[3], n);
        after = key->key_id;
    }
    assert_null(registry_any_key_after(fixture->registry, after));
}

/* Removing, adding and removing again in any order keeps the sorted arrays whole. */
static void many_come_and_go(void **state)
{
    struct fixture *fixture = *state;
    enum { ALL = 60 };
    static struct answer answers[ALL];
    memset(answers, 0, sizeof answers);
    fixture_open(fixture);
    for (uint32_t i = 0; i < ALL; i++) {
        struct plain_key plain;
        add_plain_key(fixture, i * 17 % ALL, &plain);
    }
    for (uint32_t i = 0; i < ALL; i += 2) {
        struct plain_key plain;
        plain_key_init(&plain, i * 7 % ALL);
        registry_key_remove(fixture->registry, plain.key.key_id, 1, NOW_MS, on_answer, &answers[i]);
    }
    fixture_run_until(fixture, &answers[ALL - 2].calls, 1);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(registry_keys(fixture->registry), ALL / 2);
        assert_int_equal(registry_retired_materials(fixture->registry), ALL / 2);
        const uint8_t *key_id = NULL;
        const uint8_t *material_id = NULL;
        for (uint8_t n = 0; n < ALL; n += 2) {
            const struct registry_key *key = registry_key_after(fixture->registry, ACCOUNT, key_id);
            const struct registry_retired *retired = registry_retired_after(fixture->registry, material_id);
            assert_int_equal(key->key_id[3], n + 1);
            assert_int_equal(retired->material_id[3], n);
            key_id = key->key_id;
            material_id = retired->material_id;
        }
        fixture_reopen(fixture);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_changing_field_comes_back),    TEST(one_of_many_changes_wins),
        TEST(removal_and_change_at_once),         TEST(what_may_not_change_is_refused),
        TEST(fields_that_contradict_are_refused), TEST(deleted_key_leaves_its_materials),
        TEST(keys_of_all_accounts_are_paged),     TEST(many_come_and_go),
    };
    return cmocka_run_group_tests_name("registry/change", tests, NULL, NULL);
}
