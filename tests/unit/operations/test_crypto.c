/* Encrypt, Decrypt and GenerateDataKeyWithoutPlaintext. */
#include "fixture.h"

#include "base/hex.h"
#include "envelope/header.h"

#define OAEP_1       REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_1
#define DRY_RUN_TEXT "The request would have succeeded, but the DryRun option is set."

static Rewrap__EncryptRequest encrypt_of(const char *key_id, const char *plaintext)
{
    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    request.has_plaintext = true;
    request.plaintext = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)plaintext, .len = strlen(plaintext)};
    return request;
}

static Rewrap__DecryptRequest decrypt_of(ProtobufCBinaryData blob)
{
    Rewrap__DecryptRequest request = REWRAP__DECRYPT_REQUEST__INIT;
    request.has_ciphertext_blob = true;
    request.ciphertext_blob = blob;
    return request;
}

static void encrypt_answers_with_the_key_and_the_algorithm(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key sealed = fixture_sealed(fixture);
    fixture_alias(fixture, ACCOUNT, "alias/sealed", &sealed);
    static const char *const lengths[] = {"x", "12345678"};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        Rewrap__EncryptRequest request = encrypt_of("alias/sealed", lengths[i]);
        struct reply reply;
        assert_success(fixture, "Encrypt", &request.base, &reply);
        const Rewrap__EncryptResponse *response = (const Rewrap__EncryptResponse *)reply.body;
        assert_string_equal(response->key_id, sealed.arn);
        assert_true(response->has_encryption_algorithm);
        assert_int_equal(response->encryption_algorithm, REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT);
        struct envelope_header header;
        assert_true(
            envelope_header_parse(view_of(response->ciphertext_blob.data, response->ciphertext_blob.len), &header));
        assert_memory_equal(header.key_id, sealed.key_id, KEY_ID_BYTES);
        assert_memory_equal(header.material_id, sealed.material_id, MATERIAL_ID_BYTES);
        assert_int_equal(header.payload_length, strlen(lengths[i]));
        reply_clear(&reply);
    }
}

static void encrypt_takes_1_to_4096_bytes(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key open = fixture_open(fixture);
    static const struct {
        size_t len;
        const char *error;
    } rows[] = {
        {0, "greater than or equal to 1"}, {1, NULL}, {4095, NULL}, {4096, NULL}, {4097, "less than or equal to 4096"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *plaintext = repeated('p', rows[i].len);
        Rewrap__EncryptRequest request = encrypt_of(open.id, plaintext);
        if (rows[i].error != NULL) {
            assert_error(
                fixture, "Encrypt", &request.base, "ValidationException",
                text("1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must "
                     "have length %s",
                     rows[i].error));
        } else {
            struct reply reply, back;
            assert_success(fixture, "Encrypt", &request.base, &reply);
            Rewrap__DecryptRequest decrypt = decrypt_of(((const Rewrap__EncryptResponse *)reply.body)->ciphertext_blob);
            assert_success(fixture, "Decrypt", &decrypt.base, &back);
            const Rewrap__DecryptResponse *response = (const Rewrap__DecryptResponse *)back.body;
            assert_int_equal(response->plaintext.len, rows[i].len);
            assert_memory_equal(response->plaintext.data, plaintext, rows[i].len);
            reply_clear(&back);
            reply_clear(&reply);
        }
        free(plaintext);
    }
}

static void encrypt_refuses_what_does_not_fit(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct fixture_key off = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_DISABLED});
    struct fixture_key rsa = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_4096});
    Rewrap__EncryptRequest request = encrypt_of(off.id, "x");
    assert_error(fixture, "Encrypt", &request.base, "DisabledException", text("%s is disabled.", off.arn));
    request = encrypt_of(rsa.id, "x");
    assert_error(fixture, "Encrypt", &request.base, "InvalidKeyUsageException",
                 "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_4096.");
    request = encrypt_of(key.id, "x");
    request.has_encryption_algorithm = true;
    request.encryption_algorithm = OAEP_1;
    assert_error(fixture, "Encrypt", &request.base, "InvalidKeyUsageException",
                 "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.");
    request = encrypt_of("alias/none", "x");
    assert_error(fixture, "Encrypt", &request.base, "NotFoundException", "Alias " ARN("alias/none") " is not found.");
    request = encrypt_of(key.id, "x");
    request.has_dry_run = request.dry_run = true;
    size_t before = fake_workers_submitted(fixture->workers);
    assert_error(fixture, "Encrypt", &request.base, "DryRunOperationException", DRY_RUN_TEXT);
    assert_int_equal(fake_workers_submitted(fixture->workers), before);
}

static void decrypt_is_for_open_keys(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key sealed = fixture_sealed(fixture), open = fixture_open(fixture);
    ProtobufCBinaryData from_sealed = fixture_encrypt(fixture, &sealed, "secret", NULL, NULL);
    ProtobufCBinaryData from_open = fixture_encrypt(fixture, &open, "secret", NULL, NULL);
    Rewrap__DecryptRequest request = decrypt_of(from_sealed);
    size_t before = fake_workers_submitted(fixture->workers);
    const char *refusal = text(
        "%s is sealed: plaintext under it never leaves the token, so there is no Decrypt. Use ReEncrypt to move the "
        "ciphertext to another sealed key; for data that must be decrypted, encrypt it under a key made by CreateKey "
        "with Boundary OPEN (or the tag rewrapd:boundary=open).",
        sealed.arn);
    assert_error(fixture, "Decrypt", &request.base, "UnsupportedOperationException", refusal);
    request.has_dry_run = request.dry_run = true;
    assert_error(fixture, "Decrypt", &request.base, "UnsupportedOperationException", refusal);
    assert_int_equal(fake_workers_submitted(fixture->workers), before);
    /* The key is refused before its ciphertext is looked at: altered bytes and a material of nobody make no difference.
     */
    from_sealed.data[from_sealed.len - 1] ^= 1;
    assert_error(fixture, "Decrypt", &request.base, "UnsupportedOperationException", refusal);
    memset(from_sealed.data + 2 + KEY_ID_BYTES, 0x77, MATERIAL_ID_BYTES);
    assert_error(fixture, "Decrypt", &request.base, "UnsupportedOperationException", refusal);
    assert_int_equal(fake_workers_submitted(fixture->workers), before);

    request = decrypt_of(from_open);
    request.key_id = open.arn;
    struct reply reply;
    assert_success(fixture, "Decrypt", &request.base, &reply);
    const Rewrap__DecryptResponse *response = (const Rewrap__DecryptResponse *)reply.body;
    char material[2 * MATERIAL_ID_BYTES + 1];
    hex_encode(view_of(open.material_id, MATERIAL_ID_BYTES), material);
    assert_string_equal(response->key_id, open.arn);
    assert_string_equal(response->key_material_id, material);
    assert_true(response->has_encryption_algorithm);
    assert_memory_equal(response->plaintext.data, "secret", 6);
    reply_clear(&reply);
    free(from_sealed.data);
    free(from_open.data);
}

static void decrypt_has_the_errors_of_a_source(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key open = fixture_open(fixture), other = fixture_open(fixture);
    struct fixture_key foreign =
        fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT, .boundary = KEY_BOUNDARY_OPEN});
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &open, "secret", "a", "b");
    Rewrap__DecryptRequest request = decrypt_of(blob);
    assert_error(fixture, "Decrypt", &request.base, "InvalidCiphertextException", NULL); /* without its context */
    request.key_id = other.id;
    assert_error(fixture, "Decrypt", &request.base, "IncorrectKeyException",
                 "The key ID in the request does not identify a CMK that can perform this operation.");
    request.key_id = NULL;
    request.has_encryption_algorithm = true;
    request.encryption_algorithm = OAEP_1;
    assert_error(fixture, "Decrypt", &request.base, "ValidationException", "KeyId must not be null");
    request = decrypt_of(blob);
    request.has_dry_run = request.dry_run = true;
    assert_error(fixture, "Decrypt", &request.base, "InvalidCiphertextException", NULL);
    Rewrap__DryRunModifierType__Value ignore = REWRAP__DRY_RUN_MODIFIER_TYPE__VALUE__IGNORE_CIPHERTEXT;
    request.dry_run_modifiers = &ignore;
    request.n_dry_run_modifiers = 1;
    assert_error(fixture, "Decrypt", &request.base, "ValidationException", "KeyId must not be null");
    request.key_id = open.id;
    assert_error(fixture, "Decrypt", &request.base, "DryRunOperationException", DRY_RUN_TEXT);
    request.dry_run = false;
    assert_error(fixture, "Decrypt", &request.base, "ValidationException",
                 "DryRunModifiers can only be specified when DryRun is true");
    free(blob.data);

    fixture->principal = BOB;
    blob = fixture_encrypt(fixture, &foreign, "secret", NULL, NULL);
    fixture->principal = ALICE;
    request = decrypt_of(blob);
    assert_error(
        fixture, "Decrypt", &request.base, "AccessDeniedException",
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or "
        "you are not allowed to access.");
    free(blob.data);
    blob = fixture_encrypt(fixture, &open, "secret", NULL, NULL);
    request = decrypt_of(blob);
    request.has_dry_run = request.dry_run = true;
    assert_error(fixture, "Decrypt", &request.base, "DryRunOperationException", DRY_RUN_TEXT);
    assert_true(fake_workers_last_check_only(fixture->workers));
    free(blob.data);
}

static Rewrap__GenerateDataKeyWithoutPlaintextRequest data_key_of(const char *key_id)
{
    Rewrap__GenerateDataKeyWithoutPlaintextRequest request = REWRAP__GENERATE_DATA_KEY_WITHOUT_PLAINTEXT_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    return request;
}

static void data_keys_have_one_length(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key sealed = fixture_sealed(fixture);
    char material[2 * MATERIAL_ID_BYTES + 1];
    hex_encode(view_of(sealed.material_id, MATERIAL_ID_BYTES), material);
    static const struct {
        int spec, bytes; /* 0: left out */
        size_t len;
    } rows[] = {{REWRAP__DATA_KEY_SPEC__VALUE__AES_256, 0, 32},
                {REWRAP__DATA_KEY_SPEC__VALUE__AES_128, 0, 16},
                {0, 1, 1},
                {0, 1024, 1024}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        Rewrap__GenerateDataKeyWithoutPlaintextRequest request = data_key_of(sealed.arn);
        request.has_key_spec = rows[i].spec != 0;
        request.key_spec = (Rewrap__DataKeySpec__Value)rows[i].spec;
        request.has_number_of_bytes = rows[i].bytes != 0;
        request.number_of_bytes = rows[i].bytes;
        struct reply reply;
        assert_success(fixture, "GenerateDataKeyWithoutPlaintext", &request.base, &reply);
        const Rewrap__GenerateDataKeyWithoutPlaintextResponse *response =
            (const Rewrap__GenerateDataKeyWithoutPlaintextResponse *)reply.body;
        struct envelope_header header;
        assert_true(
            envelope_header_parse(view_of(response->ciphertext_blob.data, response->ciphertext_blob.len), &header));
        assert_int_equal(header.payload_length, rows[i].len);
        assert_string_equal(response->key_id, sealed.arn);
        assert_string_equal(response->key_material_id, material);
        reply_clear(&reply);
    }
}

static void data_keys_without_one_length_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct fixture_key rsa = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048});
    const char *operation = "GenerateDataKeyWithoutPlaintext";
    const char *refusal = "Please specify either number of bytes or key spec.";
    Rewrap__GenerateDataKeyWithoutPlaintextRequest request = data_key_of(key.id);
    assert_error(fixture, operation, &request.base, "ValidationException", refusal);
    request.has_key_spec = true;
    request.key_spec = REWRAP__DATA_KEY_SPEC__VALUE__AES_256;
    request.has_number_of_bytes = true;
    request.number_of_bytes = 32;
    assert_error(fixture, operation, &request.base, "ValidationException", refusal);
    request.has_key_spec = false;
    request.number_of_bytes = 0;
    assert_error(
        fixture, operation, &request.base, "ValidationException",
        "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have "
        "value greater than or equal to 1");
    request.number_of_bytes = 1025;
    assert_error(
        fixture, operation, &request.base, "ValidationException",
        "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must "
        "have value less than or equal to 1024");
    request.number_of_bytes = 1024;
    request.has_dry_run = request.dry_run = true;
    assert_error(fixture, operation, &request.base, "DryRunOperationException", DRY_RUN_TEXT);
    request.key_id = rsa.id;
    assert_error(fixture, operation, &request.base, "InvalidKeyUsageException",
                 "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(encrypt_answers_with_the_key_and_the_algorithm),
        TEST(encrypt_takes_1_to_4096_bytes),
        TEST(encrypt_refuses_what_does_not_fit),
        TEST(decrypt_is_for_open_keys),
        TEST(decrypt_has_the_errors_of_a_source),
        TEST(data_keys_have_one_length),
        TEST(data_keys_without_one_length_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
