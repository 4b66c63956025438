/* Principals and grants whose writer is lost: made or not, but whole, and memory says what the database says. */
#include "fixture_who.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 20, EACH = 24 };

static bool is_answered(const struct answer *answer)
{
    assert_int_equal(answer->calls, 1);
    assert_true(answer->result.code == REGISTRY_OK || answer->result.code == REGISTRY_STORE);
    return answer->result.code == REGISTRY_OK;
}

/* What a start finds is what memory said before. */
static void expect_same_after_restart(struct fixture *fixture, unsigned first)
{
    bool grants[EACH];
    uint64_t revisions[EACH];
    int64_t departures[EACH];
    for (int step = 0; step < 2; step++) {
        for (unsigned i = 0; i < EACH; i++) {
            struct plain_principal principal;
            struct plain_grant grant;
            plain_principal_init(&principal, first + i);
            plain_grant_init(&grant, first + i, (const uint8_t[KEY_ID_BYTES]){0});
            const struct registry_principal *found = user(fixture, principal.name);
            bool granted = registry_grant_find(fixture->registry, grant.grant.id) != NULL;
            uint64_t revision = found == NULL ? 0 : found->revision;
            assert_true(step == 0 || (grants[i] == granted && revisions[i] == revision));
            int64_t departed_ms =
                registry_principal_departed_ms(fixture->registry, ACCOUNT, PRINCIPAL_USER, principal.name);
            assert_true((departed_ms != 0) == (found == NULL));
            assert_true(step == 0 || departures[i] == departed_ms);
            departures[i] = departed_ms;
            assert_true(found == NULL || found->n_policies == (revision == 1 ? 2 : 1));
            assert_true(found == NULL || found->n_access_keys == 2);
            grants[i] = granted;
            revisions[i] = revision;
        }
        fixture_reopen(fixture);
    }
}

static struct registry_result add_principal_until_taken(struct fixture *fixture, const struct registry_principal *who)
{
    const int64_t deadline = monotonic_ms() + 30000;
    struct registry_result result = add_principal(fixture, who);
    while (result.code == REGISTRY_STORE && monotonic_ms() < deadline) {
        turn(fixture, 20000);
        result = add_principal(fixture, who);
    }
    return result;
}

/* Every principal is there, loses a policy or goes; every grant comes; the writer is killed meanwhile, later and later.
 */
static void killed_writer(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key key;
    struct answer grants[EACH];
    struct answer changes[EACH];
    int lost = 0;
    int done = 0;
    fixture_open(fixture);
    add_plain_key(fixture, 1, &key);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const unsigned first = round * 40;
        struct plain_principal principal;
        for (unsigned i = 0; i < EACH; i++) {
            plain_principal_init(&principal, first + i);
            expect_result(add_principal_until_taken(fixture, &principal.principal), REGISTRY_OK, "");
        }
        memset(grants, 0, sizeof grants);
        memset(changes, 0, sizeof changes);
        for (unsigned i = 0; i < EACH; i++) {
            struct plain_grant grant;
            plain_grant_init(&grant, first + i, key.key.key_id);
            registry_grant_add(fixture->registry, &grant.grant, on_answer, &grants[i]);
            plain_principal_init(&principal, first + i);
            principal.principal.revision = 1;
            principal.principal.n_policies = 1;
            if (i % 2 == 0) {
                registry_principal_replace(fixture->registry, &principal.principal, on_answer, &changes[i]);
            } else {
                registry_principal_remove(fixture->registry, ACCOUNT, PRINCIPAL_USER, principal.name, 1, NOW_MS,
                                          on_answer, &changes[i]);
            }
        }
        turn(fixture, 1);
        pid_t writer = writer_pid();
        const int64_t stop_ms = monotonic_ms() + round / 2;
        while (monotonic_ms() < stop_ms && changes[EACH - 1].calls == 0) {
            turn(fixture, 200);
        }
        kill(writer, SIGKILL);
        fixture_run_until(fixture, &changes[EACH - 1].calls, 1);
        for (unsigned i = 0; i < EACH; i++) {
            struct plain_grant grant;
            plain_grant_init(&grant, first + i, key.key.key_id);
            plain_principal_init(&principal, first + i);
            bool granted = registry_grant_find(fixture->registry, grant.grant.id) != NULL;
            const struct registry_principal *found = user(fixture, principal.name);
            assert_true(granted || !is_answered(&grants[i]));
            assert_true(!is_answered(&changes[i]) || (i % 2 == 0 ? found->revision == 2 : found == NULL));
            done += is_answered(&grants[i]) + is_answered(&changes[i]);
            lost += !is_answered(&grants[i]) + !is_answered(&changes[i]);
        }
        expect_same_after_restart(fixture, first);
    }
    print_message("           %d answered, %d lost\n", done, lost);
    assert_true(done > 0 && lost > 0);
}

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
            "INSERT INTO departures VALUES ('111122223333', 1, 'user-004', 1700000000128);"
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
        TEST(killed_writer),
        TEST(lost_outcome_is_read_again),
    };
    return cmocka_run_group_tests_name("registry/who_lost", tests, NULL, NULL);
}
