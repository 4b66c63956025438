/* rewrapd-hsm over its socket: keys that come and go. The real program on a real token. */
#include "worker_requests.h"

#include "base/uuid.h"
#include "proto/message.h"

#include <string.h>
#include <sysexits.h>

static void test_new_keys_and_the_list(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = worker_ready(fixture);
    Hsm__MakeOpenKey make = HSM__MAKE_OPEN_KEY__INIT;
    Hsm__Request request = worker_request(10, HSM__REQUEST__BODY_MAKE_OPEN_KEY);
    request.make_open_key = &make;
    worker_refuses(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request));
    make.has_spec = true;
    make.spec = (Hsm__KeySpec)77;
    worker_refuses(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request));
    make.spec = HSM__KEY_SPEC__KEY_SPEC_AES_256;
    Hsm__Response *made = worker_client_ask(&client, &request);
    assert_int_equal(made->status, HSM__STATUS__STATUS_OK);
    assert_int_equal(made->material_id.len, ENVELOPE_MATERIAL_ID_BYTES);

    Hsm__ListObjects list = HSM__LIST_OBJECTS__INIT;
    request = worker_request(11, HSM__REQUEST__BODY_LIST_OBJECTS);
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

static Hsm__Response *destroy(struct worker_client *client, Hsm__Key *key)
{
    Hsm__DestroyKey body = HSM__DESTROY_KEY__INIT;
    body.key = key;
    Hsm__Request request = worker_request(13, HSM__REQUEST__BODY_DESTROY_KEY);
    request.destroy_key = &body;
    return worker_client_ask(client, &request);
}

static void test_keys_that_are_destroyed(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = worker_ready(fixture);
    struct hsm_key key = {.spec = HSM_SPEC_AES_256, .boundary = HSM_OPEN};
    uuid_random(key.key_id);
    Hsm__MakeOpenKey make = HSM__MAKE_OPEN_KEY__INIT;
    make.has_spec = true;
    make.spec = HSM__KEY_SPEC__KEY_SPEC_AES_256;
    Hsm__Request request = worker_request(10, HSM__REQUEST__BODY_MAKE_OPEN_KEY);
    request.make_open_key = &make;
    Hsm__Response *made = worker_client_ask(&client, &request);
    copied(made->material_id, key.material_id, sizeof key.material_id);
    proto_free(&made->base);
    Hsm__Response *blob = worker_encrypt(&client, &key, "a secret");
    assert_int_equal(blob->status, HSM__STATUS__STATUS_OK);

    struct worker_side side;
    worker_side_fill(&side, &key);
    for (unsigned time = 0; time < 2; time++) { /* the second time there is none */
        Hsm__Response *gone = destroy(&client, &side.key);
        assert_int_equal(gone->status, HSM__STATUS__STATUS_OK);
        proto_free(&gone->base);
    }
    worker_refuses(HSM__STATUS__STATUS_KEY_NOT_FOUND, worker_decrypt(&client, &key, blob->ciphertext));
    proto_free(&blob->base);
    worker_side_fill(&side, &fixture->sealed[0]);
    worker_refuses(HSM__STATUS__STATUS_KEY_KEPT, destroy(&client, &side.key));
    worker_refuses(HSM__STATUS__STATUS_BAD_REQUEST, destroy(&client, NULL));
    side.key.material_id.len = 31;
    worker_refuses(HSM__STATUS__STATUS_BAD_REQUEST, destroy(&client, &side.key));
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

/* Of an open pair, since the fixture's stock has none; what is in it is looked at where it is made (test_rsa). */
static void test_public_keys(void **state)
{
    struct fixture *fixture = *state;
    struct worker_client client = worker_ready(fixture);
    struct hsm_key key = fixture->sealed[0];
    struct worker_side side;
    worker_side_fill(&side, &key);
    Hsm__GetPublicKey body = HSM__GET_PUBLIC_KEY__INIT;
    Hsm__Request request = worker_request(14, HSM__REQUEST__BODY_GET_PUBLIC_KEY);
    request.get_public_key = &body;
    worker_refuses(HSM__STATUS__STATUS_BAD_REQUEST, worker_client_ask(&client, &request));
    body.key = &side.key;
    worker_refuses(HSM__STATUS__STATUS_UNSUPPORTED, worker_client_ask(&client, &request));
    side.key.spec = HSM__KEY_SPEC__KEY_SPEC_RSA_2048;
    worker_refuses(HSM__STATUS__STATUS_KEY_NOT_FOUND, worker_client_ask(&client, &request));

    Hsm__MakeOpenKey make = HSM__MAKE_OPEN_KEY__INIT;
    make.has_spec = true;
    make.spec = HSM__KEY_SPEC__KEY_SPEC_RSA_2048;
    Hsm__Request making = worker_request(15, HSM__REQUEST__BODY_MAKE_OPEN_KEY);
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
    worker_refuses(HSM__STATUS__STATUS_KEY_NOT_FOUND, worker_client_ask(&client, &request));
    proto_free(&made->base);
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_keys_and_the_list),
        cmocka_unit_test(test_keys_that_are_destroyed),
        cmocka_unit_test(test_public_keys),
    };
    return cmocka_run_group_tests(tests, worker_setup, fixture_teardown);
}
