/* Keys: finding, paging, changing. */
#include "check.h"
#include "model.h"

const struct registry_key *registry_key_find(const struct registry *registry, const uint8_t key_id[KEY_ID_BYTES])
{
    const struct key_entry *entry = memory_key(&registry->memory, key_id);
    return entry == NULL ? NULL : &entry->key;
}

const struct registry_key *registry_key_of_material(const struct registry *registry,
                                                    const uint8_t material_id[MATERIAL_ID_BYTES])
{
    const struct key_entry *entry = memory_key_of_material(&registry->memory, material_id);
    return entry == NULL ? NULL : &entry->key;
}

const struct registry_key *registry_key_after(const struct registry *registry, const char *account,
                                              const uint8_t after[KEY_ID_BYTES])
{
    const struct account *owner = memory_account(&registry->memory, account);
    if (owner == NULL) {
        return NULL;
    }
    size_t at = account_key_after(owner, after);
    return at < owner->n_keys ? &owner->keys[at]->key : NULL;
}

const struct registry_key *registry_any_key_after(const struct registry *registry, const uint8_t after[KEY_ID_BYTES])
{
    const struct registry_key *first = NULL;
    size_t cursor = 0;
    const struct map *accounts = &registry->memory.accounts; /* few: sections of the configuration */
    for (const struct account *a = map_next(accounts, &cursor); a != NULL; a = map_next(accounts, &cursor)) {
        size_t at = account_key_after(a, after);
        const struct registry_key *key = at < a->n_keys ? &a->keys[at]->key : NULL;
        if (key != NULL && (first == NULL || memcmp(key->key_id, first->key_id, KEY_ID_BYTES) < 0)) {
            first = key;
        }
    }
    return first;
}

size_t registry_account_keys(const struct registry *registry, const char *account)
{
    const struct account *owner = memory_account(&registry->memory, account);
    return owner == NULL ? 0 : owner->n_keys;
}

size_t registry_keys(const struct registry *registry)
{
    return map_count(&registry->memory.keys);
}

/* ------------------------------------------------------------------ changing */

/* Compiles the policy, and makes room for all that may be waiting: what is durable must find its place in memory. */
static struct registry_result admit(struct registry *registry, struct key_entry *entry, const char *wrong)
{
    struct registry_result result = registry_ok();
    if (wrong == NULL) {
        result = key_entry_share(entry, &registry->memory.policies);
        if (result.code == REGISTRY_OK) {
            result = policies_compile(entry->shared);
        }
        wrong = result.code == REGISTRY_STORE ? result.detail : NULL;
    }
    if (wrong != NULL) {
        return registry_failure(REGISTRY_STORE, "key %s not written: %.140s", entry->key.key_id_text, wrong);
    }
    if (result.code != REGISTRY_OK) {
        return result;
    }
    return memory_reserve(&registry->memory, entry->key.account, REGISTRY_MAX_WAITING) ? registry_ok()
                                                                                       : registry_no_memory();
}

/* Memory may be behind by what is waiting, never ahead: what it refuses, the store would refuse too. Of changes that
 * see the same revision the store takes the first. */
static struct registry_result find(const struct registry *registry, const uint8_t *key_id, uint64_t revision,
                                   const struct registry_key **ret)
{
    const struct registry_key *known = registry_key_find(registry, key_id);
    if (known == NULL) {
        return registry_failure(REGISTRY_NOT_FOUND, "there is no such key");
    }
    if (known->revision != revision) {
        return registry_failure(REGISTRY_CONFLICT, "the key was changed meanwhile");
    }
    *ret = known;
    return registry_ok();
}

void registry_key_add(struct registry *registry, const struct registry_key *key, registry_done_fn done, void *arg)
{
    struct change change = {.kind = CHANGE_KEY_ADD, .key = key_entry_copy(key)};
    struct registry_result refusal = registry_no_memory();
    if (change.key != NULL) {
        struct registry_key *first = &change.key->key;
        first->revision = 1;
        const char *wrong = "a key begins with one material";
        if (first->n_materials == 1) {
            first->materials[0].origin = MATERIAL_FIRST;
            wrong = check_key(first);
        }
        refusal = admit(registry, change.key, wrong);
    }
    registry_submit(registry, &change, refusal, done, arg);
}

void registry_key_replace(struct registry *registry, const struct registry_key *key, registry_done_fn done, void *arg)
{
    const struct registry_key *known = NULL;
    struct change change = {.kind = CHANGE_KEY_REPLACE};
    struct registry_result refusal = find(registry, key->key_id, key->revision, &known);
    if (refusal.code == REGISTRY_OK) {
        change.key = key_entry_copy(key);
        refusal = registry_no_memory();
    }
    if (change.key != NULL) {
        const char *wrong = check_key(&change.key->key);
        refusal = admit(registry, change.key, wrong != NULL ? wrong : check_key_change(known, &change.key->key));
    }
    registry_submit(registry, &change, refusal, done, arg);
}

void registry_key_remove(struct registry *registry, const uint8_t key_id[KEY_ID_BYTES], uint64_t revision,
                         int64_t now_ms, registry_done_fn done, void *arg)
{
    const struct registry_key *known = NULL;
    struct change change = {.kind = CHANGE_KEY_REMOVE, .removal = {.revision = revision, .retired_ms = now_ms}};
    memcpy(change.removal.key_id, key_id, KEY_ID_BYTES);
    struct registry_result refusal = find(registry, key_id, revision, &known);
    const char *wrong = check_time(now_ms);
    if (known != NULL && wrong != NULL) {
        refusal = registry_failure(REGISTRY_STORE, "key %s not removed: %s", known->key_id_text, wrong);
    }
    if (known != NULL && wrong == NULL &&
        (!memory_reserve_retired(&registry->memory, registry->n_retiring + known->n_materials) ||
         !retired_list_of_key(known, now_ms, &change.retired))) {
        refusal = registry_no_memory();
    }
    registry_submit(registry, &change, refusal, done, arg);
}
