/* Users and roles: finding, paging, changing; see registry/principals.h. */
#include "registry/principals.h"

#include "check.h"
#include "model.h"

const struct registry_principal *registry_principal_find(const struct registry *registry, const char *account,
                                                         enum principal_kind kind, const char *name)
{
    const struct principal_entry *entry = memory_principal(&registry->memory, account, kind, name);
    return entry == NULL ? NULL : &entry->principal;
}

static const struct principal_list *list_of(const struct registry *registry, const char *account,
                                            enum principal_kind kind)
{
    const struct account *owner = memory_account(&registry->memory, account);
    return owner == NULL ? NULL : account_principals(owner, kind);
}

const struct registry_principal *registry_principal_after(const struct registry *registry, const char *account,
                                                          enum principal_kind kind, const char *after)
{
    const struct principal_list *list = list_of(registry, account, kind);
    size_t at = list == NULL ? 0 : principal_list_after(list, after);
    return list != NULL && at < list->n ? &list->entries[at]->principal : NULL;
}

const struct registry_principal *registry_principal_of_access_key(const struct registry *registry,
                                                                  const char *access_key_id,
                                                                  const struct registry_access_key **ret_key)
{
    const struct principal_entry *entry = memory_principal_of_access_key(&registry->memory, access_key_id);
    for (size_t i = 0; entry != NULL && ret_key != NULL && i < entry->principal.n_access_keys; i++) {
        if (strcmp(entry->access_keys[i].id, access_key_id) == 0) {
            *ret_key = &entry->access_keys[i];
        }
    }
    return entry == NULL ? NULL : &entry->principal;
}

int64_t registry_principal_departed_ms(const struct registry *registry, const char *account, enum principal_kind kind,
                                       const char *name)
{
    const struct departure_entry *entry = memory_departure(&registry->memory, account, kind, name);
    return entry == NULL ? 0 : entry->departed_ms;
}

const char *registry_principal_departed_id(const struct registry *registry, const char *account,
                                           enum principal_kind kind, const char *name, int64_t written_ms)
{
    const struct departure_entry *meant = NULL;
    const struct departure_entry *entry = memory_departure(&registry->memory, account, kind, name);
    for (; entry != NULL && entry->departed_ms >= written_ms; entry = entry->earlier) {
        meant = entry;
    }
    return meant == NULL || meant->unique_id[0] == '\0' ? NULL : meant->unique_id;
}

size_t registry_departures(const struct registry *registry)
{
    return registry->memory.n_departures;
}

size_t registry_principals(const struct registry *registry)
{
    return map_count(&registry->memory.principals);
}

size_t registry_account_principals(const struct registry *registry, const char *account, enum principal_kind kind)
{
    const struct principal_list *list = list_of(registry, account, kind);
    return list == NULL ? 0 : list->n;
}

/* ------------------------------------------------------------------ changing */

/* What a copy relies on; the rest is checked in the copy, which is sorted. */
static const char *check_copyable(const struct registry_principal *principal)
{
    const char *wrong = check_account(view_of(principal->account, strnlen(principal->account, ACCOUNT_TEXT_BYTES)));
    if (wrong == NULL) {
        wrong = check_principal_name(view_of_string(principal->name));
    }
    if (wrong == NULL) {
        wrong = check_principal_path(view_of_string(principal->path));
    }
    if (wrong == NULL) {
        wrong = check_unique_id(view_of(principal->unique_id, strnlen(principal->unique_id, PRINCIPAL_ID_BYTES)));
    }
    if (wrong == NULL &&
        (principal->n_policies > PRINCIPAL_MAX_POLICIES || principal->n_access_keys > PRINCIPAL_MAX_ACCESS_KEYS)) {
        wrong = "principal has too many policies or access keys";
    }
    return wrong;
}

static struct registry_result refusal_of(const struct registry_principal *principal, const char *wrong)
{
    char name[PRINTABLE_MAX_BYTES];
    return registry_failure(REGISTRY_STORE, "principal %s not written: %s",
                            printable(view_of_string(principal->name), name), wrong);
}

/* Copies and compiles; room for all that may be waiting. *ret is set whatever the answer; may be NULL. known is the
 * principal as it is, if it is one that changes. */
static struct registry_result prepare(struct registry *registry, const struct registry_principal *principal,
                                      const struct registry_principal *known, struct principal_entry **ret)
{
    const char *wrong = check_copyable(principal);
    if (wrong != NULL) {
        return refusal_of(principal, wrong);
    }
    struct principal_entry *entry = principal_entry_copy(principal);
    *ret = entry;
    if (entry == NULL) {
        return registry_no_memory();
    }
    if (known == NULL) {
        entry->principal.revision = 1;
    }
    wrong = check_principal(&entry->principal);
    if (wrong == NULL && known != NULL) {
        wrong = check_principal_change(known, &entry->principal);
    }
    if (wrong != NULL) {
        return refusal_of(principal, wrong);
    }
    struct registry_result result = principal_entry_share(entry, &registry->memory.policies);
    for (size_t i = 0; i < entry->principal.n_policies && result.code == REGISTRY_OK; i++) {
        result = policies_compile(entry->shared[i]);
    }
    if (result.code == REGISTRY_STORE) {
        return refusal_of(principal, result.detail);
    }
    if (result.code == REGISTRY_OK &&
        !memory_reserve_principals(&registry->memory, entry->principal.account, REGISTRY_MAX_WAITING)) {
        return registry_no_memory();
    }
    return result;
}

/* Memory may be behind by what is waiting, never ahead: see keys.c. One of the same name may be another. */
static struct registry_result find(const struct registry *registry, const char *account, enum principal_kind kind,
                                   const char *name, uint64_t revision, const struct registry_principal **ret)
{
    const struct registry_principal *known = registry_principal_find(registry, account, kind, name);
    if (known == NULL) {
        return registry_failure(REGISTRY_NOT_FOUND, "there is no such principal");
    }
    if (known->revision != revision) {
        return registry_failure(REGISTRY_CONFLICT, "the principal was changed meanwhile");
    }
    *ret = known;
    return registry_ok();
}

void registry_principal_add(struct registry *registry, const struct registry_principal *principal,
                            registry_done_fn done, void *arg)
{
    struct change change = {.kind = CHANGE_PRINCIPAL_ADD};
    struct registry_result refusal = prepare(registry, principal, NULL, &change.principal);
    registry_submit(registry, &change, refusal, done, arg);
}

void registry_principal_replace(struct registry *registry, const struct registry_principal *principal,
                                registry_done_fn done, void *arg)
{
    const struct registry_principal *known = NULL;
    struct change change = {.kind = CHANGE_PRINCIPAL_REPLACE};
    struct registry_result refusal =
        find(registry, principal->account, principal->kind, principal->name, principal->revision, &known);
    if (refusal.code == REGISTRY_OK && strcmp(known->unique_id, principal->unique_id) != 0) {
        refusal = registry_failure(REGISTRY_CONFLICT, "another principal has the name by now");
    }
    if (refusal.code == REGISTRY_OK) {
        refusal = prepare(registry, principal, known, &change.principal);
    }
    registry_submit(registry, &change, refusal, done, arg);
}

/* Whatever the clock says: not before he was made, nor before another departed from his name. The end of time stays. */
static int64_t departure_ms(const struct registry *registry, const struct registry_principal *principal, int64_t now_ms)
{
    const int64_t last_ms =
        registry_principal_departed_ms(registry, principal->account, principal->kind, principal->name);
    int64_t departed_ms = now_ms > principal->created_ms ? now_ms : principal->created_ms;
    departed_ms = departed_ms > last_ms ? departed_ms : last_ms + 1;
    return departed_ms < TIME_MAX_MS ? departed_ms : TIME_MAX_MS;
}

/* What is waiting may be departures too. When there are too many, a name keeps no more of them than it has: the one
 * before goes for the next, and of an only one the time stays, which is what decides. */
static struct registry_result prepare_departure(struct registry *registry, const struct registry_principal *principal,
                                                int64_t now_ms, struct change *change)
{
    struct principal_departure *departure = &change->principal_removal.departure;
    const struct departure_entry *last =
        memory_departure(&registry->memory, principal->account, principal->kind, principal->name);
    const bool is_full = registry_departures(registry) + registry->n_waiting >= REGISTRY_MAX_DEPARTURES;
    if (is_full && last == NULL) {
        return registry_failure(REGISTRY_LIMIT, "%d deleted principals are on record: none of another name can be",
                                REGISTRY_MAX_DEPARTURES);
    }
    memcpy(departure->account, principal->account, ACCOUNT_TEXT_BYTES);
    departure->kind = principal->kind;
    memcpy(departure->name, principal->name, strlen(principal->name) + 1);
    memcpy(departure->unique_id, principal->unique_id, PRINCIPAL_ID_BYTES);
    departure->departed_ms = departure_ms(registry, principal, now_ms);
    departure->kept_ids = is_full ? (uint8_t)(departure_entry_count(last) - 1) : REGISTRY_DEPARTED_IDS;
    change->departed = departure_entry_new(departure);
    return change->departed != NULL && memory_reserve_departures(&registry->memory, REGISTRY_MAX_WAITING)
               ? registry_ok()
               : registry_no_memory();
}

void registry_principal_remove(struct registry *registry, const char *account, enum principal_kind kind,
                               const char *name, uint64_t revision, int64_t now_ms, registry_done_fn done, void *arg)
{
    const struct registry_principal *known = NULL;
    struct change change = {.kind = CHANGE_PRINCIPAL_REMOVE};
    struct registry_result refusal = find(registry, account, kind, name, revision, &known);
    if (refusal.code == REGISTRY_OK) {
        memcpy(change.principal_removal.unique_id, known->unique_id, PRINCIPAL_ID_BYTES);
        change.principal_removal.revision = revision;
        refusal = prepare_departure(registry, known, now_ms, &change);
    }
    registry_submit(registry, &change, refusal, done, arg);
}
