/* Commits that fail: what may be in the log all the same is never answered "nothing changed". SQLite's own files, with
 * the synchronisation or the writing of the log made to fail. */
#include "fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* Shared with the writer process; each is used up by the first call that it is for. */
struct orders {
    int after_sync;   /* the log was synced, and this is answered */
    int before_write; /* nothing is written into the log, and this is answered */
};

#define PAGE_LEAST_BYTES 512 /* headers of the log and of its frames are shorter */

static struct orders *orders;
static bool wrote_page;
static sqlite3_vfs vfs; /* SQLite's own, but for the log */
static int (*real_open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);
static const sqlite3_io_methods *real_methods;
static sqlite3_io_methods log_methods;

static int take(int *order)
{
    int code = *order;
    *order = SQLITE_OK;
    return code;
}

/* A new log has its header synced first: only a sync that follows a page is a commit's. */
static int log_sync(sqlite3_file *file, int flags)
{
    int code = real_methods->xSync(file, flags);
    return code == SQLITE_OK && wrote_page ? take(&orders->after_sync) : code;
}

static int log_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    int code = take(&orders->before_write);
    wrote_page = len >= PAGE_LEAST_BYTES;
    return code == SQLITE_OK ? real_methods->xWrite(file, data, len, at) : code;
}

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    int code = real_open(self, name, file, flags, ret_flags);
    if (code == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0) {
        real_methods = file->pMethods;
        log_methods = *real_methods;
        log_methods.xSync = log_sync;
        log_methods.xWrite = log_write;
        file->pMethods = &log_methods;
    }
    return code;
}

static int put_in_between(void **state)
{
    (void)state;
    orders = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(orders, MAP_FAILED);
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    assert_non_null(real);
    vfs = *real;
    real_open = real->xOpen;
    vfs.zName = "failing-log";
    vfs.xOpen = open_file;
    return sqlite3_vfs_register(&vfs, 1);
}

static int take_away(void **state)
{
    (void)state;
    assert_int_equal(sqlite3_vfs_unregister(&vfs), SQLITE_OK);
    return munmap(orders, sizeof *orders);
}

/* Memory must say what a recovery of the log finds: the writer is killed, so that nothing puts the log in order. */
static bool known_before_and_after(struct fixture *fixture, const struct registry_key *key)
{
    bool before = registry_key_find(fixture->registry, key->key_id) != NULL;
    pid_t writer = writer_pid();
    assert_true(writer > 0);
    assert_int_equal(kill(writer, SIGKILL), 0);
    fixture_reopen(fixture);
    bool after = registry_key_find(fixture->registry, key->key_id) != NULL;
    assert_int_equal(before, after);
    return after;
}

/* The commit is in the log, synced, and then something goes wrong. */
static void failure_after_the_sync(void **state)
{
    struct fixture *fixture = *state;
    static const int codes[] = {SQLITE_NOMEM,    SQLITE_IOERR_FSYNC, SQLITE_IOERR_NOMEM, SQLITE_CORRUPT,
                                SQLITE_PROTOCOL, SQLITE_READONLY,    SQLITE_INTERRUPT,   SQLITE_ERROR};
    fixture_open(fixture);
    for (uint32_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct plain_key plain;
        plain_key_init(&plain, i);
        orders->after_sync = codes[i];
        struct registry_result result = add_key(fixture, &plain.key);
        assert_int_equal(orders->after_sync, SQLITE_OK); /* it was met */
        assert_true(known_before_and_after(fixture, &plain.key));
        assert_int_equal(result.code, REGISTRY_STORE);
        assert_non_null(strstr(result.detail, "outcome was lost"));
    }
}

/* No room for the commit in the log: then it is not there, the writer says so and goes on. */
static void failure_before_the_commit_is_written(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key plain;
    plain_key_init(&plain, 1);
    assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);
    pid_t writer = writer_pid();
    plain_key_init(&plain, 2);
    orders->before_write = SQLITE_FULL;
    struct registry_result result = add_key(fixture, &plain.key);
    assert_int_equal(orders->before_write, SQLITE_OK);
    assert_int_equal(result.code, REGISTRY_STORE);
    assert_non_null(strstr(result.detail, "full"));
    assert_null(strstr(result.detail, "outcome"));
    assert_int_equal(writer_pid(), writer);
    assert_false(known_before_and_after(fixture, &plain.key));
    assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);
    assert_true(known_before_and_after(fixture, &plain.key));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(failure_after_the_sync),
        TEST(failure_before_the_commit_is_written),
    };
    return cmocka_run_group_tests_name("registry/commit", tests, put_in_between, take_away);
}
