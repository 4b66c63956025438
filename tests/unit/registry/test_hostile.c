/* A database that is damaged, foreign, newer, or made to hurt: refused with a text that names the place, never guessed
 * at. */
#include "fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_A "x'00000001000000000000000000000000'"
#define KEY_B "x'00000002000000000000000000000000'"

/* Two keys, one with a tag, an alias, and the material of a deleted key: closed again. */
static void make_database(struct fixture *fixture)
{
    fixture_open(fixture);
    struct plain_key a;
    struct plain_key b;
    plain_key_init(&a, 1);
    plain_key_init(&b, 2);
    struct registry_tag tag = {(char *)"zone", (char *)"a"};
    a.key.tags = &tag;
    a.key.n_tags = 1;
    assert_int_equal(add_key(fixture, &a.key).code, REGISTRY_OK);
    assert_int_equal(add_key(fixture, &b.key).code, REGISTRY_OK);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/x", a.key.key_id).code, REGISTRY_OK);
    struct plain_key deleted;
    plain_key_init(&deleted, 3);
    assert_int_equal(add_key(fixture, &deleted.key).code, REGISTRY_OK);
    assert_int_equal(remove_key(fixture, deleted.key.key_id, 1).code, REGISTRY_OK);
    fixture_close(fixture);
}

static void write_file(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_not_equal(fd, -1);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

static uint8_t *read_file(const char *path, size_t *ret_len)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_not_equal(fd, -1);
    assert_int_equal(fstat(fd, &status), 0);
    uint8_t *data = malloc((size_t)status.st_size + 1);
    assert_non_null(data);
    assert_int_equal(read(fd, data, (size_t)status.st_size), status.st_size);
    close(fd);
    *ret_len = (size_t)status.st_size;
    return data;
}

/* ------------------------------------------------------------------ not ours */

/* What a crash of the file system may leave of a registry must not be taken for the beginning of a new one. */
static void empty_file_is_refused(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture->path, "", 0);
    fixture_expect_refused(fixture, "the database is empty");
    run_sql(fixture, "PRAGMA journal_mode = WAL; CREATE TABLE t (x); DROP TABLE t"); /* pages, but nothing in them */
    fixture_expect_refused(fixture, "the database is empty");
}

static void log_without_database_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char log[120];
    snprintf(log, sizeof log, "%s-wal", fixture->path);
    write_file(log, "x", 1);
    fixture_expect_refused(fixture, "its log (-wal) is there");
    assert_int_equal(access(fixture->path, F_OK), -1);
    assert_int_equal(unlink(log), 0);
    fixture_open(fixture);
}

/* What an interrupted first start left is no obstacle. */
static void left_beginnings_are_removed(void **state)
{
    struct fixture *fixture = *state;
    static const char *const suffixes[] = {".new", ".new-wal", ".new-shm", ".new-journal"};
    for (size_t i = 0; i < 4; i++) {
        char name[120];
        snprintf(name, sizeof name, "%s%s", fixture->path, suffixes[i]);
        write_file(name, "left over", 9);
    }
    fixture_open(fixture);
    for (size_t i = 0; i < 4; i++) {
        char name[120];
        snprintf(name, sizeof name, "%s%s", fixture->path, suffixes[i]);
        assert_int_equal(access(name, F_OK), -1);
    }
}

static void text_file_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const char text[] = "[service]\npartition = aws\n";
    write_file(fixture->path, text, sizeof text - 1);
    fixture_expect_refused(fixture, "not a database");
    size_t len;
    uint8_t *after = read_file(fixture->path, &len);
    assert_int_equal(len, sizeof text - 1); /* untouched */
    assert_memory_equal(after, text, len);
    free(after);
}

static void foreign_database_is_refused_and_untouched(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture->path, "", 0);
    run_sql(fixture, "CREATE TABLE customers (name TEXT); PRAGMA application_id = 12345");
    size_t before_len;
    size_t after_len;
    uint8_t *before = read_file(fixture->path, &before_len);
    fixture_expect_refused(fixture, "not a registry of rewrapd (application_id 12345)");
    uint8_t *after = read_file(fixture->path, &after_len);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, before_len);
    free(before);
    free(after);
}

static void versions_other_than_ours_are_refused(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    run_sql(fixture, "PRAGMA user_version = 3");
    fixture_expect_refused(fixture, "schema version 3 is newer than this program knows (2)");
    run_sql(fixture, "PRAGMA user_version = 0");
    fixture_expect_refused(fixture, "schema version 0");
    run_sql(fixture, "PRAGMA user_version = -5");
    fixture_expect_refused(fixture, "schema version -5");
    run_sql(fixture, "PRAGMA user_version = 2");
    fixture_open(fixture);
    assert_int_equal(registry_keys(fixture->registry), 2);
}

/* What the file may carry besides content: code that would run, tables that lost their checks. */
static void other_schemas_are_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        const char *make, *undo, *named;
    } cases[] = {
        {"CREATE TRIGGER t AFTER INSERT ON aliases BEGIN DELETE FROM keys; END", "DROP TRIGGER t", "look at t"},
        {"CREATE VIEW v AS SELECT * FROM keys", "DROP VIEW v", "look at v"},
        {"CREATE TABLE more (x)", "DROP TABLE more", "look at more"},
        {"CREATE INDEX i ON keys (token)", "DROP INDEX i", "look at i"},
        {"ALTER TABLE keys ADD COLUMN extra TEXT", "ALTER TABLE keys DROP COLUMN extra", "look at keys"},
    };
    make_database(fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run_sql(fixture, cases[i].make);
        fixture_expect_refused(fixture, cases[i].named);
        run_sql(fixture, cases[i].undo);
    }
    run_sql(fixture, "ANALYZE"); /* an operator may do that */
    fixture_open(fixture);
    assert_int_equal(registry_keys(fixture->registry), 2);
    fixture_close(fixture);
    run_sql(fixture, "DROP TABLE tags");
    fixture_expect_refused(fixture, "look at tags");
}

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
        {"UPDATE keys SET spec = 5 WHERE key_id = " KEY_B, "table keys, row 00000002-", "spec"},
        {"UPDATE keys SET spec = 0 WHERE key_id = " KEY_B, "table keys", "spec"},
        {"UPDATE keys SET spec = 4294967297 WHERE key_id = " KEY_B, "table keys", "spec"},
        {"UPDATE keys SET usage = 2 WHERE key_id = " KEY_B, "table keys", "usage"},
        {"UPDATE keys SET state = 4 WHERE key_id = " KEY_B, "table keys", "state"},
        {"UPDATE keys SET boundary = 3 WHERE key_id = " KEY_B, "table keys", "boundary"},
        {"UPDATE keys SET created_ms = -1 WHERE key_id = " KEY_B, "table keys", "time"},
        {"UPDATE keys SET created_ms = 9223372036854775807 WHERE key_id = " KEY_B, "table keys", "time"},
        {"INSERT INTO keys SELECT x'01', account, token, '', 1, 1, 1, 1, 1, 0, 0, 0, 1 FROM keys LIMIT 1",
         "table keys, row 01", "16 bytes"},
        {"DELETE FROM materials WHERE key_id = " KEY_B, "table keys, row 00000002-", "no material"},
        {"UPDATE materials SET version = 2 WHERE key_id = " KEY_B, "table materials, row 00000002-", "count from 1"},
        {"UPDATE materials SET material_id = x'00' WHERE key_id = " KEY_B, "table materials", "32 bytes"},
        {"UPDATE materials SET created_ms = -5 WHERE key_id = " KEY_B, "table materials", "time"},
        {"INSERT INTO materials VALUES (x'00', 1, randomblob(32), 1, 1)", "table materials, row 00", "16 bytes"},
        {"DELETE FROM keys WHERE key_id = " KEY_B, "table materials, row 00000002-", "no such key"},
        {"DELETE FROM keys WHERE key_id = " KEY_A, "table materials, row 00000001-", "no such key"},
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
    };
    make_database(fixture);
    size_t len;
    uint8_t *good = read_file(fixture->path, &len);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char sql[512];
        snprintf(sql, sizeof sql, "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; %s", cases[i].sql);
        run_sql(fixture, sql);
        struct registry *registry = NULL;
        struct registry_result result = registry_open(fixture->base, fixture->path, &registry);
        bool named = strstr(result.detail, cases[i].table) != NULL && strstr(result.detail, cases[i].wrong) != NULL;
        /* integrity_check sees a broken CHECK before the rows are read: then it names the table. */
        bool noticed = strstr(result.detail, "CHECK constraint failed in") != NULL;
        if (result.code != REGISTRY_STORE || !(named || noticed)) {
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
    int refused = 0;
    enum { FLIPS = 300 };
    for (int i = 0; i < FLIPS; i++) {
        /* The header and the start and end of pages are where structure is; the rest at random. */
        size_t at = i < 100 ? (size_t)i : (size_t)random() % len;
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
    print_message("           %d of %d flips refused\n", refused, FLIPS);
    assert_true(refused > 50);
    free(good);
}

static void truncated_files(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    size_t len;
    uint8_t *good = read_file(fixture->path, &len);
    for (size_t keep = 1; keep < len; keep += keep < 200 ? 13 : 1777) {
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

/* A log that is cut or changed after its last commit is what a power cut leaves: everything before it counts. */
static void damaged_log_keeps_what_is_before(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    size_t len;
    uint8_t *good = read_file(fixture->path, &len);
    char log[120];
    snprintf(log, sizeof log, "%s-wal", fixture->path);
    write_file(log, good, len); /* not a log at all */
    fixture_open(fixture);
    assert_int_equal(registry_keys(fixture->registry), 2);
    free(good);
}

/* ------------------------------------------------------------------ the file itself */

static void file_that_others_may_write_is_refused(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    assert_int_equal(chmod(fixture->path, 0620), 0);
    fixture_expect_refused(fixture, "writable by group or others (mode 0620)");
    assert_int_equal(chmod(fixture->path, 0602), 0);
    fixture_expect_refused(fixture, "writable by group or others (mode 0602)");
    assert_int_equal(chmod(fixture->path, 0644), 0); /* reading is the owner's decision */
    fixture_open(fixture);
}

static void other_kinds_of_file_are_refused(void **state)
{
    struct fixture *fixture = *state;
    char other[120];
    snprintf(other, sizeof other, "%s.other", fixture->path);
    make_database(fixture);
    assert_int_equal(rename(fixture->path, other), 0);
    assert_int_equal(symlink(other, fixture->path), 0);
    fixture_expect_refused(fixture, "symbolic link");
    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(mkfifo(fixture->path, 0600), 0);
    fixture_expect_refused(fixture, "not a regular file");
    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(mkdir(fixture->path, 0700), 0);
    fixture_expect_refused(fixture, "cannot open the database file");
    assert_int_equal(rmdir(fixture->path), 0);
}

static void missing_folder_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char path[96];
    memcpy(path, fixture->path, sizeof path);
    snprintf(fixture->path, sizeof fixture->path, "%s/none/registry.db", fixture->folder);
    fixture_expect_refused(fixture, "No such file or directory");
    memcpy(fixture->path, path, sizeof path);
}

/* A backup made beside a registry at work is a registry. */
static void backup_is_a_registry(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key plain;
    for (uint32_t i = 0; i < 50; i++) {
        plain_key_init(&plain, i);
        assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);
    }
    char copy[120];
    snprintf(copy, sizeof copy, "%s/backup.db", fixture->folder);
    sqlite3 *from;
    sqlite3 *to;
    mode_t before = umask(0077);
    assert_int_equal(sqlite3_open(fixture->path, &from), SQLITE_OK);
    assert_int_equal(sqlite3_open(copy, &to), SQLITE_OK);
    umask(before);
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    assert_non_null(backup);
    assert_int_equal(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(backup), SQLITE_OK);
    sqlite3_close(from);
    sqlite3_close(to);
    plain_key_init(&plain, 50);
    assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK); /* the registry goes on */
    fixture_close(fixture);
    assert_int_equal(rename(copy, fixture->path), 0);
    fixture_open(fixture);
    assert_int_equal(registry_keys(fixture->registry), 50);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(empty_file_is_refused),
        TEST(log_without_database_is_refused),
        TEST(left_beginnings_are_removed),
        TEST(text_file_is_refused),
        TEST(foreign_database_is_refused_and_untouched),
        TEST(versions_other_than_ours_are_refused),
        TEST(other_schemas_are_refused),
        TEST(bad_rows_are_named),
        TEST(flipped_bytes),
        TEST(truncated_files),
        TEST(damaged_log_keeps_what_is_before),
        TEST(file_that_others_may_write_is_refused),
        TEST(other_kinds_of_file_are_refused),
        TEST(missing_folder_is_refused),
        TEST(backup_is_a_registry),
    };
    return cmocka_run_group_tests_name("registry/hostile", tests, NULL, NULL);
}
