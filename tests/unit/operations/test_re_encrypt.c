/* ReEncrypt by the numbers of KMS.md R-161: every row that needs only symmetric keys and no policies, and what rewrapd
 * adds. */
#include "re_encrypt.h"

#include "base/hex.h"

#define SYMMETRIC  REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT
#define UNSEALABLE "Data under a sealed key can only be re-encrypted to sealed keys."

/* What Decrypt makes of a blob under an open key, as text; to be freed. */
static char *decrypted(struct fixture *fixture, ProtobufCBinaryData blob, const char *key, const char *value)
{
    Rewrap__DecryptRequest request = REWRAP__DECRYPT_REQUEST__INIT;
    Rewrap__DecryptRequest__EncryptionContextEntry entry = REWRAP__DECRYPT_REQUEST__ENCRYPTION_CONTEXT_ENTRY__INIT;
    Rewrap__DecryptRequest__EncryptionContextEntry *entries[] = {&entry};
    entry.key = (char *)(uintptr_t)key;
    entry.value = (char *)(uintptr_t)value;
    request.has_ciphertext_blob = true;
    request.ciphertext_blob = blob;
    request.n_encryption_context = key == NULL ? 0 : 1;
    request.encryption_context = entries;
    struct reply reply;
    assert_success(fixture, "Decrypt", &request.base, &reply);
    const Rewrap__DecryptResponse *response = (const Rewrap__DecryptResponse *)reply.body;
    char *plaintext = calloc(response->plaintext.len + 1, 1);
    assert_non_null(plaintext);
    memcpy(plaintext, response->plaintext.data, response->plaintext.len);
    reply_clear(&reply);
    return plaintext;
}

static void rows_1_2_4_and_8_the_same_data_under_another_key(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_open(fixture), f = fixture_open(fixture);
    fixture_alias(fixture, ACCOUNT, "alias/e", &e);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", "tenant", "7");
    struct reply reply;
    const Rewrap__ReEncryptResponse *response = wish_success(fixture,
                                                             (struct wish){.blob = blob,
                                                                           .source = "alias/e",
                                                                           .destination = f.arn,
                                                                           .source_context = {"tenant", "7"},
                                                                           .destination_context = {"a", "b"}},
                                                             &reply);
    char material[2 * MATERIAL_ID_BYTES + 1];
    assert_string_equal(response->source_key_id, e.arn);
    assert_string_equal(response->key_id, f.arn);
    assert_true(response->has_source_encryption_algorithm && response->has_destination_encryption_algorithm);
    assert_int_equal(response->source_encryption_algorithm, SYMMETRIC);
    assert_int_equal(response->destination_encryption_algorithm, SYMMETRIC);
    hex_encode(view_of(e.material_id, MATERIAL_ID_BYTES), material);
    assert_string_equal(response->source_key_material_id, material);
    hex_encode(view_of(f.material_id, MATERIAL_ID_BYTES), material);
    assert_string_equal(response->destination_key_material_id, material);
    char *plaintext = decrypted(fixture, response->ciphertext_blob, "a", "b");
    assert_string_equal(plaintext, "secret");
    free(plaintext);
    reply_clear(&reply);
    free(blob.data);

    /* Row 1: the destination without a context gets none; the source's is not carried over. */
    blob = fixture_encrypt(fixture, &e, "secret", "tenant", "7");
    response = wish_success(
        fixture, (struct wish){.blob = blob, .destination = f.id, .source_context = {"tenant", "7"}}, &reply);
    plaintext = decrypted(fixture, response->ciphertext_blob, NULL, NULL);
    assert_string_equal(plaintext, "secret");
    free(plaintext);

    /* Row 2: pairs in any order. The blob for it is made by ReEncrypt itself, with two pairs. */
    struct reply two;
    const Rewrap__ReEncryptResponse *with_two =
        wish_success(fixture,
                     (struct wish){.blob = blob,
                                   .destination = e.id,
                                   .source_context = {"tenant", "7"},
                                   .destination_context = {"k1", "v1", "k2", "v2"}},
                     &two);
    struct reply again;
    wish_success(fixture,
                 (struct wish){.blob = with_two->ciphertext_blob,
                               .destination = f.id,
                               .source_context = {"k2", "v2", "k1", "v1"}},
                 &again);
    reply_clear(&again);
    reply_clear(&two);

    /* Row 4: no context and an empty one are the same: neither has a pair on the wire. */
    wish_success(fixture, (struct wish){.blob = response->ciphertext_blob, .destination = e.arn}, &again);
    reply_clear(&again);
    reply_clear(&reply);
    free(blob.data);
}

static void rows_3_and_5_another_context_is_another_ciphertext(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture), f = fixture_sealed(fixture);
    ProtobufCBinaryData with = fixture_encrypt(fixture, &e, "secret", "a", "bc");
    ProtobufCBinaryData without = fixture_encrypt(fixture, &e, "secret", NULL, NULL);
    static const char *const wrong[][2 * PAIRS_MAX] = {
        {NULL}, {"a", "bc", "x", "y"}, {"A", "bc"}, {"a", "BC"}, {"ab", "c"}, {"a", "b"}, {"a", ""}, {"bc", "a"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct wish wish = {.blob = with, .destination = f.id};
        memcpy(wish.source_context, wrong[i], sizeof wish.source_context);
        wish_error(fixture, wish, "InvalidCiphertextException", NULL);
    }
    wish_error(fixture, (struct wish){.blob = without, .destination = f.id, .source_context = {"a", "bc"}},
               "InvalidCiphertextException", NULL);
    free(with.data);
    free(without.data);
}

static void rows_6_and_7_a_source_key_that_is_not_the_ciphertexts(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture), g = fixture_sealed(fixture);
    struct fixture_key rsa = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048});
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", NULL, NULL);
    wish_error(fixture, (struct wish){.blob = blob, .source = g.id, .destination = e.id}, "IncorrectKeyException",
               INCORRECT_TEXT);
    /* Row 7 with the one wrong kind there is: the match comes before what either key can do. */
    wish_error(fixture, (struct wish){.blob = blob, .source = rsa.id, .destination = rsa.id}, "IncorrectKeyException",
               INCORRECT_TEXT);
    free(blob.data);
}

static void rows_32_and_33_dry_runs(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture), f = fixture_sealed(fixture), open = fixture_open(fixture);
    struct fixture_key off = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_DISABLED});
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", NULL, NULL);
    struct wish good = {.blob = blob, .destination = f.id, .dry_run = true};
    wish_error(fixture, good, "DryRunOperationException", DRY_RUN_TEXT);
    assert_true(fake_workers_last_check_only(fixture->workers)); /* the ciphertext was checked, nothing was made */
    struct wish wrong_context = good;
    wrong_context.source_context[0] = wrong_context.source_context[1] = "x";
    wish_error(fixture, wrong_context, "InvalidCiphertextException", NULL);
    wish_error(fixture, (struct wish){.blob = blob, .destination = off.id, .dry_run = true}, "DisabledException",
               text("%s is disabled.", off.arn));
    wish_error(fixture,
               (struct wish){.blob = blob,
                             .destination = "arn:aws:kms:eu-central-1:" OTHER_ACCOUNT ":key/" UNKNOWN_ID,
                             .dry_run = true},
               "AccessDeniedException", FOREIGN_TEXT(ALICE, "kms:ReEncryptTo"));

    size_t before = fake_workers_submitted(fixture->workers);
    wish_error(fixture, (struct wish){.source = e.id, .destination = f.id, .dry_run = true, .ignore_ciphertext = true},
               "DryRunOperationException", DRY_RUN_TEXT);
    struct wish garbage = {.source = e.id, .destination = f.id, .dry_run = true, .ignore_ciphertext = true};
    garbage.blob = (ProtobufCBinaryData){.data = blob.data, .len = 3};
    wish_error(fixture, garbage, "DryRunOperationException", DRY_RUN_TEXT);
    wish_error(fixture,
               (struct wish){.source = off.id, .destination = f.id, .dry_run = true, .ignore_ciphertext = true},
               "DisabledException", text("%s is disabled.", off.arn));
    wish_error(fixture,
               (struct wish){.source = e.id, .destination = open.id, .dry_run = true, .ignore_ciphertext = true},
               "UnsupportedOperationException", text("%s is sealed and %s is open. " UNSEALABLE, e.arn, open.arn));
    assert_int_equal(fake_workers_submitted(fixture->workers), before);
    wish_error(fixture, (struct wish){.destination = f.id, .dry_run = true, .ignore_ciphertext = true},
               "ValidationException", "SourceKeyId must not be null");
    wish_error(fixture, (struct wish){.blob = blob, .source = e.id, .destination = f.id, .ignore_ciphertext = true},
               "ValidationException", "DryRunModifiers can only be specified when DryRun is true");
    free(blob.data);
}

static void row_34_the_same_key_with_a_new_context(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_open(fixture);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", "old", "1");
    struct reply reply;
    const Rewrap__ReEncryptResponse *response = wish_success(
        fixture,
        (struct wish){
            .blob = blob, .destination = e.id, .source_context = {"old", "1"}, .destination_context = {"new", "2"}},
        &reply);
    assert_string_equal(response->source_key_id, response->key_id);
    char *plaintext = decrypted(fixture, response->ciphertext_blob, "new", "2");
    assert_string_equal(plaintext, "secret");
    free(plaintext);
    reply_clear(&reply);
    free(blob.data);
}

static void sealed_data_stays_sealed_and_keys_on_one_token(void **state)
{
    struct fixture *fixture = *state;
    char other_token[] = "second";
    fake_workers_add_token(fixture->workers, other_token);
    struct fixture_key sealed = fixture_sealed(fixture), open = fixture_open(fixture), open_2 = fixture_open(fixture);
    struct fixture_key elsewhere = fixture_key(fixture, &(struct registry_key){.token = other_token});
    ProtobufCBinaryData from_sealed = fixture_encrypt(fixture, &sealed, "secret", NULL, NULL);
    ProtobufCBinaryData from_open = fixture_encrypt(fixture, &open, "secret", NULL, NULL);
    size_t before = fake_workers_submitted(fixture->workers);
    wish_error(fixture, (struct wish){.blob = from_sealed, .destination = open.id}, "UnsupportedOperationException",
               text("%s is sealed and %s is open. " UNSEALABLE, sealed.arn, open.arn));
    wish_error(
        fixture, (struct wish){.blob = from_sealed, .destination = elsewhere.id}, "UnsupportedOperationException",
        text("%s is on token main and %s on token second. Data can only be re-encrypted between keys of one token.",
             sealed.arn, elsewhere.arn));
    assert_int_equal(fake_workers_submitted(fixture->workers), before);
    struct reply reply;
    wish_success(fixture, (struct wish){.blob = from_open, .destination = sealed.id}, &reply);
    reply_clear(&reply);
    wish_success(fixture, (struct wish){.blob = from_open, .destination = open_2.id}, &reply);
    reply_clear(&reply);
    assert_string_equal(fake_workers_last_token(fixture->workers), "main");
    free(from_sealed.data);
    free(from_open.data);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_1_2_4_and_8_the_same_data_under_another_key),
        TEST(rows_3_and_5_another_context_is_another_ciphertext),
        TEST(rows_6_and_7_a_source_key_that_is_not_the_ciphertexts),
        TEST(rows_32_and_33_dry_runs),
        TEST(row_34_the_same_key_with_a_new_context),
        TEST(sealed_data_stays_sealed_and_keys_on_one_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
