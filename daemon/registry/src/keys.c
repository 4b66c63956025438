/* Keys: finding, paging, adding. */
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

size_t registry_account_keys(const struct registry *registry, const char *account)
{
    const struct account *owner = memory_account(&registry->memory, account);
    return owner == NULL ? 0 : owner->n_keys;
}

size_t registry_keys(const struct registry *registry)
{
    return map_count(&registry->memory.keys);
}

/* Room for all that may be waiting: what is durable must find its place in memory. */
static struct registry_result admit(struct registry *registry, const struct key_entry *entry)
{
    if (entry == NULL) {
        return registry_no_memory();
    }
    const char *wrong = entry->key.n_materials == 1 ? check_key(&entry->key) : "a key begins with one material";
    if (wrong != NULL) {
        return registry_failure(REGISTRY_STORE, "key %s not written: %s", entry->key.key_id_text, wrong);
    }
    return memory_reserve(&registry->memory, entry->key.account, REGISTRY_MAX_WAITING) ? registry_ok()
                                                                                       : registry_no_memory();
}

void registry_key_add(struct registry *registry, const struct registry_key *key, registry_done_fn done, void *arg)
{
    struct change change = {.kind = CHANGE_KEY_ADD, .key = key_entry_copy(key)};
    registry_submit(registry, &change, admit(registry, change.key), done, arg);
}
