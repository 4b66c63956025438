/* Which objects count as keys: what somebody with the user PIN puts beside a sealed key changes nothing. */
#include "fixture.h"

#include "hsm/ceremony.h"
#include "keys/binding.h"
#include "keys/keys.h"
#include "objects/attributes.h"
#include "objects/classes.h"
#include "p11/p11_call.h"

#include <stdlib.h>
#include <string.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/* A token AES key of a value that is known, with a label and id of somebody else's: what the user PIN allows. */
static CK_OBJECT_HANDLE plant(struct fixture *fixture, const char *label, const uint8_t *id, CK_ULONG id_len)
{
    static const uint8_t value[32] = {1};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE list[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &no, sizeof no},
        {CKA_SENSITIVE, &yes, sizeof yes},
        {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_WRAP, &yes, sizeof yes},
        {CKA_UNWRAP, &yes, sizeof yes},
        {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
        {CKA_ID, (void *)(uintptr_t)id, id_len},
        {CKA_VALUE, (void *)(uintptr_t)value, sizeof value},
    };
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    assert_int_equal(p11_create_object(fixture->token, list, sizeof list / sizeof list[0], &object), CKR_OK);
    return object;
}

/* An open KEK as the worker makes them, with an id of choice. */
static CK_OBJECT_HANDLE make_open(struct fixture *fixture, const uint8_t *id)
{
    struct attributes_wish wish = {.on_token = true,
                                   .label = key_class_of(HSM_SPEC_AES_256, HSM_OPEN)->label,
                                   .id = id,
                                   .id_len = MATERIAL_ID_BYTES,
                                   .kwp = fixture->profile.kwp};
    struct attributes_template template;
    attributes_create(ATTRIBUTES_OPEN_KEK, &wish, &template);
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    assert_int_equal(p11_generate_key(fixture->token, CKM_AES_KEY_GEN, template.list, template.n, &object), CKR_OK);
    return object;
}

static struct hsm_result find(struct fixture *fixture, size_t max_objects, enum hsm_boundary boundary,
                              const uint8_t *id)
{
    struct keys *keys = NULL;
    struct hsm_result result = keys_new(fixture->token, max_objects, &keys);
    if (result.code != HSM_OK) {
        assert_null(keys);
        return result;
    }
    struct key_handles handles;
    result = keys_find(keys, HSM_SPEC_AES_256, boundary, id, &handles);
    if (result.code == HSM_OK) {
        assert_int_equal(handles.unwrap, handles.wrap);
    }
    keys_free(keys);
    return result;
}

static const char sealed_label[] = "rewrapd:kek:SYMMETRIC_DEFAULT";

static void test_a_planted_key_with_the_same_id_is_ignored(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t *id = fixture->sealed[0].material_id;
    CK_OBJECT_HANDLE planted = plant(fixture, sealed_label, id, MATERIAL_ID_BYTES);
    struct keys *keys = NULL;
    assert_hsm(HSM_OK, keys_new(fixture->token, 1000, &keys));
    struct key_handles handles;
    assert_hsm(HSM_OK, keys_find(keys, HSM_SPEC_AES_256, HSM_SEALED, id, &handles));
    assert_int_not_equal(handles.wrap, planted);
    keys_free(keys);
    assert_int_equal(p11_destroy_object(fixture->token, planted), CKR_OK);
}

struct listing {
    const uint8_t *id;
    size_t seen;
    const char *refused_for;
};

static bool look_for(void *state, const struct hsm_object *object)
{
    struct listing *listing = state;
    if (memcmp(object->material_id, listing->id, MATERIAL_ID_BYTES) == 0) {
        listing->seen++;
        listing->refused_for = object->refused_for;
    }
    return true;
}

static void test_a_planted_key_of_its_own_is_refused_by_name(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t id[MATERIAL_ID_BYTES] = {0xee};
    CK_OBJECT_HANDLE planted = plant(fixture, sealed_label, id, sizeof id);
    struct hsm_result result = find(fixture, 1000, HSM_SEALED, id);
    assert_int_equal(result.code, HSM_KEY_REFUSED);
    assert_non_null(result.what);
    assert_int_equal(strncmp(result.what, "CKA_", 4), 0);
    /* It is listed, with the reason. */
    assert_hsm(HSM_OK, hsm_rewrap_refresh(fixture->rewrap));
    struct listing listing = {.id = id};
    hsm_rewrap_objects(fixture->rewrap, look_for, &listing);
    assert_int_equal(listing.seen, 1);
    assert_string_equal(listing.refused_for, result.what);
    assert_int_equal(p11_destroy_object(fixture->token, planted), CKR_OK);
    assert_hsm(HSM_OK, hsm_rewrap_refresh(fixture->rewrap));
    listing.seen = 0;
    hsm_rewrap_objects(fixture->rewrap, look_for, &listing);
    assert_int_equal(listing.seen, 0);
}

static void test_ids_of_another_length_are_nobodys(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t id[MATERIAL_ID_BYTES + 1] = {0xed};
    CK_OBJECT_HANDLE shorter = plant(fixture, sealed_label, id, MATERIAL_ID_BYTES - 1);
    CK_OBJECT_HANDLE longer = plant(fixture, sealed_label, id, MATERIAL_ID_BYTES + 1);
    assert_hsm(HSM_KEY_NOT_FOUND, find(fixture, 1000, HSM_SEALED, id));
    assert_int_equal(p11_destroy_object(fixture->token, shorter), CKR_OK);
    assert_int_equal(p11_destroy_object(fixture->token, longer), CKR_OK);
}

static void test_two_that_pass_are_ambiguous(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t id[MATERIAL_ID_BYTES] = {0xec};
    CK_OBJECT_HANDLE first = make_open(fixture, id);
    assert_hsm(HSM_OK, find(fixture, 1000, HSM_OPEN, id));
    CK_OBJECT_HANDLE second = make_open(fixture, id);
    assert_hsm(HSM_KEY_AMBIGUOUS, find(fixture, 1000, HSM_OPEN, id));
    assert_int_equal(p11_destroy_object(fixture->token, second), CKR_OK);
    assert_hsm(HSM_OK, find(fixture, 1000, HSM_OPEN, id));
    assert_int_equal(p11_destroy_object(fixture->token, first), CKR_OK);
}

/* An open key with a sealed key's id: two kinds of key, and neither stands for the other. */
static void test_boundaries_do_not_mix(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t *id = fixture->sealed[1].material_id;
    assert_hsm(HSM_KEY_NOT_FOUND, find(fixture, 1000, HSM_OPEN, id));
    CK_OBJECT_HANDLE open = make_open(fixture, id);
    assert_hsm(HSM_OK, find(fixture, 1000, HSM_SEALED, id));
    assert_hsm(HSM_OK, find(fixture, 1000, HSM_OPEN, id));
    assert_int_equal(p11_destroy_object(fixture->token, open), CKR_OK);
}

static void test_keys_that_come_and_go(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t id[MATERIAL_ID_BYTES] = {0xeb};
    struct keys *keys = NULL;
    struct key_handles handles;
    assert_hsm(HSM_OK, keys_new(fixture->token, 1000, &keys));
    assert_hsm(HSM_KEY_NOT_FOUND, keys_find(keys, HSM_SPEC_AES_256, HSM_OPEN, id, &handles));
    CK_OBJECT_HANDLE made = make_open(fixture, id);
    assert_hsm(HSM_OK, keys_find(keys, HSM_SPEC_AES_256, HSM_OPEN, id, &handles));
    assert_int_equal(handles.unwrap, made);
    assert_int_equal(p11_destroy_object(fixture->token, made), CKR_OK);
    assert_hsm(HSM_OK, keys_find(keys, HSM_SPEC_AES_256, HSM_OPEN, id, &handles)); /* it cannot know */
    keys_forget(keys, HSM_SPEC_AES_256, HSM_OPEN, id);
    assert_hsm(HSM_KEY_NOT_FOUND, keys_find(keys, HSM_SPEC_AES_256, HSM_OPEN, id, &handles));
    assert_hsm(HSM_KEY_NOT_FOUND, keys_find(keys, HSM_SPEC_RSA_2048, HSM_OPEN, id, &handles));
    keys_free(keys);
}

static void test_max_objects(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t *id = fixture->sealed[0].material_id;
    assert_hsm(HSM_LIMIT, find(fixture, FIXTURE_SEALED - 1, HSM_SEALED, id));
    assert_hsm(HSM_LIMIT, find(fixture, FIXTURE_SEALED + 1, HSM_SEALED, id)); /* two open ones beside them */
    assert_hsm(HSM_OK, find(fixture, FIXTURE_SEALED + 2, HSM_SEALED, id));
}

/* A module whose calls of C_GetAttributeValue are counted. */
static CK_FUNCTION_LIST counted;
static CK_C_GetAttributeValue module_get_attributes;
static unsigned looks;

static CK_RV count_get_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes,
                                  CK_ULONG count)
{
    looks++;
    return module_get_attributes(session, object, attributes, count);
}

static unsigned looks_of_refresh(struct fixture *fixture, struct keys *keys)
{
    CK_FUNCTION_LIST *module = fixture->token->functions;
    counted = *module;
    module_get_attributes = module->C_GetAttributeValue;
    counted.C_GetAttributeValue = count_get_attributes;
    looks = 0;
    fixture->token->functions = &counted;
    assert_hsm(HSM_OK, keys_refresh(keys));
    fixture->token->functions = module;
    return looks;
}

static struct listing listing_of(const struct keys *keys, const uint8_t *id)
{
    struct listing listing = {.id = id};
    keys_visit(keys, look_for, &listing);
    return listing;
}

/* Reading a token with thousands of keys again looks at those that are new. */
static void test_a_second_look_is_at_what_is_new(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t id[MATERIAL_ID_BYTES] = {0xe9};
    static const uint8_t planted_id[MATERIAL_ID_BYTES] = {0xe8};
    struct keys *keys = NULL;
    assert_hsm(HSM_OK, keys_new(fixture->token, 1000, &keys));
    unsigned others = looks_of_refresh(fixture, keys); /* the labels of binding root and audit key */
    assert_true(others <= 3);
    assert_int_equal(listing_of(keys, fixture->sealed[0].material_id).seen, 1);
    assert_null(listing_of(keys, fixture->sealed[0].material_id).refused_for);

    CK_OBJECT_HANDLE made = make_open(fixture, id);
    unsigned one = looks_of_refresh(fixture, keys);
    assert_true(one > others);
    assert_int_equal(listing_of(keys, id).seen, 1);
    assert_int_equal(looks_of_refresh(fixture, keys), others);

    /* One that was refused may have been mended: it is looked at each time. */
    CK_OBJECT_HANDLE planted = plant(fixture, sealed_label, planted_id, sizeof planted_id);
    for (int i = 0; i < 2; i++) {
        unsigned again = looks_of_refresh(fixture, keys);
        assert_true(again > others && again <= one);
        assert_non_null(listing_of(keys, planted_id).refused_for);
    }
    assert_int_equal(p11_destroy_object(fixture->token, planted), CKR_OK);

    /* So is one whose handle did not work. */
    keys_forget(keys, HSM_SPEC_AES_256, HSM_OPEN, id);
    assert_int_equal(looks_of_refresh(fixture, keys), one);
    assert_int_equal(looks_of_refresh(fixture, keys), others);

    assert_int_equal(p11_destroy_object(fixture->token, made), CKR_OK);
    assert_int_equal(looks_of_refresh(fixture, keys), others);
    assert_int_equal(listing_of(keys, id).seen, 0);
    assert_int_equal(listing_of(keys, planted_id).seen, 0);
    keys_free(keys);
}

/* Two with one id are ambiguous as long as there are two, whichever of them was looked at when. */
static void test_two_are_ambiguous_at_a_second_look(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t id[MATERIAL_ID_BYTES] = {0xe7};
    struct keys *keys = NULL;
    struct key_handles handles;
    CK_OBJECT_HANDLE both[2] = {make_open(fixture, id)};
    assert_hsm(HSM_OK, keys_new(fixture->token, 1000, &keys));
    for (int i = 0; i < 2; i++) {
        both[1 - i] = make_open(fixture, id);
        for (int again = 0; again < 2; again++) {
            assert_hsm(HSM_OK, keys_refresh(keys));
            assert_hsm(HSM_KEY_AMBIGUOUS, keys_find(keys, HSM_SPEC_AES_256, HSM_OPEN, id, &handles));
        }
        assert_int_equal(p11_destroy_object(fixture->token, both[i]), CKR_OK);
        assert_hsm(HSM_OK, keys_refresh(keys));
        assert_hsm(HSM_OK, keys_find(keys, HSM_SPEC_AES_256, HSM_OPEN, id, &handles));
        assert_int_equal(handles.wrap, both[1 - i]);
    }
    assert_int_equal(p11_destroy_object(fixture->token, both[0]), CKR_OK);
    keys_free(keys);
}

/* A second binding root that passes, and one that does not. */
static void test_binding_roots(void **state)
{
    struct fixture *fixture = *state;
    struct binding *binding = NULL;
    static const uint8_t id[MATERIAL_ID_BYTES] = {0xea};
    CK_OBJECT_HANDLE planted = plant(fixture, LABEL_BINDING_ROOT, id, sizeof id);
    assert_hsm(HSM_OK, binding_new(fixture->token, NULL, &binding));
    binding_free(binding);
    binding = NULL;
    assert_int_equal(p11_destroy_object(fixture->token, planted), CKR_OK);

    struct attributes_wish wish = {.on_token = true, .label = LABEL_BINDING_ROOT, .id = id, .id_len = sizeof id};
    struct attributes_template template;
    attributes_create(ATTRIBUTES_BINDING_ROOT, &wish, &template);
    CK_OBJECT_HANDLE second = CK_INVALID_HANDLE;
    CK_RV rv = p11_generate_key(fixture->token, CKM_GENERIC_SECRET_KEY_GEN, template.list, template.n, &second);
    assert_int_equal(rv, CKR_OK);
    assert_hsm(HSM_KEY_AMBIGUOUS, binding_new(fixture->token, NULL, &binding));
    assert_null(binding);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_planted_key_with_the_same_id_is_ignored),
        cmocka_unit_test(test_a_planted_key_of_its_own_is_refused_by_name),
        cmocka_unit_test(test_ids_of_another_length_are_nobodys),
        cmocka_unit_test(test_two_that_pass_are_ambiguous),
        cmocka_unit_test(test_boundaries_do_not_mix),
        cmocka_unit_test(test_keys_that_come_and_go),
        cmocka_unit_test(test_max_objects),
        cmocka_unit_test(test_a_second_look_is_at_what_is_new),
        cmocka_unit_test(test_two_are_ambiguous_at_a_second_look),
        cmocka_unit_test(test_binding_roots), /* last: the second root cannot be destroyed */
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
