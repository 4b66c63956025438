/* Which object is the binding root, whatever else bears its label. */
#include "worker_client.h"

#include "hsm/ceremony.h"
#include "keys/binding.h"
#include "objects/classes.h"
#include "p11/p11_call.h"
#include "proto/message.h"

#include <string.h>

#define DECOYS 17

static CK_OBJECT_HANDLE plant(struct fixture *fixture, CK_BBOOL private)
{
    static uint8_t value[32] = {1};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE;
    char label[] = LABEL_BINDING_ROOT;
    CK_ATTRIBUTE list[] = {
        {CKA_CLASS, &class, sizeof class},       {CKA_KEY_TYPE, &type, sizeof type},   {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &private, sizeof private}, {CKA_LABEL, label, sizeof label - 1}, {CKA_SIGN, &yes, sizeof yes},
        {CKA_VALUE, value, sizeof value},
    };
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    assert_int_equal(p11_create_object(fixture->token, list, sizeof list / sizeof list[0], &object), CKR_OK);
    return object;
}

/* Made by somebody without a PIN, who can write public objects only. */
static void test_decoys_made_without_login(void **state)
{
    struct fixture *fixture = *state;
    CK_OBJECT_HANDLE decoys[DECOYS];
    struct binding *binding = NULL;
    assert_hsm(HSM_OK, hsm_token_logout(fixture->token));
    for (size_t i = 0; i < DECOYS; i++) {
        decoys[i] = plant(fixture, CK_FALSE);
    }
    fixture_login(fixture, HSM_USER, FIXTURE_USER_PIN);
    assert_hsm(HSM_OK, binding_new(fixture->token, NULL, &binding));
    binding_free(binding);
    for (size_t i = 0; i < DECOYS; i++) {
        assert_int_equal(p11_destroy_object(fixture->token, decoys[i]), CKR_OK);
    }
}

static void test_decoys_made_with_the_user_pin(void **state)
{
    struct fixture *fixture = *state;
    CK_OBJECT_HANDLE decoys[DECOYS];
    struct binding *binding = NULL;
    for (size_t i = 0; i < DECOYS; i++) {
        decoys[i] = plant(fixture, CK_TRUE);
    }
    assert_hsm(HSM_OK, binding_new(fixture->token, NULL, &binding));
    binding_free(binding);
    for (size_t i = 0; i < DECOYS; i++) {
        assert_int_equal(p11_destroy_object(fixture->token, decoys[i]), CKR_OK);
    }
}

static void make_root(struct fixture *fixture, const uint8_t id[MATERIAL_ID_BYTES])
{
    struct attributes_wish wish = {
        .on_token = true, .label = LABEL_BINDING_ROOT, .id = id, .id_len = MATERIAL_ID_BYTES};
    struct attributes_template template;
    CK_OBJECT_HANDLE root = CK_INVALID_HANDLE;
    attributes_create(ATTRIBUTES_BINDING_ROOT, &wish, &template);
    CK_RV rv = p11_generate_key(fixture->token, CKM_GENERIC_SECRET_KEY_GEN, template.list, template.n, &root);
    assert_int_equal(rv, CKR_OK);
}

static struct ceremony_object only_root(struct fixture *fixture)
{
    struct ceremony_survey survey;
    assert_hsm(HSM_OK, ceremony_survey(fixture->token, &survey));
    assert_int_equal(ceremony_survey_count(&survey, CEREMONY_BINDING_ROOT, 0, true), 1);
    assert_int_equal(survey.objects[0].role, CEREMONY_BINDING_ROOT);
    struct ceremony_object root = survey.objects[0];
    ceremony_survey_clear(&survey);
    return root;
}

/* The status of its Hello, or -1 when it gave none. */
static int start_worker(struct fixture *fixture, uint8_t *check, size_t check_len)
{
    struct worker_client client;
    worker_client_start(&client);
    Hsm__Configure configure = worker_client_configuration(fixture->pin_file);
    configure.has_binding_check = check != NULL;
    configure.binding_check = (ProtobufCBinaryData){check_len, check};
    Hsm__Response *response = worker_client_ask_configure(&client, &configure);
    int status = response->hello == NULL ? -1 : (int)response->hello->status;
    proto_free(&response->base);
    worker_client_stop(&client);
    return status;
}

static void begin_anew(struct fixture *fixture, const uint8_t *check)
{
    hsm_rewrap_free(fixture->rewrap);
    fixture->rewrap = NULL;
    assert_hsm(HSM_OK, hsm_rewrap_new(fixture->token, &fixture->profile, 1000, check, &fixture->rewrap));
}

/* The right root is told by what it computes, when somebody with the user PIN made another one that passes. */
static void test_a_second_root_that_passes(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_side side = fixture_side(&fixture->sealed[0]);
    struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct binding *binding = NULL;
    struct ceremony_object root = only_root(fixture);
    uint8_t other[HSM_BINDING_CHECK_BYTES] = {0};
    assert_memory_not_equal(root.check, other, sizeof other);
    begin_anew(fixture, NULL); /* handles do not outlive the logout above */
    assert_hsm(HSM_OK, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of_string("payload"), &blob));

    assert_hsm(HSM_OK, binding_new(fixture->token, root.check, &binding));
    binding_free(binding);
    binding = NULL;
    struct hsm_result result = binding_new(fixture->token, other, &binding);
    assert_hsm(HSM_NO_CEREMONY, result);
    assert_non_null(strstr(result.what, "check value"));

    make_root(fixture, root.material_id);
    assert_hsm(HSM_KEY_AMBIGUOUS, binding_new(fixture->token, NULL, &binding));
    assert_hsm(HSM_NO_CEREMONY, binding_new(fixture->token, other, &binding));
    assert_null(binding);
    begin_anew(fixture, root.check);
    struct buffer moved = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_hsm(HSM_OK, hsm_rewrap_re_encrypt(fixture->rewrap, &side, &side, buffer_view(&blob), false, &moved));
    buffer_clear(&moved);
    buffer_clear(&blob);

    assert_int_equal(start_worker(fixture, NULL, 0), HSM__HELLO_STATUS__HELLO_TOKEN_FAULT);
    assert_int_equal(start_worker(fixture, other, sizeof other), HSM__HELLO_STATUS__HELLO_NO_CEREMONY);
    assert_int_equal(start_worker(fixture, root.check, sizeof root.check), HSM__HELLO_STATUS__HELLO_READY);
    assert_int_equal(start_worker(fixture, root.check, sizeof root.check - 1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decoys_made_without_login), cmocka_unit_test(test_decoys_made_with_the_user_pin),
        cmocka_unit_test(test_a_second_root_that_passes), /* last: it cannot be destroyed */
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
