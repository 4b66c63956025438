/* A database that is damaged or holds rows that cannot be: refused with a text that names the place, never guessed at.
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY_A "x'00000001000000000000000000000000'"

#define KEY_B "x'00000002000000000000000000000000'"

#define USER "AIDA00000000000000001"

/* Every which case is tried: with the argument `some` a tenth of them, for runs that take ten times as long. */
static unsigned step = 1;

/* ------------------------------------------------------------------ bad rows in a good schema */

/* Each statement is run on the copy of a good database, without SQLite's own checks, as somebody with the file could.
 */
static void bad_rows_are_named(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *sql, *table, *wrong;
    } cases[] = {
        {"UPDATE keys SET account = '11112222333x' WHERE key_id = " KEY_B, "table keys, row 00000002-", "12 digits"},
        {"UPDATE keys SET account = '111' WHERE key_id = " KEY_B, "table keys", "12 digits"},
        {"UPDATE keys SET token = '' WHERE key_id = " KEY_B, "table keys", "token"},
        {"UPDATE keys SET token = 'a' || char(10) WHERE key_id = " KEY_B, "table keys", "token"},
        {"UPDATE keys SET description = CAST(x'ff' AS TEXT) WHERE key_id = " KEY_B, "table keys", "description"},
        {"UPDATE keys SET description = CAST(x'610062' AS TEXT) WHERE key_id = " KEY_B, "table keys", "description"},
        {"UPDATE keys SET description = CAST(zeroblob(9000) AS TEXT) WHERE key_id = " KEY_B, "table keys",
         "description"},
        {"UPDATE keys SET description = replace(hex(zeroblob(4097)), '0', 'x') WHERE key_id = " KEY_B, "table keys",
         "description"},
        {"UPDATE keys SET spec = 6 WHERE key_id = " KEY_B, "table keys, row 00000002-", "spec"},
        {"UPDATE keys SET spec = 0 WHERE key_id = " KEY_B, "table keys", "spec"},
        {"UPDATE keys SET spec = 4294967297 WHERE key_id = " KEY_B, "table keys", "spec"},
        {"UPDATE keys SET usage = 4 WHERE key_id = " KEY_B, "table keys", "usage is unknown"},
        {"UPDATE keys SET usage = 2 WHERE key_id = " KEY_B, "table keys", "usage is none of its spec's"},
        {"UPDATE keys SET usage = 3, spec = 2 WHERE key_id = " KEY_B, "table keys", "usage is none of its spec's"},
        {"UPDATE keys SET spec = 5 WHERE key_id = " KEY_B, "table keys", "usage is none of its spec's"},
        {"UPDATE keys SET state = 4, rotation_days = 90, next_rotation_ms = 1 WHERE key_id = " KEY_B, "table keys",
         "pending import"},
        {"UPDATE keys SET state = 5 WHERE key_id = " KEY_B, "table keys", "state"},
        {"UPDATE keys SET boundary = 3 WHERE key_id = " KEY_B, "table keys", "boundary"},
        {"UPDATE keys SET created_ms = -1 WHERE key_id = " KEY_B, "table keys", "time"},
        {"UPDATE keys SET created_ms = 9223372036854775807 WHERE key_id = " KEY_B, "table keys", "time"},
        {"INSERT INTO keys SELECT x'01', account, token, '', 1, 1, 1, 1, 1, 0, 0, 0, 1, NULL, 1 FROM keys LIMIT 1",
         "table keys, row 01", "16 bytes"},
        {"DELETE FROM materials WHERE key_id = " KEY_B, "table keys, row 00000002-", "no material"},
        {"UPDATE materials SET version = 2 WHERE key_id = " KEY_B, "table materials, row 00000002-", "count from 1"},
        {"UPDATE materials SET material_id = x'00' WHERE key_id = " KEY_B, "table materials", "32 bytes"},
        {"UPDATE materials SET created_ms = -5 WHERE key_id = " KEY_B, "table materials", "time"},
        {"INSERT INTO materials VALUES (x'00', 1, randomblob(32), 1, 1)", "table materials, row 00", "16 bytes"},
        {"DELETE FROM keys WHERE key_id = " KEY_B, "table materials, row 00000002-", "no such key"},
        {"DELETE FROM keys WHERE key_id = " KEY_A, "table materials, row 00000001-", "no such key"},
        {"UPDATE keys SET deletion_ms = 5 WHERE key_id = " KEY_B, "table keys, row 00000002-", "pending deletion"},
        {"UPDATE keys SET state = 3 WHERE key_id = " KEY_B, "table keys, row 00000002-", "pending deletion"},
        {"UPDATE keys SET state = 3, deletion_ms = -1 WHERE key_id = " KEY_B, "table keys", "time"},
        {"UPDATE keys SET rotation_days = 89, next_rotation_ms = 1 WHERE key_id = " KEY_B, "table keys", "rotation"},
        {"UPDATE keys SET rotation_days = 4294967296 WHERE key_id = " KEY_B, "table keys", "rotation"},
        {"UPDATE keys SET rotation_days = 90 WHERE key_id = " KEY_B, "table keys, row 00000002-", "next rotation"},
        {"UPDATE keys SET next_rotation_ms = 90 WHERE key_id = " KEY_B, "table keys, row 00000002-", "next rotation"},
        {"UPDATE keys SET spec = 2, rotation_days = 90, next_rotation_ms = 1 WHERE key_id = " KEY_B,
         "table keys, row 00000002-", "RSA"},
        {"UPDATE keys SET spec = 2 WHERE key_id = " KEY_B ";"
         "INSERT INTO materials VALUES (" KEY_B ", 2, randomblob(32), 1, 3)",
         "table keys, row 00000002-", "RSA"},
        {"UPDATE keys SET revision = 0 WHERE key_id = " KEY_B, "table keys", "revision"},
        {"UPDATE materials SET origin = 2 WHERE key_id = " KEY_B, "table keys, row 00000002-", "origin"},
        {"UPDATE materials SET origin = 0 WHERE key_id = " KEY_B, "table materials", "origin"},
        {"UPDATE materials SET origin = 4294967297 WHERE key_id = " KEY_B, "table materials", "origin"},
        {"INSERT INTO materials VALUES (" KEY_B ", 2, randomblob(32), 1, 1)", "table keys, row 00000002-", "origin"},
        {"INSERT INTO materials VALUES (" KEY_B ", 2, randomblob(32), 1, 4)", "table materials, row 00000002-",
         "origin"},
        {"WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1025)"
         " INSERT INTO materials SELECT " KEY_B ", i, randomblob(32), 1, 3 FROM n",
         "table materials, row 00000002-", "too many"},
        {"UPDATE retired SET material_id = x'00'", "table retired", "32 bytes"},
        {"UPDATE retired SET key_id = x'00'", "table retired, row 00000003", "16 bytes"},
        {"UPDATE retired SET account = 'x'", "table retired, row 00000003", "12 digits"},
        {"UPDATE retired SET token = char(10)", "table retired, row 00000003", "token"},
        {"UPDATE retired SET spec = 6", "table retired, row 00000003", "spec"},
        {"UPDATE retired SET spec = 4294967297", "table retired, row 00000003", "spec"},
        {"UPDATE retired SET boundary = 3", "table retired, row 00000003", "boundary"},
        {"UPDATE retired SET retired_ms = 253402300800000", "table retired, row 00000003", "time"},
        {"UPDATE retired SET material_id = (SELECT material_id FROM materials WHERE key_id = " KEY_A ")",
         "table retired, row 00000001", "a key has this material"},
        {"INSERT INTO tags VALUES (x'ffffffffffffffffffffffffffffffff', 'k', 'v')", "table tags, row ffffffff-",
         "no such key"},
        {"UPDATE tags SET tag_key = ''", "table tags, row 00000001-", "tag key"},
        {"UPDATE tags SET tag_key = CAST(x'c3' AS TEXT)", "table tags", "tag key"},
        {"UPDATE tags SET tag_value = hex(zeroblob(129))", "table tags", "tag value"},
        {"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 51)"
         " INSERT INTO tags SELECT " KEY_B ", 'k' || i, '' FROM n",
         "table tags, row 00000002-", "too many"},
        {"UPDATE aliases SET account = '1'", "table aliases, row alias/x", "12 digits"},
        {"UPDATE aliases SET name = 'alias/'", "table aliases, row alias/", "alias/"},
        {"UPDATE aliases SET name = 'other'", "table aliases, row other", "alias/"},
        {"UPDATE aliases SET name = 'alias/' || char(27) || '[2J'", "table aliases, row alias/\\x1b[2J", "not allowed"},
        {"UPDATE aliases SET name = 'alias/' || hex(zeroblob(126))", "table aliases", "too long"},
        {"UPDATE aliases SET key_id = x'00'", "table aliases, row alias/x", "16 bytes"},
        {"UPDATE aliases SET key_id = x'00000003000000000000000000000000'", "table aliases, row alias/x",
         "no such key"},
        {"UPDATE aliases SET account = '444455556666'", "table aliases, row alias/x", "no such key"},
        {"UPDATE aliases SET updated_ms = 253402300800000", "table aliases, row alias/x", "time"},
        {"UPDATE keys SET policy = '' WHERE key_id = " KEY_B, "table keys", "policy"},
        {"UPDATE keys SET policy = char(27) || '{' WHERE key_id = " KEY_B, "table keys, row 00000002-", "policy"},
        {"UPDATE keys SET policy = CAST(x'7b007d' AS TEXT) WHERE key_id = " KEY_B, "table keys", "NUL"},
        {"UPDATE keys SET policy = CAST(zeroblob(32769) AS TEXT) WHERE key_id = " KEY_B, "table keys", "policy"},
        {"UPDATE keys SET policy_ms = 1 WHERE key_id = " KEY_B, "table keys, row 00000002-", "default policy"},
        {"UPDATE keys SET policy_ms = -1 WHERE key_id = " KEY_B, "table keys", "time"},
        {"UPDATE principals SET account = 'x'", "table principals, row " USER, "12 digits"},
        {"UPDATE principals SET kind = 3", "table principals, row " USER, "kind"},
        {"UPDATE principals SET kind = 2", "table principals, row " USER, "unique id"},
        {"UPDATE principals SET kind = 4294967297", "table principals, row " USER, "kind"},
        {"UPDATE principals SET name = 'a b'", "table principals, row " USER, "name"},
        {"UPDATE principals SET path = 'x'", "table principals, row " USER, "path"},
        {"UPDATE principals SET created_ms = 253402300800000", "table principals, row " USER, "time"},
        {"UPDATE principals SET revision = 0", "table principals", "revision"},
        {"UPDATE principals SET unique_id = 'AIDA'", "table principals, row AIDA", "unique id"},
        {"DELETE FROM principals", "table identity_policies, row " USER, "no such principal"},
        {"DELETE FROM principals; DELETE FROM identity_policies", "table access_keys, row " USER, "no such principal"},
        {"INSERT INTO principals VALUES ('AIDA00000000000000009', '111122223333', 1, 'z', '/', 1, 1);"
         "UPDATE identity_policies SET unique_id = 'AIDA00000000000000005' WHERE name = 'zebra'",
         "table identity_policies, row AIDA00000000000000005", "no such principal"},
        {"UPDATE identity_policies SET policy = char(1) || '{}'", "table identity_policies, row " USER, "policy"},
        {"UPDATE identity_policies SET name = 'a/b' WHERE name = 'apple'", "table identity_policies, row " USER,
         "name"},
        {"UPDATE identity_policies SET policy = hex(zeroblob(5121))", "table identity_policies", "policy"},
        {"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 19)"
         " INSERT INTO identity_policies SELECT unique_id, 'p' || i, policy FROM n JOIN identity_policies"
         " WHERE name = 'apple'",
         "table identity_policies, row " USER, "too many"},
        {"UPDATE access_keys SET access_key_id = 'AKIA' WHERE access_key_id GLOB '*1'", "table access_keys", "id"},
        {"UPDATE access_keys SET secret = 'short'", "table access_keys", "40 characters"},
        {"UPDATE access_keys SET secret = char(10) || substr(secret, 2)", "table access_keys", "printable"},
        {"UPDATE access_keys SET status = 3", "table access_keys, row " USER, "status"},
        {"UPDATE access_keys SET created_ms = -1", "table access_keys", "time"},
        {"INSERT INTO access_keys SELECT unique_id, 'AKIA0000000000000099', secret, 1, 1 FROM access_keys LIMIT 1",
         "table access_keys, row " USER, "too many"},
        {"UPDATE departures SET account = 'x'", "table departures, row user-002", "12 digits"},
        {"UPDATE departures SET kind = 3", "table departures, row user-002", "kind"},
        {"UPDATE departures SET kind = 4294967297", "table departures, row user-002", "kind"},
        {"UPDATE departures SET name = 'a b'", "table departures, row a b", "name"},
        {"UPDATE departures SET name = hex(zeroblob(33))", "table departures", "name"},
        {"UPDATE departures SET unique_id = 'AIDA0000000000000000a'", "table departures, row user-002", "unique id"},
        {"UPDATE departures SET unique_id = 'AROA00000000000000002'", "table departures, row user-002", "of its kind"},
        {"UPDATE departures SET unique_id = 'AIDA'", "table departures", "unique"},
        {"UPDATE departures SET departed_ms = 0", "table departures", "time"},
        {"UPDATE departures SET departed_ms = 253402300800000", "table departures, row user-002", "time"},
        {"UPDATE grants SET key_id = x'00000009000000000000000000000000'", "table grants, row 00000001", "no such key"},
        {"UPDATE grants SET key_id = x'00'", "table grants, row 00000001", "16 bytes"},
        {"UPDATE grants SET grant_id = x'00'", "table grants", "32 bytes"},
        {"INSERT INTO grants SELECT " KEY_A ", grant_id, 1, '', grantee, 0, '', 0, issuing_account, 16, NULL, NULL, ''"
         " FROM grants",
         "table grants, row 00000001", "twice"},
        {"UPDATE grants SET created_ms = -1", "table grants", "time"},
        {"UPDATE grants SET name = 'a b'", "table grants, row 00000001", "name"},
        {"UPDATE grants SET grantee = '*'", "table grants, row 00000001", "grantee"},
        {"UPDATE grants SET grantee_is_service = 2", "table grants", "out of range"},
        {"UPDATE grants SET retiring = '', retiring_is_service = 1", "table grants, row 00000001", "retiring"},
        {"UPDATE grants SET issuing_account = '11112222333x'", "table grants, row 00000001", "12 digits"},
        {"UPDATE grants SET operations = 131072", "table grants, row 00000001", "operations"},
        {"UPDATE grants SET operations = 4294967297", "table grants, row 00000001", "operations"},
        {"UPDATE grants SET source_arn = CAST(x'ff' AS TEXT)", "table grants, row 00000001", "source ARN"},
        {"UPDATE grants SET equals = x''", "table grants", "pairs"},
        {"UPDATE grants SET equals = x'09'", "table grants, row 00000001", "pairs"},
        {"UPDATE grants SET equals = x'010001'", "table grants, row 00000001", "pairs"},
        {"UPDATE grants SET equals = x'0000'", "table grants, row 00000001", "pairs"},
        {"UPDATE grants SET subset = x'020000000000000000'", "table grants, row 00000001", "twice"},
        {"UPDATE grants SET subset = x'010001ff0000'", "table grants, row 00000001", "UTF-8"},
    };
    make_database(fixture);
    size_t len;
    uint8_t *good = read_file(fixture->path, &len);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i += step) {
        char sql[512];
        snprintf(sql, sizeof sql, "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; %s", cases[i].sql);
        run_sql(fixture, sql);
        struct registry *registry = NULL;
        struct registry_result result = registry_open(fixture->base, fixture->path, &registry);
        bool named = strstr(result.detail, cases[i].table) != NULL && strstr(result.detail, cases[i].wrong) != NULL;
        if (result.code != REGISTRY_STORE || !named) {
            fail_msg("%s: %d %s", cases[i].sql, result.code, result.detail);
        }
        write_file(fixture->path, good, len);
    }
    free(good);
    fixture_open(fixture);
    assert_int_equal(registry_keys(fixture->registry), 2);
}

/* ------------------------------------------------------------------ damage */

/* Any byte of the file changed: refused, or the content is still one that follows every rule. Never a crash, never a
 * hang. */
static void flipped_bytes(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    size_t len;
    uint8_t *good = read_file(fixture->path, &len);
    srandom(3);
    unsigned refused = 0;
    enum { FLIPS = 300 };
    for (unsigned i = 0; i < FLIPS; i += step) {
        /* The header and the start and end of pages are where structure is; the rest at random. */
        size_t at = i < 100 ? i : (size_t)random() % len;
        if (i >= 200) {
            at = at / 4096 * 4096 + (at % 2 == 0 ? at % 32 : 4095 - at % 300);
        }
        uint8_t bit = (uint8_t)(1 << (random() % 8));
        good[at] ^= bit;
        write_file(fixture->path, good, len);
        good[at] ^= bit;
        struct registry *registry = NULL;
        struct registry_result result = registry_open(fixture->base, fixture->path, &registry);
        if (result.code == REGISTRY_OK) {
            assert_true(registry_keys(registry) <= 2);
            registry_free(registry);
        } else {
            assert_int_equal(result.code, REGISTRY_STORE);
            assert_int_not_equal(result.detail[0], '\0');
            assert_null(registry);
            refused++;
        }
    }
    print_message("           %u of %u flips refused\n", refused, FLIPS / step);
    assert_true(refused > 50 / step);
    free(good);
}

static void truncated_files(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    size_t len;
    uint8_t *good = read_file(fixture->path, &len);
    for (size_t keep = 1; keep < len; keep += step * (keep < 200 ? 13 : 1777)) {
        write_file(fixture->path, good, keep);
        struct registry *registry = NULL;
        struct registry_result result = registry_open(fixture->base, fixture->path, &registry);
        if (result.code != REGISTRY_STORE) {
            fail_msg("%zu of %zu bytes: %d %s", keep, len, result.code, result.detail);
        }
        assert_null(registry);
    }
    free(good);
}

int main(int argc, char **argv)
{
    step = argc > 1 && strcmp(argv[1], "some") == 0 ? 10 : 1;
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(bad_rows_are_named),
        TEST(flipped_bytes),
        TEST(truncated_files),
    };
    return cmocka_run_group_tests_name("registry/damage", tests, NULL, NULL);
}
