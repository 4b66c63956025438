/* Who waits for whom, when several workers of a token or of a module start or log in at once, and how long. */
#include "ask.h"
#include "turns.h"

#include "proto/message.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

/* As rewrapd starts it, with the page in which it says that it waits. */
static void start(struct world *world)
{
    world_script(world, "%s", "");
    worker_client_start_with_progress(&world->client);
    world->up = true;
}

static uint32_t waited_ms(struct world *world)
{
    return atomic_load(&world->client.progress->waited_ms);
}

/* A start that has to wait for whoever has locked the file, and then goes on. */
static void expect_to_wait(struct world *world, const char *path, const char *not_called)
{
    int turn = turns_hold(path);
    Hsm__Configure configure = world_configuration(world);
    Hsm__Request request = HSM__REQUEST__INIT;
    request.has_id = true;
    request.id = 1;
    request.body_case = HSM__REQUEST__BODY_CONFIGURE;
    request.configure = &configure;
    start(world);
    unsigned long before = world_total(world, not_called);
    worker_client_send(&world->client, &request);
    WORLD_WAIT_FOR(waited_ms(world) != 0);
    assert_int_equal(world_total(world, not_called), before);
    close(turn);
    Hsm__Response *hello = worker_client_receive(&world->client);
    assert_int_equal(hello->hello->status, HSM__HELLO_STATUS__HELLO_READY);
    proto_free(&hello->base);
    world_stop(world);
}

/* Whoever starts waits for whoever of the same token is at it. */
static void test_one_at_a_time(void **state)
{
    struct world *world = *state;
    char of_module[TURNS_PATH_BYTES];
    char of_token[TURNS_PATH_BYTES];
    turns_find(world, of_module, of_token);
    expect_to_wait(world, of_token, "C_Login");
    expect_to_wait(world, of_module, "C_Initialize");
}

/* A login that hangs has the token's turn, and shares the module's: so the renewals of its token come to an end. */
static void test_the_wait_is_bounded(void **state)
{
    struct world *world = *state;
    char of_module[TURNS_PATH_BYTES];
    char of_token[TURNS_PATH_BYTES];
    turns_find(world, of_module, of_token);
    world_start(world);
    int turn = turns_hold(of_token);
    world_script(world, "C_GenerateRandom 1 lose-session");
    Hsm__Response *response = ask(world, ASK_RANDOM);
    assert_int_equal(response->status, HSM__STATUS__STATUS_TOKEN_UNAVAILABLE);
    assert_int_equal(world_count(world, "C_Login"), 0);
    proto_free(&response->base);
    world_expect_leaving(world);
    close(turn);

    /* A module that is being opened, for ever: the login is made all the same. */
    world_start(world);
    turn = turns_hold(of_module);
    world_script(world, "C_GenerateRandom 1 lose-session");
    response = ask(world, ASK_RANDOM);
    assert_int_equal(response->status, HSM__STATUS__STATUS_OK);
    assert_int_equal(world_count(world, "C_Login"), 1);
    proto_free(&response->base);
    close(turn);
    world_stop(world);
}

/* Another token of the same module, whose PIN file is in the same folder. */
static void test_another_token_does_not_wait(void **state)
{
    struct world *world = *state;
    char of_module[TURNS_PATH_BYTES];
    char of_token[TURNS_PATH_BYTES];
    turns_find(world, of_module, of_token);
    const char *const init[] = {"--init-token",   "--free",   "--label",      "another", "--pin",
                                FIXTURE_USER_PIN, "--so-pin", FIXTURE_SO_PIN, NULL};
    fixture_softhsm(init);
    int login = turns_hold(of_token);
    Hsm__Configure configure = world_configuration(world);
    char another[] = "pkcs11:token=another";
    configure.token_uri = another;
    start(world);
    Hsm__Response *hello = worker_client_ask_configure(&world->client, &configure);
    assert_int_equal(waited_ms(world), 0);
    assert_int_equal(hello->hello->status, HSM__HELLO_STATUS__HELLO_NO_CEREMONY); /* which is seen after the login */
    proto_free(&hello->base);
    assert_int_equal(worker_client_wait(&world->client), EX_UNAVAILABLE);
    world->up = false;
    close(login);
}

/* A link in the place of the file is not followed, and keeps nobody from starting. */
static void test_no_link_is_followed(void **state)
{
    struct world *world = *state;
    char of_module[TURNS_PATH_BYTES];
    char of_token[TURNS_PATH_BYTES];
    char target[128];
    turns_find(world, of_module, of_token);
    snprintf(target, sizeof target, "%s/elsewhere", world->fixture->dir);
    assert_int_equal(unlink(of_token), 0);
    assert_int_equal(symlink(target, of_token), 0);
    world_start(world);
    world_stop(world);
    assert_int_equal(access(target, F_OK), -1);
    assert_int_equal(unlink(of_token), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_the_wait_is_bounded),
        cmocka_unit_test(test_another_token_does_not_wait),
        cmocka_unit_test(test_no_link_is_followed),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
