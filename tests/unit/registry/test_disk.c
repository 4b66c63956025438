/* Full disks, failing writes, locks of others: refused, nothing half done, and it goes on when they are over. */
#include "fixture.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ a full disk */

/* Adds keys with long texts until the store says no; returns how many it took. */
static uint32_t fill(struct fixture *fixture, uint32_t first, struct registry_result *ret_refused)
{
    static char description[8001];
    memset(description, 'd', sizeof description - 1);
    for (uint32_t n = first; n < first + 5000; n++) {
        struct plain_key plain;
        plain_key_init(&plain, n);
        plain.key.description = description;
        struct registry_result result = add_key(fixture, &plain.key);
        if (result.code != REGISTRY_OK) {
            assert_int_equal(result.code, REGISTRY_STORE);
            assert_null(registry_key_find(fixture->registry, plain.key.key_id));
            *ret_refused = result;
            return n - first;
        }
    }
    fail_msg("the disk is never full");
    return 0;
}

/* In mounts of our own, which vanish with this process however it ends. */
static bool mount_small(const char *folder)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0700") == 0;
}

/* A file system of 1 MiB: real ENOSPC. Needs the right to mount. */
static void full_disk(void **state)
{
    struct fixture *fixture = *state;
    if (!mount_small(fixture->folder)) {
        assert_true(errno == EPERM || errno == EACCES);
        print_message("           SKIPPED: no right to mount a small file system\n");
        skip();
    }
    fixture_open(fixture);
    struct registry_result refused;
    uint32_t taken = fill(fixture, 0, &refused);
    print_message("           %u keys, then: %s\n", taken, refused.detail);
    assert_non_null(strstr(refused.detail, "full"));
    assert_true(taken > 10);

    /* Everything that waits at once is refused as a whole, and nothing of it is seen. */
    static struct answer answers[40];
    static char description[8001];
    memset(description, 'd', sizeof description - 1);
    memset(answers, 0, sizeof answers);
    for (uint32_t i = 0; i < 40; i++) {
        struct plain_key plain;
        plain_key_init(&plain, 10000 + i);
        plain.key.description = description;
        registry_key_add(fixture->registry, &plain.key, on_answer, &answers[i]);
    }
    for (uint32_t i = 0; i < 40; i++) {
        fixture_run_until(fixture, &answers[i].calls, 1);
        struct plain_key plain;
        plain_key_init(&plain, 10000 + i);
        bool found = registry_key_find(fixture->registry, plain.key.key_id) != NULL;
        assert_int_equal(found, answers[i].result.code == REGISTRY_OK);
    }
    size_t known = registry_keys(fixture->registry);

    /* Room again: the same registry goes on. */
    assert_int_equal(mount("tmpfs", fixture->folder, "tmpfs", MS_REMOUNT | MS_NOSUID | MS_NODEV, "size=8m"), 0);
    struct plain_key plain;
    plain_key_init(&plain, 20000);
    add_until_taken(fixture, &plain.key);
    fixture_reopen(fixture);
    assert_int_equal(registry_keys(fixture->registry), known + 1);
    fixture_close(fixture);
    assert_int_equal(umount2(fixture->folder, MNT_DETACH), 0);
}

/* A limit on the size of files, which the writer inherits: write(2) fails in another way, EFBIG, an I/O error to
 * SQLite. */
static void write_error(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {.rlim_cur = 400 * 1024, .rlim_max = before.rlim_max};
    fixture_open(fixture);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    pid_t first = writer_pid();
    assert_int_equal(prlimit(first, RLIMIT_FSIZE, &small, NULL), 0);
    struct registry_result refused;
    uint32_t taken = fill(fixture, 0, &refused);
    print_message("           %u keys, then: %s\n", taken, refused.detail);
    assert_true(taken > 10);
    size_t known = registry_keys(fixture->registry);

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    pid_t writer = writer_pid();
    if (writer > 0) {
        kill(writer, SIGKILL); /* the limit is its own */
    }
    struct plain_key plain;
    plain_key_init(&plain, 20000);
    add_until_taken(fixture, &plain.key);
    known = registry_keys(fixture->registry);
    assert_true(known >= taken + 1);
    fixture_reopen(fixture);
    assert_int_equal(registry_keys(fixture->registry), known);
}

/* In the child: a transaction on the file until the pipe is closed. */
_Noreturn static void hold_write_lock(const char *path, int ready_fd, int release_fd)
{
    sqlite3 *db;
    char byte = 1;
    bool held = sqlite3_open(path, &db) == SQLITE_OK &&
                sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK && write(ready_fd, &byte, 1) == 1 &&
                read(release_fd, &byte, 1) == 0;
    _exit(held ? 0 : 1);
}

/* Another program holds the write lock: refused after a while, nothing lost, and it works again afterwards. */
static void foreign_lock(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key plain;
    plain_key_init(&plain, 1);
    int ready[2];
    int release[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(release), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        close(release[1]);
        hold_write_lock(fixture->path, ready[1], release[0]);
    }
    close(release[0]);
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    struct registry_result result = add_key(fixture, &plain.key);
    expect_result(result, REGISTRY_STORE, "locked");
    assert_int_equal(registry_keys(fixture->registry), 0);
    close(release[1]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ready[0]);
    close(ready[1]);
    assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(full_disk),
        TEST(write_error),
        TEST(foreign_lock),
    };
    return cmocka_run_group_tests_name("registry/disk", tests, NULL, NULL);
}
