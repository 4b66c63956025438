/* A token after its ceremony, the real worker that reaches it through libfaulty.so, and the script of that. */
#pragma once

#include "worker_client.h"

struct world {
    struct fixture *fixture; /* the same token without the failing module in between */
    struct worker_client client;
    struct hsm_key rsa; /* an open pair */
    bool up;            /* the worker runs */
    char control[96];
    char state[112];
};

/* cmocka group fixtures; the worker is not started. */
int world_setup(void **state);
int world_teardown(void **state);

/* Another script, whose calls are counted from now on. */
void world_script(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How often a function ("*": any) was called since the script is in force; and ever. */
unsigned long world_count(struct world *world, const char *function);
unsigned long world_total(struct world *world, const char *function);

/* The session objects that the worker had at the last `count-objects` of this script; there must have been one. */
unsigned long world_objects(struct world *world);

/* Calls visit for each function that was called since the script is in force. */
void world_functions(struct world *world, void (*visit)(void *arg, const char *function, unsigned long count),
                     void *arg);

/* Looks again and again until it is true; fails the test when it does not come true. */
#define WORLD_WAIT_FOR(condition)                                                                                      \
    for (unsigned looks_ = 0; !(condition); looks_++) {                                                                \
        world_look_again(looks_, #condition);                                                                          \
    }
void world_look_again(unsigned looks, const char *condition);

/* Starts a worker and returns its Hello's status; the worker is up when it is HELLO_READY. The Hello is freed by the
 * caller with proto_free(&response->base). */
Hsm__Response *world_say_hello(struct world *world, const Hsm__Configure *configure);
Hsm__Configure world_configuration(struct world *world);
/* … with a script that does nothing, to the end that it is up. */
void world_start(struct world *world);
/* Ends it. */
void world_stop(struct world *world);
/* Waits for the worker to leave by itself, which it must do in peace. */
void world_expect_leaving(struct world *world);
