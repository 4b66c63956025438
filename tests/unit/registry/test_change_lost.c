/* Changes of keys whose writer is lost: made or not, but whole, and memory says what the database says. */
#include "fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What a change that may have been made or not has left of a key. */
struct trace {
    bool there;
    bool retired;
    uint64_t revision;
    size_t n_materials;
};

static struct trace trace_of(const struct fixture *fixture, uint32_t n)
{
    struct plain_key plain;
    plain_key_init(&plain, n);
    const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
    return (struct trace){.there = key != NULL,
                          .retired = registry_retired_find(fixture->registry, plain.material.id) != NULL,
                          .revision = key == NULL ? 0 : key->revision,
                          .n_materials = key == NULL ? 0 : key->n_materials};
}

/* Every third key rotates, every third goes, every third goes and is forgotten, and the writer is killed meanwhile,
 * later and later: each is whole or not done at all, memory says what the database says, and what was answered is
 * there. */
static void killed_writer_while_keys_change(void **state)
{
    struct fixture *fixture = *state;
    enum { ROUNDS = 25, EACH = 30 };
    static struct answer answers[EACH];
    static struct answer forgotten[EACH];
    fixture_open(fixture);
    int lost = 0;
    int done = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const uint32_t first = round * 1000;
        struct plain_key plain;
        for (uint32_t i = 0; i < EACH; i++) {
            plain_key_init(&plain, first + i);
            add_until_taken(fixture, &plain.key);
            assert_non_null(registry_key_find(fixture->registry, plain.key.key_id));
        }
        memset(answers, 0, sizeof answers);
        memset(forgotten, 0, sizeof forgotten);
        for (uint32_t i = 0; i < EACH; i++) {
            struct changed_key changed;
            plain_key_init(&plain, first + i);
            changed_key_init(fixture, plain.key.key_id, &changed);
            changed_key_rotate(&changed, first + 500 + i, MATERIAL_ROTATED_AUTOMATICALLY);
            if (i % 3 == 0) {
                registry_key_replace(fixture->registry, &changed.key, on_answer, &answers[i]);
            } else {
                registry_key_remove(fixture->registry, plain.key.key_id, 1, NOW_MS, on_answer, &answers[i]);
            }
            if (i % 3 == 2) {
                registry_retired_remove(fixture->registry, plain.material.id, on_answer, &forgotten[i]);
            }
        }
        turn(fixture, 1);
        pid_t writer = writer_pid();
        const int64_t stop_ms = monotonic_ms() + round / 2;
        while (monotonic_ms() < stop_ms && answers[EACH - 1].calls == 0) {
            turn(fixture, 200);
        }
        kill(writer, SIGKILL);
        fixture_run_until(fixture, &forgotten[EACH - 1].calls, 1);
        struct trace traces[EACH];
        for (uint32_t i = 0; i < EACH; i++) {
            struct trace trace = trace_of(fixture, first + i);
            assert_int_equal(answers[i].calls, 1);
            const bool good = answers[i].result.code == REGISTRY_OK;
            assert_true(good || answers[i].result.code == REGISTRY_STORE);
            bool made = i % 3 == 0 ? trace.revision == 2 : !trace.there;
            bool untouched = trace.there && trace.revision == 1 && trace.n_materials == 1 && !trace.retired;
            assert_true(made || (!good && untouched));
            assert_true(i % 3 != 0 || !made || trace.n_materials == 2);
            assert_true(i % 3 != 1 || !made || trace.retired);
            assert_true(forgotten[i].result.code != REGISTRY_OK || i % 3 != 2 || (made && !trace.retired));
            done += good;
            lost += !good;
            traces[i] = trace;
        }
        fixture_reopen(fixture);
        for (uint32_t i = 0; i < EACH; i++) {
            struct trace again = trace_of(fixture, first + i);
            assert_int_equal(again.there, traces[i].there);
            assert_int_equal(again.retired, traces[i].retired);
            assert_int_equal(again.revision, traces[i].revision);
            assert_int_equal(again.n_materials, traces[i].n_materials);
        }
    }
    print_message("           %d answered, %d lost\n", done, lost);
    assert_true(done > 0 && lost > 0);
}

/* Likewise for changes of keys, their removal, and what it leaves: of each kind one that was made and one that was not.
 */
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
        TEST(killed_writer_while_keys_change),
        TEST(lost_outcome_of_a_changed_key),
    };
    return cmocka_run_group_tests_name("registry/change_lost", tests, NULL, NULL);
}
