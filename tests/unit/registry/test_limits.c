/* The limits that only many rows reach: who has gone, grants of one key, changes that wait. */
#include "fixture_who.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* One name more is refused, one that is there already is not, but keeps no more than it has: user-002 three departures,
 * all others one. */
static void departures_have_a_limit(void **state)
{
    struct fixture *fixture = *state;
    struct plain_principal plain;
    fixture_open(fixture);
    for (unsigned i = 1; i <= 3; i++) {
        plain_principal_init(&plain, i);
        expect_result(add_principal(fixture, &plain.principal), REGISTRY_OK, "");
    }
    fixture_close(fixture);
    run_sql(fixture, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999998)"
                     " INSERT INTO departures SELECT '111122223333', 1, printf('user-%03d', i + 1), '', 5 FROM n;"
                     "INSERT INTO departures VALUES ('111122223333', 1, 'user-002', 'AIDA00000000000000091', 6),"
                     " ('111122223333', 1, 'user-002', 'AIDA00000000000000092', 7)");
    fixture_open(fixture);
    assert_int_equal(registry_departures(fixture->registry), REGISTRY_MAX_DEPARTURES);
    expect_result(remove_user(fixture, "user-001", 1, NOW_MS), REGISTRY_LIMIT, "1000000 deleted");
    assert_non_null(user(fixture, "user-001"));
    expect_result(remove_user(fixture, "user-002", 1, NOW_MS), REGISTRY_OK, "");
    expect_result(remove_user(fixture, "user-003", 1, NOW_MS), REGISTRY_OK, "");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(registry_departures(fixture->registry), REGISTRY_MAX_DEPARTURES);
        assert_int_equal(departed_ms(fixture, "user-002"), NOW_MS);
        assert_string_equal(departed_id(fixture, "user-002", 8), "AIDA00000000000000002");
        assert_string_equal(departed_id(fixture, "user-002", 7), "AIDA00000000000000092");
        assert_null(departed_id(fixture, "user-002", 6));
        assert_int_equal(departed_ms(fixture, "user-003"), NOW_MS);
        assert_null(departed_id(fixture, "user-003", NOW_MS));
        fixture_reopen(fixture);
    }
    fixture_close(fixture);
    run_sql(fixture, "INSERT INTO departures VALUES ('111122223333', 1, 'user-003', 'AIDA00000000000000093', 5)");
    fixture_expect_refused(fixture, "table departures has more than 1000000 rows");
}

/* Those that wait count. */
static void key_has_a_limit(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key key;
    struct answer answers[4] = {0};
    fixture_open(fixture);
    add_plain_key(fixture, 1, &key);
    fixture_close(fixture);
    run_sql(fixture, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 49998)"
                     " INSERT INTO grants SELECT x'00000001000000000000000000000000', randomblob(32), 1, '',"
                     " 'arn:aws:iam::111122223333:user/u' || i, 0, '', 0, '111122223333', 16, NULL, NULL, '' FROM n");
    fixture_open(fixture);
    for (unsigned i = 0; i < 4; i++) {
        struct plain_grant plain;
        plain_grant_init(&plain, i, key.key.key_id);
        registry_grant_add(fixture->registry, &plain.grant, on_answer, &answers[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        fixture_run_until(fixture, &answers[i].calls, 1);
        assert_int_equal(answers[i].result.code, i < 2 ? REGISTRY_OK : REGISTRY_LIMIT);
    }
    assert_int_equal(registry_key_grants(fixture->registry, key.key.key_id), KEY_MAX_GRANTS);
    fixture_close(fixture);
    run_sql(fixture, "INSERT INTO grants SELECT key_id, randomblob(32), 1, '', grantee, 0, '', 0, issuing_account, 16,"
                     " NULL, NULL, '' FROM grants LIMIT 1");
    fixture_expect_refused(fixture, "too many grants");
}

static void limit_of_waiting_changes(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    enum { MORE = 10, ALL = REGISTRY_MAX_WAITING + MORE };
    static struct answer answers[ALL];
    memset(answers, 0, sizeof answers);
    for (uint32_t i = 0; i < ALL; i++) {
        struct plain_key plain;
        plain_key_init(&plain, i);
        registry_key_add(fixture->registry, &plain.key, on_answer, &answers[i]);
        assert_int_equal(answers[i].calls, 0);
    }
    assert_int_equal(registry_waiting(fixture->registry), ALL); /* the refused ones wait to be told */
    for (size_t i = 0; i < ALL; i++) {
        fixture_run_until(fixture, &answers[i].calls, 1);
        assert_int_equal(answers[i].result.code, i < REGISTRY_MAX_WAITING ? REGISTRY_OK : REGISTRY_LIMIT);
    }
    assert_int_equal(registry_waiting(fixture->registry), 0);
    struct plain_key again;
    add_plain_key(fixture, ALL, &again);
    assert_int_equal(registry_keys(fixture->registry), REGISTRY_MAX_WAITING + 1);
}

static void limit_of_waiting_bytes(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    registry_set_patience(fixture->registry, 120000); /* 16 MiB in one transaction, perhaps under valgrind */
    static char description[4 * 8192 + 1];
    for (size_t i = 0; i < 8192; i++) {
        memcpy(description + 4 * i, "\xf0\x9f\x94\x91", 4);
    }
    static struct answer answers[600];
    memset(answers, 0, sizeof answers);
    for (uint32_t i = 0; i < 600; i++) {
        struct plain_key plain;
        plain_key_init(&plain, i);
        plain.key.description = description;
        registry_key_add(fixture->registry, &plain.key, on_answer, &answers[i]);
    }
    const size_t fit = REGISTRY_MAX_WAITING_BYTES / (4 * 8192);
    for (size_t i = 0; i < 600; i++) {
        fixture_run_until(fixture, &answers[i].calls, 1);
        if (i < fit - 5) {
            assert_int_equal(answers[i].result.code, REGISTRY_OK);
        } else if (i >= fit) {
            assert_int_equal(answers[i].result.code, REGISTRY_LIMIT);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(departures_have_a_limit),
        TEST(key_has_a_limit),
        TEST(limit_of_waiting_changes),
        TEST(limit_of_waiting_bytes),
    };
    return cmocka_run_group_tests_name("registry/limits", tests, NULL, NULL);
}
