/* The registry's content while it runs: users and roles; see memory.h. */
#include "memory.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ room and finding */

static struct principal_list *list_of(struct account *account, enum principal_kind kind)
{
    return kind == PRINCIPAL_USER || kind == PRINCIPAL_ROLE ? &account->principals[kind - PRINCIPAL_USER] : NULL;
}

const struct principal_list *account_principals(const struct account *account, enum principal_kind kind)
{
    return kind == PRINCIPAL_USER || kind == PRINCIPAL_ROLE ? &account->principals[kind - PRINCIPAL_USER] : NULL;
}

bool memory_reserve_principals(struct memory *memory, const char *id, size_t more)
{
    struct account *account = memory_account_made(memory, id);
    if (account == NULL) {
        return false;
    }
    for (size_t kind = 0; kind < PRINCIPAL_KINDS; kind++) {
        struct principal_list *list = &account->principals[kind];
        if (!memory_array_reserve(&list->entries, &list->room, list->n, more)) {
            return false;
        }
    }
    return map_reserve(&memory->principals, map_count(&memory->principals) + more) &&
           map_reserve(&memory->unique_ids, map_count(&memory->unique_ids) + more) &&
           map_reserve(&memory->access_keys, map_count(&memory->access_keys) + more * PRINCIPAL_MAX_ACCESS_KEYS);
}

struct principal_entry *memory_principal(const struct memory *memory, const char *account, enum principal_kind kind,
                                         const char *name)
{
    char id[PRINCIPAL_MAP_ID_MAX_BYTES];
    size_t len = principal_map_id(account, kind, name, id);
    return len == 0 ? NULL : map_find(&memory->principals, view_of(id, len));
}

struct principal_entry *memory_principal_of_id(const struct memory *memory, const char *unique_id)
{
    return map_find(&memory->unique_ids, view_of_string(unique_id));
}

struct principal_entry *memory_principal_of_access_key(const struct memory *memory, const char *access_key_id)
{
    return map_find(&memory->access_keys, view_of_string(access_key_id));
}

size_t principal_list_after(const struct principal_list *list, const char *after)
{
    size_t low = 0;
    size_t high = after == NULL ? 0 : list->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(list->entries[middle]->principal.name, after) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ------------------------------------------------------------------ changing */

static struct view map_id(const struct principal_entry *entry)
{
    return view_of(entry->id, entry->id_len);
}

/* Does another than `known` have the name or an access key? */
static bool clashes(const struct memory *memory, const struct principal_entry *entry,
                    const struct principal_entry *known)
{
    const struct principal_entry *named = map_find(&memory->principals, map_id(entry));
    if (named != NULL && named != known) {
        return true;
    }
    for (size_t i = 0; i < entry->principal.n_access_keys; i++) {
        const struct principal_entry *has = memory_principal_of_access_key(memory, entry->access_keys[i].id);
        if (has != NULL && has != known) {
            return true;
        }
    }
    return false;
}

bool memory_put_principal(struct memory *memory, struct principal_entry *entry)
{
    const struct registry_principal *principal = &entry->principal;
    if (clashes(memory, entry, memory_principal_of_id(memory, principal->unique_id))) {
        return false;
    }
    memory_remove_principal(memory, principal->unique_id);
    memory_map_add(&memory->principals, map_id(entry), entry);
    memory_map_add(&memory->unique_ids, view_of_string(principal->unique_id), entry);
    for (size_t i = 0; i < principal->n_access_keys; i++) {
        memory_map_add(&memory->access_keys, view_of_string(principal->access_keys[i].id), entry);
    }
    struct principal_list *list = list_of(memory_account(memory, principal->account), principal->kind);
    memory_array_insert(list->entries, list->n, principal_list_after(list, principal->name), entry);
    list->n++;
    return true;
}

bool memory_remove_principal(struct memory *memory, const char *unique_id)
{
    struct principal_entry *entry = map_remove(&memory->unique_ids, view_of_string(unique_id));
    if (entry == NULL) {
        return false;
    }
    const struct registry_principal *principal = &entry->principal;
    map_remove(&memory->principals, map_id(entry));
    for (size_t i = 0; i < principal->n_access_keys; i++) {
        map_remove(&memory->access_keys, view_of_string(principal->access_keys[i].id));
    }
    struct principal_list *list = list_of(memory_account(memory, principal->account), principal->kind);
    memory_array_remove(list->entries, list->n, principal_list_after(list, principal->name) - 1);
    list->n--;
    principal_entry_free(entry);
    return true;
}

/* ------------------------------------------------------------------ departures */

bool memory_reserve_departures(struct memory *memory, size_t more)
{
    return map_reserve(&memory->departures, map_count(&memory->departures) + more);
}

const struct departure_entry *memory_departure(const struct memory *memory, const char *account,
                                               enum principal_kind kind, const char *name)
{
    char id[PRINCIPAL_MAP_ID_MAX_BYTES];
    size_t len = principal_map_id(account, kind, name, id);
    return len == 0 ? NULL : map_find(&memory->departures, view_of(id, len));
}

/* Takes the one with this unique id out of the list; NULL when there is none. */
static struct departure_entry *take_departure_of(struct departure_entry **list, const char *unique_id)
{
    for (struct departure_entry **at = list; *at != NULL; at = &(*at)->earlier) {
        struct departure_entry *entry = *at;
        if (strcmp(entry->unique_id, unique_id) == 0) {
            *at = entry->earlier;
            return entry;
        }
    }
    return NULL;
}

/* Before those that are not later. */
static void insert_departure(struct departure_entry **list, struct departure_entry *entry)
{
    struct departure_entry **at = list;
    while (*at != NULL && (*at)->departed_ms > entry->departed_ms) {
        at = &(*at)->earlier;
    }
    entry->earlier = *at;
    *at = entry;
}

static void forget_departures(struct departure_entry *list, size_t kept_ids)
{
    for (size_t i = 0; i < kept_ids && list != NULL; i++) {
        list = list->earlier;
    }
    if (list != NULL) {
        list->unique_id[0] = '\0';
        departure_entry_free_all(list->earlier);
        list->earlier = NULL;
    }
}

size_t departure_entry_count(const struct departure_entry *last)
{
    size_t n = 0;
    for (; last != NULL; last = last->earlier) {
        n++;
    }
    return n;
}

void memory_put_departure(struct memory *memory, struct departure_entry *entry, size_t kept_ids)
{
    struct departure_entry *list = map_remove(&memory->departures, view_of(entry->id, entry->id_len));
    memory->n_departures -= departure_entry_count(list);
    struct departure_entry *same = take_departure_of(&list, entry->unique_id);
    if (same != NULL && same->departed_ms > entry->departed_ms) {
        entry->departed_ms = same->departed_ms;
    }
    free(same);
    insert_departure(&list, entry);
    forget_departures(list, kept_ids);
    memory->n_departures += departure_entry_count(list);
    memory_map_add(&memory->departures, view_of(list->id, list->id_len), list);
}
