/* A registry of 100,000 keys, and one of 1,000,000 grants: load, page and find them all. Times and sizes are printed,
 * not judged. */
#include "fixture_who.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define KEYS    100000
#define ALIASES 20000
#define RETIRED 10000

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* In SQL, because adding one by one is what the disk allows; ids in no order of the rows. */
static void make_many(struct fixture *fixture)
{
    fixture_open(fixture);
    fixture_close(fixture);
    run_sql(
        fixture,
        "BEGIN;"
        "CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
        " SELECT i, randomblob(16) AS id FROM n;"
        "INSERT INTO keys SELECT id, '111122223333', 'main', 'key ' || i, 1, 1, 1, 1, i, 0, 0, 0, 1, NULL, i FROM n;"
        "INSERT INTO materials SELECT id, 1, randomblob(32), i, 1 FROM n;"
        "INSERT INTO retired SELECT randomblob(32), randomblob(16), '111122223333', 'main', 1, 1, i FROM n"
        " WHERE i % 10 = 0;"
        "INSERT INTO tags SELECT id, 'number', i FROM n WHERE i % 4 = 0;"
        "INSERT INTO aliases SELECT '111122223333', 'alias/' || i, id, i, i FROM n WHERE i % 5 = 0;"
        "COMMIT");
}

static void many_keys_load(void **state)
{
    struct fixture *fixture = *state;
    make_many(fixture);
    double start = seconds();
    fixture_open(fixture);
    print_message("           %d keys and %d aliases loaded in %.2f s\n", KEYS, ALIASES, seconds() - start);
    assert_int_equal(registry_keys(fixture->registry), KEYS);
    assert_int_equal(registry_account_keys(fixture->registry, ACCOUNT), KEYS);
    assert_int_equal(registry_aliases(fixture->registry), ALIASES);

    start = seconds();
    size_t paged = 0;
    const struct registry_key *before = NULL;
    const struct registry_key *key = registry_key_after(fixture->registry, ACCOUNT, NULL);
    for (; key != NULL; key = registry_key_after(fixture->registry, ACCOUNT, key->key_id)) {
        assert_true(before == NULL || memcmp(before->key_id, key->key_id, KEY_ID_BYTES) < 0);
        assert_ptr_equal(registry_key_find(fixture->registry, key->key_id), key);
        assert_ptr_equal(registry_key_of_material(fixture->registry, key->materials[0].id), key);
        before = key;
        paged++;
    }
    assert_int_equal(paged, KEYS);
    print_message("           paged and found twice in %.2f s\n", seconds() - start);

    start = seconds();
    size_t all = 0;
    key = registry_any_key_after(fixture->registry, NULL);
    for (; key != NULL; key = registry_any_key_after(fixture->registry, key->key_id)) {
        all++;
    }
    assert_int_equal(all, KEYS);
    size_t retired = 0;
    const struct registry_retired *material = registry_retired_after(fixture->registry, NULL);
    for (; material != NULL; material = registry_retired_after(fixture->registry, material->material_id)) {
        retired++;
    }
    assert_int_equal(retired, RETIRED);
    print_message("           walked through all, and %d retired materials, in %.2f s\n", RETIRED, seconds() - start);

    size_t named = 0;
    const struct registry_alias *alias = registry_alias_after(fixture->registry, ACCOUNT, NULL);
    for (; alias != NULL; alias = registry_alias_after(fixture->registry, ACCOUNT, alias->name)) {
        assert_ptr_equal(registry_alias_find(fixture->registry, ACCOUNT, alias->name), alias);
        assert_ptr_equal(registry_alias_of_key_after(registry_key_find(fixture->registry, alias->key_id), NULL), alias);
        named++;
    }
    assert_int_equal(named, ALIASES);

    start = seconds();
    for (uint32_t i = 0; i < 100; i++) {
        struct plain_key plain;
        add_plain_key(fixture, i, &plain);
    }
    print_message("           100 keys added one after the other in %.2f s\n", seconds() - start);
    start = seconds();
    static struct answer answers[1000];
    memset(answers, 0, sizeof answers);
    ask_for_keys(fixture, 1000, 1000, answers);
    for (size_t i = 0; i < 1000; i++) {
        fixture_run_until(fixture, &answers[i].calls, 1);
        assert_int_equal(answers[i].result.code, REGISTRY_OK);
    }
    print_message("           1000 keys added at once in %.2f s\n", seconds() - start);
    assert_int_equal(registry_keys(fixture->registry), KEYS + 1100);

    start = seconds();
    memset(answers, 0, sizeof answers);
    for (uint32_t i = 0; i < 1000; i++) {
        struct plain_key plain;
        plain_key_init(&plain, 1000 + i);
        registry_key_remove(fixture->registry, plain.key.key_id, 1, NOW_MS, on_answer, &answers[i]);
    }
    for (size_t i = 0; i < 1000; i++) {
        fixture_run_until(fixture, &answers[i].calls, 1);
        assert_int_equal(answers[i].result.code, REGISTRY_OK);
    }
    print_message("           1000 keys removed at once in %.2f s\n", seconds() - start);
    assert_int_equal(registry_keys(fixture->registry), KEYS + 100);
    assert_int_equal(registry_retired_materials(fixture->registry), RETIRED + 1000);
}

#define GRANTS         200000 /* tests/bench/policy has a million: in a sanitizer build they take minutes */
#define GRANTED_KEYS   10000
#define HOT_KEY_GRANTS 50000

static size_t memory_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* A key with as many grants as one may have, each to another; the others share what is left. Policies of ten kinds. */
static void make_grants(struct fixture *fixture)
{
    fixture_open(fixture);
    fixture_close(fixture);
    run_sql(fixture,
            "BEGIN;"
            "CREATE TEMP TABLE k AS WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)"
            " SELECT i, randomblob(16) AS id FROM n;"
            "CREATE UNIQUE INDEX temp.k_i ON k (i);"
            "INSERT INTO keys SELECT id, '111122223333', 'main', '', 1, 1, 1, 1, i, 0, 0, 0, 1,"
            " '{\"Statement\":{\"Sid\":\"' || (i % 10) || '\",\"Effect\":\"Allow\",\"Principal\":\"*\"}}', i FROM k;"
            "INSERT INTO materials SELECT id, 1, randomblob(32), i, 1 FROM k;"
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199999)"
            " INSERT INTO grants SELECT (SELECT id FROM k WHERE k.i = iif(n.i < 50000, 0, 1 + n.i % 9999)),"
            " randomblob(32), i, '', 'arn:aws:iam::111122223333:role/app-' || (i % 50000), 0,"
            " 'arn:aws:iam::111122223333:role/admin-' || (i % 10), 0, '111122223333', 48,"
            " iif(i % 2, NULL, x'01000674656e616e74000161'), NULL, '' FROM n;"
            "COMMIT");
}

static void many_grants_load(void **state)
{
    struct fixture *fixture = *state;
    make_grants(fixture);
    const size_t before = memory_in_use();
    double start = seconds();
    fixture_open(fixture);
    print_message("           %d grants on %d keys loaded in %.2f s, %zu bytes each\n", GRANTS, GRANTED_KEYS,
                  seconds() - start, (memory_in_use() - before) / GRANTS);
    const struct registry *registry = fixture->registry;
    assert_int_equal(registry_grants(registry), GRANTS);
    start = seconds();
    size_t paged = 0;
    size_t hot = 0;
    const struct registry_key *key = registry_any_key_after(registry, NULL);
    for (; key != NULL; key = registry_any_key_after(registry, key->key_id)) {
        const struct registry_grant *grant = registry_grant_after(registry, key->key_id, NULL);
        for (; grant != NULL; grant = registry_grant_after(registry, key->key_id, grant->id)) {
            struct policy_grant_list list;
            registry_grants_for_each(registry, key, &grant->grant.grantee, 1, &list);
            assert_true(list.count != 0 && view_equal(list.grants[0]->grantee, grant->grant.grantee));
            hot += registry_key_grants(registry, key->key_id) == HOT_KEY_GRANTS;
            paged++;
        }
    }
    assert_int_equal(paged, GRANTS);
    assert_int_equal(hot, HOT_KEY_GRANTS);
    print_message("           paged, and those of each grantee found, in %.2f s\n", seconds() - start);
    size_t retirable = 0;
    const struct view admin = view_of_string("arn:aws:iam::111122223333:role/admin-3");
    const struct registry_grant *grant = registry_grant_retirable_after(registry, admin, NULL);
    for (; grant != NULL; grant = registry_grant_retirable_after(registry, admin, grant->id)) {
        retirable++;
    }
    assert_int_equal(retirable, GRANTS / 10);
    key = registry_any_key_after(registry, NULL);
    while (registry_key_grants(registry, key->key_id) != HOT_KEY_GRANTS) {
        key = registry_any_key_after(registry, key->key_id);
    }
    start = seconds();
    expect_result(remove_key(fixture, key->key_id, 1), REGISTRY_OK, "");
    print_message("           a key with %d of them removed in %.2f s\n", HOT_KEY_GRANTS, seconds() - start);
    assert_int_equal(registry_grants(registry), GRANTS - HOT_KEY_GRANTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_keys_load, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(many_grants_load, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("registry/size", tests, NULL, NULL);
}
