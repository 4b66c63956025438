/* The fixture of the operations' tests; see fixture.h. */
#include "fixture.h"

#include <event2/event.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#define WAIT_SECONDS 20 /* a disk may be slow; a test that waits longer hangs */
#define SPARES       8

#define FIXTURE_WAITING_MS (30LL * 24 * 3600 * 1000) /* of a key that is pending deletion and does not say when */

static int64_t fixture_clock(void *arg)
{
    return ((const struct fixture *)arg)->now_ms;
}

static void fixture_log(void *arg, int priority, const char *line)
{
    struct fixture *fixture = arg;
    (void)priority;
    snprintf(fixture->log, sizeof fixture->log, "%s", line);
    fixture->logged++;
}

/* An empty registry is made by the first test of a program; the others begin with a copy of its file, since to make the
 * tables takes longer than most tests do. */
static uint8_t empty[256 * 1024];
static size_t empty_bytes;

static void remember_empty(const char *path)
{
    FILE *file = fopen(path, "rbe");
    assert_non_null(file);
    empty_bytes = fread(empty, 1, sizeof empty, file);
    assert_in_range(empty_bytes, 1, sizeof empty - 1);
    fclose(file);
}

static void copy_empty(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, empty, empty_bytes), empty_bytes);
    close(fd);
}

/* Valgrind translates code when it is first met, and a writer process inherits what its parent has met: so the parent
 * meets once what writers do all the time. With the copies, it halves the time under valgrind. */
static void meet_writing(const char *folder)
{
    char path[128];
    snprintf(path, sizeof path, "%s/met.db", folder);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA journal_mode = WAL; CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB UNIQUE);"
                                  "BEGIN IMMEDIATE; INSERT INTO t VALUES (1, x'00'); UPDATE t SET b = x'01';"
                                  "DELETE FROM t WHERE a = 1; COMMIT",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(unlink(path), 0);
}

static void open_registry(struct fixture *fixture, const char *path)
{
    struct registry_result opened = registry_open(fixture->base, path, &fixture->registry);
    if (opened.code != REGISTRY_OK) {
        fail_msg("registry_open: %s", opened.detail);
    }
}

static void begin_registry(struct fixture *fixture)
{
    char path[128];
    snprintf(path, sizeof path, "%s/registry.db", fixture->folder);
    if (empty_bytes != 0) {
        copy_empty(path);
    } else {
        open_registry(fixture, path);
        registry_free(fixture->registry);
        remember_empty(path);
        meet_writing(fixture->folder);
    }
    open_registry(fixture, path);
}

void fixture_sql(struct fixture *fixture, const char *statement)
{
    char path[128];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/registry.db", fixture->folder);
    registry_free(fixture->registry);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 1);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    open_registry(fixture, path);
    fixture->operations.registry = fixture->registry;
}

int fixture_setup(void **state)
{
    static const char *const accounts[] = {ACCOUNT, OTHER_ACCOUNT};
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/rewrap-operations-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    fixture->base = event_base_new();
    assert_non_null(fixture->base);
    begin_registry(fixture);
    fixture->workers = fake_workers_new();
    fixture->main = fake_workers_add_token(fixture->workers, "main");
    for (unsigned i = 1; i <= SPARES; i++) {
        fake_token_add_spare(fixture->main, i, false);
    }
    fixture->now_ms = 1700000000123;
    fixture->principal = ALICE;
    fixture->operations = (struct operations){
        .registry = fixture->registry,
        .workers = fixture->workers,
        .settings = {.partition = "aws",
                     .region = "eu-central-1",
                     .accounts = accounts,
                     .n_accounts = COUNT(accounts),
                     .default_timeout_ms = 10000,
                     .max_timeout_ms = 60000,
                     .max_keys_per_account = 1000},
        .clock = fixture_clock,
        .clock_arg = fixture,
        .log = fixture_log,
        .log_arg = fixture,
    };
    fixture_principal(fixture, ACCOUNT, "user/alice", fixture->now_ms - 1, EVERYTHING);
    fixture_principal(fixture, OTHER_ACCOUNT, "user/bob", fixture->now_ms - 1, EVERYTHING);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    size_t running = operations_running(&fixture->operations);
    operations_clear(&fixture->operations);
    registry_free(fixture->registry);
    fake_workers_free(fixture->workers);
    event_base_free(fixture->base);
    static const char *const files[] = {"registry.db", "registry.db-wal", "registry.db-shm", "registry.db-journal",
                                        "registry.db.lock"};
    for (size_t i = 0; i < COUNT(files); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", fixture->folder, files[i]);
        unlink(path);
    }
    bool left = rmdir(fixture->folder) != 0;
    free(fixture);
    if (left) {
        fprintf(stderr, "the fixture left files behind\n");
    }
    return running == 0 && !left ? 0 : -1;
}

/* ------------------------------------------------------------------ waiting */

static void on_guard(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    *(bool *)arg = true;
}

/* Turns the loop until *done; tokens work in between. */
static void wait_until(struct fixture *fixture, const bool *done)
{
    bool late = false;
    struct event *guard = evtimer_new(fixture->base, on_guard, &late);
    assert_non_null(guard);
    assert_int_equal(event_add(guard, &(struct timeval){.tv_sec = WAIT_SECONDS}), 0);
    while (!*done && !late) {
        fake_workers_run(fixture->workers);
        if (!*done) {
            event_base_loop(fixture->base, EVLOOP_ONCE);
        }
    }
    event_free(guard);
    assert_false(late);
}

void fixture_on_change(void *arg, struct registry_result result)
{
    struct fixture_change *change = arg;
    change->done = true;
    change->result = result;
}

void fixture_wait_for_change(struct fixture *fixture, struct fixture_change *change)
{
    wait_until(fixture, &change->done);
    if (change->result.code != REGISTRY_OK) {
        fail_msg("the registry refused: %d %s", (int)change->result.code, change->result.detail);
    }
}

/* ------------------------------------------------------------------ keys */

struct fixture_key fixture_key(struct fixture *fixture, const struct registry_key *wish)
{
    static char token[] = "main";
    static char description[] = "";
    struct fixture_key made;
    uuid_random(made.key_id);
    uuid_format(made.key_id, made.id);
    assert_int_equal(getrandom(made.material_id, sizeof made.material_id, 0), sizeof made.material_id);
    struct registry_material material = {.created_ms = fixture->now_ms};
    memcpy(material.id, made.material_id, sizeof material.id);
    struct registry_key key = *wish;
    memcpy(key.key_id, made.key_id, sizeof key.key_id);
    memcpy(key.key_id_text, made.id, sizeof key.key_id_text);
    if (*key.account == '\0') {
        memcpy(key.account, ACCOUNT, sizeof ACCOUNT);
    }
    key.token = key.token == NULL ? token : key.token;
    key.description = key.description == NULL ? description : key.description;
    key.spec = key.spec == 0 ? KEY_SPEC_SYMMETRIC_DEFAULT : key.spec;
    if (key.usage == 0) {
        key.usage = key.spec == KEY_SPEC_HMAC_256 ? KEY_USAGE_GENERATE_VERIFY_MAC : KEY_USAGE_ENCRYPT_DECRYPT;
    }
    key.state = key.state == 0 ? KEY_STATE_ENABLED : key.state;
    key.boundary = key.boundary == 0 ? KEY_BOUNDARY_SEALED : key.boundary;
    if (key.state == KEY_STATE_PENDING_DELETION && key.deletion_ms == 0) {
        key.deletion_ms = fixture->now_ms + FIXTURE_WAITING_MS;
    }
    key.created_ms = fixture->now_ms;
    key.policy_ms = fixture->now_ms;
    key.materials = &material;
    key.n_materials = 1;
    snprintf(made.arn, sizeof made.arn, "arn:aws:kms:eu-central-1:%s:key/%s", key.account, made.id);
    struct fixture_change change = {0};
    registry_key_add(fixture->registry, &key, fixture_on_change, &change);
    fixture_wait_for_change(fixture, &change);
    return made;
}

struct fixture_key fixture_sealed(struct fixture *fixture)
{
    return fixture_key(fixture, &(struct registry_key){.boundary = KEY_BOUNDARY_SEALED});
}

struct fixture_key fixture_open(struct fixture *fixture)
{
    return fixture_key(fixture, &(struct registry_key){.boundary = KEY_BOUNDARY_OPEN});
}

void fixture_alias(struct fixture *fixture, const char *account, const char *name, const struct fixture_key *key)
{
    struct fixture_change change = {0};
    registry_alias_add(fixture->registry, account, name, key->key_id, fixture->now_ms, fixture_on_change, &change);
    fixture_wait_for_change(fixture, &change);
}

void fixture_wait(struct fixture *fixture, struct reply *reply)
{
    wait_until(fixture, &reply->done);
}
