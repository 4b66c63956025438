/* Changes of principals as SQL; see sqlite_apply_changes.h. */
#include "sqlite_apply_changes.h"

static bool bind_unique_id(struct sqlite_apply *apply, enum sqlite_apply_statement which, const char *unique_id)
{
    return sqlite_bind_string(sqlite_apply_handle(apply, which), 1, view_of_string(unique_id));
}

static struct registry_result add_principal_row(struct sqlite_apply *apply, const struct registry_principal *principal,
                                                struct registry_result *ret_answer)
{
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_PRINCIPAL);
    bool bound =
        bind_unique_id(apply, APPLY_PRINCIPAL, principal->unique_id) &&
        sqlite_bind_string(h, 2, view_of_string(principal->account)) && sqlite_bind_number(h, 3, principal->kind) &&
        sqlite_bind_string(h, 4, view_of_string(principal->name)) &&
        sqlite_bind_string(h, 5, view_of_string(principal->path)) && sqlite_bind_number(h, 6, principal->created_ms) &&
        sqlite_bind_number(h, 7, (int64_t)principal->revision);
    return sqlite_apply_run(apply, APPLY_PRINCIPAL, bound, ret_answer);
}

static struct registry_result add_policy_row(struct sqlite_apply *apply, const struct registry_principal *principal,
                                             size_t i, struct registry_result *ret_answer)
{
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_PRINCIPAL_POLICY);
    bool bound = bind_unique_id(apply, APPLY_PRINCIPAL_POLICY, principal->unique_id) &&
                 sqlite_bind_string(h, 2, view_of_string(principal->policies[i].name)) &&
                 sqlite_bind_string(h, 3, view_of_string(principal->policies[i].text));
    return sqlite_apply_run(apply, APPLY_PRINCIPAL_POLICY, bound, ret_answer);
}

static struct registry_result add_access_key_row(struct sqlite_apply *apply, const struct registry_principal *principal,
                                                 size_t i, struct registry_result *ret_answer)
{
    const struct registry_access_key *key = &principal->access_keys[i];
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_PRINCIPAL_ACCESS_KEY);
    bool bound = bind_unique_id(apply, APPLY_PRINCIPAL_ACCESS_KEY, principal->unique_id) &&
                 sqlite_bind_string(h, 2, view_of_string(key->id)) &&
                 sqlite_bind_string(h, 3, view_of_string(key->secret)) && sqlite_bind_number(h, 4, key->status) &&
                 sqlite_bind_number(h, 5, key->created_ms);
    return sqlite_apply_run(apply, APPLY_PRINCIPAL_ACCESS_KEY, bound, ret_answer);
}

static struct registry_result add_parts(struct sqlite_apply *apply, const struct registry_principal *principal,
                                        struct registry_result *ret_answer)
{
    struct registry_result result = registry_ok();
    for (size_t i = 0; sqlite_apply_goes_on(result, ret_answer) && i < principal->n_policies; i++) {
        result = add_policy_row(apply, principal, i, ret_answer);
    }
    for (size_t i = 0; sqlite_apply_goes_on(result, ret_answer) && i < principal->n_access_keys; i++) {
        result = add_access_key_row(apply, principal, i, ret_answer);
    }
    return result;
}

/* Is the principal as the asker has seen it? Within the transaction, so no other change comes between. */
static struct registry_result look_at_principal(struct sqlite_apply *apply, const char *unique_id, uint64_t revision,
                                                struct registry_result *ret_answer)
{
    int64_t found = 0;
    bool there = false;
    bool bound = bind_unique_id(apply, APPLY_PRINCIPAL_SEEN, unique_id);
    struct registry_result result = sqlite_apply_look(apply, APPLY_PRINCIPAL_SEEN, bound, 1, &found, &there);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    if (!there) {
        *ret_answer = registry_failure(REGISTRY_NOT_FOUND, "there is no such principal");
    } else if (found != (int64_t)revision) {
        *ret_answer = registry_failure(REGISTRY_CONFLICT, "the principal was changed meanwhile");
    }
    return result;
}

/* Statements whose only parameter is the unique id, in this order. */
static struct registry_result run_of_principal(struct sqlite_apply *apply, const enum sqlite_apply_statement *which,
                                               size_t n, const char *unique_id, struct registry_result *ret_answer)
{
    struct registry_result result = registry_ok();
    for (size_t i = 0; sqlite_apply_goes_on(result, ret_answer) && i < n; i++) {
        bool bound = bind_unique_id(apply, which[i], unique_id);
        result = sqlite_apply_run(apply, which[i], bound, ret_answer);
    }
    return result;
}

/* ------------------------------------------------------------------ changes */

struct registry_result sqlite_apply_principal_add(struct sqlite_apply *apply, const struct wire_frame *change,
                                                  struct registry_result *ret_answer)
{
    const struct registry_principal *principal = &change->principal->principal;
    struct registry_result result = add_principal_row(apply, principal, ret_answer);
    return sqlite_apply_goes_on(result, ret_answer) ? add_parts(apply, principal, ret_answer) : result;
}

struct registry_result sqlite_apply_principal_replace(struct sqlite_apply *apply, const struct wire_frame *change,
                                                      struct registry_result *ret_answer)
{
    static const enum sqlite_apply_statement before[] = {APPLY_PRINCIPAL_UPDATE, APPLY_PRINCIPAL_POLICIES_OUT,
                                                         APPLY_PRINCIPAL_ACCESS_KEYS_OUT};
    const struct registry_principal *principal = &change->principal->principal;
    struct registry_result result = look_at_principal(apply, principal->unique_id, principal->revision, ret_answer);
    if (sqlite_apply_goes_on(result, ret_answer)) {
        result = run_of_principal(apply, before, sizeof before / sizeof before[0], principal->unique_id, ret_answer);
    }
    return sqlite_apply_goes_on(result, ret_answer) ? add_parts(apply, principal, ret_answer) : result;
}

/* A statement about the unique id and a number. */
static struct registry_result run_with_number(struct sqlite_apply *apply, enum sqlite_apply_statement which,
                                              const char *unique_id, int64_t number, struct registry_result *ret_answer)
{
    bool bound =
        bind_unique_id(apply, which, unique_id) && sqlite_bind_number(sqlite_apply_handle(apply, which), 2, number);
    return sqlite_apply_run(apply, which, bound, ret_answer);
}

/* While his name is there to be read. */
static struct registry_result depart(struct sqlite_apply *apply, const struct principal_removal *removal,
                                     struct registry_result *ret_answer)
{
    static const enum sqlite_apply_statement forgotten[] = {APPLY_DEPARTURES_FORGOTTEN};
    const char *unique_id = removal->unique_id;
    struct registry_result result =
        run_with_number(apply, APPLY_PRINCIPAL_DEPARTS, unique_id, removal->departure.departed_ms, ret_answer);
    if (sqlite_apply_goes_on(result, ret_answer)) {
        result = run_with_number(apply, APPLY_DEPARTURES_FORGET, unique_id, removal->departure.kept_ids, ret_answer);
    }
    return sqlite_apply_goes_on(result, ret_answer) ? run_of_principal(apply, forgotten, 1, unique_id, ret_answer)
                                                    : result;
}

struct registry_result sqlite_apply_principal_remove(struct sqlite_apply *apply, const struct wire_frame *change,
                                                     struct registry_result *ret_answer)
{
    static const enum sqlite_apply_statement all[] = {APPLY_PRINCIPAL_POLICIES_OUT, APPLY_PRINCIPAL_ACCESS_KEYS_OUT,
                                                      APPLY_PRINCIPAL_OUT};
    const struct principal_removal *removal = &change->principal_removal;
    struct registry_result result = look_at_principal(apply, removal->unique_id, removal->revision, ret_answer);
    if (sqlite_apply_goes_on(result, ret_answer)) {
        result = depart(apply, removal, ret_answer);
    }
    if (sqlite_apply_goes_on(result, ret_answer)) {
        result = run_of_principal(apply, all, sizeof all / sizeof all[0], removal->unique_id, ret_answer);
    }
    return result;
}
