/* Reading wrapping keys from the token; see key_reading.h. */
#include "key_reading.h"

#include "errors.h"
#include "objects.h"
#include "p11_call.h"

#include <string.h>

#define LABEL_MAX_BYTES 64 /* longer than any of ours */

/* Objects of others that may be on the token beside ours; a reading asks for the label of each. */
#define OTHERS_MAX 100000

struct hsm_result key_reading_no_room(const struct key_table *table)
{
    return table->used >= table->max ? hsm_failure(HSM_LIMIT, "more keys on the token than max-objects")
                                     : hsm_failure(HSM_NO_MEMORY, "list of keys");
}

/* Whether the object has an id of ours. HSM_KEY_NOT_FOUND when it has not: such an object cannot be named, so it is
 * nobody's key. */
static struct hsm_result read_material_id(struct hsm_token *token, CK_OBJECT_HANDLE object,
                                          uint8_t out[MATERIAL_ID_BYTES])
{
    CK_ATTRIBUTE id = {CKA_ID, out, MATERIAL_ID_BYTES};
    CK_RV rv = p11_get_attributes(token, object, &id, 1);
    if (rv == CKR_OK && id.ulValueLen == MATERIAL_ID_BYTES) {
        return HSM_SUCCESS;
    }
    struct hsm_result result = hsm_result_of(rv, "CKA_ID");
    return result.code == HSM_TOKEN_UNAVAILABLE ? result : hsm_failure(HSM_KEY_NOT_FOUND, "CKA_ID");
}

/* An RSA key must have the size that its label says. */
static struct hsm_result verify_modulus(struct hsm_token *token, CK_OBJECT_HANDLE object, CK_ULONG wanted)
{
    CK_ULONG bits = 0;
    CK_ATTRIBUTE attribute = {CKA_MODULUS_BITS, &bits, sizeof bits};
    CK_RV rv = p11_get_attributes(token, object, &attribute, 1);
    struct hsm_result result = hsm_result_of(rv, "CKA_MODULUS_BITS");
    if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE || (rv == CKR_OK && bits != wanted)) {
        result.code = HSM_KEY_REFUSED;
        result.what = "CKA_MODULUS_BITS";
    }
    return result;
}

static struct hsm_result verify_half(struct hsm_token *token, const struct key_class *class, enum key_half half,
                                     CK_OBJECT_HANDLE object)
{
    if (half == KEY_UNWRAP) {
        return attributes_verify(token, object, class->unwrap_kind);
    }
    struct hsm_result result = attributes_verify(token, object, class->wrap_kind);
    return result.code == HSM_OK ? verify_modulus(token, object, class->modulus_bits) : result;
}

/* Counts one object for or against (verdict) the key whose id it bears. */
static struct hsm_result count_object(const struct key_reading *reading, const struct key_class *class,
                                      enum key_half half, CK_OBJECT_HANDLE object, const uint8_t *material_id,
                                      struct hsm_result verdict)
{
    struct key_entry *entry = key_table_add(reading->table, class, material_id);
    if (entry == NULL) {
        return key_reading_no_room(reading->table);
    }
    struct key_candidates *candidates = &entry->halves[half];
    if (verdict.code != HSM_OK) {
        candidates->refused_for = verdict.what;
        entry->stale |= verdict.code != HSM_KEY_REFUSED; /* the token failed, which says nothing of the key */
        return HSM_SUCCESS;
    }
    candidates->handle = object;
    candidates->passed += candidates->passed < 2;
    return HSM_SUCCESS;
}

/* Looks at one object of a class and counts it. */
static struct hsm_result add_object(const struct key_reading *reading, const struct key_class *class,
                                    enum key_half half, CK_OBJECT_HANDLE object)
{
    struct hsm_token *token = reading->token;
    uint8_t material_id[MATERIAL_ID_BYTES];
    struct hsm_result result = read_material_id(token, object, material_id);
    if (result.code != HSM_OK) {
        return result.code == HSM_KEY_NOT_FOUND ? HSM_SUCCESS : result;
    }
    result = verify_half(token, class, half, object);
    if (result.code == HSM_TOKEN_UNAVAILABLE || result.code == HSM_NO_MEMORY) {
        return result;
    }
    /* One object that cannot be read must not stop a start; who asks for it alone is told. */
    if (result.code != HSM_OK && result.code != HSM_KEY_REFUSED && reading->alone) {
        return result;
    }
    return count_object(reading, class, half, object, material_id, result);
}

/* Which half of which of our classes an object is, by its class and label; false when it is nobody's of ours. */
static bool find_class(CK_OBJECT_CLASS object_class, const char *label, size_t label_len,
                       const struct key_class **ret_class, enum key_half *ret_half)
{
    for (size_t i = 0; i < key_classes_count; i++) {
        const struct key_class *class = &key_classes[i];
        bool unwraps = object_class == class->unwrap_class;
        bool wraps = class->is_pair && object_class == CKO_PUBLIC_KEY;
        if ((unwraps || wraps) && label_len == strlen(class->label) && memcmp(label, class->label, label_len) == 0) {
            *ret_class = class;
            *ret_half = unwraps ? KEY_UNWRAP : KEY_WRAP;
            return true;
        }
    }
    return false;
}

/* Counts an object that passed before, or looks at one that is new and of ours. */
static struct hsm_result add_any(const struct key_reading *reading, CK_OBJECT_HANDLE object)
{
    const struct key_passed *known = key_index_find(reading->passed, object);
    if (known != NULL) {
        return count_object(reading, known->entry->class, known->half, object, known->entry->material_id, HSM_SUCCESS);
    }
    CK_OBJECT_CLASS object_class = CK_UNAVAILABLE_INFORMATION;
    char label[LABEL_MAX_BYTES];
    CK_ATTRIBUTE list[] = {{CKA_CLASS, &object_class, sizeof object_class}, {CKA_LABEL, label, sizeof label}};
    CK_RV rv = p11_get_attributes(reading->token, object, list, sizeof list / sizeof list[0]);
    if (rv != CKR_OK || list[1].ulValueLen > sizeof label) {
        struct hsm_result result = hsm_result_of(rv, "CKA_LABEL");
        bool failed = result.code == HSM_TOKEN_UNAVAILABLE || result.code == HSM_NO_MEMORY;
        return failed ? result : HSM_SUCCESS; /* no label, or a longer one: not ours */
    }
    const struct key_class *class = NULL;
    enum key_half half = KEY_UNWRAP;
    if (!find_class(object_class, label, list[1].ulValueLen, &class, &half)) {
        return HSM_SUCCESS;
    }
    return add_object(reading, class, half, object);
}

/*
 * All objects in one pass: a search by label for each half of each class would have the token go through all of them as
 * many times.
 */
struct hsm_result key_reading_all(const struct key_reading *reading)
{
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE wanted[] = {{CKA_TOKEN, &yes, sizeof yes}};
    size_t max = reading->max_objects * KEY_HALVES + OTHERS_MAX;
    struct object_list list = {0};
    struct hsm_result result = objects_find(reading->token, wanted, 1, max, &list);
    for (size_t i = 0; i < list.count && result.code == HSM_OK; i++) {
        result = add_any(reading, list.handles[i]);
    }
    object_list_clear(&list);
    return result;
}

/* Adds the objects of one half of a class that bear the id. */
static struct hsm_result add_half(const struct key_reading *reading, const struct key_class *class, enum key_half half,
                                  const uint8_t *id)
{
    CK_OBJECT_CLASS object_class = half == KEY_UNWRAP ? class->unwrap_class : CKO_PUBLIC_KEY;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE wanted[] = {
        {CKA_CLASS, &object_class, sizeof object_class},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_LABEL, (void *)(uintptr_t) class->label, strlen(class->label)},
        {CKA_ID, (void *)(uintptr_t)id, MATERIAL_ID_BYTES},
    };
    size_t n_wanted = sizeof wanted / sizeof wanted[0];
    struct object_list list = {0};
    struct hsm_result result = objects_find(reading->token, wanted, n_wanted, reading->max_objects, &list);
    for (size_t i = 0; i < list.count && result.code == HSM_OK; i++) {
        result = add_object(reading, class, half, list.handles[i]);
    }
    object_list_clear(&list);
    return result;
}

struct hsm_result key_reading_class(const struct key_reading *reading, const struct key_class *class,
                                    const uint8_t id[MATERIAL_ID_BYTES])
{
    struct hsm_result result = add_half(reading, class, KEY_UNWRAP, id);
    if (result.code == HSM_OK && class->is_pair) {
        result = add_half(reading, class, KEY_WRAP, id);
    }
    return result;
}
