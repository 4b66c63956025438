/* A key, an alias and a retired material as the registry owns them; see entries.h. */
#include "entries.h"

#include <stdlib.h>

char *registry_text_copy(struct view text)
{
    char *copy = malloc(text.len + 1);
    if (copy != NULL) {
        if (text.len != 0) {
            memcpy(copy, text.data, text.len);
        }
        copy[text.len] = '\0';
    }
    return copy;
}

struct key_entry *key_entry_new(const uint8_t key_id[KEY_ID_BYTES], struct view account, struct view token,
                                struct view description)
{
    struct key_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    struct registry_key *key = &entry->key;
    key->entry = entry;
    memcpy(key->key_id, key_id, KEY_ID_BYTES);
    uuid_format(key_id, key->key_id_text);
    memcpy(key->account, account.data, ACCOUNT_TEXT_BYTES - 1);
    key->token = registry_text_copy(token);
    key->description = registry_text_copy(description);
    if (key->token == NULL || key->description == NULL) {
        key_entry_free(entry);
        return NULL;
    }
    return entry;
}

/* Grows at powers of two: is there room for one more in an array that holds n? */
static bool array_is_full(size_t n)
{
    return (n & (n - 1)) == 0;
}

static void *array_grow(void *array, size_t n, size_t element_bytes)
{
    return reallocarray(array, n == 0 ? 1 : 2 * n, element_bytes);
}

bool key_entry_add_material(struct key_entry *entry, const struct registry_material *material)
{
    struct registry_key *key = &entry->key;
    if (array_is_full(key->n_materials)) {
        struct registry_material *grown = array_grow(key->materials, key->n_materials, sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        key->materials = grown;
    }
    key->materials[key->n_materials++] = *material;
    return true;
}

bool key_entry_add_tag(struct key_entry *entry, struct view tag_key, struct view tag_value)
{
    struct registry_key *key = &entry->key;
    if (array_is_full(key->n_tags)) {
        struct registry_tag *grown = array_grow(key->tags, key->n_tags, sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        key->tags = grown;
    }
    struct registry_tag tag = {.key = registry_text_copy(tag_key), .value = registry_text_copy(tag_value)};
    if (tag.key == NULL || tag.value == NULL) {
        free(tag.key);
        free(tag.value);
        return false;
    }
    key->tags[key->n_tags++] = tag;
    return true;
}

static int tag_compare(const void *a, const void *b)
{
    return strcmp(((const struct registry_tag *)a)->key, ((const struct registry_tag *)b)->key);
}

static bool copy_lists(struct key_entry *entry, const struct registry_key *key)
{
    for (size_t i = 0; i < key->n_materials; i++) {
        if (!key_entry_add_material(entry, &key->materials[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < key->n_tags; i++) {
        if (!key_entry_add_tag(entry, view_of_string(key->tags[i].key), view_of_string(key->tags[i].value))) {
            return false;
        }
    }
    /* In the order in which the database gives them back, so that a restart does not change what is listed. */
    if (entry->key.n_tags > 1) {
        qsort(entry->key.tags, entry->key.n_tags, sizeof *entry->key.tags, tag_compare);
    }
    return true;
}

bool key_entry_set_policy(struct key_entry *entry, struct view policy)
{
    entry->key.policy = registry_text_copy(policy);
    return entry->key.policy != NULL;
}

struct registry_result key_entry_share(struct key_entry *entry, struct policies *policies)
{
    struct registry_key *key = &entry->key;
    struct registry_result result =
        key->policy == NULL ? policies_share_default(policies, key->account, &entry->shared)
                            : policies_share(policies, POLICY_KIND_KEY, view_of_string(key->policy), &entry->shared);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    if (key->policy != NULL) {
        free(key->policy);
        key->policy = entry->shared->text;
    }
    key->compiled = entry->shared;
    return result;
}

struct key_entry *key_entry_copy(const struct registry_key *key)
{
    struct key_entry *entry = key_entry_new(key->key_id, view_of(key->account, ACCOUNT_TEXT_BYTES - 1),
                                            view_of_string(key->token), view_of_string(key->description));
    if (entry == NULL) {
        return NULL;
    }
    entry->key.spec = key->spec;
    entry->key.usage = key->usage;
    entry->key.state = key->state;
    entry->key.boundary = key->boundary;
    entry->key.created_ms = key->created_ms;
    entry->key.deletion_ms = key->deletion_ms;
    entry->key.rotation_days = key->rotation_days;
    entry->key.next_rotation_ms = key->next_rotation_ms;
    entry->key.revision = key->revision;
    /* That of the default one is when the key was made. */
    entry->key.policy_ms = key->policy == NULL ? key->created_ms : key->policy_ms;
    if ((key->policy != NULL && !key_entry_set_policy(entry, view_of_string(key->policy))) || !copy_lists(entry, key)) {
        key_entry_free(entry);
        return NULL;
    }
    return entry;
}

void key_entry_free(struct key_entry *entry)
{
    if (entry == NULL) {
        return;
    }
    for (size_t i = 0; i < entry->key.n_tags; i++) {
        free(entry->key.tags[i].key);
        free(entry->key.tags[i].value);
    }
    if (entry->shared == NULL) {
        free(entry->key.policy);
    }
    registry_policy_drop(entry->shared);
    for (size_t i = 0; i < GRANT_ORDERS; i++) {
        grant_list_clear(&entry->grants[i]);
    }
    free(entry->key.tags);
    free(entry->key.materials);
    free(entry->key.token);
    free(entry->key.description);
    free(entry);
}

struct alias_entry *alias_entry_new(struct view account, struct view name, const uint8_t *key_id)
{
    const size_t id_len = account.len + name.len;
    struct alias_entry *entry = calloc(1, sizeof *entry + id_len + 1);
    if (entry == NULL) {
        return NULL;
    }
    memcpy(entry->id, account.data, account.len);
    memcpy(entry->id + account.len, name.data, name.len);
    entry->id_len = id_len;
    entry->alias.name = entry->id + account.len;
    memcpy(entry->alias.account, account.data, account.len);
    if (key_id != NULL) {
        memcpy(entry->alias.key_id, key_id, KEY_ID_BYTES);
    }
    return entry;
}

void alias_entry_free(struct alias_entry *entry)
{
    free(entry);
}

/* ------------------------------------------------------------------ retired materials */

struct retired_entry *retired_entry_new(const uint8_t material_id[MATERIAL_ID_BYTES],
                                        const uint8_t key_id[KEY_ID_BYTES], struct view account, struct view token)
{
    struct retired_entry *entry = calloc(1, sizeof *entry + token.len + 1);
    if (entry == NULL) {
        return NULL;
    }
    struct registry_retired *retired = &entry->retired;
    memcpy(retired->material_id, material_id, MATERIAL_ID_BYTES);
    memcpy(retired->key_id, key_id, KEY_ID_BYTES);
    memcpy(retired->account, account.data, ACCOUNT_TEXT_BYTES - 1);
    memcpy(entry->text, token.data, token.len);
    retired->token = entry->text;
    return entry;
}

void retired_entry_free(struct retired_entry *entry)
{
    free(entry);
}

bool retired_list_add(struct retired_list *list, struct retired_entry *entry)
{
    if (array_is_full(list->n)) {
        struct retired_entry **grown = array_grow(list->entries, list->n, sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        list->entries = grown;
    }
    list->entries[list->n++] = entry;
    return true;
}

bool retired_list_of_key(const struct registry_key *key, int64_t retired_ms, struct retired_list *ret)
{
    struct retired_list list = {0};
    for (size_t i = 0; i < key->n_materials; i++) {
        struct retired_entry *entry =
            retired_entry_new(key->materials[i].id, key->key_id, view_of(key->account, ACCOUNT_TEXT_BYTES - 1),
                              view_of_string(key->token));
        if (entry == NULL || !retired_list_add(&list, entry)) {
            retired_entry_free(entry);
            retired_list_clear(&list);
            *ret = (struct retired_list){0};
            return false;
        }
        entry->retired.spec = key->spec;
        entry->retired.boundary = key->boundary;
        entry->retired.retired_ms = retired_ms;
    }
    *ret = list;
    return true;
}

void retired_list_clear(struct retired_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        retired_entry_free(list->entries[i]);
    }
    free(list->entries);
    *list = (struct retired_list){0};
}
