/* Killed writers and killed daemons, many times: what was answered is there, what was not is whole or not at all. */
#include "fixture.h"

#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Every change is answered once, and memory says what the database says, whatever the writer was doing when it was
 * killed. */
static void killed_writer_under_load(void **state)
{
    struct fixture *fixture = *state;
    enum { ROUNDS = 40, EACH = 30 };
    static struct answer keys[ROUNDS * EACH];
    static struct answer names[ROUNDS];
    memset(keys, 0, sizeof keys);
    memset(names, 0, sizeof names);
    fixture_open(fixture);
    struct plain_key target;
    add_plain_key(fixture, 1 << 20, &target);
    srandom(7);
    int lost = 0;
    int done = 0;
    for (int round = 0; round < ROUNDS; round++) {
        char name[32];
        snprintf(name, sizeof name, "alias/%d", round);
        struct plain_key warm;
        plain_key_init(&warm, (1 << 21) + (uint32_t)round);
        add_until_taken(fixture, &warm.key); /* a writer is up, and the next loss is answered by a start at once */
        for (int i = 0; i < EACH; i++) {
            struct plain_key plain;
            plain_key_init(&plain, (uint32_t)(round * EACH + i));
            registry_key_add(fixture->registry, &plain.key, on_answer, &keys[round * EACH + i]);
        }
        registry_alias_add(fixture->registry, ACCOUNT, name, target.key.key_id, NOW_MS, on_answer, &names[round]);
        turn(fixture, 1);
        pid_t writer = writer_pid();
        int64_t stop_ms = monotonic_ms() + random() % 12;
        while (monotonic_ms() < stop_ms && names[round].calls == 0) {
            turn(fixture, 200);
        }
        kill(writer, SIGKILL);
        fixture_run_until(fixture, &names[round].calls, 1);
        for (int i = 0; i < EACH; i++) {
            const struct answer *answer = &keys[round * EACH + i];
            fixture_run_until(fixture, &answer->calls, 1);
            assert_int_equal(answer->calls, 1);
            assert_true(answer->result.code == REGISTRY_OK || answer->result.code == REGISTRY_STORE);
            lost += answer->result.code != REGISTRY_OK;
            done += answer->result.code == REGISTRY_OK;
        }
    }
    print_message("           %d answered, %d lost\n", done, lost);
    static bool known[ROUNDS * EACH];
    bool named[ROUNDS];
    for (int step = 0; step < 2; step++) {
        for (int i = 0; i < ROUNDS * EACH; i++) {
            struct plain_key plain;
            plain_key_init(&plain, (uint32_t)i);
            bool found = registry_key_find(fixture->registry, plain.key.key_id) != NULL;
            assert_true(found || keys[i].result.code != REGISTRY_OK);
            assert_true(step == 0 || found == known[i]); /* the next start finds what memory said */
            known[i] = found;
        }
        for (int round = 0; round < ROUNDS; round++) {
            char name[32];
            snprintf(name, sizeof name, "alias/%d", round);
            bool found = registry_alias_find(fixture->registry, ACCOUNT, name) != NULL;
            assert_true(found || names[round].result.code != REGISTRY_OK);
            assert_true(step == 0 || found == named[round]);
            named[round] = found;
        }
        fixture_reopen(fixture);
    }
}

/* ------------------------------------------------------------------ a killed daemon */

/* In the child: adds one key after the other and writes the number of each that was answered. */
_Noreturn static void add_and_tell(const char *path, uint32_t first, int pipe_fd)
{
    struct fixture fixture = {.base = event_base_new()};
    snprintf(fixture.path, sizeof fixture.path, "%s", path);
    if (registry_open(fixture.base, path, &fixture.registry).code != REGISTRY_OK) {
        _exit(1);
    }
    enum { WINDOW = 8 };
    static struct answer answers[WINDOW];
    for (uint32_t n = first;; n += WINDOW) {
        for (uint32_t i = 0; i < WINDOW; i++) {
            struct plain_key plain;
            plain_key_init(&plain, n + i);
            answers[i] = (struct answer){0};
            registry_key_add(fixture.registry, &plain.key, on_answer, &answers[i]);
        }
        for (uint32_t i = 0; i < WINDOW; i++) {
            while (answers[i].calls == 0) {
                event_base_loop(fixture.base, EVLOOP_ONCE);
            }
            uint32_t number = n + i;
            if (answers[i].result.code != REGISTRY_OK ||
                write(pipe_fd, &number, sizeof number) != (ssize_t)sizeof number) {
                _exit(2);
            }
        }
    }
}

static void killed_daemon_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    enum { ROUNDS = 12, ALL = 1 << 16 };
    static bool told[ALL];
    memset(told, 0, sizeof told);
    srandom(11);
    uint32_t next = 0;
    size_t total = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        fflush(NULL);
        pid_t pid = fork();
        assert_int_not_equal(pid, -1);
        if (pid == 0) {
            close(ends[0]);
            add_and_tell(fixture->path, next, ends[1]);
        }
        close(ends[1]);
        /* Killed after a random number of answers, so in the middle of whatever comes next. */
        size_t until = 1 + (size_t)random() % 100;
        uint32_t number;
        size_t heard = 0;
        while (read(ends[0], &number, sizeof number) == (ssize_t)sizeof number) {
            assert_true(number < ALL);
            told[number] = true;
            next = number + 1;
            if (++heard == until) {
                assert_int_equal(kill(pid, SIGKILL), 0);
            }
        }
        close(ends[0]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        total += heard;

        fixture_open(fixture); /* at once: waits for what is left of the old writer */
        size_t found = 0;
        for (uint32_t i = 0; i < ALL; i++) {
            struct plain_key plain;
            plain_key_init(&plain, i);
            const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
            assert_true(key != NULL || !told[i]);
            if (key != NULL) {
                assert_int_equal(key->n_materials, 1);
                assert_memory_equal(key->materials[0].id, plain.material.id, MATERIAL_ID_BYTES);
                found++;
                next = i >= next ? i + 1 : next;
            }
        }
        assert_true(found >= total);
        assert_int_equal(registry_keys(fixture->registry), found);
        fixture_close(fixture);
    }
    print_message("           %zu answered keys, all there\n", total);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(killed_writer_under_load),
        TEST(killed_daemon_loses_nothing),
    };
    return cmocka_run_group_tests_name("registry/killed", tests, NULL, NULL);
}
