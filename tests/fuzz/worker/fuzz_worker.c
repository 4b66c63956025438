/*
 * A hostile worker: the input is the bytes on its socket, after a first byte that says whether it is starting (0) or
 * serves with one job of each kind in flight. Every job must end exactly once, and an answer that is let through must
 * be one to its request.
 */
#include "internal.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_JOBS       8 /* as many as a worker has at a time */
#define RANDOM_BYTES 24

struct waiting {
    Hsm__Request__BodyCase body;
    unsigned calls;
};

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void on_started(void *arg, enum workers_start outcome, const char *text)
{
    (void)arg;
    require((outcome == WORKERS_START_OK) == (text == NULL));
}

static void on_log(void *arg, int priority, const char *text)
{
    (void)arg;
    (void)priority;
    for (; *text != '\0'; text++) {
        require(*text >= ' ' && *text <= '~');
    }
}

static void on_done(void *arg, enum workers_status status, const Hsm__Response *response)
{
    struct waiting *waiting = arg;
    waiting->calls++;
    require((status == WORKERS_ANSWERED) == (response != NULL));
    if (response == NULL) {
        return;
    }
    require(response->has_id && response->has_status && response->hello == NULL);
    bool ok = response->status == HSM__STATUS__STATUS_OK;
    bool random = waiting->body == HSM__REQUEST__BODY_GENERATE_RANDOM;
    require(!response->has_plaintext || (ok && (random || waiting->body == HSM__REQUEST__BODY_DECRYPT)));
    require(!ok || !random || response->plaintext.len == RANDOM_BYTES);
    require(!response->has_public_key || (ok && waiting->body == HSM__REQUEST__BODY_GET_PUBLIC_KEY));
    require(!response->has_leaving || response->status == HSM__STATUS__STATUS_TOKEN_UNAVAILABLE);
    if (ok && waiting->body == HSM__REQUEST__BODY_GET_PUBLIC_KEY) {
        require(response->public_key.len > 0 && response->public_key.len <= 1024);
    }
    if (ok && waiting->body == HSM__REQUEST__BODY_MAKE_OPEN_KEY) {
        require(response->has_material_id && response->material_id.len == 32);
    }
    if (ok && waiting->body == HSM__REQUEST__BODY_ENCRYPT) {
        require(response->has_ciphertext && response->ciphertext.len > 0);
    }
}

static bool none_taken(void *arg, const uint8_t material_id[32])
{
    (void)arg;
    return material_id[0] == 0xff;
}

/* Their ids are 1 to N_JOBS, in this order. */
static void jobs_submit(struct workers *workers, struct waiting waiting[N_JOBS])
{
    Hsm__Encrypt encrypt = HSM__ENCRYPT__INIT;
    Hsm__Decrypt decrypt = HSM__DECRYPT__INIT;
    Hsm__MakeOpenKey make = HSM__MAKE_OPEN_KEY__INIT;
    Hsm__ListObjects list = HSM__LIST_OBJECTS__INIT;
    Hsm__ReEncrypt check = HSM__RE_ENCRYPT__INIT;
    check.has_check_only = check.check_only = true;
    Hsm__GenerateRandom random = HSM__GENERATE_RANDOM__INIT;
    random.has_length = true;
    random.length = RANDOM_BYTES;
    uint8_t material_id[32];
    for (size_t i = 0; i < sizeof(material_id); i++) {
        material_id[i] = (uint8_t)i; /* of the key that the seeds list */
    }
    Hsm__Key key = HSM__KEY__INIT;
    key.has_material_id = true;
    key.material_id = (ProtobufCBinaryData){.data = material_id, .len = sizeof(material_id)};
    Hsm__GetPublicKey show = HSM__GET_PUBLIC_KEY__INIT;
    Hsm__DestroyKey destroy = HSM__DESTROY_KEY__INIT;
    show.key = destroy.key = &key;
    Hsm__Request requests[N_JOBS];
    for (size_t i = 0; i < N_JOBS; i++) {
        requests[i] = (Hsm__Request)HSM__REQUEST__INIT;
    }
    requests[0].body_case = HSM__REQUEST__BODY_ENCRYPT;
    requests[0].encrypt = &encrypt;
    requests[1].body_case = HSM__REQUEST__BODY_DECRYPT;
    requests[1].decrypt = &decrypt;
    requests[2].body_case = HSM__REQUEST__BODY_MAKE_OPEN_KEY;
    requests[2].make_open_key = &make;
    requests[3].body_case = HSM__REQUEST__BODY_LIST_OBJECTS;
    requests[3].list_objects = &list;
    requests[4].body_case = HSM__REQUEST__BODY_RE_ENCRYPT;
    requests[4].re_encrypt = &check;
    requests[5].body_case = HSM__REQUEST__BODY_GENERATE_RANDOM;
    requests[5].generate_random = &random;
    requests[6].body_case = HSM__REQUEST__BODY_GET_PUBLIC_KEY;
    requests[6].get_public_key = &show;
    requests[7].body_case = HSM__REQUEST__BODY_DESTROY_KEY;
    requests[7].destroy_key = &destroy;
    for (size_t i = 0; i < N_JOBS; i++) {
        waiting[i] = (struct waiting){.body = requests[i].body_case};
        require(workers_submit(workers, NULL, &requests[i], 1000, on_done, &waiting[i]) != NULL);
    }
}

/* A worker without a process: only its socket is looked at here. */
static void worker_begin(struct workers *workers, int fd, bool serves)
{
    struct workers_token *token = &workers->tokens[0];
    struct workers_worker *worker = &token->workers_list[0];
    require(workers_channel_open(worker, fd));
    worker->state = serves ? WORKER_READY : WORKER_STARTING;
    if (serves) {
        token->ready = 1;
        workers->reported = true;
        workers_feed(token);
        return;
    }
    struct workers_job *configure = workers_hello_ask(token);
    require(configure != NULL && configure->id == 1);
    workers_feed_give(worker, configure);
    workers_channel_flush(worker);
}

static void feed_input(struct workers *workers, int fd, const uint8_t *data, size_t size)
{
    struct workers_worker *worker = &workers->tokens[0].workers_list[0];
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n <= 0) {
            break; /* it was closed */
        }
        data += n;
        size -= (size_t)n;
        workers_channel_drain(worker);
    }
    shutdown(fd, SHUT_RDWR);
    workers_channel_drain(worker);
    require(worker->state == WORKER_ENDING && worker->fd == -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct event_base *base;
    if (base == NULL) {
        base = event_base_new();
    }
    if (size == 0) {
        return 0;
    }
    struct workers_token_settings token = {.name = "main",
                                           .module = "m",
                                           .uri = "u",
                                           .pin_file = "/nonexistent/pin",
                                           .require = HSM__LEVEL__LEVEL_SENSITIVE,
                                           .workers = 1,
                                           .max_queue = 100,
                                           .deadline_ms = 1000,
                                           .start_deadline_ms = 1000,
                                           .max_objects = 10};
    struct workers_settings settings = {.program = "/bin/true", .tokens = &token, .n_tokens = 1};
    struct workers *workers = workers_new(base, &settings, on_started, on_log, NULL);
    int pair[2];
    require(workers != NULL && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);

    bool serves = data[0] != 0;
    struct waiting waiting[N_JOBS] = {{.calls = 0}};
    if (serves) {
        jobs_submit(workers, waiting);
    }
    worker_begin(workers, pair[0], serves);
    feed_input(workers, pair[1], data + 1, size - 1);
    uint8_t id[32];
    (void)workers_stock_find(workers, NULL, HSM__KEY_SPEC__KEY_SPEC_AES_256, HSM__BOUNDARY__BOUNDARY_SEALED, none_taken,
                             NULL, id);
    workers_free(workers); /* before the loop has turned: no process was started */
    close(pair[1]);
    for (size_t i = 0; serves && i < N_JOBS; i++) {
        require(waiting[i].calls == 1);
    }
    return 0;
}
