/*
 * rewrapd dies while its worker is at C_Login: SoftHSM has emptied its token's file then, and a worker that died too
 * would leave it so. Here a process stands for rewrapd, which starts the worker, waits until it is there, and ends.
 */
#include "world.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 60000
#define LOOK_MS     10

_Noreturn static void be_rewrapd(struct world *world, const char *function, int tell_fd)
{
    const unsigned long before = world_total(world, function);
    worker_client_start(&world->client);
    Hsm__Configure configure = world_configuration(world);
    Hsm__Request request = HSM__REQUEST__INIT;
    request.id = 1;
    request.has_id = 1;
    request.body_case = HSM__REQUEST__BODY_CONFIGURE;
    request.configure = &configure;
    worker_client_send(&world->client, &request);
    for (int waited = 0; world_total(world, function) == before && waited < PATIENCE_MS; waited += LOOK_MS) {
        poll(NULL, 0, LOOK_MS);
    }
    if (world_total(world, function) == before) {
        _exit(1);
    }
    bool told = write(tell_fd, &world->client.pid, sizeof world->client.pid) == (ssize_t)sizeof world->client.pid;
    _exit(told ? 0 : 1);
}

/* How the worker ended whose rewrapd died when it was at that function. */
static int status_of_orphan(struct world *world, const char *function, const char *script)
{
    world_script(world, "%s", script);
    int tell[2];
    assert_int_equal(pipe(tell), 0);
    pid_t rewrapd = fork();
    assert_true(rewrapd >= 0);
    if (rewrapd == 0) {
        be_rewrapd(world, function, tell[1]);
    }
    close(tell[1]);
    pid_t worker;
    assert_int_equal(read(tell[0], &worker, sizeof worker), sizeof worker);
    close(tell[0]);
    int status;
    assert_int_equal(waitpid(rewrapd, &status, 0), rewrapd);
    assert_int_equal(status, 0);
    assert_int_equal(waitpid(worker, &status, 0), worker);
    return status;
}

static void test_a_login_is_not_interrupted(void **state)
{
    int status = status_of_orphan(*state, "C_Login", "C_Login 1 slow=300");
    assert_true(WIFEXITED(status)); /* in peace, once it has seen that its rewrapd is gone */
}

static void test_a_login_that_hangs_is(void **state)
{
    int status = status_of_orphan(*state, "C_Login", "C_Login 1 hang");
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGALRM);
}

static void test_anything_else_is(void **state)
{
    int status = status_of_orphan(*state, "C_OpenSession", "C_OpenSession 1 hang");
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    status = status_of_orphan(*state, "C_FindObjectsInit", "C_FindObjectsInit 1 hang");
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* First, so that there are counters to look at; and at last. */
static void test_the_token_is_well(void **state)
{
    world_start(*state);
    world_stop(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_token_is_well),     cmocka_unit_test(test_a_login_is_not_interrupted),
        cmocka_unit_test(test_a_login_that_hangs_is), cmocka_unit_test(test_anything_else_is),
        cmocka_unit_test(test_the_token_is_well),
    };
    /* The workers are this process's to wait for when theirs is gone. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
