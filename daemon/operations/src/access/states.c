/* The table of states; see states.h. */
#include "states.h"

#include "arn_text.h"
#include "request/specs.h"
#include "resolve.h"

#define OK OPERATION_STATE_OK
#define E1 OPERATION_STATE_E1
#define E3 OPERATION_STATE_E3
#define E4 OPERATION_STATE_E4
#define E5 OPERATION_STATE_E5
#define E6 OPERATION_STATE_E6

struct row {
    enum operation_state_outcome enabled, disabled, pending_deletion, pending_import;
    bool symmetric_only; /* others are E7 */
};

/* clang-format off */
#define ANY      {OK, OK, OK, OK, false}
#define USE      {OK, E1, E3, E5, false}
#define LIVING   {OK, OK, E3, OK, false}
#define SWITCHES {OK, OK, E3, E5, false}
#define DYING    {E4, E4, OK, E4, false}
#define SCHEDULES_ROTATION {OK, E1, E3, E6, true}
#define ROTATES            {OK, E1, E3, E5, true}
#define SHOWS_SCHEDULE     {OK, OK, OK, E6, true}
#define SHOWS_ROTATIONS    {OK, OK, OK, OK, true}
/* clang-format on */

static const struct row rows[OPERATION_PERMISSIONS] = {
    [OPERATION_MAY_RE_ENCRYPT_FROM] = USE,
    [OPERATION_MAY_RE_ENCRYPT_TO] = USE,
    [OPERATION_MAY_ENCRYPT] = USE,
    [OPERATION_MAY_DECRYPT] = USE,
    [OPERATION_MAY_GENERATE_DATA_KEY] = USE,
    [OPERATION_MAY_GENERATE_DATA_KEY_WITHOUT_PLAINTEXT] = USE,
    [OPERATION_MAY_GENERATE_RANDOM] = ANY,
    [OPERATION_MAY_GET_PUBLIC_KEY] = LIVING, /* of a disabled key too */
    [OPERATION_MAY_CREATE_KEY] = ANY,
    [OPERATION_MAY_DESCRIBE_KEY] = ANY,
    [OPERATION_MAY_LIST_KEYS] = ANY,
    [OPERATION_MAY_UPDATE_KEY_DESCRIPTION] = LIVING,
    [OPERATION_MAY_ENABLE_KEY] = SWITCHES,
    [OPERATION_MAY_DISABLE_KEY] = SWITCHES,
    [OPERATION_MAY_SCHEDULE_KEY_DELETION] = LIVING,
    [OPERATION_MAY_CANCEL_KEY_DELETION] = DYING,
    [OPERATION_MAY_TAG_RESOURCE] = LIVING,
    [OPERATION_MAY_UNTAG_RESOURCE] = LIVING,
    [OPERATION_MAY_LIST_RESOURCE_TAGS] = ANY,
    [OPERATION_MAY_ENABLE_KEY_ROTATION] = SCHEDULES_ROTATION,
    [OPERATION_MAY_DISABLE_KEY_ROTATION] = SCHEDULES_ROTATION,
    [OPERATION_MAY_GET_KEY_ROTATION_STATUS] = SHOWS_SCHEDULE,
    [OPERATION_MAY_ROTATE_KEY_ON_DEMAND] = ROTATES,
    [OPERATION_MAY_LIST_KEY_ROTATIONS] = SHOWS_ROTATIONS,
    [OPERATION_MAY_CREATE_ALIAS] = LIVING,
    [OPERATION_MAY_UPDATE_ALIAS] = LIVING, /* of the key that gets it */
    [OPERATION_MAY_DELETE_ALIAS] = ANY,
    [OPERATION_MAY_LIST_ALIASES] = ANY,
    [OPERATION_MAY_GET_KEY_POLICY] = ANY,
    [OPERATION_MAY_PUT_KEY_POLICY] = ANY,
    [OPERATION_MAY_LIST_KEY_POLICIES] = ANY,
    [OPERATION_MAY_CREATE_GRANT] = USE,
    [OPERATION_MAY_LIST_GRANTS] = ANY,
    [OPERATION_MAY_LIST_RETIRABLE_GRANTS] = ANY,
    [OPERATION_MAY_RETIRE_GRANT] = ANY,
    [OPERATION_MAY_REVOKE_GRANT] = ANY,
    [OPERATION_MAY_DOCTOR] = ANY,
    [OPERATION_MAY_EXPLAIN_RE_ENCRYPT] = ANY,
};

static const struct {
    enum operation_code code;
    const char *text; /* after the key's ARN */
} errors[] = {
    [E1] = {OPERATION_DISABLED, "is disabled."},
    [E3] = {OPERATION_INVALID_STATE, "is pending deletion."},
    [E4] = {OPERATION_INVALID_STATE, "is not pending deletion."},
    [E5] = {OPERATION_INVALID_STATE, "is pending import."},
    [E6] = {OPERATION_UNSUPPORTED, "origin is EXTERNAL which is not valid for this operation."},
};

enum operation_state_outcome operation_state_outcome(enum operation_permission permission, enum key_state state)
{
    switch (state) {
    case KEY_STATE_ENABLED:
        return rows[permission].enabled;
    case KEY_STATE_DISABLED:
        return rows[permission].disabled;
    case KEY_STATE_PENDING_DELETION:
        return rows[permission].pending_deletion;
    case KEY_STATE_PENDING_IMPORT:
        return rows[permission].pending_import;
    default: /* the registry holds only states of its enumeration */
        return OPERATION_STATE_MISSING;
    }
}

bool operation_check_state(struct operation *operation, enum operation_permission permission,
                           const struct registry_key *key)
{
    enum operation_state_outcome outcome = operation_state_outcome(permission, key->state);
    if (outcome == OPERATION_STATE_MISSING) {
        operation_fail(operation, OPERATION_INTERNAL, "It is not written what %s does to a key in this state.",
                       operation_permission_row(permission)->operation);
        return false;
    }
    if (outcome != OK) {
        char arn[OPERATION_ARN_KEY_BYTES];
        operation_arn_of_key(operation->operations, key->account, key->key_id_text, arn);
        operation_fail(operation, errors[outcome].code, "%s %s", arn, errors[outcome].text);
        return false;
    }
    if (rows[permission].symmetric_only && !operation_spec_of(key->spec)->symmetric) {
        operation_fail_without_text(operation, OPERATION_UNSUPPORTED); /* */
        return false;
    }
    return true;
}

bool operation_admit(struct operation *operation, enum operation_permission permission, const char *key_id,
                     const struct registry_key **ret_key)
{
    const struct registry_key *key;
    if (!operation_resolve_key(operation, key_id, permission, NULL, &key) ||
        !operation_authorize_key(operation, permission, key) || !operation_check_state(operation, permission, key)) {
        return false;
    }
    *ret_key = key;
    return true;
}
