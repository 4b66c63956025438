/* The texts of validation errors, letter for letter (KMS.md R-11), and what they never repeat. */
#include "fixture.h"
#include "request/validate.h"

#define MUST "failed to satisfy constraint: Member must "

static void assert_text(const ProtobufCMessage *message, const char *wanted)
{
    char *got = NULL;
    assert_true(operation_validate_message(message, &got));
    if (wanted == NULL) {
        assert_null(got);
        return;
    }
    assert_non_null(got);
    assert_string_equal(got, wanted);
    free(got);
}

static void what_is_missing_is_null(void **state)
{
    (void)state;
    Rewrap__ReEncryptRequest request = REWRAP__RE_ENCRYPT_REQUEST__INIT;
    uint8_t byte = 1;
    request.has_ciphertext_blob = true;
    request.ciphertext_blob = (ProtobufCBinaryData){.data = &byte, .len = 1};
    assert_text(&request.base, "1 validation error detected: Value null at 'destinationKeyId' " MUST "not be null");
    request.has_ciphertext_blob = false;
    assert_text(&request.base, "2 validation errors detected: Value null at 'ciphertextBlob' " MUST
                               "not be null; Value null at 'destinationKeyId' " MUST "not be null");
    char id[] = "x";
    request.destination_key_id = id;
    request.has_ciphertext_blob = true;
    assert_text(&request.base, NULL);
}

static void a_ciphertext_may_be_missing_where_it_is_ignored(void **state)
{
    (void)state;
    Rewrap__DryRunModifierType__Value ignore = REWRAP__DRY_RUN_MODIFIER_TYPE__VALUE__IGNORE_CIPHERTEXT;
    Rewrap__DecryptRequest request = REWRAP__DECRYPT_REQUEST__INIT;
    const char *missing = "1 validation error detected: Value null at 'ciphertextBlob' " MUST "not be null";
    request.n_dry_run_modifiers = 1;
    request.dry_run_modifiers = &ignore;
    assert_text(&request.base, missing);
    request.has_dry_run = true;
    request.dry_run = true;
    assert_text(&request.base, NULL);
    request.n_dry_run_modifiers = 0;
    assert_text(&request.base, missing);
    /* What is there must be right all the same. */
    request.n_dry_run_modifiers = 1;
    request.has_ciphertext_blob = true;
    assert_text(&request.base, "1 validation error detected: Value at 'ciphertextBlob' " MUST
                               "have length greater than or equal to 1");
}

static void values_are_quoted_as_given(void **state)
{
    (void)state;
    Rewrap__CreateAliasRequest request = REWRAP__CREATE_ALIAS_REQUEST__INIT;
    char name[] = "alias/it's \xC3\xA4 'name'";
    char id[] = "";
    request.alias_name = name;
    request.target_key_id = id;
    assert_text(&request.base, "2 validation errors detected: Value 'alias/it's \xC3\xA4 'name'' at 'aliasName' " MUST
                               "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$; Value '' at 'targetKeyId' " MUST
                               "have length greater than or equal to 1");
    name[0] = '\0';
    id[0] = 'x';
    request.target_key_id = name;
    request.alias_name = name;
    /* An empty text breaks the pattern too: it wants one character at least. */
    assert_text(&request.base, "3 validation errors detected: Value '' at 'aliasName' " MUST
                               "have length greater than or equal to 1; Value '' at 'aliasName' " MUST
                               "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$; Value '' at 'targetKeyId' " MUST
                               "have length greater than or equal to 1");
    Rewrap__CreateKeyRequest create = REWRAP__CREATE_KEY_REQUEST__INIT;
    create.policy = name;
    create.xks_key_id = name;
    assert_text(
        &create.base,
        "4 validation errors detected: Value '' at 'policy' " MUST
        "have length greater than or equal to 1; Value '' at 'policy' " MUST
        "satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+; Value '' at 'xksKeyId' " MUST
        "have length greater than or equal to 1; Value '' at 'xksKeyId' " MUST
        "satisfy regular expression pattern: ^[a-zA-Z0-9-_.]+$");
    Rewrap__ListKeysRequest list = REWRAP__LIST_KEYS_REQUEST__INIT;
    list.marker = name;
    assert_text(&list.base,
                "1 validation error detected: Value '' at 'marker' " MUST "have length greater than or equal to 1");
}

static void one_value_may_break_two_rules(void **state)
{
    (void)state;
    Rewrap__DeleteAliasRequest request = REWRAP__DELETE_ALIAS_REQUEST__INIT;
    request.alias_name = repeated('*', 257);
    assert_text(&request.base, text("2 validation errors detected: Value '%s' at 'aliasName' " MUST
                                    "have length less than or equal to 256; Value '%s' at 'aliasName' " MUST
                                    "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
                                    request.alias_name, request.alias_name));
    free(request.alias_name);
}

static void secrets_are_not_repeated(void **state)
{
    (void)state;
    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    char id[] = "x";
    char *long_token = repeated('t', 8193);
    char empty[] = "";
    char *tokens[11] = {id, long_token, empty, id, id, id, id, id, id, id, id};
    request.key_id = id;
    request.has_plaintext = true;
    request.plaintext.data = (uint8_t *)repeated('p', 4097);
    request.plaintext.len = 4097;
    request.n_grant_tokens = 3;
    request.grant_tokens = tokens;
    assert_text(&request.base, "3 validation errors detected: Value at 'plaintext' " MUST
                               "have length less than or equal to 4096; Value at 'grantTokens.2.member' " MUST
                               "have length less than or equal to 8192; Value at 'grantTokens.3.member' " MUST
                               "have length greater than or equal to 1");
    request.plaintext.len = 1;
    request.n_grant_tokens = 11;
    assert_text(&request.base,
                "1 validation error detected: Value at 'grantTokens' " MUST "have length less than or equal to 10");
    free(request.plaintext.data);
    free(long_token);
}

static void numbers_of_no_enumeration_show_the_value_set(void **state)
{
    (void)state;
    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    uint8_t byte = 1;
    char id[] = "x";
    request.key_id = id;
    request.has_plaintext = true;
    request.plaintext = (ProtobufCBinaryData){.data = &byte, .len = 1};
    request.has_encryption_algorithm = true;
    request.encryption_algorithm = (Rewrap__EncryptionAlgorithmSpec__Value)99;
    assert_text(&request.base,
                "1 validation error detected: Value '99' at 'encryptionAlgorithm' " MUST
                "satisfy enum value set: [RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT]");

    Rewrap__ReEncryptRequest other = REWRAP__RE_ENCRYPT_REQUEST__INIT;
    Rewrap__DryRunModifierType__Value modifiers[] = {REWRAP__DRY_RUN_MODIFIER_TYPE__VALUE__IGNORE_CIPHERTEXT,
                                                     (Rewrap__DryRunModifierType__Value)-7};
    other.has_ciphertext_blob = true;
    other.ciphertext_blob = request.plaintext;
    other.destination_key_id = id;
    other.n_dry_run_modifiers = 2;
    other.dry_run_modifiers = modifiers;
    assert_text(&other.base, "1 validation error detected: Value '-7' at 'dryRunModifiers.2.member' " MUST
                             "satisfy enum value set: [IGNORE_CIPHERTEXT]");

    Rewrap__CreateKeyRequest key = REWRAP__CREATE_KEY_REQUEST__INIT;
    key.has_key_spec = true;
    key.key_spec = (Rewrap__KeySpec__Value)0;
    assert_text(
        &key.base,
        "1 validation error detected: Value '0' at 'keySpec' " MUST
        "satisfy enum value set: [RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, "
        "ECC_SECG_P256K1, SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, HMAC_512, SM2, ML_DSA_44, ML_DSA_65, "
        "ML_DSA_87, ECC_NIST_EDWARDS25519]");
}

static void nested_members_are_named_by_their_path(void **state)
{
    (void)state;
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    Rewrap__Tag good = REWRAP__TAG__INIT, bad = REWRAP__TAG__INIT;
    char key[] = "k", empty[] = "";
    good.tag_key = key;
    good.tag_value = empty;
    bad.tag_key = empty;
    Rewrap__Tag *tags[] = {&good, &bad};
    request.n_tags = 2;
    request.tags = tags;
    assert_text(&request.base,
                "2 validation errors detected: Value '' at 'tags.2.member.tagKey' " MUST
                "have length greater than or equal to 1; Value null at 'tags.2.member.tagValue' " MUST "not be null");
}

static void integers_have_ranges(void **state)
{
    (void)state;
    Rewrap__ListKeysRequest request = REWRAP__LIST_KEYS_REQUEST__INIT;
    request.has_limit = true;
    request.limit = 1001;
    assert_text(&request.base,
                "1 validation error detected: Value '1001' at 'limit' " MUST "have value less than or equal to 1000");
    request.limit = -2147483647 - 1;
    assert_text(&request.base, "1 validation error detected: Value '-2147483648' at 'limit' " MUST
                               "have value greater than or equal to 1");
}

/* The model's range is wider than what the service allows: each limit is named by the value that is beyond it. */
static void a_page_of_aliases_has_two_limits(void **state)
{
    (void)state;
    Rewrap__ListAliasesRequest request = REWRAP__LIST_ALIASES_REQUEST__INIT;
    static const struct {
        int32_t limit;
        const char *words; /* NULL: it is taken */
    } rows[] = {
        {0, "greater than or equal to 1"},
        {1, NULL},
        {100, NULL},
        {101, "less than or equal to 100"},
        {1000, "less than or equal to 100"},
        {1001, "less than or equal to 1000"},
        {INT32_MAX, "less than or equal to 1000"},
    };
    request.has_limit = true;
    for (size_t i = 0; i < COUNT(rows); i++) {
        request.limit = rows[i].limit;
        assert_text(&request.base,
                    rows[i].words == NULL
                        ? NULL
                        : text("1 validation error detected: Value '%d' at 'limit' " MUST "have value %s",
                               rows[i].limit, rows[i].words));
    }
}

static void characters_are_counted_and_not_bytes(void **state)
{
    (void)state;
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    char *umlauts = malloc(2 * 8193 + 1);
    assert_non_null(umlauts);
    for (size_t i = 0; i < 8193; i++) {
        memcpy(umlauts + 2 * i, "\xC3\xB6", 2);
    }
    umlauts[2 * 8192] = '\0';
    request.description = umlauts;
    assert_text(&request.base, NULL);
    umlauts[2 * 8192] = '\xC3';
    umlauts[2 * 8193] = '\0';
    char *got = NULL;
    assert_true(operation_validate_message(&request.base, &got));
    assert_non_null(got);
    assert_non_null(strstr(got, "have length less than or equal to 8192"));
    /* Longer than what is repeated: cut between two characters. */
    assert_non_null(strstr(got, "\xC3\xB6...' at 'description'"));
    free(got);
    free(umlauts);
}

static void an_error_is_not_a_way_to_have_much_sent(void **state)
{
    (void)state;
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    char *huge = repeated('x', 300000);
    Rewrap__Tag tag = REWRAP__TAG__INIT;
    tag.tag_key = huge;
    tag.tag_value = huge;
    Rewrap__Tag *tags[200];
    for (size_t i = 0; i < COUNT(tags); i++) {
        tags[i] = &tag;
    }
    request.n_tags = COUNT(tags);
    request.tags = tags;
    char *got = NULL;
    assert_true(operation_validate_message(&request.base, &got));
    assert_non_null(got);
    assert_true(strlen(got) < 150000);
    /* The number is that of the clauses that follow. */
    size_t clauses = 0;
    for (const char *at = got; (at = strstr(at, MUST)) != NULL; at++) {
        clauses++;
    }
    assert_int_equal(clauses, strtoul(got, NULL, 10));
    free(got);

    char empty[] = "";
    tag.tag_key = empty;
    assert_true(operation_validate_message(&request.base, &got));
    assert_true(strtoul(got, NULL, 10) <= 64);
    free(got);
    free(huge);
}

static void patterns_hold_at_their_edges(void **state)
{
    (void)state;
    Rewrap__ListKeysRequest request = REWRAP__LIST_KEYS_REQUEST__INIT;
    static const struct {
        const char *marker;
        bool matches;
    } rows[] = {{" ", true},        {"\x7F", true},          {"\xC2\x80", true},
                {"\xC3\xBF", true}, {"\xC4\x80", false},     {"\x1F", false},
                {"a\tb", false},    {"\xE2\x82\xAC", false}, {"\xF0\x9F\x94\x91", false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *marker = strdup(rows[i].marker);
        request.marker = marker;
        char *got = NULL;
        assert_true(operation_validate_message(&request.base, &got));
        if ((got == NULL) != rows[i].matches) {
            fail_msg("row %zu", i);
        }
        free(got);
        free(marker);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_null),
        cmocka_unit_test(a_ciphertext_may_be_missing_where_it_is_ignored),
        cmocka_unit_test(values_are_quoted_as_given),
        cmocka_unit_test(one_value_may_break_two_rules),
        cmocka_unit_test(secrets_are_not_repeated),
        cmocka_unit_test(numbers_of_no_enumeration_show_the_value_set),
        cmocka_unit_test(nested_members_are_named_by_their_path),
        cmocka_unit_test(integers_have_ranges),
        cmocka_unit_test(a_page_of_aliases_has_two_limits),
        cmocka_unit_test(characters_are_counted_and_not_bytes),
        cmocka_unit_test(an_error_is_not_a_way_to_have_much_sent),
        cmocka_unit_test(patterns_hold_at_their_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
