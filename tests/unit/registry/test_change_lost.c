/* Changes of keys whose writer is lost: made or not, but whole, and memory says what the database says. */
#include "fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Changes of keys, their removal, and what it leaves: of each kind one that was made and one that was not. */
static void lost_outcome_of_a_changed_key(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key keys[7];
    for (uint32_t i = 1; i < 7; i++) {
        add_plain_key(fixture, i, &keys[i]);
    }
    expect_result(add_alias(fixture, ACCOUNT, "alias/goes", keys[3].key.key_id), REGISTRY_OK, "");
    expect_result(remove_key(fixture, keys[5].key.key_id, 1), REGISTRY_OK, "");
    expect_result(remove_key(fixture, keys[6].key.key_id, 1), REGISTRY_OK, "");
    pid_t writer = writer_pid();
    assert_int_equal(kill(writer, SIGSTOP), 0);

    struct registry *registry = fixture->registry;
    struct answer answers[6] = {0};
    for (uint32_t i = 1; i <= 2; i++) {
        struct changed_key changed;
        changed_key_init(fixture, keys[i].key.key_id, &changed);
        changed_key_rotate(&changed, 10 + i, MATERIAL_ROTATED_ON_DEMAND);
        changed.key.state = KEY_STATE_DISABLED;
        registry_key_replace(registry, &changed.key, on_answer, &answers[i - 1]);
    }
    registry_key_remove(registry, keys[3].key.key_id, 1, NOW_MS, on_answer, &answers[2]);
    registry_key_remove(registry, keys[4].key.key_id, 1, NOW_MS, on_answer, &answers[3]);
    registry_retired_remove(registry, keys[5].material.id, on_answer, &answers[4]);
    registry_retired_remove(registry, keys[6].material.id, on_answer, &answers[5]);
    turn(fixture, 1); /* into the socket */
    turn(fixture, 1);
    run_sql(fixture, "PRAGMA foreign_keys = OFF;"
                     "UPDATE keys SET state = 2, revision = 2 WHERE key_id = x'00000001000000000000000000000000';"
                     "INSERT INTO materials VALUES (x'00000001000000000000000000000000', 2,"
                     " x'0000000b0000000000000000000000000000000000000000000000000b000000', 5, 3);"
                     "INSERT INTO retired SELECT material_id, key_id, account, token, spec, boundary, 6 FROM keys"
                     " JOIN materials USING (key_id) WHERE key_id = x'00000003000000000000000000000000';"
                     "DELETE FROM materials WHERE key_id = x'00000003000000000000000000000000';"
                     "DELETE FROM aliases WHERE key_id = x'00000003000000000000000000000000';"
                     "DELETE FROM keys WHERE key_id = x'00000003000000000000000000000000';"
                     "DELETE FROM retired WHERE key_id = x'00000005000000000000000000000000'");
    assert_int_equal(kill(writer, SIGKILL), 0);
    fixture_run_until(fixture, &answers[5].calls, 1);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(answers[i].calls, 1);
        expect_result(answers[i].result, REGISTRY_STORE, "outcome was lost");
    }
    for (int round = 0; round < 2; round++) {
        registry = fixture->registry;
        const struct registry_key *rotated = registry_key_find(registry, keys[1].key.key_id);
        assert_int_equal(rotated->n_materials, 2);
        assert_int_equal(rotated->state, KEY_STATE_DISABLED);
        assert_int_equal(rotated->revision, 2);
        assert_ptr_equal(registry_key_of_material(registry, rotated->materials[1].id), rotated);
        const struct registry_key *unchanged = registry_key_find(registry, keys[2].key.key_id);
        assert_int_equal(unchanged->n_materials, 1);
        assert_int_equal(unchanged->revision, 1);
        assert_null(registry_key_find(registry, keys[3].key.key_id));
        assert_int_equal(registry_retired_find(registry, keys[3].material.id)->retired_ms, 6);
        assert_int_equal(registry_aliases(registry), 0);
        assert_non_null(registry_key_find(registry, keys[4].key.key_id));
        assert_null(registry_retired_find(registry, keys[5].material.id));
        assert_non_null(registry_retired_find(registry, keys[6].material.id));
        assert_int_equal(registry_retired_materials(registry), 2);
        fixture_reopen(fixture);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(lost_outcome_of_a_changed_key),
    };
    return cmocka_run_group_tests_name("registry/change_lost", tests, NULL, NULL);
}
