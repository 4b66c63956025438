/* What the store shows goes into memory: everything at the start, later single rows whose change lost its outcome. */
#include "model.h"

static struct registry_result show_key(void *arg, struct key_entry *entry)
{
    struct registry *registry = arg;
    struct memory *memory = &registry->memory;
    if (!registry->loading && memory_key(memory, entry->key.key_id) != NULL) {
        key_entry_free(entry); /* known, and keys do not change */
        return registry_ok();
    }
    if (!memory_reserve(memory, entry->key.account, 1) || !memory_reserve_materials(memory, entry->key.n_materials)) {
        return registry_no_memory();
    }
    if (!memory_add_key(memory, entry)) {
        return registry_failure(REGISTRY_STORE, "table keys, row %s: its id or a material is another key's too",
                                entry->key.key_id_text);
    }
    return registry_ok();
}

static struct registry_result show_alias(void *arg, struct alias_entry *entry)
{
    struct registry *registry = arg;
    if (!memory_reserve(&registry->memory, entry->alias.account, 1)) {
        return registry_no_memory();
    }
    if (!memory_put_alias(&registry->memory, entry)) {
        return registry_failure(REGISTRY_STORE, "table aliases, row %.80s: there is no such key in account %s",
                                entry->alias.name, entry->alias.account);
    }
    return registry_ok();
}

static void show_no_alias(void *arg, const char *account, const char *name)
{
    struct registry *registry = arg;
    memory_remove_alias(&registry->memory, account, name);
}

const struct store_visitor registry_visitor = {.key = show_key, .alias = show_alias, .no_alias = show_no_alias};
