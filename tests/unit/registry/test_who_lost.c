/* Principals and grants whose writer is lost: made or not, but whole, and memory says what the database says. */
#include "fixture_who.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define KEY_1      "x'00000001000000000000000000000000'"
#define GRANT(n)   "x'000000" n "00000000000000000000000000000000000000000000000000000001'"
#define GRANT_TAIL ", 1, '', 'arn:aws:iam::111122223333:user/x', 0, '', 0, '111122223333', 16, NULL, NULL, '')"

/* Of each kind one that another hand made meanwhile and one that nobody made. */
static void lost_outcome_is_read_again(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key key;
    struct plain_principal p[6];
    struct plain_grant g[4];
    fixture_open(fixture);
    add_plain_key(fixture, 1, &key);
    for (unsigned i = 0; i < 6; i++) {
        plain_principal_init(&p[i], i);
        p[i].principal.revision = 1;
        if (i >= 2) {
            expect_result(add_principal(fixture, &p[i].principal), REGISTRY_OK, "");
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        plain_grant_init(&g[i], i, key.key.key_id);
        if (i >= 2) {
            expect_result(add_grant(fixture, &g[i].grant), REGISTRY_OK, "");
        }
    }
    pid_t writer = writer_pid();
    assert_int_equal(kill(writer, SIGSTOP), 0);
    struct registry *registry = fixture->registry;
    struct answer answers[10] = {0};
    for (unsigned i = 0; i < 2; i++) {
        registry_principal_add(registry, &p[i].principal, on_answer, &answers[i]);
        p[2 + i].principal.n_policies = 0;
        registry_principal_replace(registry, &p[2 + i].principal, on_answer, &answers[2 + i]);
        registry_principal_remove(registry, ACCOUNT, PRINCIPAL_USER, p[4 + i].name, 1, NOW_MS + 5, on_answer,
                                  &answers[4 + i]);
        registry_grant_add(registry, &g[i].grant, on_answer, &answers[6 + i]);
        registry_grant_remove(registry, g[2 + i].grant.id, on_answer, &answers[8 + i]);
    }
    turn(fixture, 1); /* into the socket */
    turn(fixture, 1);
    run_sql(fixture,
            "PRAGMA foreign_keys = OFF;"
            "INSERT INTO principals VALUES ('AIDA00000000000000000', '111122223333', 1, 'user-000', '/', 5, 1);"
            "DELETE FROM identity_policies WHERE unique_id = 'AIDA00000000000000002';"
            "UPDATE principals SET revision = 2 WHERE name = 'user-002';"
            "DELETE FROM identity_policies WHERE unique_id = 'AIDA00000000000000004';"
            "DELETE FROM access_keys WHERE unique_id = 'AIDA00000000000000004';"
            "DELETE FROM principals WHERE name = 'user-004';"
            "INSERT INTO departures VALUES ('111122223333', 1, 'user-004', 'AIDA00000000000000004', 1700000000128);"
            "INSERT INTO grants VALUES (" KEY_1 ", " GRANT("00") GRANT_TAIL
            ";"
            "DELETE FROM grants WHERE grant_id = " GRANT("02"));
    assert_int_equal(kill(writer, SIGKILL), 0);
    fixture_run_until(fixture, &answers[9].calls, 1);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(answers[i].calls, 1);
        expect_result(answers[i].result, REGISTRY_STORE, "outcome was lost");
    }
    for (int round = 0; round < 2; round++) {
        registry = fixture->registry;
        assert_string_equal(user(fixture, "user-000")->path, "/");
        assert_null(user(fixture, "user-001"));
        assert_int_equal(user(fixture, "user-002")->revision, 2);
        assert_int_equal(user(fixture, "user-002")->n_policies, 0);
        assert_ptr_equal(registry_principal_of_access_key(registry, p[2].access_keys[0].id, NULL),
                         user(fixture, "user-002"));
        assert_int_equal(user(fixture, "user-003")->n_policies, 2);
        assert_null(user(fixture, "user-004"));
        assert_null(registry_principal_of_access_key(registry, p[4].access_keys[0].id, NULL));
        assert_non_null(user(fixture, "user-005"));
        assert_int_equal(registry_principal_departed_ms(registry, ACCOUNT, PRINCIPAL_USER, "user-004"), NOW_MS + 5);
        assert_int_equal(registry_departures(registry), 1);
        assert_string_equal(departed_id(fixture, "user-004", NOW_MS + 5), "AIDA00000000000000004");
        assert_non_null(registry_grant_find(registry, g[0].grant.id));
        assert_null(registry_grant_find(registry, g[1].grant.id));
        assert_null(registry_grant_find(registry, g[2].grant.id));
        assert_non_null(registry_grant_find(registry, g[3].grant.id));
        assert_int_equal(registry_grants(registry), 2);
        assert_int_equal(registry_principals(registry), 4);
        fixture_reopen(fixture);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(lost_outcome_is_read_again),
    };
    return cmocka_run_group_tests_name("registry/who_lost", tests, NULL, NULL);
}
