/* A session that is lost under a worker whose PIN is no longer right: who tries it, how often, and who is told. */
#include "ask.h"
#include "turns.h"

#include "proto/message.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORKERS = 3 };

static Hsm__Request random_request(Hsm__GenerateRandom *body, uint64_t id)
{
    *body = (Hsm__GenerateRandom)HSM__GENERATE_RANDOM__INIT;
    body->has_length = true;
    body->length = 32;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.has_id = true;
    request.id = id;
    request.body_case = HSM__REQUEST__BODY_GENERATE_RANDOM;
    request.generate_random = body;
    return request;
}

static void start_all(struct world *world, struct worker_client clients[WORKERS])
{
    Hsm__Configure configure = world_configuration(world);
    world_script(world, "%s", "");
    for (size_t i = 0; i < WORKERS; i++) {
        Hsm__Configure copy = configure;
        worker_client_start(&clients[i]);
        Hsm__Response *hello = worker_client_ask_configure(&clients[i], &copy);
        assert_int_equal(hello->hello->status, HSM__HELLO_STATUS__HELLO_READY);
        proto_free(&hello->base);
    }
}

static void ask_all(struct worker_client clients[WORKERS])
{
    for (size_t i = 0; i < WORKERS; i++) {
        Hsm__GenerateRandom body;
        Hsm__Request request = random_request(&body, 40 + i);
        worker_client_send(&clients[i], &request);
    }
}

/* All sessions are lost at once: each worker renews its own, unseen, and one after another. */
static void test_all_sessions_at_once(void **state)
{
    struct world *world = *state;
    struct worker_client clients[WORKERS];
    char of_module[TURNS_PATH_BYTES];
    char of_token[TURNS_PATH_BYTES];
    turns_find(world, of_module, of_token);
    start_all(world, clients);
    for (unsigned loss = 1; loss <= WORKERS; loss++) {
        world_script(world, "C_GenerateRandom 1 lose-session\nC_GenerateRandom 2 lose-session\n"
                            "C_GenerateRandom 3 lose-session");
        int turn = turns_hold(of_token); /* a worker that renewed sooner would meet the loss of another too */
        ask_all(clients);
        WORLD_WAIT_FOR(world_count(world, "C_GenerateRandom") >= WORKERS);
        close(turn);
        for (size_t i = 0; i < WORKERS; i++) {
            Hsm__Response *response = worker_client_receive(&clients[i]);
            if (response->status != HSM__STATUS__STATUS_OK) {
                fail_msg("loss %u, worker %zu: %d: %s", loss, i, (int)response->status, response->detail);
            }
            assert_int_equal(response->plaintext.len, 32);
            proto_free(&response->base);
        }
        assert_true(world_count(world, "C_Login") >= 1);
        assert_true(world_count(world, "C_Login") <= WORKERS);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(worker_client_stop(&clients[i]), 0);
    }
}

/* The same with a PIN that the token refuses by now: one attempt is made by all of them together. */
static void refuse_all(struct world *world, const char *script)
{
    struct worker_client clients[WORKERS];
    start_all(world, clients);
    fixture_write_file(world->fixture->pin_file, "not-the-pin\n", 0600);
    world_script(world, "C_GenerateRandom 1+ lose-session\n%s", script);
    ask_all(clients);
    unsigned told = 0;
    for (size_t i = 0; i < WORKERS; i++) {
        Hsm__Response *response = worker_client_receive(&clients[i]);
        assert_int_equal(response->status, HSM__STATUS__STATUS_TOKEN_UNAVAILABLE);
        assert_true(!response->has_leaving || response->leaving == HSM__HELLO_STATUS__HELLO_PIN_WRONG);
        told += response->has_leaving != 0;
        proto_free(&response->base);
        assert_int_equal(worker_client_wait(&clients[i]), 0);
    }
    assert_int_equal(told, 1);
    assert_int_equal(world_count(world, "C_Login"), 1);
    fixture_write_file(world->fixture->pin_file, FIXTURE_USER_PIN "\n", 0600);
    world_start(world); /* a start may */
    world_stop(world);
}

static void test_a_refused_pin_is_tried_once(void **state)
{
    refuse_all(*state, "");
    refuse_all(*state, "token silent"); /* which does not tell that it has refused one */
}

static void write_pin(struct world *world, const char *pin)
{
    fixture_write_file(world->fixture->pin_file, pin, 0600);
}

static void expect_hello(struct world *world, const char *uri, Hsm__HelloStatus status)
{
    Hsm__Configure configure = world_configuration(world);
    configure.token_uri = (char *)(uintptr_t)uri;
    Hsm__Response *response = world_say_hello(world, &configure);
    assert_int_equal(response->hello->status, status);
    proto_free(&response->base);
    world_stop(world);
}

/* Makes the mark of a refused PIN as old as the machine is up. */
static void age_mark(const char *path)
{
    const uint64_t refused_ms = 0;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, &refused_ms, sizeof refused_ms, 0), sizeof refused_ms);
    close(fd);
}

static off_t size_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

/* Two sections of a configuration that have one token by two URIs; and what ends the wait. */
static void test_a_refused_pin_is_tried_once_by_any_uri(void **state)
{
    struct world *world = *state;
    char of_module[TURNS_PATH_BYTES];
    char of_token[TURNS_PATH_BYTES];
    const char *other = "pkcs11:manufacturer=SoftHSM%20project;token=rewrapd-test";
    turns_find(world, of_module, of_token);
    world_script(world, "token silent");
    write_pin(world, "not-the-pin\n");
    expect_hello(world, FIXTURE_URI, HSM__HELLO_STATUS__HELLO_PIN_WRONG);
    assert_int_equal(world_count(world, "C_Login"), 1);
    expect_hello(world, other, HSM__HELLO_STATUS__HELLO_PIN_WRONG);
    assert_int_equal(world_count(world, "C_Login"), 1);
    write_pin(world, "not-the-pin\n"); /* somebody wants it to be tried */
    expect_hello(world, other, HSM__HELLO_STATUS__HELLO_PIN_WRONG);
    assert_int_equal(world_count(world, "C_Login"), 2);
    age_mark(of_token);
    expect_hello(world, other, HSM__HELLO_STATUS__HELLO_PIN_WRONG);
    assert_int_equal(world_count(world, "C_Login"), 3);
    assert_true(size_of(of_token) > 0);
    write_pin(world, FIXTURE_USER_PIN "\n");
    expect_hello(world, other, HSM__HELLO_STATUS__HELLO_READY);
    assert_int_equal(size_of(of_token), 0);
}

/* What else a login can fail by. */
static void test_what_the_answer_says(void **state)
{
    struct world *world = *state;
    world_start(world);
    world_script(world, "C_GenerateRandom 1 rv=CKR_USER_NOT_LOGGED_IN\ntoken final-try");
    Hsm__Response *response = ask(world, ASK_RANDOM);
    assert_int_equal(response->status, HSM__STATUS__STATUS_TOKEN_UNAVAILABLE);
    assert_true(response->has_leaving);
    assert_int_equal(response->leaving, HSM__HELLO_STATUS__HELLO_PIN_LOCKED);
    assert_int_equal(world_count(world, "C_Login"), 0);
    proto_free(&response->base);
    world_expect_leaving(world);

    world_start(world);
    fixture_write_file(world->fixture->pin_file, FIXTURE_USER_PIN "\n", 0604);
    world_script(world, "C_GenerateRandom 1 rv=CKR_SESSION_CLOSED");
    response = ask(world, ASK_RANDOM);
    assert_int_equal(response->status, HSM__STATUS__STATUS_TOKEN_UNAVAILABLE);
    assert_true(response->has_leaving);
    assert_int_equal(response->leaving, HSM__HELLO_STATUS__HELLO_PIN_UNREADABLE);
    proto_free(&response->base);
    world_expect_leaving(world);
    fixture_write_file(world->fixture->pin_file, FIXTURE_USER_PIN "\n", 0600);

    /* What is no fault of the login is not called one. */
    world_start(world);
    world_script(world, "C_GenerateRandom 1+ rv=CKR_DEVICE_ERROR");
    response = ask(world, ASK_RANDOM);
    assert_int_equal(response->status, HSM__STATUS__STATUS_TOKEN_UNAVAILABLE);
    assert_false(response->has_leaving);
    proto_free(&response->base);
    world_expect_leaving(world);
}

/* A token that loses each session again soon is left to the next start and its growing waits. */
static void test_renewals_are_bounded(void **state)
{
    struct world *world = *state;
    world_start(world);
    /* The second try answers something else, which is no success. */
    world_script(world, "C_GenerateRandom 1 lose-session\nC_GenerateRandom 2 rv=CKR_FUNCTION_FAILED\n"
                        "C_GenerateRandom 3 lose-session");
    Hsm__Response *response = ask(world, ASK_RANDOM);
    assert_int_equal(response->status, HSM__STATUS__STATUS_INTERNAL);
    proto_free(&response->base);
    response = ask(world, ASK_RANDOM);
    assert_int_equal(response->status, HSM__STATUS__STATUS_TOKEN_UNAVAILABLE);
    assert_false(response->has_leaving);
    assert_int_equal(world_count(world, "C_Login"), 1);
    proto_free(&response->base);
    world_expect_leaving(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_sessions_at_once),
        cmocka_unit_test(test_a_refused_pin_is_tried_once),
        cmocka_unit_test(test_a_refused_pin_is_tried_once_by_any_uri),
        cmocka_unit_test(test_what_the_answer_says),
        cmocka_unit_test(test_renewals_are_bounded),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
