/* The list of a token's keys in several frames: every key once, in frames that rewrapd takes. */
#include "worker_client.h"

#include "proto/message.h"
#include "worker.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE       2000 /* objects.c */
#define ANSWER_ID  77
#define EVERY_NTH  3 /* is refused */
#define LONG_CAUSE "C_GetAttributeValue: more objects than asked for, in the longest reason that there is"

static unsigned on_token;

static void id_of(unsigned number, uint8_t out[ENVELOPE_MATERIAL_ID_BYTES])
{
    memset(out, 0xa5, ENVELOPE_MATERIAL_ID_BYTES);
    memcpy(out, &number, sizeof number);
}

/* In place of that of module hsm: as many keys as a test says. */
void hsm_rewrap_objects(const struct hsm_rewrap *rewrap, bool (*visit)(void *state, const struct hsm_object *object),
                        void *state)
{
    (void)rewrap;
    for (unsigned i = 0; i < on_token; i++) {
        struct hsm_object object = {.spec = i % 2 == 0 ? HSM_SPEC_AES_256 : HSM_SPEC_RSA_4096,
                                    .boundary = i % 5 == 0 ? HSM_OPEN : HSM_SEALED,
                                    .refused_for = i % EVERY_NTH == 0 ? LONG_CAUSE : NULL};
        id_of(i, object.material_id);
        if (!visit(state, &object)) {
            return;
        }
    }
}

/* The worker's side, in a process of its own: a list is longer than a socket holds. */
static void send_list(int fd, bool with_hello)
{
    static struct progress progress;
    struct worker worker = {.result = BUFFER_INIT(16)};
    Hsm__Hello hello = HSM__HELLO__INIT;
    channel_init(&worker.channel, fd, &progress);
    channel_begin(&worker.channel, ANSWER_ID);
    bool sent = objects_send(&worker, ANSWER_ID, with_hello ? &hello : NULL) && channel_flush(&worker.channel);
    channel_clear(&worker.channel);
    _exit(sent ? 0 : 1);
}

static void check_entries(Hsm__StockEntry *const *objects, size_t n, unsigned first)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned number = first + i;
        uint8_t id[ENVELOPE_MATERIAL_ID_BYTES];
        id_of(number, id);
        assert_int_equal(objects[i]->material_id.len, sizeof id);
        assert_memory_equal(objects[i]->material_id.data, id, sizeof id);
        assert_int_equal(objects[i]->spec,
                         number % 2 == 0 ? HSM__KEY_SPEC__KEY_SPEC_AES_256 : HSM__KEY_SPEC__KEY_SPEC_RSA_4096);
        assert_int_equal(objects[i]->boundary,
                         number % 5 == 0 ? HSM__BOUNDARY__BOUNDARY_OPEN : HSM__BOUNDARY__BOUNDARY_SEALED);
        assert_int_equal(objects[i]->refused_for != NULL, number % EVERY_NTH == 0);
    }
}

/* Receives a list and checks each of its frames; returns how many there were. */
static unsigned receive_list(struct worker_client *client, bool with_hello)
{
    unsigned seen = 0;
    for (unsigned frames = 1;; frames++) {
        Hsm__Response *response = worker_client_receive(client);
        assert_int_equal(response->id, ANSWER_ID);
        assert_int_equal(response->status, HSM__STATUS__STATUS_OK);
        assert_int_equal(response->hello != NULL, with_hello && frames == 1);
        const Hsm__Hello *hello = response->hello;
        size_t n = hello != NULL ? hello->n_objects : response->n_objects;
        check_entries(hello != NULL ? hello->objects : response->objects, n, seen);
        seen += (unsigned)n;
        bool more = response->has_more && response->more;
        proto_free(&response->base);
        if (!more) {
            assert_int_equal(seen, on_token);
            return frames;
        }
        assert_int_equal(n, PAGE);
    }
}

static unsigned frames_of(unsigned objects, bool with_hello)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    on_token = objects;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        send_list(pair[1], with_hello);
    }
    close(pair[1]);
    struct worker_client client = {.fd = pair[0], .in = BUFFER_INIT((size_t)1 << 20)};
    unsigned frames = receive_list(&client, with_hello);
    uint8_t byte;
    assert_int_equal(read(client.fd, &byte, 1), 0); /* and nothing more */
    close(client.fd);
    buffer_clear(&client.in);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return frames;
}

static void test_pages(void **state)
{
    (void)state;
    for (int with_hello = 0; with_hello <= 1; with_hello++) {
        assert_int_equal(frames_of(0, with_hello != 0), 1);
        assert_int_equal(frames_of(1, with_hello != 0), 1);
        assert_int_equal(frames_of(PAGE, with_hello != 0), 1);
        assert_int_equal(frames_of(PAGE + 1, with_hello != 0), 2);
        assert_int_equal(frames_of(2 * PAGE, with_hello != 0), 2);
        assert_int_equal(frames_of(5 * PAGE + 17, with_hello != 0), 6);
    }
}

/* rewrapd goes away in the middle of a list. */
static void test_nobody_listens(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    close(pair[0]);
    on_token = 3 * PAGE;
    struct worker worker = {.result = BUFFER_INIT(16)};
    channel_init(&worker.channel, pair[1], NULL);
    assert_false(objects_send(&worker, ANSWER_ID, NULL));
    channel_clear(&worker.channel);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
