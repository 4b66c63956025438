/* The world of the tests of faults; see world.h. */
#include "world.h"

#include "base/uuid.h"
#include "proto/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#define RECORD_BYTES 64
#define PATIENCE_MS  60000
#define LOOK_MS      2

int world_setup(void **state)
{
    void *fixture = NULL;
    fixture_setup(&fixture);
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->fixture = fixture;
    snprintf(world->control, sizeof world->control, "%s/script", world->fixture->dir);
    snprintf(world->state, sizeof world->state, "%s.state", world->control);
    assert_int_equal(setenv("FAULTY_CONTROL", world->control, 1), 0);
    world_script(world, "%s", "");
    world->rsa = (struct hsm_key){.spec = HSM_SPEC_RSA_2048, .boundary = HSM_OPEN};
    uuid_random(world->rsa.key_id);
    assert_hsm(HSM_OK, hsm_rewrap_make_open(world->fixture->rewrap, HSM_SPEC_RSA_2048, world->rsa.material_id));
    *state = world;
    return 0;
}

int world_teardown(void **state)
{
    struct world *world = *state;
    world_stop(world);
    void *fixture = world->fixture;
    fixture_teardown(&fixture);
    free(world);
    return 0;
}

void world_script(struct world *world, const char *format, ...)
{
    static unsigned serial;
    char text[1024];
    char fresh[112];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text - 32, format, arguments);
    va_end(arguments);
    assert_true(len >= 0 && (size_t)len < sizeof text - 32);
    snprintf(text + len, 32, "\n# %u\n", ++serial); /* the same commands again are another script */
    snprintf(fresh, sizeof fresh, "%s.new", world->control);
    fixture_write_file(fresh, text, 0600);
    assert_int_equal(rename(fresh, world->control), 0);
}

/* Reads the counters as one. */
static size_t state_read(struct world *world, char *out, size_t size)
{
    int fd = open(world->state, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_SH), 0);
    size_t len = 0;
    for (ssize_t got; (got = read(fd, out + len, size - 1 - len)) > 0;) {
        len += (size_t)got;
    }
    close(fd);
    assert_true(len != 0 && len < size - 1);
    out[len] = '\0';
    return len;
}

static void count_of(struct world *world, const char *function, unsigned long *ret_total, unsigned long *ret_since)
{
    char text[8192];
    size_t len = state_read(world, text, sizeof text);
    for (size_t at = RECORD_BYTES; at < len; at += RECORD_BYTES) {
        char name[64];
        if (sscanf(text + at, "%63s %lu %lu", name, ret_total, ret_since) == 3 && strcmp(name, function) == 0) {
            return;
        }
    }
    fail_msg("no function %s", function);
}

unsigned long world_count(struct world *world, const char *function)
{
    unsigned long total = 0;
    unsigned long since = 0;
    count_of(world, function, &total, &since);
    return since;
}

unsigned long world_total(struct world *world, const char *function)
{
    unsigned long total = 0;
    unsigned long since = 0;
    count_of(world, function, &total, &since);
    return total;
}

unsigned long world_objects(struct world *world)
{
    char text[8192];
    unsigned long objects = 0;
    unsigned long countings = 0;
    state_read(world, text, sizeof text);
    assert_int_equal(sscanf(text, "script %*s %*s %*s %lu %lu", &objects, &countings), 2);
    assert_true(countings != 0);
    return objects;
}

void world_functions(struct world *world, void (*visit)(void *arg, const char *function, unsigned long count),
                     void *arg)
{
    char text[8192];
    size_t len = state_read(world, text, sizeof text);
    for (size_t at = RECORD_BYTES; at < len; at += RECORD_BYTES) {
        char name[64];
        unsigned long total = 0;
        unsigned long since = 0;
        assert_int_equal(sscanf(text + at, "%63s %lu %lu", name, &total, &since), 3);
        if (since != 0 && strcmp(name, "*") != 0) {
            visit(arg, name, since);
        }
    }
}

void world_look_again(unsigned looks, const char *condition)
{
    if (looks > PATIENCE_MS / LOOK_MS) {
        fail_msg("never came true: %s", condition);
    }
    poll(NULL, 0, LOOK_MS);
}

Hsm__Configure world_configuration(struct world *world)
{
    Hsm__Configure configure = worker_client_configuration(world->fixture->pin_file);
    configure.module = (char *)(uintptr_t)LIBFAULTY;
    configure.max_objects = 100000;
    configure.turn_folder = world->fixture->dir;
    return configure;
}

Hsm__Response *world_say_hello(struct world *world, const Hsm__Configure *configure)
{
    Hsm__Configure copy = *configure;
    worker_client_start(&world->client);
    world->up = true;
    Hsm__Response *response = worker_client_ask_configure(&world->client, &copy);
    assert_non_null(response->hello);
    if (response->hello->status != HSM__HELLO_STATUS__HELLO_READY) {
        assert_int_equal(worker_client_wait(&world->client), EX_UNAVAILABLE);
        world->up = false;
    }
    return response;
}

void world_start(struct world *world)
{
    world_script(world, "%s", "");
    Hsm__Configure configure = world_configuration(world);
    Hsm__Response *response = world_say_hello(world, &configure);
    if (response->hello->status != HSM__HELLO_STATUS__HELLO_READY) {
        fail_msg("the worker does not start: %s", response->hello->detail);
    }
    proto_free(&response->base);
}

void world_stop(struct world *world)
{
    if (world->up) {
        world->up = false;
        assert_int_equal(worker_client_stop(&world->client), EX_OK);
    }
}

void world_expect_leaving(struct world *world)
{
    assert_true(world->up);
    world->up = false;
    assert_int_equal(worker_client_wait(&world->client), EX_OK);
}
