/* Reading wrapping keys from the token; see key_reading.h. */
#include "key_reading.h"

#include "key_halves.h"
#include "objects/objects.h"
#include "p11/errors.h"
#include "p11/p11_call.h"

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
    if (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL || rv == CKR_ATTRIBUTE_TYPE_INVALID) {
        return hsm_failure(HSM_KEY_NOT_FOUND, "CKA_ID");
    }
    return hsm_result_of(rv, "CKA_ID");
}

/* A reading on its way: halves of pairs that passed are kept until all are there. */
struct reader {
    const struct key_reading *reading;
    struct key_half_list halves;
};

/* The one mechanism that an AES key allows; it has passed the check of attributes. 0 when the token does not say. */
static struct hsm_result read_mechanism(struct hsm_token *token, CK_OBJECT_HANDLE object, CK_MECHANISM_TYPE *ret)
{
    CK_MECHANISM_TYPE found = 0;
    CK_ATTRIBUTE attribute = {CKA_ALLOWED_MECHANISMS, &found, sizeof found};
    CK_RV rv = p11_get_attributes(token, object, &attribute, 1);
    struct hsm_result result = hsm_result_of(rv, "CKA_ALLOWED_MECHANISMS");
    if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_BUFFER_TOO_SMALL) {
        *ret = 0;
        return HSM_SUCCESS;
    }
    if (result.code == HSM_OK) {
        *ret = attribute.ulValueLen == sizeof found ? found : 0;
    }
    return result;
}

/* Verifies the object, and learns what there is to know of it. */
static struct hsm_result learn(struct hsm_token *token, struct key_half_seen *half)
{
    const struct key_class *class = half->class;
    enum attributes_kind kind = half->half == KEY_UNWRAP ? class->unwrap_kind : class->wrap_kind;
    struct hsm_result result = attributes_verify(token, half->object, kind);
    if (result.code != HSM_OK) {
        return result;
    }
    return class->is_pair ? pair_name(token, half->object, class->modulus_bits, half->pair)
                          : read_mechanism(token, half->object, &half->mechanism);
}

/* Counts one object against (verdict) or for the key whose id it bears; a half of a pair is kept until the other is
 * there too. */
static struct hsm_result count_object(struct reader *reader, const struct key_half_seen *half,
                                      struct hsm_result verdict)
{
    struct key_table *table = reader->reading->table;
    struct key_entry *entry = key_table_add(table, half->class, half->material_id);
    if (entry == NULL) {
        return key_reading_no_room(table);
    }
    if (verdict.code != HSM_OK) {
        entry->refused_for[half->half] = verdict.what;
        entry->stale |= verdict.code != HSM_KEY_REFUSED; /* the token failed, which says nothing of the key */
        return HSM_SUCCESS;
    }
    entry->half_passed[half->half] = true;
    if (half->class->is_pair) {
        return key_half_keep(&reader->halves, half);
    }
    entry->handles[KEY_UNWRAP] = half->object;
    entry->mechanism = half->mechanism;
    entry->passed += entry->passed < 2;
    return HSM_SUCCESS;
}

/* What it means that an object cannot be asked for its id: one that has none, or another kind, is not ours. */
static struct hsm_result unread(const struct key_reading *reading, struct hsm_result result)
{
    bool must_tell = reading->alone || result.code == HSM_TOKEN_UNAVAILABLE || result.code == HSM_NO_MEMORY;
    return must_tell && result.code != HSM_KEY_NOT_FOUND ? result : HSM_SUCCESS;
}

/* Looks at one object of a class and counts it. */
static struct hsm_result add_object(struct reader *reader, const struct key_class *class, enum key_half which,
                                    CK_OBJECT_HANDLE object)
{
    struct hsm_token *token = reader->reading->token;
    struct key_half_seen half = {.class = class, .half = which, .object = object};
    struct hsm_result result = read_material_id(token, object, half.material_id);
    if (result.code != HSM_OK) {
        return unread(reader->reading, result);
    }
    result = learn(token, &half);
    if (result.code == HSM_TOKEN_UNAVAILABLE || result.code == HSM_NO_MEMORY) {
        return result;
    }
    /* One object that cannot be read must not stop a start; who asks for it alone is told. */
    if (result.code != HSM_OK && result.code != HSM_KEY_REFUSED && reader->reading->alone) {
        return result;
    }
    return count_object(reader, &half, result);
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

static struct key_half_seen half_known(const struct key_passed *known)
{
    const struct key_entry *entry = known->entry;
    struct key_half_seen half = {
        .class = entry->class, .half = known->half, .object = known->handle, .mechanism = entry->mechanism};
    memcpy(half.material_id, entry->material_id, sizeof half.material_id);
    memcpy(half.pair, entry->pair, sizeof half.pair);
    return half;
}

/* Counts an object that passed before, or looks at one that is new and of ours. */
static struct hsm_result add_any(struct reader *reader, CK_OBJECT_HANDLE object)
{
    const struct key_passed *known = key_index_find(reader->reading->passed, object);
    if (known != NULL) {
        const struct key_half_seen half = half_known(known);
        return count_object(reader, &half, HSM_SUCCESS);
    }
    CK_OBJECT_CLASS object_class = CK_UNAVAILABLE_INFORMATION;
    char label[LABEL_MAX_BYTES];
    CK_ATTRIBUTE list[] = {{CKA_CLASS, &object_class, sizeof object_class}, {CKA_LABEL, label, sizeof label}};
    CK_RV rv = p11_get_attributes(reader->reading->token, object, list, sizeof list / sizeof list[0]);
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
    return add_object(reader, class, half, object);
}

static struct hsm_result reader_end(struct reader *reader, struct hsm_result result)
{
    if (result.code == HSM_OK) {
        key_halves_match(&reader->halves, reader->reading->table);
    }
    key_half_list_clear(&reader->halves);
    return result;
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
    struct reader reader = {.reading = reading};
    struct object_list list = {0};
    struct hsm_result result = objects_find(reading->token, wanted, 1, max, &list);
    for (size_t i = 0; i < list.count && result.code == HSM_OK; i++) {
        result = add_any(&reader, list.handles[i]);
    }
    object_list_clear(&list);
    return reader_end(&reader, result);
}

/* Adds the objects of one half of a class that bear the id. */
static struct hsm_result add_half(struct reader *reader, const struct key_class *class, enum key_half half,
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
    struct hsm_result result =
        objects_find(reader->reading->token, wanted, n_wanted, reader->reading->max_objects, &list);
    for (size_t i = 0; i < list.count && result.code == HSM_OK; i++) {
        result = add_object(reader, class, half, list.handles[i]);
    }
    object_list_clear(&list);
    return result;
}

struct hsm_result key_reading_class(const struct key_reading *reading, const struct key_class *class,
                                    const uint8_t id[MATERIAL_ID_BYTES])
{
    struct reader reader = {.reading = reading};
    struct hsm_result result = add_half(&reader, class, KEY_UNWRAP, id);
    if (result.code == HSM_OK && class->is_pair) {
        result = add_half(&reader, class, KEY_WRAP, id);
    }
    return reader_end(&reader, result);
}
