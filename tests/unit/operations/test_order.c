/* The order of ReEncrypt's checks (KMS.md R-39): of two things that are wrong, the first is answered. */
#include "re_encrypt.h"

#define OAEP_256 REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_256

/* Everything that can be wrong with one ReEncrypt. */
struct scene {
    struct fixture_key good, other, off, gone, open, rsa, foreign;
    ProtobufCBinaryData blob;     /* under good */
    ProtobufCBinaryData off_blob; /* under off */
    ProtobufCBinaryData garbage;
    uint8_t garbage_bytes[100];
};

static ProtobufCBinaryData copy_for(ProtobufCBinaryData blob, const struct fixture_key *key)
{
    ProtobufCBinaryData copy = {.data = malloc(blob.len), .len = blob.len};
    assert_non_null(copy.data);
    memcpy(copy.data, blob.data, blob.len);
    memcpy(copy.data + 2, key->key_id, KEY_ID_BYTES);
    memcpy(copy.data + 2 + KEY_ID_BYTES, key->material_id, MATERIAL_ID_BYTES);
    return copy;
}

static void scene_make(struct fixture *fixture, struct scene *scene)
{
    scene->good = fixture_sealed(fixture);
    scene->other = fixture_sealed(fixture);
    scene->open = fixture_open(fixture);
    scene->off = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_DISABLED});
    scene->gone = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_PENDING_DELETION});
    scene->rsa = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048, .state = KEY_STATE_DISABLED});
    scene->foreign =
        fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT, .state = KEY_STATE_DISABLED});
    scene->blob = fixture_encrypt(fixture, &scene->good, "secret", NULL, NULL);
    scene->off_blob = copy_for(scene->blob, &scene->off);
    memset(scene->garbage_bytes, 0xEE, sizeof scene->garbage_bytes);
    scene->garbage = (ProtobufCBinaryData){.data = scene->garbage_bytes, .len = sizeof scene->garbage_bytes};
}

static void scene_clear(struct scene *scene)
{
    free(scene->blob.data);
    free(scene->off_blob.data);
}

static void shape_before_everything(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    /* Row 31: the enumeration wins over an unknown key, and all clauses come together. */
    wish_error(fixture,
               (struct wish){.blob = {.data = scene.garbage_bytes, .len = 0},
                             .destination = "alias/none",
                             .destination_algorithm = 77,
                             .ignore_ciphertext = true},
               "ValidationException",
               "2 validation errors detected: Value at 'ciphertextBlob' failed to satisfy constraint: Member must have "
               "length greater than or equal to 1; Value '77' at 'destinationEncryptionAlgorithm' failed to satisfy "
               "constraint: Member must satisfy enum value set: [RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, "
               "SYMMETRIC_DEFAULT]");
    scene_clear(&scene);
}

static void members_before_keys(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    wish_error(fixture, (struct wish){.blob = scene.garbage, .destination = "alias/none", .ignore_ciphertext = true},
               "ValidationException", "DryRunModifiers can only be specified when DryRun is true");
    wish_error(fixture, (struct wish){.blob = scene.garbage, .destination = "alias/none", .source_algorithm = OAEP_256},
               "ValidationException", "SourceKeyId must not be null");
    wish_error(
        fixture,
        (struct wish){.blob = scene.garbage, .destination = "alias/none", .source_context = {"a", "b", "a", "c"}},
        "ValidationException", "Invalid EncryptionContext");
    scene_clear(&scene);
}

static void source_key_before_ciphertext_before_match_before_permission(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    wish_error(fixture, (struct wish){.blob = scene.garbage, .source = "alias/none", .destination = "alias/none"},
               "NotFoundException", "Alias " ARN("alias/none") " is not found.");
    wish_error(fixture, (struct wish){.blob = scene.garbage, .source = scene.off.id, .destination = "alias/none"},
               "InvalidCiphertextException", NULL);
    wish_error(fixture, (struct wish){.blob = scene.garbage, .source = scene.rsa.id, .destination = "alias/none"},
               "InvalidCiphertextException", NULL);
    wish_error(fixture, (struct wish){.blob = scene.blob, .source = scene.off.id, .destination = "alias/none"},
               "IncorrectKeyException", INCORRECT_TEXT);
    wish_error(fixture, (struct wish){.blob = scene.blob, .source = scene.rsa.id, .destination = scene.rsa.id},
               "IncorrectKeyException", INCORRECT_TEXT);
    /* A foreign key's existence is not disclosed, so permission comes with finding it. */
    wish_error(fixture, (struct wish){.blob = scene.garbage, .source = scene.foreign.arn, .destination = "alias/none"},
               "AccessDeniedException", FOREIGN_TEXT(ALICE, "kms:ReEncryptFrom"));
    wish_error(fixture, (struct wish){.blob = scene.blob, .source = scene.foreign.id, .destination = "alias/none"},
               "NotFoundException", text("Key '" ARN("key/%s") "' does not exist", scene.foreign.id));
    scene_clear(&scene);
}

/* A header that says one own key and another's material is no ciphertext, whatever else is wrong. */
static void ids_that_do_not_belong_together_are_no_ciphertext(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    memcpy(scene.blob.data + 2, scene.other.key_id, KEY_ID_BYTES);
    wish_error(fixture, (struct wish){.blob = scene.blob, .destination = "alias/none"}, "InvalidCiphertextException",
               NULL);
    wish_error(fixture, (struct wish){.blob = scene.blob, .source = scene.off.id, .destination = "alias/none"},
               "InvalidCiphertextException", NULL);
    scene_clear(&scene);
}

static void permission_before_state(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    ProtobufCBinaryData foreign = copy_for(scene.blob, &scene.foreign);
    wish_error(fixture, (struct wish){.blob = foreign, .destination = "alias/none"}, "AccessDeniedException",
               IN_DOUBT_TEXT);
    wish_error(fixture, (struct wish){.blob = foreign, .source = scene.foreign.arn, .destination = "alias/none"},
               "AccessDeniedException", FOREIGN_TEXT(ALICE, "kms:ReEncryptFrom"));
    wish_error(fixture, (struct wish){.blob = scene.blob, .destination = scene.foreign.arn}, "AccessDeniedException",
               FOREIGN_TEXT(ALICE, "kms:ReEncryptTo"));
    free(foreign.data);
    scene_clear(&scene);
}

static void state_before_algorithm_before_context(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    wish_error(fixture,
               (struct wish){.blob = scene.garbage,
                             .source = scene.off.id,
                             .destination = "alias/none",
                             .source_algorithm = OAEP_256,
                             .source_context = {"a", "b"}},
               "DisabledException", text("%s is disabled.", scene.off.arn));
    wish_error(fixture,
               (struct wish){.blob = scene.garbage,
                             .source = scene.good.id,
                             .destination = "alias/none",
                             .source_algorithm = OAEP_256,
                             .source_context = {"a", "b"}},
               "InvalidKeyUsageException",
               "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.");
    wish_error(fixture,
               (struct wish){.blob = scene.blob,
                             .destination = scene.other.id,
                             .destination_algorithm = OAEP_256,
                             .destination_context = {"a", "b"}},
               "InvalidKeyUsageException",
               "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.");
    scene_clear(&scene);
}

static void source_completely_before_destination(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    static const char *const destinations[] = {"alias/none", "not-an-id", UNKNOWN_ID};
    for (size_t i = 0; i < COUNT(destinations); i++) {
        wish_error(fixture, (struct wish){.blob = scene.off_blob, .destination = destinations[i]}, "DisabledException",
                   text("%s is disabled.", scene.off.arn));
        wish_error(fixture, (struct wish){.blob = scene.garbage, .destination = destinations[i]},
                   "InvalidCiphertextException", NULL);
    }
    wish_error(fixture, (struct wish){.blob = scene.off_blob, .destination = scene.gone.id}, "DisabledException",
               text("%s is disabled.", scene.off.arn));
    scene_clear(&scene);
}

static void destination_before_decryption(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    struct wish wish = {.blob = scene.blob, .destination = scene.gone.id, .source_context = {"wrong", "context"}};
    wish_error(fixture, wish, "KMSInvalidStateException", text("%s is pending deletion.", scene.gone.arn));
    wish.destination = scene.open.id;
    wish_error(fixture, wish, "UnsupportedOperationException",
               text("%s is sealed and %s is open. Data under a sealed key can only be re-encrypted to sealed keys.",
                    scene.good.arn, scene.open.arn));
    /* A material that nobody knows is found out by decrypting: after the destination. */
    memset(scene.blob.data + 2 + KEY_ID_BYTES, 0x77, MATERIAL_ID_BYTES);
    wish.destination = "alias/none";
    wish_error(fixture, wish, "NotFoundException", "Alias " ARN("alias/none") " is not found.");
    wish.destination = scene.other.id;
    wish_error(fixture, wish, "InvalidCiphertextException", NULL);
    scene_clear(&scene);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shape_before_everything),
        TEST(members_before_keys),
        TEST(source_key_before_ciphertext_before_match_before_permission),
        TEST(ids_that_do_not_belong_together_are_no_ciphertext),
        TEST(permission_before_state),
        TEST(state_before_algorithm_before_context),
        TEST(source_completely_before_destination),
        TEST(destination_before_decryption),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
