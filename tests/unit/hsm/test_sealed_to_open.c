/* What was sealed asked for under an open key, of the real rewrapd-hsm: nothing of the service decides before it, and
 * the token itself refuses. */
#include "rsa_fixture.h"
#include "worker_requests.h"

#include "proto/message.h"

#include <string.h>
#include <sysexits.h>

/* 24 bytes: of another length than a multiple of 8 a payload would not get as far as the token on the way to RSA. */
static const char payload[] = "only the token sees this";

static void assert_moves(struct worker_client *client, const struct hsm_key *from, const struct hsm_key *to,
                         ProtobufCBinaryData ciphertext)
{
    Hsm__Response *response = worker_re_encrypt(client, from, to, ciphertext, false);
    assert_int_equal(response->status, HSM__STATUS__STATUS_OK);
    assert_true(response->has_ciphertext && response->ciphertext.len > 0);
    proto_free(&response->base);
}

/* By the token: the detail names its return value and the call. */
static void assert_refused(struct worker_client *client, const struct hsm_key *from, const struct hsm_key *to,
                           ProtobufCBinaryData ciphertext)
{
    for (int check_only = 0; check_only <= 1; check_only++) {
        Hsm__Response *response = worker_re_encrypt(client, from, to, ciphertext, check_only);
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
    struct worker_client client = worker_ready(rsa->fixture);
    for (size_t from = 0; from < 2; from++) {
        Hsm__Response *blob = worker_encrypt(&client, sealed[from], payload);
        Hsm__Response *open_blob = worker_encrypt(&client, open[from], payload);
        assert_int_equal(blob->status, HSM__STATUS__STATUS_OK);
        assert_int_equal(open_blob->status, HSM__STATUS__STATUS_OK);
        for (size_t to = 0; to < 2; to++) {
            assert_refused(&client, sealed[from], open[to], blob->ciphertext);
            /* What was moved out of an open key into a sealed one does not come back either; and the other ways work.
             */
            assert_moves(&client, sealed[from], &rsa->fixture->sealed[1], blob->ciphertext);
            assert_moves(&client, open[from], open[to], open_blob->ciphertext);
            Hsm__Response *moved = worker_re_encrypt(&client, open[from], sealed[to], open_blob->ciphertext, false);
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
