/* rewrapd-hsm over its socket: what it answers to requests. The real program on a real token. */
#include "worker_requests.h"

#include "proto/frame.h"
#include "proto/message.h"

#include <string.h>
#include <sysexits.h>

static void test_the_way_of_a_payload(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = worker_ready(fixture);
    Hsm__Response *sealed = worker_encrypt(&client, &fixture->open[0], "a secret");
    assert_int_equal(sealed->status, HSM__STATUS__STATUS_OK);
    Hsm__Response *checked = worker_re_encrypt(&client, &fixture->open[0], &fixture->open[1], sealed->ciphertext, true);
    assert_int_equal(checked->status, HSM__STATUS__STATUS_OK);
    assert_false(checked->has_ciphertext);
    Hsm__Response *moved = worker_re_encrypt(&client, &fixture->open[0], &fixture->open[1], sealed->ciphertext, false);
    assert_int_equal(moved->status, HSM__STATUS__STATUS_OK);
    assert_int_equal(moved->ciphertext.len, sealed->ciphertext.len);
    Hsm__Response *plain = worker_decrypt(&client, &fixture->open[1], moved->ciphertext);
    assert_int_equal(plain->status, HSM__STATUS__STATUS_OK);
    assert_int_equal(plain->plaintext.len, 8);
    assert_memory_equal(plain->plaintext.data, "a secret", 8);
    proto_free(&sealed->base);
    proto_free(&checked->base);
    proto_free(&moved->base);
    proto_free(&plain->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

static void test_refusals(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = worker_ready(fixture);
    Hsm__Response *blob = worker_encrypt(&client, &fixture->sealed[0], "a secret");
    assert_int_equal(blob->status, HSM__STATUS__STATUS_OK);
    ProtobufCBinaryData ciphertext = blob->ciphertext;
    worker_refuses(HSM__STATUS__STATUS_UNSUPPORTED, worker_decrypt(&client, &fixture->sealed[0], ciphertext));
    worker_refuses(HSM__STATUS__STATUS_NOT_WRAPPABLE,
                   worker_re_encrypt(&client, &fixture->sealed[0], &fixture->open[0], ciphertext, false));
    worker_refuses(HSM__STATUS__STATUS_NOT_WRAPPABLE,
                   worker_re_encrypt(&client, &fixture->sealed[0], &fixture->open[0], ciphertext, true));
    /* The header names another key than the request. */
    worker_refuses(HSM__STATUS__STATUS_INVALID_CIPHERTEXT,
                   worker_re_encrypt(&client, &fixture->sealed[1], &fixture->sealed[2], ciphertext, false));
    struct hsm_key missing = fixture->sealed[0];
    missing.material_id[5] ^= 0x40;
    worker_refuses(HSM__STATUS__STATUS_KEY_NOT_FOUND,
                   worker_re_encrypt(&client, &fixture->sealed[0], &missing, ciphertext, false));
    struct hsm_key rsa = fixture->sealed[0];
    rsa.spec = HSM_SPEC_RSA_2048;
    worker_refuses(HSM__STATUS__STATUS_KEY_NOT_FOUND,
                   worker_re_encrypt(&client, &fixture->sealed[0], &rsa, ciphertext, false));
    ciphertext.len--;
    worker_refuses(HSM__STATUS__STATUS_INVALID_CIPHERTEXT,
                   worker_re_encrypt(&client, &fixture->sealed[0], &fixture->sealed[1], ciphertext, false));
    char long_text[ENVELOPE_PAYLOAD_MAX_BYTES + 2];
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    worker_refuses(HSM__STATUS__STATUS_TOO_LARGE, worker_encrypt(&client, &fixture->sealed[0], long_text));
    proto_free(&blob->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

/* Defects of a daemon: each gets its answer, and the next request is served. */
static void test_bad_requests(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = worker_ready(fixture);
    Hsm__Request nothing = worker_request(3, HSM__REQUEST__BODY__NOT_SET);
    worker_refuses(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &nothing));
    Hsm__Configure configure = HSM__CONFIGURE__INIT;
    Hsm__Request again = worker_request(4, HSM__REQUEST__BODY_CONFIGURE);
    again.configure = &configure;
    worker_refuses(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &again));
    worker_refuses(HSM__STATUS__STATUS_BAD_REQUEST, worker_encrypt(&client, &fixture->sealed[0], ""));

    struct worker_side to;
    Hsm__GenerateDataKey body = HSM__GENERATE_DATA_KEY__INIT;
    Hsm__Request request = worker_request(5, HSM__REQUEST__BODY_GENERATE_DATA_KEY);
    request.generate_data_key = &body;
    body.has_length = true;
    body.length = 32;
    worker_refuses(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request)); /* no side */
    for (int fault = 0; fault < 8; fault++) {
        worker_side_fill(&to, &fixture->sealed[0]);
        body.destination = &to.side;
        body.has_length = fault != 0;
        to.side.key = fault == 1 ? NULL : to.side.key;
        to.key.key_id.len -= fault == 2;
        to.key.material_id.len -= fault == 3;
        to.key.has_spec = fault != 4;
        to.key.boundary = fault == 5 ? (Hsm__Boundary)77 : to.key.boundary;
        to.side.has_algorithm = fault != 6;
        to.side.has_context = fault != 7;
        worker_refuses(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request));
    }
    worker_side_fill(&to, &fixture->sealed[0]);
    to.side.algorithm = HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_1; /* of another spec */
    worker_refuses(HSM__STATUS__STATUS_UNSUPPORTED, worker_client_ask(&client, &request));
    worker_side_fill(&to, &fixture->sealed[0]);
    Hsm__Response *served = worker_client_ask(&client, &request);
    assert_int_equal(served->status, HSM__STATUS__STATUS_OK);
    proto_free(&served->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

/* A data key in both forms, and random bytes. */
static void test_fresh_plaintext(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = worker_ready(fixture);
    struct worker_side to;
    worker_side_fill(&to, &fixture->open[0]);
    Hsm__GenerateDataKey body = HSM__GENERATE_DATA_KEY__INIT;
    body.destination = &to.side;
    body.has_length = body.has_with_plaintext = body.with_plaintext = true;
    body.length = 32;
    Hsm__Request request = worker_request(11, HSM__REQUEST__BODY_GENERATE_DATA_KEY);
    request.generate_data_key = &body;
    Hsm__Response *made = worker_client_ask(&client, &request);
    assert_int_equal(made->status, HSM__STATUS__STATUS_OK);
    assert_int_equal(made->plaintext.len, 32);
    Hsm__Response *opened = worker_decrypt(&client, &fixture->open[0], made->ciphertext);
    assert_int_equal(opened->plaintext.len, 32);
    assert_memory_equal(opened->plaintext.data, made->plaintext.data, 32);
    proto_free(&opened->base);
    proto_free(&made->base);
    worker_side_fill(&to, &fixture->sealed[0]);
    worker_refuses(HSM__STATUS__STATUS_UNSUPPORTED, worker_client_ask(&client, &request));

    Hsm__GenerateRandom random = HSM__GENERATE_RANDOM__INIT;
    request = worker_request(12, HSM__REQUEST__BODY_GENERATE_RANDOM);
    request.generate_random = &random;
    worker_refuses(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request));
    random.has_length = true;
    random.length = 1025;
    worker_refuses(HSM__STATUS__STATUS_TOO_LARGE, worker_client_ask(&client, &request));
    random.length = 1024;
    made = worker_client_ask(&client, &request);
    assert_int_equal(made->status, HSM__STATUS__STATUS_OK);
    assert_int_equal(made->plaintext.len, 1024);
    assert_false(made->has_ciphertext);
    proto_free(&made->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

enum { REQUESTS = 100, FIRST_ID = 100 };

/* A hundred requests, the last of which may be cut anywhere: answered in their order. */
static void ask_many(struct fixture *fixture, struct worker_client *client)
{
    struct buffer frames = BUFFER_INIT((size_t)1 << 20);
    struct worker_side to;
    worker_side_fill(&to, &fixture->sealed[0]);
    Hsm__GenerateDataKey body = HSM__GENERATE_DATA_KEY__INIT;
    body.destination = &to.side;
    body.has_length = true;
    body.length = 32;
    for (uint64_t id = FIRST_ID; id < FIRST_ID + REQUESTS; id++) {
        Hsm__Request request = worker_request(id, HSM__REQUEST__BODY_GENERATE_DATA_KEY);
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
    struct worker_client client = worker_ready(fixture);
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
    Hsm__Response *alone = worker_encrypt(&client, &fixture->sealed[0], "a secret");
    assert_int_equal(alone->status, HSM__STATUS__STATUS_OK);
    proto_free(&alone->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_way_of_a_payload),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_fresh_plaintext),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_pipelined_with_progress),
    };
    return cmocka_run_group_tests(tests, worker_setup, fixture_teardown);
}
