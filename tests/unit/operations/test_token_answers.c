/* GetPublicKey, GenerateRandom and GenerateDataKey: what a token gives out. */
#include "fixture.h"

#include "base/hex.h"

#define TOKEN "Token main (Fake v1) "

/* ------------------------------------------------------------------ GetPublicKey */

static Rewrap__GetPublicKeyRequest public_key_of(const char *key_id)
{
    Rewrap__GetPublicKeyRequest request = REWRAP__GET_PUBLIC_KEY_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    return request;
}

static void a_public_key_comes_with_what_it_is_for(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key pair = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_3072});
    fixture_alias(fixture, ACCOUNT, "alias/pair", &pair);
    static const size_t offered[] = {3, 2}; /* with and without OAEP with SHA-256 */
    for (size_t i = 0; i < COUNT(offered); i++) {
        fixture->main->n_algorithms = offered[i];
        Rewrap__GetPublicKeyRequest request = public_key_of("alias/pair");
        struct reply reply;
        assert_success(fixture, "GetPublicKey", &request.base, &reply);
        const Rewrap__GetPublicKeyResponse *response = (const Rewrap__GetPublicKeyResponse *)reply.body;
        assert_string_equal(response->key_id, pair.arn);
        assert_true(response->has_public_key);
        assert_int_equal(response->public_key.len, MATERIAL_ID_BYTES); /* the fake's idea of one */
        assert_memory_equal(response->public_key.data, pair.material_id, MATERIAL_ID_BYTES);
        assert_int_equal(response->key_spec, REWRAP__KEY_SPEC__VALUE__RSA_3072);
        assert_int_equal(response->customer_master_key_spec, REWRAP__KEY_SPEC__VALUE__RSA_3072);
        assert_int_equal(response->key_usage, REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT);
        assert_int_equal(response->n_encryption_algorithms, offered[i] - 1);
        assert_int_equal(response->encryption_algorithms[0],
                         REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_1);
        reply_clear(&reply);
    }
}

static void public_keys_are_had_of_pairs_that_live(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key off =
        fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048, .state = KEY_STATE_DISABLED});
    struct fixture_key dying = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048,
                                                                           .state = KEY_STATE_PENDING_DELETION,
                                                                           .deletion_ms = fixture->now_ms + 1000});
    struct fixture_key foreign =
        fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048, .account = OTHER_ACCOUNT});
    struct fixture_key symmetric = fixture_open(fixture);
    Rewrap__GetPublicKeyRequest request = public_key_of(off.id);
    struct reply reply;
    assert_success(fixture, "GetPublicKey", &request.base, &reply);
    reply_clear(&reply);
    size_t before = fake_workers_submitted(fixture->workers);
    request = public_key_of(dying.id);
    assert_error(fixture, "GetPublicKey", &request.base, "KMSInvalidStateException",
                 text("%s is pending deletion.", dying.arn));
    request = public_key_of(symmetric.id);
    assert_error(fixture, "GetPublicKey", &request.base, "UnsupportedOperationException",
                 text("%s is a symmetric key: it has no public key.", symmetric.arn));
    request = public_key_of(foreign.arn);
    assert_error(fixture, "GetPublicKey", &request.base, "AccessDeniedException",
                 "User: " ALICE " is not authorized to perform: kms:GetPublicKey on this resource because the resource "
                 "does not exist in this Region, no resource-based policies allow access, or a resource-based policy "
                 "explicitly denies access");
    request = public_key_of(UNKNOWN_ID);
    assert_error(fixture, "GetPublicKey", &request.base, "NotFoundException",
                 "Key '" ARN("key/" UNKNOWN_ID) "' does not exist");
    assert_int_equal(fake_workers_submitted(fixture->workers), before);
    request = public_key_of(off.id);
    fake_workers_next_empty(fixture->workers, true);
    assert_error(fixture, "GetPublicKey", &request.base, "KMSInternalException", NULL);
    assert_non_null(strstr(fixture->log, "no usable public key"));
}

/* ------------------------------------------------------------------ GenerateRandom */

static void random_bytes_are_as_many_as_were_asked_for(void **state)
{
    struct fixture *fixture = *state;
    fake_workers_add_token(fixture->workers, "second");
    static const struct {
        int32_t bytes;
        const char *store, *token;
    } rows[] = {{1, NULL, "main"}, {32, "main", "main"}, {1024, "second", "second"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        Rewrap__GenerateRandomRequest request = REWRAP__GENERATE_RANDOM_REQUEST__INIT;
        request.has_number_of_bytes = true;
        request.number_of_bytes = rows[i].bytes;
        request.custom_key_store_id = (char *)(uintptr_t)rows[i].store;
        struct reply reply;
        assert_success(fixture, "GenerateRandom", &request.base, &reply);
        const Rewrap__GenerateRandomResponse *response = (const Rewrap__GenerateRandomResponse *)reply.body;
        assert_true(response->has_plaintext);
        assert_int_equal(response->plaintext.len, rows[i].bytes);
        assert_string_equal(fake_workers_last_token(fixture->workers), rows[i].token);
        reply_clear(&reply);
    }
}

static void random_bytes_that_cannot_be_had(void **state)
{
    struct fixture *fixture = *state;
    Rewrap__GenerateRandomRequest request = REWRAP__GENERATE_RANDOM_REQUEST__INIT;
    assert_error(fixture, "GenerateRandom", &request.base, "ValidationException",
                 "1 validation error detected: Value null at 'numberOfBytes' failed to satisfy constraint: Member must "
                 "not be null");
    request.has_number_of_bytes = true;
    request.number_of_bytes = 1025;
    assert_error(fixture, "GenerateRandom", &request.base, "ValidationException",
                 "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member "
                 "must have value less than or equal to 1024");
    request.number_of_bytes = 0;
    assert_error(fixture, "GenerateRandom", &request.base, "ValidationException",
                 "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must "
                 "have value greater than or equal to 1");
    request.number_of_bytes = 32;
    char store[] = "nowhere";
    request.custom_key_store_id = store;
    assert_error(fixture, "GenerateRandom", &request.base, "CustomKeyStoreNotFoundException",
                 "There is no token 'nowhere' here.");
    assert_int_equal(fake_workers_submitted(fixture->workers), 0);
    request.custom_key_store_id = NULL;
    fake_workers_next_empty(fixture->workers, true);
    assert_error(fixture, "GenerateRandom", &request.base, "KMSInternalException", NULL);
    fake_workers_next_status(fixture->workers, WORKERS_DOWN);
    assert_error(fixture, "GenerateRandom", &request.base, "KeyUnavailableException",
                 "The token that holds the key cannot be reached at the moment.");
}

/* ------------------------------------------------------------------ GenerateDataKey */

static Rewrap__GenerateDataKeyRequest data_key_of(const char *key_id, int spec, int32_t bytes)
{
    Rewrap__GenerateDataKeyRequest request = REWRAP__GENERATE_DATA_KEY_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    request.has_key_spec = spec != 0;
    request.key_spec = (Rewrap__DataKeySpec__Value)spec;
    request.has_number_of_bytes = bytes != 0;
    request.number_of_bytes = bytes;
    return request;
}

static void a_data_key_is_what_its_ciphertext_decrypts_to(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key open = fixture_open(fixture);
    char material[2 * MATERIAL_ID_BYTES + 1];
    hex_encode(view_of(open.material_id, MATERIAL_ID_BYTES), material);
    static const struct {
        int spec;
        int32_t bytes;
        size_t len;
    } rows[] = {{REWRAP__DATA_KEY_SPEC__VALUE__AES_256, 0, 32},
                {REWRAP__DATA_KEY_SPEC__VALUE__AES_128, 0, 16},
                {0, 1, 1},
                {0, 1024, 1024}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        Rewrap__GenerateDataKeyRequest request = data_key_of(open.id, rows[i].spec, rows[i].bytes);
        struct reply reply, back;
        assert_success(fixture, "GenerateDataKey", &request.base, &reply);
        const Rewrap__GenerateDataKeyResponse *response = (const Rewrap__GenerateDataKeyResponse *)reply.body;
        assert_string_equal(response->key_id, open.arn);
        assert_string_equal(response->key_material_id, material);
        assert_int_equal(response->plaintext.len, rows[i].len);
        Rewrap__DecryptRequest decrypt = REWRAP__DECRYPT_REQUEST__INIT;
        decrypt.has_ciphertext_blob = true;
        decrypt.ciphertext_blob = response->ciphertext_blob;
        assert_success(fixture, "Decrypt", &decrypt.base, &back);
        const Rewrap__DecryptResponse *decrypted = (const Rewrap__DecryptResponse *)back.body;
        assert_int_equal(decrypted->plaintext.len, rows[i].len);
        assert_memory_equal(decrypted->plaintext.data, response->plaintext.data, rows[i].len);
        reply_clear(&back);
        reply_clear(&reply);
    }
}

static void data_keys_in_clear_are_for_open_symmetric_keys(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key sealed = fixture_sealed(fixture), open = fixture_open(fixture);
    struct fixture_key pair =
        fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048, .boundary = KEY_BOUNDARY_OPEN});
    struct fixture_key off =
        fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_DISABLED, .boundary = KEY_BOUNDARY_SEALED});
    const char *refusal =
        text("%s is sealed: plaintext under it never leaves the token, so there is no GenerateDataKey. Use "
             "GenerateDataKeyWithoutPlaintext, or a key made by CreateKey with Boundary OPEN (or the tag "
             "rewrapd:boundary=open).",
             sealed.arn);
    Rewrap__GenerateDataKeyRequest request = data_key_of(sealed.id, 0, 32);
    assert_error(fixture, "GenerateDataKey", &request.base, "UnsupportedOperationException", refusal);
    request.has_dry_run = request.dry_run = true;
    assert_error(fixture, "GenerateDataKey", &request.base, "UnsupportedOperationException", refusal);
    request = data_key_of(off.id, 0, 32);
    assert_error(fixture, "GenerateDataKey", &request.base, "DisabledException", text("%s is disabled.", off.arn));
    request = data_key_of(pair.id, 0, 32);
    assert_error(fixture, "GenerateDataKey", &request.base, "InvalidKeyUsageException",
                 "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.");
    static const char neither[] = "Please specify either number of bytes or key spec.";
    request = data_key_of(open.id, 0, 0);
    assert_error(fixture, "GenerateDataKey", &request.base, "ValidationException", neither);
    request = data_key_of(open.id, REWRAP__DATA_KEY_SPEC__VALUE__AES_256, 32);
    assert_error(fixture, "GenerateDataKey", &request.base, "ValidationException", neither);
    request = data_key_of(open.id, 0, 1025);
    assert_error(fixture, "GenerateDataKey", &request.base, "ValidationException",
                 "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member "
                 "must have value less than or equal to 1024");
    request = data_key_of(open.id, 0, 32);
    request.has_dry_run = request.dry_run = true;
    assert_error(fixture, "GenerateDataKey", &request.base, "DryRunOperationException",
                 "The request would have succeeded, but the DryRun option is set.");
    assert_int_equal(fake_workers_submitted(fixture->workers), 0);
    request.dry_run = false;
    fake_workers_next_answer(fixture->workers, HSM__STATUS__STATUS_UNSUPPORTED);
    assert_error(fixture, "GenerateDataKey", &request.base, "UnsupportedOperationException",
                 TOKEN "cannot do GenerateDataKey with SYMMETRIC_DEFAULT and key spec SYMMETRIC_DEFAULT.");
}

/* A dry run says what the token would (KMS.md R-41), which takes less than the algorithm (NSS softokn: 256 bytes). */
static void a_dry_run_knows_the_limit_of_a_token(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key open = fixture_open(fixture);
    char *plaintext = repeated('p', 257);
    const char *refusal = TOKEN "does not take data larger than 256 bytes.";
    const char *dry_run = "The request would have succeeded, but the DryRun option is set.";
    fixture->main->payload_max_bytes = 256;
    for (size_t length = 256; length <= 257; length++) {
        const char *code = length > 256 ? "ValidationException" : "DryRunOperationException";
        const char *message = length > 256 ? refusal : dry_run;
        Rewrap__EncryptRequest encrypt = REWRAP__ENCRYPT_REQUEST__INIT;
        encrypt.key_id = open.id;
        encrypt.has_plaintext = encrypt.has_dry_run = encrypt.dry_run = true;
        encrypt.plaintext = (ProtobufCBinaryData){.data = (uint8_t *)plaintext, .len = length};
        assert_error(fixture, "Encrypt", &encrypt.base, code, message);
        Rewrap__GenerateDataKeyRequest request = data_key_of(open.id, 0, (int32_t)length);
        request.has_dry_run = request.dry_run = true;
        assert_error(fixture, "GenerateDataKey", &request.base, code, message);
        Rewrap__GenerateDataKeyWithoutPlaintextRequest sealed =
            REWRAP__GENERATE_DATA_KEY_WITHOUT_PLAINTEXT_REQUEST__INIT;
        sealed.key_id = open.id;
        sealed.has_number_of_bytes = sealed.has_dry_run = sealed.dry_run = true;
        sealed.number_of_bytes = (int32_t)length;
        assert_error(fixture, "GenerateDataKeyWithoutPlaintext", &sealed.base, code, message);
    }
    free(plaintext);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_public_key_comes_with_what_it_is_for),        TEST(public_keys_are_had_of_pairs_that_live),
        TEST(random_bytes_are_as_many_as_were_asked_for),    TEST(random_bytes_that_cannot_be_had),
        TEST(a_data_key_is_what_its_ciphertext_decrypts_to), TEST(data_keys_in_clear_are_for_open_symmetric_keys),
        TEST(a_dry_run_knows_the_limit_of_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
