/* The examination of the file beside the loading: its verdict, and what becomes of the loading without one. */
#include "fixture.h"
#include "sqlite_database.h"
#include "sqlite_examiner.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The head of the last page is nonsense. */
static void damage(const struct fixture *fixture)
{
    size_t len;
    uint8_t *bytes = read_file(fixture->path, &len);
    memset(bytes + len - 4096, 0x5a, 16);
    write_file(fixture->path, bytes, len);
    free(bytes);
}

/* More instructions than anyone waits for. */
static int count_for_ever(sqlite3 *db)
{
    return sqlite3_exec(db, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
                        NULL, NULL, NULL);
}

static void a_good_file(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_examiner examiner;
    make_database(fixture);
    expect_result(sqlite_examiner_start(fixture->path, &examiner), REGISTRY_OK, "");
    expect_result(sqlite_examiner_finish(&examiner), REGISTRY_OK, "");
    expect_result(sqlite_examiner_finish(&examiner), REGISTRY_OK, "");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* it is gone */
}

static void a_damaged_file(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_examiner examiner;
    make_database(fixture);
    damage(fixture);
    expect_result(sqlite_examiner_start(fixture->path, &examiner), REGISTRY_OK, "");
    expect_result(sqlite_examiner_finish(&examiner), REGISTRY_STORE, "integrity_check");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    fixture_expect_refused(fixture, "integrity_check"); /* also when the rows are nonsense too */
}

/* What reads meanwhile goes on for as long as there is no verdict, and ends with one that is bad. */
static void readers_end_with_a_bad_verdict(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_examiner examiner;
    sqlite3 *db;
    make_database(fixture);
    damage(fixture);
    expect_result(sqlite_examiner_start(fixture->path, &examiner), REGISTRY_OK, "");
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    sqlite_examiner_guard(&examiner, db);
    assert_int_equal(count_for_ever(db), SQLITE_INTERRUPT);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    expect_result(sqlite_examiner_finish(&examiner), REGISTRY_STORE, "integrity_check");
}

/* ------------------------------------------------------------------ without a good verdict */

/* Another job in the examiner's place. */
static void start_job(const struct fixture *fixture, const struct sqlite_job *job, struct sqlite_examiner *ret)
{
    struct sqlite_process process;
    expect_result(sqlite_process_start(fixture->path, job, &process), REGISTRY_OK, "");
    *ret = (struct sqlite_examiner){.process = process};
}

/* What reads meanwhile ends, and the process is gone. */
static void expect_lost(struct sqlite_examiner *examiner, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    sqlite_examiner_guard(examiner, db);
    assert_int_equal(count_for_ever(db), SQLITE_INTERRUPT);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    expect_result(sqlite_examiner_finish(examiner), REGISTRY_STORE, text);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void say_nothing(int fd, int lock_fd, const char *path)
{
    (void)fd;
    (void)lock_fd;
    (void)path;
    for (;;) {
        pause();
    }
}

static void killed_on_its_way(void **state)
{
    static const struct sqlite_job silent = {.name = "silent", .run = say_nothing};
    struct sqlite_examiner examiner;
    start_job(*state, &silent, &examiner);
    assert_int_equal(kill(examiner.process.pid, SIGKILL), 0);
    expect_lost(&examiner, "came to no end");
}

static void say(int fd, const void *bytes, size_t len)
{
    _exit(send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : 1);
}

static void say_no_frame(int fd, int lock_fd, const char *path)
{
    (void)lock_fd;
    (void)path;
    say(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
}

static void say_another_frame(int fd, int lock_fd, const char *path)
{
    (void)lock_fd;
    (void)path;
    struct buffer out = BUFFER_INIT(SQLITE_EXAMINER_VERDICT_MAX_BYTES);
    if (wire_write_empty(&out, 0, WIRE_READY)) {
        say(fd, out.data, out.len);
    }
}

/* A good verdict but for its last byte. */
static void say_half(int fd, int lock_fd, const char *path)
{
    (void)lock_fd;
    (void)path;
    struct buffer out = BUFFER_INIT(SQLITE_EXAMINER_VERDICT_MAX_BYTES);
    const struct registry_result good = {.code = REGISTRY_OK};
    if (wire_write_result(&out, 0, WIRE_DONE, &good)) {
        say(fd, out.data, out.len - 1);
    }
}

static void verdicts_that_are_none(void **state)
{
    static const struct {
        struct sqlite_job job;
        const char *text;
    } cases[] = {
        {{"no frame", say_no_frame}, "said nonsense"},
        {{"another frame", say_another_frame}, "said nonsense"},
        {{"half", say_half}, "came to no end"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sqlite_examiner examiner;
        start_job(*state, &cases[i].job, &examiner);
        expect_lost(&examiner, cases[i].text);
    }
}

/* As each connection is opened. */
static int end_examiner(sqlite3 *db, char **ret_error, const struct sqlite3_api_routines *routines)
{
    (void)db;
    (void)ret_error;
    (void)routines;
    char name[16];
    if (prctl(PR_GET_NAME, name) == 0 && strcmp(name, "rewrapd-check") == 0) {
        _exit(0);
    }
    return SQLITE_OK;
}

/* There is nothing wrong with the file, but nobody has said so. */
static void no_registry_without_a_verdict(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    assert_int_equal(sqlite3_auto_extension((void (*)(void))end_examiner), SQLITE_OK);
    fixture_expect_refused(fixture, "came to no end");
    assert_int_equal(sqlite3_cancel_auto_extension((void (*)(void))end_examiner), 1);
    fixture_open(fixture);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_good_file),       TEST(a_damaged_file),         TEST(readers_end_with_a_bad_verdict),
        TEST(killed_on_its_way), TEST(verdicts_that_are_none), TEST(no_registry_without_a_verdict),
    };
    return cmocka_run_group_tests_name("registry/examiner", tests, NULL, NULL);
}
