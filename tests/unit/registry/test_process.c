/* The files and the process that belong to one registry: nobody else reads or owns them. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static mode_t mode_of(const struct fixture *fixture, const char *suffix)
{
    struct stat status;
    assert_int_equal(stat(fixture_beside(fixture, suffix), &status), 0);
    return status.st_mode & 07777;
}

static void files_are_private(void **state)
{
    struct fixture *fixture = *state;
    mode_t before = umask(0);
    fixture_open(fixture);
    struct plain_key plain;
    add_plain_key(fixture, 1, &plain);
    assert_int_equal(mode_of(fixture, ""), 0600);
    assert_int_equal(mode_of(fixture, "-wal"), 0600);
    assert_int_equal(mode_of(fixture, "-shm"), 0600);
    assert_int_equal(mode_of(fixture, ".lock"), 0600);
    umask(before);
}

static void second_owner_is_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct registry *second = NULL;
    struct registry_result result = registry_open(fixture->base, fixture->path, &second);
    assert_int_equal(result.code, REGISTRY_STORE);
    assert_string_equal(result.detail, "another daemon has this database");
    assert_null(second);
    struct plain_key plain;
    add_plain_key(fixture, 1, &plain); /* the first did not notice */
}

/* The writer has nothing of the daemon's but its socket, its lock, the database and standard error. */
static void writer_keeps_no_descriptors(void **state)
{
    struct fixture *fixture = *state;
    int secret = open("/dev/zero", O_RDONLY); /* not even close-on-exec */
    fixture_open(fixture);
    char path[64];
    char target[256];
    for (int fd = 0; fd < 64; fd++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", writer_pid(), fd);
        ssize_t len = readlink(path, target, sizeof target - 1);
        if (len < 0) {
            continue;
        }
        target[len] = '\0';
        bool ours = fd == 2 || strncmp(target, "socket:", 7) == 0 || strcmp(target, "/dev/null") == 0 ||
                    strncmp(target, fixture->path, strlen(fixture->path)) == 0;
        if (!ours) {
            fail_msg("descriptor %d is %s", fd, target);
        }
    }
    close(secret);
}

/* Takes the right to look into any process away, or gives it back. Root has it; others have nothing to lose. */
static void set_tracing_right(bool on)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    assert_int_equal(syscall(SYS_capget, &header, sets), 0);
    uint32_t bit = CAP_TO_MASK(CAP_SYS_PTRACE) & sets[CAP_TO_INDEX(CAP_SYS_PTRACE)].permitted;
    uint32_t *effective = &sets[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective;
    *effective = on ? *effective | bit : *effective & ~bit;
    assert_int_equal(syscall(SYS_capset, &header, sets), 0);
}

/* Can a process of the same user read what a child of ours has at the address of a variable of ours? */
static bool may_look_into(pid_t pid)
{
    static char there = 's';
    char copy = 0;
    const struct iovec local = {.iov_base = &copy, .iov_len = 1};
    const struct iovec remote = {.iov_base = &there, .iov_len = 1};
    set_tracing_right(false);
    bool seen = process_vm_readv(pid, &local, 1, &remote, 1, 0) == 1;
    assert_true(seen || errno == EPERM);
    set_tracing_right(true);
    return seen;
}

/* The writer is forked from a daemon with secrets in its memory: no core file, and no look from beside. */
static void writer_keeps_its_memory_to_itself(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_CORE, &before), 0);
    const struct rlimit all = {.rlim_cur = before.rlim_max, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_CORE, &all), 0);
    fixture_open(fixture);
    assert_int_equal(setrlimit(RLIMIT_CORE, &before), 0);
    struct rlimit core;
    assert_int_equal(prlimit(writer_pid(), RLIMIT_CORE, NULL, &core), 0);
    assert_int_equal(core.rlim_cur, 0);
    assert_int_equal(core.rlim_max, 0);

    pid_t other = fork();
    assert_int_not_equal(other, -1);
    if (other == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    assert_true(may_look_into(other)); /* or the next line would say nothing */
    assert_false(may_look_into(writer_pid()));
    assert_int_equal(kill(other, SIGKILL), 0);
    assert_int_equal(waitpid(other, NULL, 0), other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(files_are_private),
        TEST(second_owner_is_refused),
        TEST(writer_keeps_no_descriptors),
        TEST(writer_keeps_its_memory_to_itself),
    };
    return cmocka_run_group_tests_name("registry/process", tests, NULL, NULL);
}
