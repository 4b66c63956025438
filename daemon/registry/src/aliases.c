/* Aliases: finding, paging, changing. */
#include "check.h"
#include "model.h"

const struct registry_alias *registry_alias_find(const struct registry *registry, const char *account, const char *name)
{
    const struct alias_entry *entry = memory_alias(&registry->memory, account, name);
    return entry == NULL ? NULL : &entry->alias;
}

const struct registry_alias *registry_alias_after(const struct registry *registry, const char *account,
                                                  const char *after)
{
    const struct account *owner = memory_account(&registry->memory, account);
    if (owner == NULL) {
        return NULL;
    }
    size_t at = account_alias_after(owner, after);
    return at < owner->n_aliases ? &owner->aliases[at]->alias : NULL;
}

const struct registry_alias *registry_alias_of_key_after(const struct registry_key *key,
                                                         const struct registry_alias *after)
{
    const struct alias_entry *first = key->entry == NULL ? NULL : key->entry->first_alias;
    const struct alias_entry *entry = after == NULL ? first : alias_entry_around(after)->next;
    return entry == NULL ? NULL : &entry->alias;
}

size_t registry_aliases(const struct registry *registry)
{
    return map_count(&registry->memory.aliases);
}

/* key_id is NULL for a removal. */
static void submit(struct registry *registry, enum change_kind kind, const char *account, const char *name,
                   const uint8_t *key_id, int64_t now_ms, registry_done_fn done, void *arg)
{
    struct change change = {.kind = kind};
    struct registry_result refusal = registry_ok();
    const char *wrong = check_account(view_of_string(account));
    if (wrong == NULL) {
        wrong = check_alias_name(view_of_string(name));
    }
    if (wrong == NULL) {
        wrong = check_time(now_ms);
    }
    if (wrong != NULL) {
        refusal = registry_failure(REGISTRY_STORE, "alias not written: %s", wrong);
    } else {
        change.alias = alias_entry_new(view_of_string(account), view_of_string(name), key_id);
        if (change.alias == NULL || !memory_reserve(&registry->memory, account, REGISTRY_MAX_WAITING)) {
            refusal = registry_no_memory();
        } else {
            change.alias->alias.created_ms = now_ms;
            change.alias->alias.updated_ms = now_ms;
        }
    }
    registry_submit(registry, &change, refusal, done, arg);
}

void registry_alias_add(struct registry *registry, const char *account, const char *name,
                        const uint8_t key_id[KEY_ID_BYTES], int64_t now_ms, registry_done_fn done, void *arg)
{
    submit(registry, CHANGE_ALIAS_ADD, account, name, key_id, now_ms, done, arg);
}

void registry_alias_retarget(struct registry *registry, const char *account, const char *name,
                             const uint8_t key_id[KEY_ID_BYTES], int64_t now_ms, registry_done_fn done, void *arg)
{
    submit(registry, CHANGE_ALIAS_RETARGET, account, name, key_id, now_ms, done, arg);
}

void registry_alias_remove(struct registry *registry, const char *account, const char *name, registry_done_fn done,
                           void *arg)
{
    submit(registry, CHANGE_ALIAS_REMOVE, account, name, NULL, 0, done, arg);
}
