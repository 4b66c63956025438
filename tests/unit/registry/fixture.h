/* A registry on a real file in a folder of its own, and ways to wait for its answers. */
#pragma once

#include "registry/registry.h"

#include <stdbool.h>
#include <sys/types.h>

#define ACCOUNT       "111122223333"
#define OTHER_ACCOUNT "444455556666"
#define NOW_MS        INT64_C(1700000000123)

struct fixture {
    struct event_base *base;
    struct registry *registry; /* NULL while closed */
    char folder[64];
    char path[96];
};

/* For cmocka: make and remove the folder; *state is the fixture. The registry is not open yet. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Opens or closes; fails the test when that fails. Reopening is what a restart sees. */
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
void fixture_reopen(struct fixture *fixture);

/* The path of the database with more behind it: "-wal". Valid until the next call. */
const char *fixture_beside(const struct fixture *fixture, const char *suffix);

/* Tries to open, expects REGISTRY_STORE and that detail contains text. */
void fixture_expect_refused(struct fixture *fixture, const char *text);

/* Turns the event loop until *counter is at least target; fails the test after 30 seconds. */
void fixture_run_until(struct fixture *fixture, const int *counter, int target);

/* Turns the loop for at most that long, until something happens. */
void turn(struct fixture *fixture, int microseconds);

int64_t monotonic_ms(void);

/* What a change was answered. */
struct answer {
    int calls;
    struct registry_result result;
};

void on_answer(void *arg, struct registry_result result);
struct registry_result wait_for_answer(struct fixture *fixture, struct answer *answer);

/* Each waits for the answer. */
struct registry_result add_key(struct fixture *fixture, const struct registry_key *key);
struct registry_result replace_key(struct fixture *fixture, const struct registry_key *key);
struct registry_result remove_key(struct fixture *fixture, const uint8_t *key_id, uint64_t revision);
struct registry_result remove_retired(struct fixture *fixture, const uint8_t *material_id);
struct registry_result add_alias(struct fixture *fixture, const char *account, const char *name, const uint8_t *key_id);
struct registry_result retarget_alias(struct fixture *fixture, const char *name, const uint8_t *key_id, int64_t now_ms);
struct registry_result remove_alias(struct fixture *fixture, const char *name);

/* Adds the key until the registry takes it: after a lost writer the next one may take a moment. */
void add_until_taken(struct fixture *fixture, const struct registry_key *key);

/* A plain key: ids made of n, one material, no tags. Points into the struct; nothing to free. */
struct plain_key {
    struct registry_key key;
    struct registry_material material;
};

void plain_key_init(struct plain_key *plain, uint32_t n);

/* The registry has the plain key of n by then. */
void add_plain_key(struct fixture *fixture, uint32_t n, struct plain_key *ret);

/* Keys of first and those after it, all asked for at once; answers has room for n. */
void ask_for_keys(struct fixture *fixture, uint32_t first, uint32_t n, struct answer *answers);

/* Fails the test unless the result has the code, and the text in its detail. */
void expect_result(struct registry_result result, enum registry_code code, const char *text);

/* A copy of the key that the registry has, to be changed and given to replace_key. Points into the registry and into
 * the struct: for this turn of the loop. */
struct changed_key {
    struct registry_key key;
    struct registry_material materials[8];
};

void changed_key_init(const struct fixture *fixture, const uint8_t *key_id, struct changed_key *changed);

/* Adds a material whose id is made of n. */
void changed_key_rotate(struct changed_key *changed, uint32_t n, enum material_origin origin);

/* The writer process of this process, or -1. Waits for none. */
pid_t writer_pid(void);

/* Runs SQL on the file with a connection of the test's own. The registry should be closed. */
void run_sql(const struct fixture *fixture, const char *sql);

/* Two keys, one with a tag, an alias, the material of a deleted key, a user (1 of fixture_who.h) and a grant on the
 * second key: closed again. */
void make_database(struct fixture *fixture);

/* The whole file, mode 0600 when it is new; the caller frees what was read. */
void write_file(const char *path, const void *data, size_t len);
uint8_t *read_file(const char *path, size_t *ret_len);
