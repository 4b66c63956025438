/* DescribeKey, and the four forms of a key identifier through it (KMS.md ). */
#include "fixture.h"

#include "base/hex.h"

static Rewrap__DescribeKeyRequest describe(const char *key_id)
{
    Rewrap__DescribeKeyRequest request = REWRAP__DESCRIBE_KEY_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    return request;
}

static void four_forms_name_one_key(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    fixture_alias(fixture, ACCOUNT, "alias/team/payroll_1-x", &key);
    const char *const forms[] = {key.id, key.arn, "alias/team/payroll_1-x", ARN("alias/team/payroll_1-x")};
    char material[2 * MATERIAL_ID_BYTES + 1];
    hex_encode(view_of(key.material_id, MATERIAL_ID_BYTES), material);
    for (size_t i = 0; i < COUNT(forms); i++) {
        Rewrap__DescribeKeyRequest request = describe(forms[i]);
        struct reply reply;
        assert_success(fixture, "DescribeKey", &request.base, &reply);
        const Rewrap__KeyMetadata *metadata = ((const Rewrap__DescribeKeyResponse *)reply.body)->key_metadata;
        assert_string_equal(metadata->key_id, key.id);
        assert_string_equal(metadata->arn, key.arn);
        assert_string_equal(metadata->current_key_material_id, material);
        reply_clear(&reply);
    }
    /* Names are matched letter for letter. */
    Rewrap__DescribeKeyRequest request = describe("alias/team/Payroll_1-x");
    assert_error(fixture, "DescribeKey", &request.base, "NotFoundException",
                 "Alias " ARN("alias/team/Payroll_1-x") " is not found.");
}

static void every_state_can_be_described(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        enum key_state state;
        int shown;
        bool enabled;
    } rows[] = {{KEY_STATE_ENABLED, REWRAP__KEY_STATE__VALUE__Enabled, true},
                {KEY_STATE_DISABLED, REWRAP__KEY_STATE__VALUE__Disabled, false},
                {KEY_STATE_PENDING_DELETION, REWRAP__KEY_STATE__VALUE__PendingDeletion, false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture_key key = fixture_key(fixture, &(struct registry_key){.state = rows[i].state});
        Rewrap__DescribeKeyRequest request = describe(key.id);
        struct reply reply;
        assert_success(fixture, "DescribeKey", &request.base, &reply);
        const Rewrap__KeyMetadata *metadata = ((const Rewrap__DescribeKeyResponse *)reply.body)->key_metadata;
        assert_int_equal(metadata->key_state, rows[i].shown);
        assert_int_equal(metadata->enabled, rows[i].enabled);
        reply_clear(&reply);
    }
}

static void an_rsa_key_shows_its_algorithms(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_3072});
    Rewrap__DescribeKeyRequest request = describe(key.id);
    struct reply reply;
    assert_success(fixture, "DescribeKey", &request.base, &reply);
    const Rewrap__KeyMetadata *metadata = ((const Rewrap__DescribeKeyResponse *)reply.body)->key_metadata;
    assert_int_equal(metadata->key_spec, REWRAP__KEY_SPEC__VALUE__RSA_3072);
    assert_int_equal(metadata->n_encryption_algorithms, 2);
    assert_null(metadata->current_key_material_id); /* symmetric keys only */
    reply_clear(&reply);
    fixture->main->n_algorithms = 2; /* the token does not offer the last */
    assert_success(fixture, "DescribeKey", &request.base, &reply);
    metadata = ((const Rewrap__DescribeKeyResponse *)reply.body)->key_metadata;
    assert_int_equal(metadata->n_encryption_algorithms, 1);
    assert_int_equal(metadata->encryption_algorithms[0], REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__RSAES_OAEP_SHA_1);
    reply_clear(&reply);
}

static void a_token_that_is_not_configured_has_no_level(void **state)
{
    struct fixture *fixture = *state;
    char gone[] = "gone";
    struct fixture_key key = fixture_key(fixture, &(struct registry_key){.token = gone});
    Rewrap__DescribeKeyRequest request = describe(key.id);
    struct reply reply;
    assert_success(fixture, "DescribeKey", &request.base, &reply);
    const Rewrap__KeyMetadata *metadata = ((const Rewrap__DescribeKeyResponse *)reply.body)->key_metadata;
    assert_false(metadata->has_protection_level);
    assert_string_equal(metadata->token, "gone");
    reply_clear(&reply);
    fixture->main->level = (Hsm__Level)0; /* no Hello yet */
    struct fixture_key on_main = fixture_sealed(fixture);
    request = describe(on_main.id);
    assert_success(fixture, "DescribeKey", &request.base, &reply);
    assert_false(((const Rewrap__DescribeKeyResponse *)reply.body)->key_metadata->has_protection_level);
    reply_clear(&reply);
}

static void a_foreign_key_is_as_good_as_none(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key theirs = fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT});
    Rewrap__DescribeKeyRequest request = describe(theirs.arn);
    struct reply one, two;
    fixture_call(fixture, "DescribeKey", &request.base, &one);
    request = describe("arn:aws:kms:eu-central-1:" OTHER_ACCOUNT ":key/" UNKNOWN_ID);
    fixture_call(fixture, "DescribeKey", &request.base, &two);
    assert_string_equal(one.code, "AccessDeniedException");
    assert_string_equal(one.code, two.code);
    assert_string_equal(one.message, two.message);
    reply_clear(&one);
    reply_clear(&two);
    fixture->principal = BOB;
    request = describe(theirs.id);
    assert_success(fixture, "DescribeKey", &request.base, &one);
    reply_clear(&one);
}

static void a_grant_token_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    Rewrap__DescribeKeyRequest request = describe(key.id);
    char token[] = "t", *tokens[] = {token};
    request.grant_tokens = tokens;
    request.n_grant_tokens = 1;
    assert_error(fixture, "DescribeKey", &request.base, "InvalidGrantTokenException", "The grant token is not valid.");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(four_forms_name_one_key),          TEST(every_state_can_be_described),
        TEST(an_rsa_key_shows_its_algorithms),  TEST(a_token_that_is_not_configured_has_no_level),
        TEST(a_foreign_key_is_as_good_as_none), TEST(a_grant_token_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
