/* A user or role as the registry owns it; see entries_principal.h. */
#include "entries_principal.h"

#include "base/wipe.h"
#include "entries.h"

#include <stdlib.h>

struct principal_entry *principal_entry_new(struct view account, enum principal_kind kind, struct view name,
                                            struct view path, struct view unique_id)
{
    const size_t id_len = account.len + 1 + name.len;
    const size_t bytes = sizeof(struct principal_entry) + id_len + 1 + path.len + 1;
    struct principal_entry *entry = wiping_malloc(bytes);
    if (entry == NULL) {
        return NULL;
    }
    memset(entry, 0, bytes);
    memcpy(entry->id, account.data, account.len);
    entry->id[account.len] = (char)('0' + (int)kind);
    memcpy(entry->id + account.len + 1, name.data, name.len);
    memcpy(entry->id + id_len + 1, path.data, path.len);
    entry->id_len = id_len;
    struct registry_principal *principal = &entry->principal;
    memcpy(principal->account, account.data, ACCOUNT_TEXT_BYTES - 1);
    principal->kind = kind;
    principal->name = entry->id + account.len + 1;
    principal->path = entry->id + id_len + 1;
    memcpy(principal->unique_id, unique_id.data, PRINCIPAL_ID_TEXT_BYTES);
    principal->policies = entry->policies;
    principal->access_keys = entry->access_keys;
    return entry;
}

bool principal_entry_add_policy(struct principal_entry *entry, struct view name, struct view text)
{
    struct registry_identity_policy policy = {.name = registry_text_copy(name), .text = registry_text_copy(text)};
    if (policy.name == NULL || policy.text == NULL) {
        free(policy.name);
        free(policy.text);
        return false;
    }
    size_t at = entry->principal.n_policies++;
    for (; at > 0 && strcmp(entry->policies[at - 1].name, policy.name) > 0; at--) {
        entry->policies[at] = entry->policies[at - 1];
        entry->shared[at] = entry->shared[at - 1];
    }
    entry->policies[at] = policy;
    entry->shared[at] = NULL;
    return true;
}

void principal_entry_add_access_key(struct principal_entry *entry, const struct registry_access_key *access_key)
{
    size_t at = entry->principal.n_access_keys++;
    for (; at > 0 && strcmp(entry->access_keys[at - 1].id, access_key->id) > 0; at--) {
        entry->access_keys[at] = entry->access_keys[at - 1];
    }
    entry->access_keys[at] = *access_key;
}

struct principal_entry *principal_entry_copy(const struct registry_principal *principal)
{
    struct principal_entry *entry = principal_entry_new(
        view_of(principal->account, ACCOUNT_TEXT_BYTES - 1), principal->kind, view_of_string(principal->name),
        view_of_string(principal->path), view_of(principal->unique_id, PRINCIPAL_ID_TEXT_BYTES));
    if (entry == NULL) {
        return NULL;
    }
    entry->principal.created_ms = principal->created_ms;
    entry->principal.revision = principal->revision;
    for (size_t i = 0; i < principal->n_policies; i++) {
        const struct registry_identity_policy *policy = &principal->policies[i];
        if (!principal_entry_add_policy(entry, view_of_string(policy->name), view_of_string(policy->text))) {
            principal_entry_free(entry);
            return NULL;
        }
    }
    for (size_t i = 0; i < principal->n_access_keys; i++) {
        principal_entry_add_access_key(entry, &principal->access_keys[i]);
    }
    return entry;
}

struct registry_result principal_entry_share(struct principal_entry *entry, struct policies *policies)
{
    for (size_t i = 0; i < entry->principal.n_policies; i++) {
        struct registry_identity_policy *policy = &entry->policies[i];
        struct registry_result result =
            policies_share(policies, POLICY_KIND_IDENTITY, view_of_string(policy->text), &entry->shared[i]);
        if (result.code != REGISTRY_OK) {
            return result;
        }
        free(policy->text);
        policy->text = entry->shared[i]->text;
        policy->compiled = entry->shared[i];
    }
    return registry_ok();
}

void principal_entry_free(struct principal_entry *entry)
{
    if (entry == NULL) {
        return;
    }
    for (size_t i = 0; i < entry->principal.n_policies; i++) {
        free(entry->policies[i].name);
        if (entry->shared[i] == NULL) {
            free(entry->policies[i].text);
        }
        registry_policy_drop(entry->shared[i]);
    }
    wiping_free(entry);
}

struct departure_entry *departure_entry_new(const struct principal_departure *departure)
{
    char id[PRINCIPAL_MAP_ID_MAX_BYTES];
    const size_t id_len = principal_map_id(departure->account, departure->kind, departure->name, id);
    struct departure_entry *entry = malloc(sizeof *entry + id_len);
    if (entry == NULL) {
        return NULL;
    }
    entry->earlier = NULL;
    entry->departed_ms = departure->departed_ms;
    memcpy(entry->unique_id, departure->unique_id, PRINCIPAL_ID_BYTES);
    entry->id_len = id_len;
    memcpy(entry->id, id, id_len);
    return entry;
}

void departure_entry_free_all(struct departure_entry *entry)
{
    while (entry != NULL) {
        struct departure_entry *earlier = entry->earlier;
        free(entry);
        entry = earlier;
    }
}

size_t principal_map_id(const char *account, enum principal_kind kind, const char *name,
                        char out[PRINCIPAL_MAP_ID_MAX_BYTES])
{
    const size_t digits = strlen(account);
    const size_t len = strlen(name);
    if (digits != ACCOUNT_TEXT_BYTES - 1 || len > PRINCIPAL_NAME_MAX_BYTES) {
        return 0;
    }
    memcpy(out, account, digits);
    out[digits] = (char)('0' + (int)kind);
    memcpy(out + digits + 1, name, len);
    return digits + 1 + len;
}
