/* What ReEncrypt refuses, by the numbers of KMS.md R-161: every row that needs no policies; the rest of RSA is in
 * test_rsa.c. */
#include "re_encrypt.h"

#define OAEP_256 REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_256
#define SM2      REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SM2PKE

static void rows_10_12_14_and_15_asymmetric_algorithms(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture);
    struct fixture_key rsa = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048});
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", NULL, NULL);
    uint8_t rsa_blob_bytes[256] = {1};
    ProtobufCBinaryData rsa_blob = {.data = rsa_blob_bytes, .len = sizeof rsa_blob_bytes};
    wish_error(fixture, (struct wish){.blob = blob, .destination = rsa.id}, "InvalidKeyUsageException",
               "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.");
    wish_error(fixture, (struct wish){.blob = blob, .destination = e.id, .destination_algorithm = OAEP_256},
               "InvalidKeyUsageException",
               "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.");
    wish_error(fixture, (struct wish){.blob = blob, .destination = rsa.id, .destination_algorithm = SM2},
               "InvalidKeyUsageException", "Algorithm SM2PKE is incompatible with key spec RSA_2048.");
    wish_error(
        fixture,
        (struct wish){
            .blob = blob, .destination = rsa.id, .destination_algorithm = OAEP_256, .destination_context = {"a", "b"}},
        "ValidationException", "EncryptionContext is not supported when encrypting with asymmetric CMKs.");
    wish_error(fixture, (struct wish){.blob = rsa_blob, .destination = e.id, .source_algorithm = OAEP_256},
               "ValidationException", "SourceKeyId must not be null");
    wish_error(fixture,
               (struct wish){.blob = rsa_blob,
                             .source = rsa.id,
                             .destination = e.id,
                             .source_algorithm = OAEP_256,
                             .source_context = {"a", "b"}},
               "ValidationException", "EncryptionContext is not supported when decrypting with asymmetric CMKs.");
    wish_error(fixture, (struct wish){.blob = rsa_blob, .source = rsa.id, .destination = e.id},
               "InvalidCiphertextException", NULL);
    wish_error(
        fixture, (struct wish){.blob = rsa_blob, .source = e.id, .destination = e.id, .source_algorithm = OAEP_256},
        "InvalidKeyUsageException", "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.");
    free(blob.data);
}

/* Which key the ciphertext is under is asked before what the keys are for. */
static void row_7_hmac_keys_on_both_sides(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture);
    struct fixture_key hmac = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_HMAC_256});
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", NULL, NULL);
    const size_t before = fake_workers_submitted(fixture->workers);
    wish_error(fixture, (struct wish){.blob = blob, .source = hmac.id, .destination = hmac.id}, "IncorrectKeyException",
               INCORRECT_TEXT);
    wish_error(fixture, (struct wish){.blob = blob, .source = hmac.arn, .destination = e.id}, "IncorrectKeyException",
               INCORRECT_TEXT);
    assert_int_equal(fake_workers_submitted(fixture->workers), before);
    free(blob.data);
}

static void row_9_keys_that_do_not_encrypt(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", NULL, NULL);
    const size_t before = fake_workers_submitted(fixture->workers);
    static const struct {
        struct registry_key key;
        const char *usage;
    } rows[] = {
        {{.spec = KEY_SPEC_RSA_2048, .usage = KEY_USAGE_SIGN_VERIFY}, "SIGN_VERIFY"},
        {{.spec = KEY_SPEC_RSA_4096, .usage = KEY_USAGE_SIGN_VERIFY, .boundary = KEY_BOUNDARY_OPEN}, "SIGN_VERIFY"},
        {{.spec = KEY_SPEC_HMAC_256}, "GENERATE_VERIFY_MAC"},
        /* Usage before state (R-39 step 9). */
        {{.spec = KEY_SPEC_RSA_3072, .usage = KEY_USAGE_SIGN_VERIFY, .state = KEY_STATE_DISABLED}, "SIGN_VERIFY"},
        {{.spec = KEY_SPEC_HMAC_256, .state = KEY_STATE_PENDING_IMPORT}, "GENERATE_VERIFY_MAC"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture_key key = fixture_key(fixture, &rows[i].key);
        const char *to = text("%s key usage is %s which is not valid for ReEncryptTo.", key.arn, rows[i].usage);
        const char *from = text("%s key usage is %s which is not valid for ReEncryptFrom.", key.arn, rows[i].usage);
        struct wish wish = {.blob = blob, .destination = key.id};
        wish_error(fixture, wish, "InvalidKeyUsageException", to);
        wish.destination_algorithm = OAEP_256; /* usage before algorithm */
        wish.destination_context[0] = wish.destination_context[1] = "x";
        wish_error(fixture, wish, "InvalidKeyUsageException", to);
        wish.dry_run = true;
        wish_error(fixture, wish, "InvalidKeyUsageException", to);
        wish_error(fixture,
                   (struct wish){.blob = blob, .source = key.id, .destination = e.id, .source_algorithm = OAEP_256},
                   "InvalidKeyUsageException", from);
    }
    assert_int_equal(fake_workers_submitted(fixture->workers), before);
    free(blob.data);
}

static void row_21_pending_import(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture);
    struct fixture_key f = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_PENDING_IMPORT});
    struct fixture_key rsa =
        fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048, .state = KEY_STATE_PENDING_IMPORT});
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", NULL, NULL);
    wish_error(fixture, (struct wish){.blob = blob, .destination = f.id}, "KMSInvalidStateException",
               text("%s is pending import.", f.arn));
    wish_error(fixture, (struct wish){.blob = blob, .destination = f.id, .dry_run = true}, "KMSInvalidStateException",
               text("%s is pending import.", f.arn));
    /* State before algorithm. */
    wish_error(fixture, (struct wish){.blob = blob, .destination = rsa.id}, "KMSInvalidStateException",
               text("%s is pending import.", rsa.arn));
    free(blob.data);
}

static void rows_18_to_20_states(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", NULL, NULL);
    static const struct {
        enum key_state state;
        const char *code, *text;
    } rows[] = {
        {KEY_STATE_DISABLED, "DisabledException", "is disabled."},
        {KEY_STATE_PENDING_DELETION, "KMSInvalidStateException", "is pending deletion."},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture_key bad = fixture_key(fixture, &(struct registry_key){.state = rows[i].state});
        wish_error(fixture, (struct wish){.blob = blob, .destination = bad.id}, rows[i].code,
                   text("%s %s", bad.arn, rows[i].text));
        /* The same key as the source: a ciphertext of its own, with its ids in the header. */
        ProtobufCBinaryData own = {.data = malloc(blob.len), .len = blob.len};
        assert_non_null(own.data);
        memcpy(own.data, blob.data, blob.len);
        memcpy(own.data + 2, bad.key_id, KEY_ID_BYTES);
        memcpy(own.data + 2 + KEY_ID_BYTES, bad.material_id, MATERIAL_ID_BYTES);
        wish_error(fixture, (struct wish){.blob = own, .destination = e.id}, rows[i].code,
                   text("%s %s", bad.arn, rows[i].text));
        free(own.data);
    }
    free(blob.data);
}

static void rows_22_to_26_destinations_that_are_not_there(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture);
    struct fixture_key foreign = fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT});
    fixture_alias(fixture, OTHER_ACCOUNT, "alias/theirs", &foreign);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", NULL, NULL);
    const char *foreign_text = FOREIGN_TEXT(ALICE, "kms:ReEncryptTo");
    const struct {
        const char *id, *code, *text;
    } rows[] = {
        {UNKNOWN_ID, "NotFoundException", "Key '" ARN("key/" UNKNOWN_ID) "' does not exist"},
        {ARN("key/" UNKNOWN_ID), "NotFoundException", "Key '" ARN("key/" UNKNOWN_ID) "' does not exist"},
        {"mrk-1234abcd12ab34cd56ef1234567890ab", "NotFoundException",
         "Key '" ARN("key/mrk-1234abcd12ab34cd56ef1234567890ab") "' does not exist"},
        {ARN("key/mrk-1234abcd12ab34cd56ef1234567890ab"), "NotFoundException",
         "Key '" ARN("key/mrk-1234abcd12ab34cd56ef1234567890ab") "' does not exist"},
        {"alias/none", "NotFoundException", "Alias " ARN("alias/none") " is not found."},
        {ARN("alias/none"), "NotFoundException", "Alias " ARN("alias/none") " is not found."},
        {"alias/aws/s3", "NotFoundException", "Alias " ARN("alias/aws/s3") " is not found."},
        {"not-an-id", "NotFoundException", "Invalid keyId 'not-an-id'"},
        {"FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF", "NotFoundException",
         "Invalid keyId 'FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF'"}, /* */
        {"mrk-1234", "NotFoundException", "Invalid keyId 'mrk-1234'"},
        {"Alias/x", "NotFoundException", "Invalid keyId 'Alias/x'"},
        {"arn:aws:kms:us-east-1:" ACCOUNT ":key/" UNKNOWN_ID, "NotFoundException", "Invalid arn us-east-1"},
        {"arn:aws:kms:us-east-1:" ACCOUNT ":alias/x", "NotFoundException", "Invalid arn us-east-1"},
        {"arn:aws-cn:kms:eu-central-1:" ACCOUNT ":key/" UNKNOWN_ID, "NotFoundException", "Invalid arn aws-cn"},
        {ARN("key/alias/aws/sqs"), "NotFoundException", "Invalid keyId alias/aws/sqs"},
        {ARN("key/"), "NotFoundException", "Invalid keyId '" ARN("key/") "'"},
        {ARN("alias/"), "NotFoundException", "Invalid keyId '" ARN("alias/") "'"},
        {"arn:aws:kms::" ACCOUNT ":key/" UNKNOWN_ID, "NotFoundException",
         "Invalid keyId 'arn:aws:kms::" ACCOUNT ":key/" UNKNOWN_ID "'"},
        {"arn:aws:kms::" ACCOUNT ":alias/x", "NotFoundException", "Invalid keyId 'arn:aws:kms::" ACCOUNT ":alias/x'"},
        {"arn:aws:s3:eu-central-1:" ACCOUNT ":key/" UNKNOWN_ID, "NotFoundException",
         "Invalid keyId 'arn:aws:s3:eu-central-1:" ACCOUNT ":key/" UNKNOWN_ID "'"},
        {ARN("grant/x"), "NotFoundException", "Invalid keyId '" ARN("grant/x") "'"},
        {"arn:aws:kms", "NotFoundException", "Invalid keyId 'arn:aws:kms'"},
        {foreign.arn, "AccessDeniedException", foreign_text},
        {"arn:aws:kms:eu-central-1:" OTHER_ACCOUNT ":key/" UNKNOWN_ID, "AccessDeniedException", foreign_text},
        {"arn:aws:kms:eu-central-1:999999999999:key/" UNKNOWN_ID, "AccessDeniedException", foreign_text},
        {"arn:aws:kms:eu-central-1:" OTHER_ACCOUNT ":alias/theirs", "AccessDeniedException", foreign_text},
        {"arn:aws:kms:eu-central-1:" OTHER_ACCOUNT ":alias/none", "AccessDeniedException", foreign_text},
        {foreign.id, "NotFoundException", text("Key '" ARN("key/%s") "' does not exist", foreign.id)},
        {"alias/theirs", "NotFoundException", "Alias " ARN("alias/theirs") " is not found."},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        wish_error(fixture, (struct wish){.blob = blob, .destination = rows[i].id}, rows[i].code, rows[i].text);
    }
    /* An own key's id under another account's ARN is not that key. */
    wish_error(
        fixture,
        (struct wish){.blob = blob, .destination = text("arn:aws:kms:eu-central-1:" OTHER_ACCOUNT ":key/%s", e.id)},
        "AccessDeniedException", foreign_text);
    free(blob.data);
}

static void rows_27_and_28_foreign_sources_and_destinations(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key mine = fixture_sealed(fixture);
    struct fixture_key theirs = fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT});
    fixture->principal = BOB;
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &theirs, "secret", NULL, NULL);
    wish_error(fixture, (struct wish){.blob = blob, .destination = mine.arn}, "AccessDeniedException",
               FOREIGN_TEXT(BOB, "kms:ReEncryptTo"));
    fixture->principal = ALICE;
    /* Named by an ARN; by the bare id that the ciphertext has too, where a denial says what an id that nobody
     * has says; and not named at all. */
    wish_error(fixture, (struct wish){.blob = blob, .source = theirs.arn, .destination = mine.id},
               "AccessDeniedException", FOREIGN_TEXT(ALICE, "kms:ReEncryptFrom"));
    wish_error(fixture, (struct wish){.blob = blob, .source = theirs.id, .destination = mine.id}, "NotFoundException",
               text("Key '" ARN("key/%s") "' does not exist", theirs.id));
    wish_error(fixture, (struct wish){.blob = blob, .destination = mine.id}, "AccessDeniedException", IN_DOUBT_TEXT);
    free(blob.data);
}

/* Anybody can write an id into a header: it must not tell whether another account has a key of that id. */
static void a_forged_header_does_not_tell_what_others_have(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key mine = fixture_sealed(fixture);
    struct fixture_key theirs = fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT});
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &mine, "secret", NULL, NULL);
    memset(blob.data + 2 + KEY_ID_BYTES, 0x77, MATERIAL_ID_BYTES);
    uint8_t nobodys[KEY_ID_BYTES];
    assert_true(uuid_parse(UNKNOWN_ID, nobodys));
    const struct {
        const uint8_t *key_id;
        const char *text;
    } rows[] = {{theirs.key_id, theirs.id}, {nobodys, UNKNOWN_ID}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        memcpy(blob.data + 2, rows[i].key_id, KEY_ID_BYTES);
        wish_error(fixture, (struct wish){.blob = blob, .source = rows[i].text, .destination = mine.id},
                   "NotFoundException", text("Key '" ARN("key/%s") "' does not exist", rows[i].text));
        Rewrap__DecryptRequest decrypt = REWRAP__DECRYPT_REQUEST__INIT;
        decrypt.has_ciphertext_blob = true;
        decrypt.ciphertext_blob = blob;
        decrypt.key_id = (char *)(uintptr_t)rows[i].text;
        assert_error(fixture, "Decrypt", &decrypt.base, "NotFoundException",
                     text("Key '" ARN("key/%s") "' does not exist", rows[i].text));
    }
    free(blob.data);
}

static void a_ciphertext_of_an_unknown_key(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture), f = fixture_sealed(fixture);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", NULL, NULL);
    memset(blob.data + 2, 0x77, KEY_ID_BYTES + MATERIAL_ID_BYTES);
    wish_error(fixture, (struct wish){.blob = blob, .destination = f.id}, "AccessDeniedException", IN_DOUBT_TEXT);
    wish_error(fixture, (struct wish){.blob = blob, .source = e.id, .destination = f.id}, "IncorrectKeyException",
               INCORRECT_TEXT);
    /* Ids that do not belong together: a known key with another key's material, or nobody's, or the other way round. */
    for (unsigned i = 0; i < 4; i++) {
        memcpy(blob.data + 2, e.key_id, KEY_ID_BYTES);
        memcpy(blob.data + 2 + KEY_ID_BYTES, e.material_id, MATERIAL_ID_BYTES);
        uint8_t *key_id = blob.data + 2, *material_id = blob.data + 2 + KEY_ID_BYTES;
        if (i == 0) {
            memcpy(key_id, f.key_id, KEY_ID_BYTES);
        } else if (i == 1) {
            memcpy(material_id, f.material_id, MATERIAL_ID_BYTES);
        } else {
            memset(i == 2 ? material_id : key_id, 0x77, i == 2 ? MATERIAL_ID_BYTES : KEY_ID_BYTES);
        }
        size_t before = fake_workers_submitted(fixture->workers);
        wish_error(fixture, (struct wish){.blob = blob, .destination = f.id}, "InvalidCiphertextException", NULL);
        assert_int_equal(fake_workers_submitted(fixture->workers), before);
    }
    free(blob.data);
}

static void rows_29_and_30_garbage(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture);
    uint8_t bytes[6145];
    memset(bytes, 0x42, sizeof bytes);
    for (size_t len = 1; len <= 6144; len += len < 200 ? 1 : 743) {
        ProtobufCBinaryData garbage = {.data = bytes, .len = len};
        wish_error(fixture, (struct wish){.blob = garbage, .destination = e.id}, "InvalidCiphertextException", NULL);
    }
    wish_error(fixture, (struct wish){.blob = {.data = bytes, .len = 6145}, .destination = e.id}, "ValidationException",
               "1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: Member must have "
               "length less than or equal to 6144");
    wish_error(fixture, (struct wish){.blob = {.data = bytes, .len = 0}, .destination = e.id}, "ValidationException",
               "1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: Member must have "
               "length greater than or equal to 1");
}

static void every_bit_of_a_ciphertext_counts(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture), f = fixture_sealed(fixture);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "0123456789abcdef", "a", "b");
    for (size_t bit = 0; bit < blob.len * 8; bit++) {
        blob.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        wish_error(fixture, (struct wish){.blob = blob, .destination = f.id, .source_context = {"a", "b"}},
                   "InvalidCiphertextException", NULL);
        wish_error(fixture,
                   (struct wish){.blob = blob, .source = e.id, .destination = f.id, .source_context = {"a", "b"}},
                   "InvalidCiphertextException", NULL);
        blob.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(blob.data);
}

static void contexts_have_a_limit(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture), f = fixture_sealed(fixture);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", NULL, NULL);
    char *most = repeated('v', 8192 - 1);
    char *more = repeated('v', 8192);
    struct reply reply;
    wish_success(fixture, (struct wish){.blob = blob, .destination = f.id, .destination_context = {"k", most}}, &reply);
    reply_clear(&reply);
    wish_error(fixture, (struct wish){.blob = blob, .destination = f.id, .destination_context = {"k", more}},
               "ValidationException", "Invalid EncryptionContext");
    wish_error(fixture, (struct wish){.blob = blob, .destination = f.id, .source_context = {"k", more}},
               "ValidationException", "Invalid EncryptionContext");
    wish_error(fixture, (struct wish){.blob = blob, .destination = f.id, .source_context = {"k", "v", "k", "w"}},
               "ValidationException", "Invalid EncryptionContext");
    free(most);
    free(more);
    free(blob.data);
}

static void row_36_and_grant_tokens(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key e = fixture_sealed(fixture);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &e, "secret", NULL, NULL);
    struct request request;
    request_make(&request, &(struct wish){.blob = blob, .destination = e.id});
    char token[] = "t";
    char *tokens[] = {token, token, token, token, token, token, token, token, token, token, token};
    request.message.grant_tokens = tokens;
    request.message.n_grant_tokens = 11;
    assert_error(fixture, "ReEncrypt", &request.message.base, "ValidationException",
                 "1 validation error detected: Value at 'grantTokens' failed to satisfy constraint: Member must have "
                 "length less than or equal to 10");
    request.message.n_grant_tokens = 1;
    assert_error(fixture, "ReEncrypt", &request.message.base, "InvalidGrantTokenException",
                 "The grant token is not valid.");
    free(blob.data);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_10_12_14_and_15_asymmetric_algorithms),
        TEST(row_7_hmac_keys_on_both_sides),
        TEST(row_9_keys_that_do_not_encrypt),
        TEST(rows_18_to_20_states),
        TEST(row_21_pending_import),
        TEST(rows_22_to_26_destinations_that_are_not_there),
        TEST(rows_27_and_28_foreign_sources_and_destinations),
        TEST(a_forged_header_does_not_tell_what_others_have),
        TEST(a_ciphertext_of_an_unknown_key),
        TEST(rows_29_and_30_garbage),
        TEST(every_bit_of_a_ciphertext_counts),
        TEST(contexts_have_a_limit),
        TEST(row_36_and_grant_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
