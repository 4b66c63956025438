/* Keys that are there and do not encrypt (KMS.md ): each operation refuses them for what they are. */
#include "lives.h"

/* An HMAC key and an RSA pair to sign with: no operation makes them, so they are in the registry from the start. */
static struct fixture_key hmac_key(struct fixture *fixture)
{
    return fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_HMAC_256, .boundary = KEY_BOUNDARY_OPEN});
}

static struct fixture_key signing_key(struct fixture *fixture)
{
    return fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048, .usage = KEY_USAGE_SIGN_VERIFY});
}

static void wants_usage(struct fixture *fixture, const char *operation, const ProtobufCMessage *request,
                        const struct fixture_key *key, const char *usage)
{
    assert_error(fixture, operation, request, "InvalidKeyUsageException",
                 text("%s key usage is %s which is not valid for %s.", key->arn, usage, operation));
}

static void wants_usage_everywhere(struct fixture *fixture, const struct fixture_key *key, const char *usage)
{
    static uint8_t plaintext[] = "secret";
    Rewrap__EncryptRequest encrypt = REWRAP__ENCRYPT_REQUEST__INIT;
    encrypt.key_id = (char *)(uintptr_t)key->id;
    encrypt.has_plaintext = true;
    encrypt.plaintext = (ProtobufCBinaryData){.data = plaintext, .len = 6};
    wants_usage(fixture, "Encrypt", &encrypt.base, key, usage);
    Rewrap__DecryptRequest decrypt = REWRAP__DECRYPT_REQUEST__INIT;
    decrypt.key_id = encrypt.key_id;
    decrypt.has_ciphertext_blob = true;
    decrypt.ciphertext_blob = encrypt.plaintext;
    decrypt.has_encryption_algorithm = true;
    decrypt.encryption_algorithm = REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_256;
    wants_usage(fixture, "Decrypt", &decrypt.base, key, usage);
    Rewrap__GenerateDataKeyRequest data_key = REWRAP__GENERATE_DATA_KEY_REQUEST__INIT;
    data_key.key_id = encrypt.key_id;
    data_key.has_number_of_bytes = true;
    data_key.number_of_bytes = 32;
    wants_usage(fixture, "GenerateDataKey", &data_key.base, key, usage);
    Rewrap__GenerateDataKeyWithoutPlaintextRequest without = REWRAP__GENERATE_DATA_KEY_WITHOUT_PLAINTEXT_REQUEST__INIT;
    without.key_id = encrypt.key_id;
    without.has_number_of_bytes = true;
    without.number_of_bytes = 32;
    wants_usage(fixture, "GenerateDataKeyWithoutPlaintext", &without.base, key, usage);
}

static void cryptographic_operations_refuse_them(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key hmac = hmac_key(fixture), signing = signing_key(fixture);
    const size_t before = fake_workers_submitted(fixture->workers);
    wants_usage_everywhere(fixture, &hmac, "GENERATE_VERIFY_MAC");
    wants_usage_everywhere(fixture, &signing, "SIGN_VERIFY");
    works(fixture, "DisableKey", hmac.id); /* usage before state */
    wants_usage_everywhere(fixture, &hmac, "GENERATE_VERIFY_MAC");
    assert_int_equal(fake_workers_submitted(fixture->workers), before);
}

static void describe(struct fixture *fixture, const struct fixture_key *key, struct reply *reply)
{
    Rewrap__DescribeKeyRequest request = REWRAP__DESCRIBE_KEY_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key->id;
    assert_success(fixture, "DescribeKey", &request.base, reply);
}

static void describe_key_says_what_they_are(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key hmac = hmac_key(fixture), signing = signing_key(fixture);
    struct fixture_key awaited = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_PENDING_IMPORT});
    const struct {
        const struct fixture_key *key;
        Rewrap__KeySpec__Value spec;
        Rewrap__KeyUsageType__Value usage;
        Rewrap__KeyState__Value state;
        Rewrap__OriginType__Value origin;
        size_t n_algorithms;
    } rows[] = {
        {&hmac, REWRAP__KEY_SPEC__VALUE__HMAC_256, REWRAP__KEY_USAGE_TYPE__VALUE__GENERATE_VERIFY_MAC,
         REWRAP__KEY_STATE__VALUE__Enabled, REWRAP__ORIGIN_TYPE__VALUE__AWS_KMS, 0},
        {&signing, REWRAP__KEY_SPEC__VALUE__RSA_2048, REWRAP__KEY_USAGE_TYPE__VALUE__SIGN_VERIFY,
         REWRAP__KEY_STATE__VALUE__Enabled, REWRAP__ORIGIN_TYPE__VALUE__AWS_KMS, 0},
        {&awaited, REWRAP__KEY_SPEC__VALUE__SYMMETRIC_DEFAULT, REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT,
         REWRAP__KEY_STATE__VALUE__PendingImport, REWRAP__ORIGIN_TYPE__VALUE__EXTERNAL, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reply reply;
        describe(fixture, rows[i].key, &reply);
        const Rewrap__KeyMetadata *metadata = ((const Rewrap__DescribeKeyResponse *)reply.body)->key_metadata;
        assert_int_equal(metadata->key_spec, rows[i].spec);
        assert_int_equal(metadata->key_usage, rows[i].usage);
        assert_int_equal(metadata->key_state, rows[i].state);
        assert_int_equal(metadata->origin, rows[i].origin);
        assert_int_equal(metadata->enabled, rows[i].state == REWRAP__KEY_STATE__VALUE__Enabled);
        assert_int_equal(metadata->n_encryption_algorithms, rows[i].n_algorithms);
        assert_null(metadata->current_key_material_id); /* symmetric keys that have material */
        reply_clear(&reply);
    }
}

static void get_public_key_is_for_pairs(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key hmac = hmac_key(fixture), signing = signing_key(fixture);
    Rewrap__GetPublicKeyRequest request = REWRAP__GET_PUBLIC_KEY_REQUEST__INIT;
    request.key_id = hmac.id;
    assert_error(fixture, "GetPublicKey", &request.base, "UnsupportedOperationException",
                 text("%s is an HMAC key: it has no public key.", hmac.arn));
    request.key_id = signing.id;
    struct reply reply;
    assert_success(fixture, "GetPublicKey", &request.base, &reply);
    const Rewrap__GetPublicKeyResponse *response = (const Rewrap__GetPublicKeyResponse *)reply.body;
    assert_int_equal(response->key_usage, REWRAP__KEY_USAGE_TYPE__VALUE__SIGN_VERIFY);
    assert_int_equal(response->n_encryption_algorithms, 0);
    reply_clear(&reply);
}

/* An alias never leads from a key that encrypts to one that does not. */
static void aliases_stay_with_a_usage(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key rsa = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048});
    struct fixture_key hmac = hmac_key(fixture), signing = signing_key(fixture);
    fixture_alias(fixture, ACCOUNT, "alias/pair", &rsa);
    const struct fixture_key *const others[] = {&hmac, &signing};
    for (size_t i = 0; i < COUNT(others); i++) {
        Rewrap__UpdateAliasRequest request = REWRAP__UPDATE_ALIAS_REQUEST__INIT;
        request.alias_name = (char *)(uintptr_t) "alias/pair";
        request.target_key_id = (char *)(uintptr_t)others[i]->id;
        assert_error(fixture, "UpdateAlias", &request.base, "ValidationException",
                     "An alias can only move to a key of the same usage and kind, symmetric or asymmetric, as its "
                     "present key.");
    }
}

/* They can be got rid of like any other, and what is left of them on the token with them. */
static void they_are_deleted_like_others(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key keys[] = {hmac_key(fixture), signing_key(fixture),
                                 fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_PENDING_IMPORT})};
    for (size_t i = 0; i < COUNT(keys); i++) {
        works(fixture, "ScheduleKeyDeletion", keys[i].id);
    }
    fixture->now_ms += INT64_C(31) * 24 * 3600 * 1000;
    sweep(fixture);
    assert_int_equal(registry_keys(fixture->registry), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cryptographic_operations_refuse_them), TEST(describe_key_says_what_they_are),
        TEST(get_public_key_is_for_pairs),          TEST(aliases_stay_with_a_usage),
        TEST(they_are_deleted_like_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
