/* The wrapping keys that are on the token; see keys.h. */
#include "keys.h"

#include "errors.h"
#include "key_table.h"
#include "objects.h"
#include "p11_call.h"

#include <stdlib.h>
#include <string.h>

struct keys {
    struct hsm_token *token;
    size_t max_objects;
    struct key_table table;
};

static struct hsm_result no_room(const struct key_table *table)
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
    if (rv != CKR_OK || bits != wanted) {
        return (struct hsm_result){.code = HSM_KEY_REFUSED, .rv = rv, .what = "CKA_MODULUS_BITS"};
    }
    return HSM_SUCCESS;
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

/* A reading of the token: what is being filled, and what need not be looked at. */
struct reading {
    const struct keys *keys;
    struct key_table *table;
    /*
     * Objects that passed at an earlier look, or NULL. Looking at them again would be most of the work, with nothing to
     * find: an object that passes is not CKA_MODIFIABLE, and its handle stands for it while it exists. (Should a token
     * give the handle of a destroyed one to another at once, then keys_find would not know it either.)
     */
    const struct key_index *passed;
};

/* Counts one object for or against (verdict) the key whose id it bears. */
static struct hsm_result count_object(const struct reading *reading, const struct key_class *class, enum key_half half,
                                      CK_OBJECT_HANDLE object, const uint8_t *material_id, struct hsm_result verdict)
{
    struct key_entry *entry = key_table_add(reading->table, class, material_id);
    if (entry == NULL) {
        return no_room(reading->table);
    }
    struct key_candidates *candidates = &entry->halves[half];
    if (verdict.code != HSM_OK) {
        candidates->refused_for = verdict.what;
        return HSM_SUCCESS;
    }
    candidates->handle = object;
    candidates->passed += candidates->passed < 2;
    return HSM_SUCCESS;
}

/* Looks at one object of a class, unless it is known, and counts it. */
static struct hsm_result add_object(const struct reading *reading, const struct key_class *class, enum key_half half,
                                    CK_OBJECT_HANDLE object)
{
    const struct key_entry *known =
        reading->passed == NULL ? NULL : key_index_find(reading->passed, class, half, object);
    if (known != NULL) {
        return count_object(reading, class, half, object, known->material_id, HSM_SUCCESS);
    }
    struct hsm_token *token = reading->keys->token;
    uint8_t material_id[MATERIAL_ID_BYTES];
    struct hsm_result result = read_material_id(token, object, material_id);
    if (result.code != HSM_OK) {
        return result.code == HSM_KEY_NOT_FOUND ? HSM_SUCCESS : result;
    }
    result = verify_half(token, class, half, object);
    if (result.code == HSM_TOKEN_UNAVAILABLE || result.code == HSM_NO_MEMORY) {
        return result;
    }
    return count_object(reading, class, half, object, material_id, result);
}

/* Adds the objects of one half of a class: all, or with id those that bear it. */
static struct hsm_result add_half(const struct reading *reading, const struct key_class *class, enum key_half half,
                                  const uint8_t *id)
{
    const struct keys *keys = reading->keys;
    CK_OBJECT_CLASS object_class = half == KEY_UNWRAP ? class->unwrap_class : CKO_PUBLIC_KEY;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE wanted[] = {
        {CKA_CLASS, &object_class, sizeof object_class},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_LABEL, (void *)(uintptr_t) class->label, strlen(class->label)},
        {CKA_ID, (void *)(uintptr_t)id, MATERIAL_ID_BYTES},
    };
    size_t n_wanted = sizeof wanted / sizeof wanted[0] - (id == NULL);
    struct object_list list = {0};
    struct hsm_result result = objects_find(keys->token, wanted, n_wanted, keys->max_objects, &list);
    for (size_t i = 0; i < list.count && result.code == HSM_OK; i++) {
        result = add_object(reading, class, half, list.handles[i]);
    }
    object_list_clear(&list);
    return result;
}

static struct hsm_result add_class(const struct reading *reading, const struct key_class *class, const uint8_t *id)
{
    struct hsm_result result = add_half(reading, class, KEY_UNWRAP, id);
    if (result.code == HSM_OK && class->is_pair) {
        result = add_half(reading, class, KEY_WRAP, id);
    }
    return result;
}

struct hsm_result keys_refresh(struct keys *keys)
{
    struct key_index passed;
    if (!key_index_make(&keys->table, &passed)) {
        return hsm_failure(HSM_NO_MEMORY, "list of keys");
    }
    struct key_table table = {.max = keys->max_objects};
    const struct reading reading = {.keys = keys, .table = &table, .passed = &passed};
    struct hsm_result result = HSM_SUCCESS;
    for (size_t i = 0; i < key_classes_count && result.code == HSM_OK; i++) {
        result = add_class(&reading, &key_classes[i], NULL);
    }
    key_index_clear(&passed);
    if (result.code != HSM_OK) {
        key_table_clear(&table);
        return result;
    }
    key_table_clear(&keys->table);
    keys->table = table;
    return HSM_SUCCESS;
}

struct hsm_result keys_new(struct hsm_token *token, size_t max_objects, struct keys **ret)
{
    struct keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL) {
        return hsm_failure(HSM_NO_MEMORY, "list of keys");
    }
    keys->token = token;
    keys->max_objects = max_objects;
    keys->table.max = max_objects;
    struct hsm_result result = keys_refresh(keys);
    if (result.code != HSM_OK) {
        keys_free(keys);
        return result;
    }
    *ret = keys;
    return HSM_SUCCESS;
}

void keys_free(struct keys *keys)
{
    if (keys == NULL) {
        return;
    }
    key_table_clear(&keys->table);
    free(keys);
}

/* Whether exactly one object passed for the half; else why not. */
static struct hsm_result judge_half(const struct key_candidates *half, const char *missing)
{
    if (half->passed == 1) {
        return HSM_SUCCESS;
    }
    if (half->passed > 1) {
        return hsm_failure(HSM_KEY_AMBIGUOUS, "two objects with this CKA_ID");
    }
    return hsm_failure(HSM_KEY_REFUSED, half->refused_for == NULL ? missing : half->refused_for);
}

static struct hsm_result judge(const struct key_entry *entry)
{
    struct hsm_result result = judge_half(&entry->halves[KEY_UNWRAP], "no private half");
    if (result.code == HSM_OK && entry->class->is_pair) {
        result = judge_half(&entry->halves[KEY_WRAP], "no public half");
    }
    return result;
}

static struct hsm_result adopt(struct keys *keys, const struct key_entry *fresh)
{
    if (fresh == NULL) {
        return hsm_failure(HSM_KEY_NOT_FOUND, "CKA_ID");
    }
    struct key_entry *entry = key_table_add(&keys->table, fresh->class, fresh->material_id);
    if (entry == NULL) {
        return no_room(&keys->table);
    }
    *entry = *fresh;
    return HSM_SUCCESS;
}

/* Asks the token, and replaces what is known of the key. */
static struct hsm_result look_up(struct keys *keys, const struct key_class *class, const uint8_t *material_id)
{
    struct key_table found = {.max = 1};
    const struct reading reading = {.keys = keys, .table = &found};
    struct hsm_result result = add_class(&reading, class, material_id);
    if (result.code == HSM_OK) {
        result = adopt(keys, key_table_find(&found, class, material_id));
    }
    key_table_clear(&found);
    return result;
}

struct hsm_result keys_find(struct keys *keys, enum hsm_spec spec, enum hsm_boundary boundary,
                            const uint8_t material_id[MATERIAL_ID_BYTES], struct key_handles *ret)
{
    const struct key_class *class = key_class_of(spec, boundary);
    if (class == NULL) {
        return hsm_failure(HSM_UNSUPPORTED, "no keys of that spec and boundary");
    }
    const struct key_entry *entry = key_table_find(&keys->table, class, material_id);
    if (entry == NULL || entry->stale) {
        struct hsm_result result = look_up(keys, class, material_id);
        if (result.code != HSM_OK) {
            return result;
        }
        entry = key_table_find(&keys->table, class, material_id);
    }
    struct hsm_result result = judge(entry);
    if (result.code != HSM_OK) {
        return result;
    }
    ret->unwrap = entry->halves[KEY_UNWRAP].handle;
    ret->wrap = entry->halves[class->is_pair ? KEY_WRAP : KEY_UNWRAP].handle;
    return HSM_SUCCESS;
}

void keys_forget(struct keys *keys, enum hsm_spec spec, enum hsm_boundary boundary,
                 const uint8_t material_id[MATERIAL_ID_BYTES])
{
    const struct key_class *class = key_class_of(spec, boundary);
    struct key_entry *entry = class == NULL ? NULL : key_table_find(&keys->table, class, material_id);
    if (entry != NULL) {
        entry->stale = true;
    }
}

bool keys_have_room(const struct keys *keys)
{
    return keys->table.used < keys->table.max;
}

void keys_visit(const struct keys *keys, bool (*visit)(void *state, const struct hsm_object *object), void *state)
{
    for (size_t i = 0; i < keys->table.size; i++) {
        const struct key_entry *entry = &keys->table.slots[i];
        if (entry->class == NULL) {
            continue;
        }
        struct hsm_object object = {.spec = entry->class->spec, .boundary = entry->class->boundary};
        memcpy(object.material_id, entry->material_id, sizeof object.material_id);
        object.refused_for = judge(entry).what;
        if (!visit(state, &object)) {
            return;
        }
    }
}
