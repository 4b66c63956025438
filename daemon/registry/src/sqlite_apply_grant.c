/* Changes of grants as SQL; see sqlite_apply_changes.h. */
#include "pairs.h"
#include "sqlite_apply_changes.h"

/* As wire_write_grant bounds them: they came in a frame. */
#define PAIRS_MAX_BYTES WIRE_FRAME_MAX_BYTES

/* Unbound is NULL: a constraint that was not given. The bytes must live until the statement is reset. */
static bool bind_pairs(sqlite3_stmt *h, int parameter, bool given, const struct policy_pair *pairs, size_t n,
                       struct buffer *bytes)
{
    return !given || (pairs_append(bytes, pairs, n) && sqlite_bind_bytes(h, parameter, buffer_view(bytes)));
}

static bool bind_terms(sqlite3_stmt *h, const struct registry_grant *grant)
{
    const struct policy_grant *terms = &grant->grant;
    return sqlite_bind_bytes(h, 1, view_of(grant->key_id, KEY_ID_BYTES)) &&
           sqlite_bind_bytes(h, 2, view_of(grant->id, GRANT_ID_BYTES)) && sqlite_bind_number(h, 3, grant->created_ms) &&
           sqlite_bind_string(h, 4, terms->name) && sqlite_bind_string(h, 5, terms->grantee) &&
           sqlite_bind_number(h, 6, grant->grantee_is_service) && sqlite_bind_string(h, 7, terms->retiring) &&
           sqlite_bind_number(h, 8, grant->retiring_is_service) && sqlite_bind_string(h, 9, terms->issuing_account) &&
           sqlite_bind_number(h, 10, terms->operations) && sqlite_bind_string(h, 13, terms->constraints.source_arn);
}

struct registry_result sqlite_apply_grant_add(struct sqlite_apply *apply, const struct wire_frame *change,
                                              struct registry_result *ret_answer)
{
    const struct registry_grant *grant = &change->grant->grant;
    const struct policy_grant_constraints *constraints = &grant->grant.constraints;
    struct buffer equals = BUFFER_INIT(PAIRS_MAX_BYTES);
    struct buffer subset = BUFFER_INIT(PAIRS_MAX_BYTES);
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_GRANT);
    bool bound = bind_terms(h, grant) &&
                 bind_pairs(h, 11, constraints->has_equals, constraints->equals, constraints->equals_count, &equals) &&
                 bind_pairs(h, 12, constraints->has_subset, constraints->subset, constraints->subset_count, &subset);
    struct registry_result result = sqlite_apply_run(apply, APPLY_GRANT, bound, ret_answer);
    buffer_clear(&equals);
    buffer_clear(&subset);
    return result;
}

struct registry_result sqlite_apply_grant_remove(struct sqlite_apply *apply, const struct wire_frame *change,
                                                 struct registry_result *ret_answer)
{
    sqlite3_stmt *h = sqlite_apply_handle(apply, APPLY_GRANT_OUT);
    bool bound = sqlite_bind_bytes(h, 1, view_of(change->grant_place.key_id, KEY_ID_BYTES)) &&
                 sqlite_bind_bytes(h, 2, view_of(change->grant_place.id, GRANT_ID_BYTES));
    return sqlite_apply_run_on_row(apply, APPLY_GRANT_OUT, bound, "there is no such grant", ret_answer);
}
