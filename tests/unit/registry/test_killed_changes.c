/* Changes of keys, principals and grants whose writer is killed, many times: made or not, but whole, and memory says
 * what the database says. */
#include "fixture_who.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { EACH = 24 }; /* changes at once */

/* What a change that may have been made or not has left of a key. */
struct trace {
    bool there;
    bool retired;
    uint64_t revision;
    size_t n_materials;
};

static struct trace trace_of(const struct fixture *fixture, uint32_t n)
{
    struct plain_key plain;
    plain_key_init(&plain, n);
    const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
    return (struct trace){.there = key != NULL,
                          .retired = registry_retired_find(fixture->registry, plain.material.id) != NULL,
                          .revision = key == NULL ? 0 : key->revision,
                          .n_materials = key == NULL ? 0 : key->n_materials};
}

/* Every third key rotates, every third goes, every third goes and is forgotten, and the writer is killed meanwhile,
 * later and later: each is whole or not done at all, memory says what the database says, and what was answered is
 * there. */
static void killed_writer_while_keys_change(void **state)
{
    struct fixture *fixture = *state;
    enum { ROUNDS = 25 };
    static struct answer answers[EACH];
    static struct answer forgotten[EACH];
    fixture_open(fixture);
    int lost = 0;
    int done = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const uint32_t first = round * 1000;
        struct plain_key plain;
        for (uint32_t i = 0; i < EACH; i++) {
            plain_key_init(&plain, first + i);
            add_until_taken(fixture, &plain.key);
            assert_non_null(registry_key_find(fixture->registry, plain.key.key_id));
        }
        memset(answers, 0, sizeof answers);
        memset(forgotten, 0, sizeof forgotten);
        for (uint32_t i = 0; i < EACH; i++) {
            struct changed_key changed;
            plain_key_init(&plain, first + i);
            changed_key_init(fixture, plain.key.key_id, &changed);
            changed_key_rotate(&changed, first + 500 + i, MATERIAL_ROTATED_AUTOMATICALLY);
            if (i % 3 == 0) {
                registry_key_replace(fixture->registry, &changed.key, on_answer, &answers[i]);
            } else {
                registry_key_remove(fixture->registry, plain.key.key_id, 1, NOW_MS, on_answer, &answers[i]);
            }
            if (i % 3 == 2) {
                registry_retired_remove(fixture->registry, plain.material.id, on_answer, &forgotten[i]);
            }
        }
        turn(fixture, 1);
        pid_t writer = writer_pid();
        const int64_t stop_ms = monotonic_ms() + round / 2;
        while (monotonic_ms() < stop_ms && answers[EACH - 1].calls == 0) {
            turn(fixture, 200);
        }
        kill(writer, SIGKILL);
        fixture_run_until(fixture, &forgotten[EACH - 1].calls, 1);
        struct trace traces[EACH];
        for (uint32_t i = 0; i < EACH; i++) {
            struct trace trace = trace_of(fixture, first + i);
            assert_int_equal(answers[i].calls, 1);
            const bool good = answers[i].result.code == REGISTRY_OK;
            assert_true(good || answers[i].result.code == REGISTRY_STORE);
            bool made = i % 3 == 0 ? trace.revision == 2 : !trace.there;
            bool untouched = trace.there && trace.revision == 1 && trace.n_materials == 1 && !trace.retired;
            assert_true(made || (!good && untouched));
            assert_true(i % 3 != 0 || !made || trace.n_materials == 2);
            assert_true(i % 3 != 1 || !made || trace.retired);
            assert_true(forgotten[i].result.code != REGISTRY_OK || i % 3 != 2 || (made && !trace.retired));
            done += good;
            lost += !good;
            traces[i] = trace;
        }
        fixture_reopen(fixture);
        for (uint32_t i = 0; i < EACH; i++) {
            struct trace again = trace_of(fixture, first + i);
            assert_int_equal(again.there, traces[i].there);
            assert_int_equal(again.retired, traces[i].retired);
            assert_int_equal(again.revision, traces[i].revision);
            assert_int_equal(again.n_materials, traces[i].n_materials);
        }
    }
    print_message("           %d answered, %d lost\n", done, lost);
    assert_true(done > 0 && lost > 0);
}

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
static void killed_writer_while_principals_change(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key key;
    struct answer grants[EACH];
    struct answer changes[EACH];
    int lost = 0;
    int done = 0;
    fixture_open(fixture);
    add_plain_key(fixture, 1, &key);
    for (unsigned round = 0; round < 20; round++) {
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(killed_writer_while_keys_change),
        TEST(killed_writer_while_principals_change),
    };
    return cmocka_run_group_tests_name("registry/killed_changes", tests, NULL, NULL);
}
