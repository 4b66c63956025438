/* What was sealed asked for under an open key, of the real rewrapd-hsm: nothing of the service decides before it, and
 * the token itself refuses. */
#include "rsa_fixture.h"
#include "worker_client.h"

#include "proto/message.h"

#include <string.h>
#include <sysexits.h>

static uint8_t empty_context[] = {1, 0, 0, 0, 0};
/* 24 bytes: of another length than a multiple of 8 a payload would not get as far as the token on the way to RSA. */
static const char payload[] = "only the token sees this";

struct side {
    Hsm__Side side;
    Hsm__Key key;
};

static void side_fill(struct side *side, const struct hsm_key *key)
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

static Hsm__Response *encrypt(struct worker_client *client, const struct hsm_key *key)
{
    struct side to;
    side_fill(&to, key);
    Hsm__Encrypt body = HSM__ENCRYPT__INIT;
    body.has_plaintext = true;
    body.plaintext = (ProtobufCBinaryData){sizeof payload - 1, (uint8_t *)(uintptr_t)payload};
    body.destination = &to.side;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.has_id = true;
    request.id = 1;
    request.body_case = HSM__REQUEST__BODY_ENCRYPT;
    request.encrypt = &body;
    return worker_client_ask(client, &request);
}

static Hsm__Response *re_encrypt(struct worker_client *client, const struct hsm_key *from, const struct hsm_key *to,
                                 ProtobufCBinaryData ciphertext, bool check_only)
{
    struct side source;
    struct side destination;
    side_fill(&source, from);
    side_fill(&destination, to);
    Hsm__ReEncrypt body = HSM__RE_ENCRYPT__INIT;
    body.has_ciphertext = body.has_check_only = true;
    body.ciphertext = ciphertext;
    body.check_only = check_only;
    body.source = &source.side;
    body.destination = &destination.side;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.has_id = true;
    request.id = 2;
    request.body_case = HSM__REQUEST__BODY_RE_ENCRYPT;
    request.re_encrypt = &body;
    return worker_client_ask(client, &request);
}

static void assert_moves(struct worker_client *client, const struct hsm_key *from, const struct hsm_key *to,
                         ProtobufCBinaryData ciphertext)
{
    Hsm__Response *response = re_encrypt(client, from, to, ciphertext, false);
    assert_int_equal(response->status, HSM__STATUS__STATUS_OK);
    assert_true(response->has_ciphertext && response->ciphertext.len > 0);
    proto_free(&response->base);
}

/* By the token: the detail names its return value and the call. */
static void assert_refused(struct worker_client *client, const struct hsm_key *from, const struct hsm_key *to,
                           ProtobufCBinaryData ciphertext)
{
    for (int check_only = 0; check_only <= 1; check_only++) {
        Hsm__Response *response = re_encrypt(client, from, to, ciphertext, check_only);
        assert_int_equal(response->status, HSM__STATUS__STATUS_NOT_WRAPPABLE);
        assert_non_null(response->detail);
        assert_non_null(strstr(response->detail, "C_WrapKey"));
        assert_non_null(strstr(response->detail, "CKR_KEY_NOT_WRAPPABLE"));
        assert_false(response->has_ciphertext);
        assert_false(response->has_plaintext);
        proto_free(&response->base);
    }
}

static void test_the_token_refuses(void **state)
{
    struct rsa_fixture *rsa = *state;
    const struct hsm_key *sealed[] = {&rsa->fixture->sealed[0], &rsa->sealed[0]};
    const struct hsm_key *open[] = {&rsa->fixture->open[0], &rsa->open[0]};
    struct worker_client client;
    worker_client_start(&client);
    Hsm__Response *hello = worker_client_configure(&client, rsa->fixture->pin_file);
    assert_int_equal(hello->hello->status, HSM__HELLO_STATUS__HELLO_READY);
    assert_int_equal(hello->hello->level, HSM__LEVEL__LEVEL_SEALED);
    proto_free(&hello->base);
    for (size_t from = 0; from < 2; from++) {
        Hsm__Response *blob = encrypt(&client, sealed[from]);
        Hsm__Response *open_blob = encrypt(&client, open[from]);
        assert_int_equal(blob->status, HSM__STATUS__STATUS_OK);
        assert_int_equal(open_blob->status, HSM__STATUS__STATUS_OK);
        for (size_t to = 0; to < 2; to++) {
            assert_refused(&client, sealed[from], open[to], blob->ciphertext);
            /* What was moved out of an open key into a sealed one does not come back either; and the other ways work.
             */
            assert_moves(&client, sealed[from], &rsa->fixture->sealed[1], blob->ciphertext);
            assert_moves(&client, open[from], open[to], open_blob->ciphertext);
            Hsm__Response *moved = re_encrypt(&client, open[from], sealed[to], open_blob->ciphertext, false);
            assert_int_equal(moved->status, HSM__STATUS__STATUS_OK);
            for (size_t back = 0; back < 2; back++) {
                assert_refused(&client, sealed[to], open[back], moved->ciphertext);
            }
            proto_free(&moved->base);
        }
        proto_free(&blob->base);
        proto_free(&open_blob->base);
    }
    assert_int_equal(worker_client_stop(&client), EX_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_token_refuses)};
    return cmocka_run_group_tests_name("hsm sealed to open", tests, rsa_setup_small, rsa_teardown);
}
