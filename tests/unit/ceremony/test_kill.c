/*
 * kill -9 in the middle of a ceremony: a run is killed at its n-th call that writes, for every n until one comes to its
 * end. Whatever it left on the token, nothing half-made counts, what counts works, and the next run completes it.
 */
#include "run.h"

#include "base/uuid.h"
#include "envelope/context.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Entered or left: PTRACE_SYSCALL stops at both, and both are places to die. */
static bool writes(const struct __ptrace_syscall_info *call)
{
    switch (call->entry.nr) {
    case SYS_write:
    case SYS_pwrite64:
    case SYS_writev:
    case SYS_ftruncate:
    case SYS_rename:
    case SYS_unlink:
    case SYS_mkdir:
        return true;
    case SYS_openat:
        return (call->entry.args[2] & (O_CREAT | O_TRUNC)) != 0;
    default:
        return false;
    }
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        assert_int_equal(errno, EINTR);
    }
    return status;
}

/* Lets the traced child go on to its n-th call that writes, and kills it there. Returns its status: exited when it made
 * fewer. */
static int kill_at(pid_t pid, size_t n)
{
    int status = wait_for(pid); /* after its exec, or because it cannot be traced */
    size_t seen = 0;
    if (WIFSTOPPED(status)) {
        /* Tells stops at calls from signals; and a test that fails does not leave a stopped child behind. */
        const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
        assert_int_equal(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(intptr_t)options), 0);
    }
    while (WIFSTOPPED(status)) {
        struct __ptrace_syscall_info call = {0}; /* the kernel fills it, which valgrind does not know */
        const long got = ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof call, &call);
        if (got > 0 && call.op == PTRACE_SYSCALL_INFO_ENTRY && writes(&call) && ++seen == n) {
            kill(pid, SIGKILL);
            return wait_for(pid);
        }
        const int stop = WSTOPSIG(status) & 0x7f;
        const int signal = stop == SIGTRAP ? 0 : stop;
        assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)signal), 0);
        status = wait_for(pid);
    }
    return status;
}

static struct outcome outcome;

static void list(struct fixture *fixture)
{
    const char *const arguments[] = {"list", "--output", "json", NULL};
    run(fixture, arguments, &outcome);
    if (outcome.exit_code != 0) {
        print_error("%s", outcome.err);
    }
    assert_int_equal(outcome.exit_code, 0);
}

static size_t refused(void)
{
    return run_count(&outcome, "BINDING_ROOT", NULL, "Refused") + run_count(&outcome, "AUDIT_KEY", NULL, "Refused") +
           run_count(&outcome, "SEALED_KEY", NULL, "Refused");
}

static bool encrypt_with(void *state, const struct hsm_object *object)
{
    struct fixture *fixture = state;
    static const uint8_t no_context[] = {CONTEXT_VERSION, 0, 0, 0, 0};
    if (object->refused_for != NULL || object->spec != HSM_SPEC_AES_256) {
        return true;
    }
    struct hsm_side side = {.key = {.spec = object->spec, .boundary = object->boundary},
                            .algorithm = HSM_SYMMETRIC_DEFAULT,
                            .context = view_of(no_context, sizeof no_context)};
    struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct buffer moved = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    memcpy(side.key.material_id, object->material_id, sizeof side.key.material_id);
    uuid_random(side.key.key_id);
    assert_hsm(HSM_OK, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of_string("payload"), &blob));
    assert_hsm(HSM_OK, hsm_rewrap_re_encrypt(fixture->rewrap, &side, &side, buffer_view(&blob), false, &moved));
    buffer_clear(&blob);
    buffer_clear(&moved);
    return true;
}

/* What is said to be right can be used: an object without its value would pass a check of attributes only. */
static void use_every_key(struct fixture *fixture)
{
    fixture_open(fixture);
    assert_hsm(HSM_OK, hsm_probe(fixture->token, &fixture->profile));
    assert_hsm(HSM_OK, hsm_rewrap_new(fixture->token, &fixture->profile, 1000, NULL, &fixture->rewrap));
    hsm_rewrap_objects(fixture->rewrap, encrypt_with, fixture);
    fixture_close(fixture);
}

/*
 * SoftHSM rewrites its file of the token at every login, by emptying it first: who is killed in between has lost the
 * token, whatever the program. Nothing can be said of a run then.
 */
static bool token_is_lost(const struct fixture *fixture)
{
    char pattern[160];
    glob_t found;
    struct stat status;
    snprintf(pattern, sizeof pattern, "%s/tokens/*/token.object", fixture->dir);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    assert_int_equal(stat(found.gl_pathv[0], &status), 0);
    globfree(&found);
    return status.st_size == 0;
}

/* What a run left, and that the next one completes it. */
static void check_after_kill(struct fixture *fixture)
{
    list(fixture);
    assert_true(refused() <= 1);
    const size_t left = refused();

    const char *const again[] = {"init", "--spares", "1", NULL};
    run(fixture, again, &outcome);
    assert_int_equal(outcome.exit_code, 0);
    list(fixture);
    assert_int_equal(run_count(&outcome, "BINDING_ROOT", NULL, "Verified"), 1);
    assert_int_equal(run_count(&outcome, "AUDIT_KEY", NULL, "Verified"), 1);
    assert_int_equal(run_count(&outcome, "SEALED_KEY", "SYMMETRIC_DEFAULT", "Verified"), 1);
    assert_int_equal(refused(), left);
    use_every_key(fixture);
}

/* One run on a new token, killed at its n-th write. False when it came to its end. */
static bool killed_run(const char *const *arguments, size_t n, size_t *lost)
{
    void *state;
    fixture_setup_bare(&state);
    struct fixture *fixture = state;
    run_files(fixture);
    const int status = kill_at(run_start(fixture, arguments, true), n);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 99) {
        print_message("processes cannot be traced here\n");
        skip();
    }
    assert_true(WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL);

    if (WIFSIGNALED(status) && token_is_lost(fixture)) {
        ++*lost;
    } else {
        check_after_kill(fixture);
    }
    fixture_teardown(&state);
    return !WIFEXITED(status);
}

static void walk(const char *const *arguments)
{
    /* A run has hundreds of places to die: one in twenty-three, or with REWRAP_KILL_STRIDE=1 each of them. */
    const char *stride_text = getenv("REWRAP_KILL_STRIDE");
    const size_t stride = stride_text == NULL ? 23 : strtoul(stride_text, NULL, 10);
    size_t kills = 0;
    size_t lost = 0;
    assert_true(stride > 0);
    while (killed_run(arguments, 1 + kills * stride, &lost)) {
        kills++;
    }
    print_message("killed at %zu places; at %zu of them SoftHSM lost its token\n", kills, lost);
    assert_true(kills > 10);
    assert_true(lost < kills / 4);
}

static void test_init_killed_anywhere(void **state)
{
    (void)state;
    walk((const char *const[]){"init", "--spares", "1", NULL});
}

static void test_pair_killed_anywhere(void **state)
{
    (void)state;
    walk((const char *const[]){"add", "--key-spec", "RSA_2048", "--count", "1", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_killed_anywhere),
        cmocka_unit_test(test_pair_killed_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
