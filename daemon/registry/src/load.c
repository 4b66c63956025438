/* What the store shows goes into memory: everything at the start, later single rows whose change lost its outcome. */
#include "base/hex.h"
#include "model.h"
#include "registry/principals.h"

#include <stdlib.h>

/* While changes wait, their room is not to be taken: a later one must find it. */
static bool reserve(struct registry *registry, const char *account, size_t materials)
{
    const size_t kept = registry->loading ? 0 : REGISTRY_MAX_WAITING;
    return memory_reserve(&registry->memory, account, kept + 1) &&
           memory_reserve_materials(&registry->memory, kept + materials);
}

static struct registry_result show_key(void *arg, struct key_entry *entry)
{
    struct registry *registry = arg;
    struct memory *memory = &registry->memory;
    if (!reserve(registry, entry->key.account, entry->key.n_materials)) {
        return registry_no_memory();
    }
    struct registry_result result = key_entry_share(entry, &memory->policies);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    bool taken;
    if (registry->loading) {
        taken = memory_append_key(memory, entry);
    } else if (memory_key(memory, entry->key.key_id) != NULL) {
        taken = memory_replace_key(memory, entry);
    } else {
        taken = memory_add_key(memory, entry);
    }
    if (!taken) {
        return registry_failure(REGISTRY_STORE, "table keys, row %s: its id or a material is another key's too",
                                entry->key.key_id_text);
    }
    return registry_ok();
}

static void show_no_key(void *arg, const uint8_t key_id[KEY_ID_BYTES])
{
    struct registry *registry = arg;
    memory_remove_key(&registry->memory, key_id);
}

static struct registry_result show_retired(void *arg, struct retired_entry *entry)
{
    struct registry *registry = arg;
    if (!memory_reserve_retired(&registry->memory, registry->n_retiring + 1)) {
        return registry_no_memory();
    }
    if (!memory_put_retired(&registry->memory, entry)) {
        char text[2 * MATERIAL_ID_BYTES + 1];
        hex_encode(view_of(entry->retired.material_id, MATERIAL_ID_BYTES), text);
        return registry_failure(REGISTRY_STORE, "table retired, row %s: a key has this material", text);
    }
    return registry_ok();
}

static void show_no_retired(void *arg, const uint8_t material_id[MATERIAL_ID_BYTES])
{
    struct registry *registry = arg;
    memory_remove_retired(&registry->memory, material_id);
}

static struct registry_result show_alias(void *arg, struct alias_entry *entry)
{
    struct registry *registry = arg;
    if (!reserve(registry, entry->alias.account, 0)) {
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

static struct registry_result show_principal(void *arg, struct principal_entry *entry)
{
    struct registry *registry = arg;
    const struct registry_principal *principal = &entry->principal;
    const size_t kept = registry->loading ? 0 : REGISTRY_MAX_WAITING;
    struct registry_result result = principal_entry_share(entry, &registry->memory.policies);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    if (!memory_reserve_principals(&registry->memory, principal->account, kept + 1)) {
        return registry_no_memory();
    }
    if (!memory_put_principal(&registry->memory, entry)) {
        return registry_failure(REGISTRY_STORE, "table principals, row %s: another has its name or an access key of it",
                                principal->unique_id);
    }
    return registry_ok();
}

static void show_no_principal(void *arg, const char *unique_id)
{
    struct registry *registry = arg;
    memory_remove_principal(&registry->memory, unique_id);
}

static struct registry_result show_departure(void *arg, const struct principal_departure *departure)
{
    struct registry *registry = arg;
    const size_t kept = registry->loading ? 0 : REGISTRY_MAX_WAITING;
    if (registry->loading && registry_departures(registry) >= REGISTRY_MAX_DEPARTURES) {
        return registry_failure(REGISTRY_STORE, "table departures has more than %d rows", REGISTRY_MAX_DEPARTURES);
    }
    struct departure_entry *entry = departure_entry_new(departure);
    if (entry == NULL || !memory_reserve_departures(&registry->memory, kept + 1)) {
        free(entry);
        return registry_no_memory();
    }
    memory_put_departure(&registry->memory, entry, departure->kept_ids);
    return registry_ok();
}

static struct registry_result grant_row_failure(const struct registry_grant *grant, const char *wrong)
{
    char text[GRANT_ID_TEXT_BYTES + 1];
    hex_encode(view_of(grant->id, GRANT_ID_BYTES), text);
    return registry_failure(REGISTRY_STORE, "table grants, row %s: %s", text, wrong);
}

static struct key_entry *key_of(struct registry *registry, const struct registry_grant *grant)
{
    struct key_entry *key = registry->loading ? registry->loading_key : NULL;
    if (key == NULL || memcmp(key->key.key_id, grant->key_id, KEY_ID_BYTES) != 0) {
        key = memory_key(&registry->memory, grant->key_id);
    }
    registry->loading_key = key;
    return key;
}

/* A known one never changes: then there is nothing to do. */
static struct registry_result show_grant(void *arg, const struct registry_grant *grant)
{
    struct registry *registry = arg;
    struct memory *memory = &registry->memory;
    struct key_entry *key = key_of(registry, grant);
    if (key == NULL) {
        return grant_row_failure(grant, "there is no such key");
    }
    if (!registry->loading && memory_grant(memory, grant->id) != NULL) {
        return registry_ok();
    }
    if (key->grants[GRANTS_BY_ID].n >= KEY_MAX_GRANTS) {
        return grant_row_failure(grant, "its key has too many grants");
    }
    struct grant_entry *entry = grant_entry_copy(grant, &memory->texts);
    if (entry == NULL || !memory_reserve_grants(memory, key, entry, registry->loading ? 1 : registry->n_waiting + 1)) {
        grant_entry_free(entry);
        return registry_no_memory();
    }
    if (!(registry->loading ? memory_append_grant(memory, key, entry) : memory_add_grant(memory, entry))) {
        grant_entry_free(entry);
        return grant_row_failure(grant, "it is there twice");
    }
    return registry_ok();
}

static void show_no_grant(void *arg, const uint8_t id[GRANT_ID_BYTES])
{
    struct registry *registry = arg;
    memory_remove_grant(&registry->memory, id);
}

/* Here, not when the store is open: its writer was forked then, and each page that is written would be copied first. */
static void sort_all(void *arg)
{
    struct registry *registry = arg;
    memory_due_sort(&registry->memory);
    memory_sort_grants(&registry->memory);
}

const struct store_visitor registry_visitor = {
    .key = show_key,
    .retired = show_retired,
    .alias = show_alias,
    .no_key = show_no_key,
    .no_retired = show_no_retired,
    .no_alias = show_no_alias,
    .principal = show_principal,
    .no_principal = show_no_principal,
    .departure = show_departure,
    .grant = show_grant,
    .loaded = sort_all,
    .no_grant = show_no_grant,
};
