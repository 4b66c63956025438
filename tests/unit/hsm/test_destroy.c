/* Taking keys off the token, the token's random bytes, and data keys in plaintext. */
#include "fixture.h"

#include "base/uuid.h"

#include <string.h>

static struct hsm_key made_open(struct fixture *fixture)
{
    struct hsm_key key = {.spec = HSM_SPEC_AES_256, .boundary = HSM_OPEN};
    uuid_random(key.key_id);
    assert_hsm(HSM_OK, hsm_rewrap_make_open(fixture->rewrap, HSM_SPEC_AES_256, key.material_id));
    return key;
}

struct search {
    const uint8_t *material_id;
    unsigned found;
};

static bool look(void *state, const struct hsm_object *object)
{
    struct search *search = state;
    search->found += memcmp(object->material_id, search->material_id, sizeof object->material_id) == 0;
    return true;
}

static unsigned listed(struct fixture *fixture, const struct hsm_key *key)
{
    struct search search = {.material_id = key->material_id};
    hsm_rewrap_objects(fixture->rewrap, look, &search);
    return search.found;
}

static struct hsm_result use(struct fixture *fixture, const struct hsm_key *key)
{
    struct hsm_side side = fixture_side(key);
    struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct hsm_result result =
        hsm_rewrap_encrypt(fixture->rewrap, &side, view_of((const uint8_t *)"payload", 7), &blob);
    buffer_clear(&blob);
    return result;
}

static void test_open_keys_go(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_key key = made_open(fixture);
    struct hsm_key other = made_open(fixture);
    assert_int_equal(listed(fixture, &key), 1);
    assert_hsm(HSM_OK, hsm_rewrap_destroy(fixture->rewrap, &key));
    assert_int_equal(listed(fixture, &key), 0);
    assert_hsm(HSM_KEY_NOT_FOUND, use(fixture, &key));
    assert_hsm(HSM_OK, hsm_rewrap_destroy(fixture->rewrap, &key)); /* there is none any more */
    assert_hsm(HSM_OK, hsm_rewrap_refresh(fixture->rewrap));
    assert_int_equal(listed(fixture, &key), 0);
    assert_int_equal(listed(fixture, &other), 1);
    assert_hsm(HSM_OK, use(fixture, &other));
}

/* An object that cannot be seen without the login is not taken for one that is gone. */
static void test_no_login(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_key key = made_open(fixture);
    assert_hsm(HSM_OK, hsm_token_logout(fixture->token));
    assert_hsm(HSM_TOKEN_UNAVAILABLE, hsm_rewrap_destroy(fixture->rewrap, &key));
    assert_hsm(HSM_OK, fixture_renew(fixture));
    assert_hsm(HSM_OK, hsm_rewrap_renew(fixture->rewrap));
    assert_int_equal(listed(fixture, &key), 1);
    assert_hsm(HSM_OK, use(fixture, &key));
    assert_hsm(HSM_OK, hsm_rewrap_destroy(fixture->rewrap, &key));
    assert_hsm(HSM_KEY_NOT_FOUND, use(fixture, &key));
}

/* The label decides what is destroyed, besides the id: a sealed key with that id stays. */
static void test_only_the_key_that_is_meant(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_key key = fixture->sealed[0];
    key.boundary = HSM_OPEN;
    assert_hsm(HSM_OK, hsm_rewrap_destroy(fixture->rewrap, &key));
    assert_hsm(HSM_OK, use(fixture, &fixture->sealed[0]));
}

static void test_sealed_keys_stay(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_result result = hsm_rewrap_destroy(fixture->rewrap, &fixture->sealed[0]);
    assert_int_equal(result.code, HSM_KEY_KEPT);
    assert_int_equal(result.rv, CKR_ACTION_PROHIBITED);
    assert_int_equal(listed(fixture, &fixture->sealed[0]), 1);
    assert_hsm(HSM_OK, use(fixture, &fixture->sealed[0]));
}

static void test_random(void **state)
{
    struct fixture *fixture = *state;
    static const size_t lengths[] = {1, 31, 1024};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct buffer one = BUFFER_INIT(2048);
        struct buffer two = BUFFER_INIT(2048);
        assert_true(buffer_append(&one, "before", 6));
        assert_hsm(HSM_OK, hsm_rewrap_random(fixture->rewrap, lengths[i], &one));
        assert_hsm(HSM_OK, hsm_rewrap_random(fixture->rewrap, lengths[i], &two));
        assert_int_equal(one.len, 6 + lengths[i]);
        assert_memory_equal(one.data, "before", 6);
        assert_int_equal(two.len, lengths[i]);
        assert_true(lengths[i] == 1 || memcmp(one.data + 6, two.data, two.len) != 0);
        buffer_clear(&one);
        buffer_clear(&two);
    }
    struct buffer small = BUFFER_INIT(10);
    assert_hsm(HSM_TOO_LARGE, hsm_rewrap_random(fixture->rewrap, 0, &small));
    assert_hsm(HSM_TOO_LARGE, hsm_rewrap_random(fixture->rewrap, 1025, &small));
    assert_hsm(HSM_LIMIT, hsm_rewrap_random(fixture->rewrap, 11, &small));
    assert_int_equal(small.len, 0);
    buffer_clear(&small);
}

static void test_data_keys_in_plaintext(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_side side = fixture_side(&fixture->open[0]);
    static const size_t lengths[] = {1, 16, 31, 32, 1024};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
        struct buffer plain = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
        struct buffer again = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
        assert_hsm(HSM_OK, hsm_rewrap_generate(fixture->rewrap, &side, lengths[i], &blob, &plain));
        assert_int_equal(plain.len, lengths[i]);
        assert_hsm(HSM_OK, hsm_rewrap_decrypt(fixture->rewrap, &side, buffer_view(&blob), false, &again));
        assert_int_equal(again.len, plain.len);
        assert_memory_equal(again.data, plain.data, plain.len);
        buffer_clear(&blob);
        buffer_clear(&plain);
        buffer_clear(&again);
    }
    assert_int_equal(fixture_session_objects(fixture), 0);
}

static void test_no_plaintext(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_side sealed = fixture_side(&fixture->sealed[0]);
    struct hsm_side open = fixture_side(&fixture->open[0]);
    struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct buffer plain = BUFFER_INIT(31);
    assert_hsm(HSM_UNSUPPORTED, hsm_rewrap_generate(fixture->rewrap, &sealed, 32, &blob, &plain));
    assert_hsm(HSM_LIMIT, hsm_rewrap_generate(fixture->rewrap, &open, 32, &blob, &plain));
    /* The plaintext is there already when the ciphertext finds no room. */
    struct buffer small = BUFFER_INIT(10);
    assert_hsm(HSM_LIMIT, hsm_rewrap_generate(fixture->rewrap, &open, 16, &small, &plain));
    assert_int_equal(blob.len, 0);
    assert_int_equal(plain.len, 0);
    assert_int_equal(small.len, 0);
    assert_int_equal(fixture_session_objects(fixture), 0);
    buffer_clear(&blob);
    buffer_clear(&plain);
    buffer_clear(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_keys_go),
        cmocka_unit_test(test_only_the_key_that_is_meant),
        cmocka_unit_test(test_no_login),
        cmocka_unit_test(test_sealed_keys_stay),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_no_plaintext),
        cmocka_unit_test(test_data_keys_in_plaintext),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
