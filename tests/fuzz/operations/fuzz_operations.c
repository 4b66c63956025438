/*
 * Any bytes as the request of any operation: the first byte chooses the operation, the rest is its message. Every one
 * is answered exactly once, by an error of the table or a body of the rpc's type, and none stays under way.
 *
 * One registry with a few keys serves all inputs; what they add and change stays, up to a limit after which a new one
 * is made. A day goes by from each input to the next, and the sweep with it.
 */
#include "fake_workers.h"
#include "operations/operation.h"

#include "proto/message.h"
#include "proto/service.h"
#include "registry/grants.h"
#include "registry/principals.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACCOUNT "111122223333"
/* Then the registry starts anew, so that an input does not depend on all those before it. */
#define MAX_KEYS       64
#define MAX_PRINCIPALS 64
#define MAX_CHANGES    32 /* of a key that the seeds know */
#define START_MS       INT64_C(1700000000000)
#define DAY_MS         INT64_C(86400000)

struct answer {
    unsigned calls;
    const ProtobufCMessageDescriptor *type;
};

static struct event_base *base;
static struct operations operations;
static char folder[64];

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static int64_t now_ms = START_MS;

static int64_t moved_clock(void *arg)
{
    (void)arg;
    return now_ms;
}

static void remove_folder(void)
{
    static const char *const files[] = {"registry.db", "registry.db-wal", "registry.db-shm"};
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void close_all(void)
{
    if (operations.registry != NULL) {
        operations_clear(&operations);
        registry_free(operations.registry);
        fake_workers_free(operations.workers);
        operations.registry = NULL;
        remove_folder();
    }
}

static void on_key(void *arg, struct registry_result result)
{
    require(result.code == REGISTRY_OK);
    (*(unsigned *)arg)--;
}

/* A grant on the first key whose id the seeds know: 0x55…. */
static void add_grant(uint8_t id, uint8_t key_id, unsigned *left)
{
    static const char root[] = "arn:aws:iam::" ACCOUNT ":root";
    struct registry_grant grant = {.grant = {.grantee = view_of_string(root),
                                             .retiring = view_of_string(root),
                                             .issuing_account = view_of_string(ACCOUNT),
                                             .operations = POLICY_GRANT_ENCRYPT}};
    memset(grant.id, id, sizeof grant.id);
    memset(grant.key_id, key_id, sizeof grant.key_id);
    registry_grant_add(operations.registry, &grant, on_key, left);
}

/* Keys whose ids the seeds know: 0x11…, sealed, and 0x22…, open; their materials are 0x33… and 0x44…. */
static void add_key(uint8_t id, uint8_t material_id, enum key_boundary boundary, unsigned *left)
{
    static char token[] = "main", description[] = "";
    struct registry_material material = {0};
    struct registry_key key = {.account = ACCOUNT,
                               .token = token,
                               .description = description,
                               .spec = KEY_SPEC_SYMMETRIC_DEFAULT,
                               .usage = KEY_USAGE_ENCRYPT_DECRYPT,
                               .state = KEY_STATE_ENABLED,
                               .boundary = boundary,
                               .materials = &material,
                               .n_materials = 1};
    memset(material.id, material_id, sizeof material.id);
    memset(key.key_id, id, sizeof key.key_id);
    uuid_format(key.key_id, key.key_id_text);
    registry_key_add(operations.registry, &key, on_key, left);
}

static void wait_for(const unsigned *left)
{
    while (*left != 0) {
        require(event_base_loop(base, EVLOOP_ONCE) == 0);
    }
}

static void open_all(void)
{
    static const char *const accounts[] = {ACCOUNT};
    snprintf(folder, sizeof folder, "/tmp/rewrap-fuzz-XXXXXX");
    require(mkdtemp(folder) != NULL);
    char path[128];
    snprintf(path, sizeof path, "%s/registry.db", folder);
    base = base == NULL ? event_base_new() : base;
    struct registry *registry = NULL;
    require(registry_open(base, path, &registry).code == REGISTRY_OK);
    struct workers *workers = fake_workers_new();
    struct fake_token *token = fake_workers_add_token(workers, "main");
    for (unsigned i = 0; i < FAKE_MAX_STOCK; i++) {
        fake_token_add_spare(token, i, i % 4 == 0);
    }
    operations = (struct operations){.registry = registry,
                                     .workers = workers,
                                     .settings = {.partition = "aws",
                                                  .region = "eu-central-1",
                                                  .accounts = accounts,
                                                  .n_accounts = 1,
                                                  .default_timeout_ms = 1000,
                                                  .max_timeout_ms = 2000,
                                                  .max_keys_per_account = 1000},
                                     .clock = moved_clock};
    now_ms = START_MS;
    unsigned left = 2;
    add_key(0x11, 0x33, KEY_BOUNDARY_SEALED, &left);
    add_key(0x22, 0x44, KEY_BOUNDARY_OPEN, &left);
    wait_for(&left);
    left = 1;
    add_grant(0x55, 0x11, &left);
    wait_for(&left);
}

static bool is_worn(uint8_t id)
{
    uint8_t key_id[KEY_ID_BYTES];
    memset(key_id, id, sizeof key_id);
    const struct registry_key *key = registry_key_find(operations.registry, key_id);
    return key == NULL || key->revision > MAX_CHANGES ||
           registry_key_grants(operations.registry, key_id) > MAX_CHANGES ||
           key->policy != NULL; /* which may let nobody in any more */
}

/* Until there is nothing left to do at this time. */
static void sweep(void)
{
    operations_sweep(&operations);
    while (operations_running(&operations) > 0 || registry_waiting(operations.registry) > 0 ||
           fake_workers_waiting(operations.workers) > 0) {
        if (fake_workers_run(operations.workers) == 0) {
            require(event_base_loop(base, EVLOOP_ONCE) == 0);
        }
    }
}

static void on_done(void *arg, const struct operation_error *error, struct view body)
{
    struct answer *answer = arg;
    answer->calls++;
    if (error != NULL) {
        require(error->code != NULL && strstr(error->code, "Exception") != NULL && body.len == 0);
        return;
    }
    ProtobufCMessage *message = NULL;
    require(proto_unpack(answer->type, body, &message).code == PROTO_OK);
    proto_free(message);
}

/* In the order of the contract: when it grows, the first bytes of the seeds must follow. */
static const ProtobufCMethodDescriptor *choose(uint8_t number)
{
    size_t n = 0;
    while (service_method_at(n) != NULL) {
        n++;
    }
    return service_method_at(number % n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool at_exit;
    if (size == 0) {
        return 0;
    }
    bool is_open = operations.registry != NULL;
    if (is_open && (registry_keys(operations.registry) > MAX_KEYS ||
                    registry_principals(operations.registry) > MAX_PRINCIPALS || is_worn(0x11) || is_worn(0x22))) {
        close_all();
    }
    if (operations.registry == NULL) {
        open_all();
    }
    if (!at_exit) {
        at_exit = atexit(close_all) == 0;
    }
    const ProtobufCMethodDescriptor *method = choose(data[0]);
    struct operation_caller caller = {.principal = "arn:aws:iam::" ACCOUNT ":root"}; /* may nearly everything */
    struct answer answer = {.type = method->output};
    struct operation *operation =
        operation_start(&operations, &caller, method->name, view_of(data + 1, size - 1), 0, on_done, &answer);
    require((operation == NULL) == (answer.calls == 1));
    while (answer.calls == 0) {
        if (fake_workers_run(operations.workers) == 0) {
            require(event_base_loop(base, EVLOOP_ONCE) == 0);
        }
    }
    require(answer.calls == 1);
    now_ms += DAY_MS;
    sweep();
    return 0;
}
