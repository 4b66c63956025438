/* Changes of aliases as SQL; see sqlite_apply_changes.h. */
#include "sqlite_apply_changes.h"

static const char no_alias[] = "there is no such alias";

static bool bind_alias_name(sqlite3_stmt *h, const struct registry_alias *alias)
{
    return sqlite_bind_string(h, 1, view_of_string(alias->account)) &&
           sqlite_bind_string(h, 2, view_of_string(alias->name));
}

struct registry_result sqlite_apply_alias_add(struct sqlite_apply *apply, const struct wire_frame *change,
                                              struct registry_result *ret_answer)
{
    const struct registry_alias *alias = &change->alias->alias;
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_ALIAS);
    bool bound = bind_alias_name(h, alias) && sqlite_bind_bytes(h, 3, view_of(alias->key_id, KEY_ID_BYTES)) &&
                 sqlite_bind_number(h, 4, alias->created_ms) && sqlite_bind_number(h, 5, alias->updated_ms);
    return sqlite_apply_run(apply, APPLY_ALIAS, bound, ret_answer);
}

struct registry_result sqlite_apply_alias_retarget(struct sqlite_apply *apply, const struct wire_frame *change,
                                                   struct registry_result *ret_answer)
{
    const struct registry_alias *alias = &change->alias->alias;
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_RETARGET);
    bool bound = bind_alias_name(h, alias) && sqlite_bind_bytes(h, 3, view_of(alias->key_id, KEY_ID_BYTES)) &&
                 sqlite_bind_number(h, 4, alias->updated_ms);
    return sqlite_apply_run_on_row(apply, APPLY_RETARGET, bound, no_alias, ret_answer);
}

struct registry_result sqlite_apply_alias_remove(struct sqlite_apply *apply, const struct wire_frame *change,
                                                 struct registry_result *ret_answer)
{
    bool bound = bind_alias_name(sqlite_apply_handle(apply, APPLY_REMOVE), &change->alias->alias);
    return sqlite_apply_run_on_row(apply, APPLY_REMOVE, bound, no_alias, ret_answer);
}
