/* A registry on a real file; see fixture.h. */
#include "fixture.h"

#include <dirent.h>
#include <event2/event.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/registry.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/registry.db", fixture->folder);
    fixture->base = event_base_new();
    assert_non_null(fixture->base);
    *state = fixture;
    return 0;
}

static void remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
        }
    }
    closedir(dir);
    assert_int_equal(rmdir(folder), 0);
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    registry_free(fixture->registry);
    event_base_free(fixture->base);
    remove_folder(fixture->folder);
    free(fixture);
    return 0;
}

void fixture_open(struct fixture *fixture)
{
    struct registry_result result = registry_open(fixture->base, fixture->path, &fixture->registry);
    if (result.code != REGISTRY_OK) {
        fail_msg("open: %d %s", result.code, result.detail);
    }
}

void fixture_close(struct fixture *fixture)
{
    registry_free(fixture->registry);
    fixture->registry = NULL;
}

void fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture_open(fixture);
}

void fixture_expect_refused(struct fixture *fixture, const char *text)
{
    struct registry *untouched = (struct registry *)fixture;
    struct registry_result result = registry_open(fixture->base, fixture->path, &untouched);
    assert_int_equal(result.code, REGISTRY_STORE);
    if (strstr(result.detail, text) == NULL) {
        fail_msg("\"%s\" is not in: %s", text, result.detail);
    }
    assert_ptr_equal(untouched, fixture);
    assert_int_equal(writer_pid(), -1);
}

static void on_deadline(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    *(bool *)arg = true;
}

void fixture_run_until(struct fixture *fixture, const int *counter, int target)
{
    bool late = false;
    struct event *deadline = evtimer_new(fixture->base, on_deadline, &late);
    const struct timeval wait = {.tv_sec = 30};
    assert_non_null(deadline);
    assert_int_equal(event_add(deadline, &wait), 0);
    while (*counter < target && !late) {
        assert_int_not_equal(event_base_loop(fixture->base, EVLOOP_ONCE), -1);
    }
    event_free(deadline);
    assert_false(late);
}

void on_answer(void *arg, struct registry_result result)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->result = result;
}

static struct registry_result wait_for(struct fixture *fixture, struct answer *answer)
{
    assert_int_equal(answer->calls, 0); /* never before the call returned */
    fixture_run_until(fixture, &answer->calls, 1);
    assert_int_equal(answer->calls, 1);
    return answer->result;
}

struct registry_result add_key(struct fixture *fixture, const struct registry_key *key)
{
    struct answer answer = {0};
    registry_key_add(fixture->registry, key, on_answer, &answer);
    return wait_for(fixture, &answer);
}

struct registry_result replace_key(struct fixture *fixture, const struct registry_key *key)
{
    struct answer answer = {0};
    registry_key_replace(fixture->registry, key, on_answer, &answer);
    return wait_for(fixture, &answer);
}

struct registry_result remove_key(struct fixture *fixture, const uint8_t *key_id, uint64_t revision)
{
    struct answer answer = {0};
    registry_key_remove(fixture->registry, key_id, revision, NOW_MS + 9, on_answer, &answer);
    return wait_for(fixture, &answer);
}

struct registry_result remove_retired(struct fixture *fixture, const uint8_t *material_id)
{
    struct answer answer = {0};
    registry_retired_remove(fixture->registry, material_id, on_answer, &answer);
    return wait_for(fixture, &answer);
}

struct registry_result add_alias(struct fixture *fixture, const char *account, const char *name, const uint8_t *key_id)
{
    struct answer answer = {0};
    registry_alias_add(fixture->registry, account, name, key_id, NOW_MS, on_answer, &answer);
    return wait_for(fixture, &answer);
}

struct registry_result retarget_alias(struct fixture *fixture, const char *name, const uint8_t *key_id, int64_t now_ms)
{
    struct answer answer = {0};
    registry_alias_retarget(fixture->registry, ACCOUNT, name, key_id, now_ms, on_answer, &answer);
    return wait_for(fixture, &answer);
}

struct registry_result remove_alias(struct fixture *fixture, const char *name)
{
    struct answer answer = {0};
    registry_alias_remove(fixture->registry, ACCOUNT, name, on_answer, &answer);
    return wait_for(fixture, &answer);
}

static void nothing(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    (void)arg;
}

void turn(struct fixture *fixture, int microseconds)
{
    struct event *timer = evtimer_new(fixture->base, nothing, NULL);
    const struct timeval wait = {.tv_usec = microseconds};
    assert_non_null(timer);
    assert_int_equal(event_add(timer, &wait), 0);
    assert_int_not_equal(event_base_loop(fixture->base, EVLOOP_ONCE), -1);
    event_free(timer);
}

int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void add_until_taken(struct fixture *fixture, const struct registry_key *key)
{
    const int64_t deadline = monotonic_ms() + 30000;
    struct registry_result result = add_key(fixture, key);
    while (result.code == REGISTRY_STORE) {
        assert_true(monotonic_ms() < deadline);
        turn(fixture, 20000);
        result = add_key(fixture, key);
    }
    assert_true(result.code == REGISTRY_OK || result.code == REGISTRY_EXISTS);
}

void plain_key_init(struct plain_key *plain, uint32_t n)
{
    *plain = (struct plain_key){
        .key = {.account = ACCOUNT,
                .token = (char *)"main",
                .description = (char *)"",
                .spec = KEY_SPEC_SYMMETRIC_DEFAULT,
                .usage = KEY_USAGE_ENCRYPT_DECRYPT,
                .state = KEY_STATE_ENABLED,
                .boundary = KEY_BOUNDARY_SEALED,
                .created_ms = NOW_MS,
                .n_materials = 1},
        .material = {.created_ms = NOW_MS},
    };
    plain->key.materials = &plain->material;
    for (size_t i = 0; i < 4; i++) {
        uint8_t byte = (uint8_t)(n >> (8 * (3 - i)));
        plain->key.key_id[i] = byte; /* in front: ids sort as their numbers */
        plain->material.id[i] = byte;
        plain->material.id[MATERIAL_ID_BYTES - 1 - i] = byte;
    }
}

void changed_key_init(const struct fixture *fixture, const uint8_t *key_id, struct changed_key *changed)
{
    const struct registry_key *key = registry_key_find(fixture->registry, key_id);
    assert_non_null(key);
    assert_true(key->n_materials <= sizeof changed->materials / sizeof changed->materials[0]);
    changed->key = *key;
    memcpy(changed->materials, key->materials, key->n_materials * sizeof *key->materials);
    changed->key.materials = changed->materials;
}

void changed_key_rotate(struct changed_key *changed, uint32_t n, enum material_origin origin)
{
    struct plain_key plain;
    plain_key_init(&plain, n);
    plain.material.origin = origin;
    assert_true(changed->key.n_materials < sizeof changed->materials / sizeof changed->materials[0]);
    changed->materials[changed->key.n_materials++] = plain.material;
}

/* Reads "pid (name) state ppid": the name has no blanks here. */
pid_t writer_pid(void)
{
    pid_t found = -1;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
        char path[300];
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        if (file == NULL) {
            continue;
        }
        int pid;
        int parent;
        char name[64];
        char status;
        if (fscanf(file, "%d (%63[^)]) %c %d", &pid, name, &status, &parent) == 4 && parent == getpid() &&
            status != 'Z' && strcmp(name, "rewrapd-store") == 0) {
            found = pid;
        }
        fclose(file);
    }
    closedir(proc);
    return found;
}

void run_sql(const struct fixture *fixture, const char *sql)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", sql, message);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}
