/* The examination of the file beside the loading: its verdict, and what becomes of the loading without one. */
#include "fixture.h"
#include "sqlite_database.h"
#include "sqlite_examiner.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

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

/* Without a verdict there is no registry. */
static void killed_on_its_way(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_examiner examiner;
    sqlite3 *db;
    make_database(fixture);
    expect_result(sqlite_examiner_start(fixture->path, &examiner), REGISTRY_OK, "");
    siginfo_t end;
    char first;
    assert_int_equal(kill(examiner.process.pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)examiner.process.pid, &end, WEXITED | WNOWAIT), 0);
    if (recv(examiner.process.fd, &first, 1, MSG_PEEK) == 0) {
        assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
        sqlite_examiner_guard(&examiner, db);
        assert_int_equal(count_for_ever(db), SQLITE_INTERRUPT);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        expect_result(sqlite_examiner_finish(&examiner), REGISTRY_STORE, "came to no end");
    } else { /* it was faster */
        expect_result(sqlite_examiner_finish(&examiner), REGISTRY_OK, "");
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_good_file),
        TEST(a_damaged_file),
        TEST(readers_end_with_a_bad_verdict),
        TEST(killed_on_its_way),
    };
    return cmocka_run_group_tests_name("registry/examiner", tests, NULL, NULL);
}
