/* The wrapping keys that are on the token; see keys.h. */
#include "keys.h"

#include "key_reading.h"
#include "p11/errors.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * A key that is refused is looked at again before its caller is told, for a ceremony may have been making it when it
 * was looked at; but not more often than this.
 */
#define SECOND_LOOK_MS 1000

struct keys {
    struct hsm_token *token;
    size_t max_objects;
    struct key_table table;
};

struct hsm_result keys_refresh(struct keys *keys)
{
    struct key_index passed;
    if (!key_index_make(&keys->table, &passed)) {
        return hsm_failure(HSM_NO_MEMORY, "list of keys");
    }
    struct key_table table = {.max = keys->max_objects};
    const struct key_reading reading = {
        .token = keys->token, .max_objects = keys->max_objects, .table = &table, .passed = &passed};
    struct hsm_result result = key_reading_all(&reading);
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

/* Why there is no key: of the halves, the one that decides first, which is the public half of a pair. */
static struct hsm_result nothing_passed(const struct key_entry *entry)
{
    static const struct {
        enum key_half half;
        bool of_pairs_only;
        const char *missing;
    } reasons[] = {{KEY_WRAP, true, "no public half"}, {KEY_UNWRAP, false, "no private half"}};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        enum key_half half = reasons[i].half;
        if (!entry->half_passed[half] && (entry->class->is_pair || !reasons[i].of_pairs_only)) {
            const char *refused_for = entry->refused_for[half];
            return hsm_failure(HSM_KEY_REFUSED, refused_for == NULL ? reasons[i].missing : refused_for);
        }
    }
    return hsm_failure(HSM_KEY_REFUSED, "CKA_MODULUS"); /* there are two halves, of two pairs */
}

/* Whether exactly one key passed; else why not. */
static struct hsm_result judge(const struct key_entry *entry)
{
    if (entry->passed > 1) {
        return hsm_failure(HSM_KEY_AMBIGUOUS, "two objects with this CKA_ID");
    }
    return entry->passed == 1 ? HSM_SUCCESS : nothing_passed(entry);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct hsm_result adopt(struct keys *keys, const struct key_entry *fresh)
{
    if (fresh == NULL) {
        return hsm_failure(HSM_KEY_NOT_FOUND, "CKA_ID");
    }
    struct key_entry *entry = key_table_add(&keys->table, fresh->class, fresh->material_id);
    if (entry == NULL) {
        return key_reading_no_room(&keys->table);
    }
    *entry = *fresh;
    entry->looked_at_ms = now_ms();
    return HSM_SUCCESS;
}

/* Asks the token, and replaces what is known of the key. */
static struct hsm_result look_up(struct keys *keys, const struct key_class *class, const uint8_t *material_id)
{
    struct key_table found = {.max = 1};
    const struct key_reading reading = {
        .token = keys->token, .max_objects = keys->max_objects, .table = &found, .alone = true};
    struct hsm_result result = key_reading_class(&reading, class, material_id);
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
    if (result.code != HSM_OK && now_ms() - entry->looked_at_ms >= SECOND_LOOK_MS) {
        result = look_up(keys, class, material_id);
        if (result.code == HSM_OK) {
            entry = key_table_find(&keys->table, class, material_id);
            result = judge(entry);
        }
    }
    if (result.code != HSM_OK) {
        return result;
    }
    ret->unwrap = entry->handles[KEY_UNWRAP];
    ret->wrap = entry->handles[class->is_pair ? KEY_WRAP : KEY_UNWRAP];
    ret->mechanism = entry->mechanism;
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

void keys_forget_all(struct keys *keys)
{
    for (size_t i = 0; i < keys->table.size; i++) {
        keys->table.slots[i].stale = keys->table.slots[i].class != NULL;
    }
}

void keys_remove(struct keys *keys, enum hsm_spec spec, enum hsm_boundary boundary,
                 const uint8_t material_id[MATERIAL_ID_BYTES])
{
    const struct key_class *class = key_class_of(spec, boundary);
    struct key_entry *entry = class == NULL ? NULL : key_table_find(&keys->table, class, material_id);
    if (entry != NULL) {
        entry->gone = true;
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
        if (entry->class == NULL || entry->gone) {
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
