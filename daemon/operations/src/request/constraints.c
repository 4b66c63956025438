/* The table of constraints; see constraints.h. */
#include "constraints.h"

#include "envelope/header.h"
#include "policy/arn.h"
#include "proto/rewrap.pb-c.h"
#include "registry/types.h"

#include <assert.h>
#include <string.h>

/* With IGNORE_CIPHERTEXT a dry run needs no ciphertext (KMS.md ). */
static bool ignores_ciphertext(bool dry_run, const Rewrap__DryRunModifierType__Value *modifiers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (modifiers[i] == REWRAP__DRY_RUN_MODIFIER_TYPE__VALUE__IGNORE_CIPHERTEXT) {
            return dry_run;
        }
    }
    return false;
}

static bool re_encrypt_ignores_ciphertext(const ProtobufCMessage *message)
{
    const Rewrap__ReEncryptRequest *request = (const Rewrap__ReEncryptRequest *)message;
    return ignores_ciphertext(request->has_dry_run && request->dry_run, request->dry_run_modifiers,
                              request->n_dry_run_modifiers);
}

static bool decrypt_ignores_ciphertext(const ProtobufCMessage *message)
{
    const Rewrap__DecryptRequest *request = (const Rewrap__DecryptRequest *)message;
    return ignores_ciphertext(request->has_dry_run && request->dry_run, request->dry_run_modifiers,
                              request->n_dry_run_modifiers);
}

/* KMS.md R-115: one of the two names the grantee. */
static bool create_grant_names_service(const ProtobufCMessage *message)
{
    return ((const Rewrap__CreateGrantRequest *)message)->grantee_service_principal != NULL;
}

#define RE_ENCRYPT              &rewrap__re_encrypt_request__descriptor
#define ENCRYPT                 &rewrap__encrypt_request__descriptor
#define DECRYPT                 &rewrap__decrypt_request__descriptor
#define DATA_KEY                &rewrap__generate_data_key_without_plaintext_request__descriptor
#define PLAIN_DATA_KEY          &rewrap__generate_data_key_request__descriptor
#define GENERATE_RANDOM         &rewrap__generate_random_request__descriptor
#define GET_PUBLIC_KEY          &rewrap__get_public_key_request__descriptor
#define CREATE_KEY              &rewrap__create_key_request__descriptor
#define TAG                     &rewrap__tag__descriptor
#define DESCRIBE_KEY            &rewrap__describe_key_request__descriptor
#define LIST_KEYS               &rewrap__list_keys_request__descriptor
#define CREATE_ALIAS            &rewrap__create_alias_request__descriptor
#define UPDATE_ALIAS            &rewrap__update_alias_request__descriptor
#define DELETE_ALIAS            &rewrap__delete_alias_request__descriptor
#define LIST_ALIASES            &rewrap__list_aliases_request__descriptor
#define UPDATE_KEY_DESCRIPTION  &rewrap__update_key_description_request__descriptor
#define ENABLE_KEY              &rewrap__enable_key_request__descriptor
#define DISABLE_KEY             &rewrap__disable_key_request__descriptor
#define SCHEDULE_KEY_DELETION   &rewrap__schedule_key_deletion_request__descriptor
#define CANCEL_KEY_DELETION     &rewrap__cancel_key_deletion_request__descriptor
#define TAG_RESOURCE            &rewrap__tag_resource_request__descriptor
#define UNTAG_RESOURCE          &rewrap__untag_resource_request__descriptor
#define LIST_RESOURCE_TAGS      &rewrap__list_resource_tags_request__descriptor
#define ENABLE_KEY_ROTATION     &rewrap__enable_key_rotation_request__descriptor
#define DISABLE_KEY_ROTATION    &rewrap__disable_key_rotation_request__descriptor
#define GET_KEY_POLICY          &rewrap__get_key_policy_request__descriptor
#define PUT_KEY_POLICY          &rewrap__put_key_policy_request__descriptor
#define LIST_KEY_POLICIES       &rewrap__list_key_policies_request__descriptor
#define GET_KEY_ROTATION_STATUS &rewrap__get_key_rotation_status_request__descriptor
#define ROTATE_KEY_ON_DEMAND    &rewrap__rotate_key_on_demand_request__descriptor
#define LIST_KEY_ROTATIONS      &rewrap__list_key_rotations_request__descriptor

#define CREATE_GRANT          &rewrap__create_grant_request__descriptor
#define GRANT_CONSTRAINTS     &rewrap__grant_constraints__descriptor
#define EQUALS_PAIR           &rewrap__grant_constraints__encryption_context_equals_entry__descriptor
#define SUBSET_PAIR           &rewrap__grant_constraints__encryption_context_subset_entry__descriptor
#define LIST_GRANTS           &rewrap__list_grants_request__descriptor
#define LIST_RETIRABLE_GRANTS &rewrap__list_retirable_grants_request__descriptor
#define RETIRE_GRANT          &rewrap__retire_grant_request__descriptor
#define REVOKE_GRANT          &rewrap__revoke_grant_request__descriptor

#define CREATE_USER        &rewrap__create_user_request__descriptor
#define GET_USER           &rewrap__get_user_request__descriptor
#define DELETE_USER        &rewrap__delete_user_request__descriptor
#define LIST_USERS         &rewrap__list_users_request__descriptor
#define PUT_USER_POLICY    &rewrap__put_user_policy_request__descriptor
#define GET_USER_POLICY    &rewrap__get_user_policy_request__descriptor
#define DELETE_USER_POLICY &rewrap__delete_user_policy_request__descriptor
#define LIST_USER_POLICIES &rewrap__list_user_policies_request__descriptor
#define CREATE_ROLE        &rewrap__create_role_request__descriptor
#define GET_ROLE           &rewrap__get_role_request__descriptor
#define DELETE_ROLE        &rewrap__delete_role_request__descriptor
#define LIST_ROLES         &rewrap__list_roles_request__descriptor
#define PUT_ROLE_POLICY    &rewrap__put_role_policy_request__descriptor
#define GET_ROLE_POLICY    &rewrap__get_role_policy_request__descriptor
#define DELETE_ROLE_POLICY &rewrap__delete_role_policy_request__descriptor
#define LIST_ROLE_POLICIES &rewrap__list_role_policies_request__descriptor
#define CREATE_ACCESS_KEY  &rewrap__create_access_key_request__descriptor
#define UPDATE_ACCESS_KEY  &rewrap__update_access_key_request__descriptor
#define DELETE_ACCESS_KEY  &rewrap__delete_access_key_request__descriptor
#define LIST_ACCESS_KEYS   &rewrap__list_access_keys_request__descriptor

#define EXPLAIN &rewrap__explain_re_encrypt_request__descriptor

#define KEY_ID_MAX 2048 /* KMS.md R-49 */

#define LIMITS(request, name, flags_, least, most)                                                                     \
    {                                                                                                                  \
        .type = request, .field = name, .flags = flags_, .min = least, .max = most                                     \
    }
#define PATTERN(request, name, flags_, least, most, pattern_)                                                          \
    {                                                                                                                  \
        .type = request, .field = name, .flags = flags_, .min = least, .max = most, .pattern = pattern_                \
    }
#define CIPHERTEXT(request, excused_)                                                                                  \
    {                                                                                                                  \
        .type = request, .field = "ciphertext_blob", .flags = OPERATION_REQUIRED, .min = 1,                            \
        .max = CIPHERTEXT_MAX_BYTES, .excused = excused_                                                               \
    }
/* Grant tokens: KMS.md R-15. They are bearer secrets, so they are never repeated. */
#define GRANT_TOKENS(request)                                                                                          \
    {                                                                                                                  \
        .type = request, .field = "grant_tokens", .flags = OPERATION_SENSITIVE, .min = 1, .max = 8192, .max_items = 10 \
    }
#define KEY_ID(request, name, flags_) LIMITS(request, name, flags_, 1, KEY_ID_MAX)
#define ALIAS_NAME(request)                                                                                            \
    PATTERN(request, "alias_name", OPERATION_REQUIRED, 1, ALIAS_NAME_MAX_BYTES, OPERATION_PATTERN_ALIAS_NAME)
#define PRINCIPAL(request, name)  PATTERN(request, name, 0, 1, GRANT_PRINCIPAL_MAX_BYTES, OPERATION_PATTERN_PRINCIPAL)
#define SERVICE(request, name)    PATTERN(request, name, 0, 1, 128, OPERATION_PATTERN_SERVICE)
#define GRANT_ID(request, flags_) LIMITS(request, "grant_id", flags_, 1, 128)
#define PAGE_OF_100(request)                                                                                           \
    {                                                                                                                  \
        .type = request, .field = "limit", .min = 1, .max = 100, .model_max = 1000                                     \
    }
#define POLICY_NAME(request)    PATTERN(request, "policy_name", 0, 1, 128, OPERATION_PATTERN_WORD)
#define POLICY(request, flags_) PATTERN(request, "policy", flags_, 1, 131072, OPERATION_PATTERN_POLICY)
#define MARKER(request)         PATTERN(request, "marker", 0, 1, 1024, OPERATION_PATTERN_MARKER)

/* Of AWS IAM, whose names of users may be longer where they are only looked up. */
#define NAME(request, name, flags_, most)   PATTERN(request, name, flags_, 1, most, OPERATION_PATTERN_NAME)
#define EXISTING_USER_NAME(request, flags_) NAME(request, "user_name", flags_, 128)
#define ROLE_NAME(request, flags_)          NAME(request, "role_name", flags_, PRINCIPAL_NAME_MAX_BYTES)
#define IDENTITY_POLICY_NAME(request)       NAME(request, "policy_name", OPERATION_REQUIRED, POLICY_NAME_MAX_BYTES)
#define ACCESS_KEY_ID(request)              PATTERN(request, "access_key_id", OPERATION_REQUIRED, 16, 128, OPERATION_PATTERN_WORD)
#define PATH(request)                       PATTERN(request, "path", 0, 1, PRINCIPAL_PATH_MAX_BYTES, OPERATION_PATTERN_PATH)
#define PAGE_OF_1000(request)                                                                                          \
    PATTERN(request, "marker", 0, 1, 320, OPERATION_PATTERN_MARKER), LIMITS(request, "max_items", 0, 1, 1000)

static const struct operation_constraint table[] = {
    CIPHERTEXT(RE_ENCRYPT, re_encrypt_ignores_ciphertext),
    KEY_ID(RE_ENCRYPT, "source_key_id", 0),
    KEY_ID(RE_ENCRYPT, "destination_key_id", OPERATION_REQUIRED),
    GRANT_TOKENS(RE_ENCRYPT),

    KEY_ID(ENCRYPT, "key_id", OPERATION_REQUIRED),
    LIMITS(ENCRYPT, "plaintext", OPERATION_REQUIRED, 1, ENVELOPE_PAYLOAD_MAX_BYTES),
    GRANT_TOKENS(ENCRYPT),

    CIPHERTEXT(DECRYPT, decrypt_ignores_ciphertext),
    GRANT_TOKENS(DECRYPT),
    KEY_ID(DECRYPT, "key_id", 0),

    KEY_ID(PLAIN_DATA_KEY, "key_id", OPERATION_REQUIRED),
    LIMITS(PLAIN_DATA_KEY, "number_of_bytes", 0, 1, 1024),
    GRANT_TOKENS(PLAIN_DATA_KEY),

    LIMITS(GENERATE_RANDOM, "number_of_bytes", OPERATION_REQUIRED, 1, 1024),
    LIMITS(GENERATE_RANDOM, "custom_key_store_id", 0, 1, 64),

    KEY_ID(GET_PUBLIC_KEY, "key_id", OPERATION_REQUIRED),
    GRANT_TOKENS(GET_PUBLIC_KEY),

    KEY_ID(DATA_KEY, "key_id", OPERATION_REQUIRED),
    LIMITS(DATA_KEY, "number_of_bytes", 0, 1, 1024),
    GRANT_TOKENS(DATA_KEY),

    POLICY(CREATE_KEY, 0),
    LIMITS(CREATE_KEY, "description", 0, 0, 8192),
    LIMITS(CREATE_KEY, "custom_key_store_id", 0, 1, 64),
    PATTERN(CREATE_KEY, "xks_key_id", 0, 1, 128, OPERATION_PATTERN_XKS_KEY_ID),
    LIMITS(TAG, "tag_key", OPERATION_REQUIRED, 1, 128),
    LIMITS(TAG, "tag_value", OPERATION_REQUIRED, 0, 256),

    KEY_ID(DESCRIBE_KEY, "key_id", OPERATION_REQUIRED),
    GRANT_TOKENS(DESCRIBE_KEY),

    LIMITS(LIST_KEYS, "limit", 0, 1, 1000),
    MARKER(LIST_KEYS),

    KEY_ID(UPDATE_KEY_DESCRIPTION, "key_id", OPERATION_REQUIRED),
    LIMITS(UPDATE_KEY_DESCRIPTION, "description", OPERATION_REQUIRED, 0, 8192),

    KEY_ID(ENABLE_KEY, "key_id", OPERATION_REQUIRED),
    KEY_ID(DISABLE_KEY, "key_id", OPERATION_REQUIRED),
    KEY_ID(SCHEDULE_KEY_DELETION, "key_id", OPERATION_REQUIRED),
    {.type = SCHEDULE_KEY_DELETION,
     .field = "pending_window_in_days",
     .min = 7,
     .max = 30,
     .model_min = 1,
     .model_max = 365},
    KEY_ID(CANCEL_KEY_DELETION, "key_id", OPERATION_REQUIRED),

    KEY_ID(TAG_RESOURCE, "key_id", OPERATION_REQUIRED),
    {.type = TAG_RESOURCE, .field = "tags", .flags = OPERATION_REQUIRED},
    KEY_ID(UNTAG_RESOURCE, "key_id", OPERATION_REQUIRED),
    LIMITS(UNTAG_RESOURCE, "tag_keys", OPERATION_REQUIRED, 1, 128),
    KEY_ID(LIST_RESOURCE_TAGS, "key_id", OPERATION_REQUIRED),
    {.type = LIST_RESOURCE_TAGS, .field = "limit", .min = 1, .max = 50, .model_max = 1000},
    MARKER(LIST_RESOURCE_TAGS),

    KEY_ID(ENABLE_KEY_ROTATION, "key_id", OPERATION_REQUIRED),
    LIMITS(ENABLE_KEY_ROTATION, "rotation_period_in_days", 0, 90, 2560),
    KEY_ID(DISABLE_KEY_ROTATION, "key_id", OPERATION_REQUIRED),
    KEY_ID(GET_KEY_ROTATION_STATUS, "key_id", OPERATION_REQUIRED),
    KEY_ID(ROTATE_KEY_ON_DEMAND, "key_id", OPERATION_REQUIRED),
    KEY_ID(LIST_KEY_ROTATIONS, "key_id", OPERATION_REQUIRED),
    LIMITS(LIST_KEY_ROTATIONS, "limit", 0, 1, 1000),
    MARKER(LIST_KEY_ROTATIONS),

    KEY_ID(GET_KEY_POLICY, "key_id", OPERATION_REQUIRED),
    POLICY_NAME(GET_KEY_POLICY),
    KEY_ID(PUT_KEY_POLICY, "key_id", OPERATION_REQUIRED),
    POLICY_NAME(PUT_KEY_POLICY),
    POLICY(PUT_KEY_POLICY, OPERATION_REQUIRED),
    KEY_ID(LIST_KEY_POLICIES, "key_id", OPERATION_REQUIRED),
    LIMITS(LIST_KEY_POLICIES, "limit", 0, 1, 1000),
    MARKER(LIST_KEY_POLICIES),

    ALIAS_NAME(CREATE_ALIAS),
    KEY_ID(CREATE_ALIAS, "target_key_id", OPERATION_REQUIRED),
    ALIAS_NAME(UPDATE_ALIAS),
    KEY_ID(UPDATE_ALIAS, "target_key_id", OPERATION_REQUIRED),
    ALIAS_NAME(DELETE_ALIAS),

    KEY_ID(LIST_ALIASES, "key_id", 0),
    PAGE_OF_100(LIST_ALIASES),
    MARKER(LIST_ALIASES),

    KEY_ID(CREATE_GRANT, "key_id", OPERATION_REQUIRED),
    {.type = CREATE_GRANT,
     .field = "grantee_principal",
     .flags = OPERATION_REQUIRED,
     .min = 1,
     .max = GRANT_PRINCIPAL_MAX_BYTES,
     .pattern = OPERATION_PATTERN_PRINCIPAL,
     .excused = create_grant_names_service},
    PRINCIPAL(CREATE_GRANT, "retiring_principal"),
    {.type = CREATE_GRANT, .field = "operations", .flags = OPERATION_REQUIRED},
    GRANT_TOKENS(CREATE_GRANT),
    PATTERN(CREATE_GRANT, "name", 0, 1, GRANT_NAME_MAX_BYTES, OPERATION_PATTERN_ALIAS_NAME),
    SERVICE(CREATE_GRANT, "grantee_service_principal"),
    SERVICE(CREATE_GRANT, "retiring_service_principal"),
    {.type = GRANT_CONSTRAINTS, .field = "encryption_context_subset", .max_items = POLICY_GRANT_PAIRS_MAX},
    {.type = GRANT_CONSTRAINTS, .field = "encryption_context_equals", .max_items = POLICY_GRANT_PAIRS_MAX},
    PATTERN(GRANT_CONSTRAINTS, "source_arn", 0, 20, 512, OPERATION_PATTERN_SOURCE_ARN),
    LIMITS(SUBSET_PAIR, "value", 0, 0, POLICY_GRANT_PAIR_VALUE_MAX_BYTES),
    LIMITS(EQUALS_PAIR, "value", 0, 0, POLICY_GRANT_PAIR_VALUE_MAX_BYTES),

    PAGE_OF_100(LIST_GRANTS),
    MARKER(LIST_GRANTS),
    KEY_ID(LIST_GRANTS, "key_id", OPERATION_REQUIRED),
    GRANT_ID(LIST_GRANTS, 0),
    PRINCIPAL(LIST_GRANTS, "grantee_principal"),
    SERVICE(LIST_GRANTS, "grantee_service_principal"),

    PAGE_OF_100(LIST_RETIRABLE_GRANTS),
    MARKER(LIST_RETIRABLE_GRANTS),
    PRINCIPAL(LIST_RETIRABLE_GRANTS, "retiring_principal"),
    SERVICE(LIST_RETIRABLE_GRANTS, "retiring_service_principal"),

    {.type = RETIRE_GRANT, .field = "grant_token", .flags = OPERATION_SENSITIVE, .min = 1, .max = 8192},
    KEY_ID(RETIRE_GRANT, "key_id", 0),
    GRANT_ID(RETIRE_GRANT, 0),

    KEY_ID(REVOKE_GRANT, "key_id", OPERATION_REQUIRED),
    GRANT_ID(REVOKE_GRANT, OPERATION_REQUIRED),

    PATH(CREATE_USER),
    NAME(CREATE_USER, "user_name", OPERATION_REQUIRED, PRINCIPAL_NAME_MAX_BYTES),
    EXISTING_USER_NAME(GET_USER, 0),
    EXISTING_USER_NAME(DELETE_USER, OPERATION_REQUIRED),
    PATTERN(LIST_USERS, "path_prefix", 0, 1, PRINCIPAL_PATH_MAX_BYTES, OPERATION_PATTERN_PATH_PREFIX),
    PAGE_OF_1000(LIST_USERS),
    EXISTING_USER_NAME(PUT_USER_POLICY, OPERATION_REQUIRED),
    IDENTITY_POLICY_NAME(PUT_USER_POLICY),
    PATTERN(PUT_USER_POLICY, "policy_document", OPERATION_REQUIRED, 1, 131072, OPERATION_PATTERN_POLICY),
    EXISTING_USER_NAME(GET_USER_POLICY, OPERATION_REQUIRED),
    IDENTITY_POLICY_NAME(GET_USER_POLICY),
    EXISTING_USER_NAME(DELETE_USER_POLICY, OPERATION_REQUIRED),
    IDENTITY_POLICY_NAME(DELETE_USER_POLICY),
    EXISTING_USER_NAME(LIST_USER_POLICIES, OPERATION_REQUIRED),
    PAGE_OF_1000(LIST_USER_POLICIES),

    PATH(CREATE_ROLE),
    NAME(CREATE_ROLE, "role_name", OPERATION_REQUIRED, PRINCIPAL_NAME_MAX_BYTES),
    ROLE_NAME(GET_ROLE, OPERATION_REQUIRED),
    ROLE_NAME(DELETE_ROLE, OPERATION_REQUIRED),
    PATTERN(LIST_ROLES, "path_prefix", 0, 1, PRINCIPAL_PATH_MAX_BYTES, OPERATION_PATTERN_PATH_PREFIX),
    PAGE_OF_1000(LIST_ROLES),
    ROLE_NAME(PUT_ROLE_POLICY, OPERATION_REQUIRED),
    IDENTITY_POLICY_NAME(PUT_ROLE_POLICY),
    PATTERN(PUT_ROLE_POLICY, "policy_document", OPERATION_REQUIRED, 1, 131072, OPERATION_PATTERN_POLICY),
    ROLE_NAME(GET_ROLE_POLICY, OPERATION_REQUIRED),
    IDENTITY_POLICY_NAME(GET_ROLE_POLICY),
    ROLE_NAME(DELETE_ROLE_POLICY, OPERATION_REQUIRED),
    IDENTITY_POLICY_NAME(DELETE_ROLE_POLICY),
    ROLE_NAME(LIST_ROLE_POLICIES, OPERATION_REQUIRED),
    PAGE_OF_1000(LIST_ROLE_POLICIES),

    EXISTING_USER_NAME(CREATE_ACCESS_KEY, 0),
    EXISTING_USER_NAME(UPDATE_ACCESS_KEY, 0),
    ACCESS_KEY_ID(UPDATE_ACCESS_KEY),
    {.type = UPDATE_ACCESS_KEY, .field = "status", .flags = OPERATION_REQUIRED},
    EXISTING_USER_NAME(DELETE_ACCESS_KEY, 0),
    ACCESS_KEY_ID(DELETE_ACCESS_KEY),
    EXISTING_USER_NAME(LIST_ACCESS_KEYS, 0),
    PAGE_OF_1000(LIST_ACCESS_KEYS),

    LIMITS(EXPLAIN, "principal", OPERATION_REQUIRED, 1, ARN_MAX_BYTES),
    {.type = EXPLAIN, .field = "request", .flags = OPERATION_REQUIRED},
};

#define ROWS (sizeof(table) / sizeof(table[0]))

/* The same by type and field index, made at first use: a request is checked without looking for names. */
static struct by_type {
    const ProtobufCMessageDescriptor *type;
    const struct operation_constraint *by_field[OPERATION_MESSAGE_MAX_FIELDS];
} types[ROWS];
static size_t n_types;

static struct by_type *find_type(const ProtobufCMessageDescriptor *type)
{
    for (size_t i = 0; i < n_types; i++) {
        if (types[i].type == type) {
            return &types[i];
        }
    }
    return NULL;
}

static struct by_type *find_or_add_type(const ProtobufCMessageDescriptor *type)
{
    struct by_type *found = find_type(type);
    if (found == NULL) {
        found = &types[n_types++];
        found->type = type;
    }
    return found;
}

static size_t field_index(const ProtobufCMessageDescriptor *type, const char *name)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        if (strcmp(type->fields[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void resolve(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        size_t index = field_index(table[i].type, table[i].field);
        assert(index < OPERATION_MESSAGE_MAX_FIELDS); /* a row whose member does not exist is a defect of the table */
        find_or_add_type(table[i].type)->by_field[index] = &table[i];
    }
}

const struct operation_constraint *const *operation_constraints_of(const ProtobufCMessageDescriptor *type)
{
    if (n_types == 0) {
        resolve();
    }
    const struct by_type *found = find_type(type);
    return found == NULL ? NULL : found->by_field;
}

size_t operation_constraints(const struct operation_constraint **ret_table)
{
    *ret_table = table;
    return ROWS;
}
