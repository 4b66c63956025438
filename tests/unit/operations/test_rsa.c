/* RSA keys in ReEncrypt, Encrypt and Decrypt: every cell of the matrix (KMS.md R-20), the order of checks and the texts
 * (R-27 to R-31, R-37, R-70). */
#include "re_encrypt.h"

#include "base/hex.h"
#include "envelope/header.h"

#define SYMMETRIC REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT
#define OAEP_1    REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_1
#define OAEP_256  REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_256
#define TOKEN     "Token main (Fake v1) "

struct pair {
    struct fixture_key key;
    Hsm__KeySpec token_spec;
};

static struct pair pair_of(struct fixture *fixture, enum key_spec spec, Hsm__KeySpec token_spec,
                           enum key_boundary boundary)
{
    return (struct pair){.key = fixture_key(fixture, &(struct registry_key){.spec = spec, .boundary = boundary}),
                         .token_spec = token_spec};
}

static struct pair sealed_pair(struct fixture *fixture)
{
    return pair_of(fixture, KEY_SPEC_RSA_2048, HSM__KEY_SPEC__KEY_SPEC_RSA_2048, KEY_BOUNDARY_SEALED);
}

static struct pair open_pair(struct fixture *fixture)
{
    return pair_of(fixture, KEY_SPEC_RSA_2048, HSM__KEY_SPEC__KEY_SPEC_RSA_2048, KEY_BOUNDARY_OPEN);
}

/* As anybody with the public key makes it. The blob is the caller's. */
static ProtobufCBinaryData made_outside(const struct pair *pair, int algorithm, const char *plaintext)
{
    ProtobufCBinaryData blob = {.data = malloc(FAKE_RSA_MAX_BYTES)};
    assert_non_null(blob.data);
    blob.len = fake_rsa_encrypt(pair->token_spec,
                                algorithm == OAEP_1 ? HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_1
                                                    : HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_256,
                                pair->key.material_id, (const uint8_t *)plaintext, strlen(plaintext), blob.data);
    assert_int_not_equal(blob.len, 0);
    return blob;
}

static void assert_material(const char *given, const struct fixture_key *key)
{
    char material[2 * MATERIAL_ID_BYTES + 1];
    hex_encode(view_of(key->material_id, MATERIAL_ID_BYTES), material);
    assert_non_null(given);
    assert_string_equal(given, material);
}

/* ------------------------------------------------------------------ the matrix */

static void assert_answer(const Rewrap__ReEncryptResponse *response, const struct fixture_key *source, int from,
                          const struct fixture_key *destination, int to)
{
    assert_string_equal(response->source_key_id, source->arn);
    assert_string_equal(response->key_id, destination->arn);
    assert_true(response->has_source_encryption_algorithm && response->has_destination_encryption_algorithm);
    assert_int_equal(response->source_encryption_algorithm, from);
    assert_int_equal(response->destination_encryption_algorithm, to);
    if (from == SYMMETRIC) {
        assert_material(response->source_key_material_id, source);
    } else {
        assert_null(response->source_key_material_id);
    }
    if (to == SYMMETRIC) {
        assert_material(response->destination_key_material_id, destination);
    } else {
        assert_null(response->destination_key_material_id);
        assert_int_equal(response->ciphertext_blob.len, 256);
    }
}

static void every_cell_of_the_matrix_works(void **state)
{
    struct fixture *fixture = *state;
    static const int algorithms[] = {SYMMETRIC, OAEP_1, OAEP_256};
    struct fixture_key keys[2] = {fixture_sealed(fixture), fixture_sealed(fixture)};
    struct pair pairs[2] = {sealed_pair(fixture), sealed_pair(fixture)};
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        for (size_t j = 0; j < COUNT(algorithms); j++) {
            int from = algorithms[i], to = algorithms[j];
            const struct fixture_key *source = from == SYMMETRIC ? &keys[0] : &pairs[0].key;
            const struct fixture_key *destination = to == SYMMETRIC ? &keys[1] : &pairs[1].key;
            struct wish wish = {
                .blob = from == SYMMETRIC ? fixture_encrypt(fixture, source, "12345", "a", "b")
                                          : made_outside(&pairs[0], from, "12345"),
                .source = from == SYMMETRIC ? NULL : source->id,
                .source_algorithm = from == SYMMETRIC ? 0 : from,
                .destination = destination->arn,
                .destination_algorithm = to == SYMMETRIC ? 0 : to,
            };
            if (from == SYMMETRIC) {
                wish.source_context[0] = "a";
                wish.source_context[1] = "b";
            }
            if (to == SYMMETRIC) {
                wish.destination_context[0] = "c";
                wish.destination_context[1] = "d";
            }
            struct reply reply;
            assert_answer(wish_success(fixture, wish, &reply), source, from, destination, to);
            /* and back into an open key's reach: what came out is what went in */
            struct wish again = {
                .blob = ((const Rewrap__ReEncryptResponse *)reply.body)->ciphertext_blob,
                .source = to == SYMMETRIC ? NULL : destination->id,
                .source_algorithm = to,
                .destination = keys[0].id,
            };
            memcpy(again.source_context, wish.destination_context, sizeof again.source_context);
            struct reply last;
            const Rewrap__ReEncryptResponse *response = wish_success(fixture, again, &last);
            struct envelope_header header;
            assert_true(
                envelope_header_parse(view_of(response->ciphertext_blob.data, response->ciphertext_blob.len), &header));
            assert_int_equal(header.payload_length, 5);
            reply_clear(&last);
            reply_clear(&reply);
            free(wish.blob.data);
        }
    }
}

static void the_same_pair_may_be_on_both_sides(void **state)
{
    struct fixture *fixture = *state;
    struct pair pair = sealed_pair(fixture);
    ProtobufCBinaryData blob = made_outside(&pair, OAEP_1, "x");
    struct reply reply;
    const Rewrap__ReEncryptResponse *response = wish_success(fixture,
                                                             (struct wish){.blob = blob,
                                                                           .source = pair.key.id,
                                                                           .source_algorithm = OAEP_1,
                                                                           .destination = pair.key.id,
                                                                           .destination_algorithm = OAEP_256},
                                                             &reply);
    assert_answer(response, &pair.key, OAEP_1, &pair.key, OAEP_256);
    reply_clear(&reply);
    free(blob.data);
}

/* ------------------------------------------------------------------ what is refused, and as what */

static void ciphertexts_that_are_none(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct pair pair = sealed_pair(fixture), other = sealed_pair(fixture);
    struct pair longer = pair_of(fixture, KEY_SPEC_RSA_3072, HSM__KEY_SPEC__KEY_SPEC_RSA_3072, KEY_BOUNDARY_SEALED);
    ProtobufCBinaryData blob = made_outside(&pair, OAEP_256, "secret");
    struct wish wish = {.blob = blob, .source = pair.key.id, .destination = key.id};
    wish_error(fixture, wish, "InvalidCiphertextException", NULL); /* read as a symmetric one */
    wish.source_algorithm = OAEP_1;
    wish_error(fixture, wish, "InvalidCiphertextException", NULL);
    wish.source_algorithm = OAEP_256;
    wish.source = other.key.id;
    wish_error(fixture, wish, "InvalidCiphertextException", NULL);
    wish.source = longer.key.id;
    wish_error(fixture, wish, "InvalidCiphertextException", NULL);
    wish.source = pair.key.id;
    wish.dry_run = true;
    wish_error(fixture, wish, "DryRunOperationException", DRY_RUN_TEXT);
    blob.data[100] ^= 1;
    wish_error(fixture, wish, "InvalidCiphertextException", NULL);
    free(blob.data);

    /* A symmetric one with a key of the wrong kind: the key is not the ciphertext's, whatever it is. */
    blob = fixture_encrypt(fixture, &key, "secret", NULL, NULL);
    wish = (struct wish){.blob = blob, .source = pair.key.id, .destination = pair.key.id};
    wish_error(fixture, wish, "IncorrectKeyException", INCORRECT_TEXT);
    free(blob.data);
}

static void algorithms_and_specs_belong_together(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct pair pair = sealed_pair(fixture);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &key, "secret", NULL, NULL);
    struct wish wish = {.blob = blob, .destination = pair.key.id};
    wish_error(fixture, wish, "InvalidKeyUsageException",
               "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.");
    wish.destination = key.id;
    wish.destination_algorithm = OAEP_1;
    wish_error(fixture, wish, "InvalidKeyUsageException",
               "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.");
    wish.destination_algorithm = 0;
    wish.source = key.id;
    wish.source_algorithm = OAEP_256;
    wish_error(fixture, wish, "InvalidKeyUsageException",
               "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.");
    wish.source = NULL;
    wish_error(fixture, wish, "ValidationException", "SourceKeyId must not be null");
    free(blob.data);
}

static void contexts_are_for_symmetric_sides(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct pair pair = sealed_pair(fixture);
    ProtobufCBinaryData symmetric = fixture_encrypt(fixture, &key, "secret", NULL, NULL);
    ProtobufCBinaryData rsa = made_outside(&pair, OAEP_256, "secret");
    wish_error(fixture,
               (struct wish){.blob = symmetric,
                             .destination = pair.key.id,
                             .destination_algorithm = OAEP_1,
                             .destination_context = {"a", "b"}},
               "ValidationException", "EncryptionContext is not supported when encrypting with asymmetric CMKs.");
    wish_error(fixture,
               (struct wish){.blob = rsa,
                             .source = pair.key.id,
                             .source_algorithm = OAEP_256,
                             .source_context = {"a", "b"},
                             .destination = key.id},
               "ValidationException", "EncryptionContext is not supported when decrypting with asymmetric CMKs.");
    /* The algorithm does not fit either: that comes first. */
    wish_error(fixture, (struct wish){.blob = symmetric, .destination = pair.key.id, .destination_context = {"a", "b"}},
               "InvalidKeyUsageException", "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.");
    free(symmetric.data);
    free(rsa.data);
}

/* ------------------------------------------------------------------ lengths */

static const struct {
    enum key_spec spec;
    Hsm__KeySpec token_spec;
    int algorithm;
    size_t max;
    const char *text;
} maxima[] = {
#define ROW(bits, hash, max)                                                                                           \
    {                                                                                                                  \
        KEY_SPEC_RSA_##bits, HSM__KEY_SPEC__KEY_SPEC_RSA_##bits,                                                       \
            REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_##hash, max,                                      \
            "Algorithm RSAES_OAEP_SHA_" #hash " and key spec RSA_" #bits " cannot encrypt data larger than " #max      \
            " bytes."                                                                                                  \
    }
    ROW(2048, 1, 214),   ROW(3072, 1, 342),   ROW(4096, 1, 470),
    ROW(2048, 256, 190), ROW(3072, 256, 318), ROW(4096, 256, 446),
};

static void lengths_end_where_the_algorithm_does(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    for (size_t i = 0; i < COUNT(maxima); i++) {
        struct pair pair = pair_of(fixture, maxima[i].spec, maxima[i].token_spec, KEY_BOUNDARY_SEALED);
        for (size_t over = 0; over <= 1; over++) {
            char *plaintext = repeated('p', maxima[i].max + over);
            Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
            request.key_id = pair.key.id;
            request.has_plaintext = true;
            request.plaintext = (ProtobufCBinaryData){.data = (uint8_t *)plaintext, .len = maxima[i].max + over};
            request.has_encryption_algorithm = true;
            request.encryption_algorithm = (Rewrap__EncryptionAlgorithmSpec__Value)maxima[i].algorithm;
            ProtobufCBinaryData blob = fixture_encrypt(fixture, &key, plaintext, NULL, NULL);
            struct wish wish = {.blob = blob, .destination = pair.key.id, .destination_algorithm = maxima[i].algorithm};
            if (over) {
                size_t before = fake_workers_submitted(fixture->workers);
                assert_error(fixture, "Encrypt", &request.base, "ValidationException", maxima[i].text);
                request.has_dry_run = request.dry_run = true;
                assert_error(fixture, "Encrypt", &request.base, "ValidationException", maxima[i].text);
                assert_int_equal(fake_workers_submitted(fixture->workers), before);
                wish_error(fixture, wish, "ValidationException", maxima[i].text);
                wish.dry_run = true;
                wish_error(fixture, wish, "ValidationException", maxima[i].text);
            } else {
                struct reply reply;
                assert_success(fixture, "Encrypt", &request.base, &reply);
                const Rewrap__EncryptResponse *response = (const Rewrap__EncryptResponse *)reply.body;
                assert_int_equal(response->encryption_algorithm, maxima[i].algorithm);
                assert_string_equal(response->key_id, pair.key.arn);
                reply_clear(&reply);
                wish_success(fixture, wish, &reply);
                reply_clear(&reply);
                wish.dry_run = true;
                wish_error(fixture, wish, "DryRunOperationException", DRY_RUN_TEXT);
            }
            free(blob.data);
            free(plaintext);
        }
    }
}

/* On a token with a limit of its own: whatever is said is so, also where only the worker knows the length. */
static void the_limit_of_a_token(void **state)
{
    struct fixture *fixture = *state;
    struct pair large = pair_of(fixture, KEY_SPEC_RSA_4096, HSM__KEY_SPEC__KEY_SPEC_RSA_4096, KEY_BOUNDARY_SEALED);
    struct pair same = pair_of(fixture, KEY_SPEC_RSA_4096, HSM__KEY_SPEC__KEY_SPEC_RSA_4096, KEY_BOUNDARY_SEALED);
    struct pair small = sealed_pair(fixture);
    struct fixture_key key = fixture_sealed(fixture);
    ProtobufCBinaryData blob = made_outside(&large, OAEP_1, "secret");
    const char *of_token = TOKEN "does not take data larger than 256 bytes.";
    const char *of_algorithm =
        "Algorithm RSAES_OAEP_SHA_1 and key spec RSA_2048 cannot encrypt data larger than 214 bytes.";
    const struct {
        const char *destination, *text;
        int algorithm;
        uint32_t payload_max_bytes;
    } rows[] = {
        {same.key.id, of_token, OAEP_1, 256}, /* what was under one of them is not too long for the other */
        {same.key.id,
         "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_4096 cannot encrypt data larger than 446 bytes, and " TOKEN
         "does not take data larger than 256 bytes.",
         OAEP_256, 256},
        {small.key.id, of_algorithm, OAEP_1, 256}, /* too long for the token is too long for that, too */
        {small.key.id, of_algorithm, OAEP_1, 4096},
        {small.key.id, of_algorithm, OAEP_1, 214},
        {small.key.id,
         "Algorithm RSAES_OAEP_SHA_1 and key spec RSA_2048 cannot encrypt data larger than 214 bytes, and " TOKEN
         "does not take data larger than 213 bytes.",
         OAEP_1, 213},
        {key.id, of_token, 0, 256},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        fixture->main->payload_max_bytes = rows[i].payload_max_bytes;
        fake_workers_next_answer(fixture->workers, HSM__STATUS__STATUS_TOO_LARGE);
        wish_error(fixture,
                   (struct wish){.blob = blob,
                                 .source = large.key.id,
                                 .source_algorithm = OAEP_1,
                                 .destination = rows[i].destination,
                                 .destination_algorithm = rows[i].algorithm},
                   "ValidationException", rows[i].text);
    }
    free(blob.data);
}

/* A header says how long the data is; nobody learns whether that is true before the tag was checked. */
static void a_length_is_told_of_genuine_ciphertexts_only(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct pair pair = sealed_pair(fixture);
    char *plaintext = repeated('p', 300);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &key, plaintext, "a", "b");
    struct wish wish = {.blob = blob, .destination = pair.key.id, .destination_algorithm = OAEP_1};
    wish_error(fixture, wish, "InvalidCiphertextException", NULL); /* without its context */
    wish.dry_run = true;
    wish_error(fixture, wish, "InvalidCiphertextException", NULL);
    wish.source_context[0] = "a";
    wish.source_context[1] = "b";
    wish_error(fixture, wish, "ValidationException", maxima[0].text);
    free(blob.data);
    free(plaintext);
}

static void rsa_to_a_shorter_rsa_key(void **state)
{
    struct fixture *fixture = *state;
    struct pair source = pair_of(fixture, KEY_SPEC_RSA_4096, HSM__KEY_SPEC__KEY_SPEC_RSA_4096, KEY_BOUNDARY_SEALED);
    struct pair destination = sealed_pair(fixture);
    char *plaintext = repeated('p', 215);
    ProtobufCBinaryData blob = made_outside(&source, OAEP_256, plaintext);
    wish_error(fixture,
               (struct wish){.blob = blob,
                             .source = source.key.id,
                             .source_algorithm = OAEP_256,
                             .destination = destination.key.id,
                             .destination_algorithm = OAEP_1},
               "ValidationException", maxima[0].text);
    free(blob.data);
    free(plaintext);
}

static void a_token_that_pads_refuses_other_lengths_on_the_way_to_rsa(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct pair pair = sealed_pair(fixture);
    fixture->main->pads_payloads = true;
    static const char refusal[] =
        TOKEN "pads data under a symmetric key to a multiple of 8 bytes, so it cannot re-encrypt this data, which has "
              "another length, to an RSA key.";
    static const struct {
        const char *plaintext;
        bool kept;
    } rows[] = {{"1234567", false}, {"12345678", true}, {"123456789", false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        ProtobufCBinaryData blob = fixture_encrypt(fixture, &key, rows[i].plaintext, NULL, NULL);
        struct wish wish = {.blob = blob, .destination = pair.key.id, .destination_algorithm = OAEP_256};
        struct reply reply;
        if (rows[i].kept) {
            wish_success(fixture, wish, &reply);
            reply_clear(&reply);
        } else {
            wish_error(fixture, wish, "UnsupportedOperationException", refusal);
        }
        wish.dry_run = true;
        wish_error(fixture, wish, rows[i].kept ? "DryRunOperationException" : "UnsupportedOperationException",
                   rows[i].kept ? DRY_RUN_TEXT : refusal);
        wish.dry_run = false;
        wish.destination = key.id; /* where lengths are kept */
        wish.destination_algorithm = 0;
        wish_success(fixture, wish, &reply);
        reply_clear(&reply);
        free(blob.data);
    }
    /* What is too long for the algorithm is that on every token, and said first. */
    char *plaintext = repeated('p', 191);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &key, plaintext, NULL, NULL);
    struct wish wish = {.blob = blob, .destination = pair.key.id, .destination_algorithm = OAEP_256};
    wish_error(fixture, wish, "ValidationException", maxima[3].text);
    wish.dry_run = true;
    wish_error(fixture, wish, "ValidationException", maxima[3].text);
    free(blob.data);
    free(plaintext);
}

/* ------------------------------------------------------------------ what a token cannot do */

static void an_algorithm_that_the_token_has_not_is_refused_before_it_is_asked(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct pair pair = sealed_pair(fixture);
    ProtobufCBinaryData symmetric = fixture_encrypt(fixture, &key, "secret", NULL, NULL);
    ProtobufCBinaryData rsa = made_outside(&pair, OAEP_256, "secret");
    fixture->main->n_algorithms = 2; /* without OAEP_256 */
    size_t before = fake_workers_submitted(fixture->workers);
    const char *refusal = TOKEN "cannot do RSAES_OAEP_SHA_256. It does RSAES_OAEP_SHA_1.";
    wish_error(fixture, (struct wish){.blob = symmetric, .destination = pair.key.id, .destination_algorithm = OAEP_256},
               "UnsupportedOperationException", refusal);
    wish_error(fixture,
               (struct wish){.blob = rsa, .source = pair.key.id, .source_algorithm = OAEP_256, .destination = key.id},
               "UnsupportedOperationException", refusal);
    fixture->main->n_algorithms = 1;
    wish_error(fixture, (struct wish){.blob = symmetric, .destination = pair.key.id, .destination_algorithm = OAEP_1},
               "UnsupportedOperationException", TOKEN "cannot do RSAES_OAEP_SHA_1.");
    assert_int_equal(fake_workers_submitted(fixture->workers), before);
    fixture->main->n_algorithms = 0; /* no worker has said anything yet: the token is asked */
    struct reply reply;
    wish_success(fixture,
                 (struct wish){.blob = symmetric, .destination = pair.key.id, .destination_algorithm = OAEP_256},
                 &reply);
    reply_clear(&reply);
    free(symmetric.data);
    free(rsa.data);
}

static void what_the_worker_cannot_do_names_the_token(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct pair pair = sealed_pair(fixture);
    ProtobufCBinaryData blob = made_outside(&pair, OAEP_1, "secret");
    struct wish wish = {.blob = blob, .source = pair.key.id, .source_algorithm = OAEP_1, .destination = key.id};
    fake_workers_next_answer(fixture->workers, HSM__STATUS__STATUS_UNSUPPORTED);
    wish_error(fixture, wish, "UnsupportedOperationException",
               TOKEN "cannot do ReEncrypt from RSAES_OAEP_SHA_1 and key spec RSA_2048 to SYMMETRIC_DEFAULT and key "
                     "spec SYMMETRIC_DEFAULT with this data.");
    fake_workers_next_answer(fixture->workers, HSM__STATUS__STATUS_TOO_LARGE);
    wish_error(fixture, wish, "ValidationException", TOKEN "does not take data of this length.");
    fixture->main->model = ""; /* it has not said what it is */
    fake_workers_next_answer(fixture->workers, HSM__STATUS__STATUS_TOO_LARGE);
    wish_error(fixture, wish, "ValidationException", "Token main does not take data of this length.");
    fixture->main->model = "Fake v1";

    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    request.key_id = pair.key.id;
    request.has_plaintext = true;
    request.plaintext = blob;
    request.plaintext.len = 8;
    request.has_encryption_algorithm = true;
    request.encryption_algorithm = OAEP_1;
    fake_workers_next_answer(fixture->workers, HSM__STATUS__STATUS_UNSUPPORTED);
    assert_error(fixture, "Encrypt", &request.base, "UnsupportedOperationException",
                 TOKEN "cannot do Encrypt with RSAES_OAEP_SHA_1 and key spec RSA_2048.");
    fake_workers_next_answer(fixture->workers, HSM__STATUS__STATUS_TOO_LARGE);
    assert_error(fixture, "Encrypt", &request.base, "ValidationException", TOKEN "does not take data of this length.");
    free(blob.data);
}

/* ------------------------------------------------------------------ Encrypt and Decrypt */

static void decrypt_is_for_open_pairs(void **state)
{
    struct fixture *fixture = *state;
    struct pair open = open_pair(fixture), sealed = sealed_pair(fixture);
    ProtobufCBinaryData blob = made_outside(&open, OAEP_256, "secret");
    Rewrap__DecryptRequest request = REWRAP__DECRYPT_REQUEST__INIT;
    request.has_ciphertext_blob = true;
    request.ciphertext_blob = blob;
    request.has_encryption_algorithm = true;
    request.encryption_algorithm = OAEP_256;
    assert_error(fixture, "Decrypt", &request.base, "ValidationException", "KeyId must not be null");
    request.key_id = open.key.arn;
    struct reply reply;
    assert_success(fixture, "Decrypt", &request.base, &reply);
    const Rewrap__DecryptResponse *response = (const Rewrap__DecryptResponse *)reply.body;
    assert_string_equal(response->key_id, open.key.arn);
    assert_null(response->key_material_id);
    assert_int_equal(response->encryption_algorithm, OAEP_256);
    assert_int_equal(response->plaintext.len, 6);
    assert_memory_equal(response->plaintext.data, "secret", 6);
    reply_clear(&reply);
    request.encryption_algorithm = OAEP_1;
    assert_error(fixture, "Decrypt", &request.base, "InvalidCiphertextException", NULL);
    request.has_encryption_algorithm = false;
    assert_error(fixture, "Decrypt", &request.base, "InvalidCiphertextException", NULL);
    fake_workers_next_answer(fixture->workers, HSM__STATUS__STATUS_UNSUPPORTED);
    request.has_encryption_algorithm = true;
    assert_error(fixture, "Decrypt", &request.base, "UnsupportedOperationException",
                 TOKEN "cannot do Decrypt with RSAES_OAEP_SHA_1 and key spec RSA_2048.");
    free(blob.data);

    blob = made_outside(&sealed, OAEP_1, "secret");
    request.ciphertext_blob = blob;
    request.key_id = sealed.key.id;
    size_t before = fake_workers_submitted(fixture->workers);
    assert_error(fixture, "Decrypt", &request.base, "UnsupportedOperationException",
                 text("%s is sealed: plaintext under it never leaves the token, so there is no Decrypt. Use ReEncrypt "
                      "to move the ciphertext to another sealed key; for data that must be decrypted, encrypt it under "
                      "a key made by CreateKey with Boundary OPEN (or the tag rewrapd:boundary=open).",
                      sealed.key.arn));
    assert_int_equal(fake_workers_submitted(fixture->workers), before);
    free(blob.data);
}

static void encrypt_under_a_pair(void **state)
{
    struct fixture *fixture = *state;
    struct pair open = open_pair(fixture);
    char plaintext[] = "secret";
    Rewrap__EncryptRequest__EncryptionContextEntry entry = REWRAP__ENCRYPT_REQUEST__ENCRYPTION_CONTEXT_ENTRY__INIT;
    Rewrap__EncryptRequest__EncryptionContextEntry *entries[] = {&entry};
    entry.key = entry.value = plaintext;
    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    request.key_id = open.key.id;
    request.has_plaintext = true;
    request.plaintext = (ProtobufCBinaryData){.data = (uint8_t *)plaintext, .len = 6};
    request.has_encryption_algorithm = true;
    request.encryption_algorithm = OAEP_1;
    request.encryption_context = entries;
    request.n_encryption_context = 1;
    assert_error(fixture, "Encrypt", &request.base, "ValidationException",
                 "EncryptionContext is not supported when encrypting with asymmetric CMKs.");
    request.n_encryption_context = 0;
    struct reply reply, back;
    assert_success(fixture, "Encrypt", &request.base, &reply);
    Rewrap__DecryptRequest decrypt = REWRAP__DECRYPT_REQUEST__INIT;
    decrypt.has_ciphertext_blob = true;
    decrypt.ciphertext_blob = ((const Rewrap__EncryptResponse *)reply.body)->ciphertext_blob;
    decrypt.key_id = open.key.id;
    decrypt.has_encryption_algorithm = true;
    decrypt.encryption_algorithm = OAEP_1;
    assert_success(fixture, "Decrypt", &decrypt.base, &back);
    assert_memory_equal(((const Rewrap__DecryptResponse *)back.body)->plaintext.data, "secret", 6);
    reply_clear(&back);
    reply_clear(&reply);
}

#define SEALED_TO_OPEN "%s is sealed and %s is open. Data under a sealed key can only be re-encrypted to sealed keys."

/* Data flows as it does between symmetric keys: never from sealed to open. */
static void nothing_flows_from_sealed_to_open(void **state)
{
    struct fixture *fixture = *state;
    struct pair open = open_pair(fixture), sealed = sealed_pair(fixture);
    struct fixture_key open_key = fixture_open(fixture);
    ProtobufCBinaryData from_sealed = made_outside(&sealed, OAEP_1, "secret");
    ProtobufCBinaryData from_open = made_outside(&open, OAEP_1, "secret");
    struct wish wish = {.blob = from_sealed,
                        .source = sealed.key.id,
                        .source_algorithm = OAEP_1,
                        .destination = open.key.id,
                        .destination_algorithm = OAEP_1};
    size_t before = fake_workers_submitted(fixture->workers);
    wish_error(fixture, wish, "UnsupportedOperationException", text(SEALED_TO_OPEN, sealed.key.arn, open.key.arn));
    wish.destination = open_key.id;
    wish.destination_algorithm = 0;
    wish_error(fixture, wish, "UnsupportedOperationException", text(SEALED_TO_OPEN, sealed.key.arn, open_key.arn));
    assert_int_equal(fake_workers_submitted(fixture->workers), before);
    wish.blob = from_open;
    wish.source = open.key.id;
    struct reply reply;
    wish_success(fixture, wish, &reply);
    reply_clear(&reply);
    wish.destination = sealed.key.id;
    wish.destination_algorithm = OAEP_256;
    wish_success(fixture, wish, &reply);
    reply_clear(&reply);
    free(from_sealed.data);
    free(from_open.data);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_cell_of_the_matrix_works),
        TEST(the_same_pair_may_be_on_both_sides),
        TEST(ciphertexts_that_are_none),
        TEST(algorithms_and_specs_belong_together),
        TEST(contexts_are_for_symmetric_sides),
        TEST(lengths_end_where_the_algorithm_does),
        TEST(the_limit_of_a_token),
        TEST(a_length_is_told_of_genuine_ciphertexts_only),
        TEST(rsa_to_a_shorter_rsa_key),
        TEST(a_token_that_pads_refuses_other_lengths_on_the_way_to_rsa),
        TEST(an_algorithm_that_the_token_has_not_is_refused_before_it_is_asked),
        TEST(what_the_worker_cannot_do_names_the_token),
        TEST(decrypt_is_for_open_pairs),
        TEST(encrypt_under_a_pair),
        TEST(nothing_flows_from_sealed_to_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
