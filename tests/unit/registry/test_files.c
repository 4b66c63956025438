/* Files in the place of the registry that are not one, or not safe to use. */
#include "fixture.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

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
    const char *log = fixture_beside(fixture, "-wal");
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
        write_file(fixture_beside(fixture, suffixes[i]), "left over", 9);
    }
    fixture_open(fixture);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(access(fixture_beside(fixture, suffixes[i]), F_OK), -1);
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

/* A log that is cut or changed after its last commit is what a power cut leaves: everything before it counts. */
static void damaged_log_keeps_what_is_before(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    size_t len;
    uint8_t *good = read_file(fixture->path, &len);
    const char *log = fixture_beside(fixture, "-wal");
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
    const char *other = fixture_beside(fixture, ".other");
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
        add_plain_key(fixture, i, &plain);
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
    add_plain_key(fixture, 50, &plain); /* the registry goes on */
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
        TEST(damaged_log_keeps_what_is_before),
        TEST(file_that_others_may_write_is_refused),
        TEST(other_kinds_of_file_are_refused),
        TEST(missing_folder_is_refused),
        TEST(backup_is_a_registry),
    };
    return cmocka_run_group_tests_name("registry/files", tests, NULL, NULL);
}
