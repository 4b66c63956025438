/* The parts of the remote modules that need no token: mechanism numbers, and templates as bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mechanism.h"
#include "template.h"

#include <stdlib.h>

static CK_BBOOL yes = CK_TRUE;
static CK_ULONG number = 16;
static CK_BYTE label[5] = "label";

static void numbers_go_and_come_back(void **state)
{
    (void)state;
    static const CK_MECHANISM_TYPE carried[] = {CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_PAD, CKM_AES_KEY_WRAP_KWP};
    for (size_t i = 0; i < sizeof carried / sizeof carried[0]; i++) {
        CK_MECHANISM_TYPE wire = 0;
        CK_MECHANISM_TYPE back = 0;
        assert_int_equal(remote_mechanism_map(carried[i], REMOTE_TO_WIRE, &wire), REMOTE_MECHANISM_MAPPED);
        assert_int_not_equal(wire, carried[i]);
        assert_int_equal(remote_mechanism_map(wire, REMOTE_FROM_WIRE, &back), REMOTE_MECHANISM_MAPPED);
        assert_int_equal(back, carried[i]);
        /* Nothing else may become the same: not the number that stands in, not the one that is stood in for. */
        assert_int_equal(remote_mechanism_map(wire, REMOTE_TO_WIRE, &back), REMOTE_MECHANISM_REFUSED);
        assert_int_equal(remote_mechanism_map(carried[i], REMOTE_FROM_WIRE, &back), REMOTE_MECHANISM_REFUSED);
        assert_int_equal(back, carried[i]);
    }
}

static void other_numbers_stay(void **state)
{
    (void)state;
    for (CK_MECHANISM_TYPE type = 0; type < 0x10000; type++) {
        CK_MECHANISM_TYPE out = 0;
        CK_MECHANISM_TYPE back = 0;
        const enum remote_mechanism found = remote_mechanism_map(type, REMOTE_TO_WIRE, &out);
        if (found == REMOTE_MECHANISM_AS_IT_IS) {
            assert_int_equal(out, type);
        }
        if (found != REMOTE_MECHANISM_REFUSED) {
            assert_int_equal(remote_mechanism_map(out, REMOTE_FROM_WIRE, &back), found);
            assert_int_equal(back, type);
        }
    }
}

static void types_go_and_come_back(void **state)
{
    (void)state;
    static const CK_ATTRIBUTE_TYPE carried[] = {CKA_WRAP_TEMPLATE, CKA_UNWRAP_TEMPLATE, CKA_DERIVE_TEMPLATE};
    for (size_t i = 0; i < sizeof carried / sizeof carried[0]; i++) {
        CK_ATTRIBUTE_TYPE wire;
        CK_ATTRIBUTE_TYPE back;
        assert_true(remote_type_is_list(carried[i]));
        assert_true(remote_type_to_wire(carried[i], &wire));
        assert_false(remote_type_is_list(wire));
        assert_true((wire & CKA_VENDOR_DEFINED) != 0 && wire <= UINT32_MAX);
        assert_true(remote_type_from_wire(wire, &back));
        assert_int_equal(back, carried[i]);
        assert_false(remote_type_to_wire(wire, &back));
        assert_false(remote_type_from_wire(carried[i], &back));
    }
    CK_ATTRIBUTE_TYPE ignored;
    assert_true(remote_type_is_list(CKF_ARRAY_ATTRIBUTE | 0x999));
    assert_false(remote_type_to_wire(CKF_ARRAY_ATTRIBUTE | 0x999, &ignored));
    assert_false(remote_type_is_list(CKA_ALLOWED_MECHANISMS));
}

static void a_template_comes_back(void **state)
{
    (void)state;
    CK_ATTRIBUTE list[] = {{CKA_TOKEN, &yes, 1},
                           {CKA_KEY_TYPE, &number, sizeof number},
                           {CKA_ID, NULL, 0},
                           {CKA_LABEL, label, sizeof label}};
    const size_t n = sizeof list / sizeof list[0];
    uint8_t wire[REMOTE_TEMPLATE_WIRE_MAX_BYTES];
    struct remote_template found;
    const size_t len = remote_template_write(list, n, wire);
    assert_int_equal(len, 8 + 4 + 4 * 8 + 1 + 8 + 0 + 5);
    assert_true(remote_template_read(view_of(wire, len), &found));
    assert_int_equal(found.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(found.list[i].type, list[i].type);
        assert_true(view_equal(view_of(found.list[i].pValue, found.list[i].ulValueLen),
                               view_of(list[i].pValue, list[i].ulValueLen)));
        assert_int_equal((uintptr_t)found.list[i].pValue % sizeof(CK_ULONG), 0);
    }
    for (size_t cut = 0; cut < len; cut++) { /* from memory of its own, so that a sanitizer sees a step too far */
        uint8_t *exact = malloc(cut + 1);
        assert_non_null(exact);
        memcpy(exact, wire, cut);
        assert_false(remote_template_read(view_of(exact, cut), &found));
        free(exact);
    }
    wire[len] = 0;
    assert_false(remote_template_read(view_of(wire, len + 1), &found));
}

static void limits_of_a_template(void **state)
{
    (void)state;
    uint8_t value[REMOTE_TEMPLATE_MAX_VALUE_BYTES + 1] = {0};
    CK_ATTRIBUTE list[REMOTE_TEMPLATE_MAX_ATTRIBUTES + 1];
    uint8_t wire[REMOTE_TEMPLATE_WIRE_MAX_BYTES];
    struct remote_template found;
    for (size_t i = 0; i <= REMOTE_TEMPLATE_MAX_ATTRIBUTES; i++) {
        list[i] = (CK_ATTRIBUTE){CKA_VENDOR_DEFINED + i, value, 64};
    }
    size_t len = remote_template_write(list, REMOTE_TEMPLATE_MAX_ATTRIBUTES, wire);
    assert_int_equal(len, REMOTE_TEMPLATE_WIRE_MAX_BYTES);
    assert_true(remote_template_read(view_of(wire, len), &found));
    list[0].ulValueLen = 65;
    assert_int_equal(remote_template_write(list, REMOTE_TEMPLATE_MAX_ATTRIBUTES, wire), 0);
    list[0].ulValueLen = 0;
    assert_int_equal(remote_template_write(list, REMOTE_TEMPLATE_MAX_ATTRIBUTES + 1, wire), 0);

    list[0].ulValueLen = REMOTE_TEMPLATE_MAX_VALUE_BYTES;
    len = remote_template_write(list, 1, wire);
    assert_true(len > 0 && remote_template_read(view_of(wire, len), &found));
    list[0].ulValueLen = REMOTE_TEMPLATE_MAX_VALUE_BYTES + 1;
    assert_int_equal(remote_template_write(list, 1, wire), 0);
    list[0].ulValueLen = CK_UNAVAILABLE_INFORMATION;
    assert_int_equal(remote_template_write(list, 1, wire), 0);

    /* Whatever is written is read: what the alignment of values takes is counted on both sides. */
    for (size_t i = 0; i < REMOTE_TEMPLATE_MAX_ATTRIBUTES; i++) {
        list[i].ulValueLen = 57;
    }
    for (list[0].ulValueLen = 0; list[0].ulValueLen < 100; list[0].ulValueLen++) {
        len = remote_template_write(list, REMOTE_TEMPLATE_MAX_ATTRIBUTES, wire);
        assert_true(len == 0 || remote_template_read(view_of(wire, len), &found));
    }
}

static void what_is_not_carried(void **state)
{
    (void)state;
    uint8_t wire[REMOTE_TEMPLATE_WIRE_MAX_BYTES];
    CK_ATTRIBUTE_TYPE ours;
    assert_true(remote_type_to_wire(CKA_UNWRAP_TEMPLATE, &ours));
    CK_ATTRIBUTE wrong[] = {{CKA_UNWRAP_TEMPLATE, NULL, 0},
                            {CKF_ARRAY_ATTRIBUTE | 0x999, NULL, 0},
                            {ours, NULL, 0},
                            {UINT32_MAX + 1UL, NULL, 0},
                            {CKA_TOKEN, NULL, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(remote_template_write(&wrong[i], 1, wire), 0);
    }
    CK_ATTRIBUTE twice[] = {{CKA_TOKEN, &yes, 1}, {CKA_PRIVATE, &yes, 1}, {CKA_TOKEN, &yes, 1}};
    assert_int_equal(remote_template_write(twice, 3, wire), 0);
    assert_int_equal(remote_template_write(NULL, 1, wire), 0);
    assert_int_equal(remote_template_write(NULL, 0, wire), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_go_and_come_back), cmocka_unit_test(other_numbers_stay),
        cmocka_unit_test(types_go_and_come_back),   cmocka_unit_test(a_template_comes_back),
        cmocka_unit_test(limits_of_a_template),     cmocka_unit_test(what_is_not_carried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
