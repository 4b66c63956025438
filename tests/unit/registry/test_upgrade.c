/* A registry of version 1, made by the rewrapd of that time (version-1.db), becomes one of today: whole, or not at all.
 * It has five keys in two accounts: the first with tags and an alias, the second of RSA with an alias, the third open
 * and disabled, the fourth another account's with an alias, the fifth with a second material.
 * version-2.db has the same keys, the third pending deletion and the fifth rotated by a period, and the material of a
 * sixth, which was deleted.
 * version-3.db has those of version 2, users 1 to 3 of fixture_who.c, of whom the first two were deleted at NOW_MS + 5
 * and + 6, another of the first one's name, and grants 1 and 2 on the second key, made at NOW_MS. */
#include "failing_files.h"
#include "fixture_who.h"

#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A registry of an older version at the fixture's path, and nothing beside it. */
static void put_version(const struct fixture *fixture, const char *file)
{
    static const char *const suffixes[] = {"-wal", "-shm"};
    for (size_t i = 0; i < 2; i++) {
        (void)unlink(fixture_beside(fixture, suffixes[i]));
    }
    uint8_t bytes[128 << 10];
    int from = open(file, O_RDONLY | O_CLOEXEC);
    int to = open(fixture->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(from >= 0 && to >= 0);
    ssize_t len = read(from, bytes, sizeof bytes);
    assert_true(len > 0 && (size_t)len < sizeof bytes);
    assert_int_equal(write(to, bytes, (size_t)len), len);
    close(from);
    close(to);
}

static int number(const struct fixture *fixture, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int value = sqlite3_column_int(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return value;
}

/* Version 1 with every row of it and nothing of later ones; returns false when it is another version. */
static bool expect_version_1(const struct fixture *fixture)
{
    if (number(fixture, "PRAGMA user_version") != 1) {
        return false;
    }
    assert_int_equal(number(fixture, "SELECT count(*) FROM sqlite_schema WHERE name = 'retired'"), 0);
    assert_int_equal(number(fixture, "SELECT count(*) FROM pragma_table_info('keys')"), 9);
    assert_int_equal(number(fixture, "SELECT count(*) FROM pragma_table_info('materials')"), 4);
    assert_int_equal(number(fixture, "SELECT count(*) FROM keys"), 5);
    assert_int_equal(number(fixture, "SELECT count(*) FROM materials"), 6);
    assert_int_equal(number(fixture, "SELECT count(*) FROM tags"), 2);
    assert_int_equal(number(fixture, "SELECT count(*) FROM aliases"), 3);
    return true;
}

static const struct registry_key *key_of(const struct fixture *fixture, uint32_t n)
{
    struct plain_key plain;
    plain_key_init(&plain, n);
    const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
    assert_non_null(key);
    assert_memory_equal(key->materials[0].id, plain.material.id, MATERIAL_ID_BYTES);
    assert_int_equal(key->materials[0].origin, MATERIAL_FIRST);
    assert_int_equal(key->created_ms, NOW_MS);
    assert_int_equal(key->deletion_ms + key->next_rotation_ms + key->rotation_days, 0);
    assert_int_equal(key->revision, 1);
    return key;
}

static void expect_all(const struct fixture *fixture)
{
    assert_int_equal(registry_keys(fixture->registry), 5);
    assert_int_equal(registry_aliases(fixture->registry), 3);
    assert_int_equal(registry_retired_materials(fixture->registry), 0);
    const struct registry_key *first = key_of(fixture, 1);
    assert_string_equal(first->description, "invoices \xe2\x80\x93 2024");
    assert_int_equal(first->n_tags, 2);
    assert_string_equal(first->tags[0].key, "caf\xc3\xa9");
    assert_int_equal(first->n_aliases, 1);
    const struct registry_key *second = key_of(fixture, 2);
    assert_int_equal(second->spec, KEY_SPEC_RSA_3072);
    assert_string_equal(second->token, "second");
    const struct registry_key *third = key_of(fixture, 3);
    assert_int_equal(third->state, KEY_STATE_DISABLED);
    assert_int_equal(third->boundary, KEY_BOUNDARY_OPEN);
    assert_string_equal(key_of(fixture, 4)->account, OTHER_ACCOUNT);
    assert_non_null(registry_alias_find(fixture->registry, OTHER_ACCOUNT, "alias/payroll"));
    const struct registry_key *fifth = key_of(fixture, 5);
    assert_int_equal(fifth->n_materials, 2);
    assert_int_equal(fifth->materials[1].origin, MATERIAL_ROTATED_ON_DEMAND);
    assert_int_equal(fifth->materials[1].created_ms, 1700000000999);
}

/* What version 3 added is there: the default policy, put when the key was made, and nobody else. */
static void expect_nobody(const struct fixture *fixture)
{
    for (uint32_t n = 1; n <= 5; n++) {
        struct plain_key plain;
        plain_key_init(&plain, n);
        const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
        assert_null(key->policy);
        assert_int_equal(key->policy_ms, key->created_ms);
        assert_non_null(registry_policy_document(key->compiled));
    }
    assert_int_equal(registry_principals(fixture->registry), 0);
    assert_int_equal(registry_grants(fixture->registry), 0);
}

static void version_1_comes_whole(void **state)
{
    struct fixture *fixture = *state;
    put_version(fixture, VERSION_1_FILE);
    assert_true(expect_version_1(fixture)); /* what is looked for below is there to be found */
    for (int round = 0; round < 2; round++) {
        fixture_open(fixture);
        expect_all(fixture);
        expect_nobody(fixture);
        fixture_close(fixture);
        assert_int_equal(number(fixture, "PRAGMA user_version"), 4);
    }
    fixture_open(fixture);
    struct changed_key changed;
    changed_key_init(fixture, key_of(fixture, 5)->key_id, &changed);
    changed_key_rotate(&changed, 77, MATERIAL_ROTATED_AUTOMATICALLY);
    assert_int_equal(replace_key(fixture, &changed.key).code, REGISTRY_OK);
    assert_int_equal(remove_key(fixture, key_of(fixture, 1)->key_id, 1).code, REGISTRY_OK);
    fixture_reopen(fixture);
    assert_int_equal(registry_retired_materials(fixture->registry), 1);
    assert_int_equal(registry_aliases(fixture->registry), 2);
}

static void version_2_comes_whole(void **state)
{
    struct fixture *fixture = *state;
    put_version(fixture, VERSION_2_FILE);
    assert_int_equal(number(fixture, "PRAGMA user_version"), 2);
    assert_int_equal(number(fixture, "SELECT count(*) FROM pragma_table_info('keys')"), 13);
    for (int round = 0; round < 2; round++) {
        fixture_open(fixture);
        expect_nobody(fixture);
        struct plain_key plain;
        plain_key_init(&plain, 3);
        const struct registry_key *third = registry_key_find(fixture->registry, plain.key.key_id);
        assert_int_equal(third->state, KEY_STATE_PENDING_DELETION);
        assert_int_equal(third->deletion_ms, 1700604800123);
        assert_int_equal(third->revision, 2);
        plain_key_init(&plain, 5);
        const struct registry_key *fifth = registry_key_find(fixture->registry, plain.key.key_id);
        assert_int_equal(fifth->n_materials, 2);
        assert_int_equal(fifth->materials[1].origin, MATERIAL_ROTATED_AUTOMATICALLY);
        assert_int_equal(fifth->rotation_days, 365);
        assert_int_equal(registry_aliases(fixture->registry), 3);
        assert_int_equal(registry_retired_materials(fixture->registry), 1);
        fixture_close(fixture);
        assert_int_equal(number(fixture, "PRAGMA user_version"), 4);
    }
    fixture_open(fixture);
    struct plain_principal principal;
    struct plain_grant grant;
    struct plain_key key;
    plain_principal_init(&principal, 1);
    plain_key_init(&key, 2);
    plain_grant_init(&grant, 1, key.key.key_id);
    expect_result(add_principal(fixture, &principal.principal), REGISTRY_OK, "");
    expect_result(add_grant(fixture, &grant.grant), REGISTRY_OK, "");
    fixture_reopen(fixture);
    assert_int_equal(registry_principals(fixture->registry), 1);
    assert_int_equal(registry_grants(fixture->registry), 1);
}

/* Whose ids nobody kept stay without: what meant them is shown as before. Those who go from now on have one. */
static void version_3_comes_whole(void **state)
{
    struct fixture *fixture = *state;
    put_version(fixture, VERSION_3_FILE);
    assert_int_equal(number(fixture, "PRAGMA user_version"), 3);
    for (int round = 0; round < 2; round++) {
        fixture_open(fixture);
        assert_int_equal(registry_principals(fixture->registry), 2);
        assert_int_equal(registry_grants(fixture->registry), 2);
        assert_int_equal(registry_departures(fixture->registry), 2);
        assert_int_equal(departed_ms(fixture, "user-001"), NOW_MS + 5);
        assert_int_equal(departed_ms(fixture, "user-002"), NOW_MS + 6);
        assert_null(departed_id(fixture, "user-001", NOW_MS));
        fixture_close(fixture);
        assert_int_equal(number(fixture, "PRAGMA user_version"), 4);
    }
    fixture_open(fixture);
    expect_result(remove_user(fixture, "user-001", 1, NOW_MS + 20), REGISTRY_OK, "");
    fixture_reopen(fixture);
    assert_int_equal(registry_departures(fixture->registry), 3);
    assert_null(departed_id(fixture, "user-001", NOW_MS + 5));
    assert_string_equal(departed_id(fixture, "user-001", NOW_MS + 6), "AIDA00000000000000004");
    assert_null(departed_id(fixture, "user-001", NOW_MS + 21));
}

/* A row that only another program can have written: refused by the upgrade, which leaves version 3 as it was, or, when
 * only we have such a rule, by the loading behind it. */
static void odd_rows_of_version_3(void **state)
{
    static const struct {
        const char *sql, *refusal;
        int version;
    } cases[] = {
        {"UPDATE departures SET departed_ms = 0 WHERE name = 'user-002'",
         "schema version 4 cannot be made: database: CHECK constraint failed: departed_ms", 3},
        {"UPDATE departures SET name = '' WHERE name = 'user-002'",
         "schema version 4 cannot be made: database: CHECK constraint failed: length(name)", 3},
        {"UPDATE departures SET name = 'user 2' WHERE name = 'user-002'", "table departures, row user 2: ", 4},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put_version(fixture, VERSION_3_FILE);
        char sql[256];
        snprintf(sql, sizeof sql, "PRAGMA ignore_check_constraints = ON; %s", cases[i].sql);
        run_sql(fixture, sql);
        for (int round = 0; round < 2; round++) {
            fixture_expect_refused(fixture, cases[i].refusal);
            assert_int_equal(number(fixture, "PRAGMA user_version"), cases[i].version);
            assert_int_equal(number(fixture, "SELECT count(*) FROM pragma_table_info('departures')"),
                             cases[i].version + 1);
            assert_int_equal(number(fixture, "SELECT count(*) FROM departures"), 2);
        }
    }
}

/* Killed before each write of the upgrade, one after the other, until it gets through. */
static void killed_upgrade_leaves_version_1(void **state)
{
    struct fixture *fixture = *state;
    int kills = 0;
    int untouched = 0;
    for (int status = -1; status != 0; kills++) {
        put_version(fixture, VERSION_1_FILE);
        orders->kill_at = kills + 1;
        fflush(NULL);
        pid_t pid = fork();
        assert_int_not_equal(pid, -1);
        if (pid == 0) {
            struct registry *registry;
            _exit(registry_open(event_base_new(), fixture->path, &registry).code == REGISTRY_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
        orders->kill_at = 0;
        untouched += expect_version_1(fixture);
        fixture_open(fixture);
        expect_all(fixture);
        fixture_close(fixture);
    }
    print_message("           killed at %d writes, version 1 after %d of them\n", kills - 1, untouched);
    assert_true(untouched > 5);     /* the transaction has that many pages */
    assert_true(untouched < kills); /* the last one got through */
}

/* The disk is full at each write, one after the other: refused, and version 1 as it was. */
static void failed_upgrade_leaves_version_1(void **state)
{
    struct fixture *fixture = *state;
    int failures = 0;
    for (bool through = false; !through; failures++) {
        put_version(fixture, VERSION_1_FILE);
        orders->fail_at = failures + 1;
        struct registry *registry = NULL;
        struct registry_result result = registry_open(fixture->base, fixture->path, &registry);
        through = result.code == REGISTRY_OK;
        bool used = orders->fail_at == 0;
        orders->fail_at = 0;
        if (through) {
            registry_free(registry);
            through = !used; /* a checkpoint may fail without harm: the log has everything */
            continue;
        }
        expect_result(result, REGISTRY_STORE, "full");
        assert_null(registry);
        if (expect_version_1(fixture)) {
            continue;
        }
        fixture_open(fixture);
        expect_all(fixture);
        fixture_close(fixture);
    }
    print_message("           failed at %d writes\n", failures - 1);
    assert_true(failures > 5);
    fixture_open(fixture);
    expect_all(fixture);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(version_1_comes_whole), TEST(version_2_comes_whole),           TEST(version_3_comes_whole),
        TEST(odd_rows_of_version_3), TEST(killed_upgrade_leaves_version_1), TEST(failed_upgrade_leaves_version_1),
    };
    return cmocka_run_group_tests_name("registry/upgrade", tests, failing_files_register, failing_files_unregister);
}
