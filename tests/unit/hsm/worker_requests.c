/* Requests to a worker, for its tests; see worker_requests.h. */
#include "worker_requests.h"

#include "proto/message.h"

#include <string.h>

static uint8_t empty_context[] = {1, 0, 0, 0, 0};

void worker_side_fill(struct worker_side *side, const struct hsm_key *key)
{
    const bool is_aes = key->spec == HSM_SPEC_AES_256;
    side->key = (Hsm__Key)HSM__KEY__INIT;
    side->key.has_key_id = side->key.has_material_id = side->key.has_spec = side->key.has_boundary = true;
    side->key.key_id = (ProtobufCBinaryData){sizeof key->key_id, (uint8_t *)(uintptr_t)key->key_id};
    side->key.material_id = (ProtobufCBinaryData){sizeof key->material_id, (uint8_t *)(uintptr_t)key->material_id};
    side->key.spec = (Hsm__KeySpec)key->spec;
    side->key.boundary = (Hsm__Boundary)key->boundary;
    side->side = (Hsm__Side)HSM__SIDE__INIT;
    side->side.key = &side->key;
    side->side.has_algorithm = true;
    side->side.algorithm =
        is_aes ? HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT : HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_1;
    side->side.has_context = is_aes;
    side->side.context = (ProtobufCBinaryData){sizeof empty_context, empty_context};
}

Hsm__Request worker_request(uint64_t id, Hsm__Request__BodyCase body)
{
    Hsm__Request request = HSM__REQUEST__INIT;
    request.has_id = true;
    request.id = id;
    request.body_case = body;
    return request;
}

struct worker_client worker_ready(struct fixture *fixture)
{
    struct worker_client client;
    worker_client_start(&client);
    Hsm__Response *response = worker_client_configure(&client, fixture->pin_file);
    assert_non_null(response->hello);
    assert_int_equal(response->hello->status, HSM__HELLO_STATUS__HELLO_READY);
    proto_free(&response->base);
    return client;
}

Hsm__Response *worker_encrypt(struct worker_client *client, const struct hsm_key *key, const char *text)
{
    struct worker_side to;
    worker_side_fill(&to, key);
    Hsm__Encrypt body = HSM__ENCRYPT__INIT;
    body.has_plaintext = true;
    body.plaintext = (ProtobufCBinaryData){strlen(text), (uint8_t *)(uintptr_t)text};
    body.destination = &to.side;
    Hsm__Request request = worker_request(7, HSM__REQUEST__BODY_ENCRYPT);
    request.encrypt = &body;
    return worker_client_ask(client, &request);
}

Hsm__Response *worker_decrypt(struct worker_client *client, const struct hsm_key *key, ProtobufCBinaryData ciphertext)
{
    struct worker_side from;
    worker_side_fill(&from, key);
    Hsm__Decrypt body = HSM__DECRYPT__INIT;
    body.has_ciphertext = true;
    body.ciphertext = ciphertext;
    body.source = &from.side;
    Hsm__Request request = worker_request(8, HSM__REQUEST__BODY_DECRYPT);
    request.decrypt = &body;
    return worker_client_ask(client, &request);
}

Hsm__Response *worker_re_encrypt(struct worker_client *client, const struct hsm_key *source,
                                 const struct hsm_key *destination, ProtobufCBinaryData ciphertext, bool check_only)
{
    struct worker_side from;
    struct worker_side to;
    worker_side_fill(&from, source);
    worker_side_fill(&to, destination);
    Hsm__ReEncrypt body = HSM__RE_ENCRYPT__INIT;
    body.has_ciphertext = true;
    body.ciphertext = ciphertext;
    body.source = &from.side;
    body.destination = &to.side;
    body.has_check_only = check_only;
    body.check_only = check_only;
    Hsm__Request request = worker_request(9, HSM__REQUEST__BODY_RE_ENCRYPT);
    request.re_encrypt = &body;
    return worker_client_ask(client, &request);
}

void worker_refuses(Hsm__Status status, Hsm__Response *response)
{
    assert_int_equal(response->status, status);
    assert_non_null(response->detail);
    assert_false(response->has_ciphertext);
    assert_false(response->has_plaintext);
    proto_free(&response->base);
}

int worker_setup(void **state)
{
    fixture_setup(state);
    fixture_close(*state);
    return 0;
}
