/* CreateKey: what it makes, and what it refuses (KMS.md ). */
#include "fixture.h"

static struct reply created(struct fixture *fixture, const Rewrap__CreateKeyRequest *request)
{
    struct reply reply;
    assert_success(fixture, "CreateKey", &request->base, &reply);
    return reply;
}

static const Rewrap__KeyMetadata *metadata_of(const struct reply *reply)
{
    return ((const Rewrap__CreateKeyResponse *)reply->body)->key_metadata;
}

static void a_key_is_sealed_unless_it_is_said_to_be_open(void **state)
{
    struct fixture *fixture = *state;
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    char description[] = "payroll \xE2\x82\xAC";
    request.description = description;
    struct reply reply = created(fixture, &request);
    const Rewrap__KeyMetadata *metadata = metadata_of(&reply);
    assert_string_equal(metadata->aws_account_id, ACCOUNT);
    uint8_t key_id[KEY_ID_BYTES];
    assert_true(uuid_parse(metadata->key_id, key_id));
    assert_string_equal(metadata->arn, text(ARN("key/%s"), metadata->key_id));
    assert_string_equal(metadata->description, description);
    assert_true(metadata->has_enabled && metadata->enabled);
    assert_int_equal(metadata->key_state, REWRAP__KEY_STATE__VALUE__Enabled);
    assert_int_equal(metadata->key_usage, REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT);
    assert_int_equal(metadata->key_spec, REWRAP__KEY_SPEC__VALUE__SYMMETRIC_DEFAULT);
    assert_int_equal(metadata->customer_master_key_spec, REWRAP__KEY_SPEC__VALUE__SYMMETRIC_DEFAULT);
    assert_int_equal(metadata->origin, REWRAP__ORIGIN_TYPE__VALUE__AWS_KMS);
    assert_int_equal(metadata->key_manager, REWRAP__KEY_MANAGER_TYPE__VALUE__CUSTOMER);
    assert_true(metadata->has_multi_region && !metadata->multi_region);
    assert_int_equal(metadata->n_encryption_algorithms, 1);
    assert_int_equal(metadata->encryption_algorithms[0], REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT);
    assert_int_equal(metadata->creation_date->seconds, 1700000000);
    assert_int_equal(metadata->creation_date->nanos, 123000000);
    assert_int_equal(strlen(metadata->current_key_material_id), 64);
    assert_int_equal(metadata->boundary, REWRAP__BOUNDARY_TYPE__VALUE__SEALED);
    assert_int_equal(metadata->protection_level, REWRAP__PROTECTION_LEVEL__VALUE__sealed);
    assert_string_equal(metadata->token, "main");
    assert_null(metadata->custom_key_store_id);

    const struct registry_key *key = registry_key_find(fixture->registry, key_id);
    assert_non_null(key);
    assert_memory_equal(key->materials[0].id, fixture->main->stock[0].material_id, MATERIAL_ID_BYTES);
    assert_int_equal(fake_workers_submitted(fixture->workers), 0); /* a spare costs the token nothing */
    reply_clear(&reply);
}

static void an_open_key_is_made_by_the_token(void **state)
{
    struct fixture *fixture = *state;
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    request.has_boundary = true;
    request.boundary = REWRAP__BOUNDARY_TYPE__VALUE__OPEN;
    struct reply reply = created(fixture, &request);
    const Rewrap__KeyMetadata *metadata = metadata_of(&reply);
    assert_int_equal(metadata->boundary, REWRAP__BOUNDARY_TYPE__VALUE__OPEN);
    assert_false(metadata->has_protection_level);
    assert_string_equal(metadata->description, "");
    assert_int_equal(fake_workers_submitted(fixture->workers), 1);
    assert_int_equal(fake_workers_last_kind(fixture->workers), HSM__REQUEST__BODY_MAKE_OPEN_KEY);
    reply_clear(&reply);
}

static void the_tag_says_it_for_clients_of_aws(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *value;
        int member; /* 0: left out */
        int boundary;
    } rows[] = {
        {"open", 0, REWRAP__BOUNDARY_TYPE__VALUE__OPEN},
        {"OPEN", REWRAP__BOUNDARY_TYPE__VALUE__OPEN, REWRAP__BOUNDARY_TYPE__VALUE__OPEN},
        {"Sealed", 0, REWRAP__BOUNDARY_TYPE__VALUE__SEALED},
        {"sealed", REWRAP__BOUNDARY_TYPE__VALUE__SEALED, REWRAP__BOUNDARY_TYPE__VALUE__SEALED},
    };
    Rewrap__Tag tag = REWRAP__TAG__INIT;
    Rewrap__Tag *tags[] = {&tag};
    char name[] = "rewrapd:boundary";
    tag.tag_key = name;
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    request.n_tags = 1;
    request.tags = tags;
    for (size_t i = 0; i < COUNT(rows); i++) {
        tag.tag_value = (char *)(uintptr_t)rows[i].value;
        request.has_boundary = rows[i].member != 0;
        request.boundary = (Rewrap__BoundaryType__Value)rows[i].member;
        struct reply reply = created(fixture, &request);
        assert_int_equal(metadata_of(&reply)->boundary, rows[i].boundary);
        uint8_t key_id[KEY_ID_BYTES];
        assert_true(uuid_parse(metadata_of(&reply)->key_id, key_id));
        const struct registry_key *key = registry_key_find(fixture->registry, key_id);
        assert_int_equal(key->n_tags, 1); /* the tag stays a tag */
        assert_string_equal(key->tags[0].key, name);
        assert_string_equal(key->tags[0].value, rows[i].value);
        reply_clear(&reply);
    }
    char open[] = "open", nonsense[] = "shut";
    tag.tag_value = open;
    request.has_boundary = true;
    request.boundary = REWRAP__BOUNDARY_TYPE__VALUE__SEALED;
    assert_error(fixture, "CreateKey", &request.base, "ValidationException",
                 "Boundary and the tag rewrapd:boundary contradict each other.");
    tag.tag_value = nonsense;
    request.has_boundary = false;
    assert_error(fixture, "CreateKey", &request.base, "ValidationException",
                 "The tag rewrapd:boundary must be sealed or open, not 'shut'.");
}

static void spec_and_usage_belong_together(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        int spec, legacy_spec, usage; /* 0: left out */
        const char *code, *text;
    } rows[] = {
        {REWRAP__KEY_SPEC__VALUE__RSA_2048, 0, 0, "ValidationException",
         "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."},
        {0, REWRAP__KEY_SPEC__VALUE__HMAC_256, 0, "ValidationException",
         "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."},
        {0, 0, REWRAP__KEY_USAGE_TYPE__VALUE__SIGN_VERIFY, "ValidationException",
         "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT"},
        {REWRAP__KEY_SPEC__VALUE__HMAC_512, 0, REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT, "ValidationException",
         "KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec HMAC_512"},
        {REWRAP__KEY_SPEC__VALUE__RSA_3072, 0, REWRAP__KEY_USAGE_TYPE__VALUE__KEY_AGREEMENT, "ValidationException",
         "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_3072"},
        {REWRAP__KEY_SPEC__VALUE__RSA_2048, REWRAP__KEY_SPEC__VALUE__RSA_2048,
         REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT, "ValidationException",
         "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is "
         "deprecated."},
#define ONLY                                                                                                           \
    "rewrapd makes keys for encryption only: SYMMETRIC_DEFAULT, RSA_2048, RSA_3072 and RSA_4096 with KeyUsage "        \
    "ENCRYPT_DECRYPT, not "
        {REWRAP__KEY_SPEC__VALUE__RSA_4096, 0, REWRAP__KEY_USAGE_TYPE__VALUE__SIGN_VERIFY,
         "UnsupportedOperationException", ONLY "RSA_4096 with SIGN_VERIFY."},
        {REWRAP__KEY_SPEC__VALUE__HMAC_256, 0, REWRAP__KEY_USAGE_TYPE__VALUE__GENERATE_VERIFY_MAC,
         "UnsupportedOperationException", ONLY "HMAC_256 with GENERATE_VERIFY_MAC."},
        {REWRAP__KEY_SPEC__VALUE__SM2, 0, REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT,
         "UnsupportedOperationException", ONLY "SM2 with ENCRYPT_DECRYPT."},
        {REWRAP__KEY_SPEC__VALUE__ECC_NIST_EDWARDS25519, 0, REWRAP__KEY_USAGE_TYPE__VALUE__SIGN_VERIFY,
         "UnsupportedOperationException", ONLY "ECC_NIST_EDWARDS25519 with SIGN_VERIFY."},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
        request.has_key_spec = rows[i].spec != 0;
        request.key_spec = (Rewrap__KeySpec__Value)rows[i].spec;
        request.has_customer_master_key_spec = rows[i].legacy_spec != 0;
        request.customer_master_key_spec = (Rewrap__KeySpec__Value)rows[i].legacy_spec;
        request.has_key_usage = rows[i].usage != 0;
        request.key_usage = (Rewrap__KeyUsageType__Value)rows[i].usage;
        assert_error(fixture, "CreateKey", &request.base, rows[i].code, rows[i].text);
    }
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    request.has_customer_master_key_spec = true;
    request.customer_master_key_spec = REWRAP__KEY_SPEC__VALUE__SYMMETRIC_DEFAULT;
    request.has_key_usage = true;
    request.key_usage = REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT;
    request.has_origin = true;
    request.origin = REWRAP__ORIGIN_TYPE__VALUE__AWS_KMS;
    request.has_multi_region = true; /* false: what every key here is */
    struct reply reply = created(fixture, &request);
    reply_clear(&reply);
}

static void rsa_keys_come_from_the_stock_of_their_spec(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        Rewrap__KeySpec__Value spec;
        Hsm__KeySpec token_spec;
        const char *name;
    } rows[] = {
        {REWRAP__KEY_SPEC__VALUE__RSA_2048, HSM__KEY_SPEC__KEY_SPEC_RSA_2048, "RSA_2048"},
        {REWRAP__KEY_SPEC__VALUE__RSA_3072, HSM__KEY_SPEC__KEY_SPEC_RSA_3072, "RSA_3072"},
        {REWRAP__KEY_SPEC__VALUE__RSA_4096, HSM__KEY_SPEC__KEY_SPEC_RSA_4096, "RSA_4096"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
        request.has_key_spec = true;
        request.key_spec = rows[i].spec;
        request.has_key_usage = true;
        request.key_usage = REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT;
        assert_error(
            fixture, "CreateKey", &request.base, "LimitExceededException",
            text("Token main has no spare sealed %s key left. The custodian adds some with `rewrapctl ceremony "
                 "add --key-spec %s --count N`.",
                 rows[i].name, rows[i].name));
        fake_token_add_spare_of(fixture->main, rows[i].token_spec, (unsigned)(100 + i), true);
        struct reply reply = created(fixture, &request);
        const Rewrap__KeyMetadata *metadata = metadata_of(&reply);
        assert_int_equal(metadata->key_spec, rows[i].spec);
        assert_int_equal(metadata->customer_master_key_spec, rows[i].spec);
        assert_int_equal(metadata->n_encryption_algorithms, 2);
        assert_null(metadata->current_key_material_id);
        uint8_t key_id[KEY_ID_BYTES];
        assert_true(uuid_parse(metadata->key_id, key_id));
        assert_memory_equal(registry_key_find(fixture->registry, key_id)->materials[0].id,
                            fixture->main->stock[fixture->main->n_stock - 1].material_id, MATERIAL_ID_BYTES);
        reply_clear(&reply);

        request.has_boundary = true;
        request.boundary = REWRAP__BOUNDARY_TYPE__VALUE__OPEN;
        reply = created(fixture, &request);
        assert_int_equal(fake_workers_last_made(fixture->workers), rows[i].token_spec);
        assert_int_equal(metadata_of(&reply)->boundary, REWRAP__BOUNDARY_TYPE__VALUE__OPEN);
        reply_clear(&reply);
    }
}

static void a_key_of_no_use_is_not_made(void **state)
{
    struct fixture *fixture = *state;
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    request.has_key_spec = true;
    request.key_spec = REWRAP__KEY_SPEC__VALUE__RSA_2048;
    request.has_key_usage = true;
    request.key_usage = REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT;
    request.has_boundary = true;
    request.boundary = REWRAP__BOUNDARY_TYPE__VALUE__OPEN;
    fixture->main->n_algorithms = 2; /* OAEP with SHA-1 alone: the key has only that */
    struct reply reply = created(fixture, &request);
    assert_int_equal(metadata_of(&reply)->n_encryption_algorithms, 1);
    assert_int_equal(metadata_of(&reply)->encryption_algorithms[0],
                     REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_1);
    reply_clear(&reply);
    fake_workers_next_answer(fixture->workers, HSM__STATUS__STATUS_UNSUPPORTED);
    assert_error(fixture, "CreateKey", &request.base, "UnsupportedOperationException",
                 "Token main (Fake v1) cannot make open RSA_2048 keys.");
    fixture->main->n_algorithms = 1;
    assert_error(fixture, "CreateKey", &request.base, "UnsupportedOperationException",
                 "Token main (Fake v1) cannot do any algorithm of RSA_2048 keys.");
}

static void tags_have_rules(void **state)
{
    struct fixture *fixture = *state;
    Rewrap__Tag tag[51], *tags[51];
    char names[51][8], value[] = "";
    for (size_t i = 0; i < COUNT(tag); i++) {
        rewrap__tag__init(&tag[i]);
        memcpy(names[i], text("t%zu", i), sizeof names[i]);
        tag[i].tag_key = names[i];
        tag[i].tag_value = value;
        tags[i] = &tag[i];
    }
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    request.tags = tags;
    request.n_tags = 50;
    struct reply reply = created(fixture, &request);
    uint8_t key_id[KEY_ID_BYTES];
    assert_true(uuid_parse(metadata_of(&reply)->key_id, key_id));
    assert_int_equal(registry_key_find(fixture->registry, key_id)->n_tags, 50);
    reply_clear(&reply);
    request.n_tags = 51;
    assert_error(fixture, "CreateKey", &request.base, "TagException", "Too many tags");
    request.n_tags = 3;
    tag[2].tag_key = names[0];
    assert_error(fixture, "CreateKey", &request.base, "TagException", "Duplicate tag keys");
    char aws[] = "AWS:x", slip[] = "rewrapd:bondary";
    tag[2].tag_key = aws;
    assert_error(fixture, "CreateKey", &request.base, "TagException", "Tags beginning with aws: are reserved");
    tag[2].tag_key = slip;
    assert_error(fixture, "CreateKey", &request.base, "TagException",
                 "Tags beginning with rewrapd: are reserved; the only one that CreateKey takes is rewrapd:boundary");
}

static void what_this_version_lacks_is_refused_loudly(void **state)
{
    struct fixture *fixture = *state;
    char store[] = "xks-1";
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    request.has_multi_region = request.multi_region = true;
    assert_error(fixture, "CreateKey", &request.base, "UnsupportedOperationException",
                 "Multi-Region keys are not served by rewrapd.");
    request = (Rewrap__CreateKeyRequest)REWRAP__CREATE_KEY_REQUEST__INIT;
    request.xks_key_id = store;
    assert_error(fixture, "CreateKey", &request.base, "UnsupportedOperationException",
                 "External key stores are not served by rewrapd.");
    request = (Rewrap__CreateKeyRequest)REWRAP__CREATE_KEY_REQUEST__INIT;
    request.has_origin = true;
    request.origin = REWRAP__ORIGIN_TYPE__VALUE__EXTERNAL;
    assert_error(fixture, "CreateKey", &request.base, "UnsupportedOperationException",
                 "rewrapd makes keys of origin AWS_KMS only; CustomKeyStoreId chooses the token.");
}

static void a_custom_key_store_is_a_token(void **state)
{
    struct fixture *fixture = *state;
    struct fake_token *second = fake_workers_add_token(fixture->workers, "second");
    fake_token_add_spare(second, 100, false);
    second->level = HSM__LEVEL__LEVEL_SENSITIVE;
    char name[] = "second", nobody[] = "third", main_token[] = "main";
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    request.custom_key_store_id = name;
    struct reply reply = created(fixture, &request);
    assert_string_equal(metadata_of(&reply)->token, "second");
    assert_string_equal(metadata_of(&reply)->custom_key_store_id, "second");
    assert_int_equal(metadata_of(&reply)->protection_level, REWRAP__PROTECTION_LEVEL__VALUE__sensitive);
    reply_clear(&reply);
    request.custom_key_store_id = main_token;
    reply = created(fixture, &request);
    assert_null(metadata_of(&reply)->custom_key_store_id);
    reply_clear(&reply);
    request.custom_key_store_id = nobody;
    assert_error(fixture, "CreateKey", &request.base, "CustomKeyStoreNotFoundException",
                 "There is no token 'third' here.");
}

static void an_account_has_so_many_keys(void **state)
{
    struct fixture *fixture = *state;
    fixture->operations.settings.max_keys_per_account = 2;
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    struct reply reply = created(fixture, &request);
    reply_clear(&reply);
    /* Two at once for the one place that is left: what is on its way counts. */
    struct reply one, two;
    assert_non_null(fixture_start(fixture, "CreateKey", &request.base, &one));
    assert_null(fixture_start(fixture, "CreateKey", &request.base, &two));
    assert_string_equal(two.code, "LimitExceededException");
    assert_string_equal(two.message, "The account has 2 keys, which is as many as it may have.");
    fixture_wait(fixture, &one);
    assert_null(one.code);
    reply_clear(&one);
    reply_clear(&two);
    /* Another account has a count of its own. */
    fixture->principal = BOB;
    reply = created(fixture, &request);
    assert_string_equal(metadata_of(&reply)->aws_account_id, OTHER_ACCOUNT);
    reply_clear(&reply);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_is_sealed_unless_it_is_said_to_be_open),
        TEST(an_open_key_is_made_by_the_token),
        TEST(the_tag_says_it_for_clients_of_aws),
        TEST(spec_and_usage_belong_together),
        TEST(rsa_keys_come_from_the_stock_of_their_spec),
        TEST(a_key_of_no_use_is_not_made),
        TEST(tags_have_rules),
        TEST(what_this_version_lacks_is_refused_loudly),
        TEST(a_custom_key_store_is_a_token),
        TEST(an_account_has_so_many_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
