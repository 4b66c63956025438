/* Aliases from birth to the next start, and changes that wait together: each has the outcome of one after the other. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Adds, finds, pages, retargets, removes an alias, with a restart after each step. */
static void alias_lives_and_dies(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key a;
    struct plain_key b;
    add_plain_key(fixture, 1, &a);
    add_plain_key(fixture, 2, &b);

    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/payroll", a.key.key_id).code, REGISTRY_OK);
    for (int round = 0; round < 2; round++) {
        const struct registry_alias *alias = registry_alias_find(fixture->registry, ACCOUNT, "alias/payroll");
        assert_non_null(alias);
        assert_string_equal(alias->name, "alias/payroll");
        assert_string_equal(alias->account, ACCOUNT);
        assert_memory_equal(alias->key_id, a.key.key_id, KEY_ID_BYTES);
        assert_int_equal(alias->created_ms, NOW_MS);
        assert_int_equal(alias->updated_ms, NOW_MS);
        assert_int_equal(registry_key_find(fixture->registry, a.key.key_id)->n_aliases, 1);
        assert_null(registry_alias_find(fixture->registry, OTHER_ACCOUNT, "alias/payroll"));
        assert_null(registry_alias_find(fixture->registry, ACCOUNT, "alias/Payroll"));
        fixture_reopen(fixture);
    }
    assert_int_equal(retarget_alias(fixture, "alias/payroll", b.key.key_id, NOW_MS + 5).code, REGISTRY_OK);
    for (int round = 0; round < 2; round++) {
        const struct registry_alias *alias = registry_alias_find(fixture->registry, ACCOUNT, "alias/payroll");
        assert_non_null(alias);
        assert_memory_equal(alias->key_id, b.key.key_id, KEY_ID_BYTES);
        assert_int_equal(alias->created_ms, NOW_MS);
        assert_int_equal(alias->updated_ms, NOW_MS + 5);
        assert_int_equal(registry_key_find(fixture->registry, a.key.key_id)->n_aliases, 0);
        assert_int_equal(registry_key_find(fixture->registry, b.key.key_id)->n_aliases, 1);
        assert_int_equal(registry_aliases(fixture->registry), 1);
        fixture_reopen(fixture);
    }
    assert_int_equal(remove_alias(fixture, "alias/payroll").code, REGISTRY_OK);
    for (int round = 0; round < 2; round++) {
        assert_null(registry_alias_find(fixture->registry, ACCOUNT, "alias/payroll"));
        assert_int_equal(registry_key_find(fixture->registry, b.key.key_id)->n_aliases, 0);
        assert_int_equal(registry_aliases(fixture->registry), 0);
        fixture_reopen(fixture);
    }
}

static void alias_failures(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key mine;
    struct plain_key foreign;
    plain_key_init(&mine, 1);
    plain_key_init(&foreign, 2);
    memcpy(foreign.key.account, OTHER_ACCOUNT, ACCOUNT_TEXT_BYTES);
    uint8_t nobody[KEY_ID_BYTES] = {9};
    assert_int_equal(add_key(fixture, &mine.key).code, REGISTRY_OK);
    assert_int_equal(add_key(fixture, &foreign.key).code, REGISTRY_OK);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/a", mine.key.key_id).code, REGISTRY_OK);

    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/a", mine.key.key_id).code, REGISTRY_EXISTS);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/b", nobody).code, REGISTRY_NOT_FOUND);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/b", foreign.key.key_id).code, REGISTRY_NOT_FOUND);
    assert_int_equal(retarget_alias(fixture, "alias/b", mine.key.key_id, NOW_MS).code, REGISTRY_NOT_FOUND);
    assert_int_equal(retarget_alias(fixture, "alias/a", nobody, NOW_MS).code, REGISTRY_NOT_FOUND);
    assert_int_equal(retarget_alias(fixture, "alias/a", foreign.key.key_id, NOW_MS).code, REGISTRY_NOT_FOUND);
    assert_int_equal(remove_alias(fixture, "alias/b").code, REGISTRY_NOT_FOUND);
    /* The same name in another account is another alias. */
    assert_int_equal(add_alias(fixture, OTHER_ACCOUNT, "alias/a", foreign.key.key_id).code, REGISTRY_OK);

    for (int round = 0; round < 2; round++) {
        assert_int_equal(registry_aliases(fixture->registry), 2);
        assert_memory_equal(registry_alias_find(fixture->registry, ACCOUNT, "alias/a")->key_id, mine.key.key_id,
                            KEY_ID_BYTES);
        fixture_reopen(fixture);
    }
}

static void aliases_are_paged_by_name(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key keys[2];
    for (uint32_t i = 0; i < 2; i++) {
        add_plain_key(fixture, i, &keys[i]);
    }
    /* Byte order: capitals before small letters, a prefix before what is longer. */
    const char *const sorted[] = {"alias/B", "alias/a", "alias/a/b", "alias/aa", "alias/b", "alias/c"};
    const size_t order[] = {3, 0, 5, 2, 4, 1};
    for (size_t i = 0; i < 6; i++) {
        size_t n = order[i];
        assert_int_equal(add_alias(fixture, ACCOUNT, sorted[n], keys[n % 2].key.key_id).code, REGISTRY_OK);
    }
    for (int round = 0; round < 2; round++) {
        const char *after = NULL;
        for (size_t i = 0; i < 6; i++) {
            const struct registry_alias *alias = registry_alias_after(fixture->registry, ACCOUNT, after);
            assert_non_null(alias);
            assert_string_equal(alias->name, sorted[i]);
            after = alias->name;
        }
        assert_null(registry_alias_after(fixture->registry, ACCOUNT, after));
        assert_string_equal(registry_alias_after(fixture->registry, ACCOUNT, "alias/a0")->name, "alias/aa");
        assert_null(registry_alias_after(fixture->registry, OTHER_ACCOUNT, NULL));

        for (size_t key = 0; key < 2; key++) {
            const struct registry_key *found = registry_key_find(fixture->registry, keys[key].key.key_id);
            const struct registry_alias *alias = NULL;
            for (size_t i = key; i < 6; i += 2) {
                alias = registry_alias_of_key_after(found, alias);
                assert_non_null(alias);
                assert_string_equal(alias->name, sorted[i]);
            }
            assert_null(registry_alias_of_key_after(found, alias));
            assert_int_equal(found->n_aliases, 3);
        }
        fixture_reopen(fixture);
    }
    assert_null(registry_alias_of_key_after(&keys[0].key, NULL)); /* it is the one that was put in, and not in it */
}

/* Of many who want one name at once, one gets it; order is the order of asking. */
static void one_name_many_askers(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key keys[20];
    struct answer answers[20] = {0};
    for (uint32_t i = 0; i < 20; i++) {
        add_plain_key(fixture, i, &keys[i]);
    }
    for (size_t i = 0; i < 20; i++) {
        registry_alias_add(fixture->registry, ACCOUNT, "alias/one", keys[i].key.key_id, NOW_MS, on_answer, &answers[i]);
    }
    assert_int_equal(registry_waiting(fixture->registry), 20);
    assert_null(registry_alias_find(fixture->registry, ACCOUNT, "alias/one")); /* not before it is durable */
    fixture_run_until(fixture, &answers[19].calls, 1);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(answers[i].calls, 1);
        assert_int_equal(answers[i].result.code, i == 0 ? REGISTRY_OK : REGISTRY_EXISTS);
    }
    assert_int_equal(registry_waiting(fixture->registry), 0);
    fixture_reopen(fixture);
    assert_memory_equal(registry_alias_find(fixture->registry, ACCOUNT, "alias/one")->key_id, keys[0].key.key_id,
                        KEY_ID_BYTES);
}

/* A row of changes on one alias, asked for at once, has the outcome of one after the other. */
static void changes_keep_their_order(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct registry *registry = fixture->registry;
    struct plain_key a;
    struct plain_key b;
    plain_key_init(&a, 1);
    plain_key_init(&b, 2);
    struct answer answers[7] = {0};
    registry_alias_add(registry, ACCOUNT, "alias/x", a.key.key_id, NOW_MS, on_answer, &answers[0]); /* no key yet */
    registry_key_add(registry, &a.key, on_answer, &answers[1]);
    registry_alias_add(registry, ACCOUNT, "alias/x", a.key.key_id, NOW_MS, on_answer, &answers[2]);
    registry_alias_remove(registry, ACCOUNT, "alias/x", on_answer, &answers[3]);
    registry_key_add(registry, &b.key, on_answer, &answers[4]);
    registry_alias_add(registry, ACCOUNT, "alias/x", a.key.key_id, NOW_MS, on_answer, &answers[5]);
    registry_alias_retarget(registry, ACCOUNT, "alias/x", b.key.key_id, NOW_MS + 1, on_answer, &answers[6]);
    fixture_run_until(fixture, &answers[6].calls, 1);
    assert_int_equal(answers[0].result.code, REGISTRY_NOT_FOUND);
    for (size_t i = 1; i < 7; i++) {
        assert_int_equal(answers[i].result.code, REGISTRY_OK);
    }
    for (int round = 0; round < 2; round++) {
        const struct registry_alias *alias = registry_alias_find(fixture->registry, ACCOUNT, "alias/x");
        assert_memory_equal(alias->key_id, b.key.key_id, KEY_ID_BYTES);
        assert_int_equal(alias->updated_ms, NOW_MS + 1);
        fixture_reopen(fixture);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(alias_lives_and_dies), TEST(alias_failures),           TEST(aliases_are_paged_by_name),
        TEST(one_name_many_askers), TEST(changes_keep_their_order),
    };
    return cmocka_run_group_tests_name("registry/alias", tests, NULL, NULL);
}
