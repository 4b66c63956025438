/* rewrapd-hsm over its socket: the real program on a real token. */
#include "worker_client.h"

#include "base/uuid.h"
#include "p11_call.h"
#include "proto/frame.h"
#include "proto/message.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

static uint8_t empty_context[] = {1, 0, 0, 0, 0};

/* A side of a request and what it points to. */
struct side {
    Hsm__Side side;
    Hsm__Key key;
};

static void side_fill(struct side *side, const struct hsm_key *key)
{
    side->key = (Hsm__Key)HSM__KEY__INIT;
    side->key.has_key_id = side->key.has_material_id = side->key.has_spec = side->key.has_boundary = true;
    side->key.key_id = (ProtobufCBinaryData){sizeof key->key_id, (uint8_t *)(uintptr_t)key->key_id};
    side->key.material_id = (ProtobufCBinaryData){sizeof key->material_id, (uint8_t *)(uintptr_t)key->material_id};
    side->key.spec = (Hsm__KeySpec)key->spec;
    side->key.boundary = (Hsm__Boundary)key->boundary;
    side->side = (Hsm__Side)HSM__SIDE__INIT;
    side->side.key = &side->key;
    side->side.has_algorithm = side->side.has_context = true;
    side->side.algorithm = HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT;
    side->side.context = (ProtobufCBinaryData){sizeof empty_context, empty_context};
}

static Hsm__Request request_of(uint64_t id, Hsm__Request__BodyCase body)
{
    Hsm__Request request = HSM__REQUEST__INIT;
    request.has_id = true;
    request.id = id;
    request.body_case = body;
    return request;
}

static struct worker_client ready(struct fixture *fixture)
{
    struct worker_client client;
    worker_client_start(&client);
    Hsm__Response *response = worker_client_configure(&client, fixture->pin_file);
    assert_non_null(response->hello);
    assert_int_equal(response->hello->status, HSM__HELLO_STATUS__HELLO_READY);
    proto_free(&response->base);
    return client;
}

/* Encrypts under a key; the caller frees the response. */
static Hsm__Response *encrypt(struct worker_client *client, const struct hsm_key *key, const char *text)
{
    struct side to;
    side_fill(&to, key);
    Hsm__Encrypt body = HSM__ENCRYPT__INIT;
    body.has_plaintext = true;
    body.plaintext = (ProtobufCBinaryData){strlen(text), (uint8_t *)(uintptr_t)text};
    body.destination = &to.side;
    Hsm__Request request = request_of(7, HSM__REQUEST__BODY_ENCRYPT);
    request.encrypt = &body;
    return worker_client_ask(client, &request);
}

static Hsm__Response *decrypt(struct worker_client *client, const struct hsm_key *key, ProtobufCBinaryData ciphertext)
{
    struct side from;
    side_fill(&from, key);
    Hsm__Decrypt body = HSM__DECRYPT__INIT;
    body.has_ciphertext = true;
    body.ciphertext = ciphertext;
    body.source = &from.side;
    Hsm__Request request = request_of(8, HSM__REQUEST__BODY_DECRYPT);
    request.decrypt = &body;
    return worker_client_ask(client, &request);
}

static Hsm__Response *re_encrypt(struct worker_client *client, const struct hsm_key *source,
                                 const struct hsm_key *destination, ProtobufCBinaryData ciphertext, bool check_only)
{
    struct side from;
    struct side to;
    side_fill(&from, source);
    side_fill(&to, destination);
    Hsm__ReEncrypt body = HSM__RE_ENCRYPT__INIT;
    body.has_ciphertext = true;
    body.ciphertext = ciphertext;
    body.source = &from.side;
    body.destination = &to.side;
    body.has_check_only = check_only;
    body.check_only = check_only;
    Hsm__Request request = request_of(9, HSM__REQUEST__BODY_RE_ENCRYPT);
    request.re_encrypt = &body;
    return worker_client_ask(client, &request);
}

static void test_hello(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client;
    worker_client_start(&client);
    Hsm__Response *response = worker_client_configure(&client, fixture->pin_file);
    const Hsm__Hello *hello = response->hello;
    assert_int_equal(hello->status, HSM__HELLO_STATUS__HELLO_READY);
    assert_int_equal(hello->level, HSM__LEVEL__LEVEL_SEALED);
    assert_string_equal(hello->token_label, "rewrapd-test");
    assert_int_equal(hello->pads_payloads, fixture->profile.pads_payloads);
    assert_int_equal(hello->payload_max, fixture->profile.payload_max_bytes);
    size_t algorithms = 1 + (size_t)fixture->profile.oaep_sha1 + (size_t)fixture->profile.oaep_sha256;
    assert_int_equal(hello->n_algorithms, algorithms);
    assert_int_equal(hello->algorithms[0], HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT);
    assert_null(hello->level_reason); /* at the highest level there is none */
    assert_int_equal(hello->n_objects, FIXTURE_SEALED + 2);
    for (size_t i = 0; i < hello->n_objects; i++) {
        assert_int_equal(hello->objects[i]->material_id.len, ENVELOPE_MATERIAL_ID_BYTES);
        assert_null(hello->objects[i]->refused_for);
    }
    assert_false(response->has_more);
    proto_free(&response->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

static void test_the_way_of_a_payload(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = ready(fixture);
    Hsm__Response *sealed = encrypt(&client, &fixture->open[0], "a secret");
    assert_int_equal(sealed->status, HSM__STATUS__STATUS_OK);
    Hsm__Response *checked = re_encrypt(&client, &fixture->open[0], &fixture->open[1], sealed->ciphertext, true);
    assert_int_equal(checked->status, HSM__STATUS__STATUS_OK);
    assert_false(checked->has_ciphertext);
    Hsm__Response *moved = re_encrypt(&client, &fixture->open[0], &fixture->open[1], sealed->ciphertext, false);
    assert_int_equal(moved->status, HSM__STATUS__STATUS_OK);
    assert_int_equal(moved->ciphertext.len, sealed->ciphertext.len);
    Hsm__Response *plain = decrypt(&client, &fixture->open[1], moved->ciphertext);
    assert_int_equal(plain->status, HSM__STATUS__STATUS_OK);
    assert_int_equal(plain->plaintext.len, 8);
    assert_memory_equal(plain->plaintext.data, "a secret", 8);
    proto_free(&sealed->base);
    proto_free(&checked->base);
    proto_free(&moved->base);
    proto_free(&plain->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

static void assert_status(Hsm__Status status, Hsm__Response *response)
{
    assert_int_equal(response->status, status);
    assert_non_null(response->detail);
    assert_false(response->has_ciphertext);
    assert_false(response->has_plaintext);
    proto_free(&response->base);
}

static void test_refusals(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = ready(fixture);
    Hsm__Response *blob = encrypt(&client, &fixture->sealed[0], "a secret");
    assert_int_equal(blob->status, HSM__STATUS__STATUS_OK);
    ProtobufCBinaryData ciphertext = blob->ciphertext;
    assert_status(HSM__STATUS__STATUS_UNSUPPORTED, decrypt(&client, &fixture->sealed[0], ciphertext));
    assert_status(HSM__STATUS__STATUS_NOT_WRAPPABLE,
                  re_encrypt(&client, &fixture->sealed[0], &fixture->open[0], ciphertext, false));
    assert_status(HSM__STATUS__STATUS_NOT_WRAPPABLE,
                  re_encrypt(&client, &fixture->sealed[0], &fixture->open[0], ciphertext, true));
    /* The header names another key than the request. */
    assert_status(HSM__STATUS__STATUS_INVALID_CIPHERTEXT,
                  re_encrypt(&client, &fixture->sealed[1], &fixture->sealed[2], ciphertext, false));
    struct hsm_key missing = fixture->sealed[0];
    missing.material_id[5] ^= 0x40;
    assert_status(HSM__STATUS__STATUS_KEY_NOT_FOUND,
                  re_encrypt(&client, &fixture->sealed[0], &missing, ciphertext, false));
    struct hsm_key rsa = fixture->sealed[0];
    rsa.spec = HSM_SPEC_RSA_2048;
    assert_status(HSM__STATUS__STATUS_UNSUPPORTED, re_encrypt(&client, &fixture->sealed[0], &rsa, ciphertext, false));
    ciphertext.len--;
    assert_status(HSM__STATUS__STATUS_INVALID_CIPHERTEXT,
                  re_encrypt(&client, &fixture->sealed[0], &fixture->sealed[1], ciphertext, false));
    char long_text[ENVELOPE_PAYLOAD_MAX_BYTES + 2];
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    assert_status(HSM__STATUS__STATUS_TOO_LARGE, encrypt(&client, &fixture->sealed[0], long_text));
    proto_free(&blob->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

/* Defects of a daemon: each gets its answer, and the next request is served. */
static void test_bad_requests(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = ready(fixture);
    Hsm__Request nothing = request_of(3, HSM__REQUEST__BODY__NOT_SET);
    assert_status(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &nothing));
    Hsm__Configure configure = HSM__CONFIGURE__INIT;
    Hsm__Request again = request_of(4, HSM__REQUEST__BODY_CONFIGURE);
    again.configure = &configure;
    assert_status(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &again));
    assert_status(HSM__STATUS__STATUS_BAD_REQUEST, encrypt(&client, &fixture->sealed[0], ""));

    struct side to;
    Hsm__GenerateDataKey body = HSM__GENERATE_DATA_KEY__INIT;
    Hsm__Request request = request_of(5, HSM__REQUEST__BODY_GENERATE_DATA_KEY);
    request.generate_data_key = &body;
    body.has_length = true;
    body.length = 32;
    assert_status(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request)); /* no side */
    for (int fault = 0; fault < 8; fault++) {
        side_fill(&to, &fixture->sealed[0]);
        body.destination = &to.side;
        body.has_length = fault != 0;
        to.side.key = fault == 1 ? NULL : to.side.key;
        to.key.key_id.len -= fault == 2;
        to.key.material_id.len -= fault == 3;
        to.key.has_spec = fault != 4;
        to.key.boundary = fault == 5 ? (Hsm__Boundary)77 : to.key.boundary;
        to.side.has_algorithm = fault != 6;
        to.side.has_context = fault != 7;
        assert_status(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request));
    }
    side_fill(&to, &fixture->sealed[0]);
    Hsm__Response *served = worker_client_ask(&client, &request);
    assert_int_equal(served->status, HSM__STATUS__STATUS_OK);
    proto_free(&served->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

static void test_new_keys_and_the_list(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = ready(fixture);
    Hsm__MakeOpenKey make = HSM__MAKE_OPEN_KEY__INIT;
    Hsm__Request request = request_of(10, HSM__REQUEST__BODY_MAKE_OPEN_KEY);
    request.make_open_key = &make;
    assert_status(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request));
    make.has_spec = true;
    make.spec = (Hsm__KeySpec)77;
    assert_status(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request));
    make.spec = HSM__KEY_SPEC__KEY_SPEC_AES_256;
    Hsm__Response *made = worker_client_ask(&client, &request);
    assert_int_equal(made->status, HSM__STATUS__STATUS_OK);
    assert_int_equal(made->material_id.len, ENVELOPE_MATERIAL_ID_BYTES);

    Hsm__ListObjects list = HSM__LIST_OBJECTS__INIT;
    request = request_of(11, HSM__REQUEST__BODY_LIST_OBJECTS);
    request.list_objects = &list;
    Hsm__Response *objects = worker_client_ask(&client, &request);
    size_t found = 0;
    for (size_t i = 0; i < objects->n_objects; i++) {
        found += memcmp(objects->objects[i]->material_id.data, made->material_id.data, made->material_id.len) == 0;
    }
    assert_int_equal(found, 1);
    assert_int_equal(objects->n_objects, FIXTURE_SEALED + 3);
    proto_free(&made->base);
    proto_free(&objects->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

static ProtobufCBinaryData copied(ProtobufCBinaryData bytes, uint8_t *to, size_t size)
{
    assert_true(bytes.len <= size);
    memcpy(to, bytes.data, bytes.len);
    return (ProtobufCBinaryData){bytes.len, to};
}

/* A data key in both forms, and random bytes. */
static void test_fresh_plaintext(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = ready(fixture);
    struct side to;
    side_fill(&to, &fixture->open[0]);
    Hsm__GenerateDataKey body = HSM__GENERATE_DATA_KEY__INIT;
    body.destination = &to.side;
    body.has_length = body.has_with_plaintext = body.with_plaintext = true;
    body.length = 32;
    Hsm__Request request = request_of(11, HSM__REQUEST__BODY_GENERATE_DATA_KEY);
    request.generate_data_key = &body;
    Hsm__Response *made = worker_client_ask(&client, &request);
    assert_int_equal(made->status, HSM__STATUS__STATUS_OK);
    assert_int_equal(made->plaintext.len, 32);
    Hsm__Response *opened = decrypt(&client, &fixture->open[0], made->ciphertext);
    assert_int_equal(opened->plaintext.len, 32);
    assert_memory_equal(opened->plaintext.data, made->plaintext.data, 32);
    proto_free(&opened->base);
    proto_free(&made->base);
    side_fill(&to, &fixture->sealed[0]);
    assert_status(HSM__STATUS__STATUS_UNSUPPORTED, worker_client_ask(&client, &request));

    Hsm__GenerateRandom random = HSM__GENERATE_RANDOM__INIT;
    request = request_of(12, HSM__REQUEST__BODY_GENERATE_RANDOM);
    request.generate_random = &random;
    assert_status(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request));
    random.has_length = true;
    random.length = 1025;
    assert_status(HSM__STATUS__STATUS_TOO_LARGE, worker_client_ask(&client, &request));
    random.length = 1024;
    made = worker_client_ask(&client, &request);
    assert_int_equal(made->status, HSM__STATUS__STATUS_OK);
    assert_int_equal(made->plaintext.len, 1024);
    assert_false(made->has_ciphertext);
    proto_free(&made->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

static Hsm__Response *destroy(struct worker_client *client, Hsm__Key *key)
{
    Hsm__DestroyKey body = HSM__DESTROY_KEY__INIT;
    body.key = key;
    Hsm__Request request = request_of(13, HSM__REQUEST__BODY_DESTROY_KEY);
    request.destroy_key = &body;
    return worker_client_ask(client, &request);
}

static void test_keys_that_are_destroyed(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = ready(fixture);
    struct hsm_key key = {.spec = HSM_SPEC_AES_256, .boundary = HSM_OPEN};
    uuid_random(key.key_id);
    Hsm__MakeOpenKey make = HSM__MAKE_OPEN_KEY__INIT;
    make.has_spec = true;
    make.spec = HSM__KEY_SPEC__KEY_SPEC_AES_256;
    Hsm__Request request = request_of(10, HSM__REQUEST__BODY_MAKE_OPEN_KEY);
    request.make_open_key = &make;
    Hsm__Response *made = worker_client_ask(&client, &request);
    copied(made->material_id, key.material_id, sizeof key.material_id);
    proto_free(&made->base);
    Hsm__Response *blob = encrypt(&client, &key, "a secret");
    assert_int_equal(blob->status, HSM__STATUS__STATUS_OK);

    struct side side;
    side_fill(&side, &key);
    for (unsigned time = 0; time < 2; time++) { /* the second time there is none */
        Hsm__Response *gone = destroy(&client, &side.key);
        assert_int_equal(gone->status, HSM__STATUS__STATUS_OK);
        proto_free(&gone->base);
    }
    assert_status(HSM__STATUS__STATUS_KEY_NOT_FOUND, decrypt(&client, &key, blob->ciphertext));
    proto_free(&blob->base);
    side_fill(&side, &fixture->sealed[0]);
    assert_status(HSM__STATUS__STATUS_KEY_KEPT, destroy(&client, &side.key));
    assert_status(HSM__STATUS__STATUS_BAD_REQUEST, destroy(&client, NULL));
    side.key.material_id.len = 31;
    assert_status(HSM__STATUS__STATUS_BAD_REQUEST, destroy(&client, &side.key));
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

/* Of an open pair, since the fixture's stock has none; what is in it is looked at where it is made (test_rsa). */
static void test_public_keys(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = ready(fixture);
    struct hsm_key key = fixture->sealed[0];
    struct side side;
    side_fill(&side, &key);
    Hsm__GetPublicKey body = HSM__GET_PUBLIC_KEY__INIT;
    Hsm__Request request = request_of(14, HSM__REQUEST__BODY_GET_PUBLIC_KEY);
    request.get_public_key = &body;
    assert_status(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request));
    body.key = &side.key;
    assert_status(HSM__STATUS__STATUS_UNSUPPORTED, worker_client_ask(&client, &request));
    side.key.spec = HSM__KEY_SPEC__KEY_SPEC_RSA_2048;
    assert_status(HSM__STATUS__STATUS_KEY_NOT_FOUND, worker_client_ask(&client, &request));

    Hsm__MakeOpenKey make = HSM__MAKE_OPEN_KEY__INIT;
    make.has_spec = true;
    make.spec = HSM__KEY_SPEC__KEY_SPEC_RSA_2048;
    Hsm__Request making = request_of(15, HSM__REQUEST__BODY_MAKE_OPEN_KEY);
    making.make_open_key = &make;
    Hsm__Response *made = worker_client_ask(&client, &making);
    assert_int_equal(made->status, HSM__STATUS__STATUS_OK);
    side.key.material_id = made->material_id;
    side.key.boundary = HSM__BOUNDARY__BOUNDARY_OPEN;
    Hsm__Response *shown = worker_client_ask(&client, &request);
    assert_int_equal(shown->status, HSM__STATUS__STATUS_OK);
    assert_int_equal(shown->public_key.len, 294); /* SubjectPublicKeyInfo of 2048 bits and exponent 65537 */
    assert_false(shown->has_ciphertext || shown->has_plaintext);
    proto_free(&shown->base);
    Hsm__Response *gone = destroy(&client, &side.key); /* both halves */
    assert_int_equal(gone->status, HSM__STATUS__STATUS_OK);
    proto_free(&gone->base);
    assert_status(HSM__STATUS__STATUS_KEY_NOT_FOUND, worker_client_ask(&client, &request));
    proto_free(&made->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

enum { REQUESTS = 100, FIRST_ID = 100 };

/* A hundred requests, the last of which may be cut anywhere: answered in their order. */
static void ask_many(struct fixture *fixture, struct worker_client *client)
{
    struct buffer frames = BUFFER_INIT((size_t)1 << 20);
    struct side to;
    side_fill(&to, &fixture->sealed[0]);
    Hsm__GenerateDataKey body = HSM__GENERATE_DATA_KEY__INIT;
    body.destination = &to.side;
    body.has_length = true;
    body.length = 32;
    for (uint64_t id = FIRST_ID; id < FIRST_ID + REQUESTS; id++) {
        Hsm__Request request = request_of(id, HSM__REQUEST__BODY_GENERATE_DATA_KEY);
        request.generate_data_key = &body;
        assert_int_equal(proto_pack_frame(&request.base, &frames).code, PROTO_OK);
    }
    worker_client_send_bytes(client, view_of(frames.data, 777));
    worker_client_send_bytes(client, view_of(frames.data + 777, 2));
    worker_client_send_bytes(client, view_of(frames.data + 779, frames.len - 779));
    buffer_clear(&frames);
}

static void receive_many(struct worker_client *client)
{
    for (uint64_t id = FIRST_ID; id < FIRST_ID + REQUESTS; id++) {
        Hsm__Response *response = worker_client_receive(client);
        assert_int_equal(response->id, id);
        assert_int_equal(response->status, HSM__STATUS__STATUS_OK);
        proto_free(&response->base);
    }
}

static void test_pipelined(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = ready(fixture);
    ask_many(fixture, &client);
    receive_many(&client);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

/* With the page answers wait for one another, but none for longer than requests are at hand; and the page says where it
 * is. */
static void test_pipelined_with_progress(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client;
    worker_client_start_with_progress(&client);
    Hsm__Response *hello = worker_client_configure(&client, fixture->pin_file);
    assert_int_equal(hello->hello->status, HSM__HELLO_STATUS__HELLO_READY);
    proto_free(&hello->base);
    ask_many(fixture, &client);
    receive_many(&client);
    assert_int_equal(atomic_load(&client.progress->request_id), FIRST_ID + REQUESTS - 1);
    Hsm__Response *alone = encrypt(&client, &fixture->sealed[0], "a secret");
    assert_int_equal(alone->status, HSM__STATUS__STATUS_OK);
    proto_free(&alone->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

static void test_wrong_pin_ends_the_start(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/wrong-pin", fixture->dir);
    fixture_write_file(path, "not the pin\n", 0600);
    struct worker_client client;
    worker_client_start(&client);
    Hsm__Response *response = worker_client_configure(&client, path);
    assert_int_equal(response->hello->status, HSM__HELLO_STATUS__HELLO_PIN_WRONG);
    assert_int_equal(response->hello->ckr, CKR_PIN_INCORRECT);
    assert_null(strstr(response->hello->detail, "not the pin"));
    assert_int_equal(response->hello->n_objects, 0);
    proto_free(&response->base);
    assert_int_equal(worker_client_wait(&client), EX_UNAVAILABLE);
}

static void start_refused(const Hsm__Configure *configure, Hsm__HelloStatus status)
{
    struct worker_client client;
    worker_client_start(&client);
    Hsm__Request request = request_of(1, HSM__REQUEST__BODY_CONFIGURE);
    request.configure = (Hsm__Configure *)(uintptr_t)configure;
    Hsm__Response *response = worker_client_ask(&client, &request);
    assert_int_equal(response->hello->status, status);
    assert_non_null(response->hello->detail);
    proto_free(&response->base);
    assert_int_equal(worker_client_wait(&client), EX_UNAVAILABLE);
}

static void test_starts_that_are_refused(void **state)
{
    struct fixture *fixture = *state;
    char module[] = FIXTURE_MODULE;
    char uri[] = FIXTURE_URI;
    char nothing[] = "/nonexistent";
    char other[] = "pkcs11:token=other";
    Hsm__Configure configure = HSM__CONFIGURE__INIT;
    start_refused(&configure, HSM__HELLO_STATUS__HELLO_TOKEN_ABSENT); /* no URI */
    configure.token_uri = uri;
    start_refused(&configure, HSM__HELLO_STATUS__HELLO_MODULE);
    configure.module = module;
    start_refused(&configure, HSM__HELLO_STATUS__HELLO_PIN_UNREADABLE);
    configure.pin_file = nothing;
    start_refused(&configure, HSM__HELLO_STATUS__HELLO_PIN_UNREADABLE);
    configure.pin_file = fixture->pin_file;
    configure.token_uri = other;
    start_refused(&configure, HSM__HELLO_STATUS__HELLO_TOKEN_ABSENT);
    configure.token_uri = uri;
    configure.has_max_objects = true;
    configure.max_objects = 1;
    start_refused(&configure, HSM__HELLO_STATUS__HELLO_TOKEN_FAULT);
}

static void test_first_words(void **state)
{
    (void)state;
    struct worker_client client;
    worker_client_start(&client);
    Hsm__ListObjects list = HSM__LIST_OBJECTS__INIT;
    Hsm__Request request = request_of(2, HSM__REQUEST__BODY_LIST_OBJECTS);
    request.list_objects = &list;
    assert_status(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request));
    assert_int_equal(worker_client_wait(&client), EX_UNAVAILABLE);

    worker_client_start(&client);
    assert_int_equal(worker_client_stop(&client), EX_UNAVAILABLE);
}

static void test_garbage_ends_it(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t garbage[][8] = {
        {0, 0, 0, 3, 0xff, 0xff, 0xff, 0},    /* a frame that is no message */
        {0, 0, 0, 0},                         /* an empty one */
        {0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, /* an oversized one */
    };
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        struct worker_client client = ready(fixture);
        worker_client_send_bytes(&client, view_of(garbage[i], sizeof garbage[i]));
        assert_int_equal(worker_client_wait(&client), EX_OK);
    }
}

/* Signals for the whole service do not stop it; the end of its socket does. */
static void test_signals(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = ready(fixture);
    assert_int_equal(kill(client.pid, SIGTERM), 0);
    assert_int_equal(kill(client.pid, SIGINT), 0);
    assert_int_equal(kill(client.pid, SIGHUP), 0);
    Hsm__Response *blob = encrypt(&client, &fixture->sealed[0], "a secret");
    assert_int_equal(blob->status, HSM__STATUS__STATUS_OK);
    proto_free(&blob->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

/* The folder of the token goes away under a running worker: the answer says so, and the worker leaves. */
static void test_token_gone(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = ready(fixture);
    Hsm__Response *blob = encrypt(&client, &fixture->sealed[0], "a secret");
    char from[128];
    char to[128];
    snprintf(from, sizeof from, "%s/tokens", fixture->dir);
    snprintf(to, sizeof to, "%s/elsewhere", fixture->dir);
    assert_int_equal(rename(from, to), 0);
    assert_status(HSM__STATUS__STATUS_TOKEN_UNAVAILABLE,
                  re_encrypt(&client, &fixture->sealed[0], &fixture->sealed[1], blob->ciphertext, false));
    assert_int_equal(worker_client_wait(&client), EX_OK);
    assert_int_equal(rename(to, from), 0);
    proto_free(&blob->base);
}

/* The fixture's own session would only be in the way of the worker's. */
static int setup(void **state)
{
    fixture_setup(state);
    fixture_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_the_way_of_a_payload),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_new_keys_and_the_list),
        cmocka_unit_test(test_fresh_plaintext),
        cmocka_unit_test(test_keys_that_are_destroyed),
        cmocka_unit_test(test_public_keys),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_pipelined_with_progress),
        cmocka_unit_test(test_wrong_pin_ends_the_start),
        cmocka_unit_test(test_starts_that_are_refused),
        cmocka_unit_test(test_first_words),
        cmocka_unit_test(test_garbage_ends_it),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_token_gone),
    };
    return cmocka_run_group_tests(tests, setup, fixture_teardown);
}
