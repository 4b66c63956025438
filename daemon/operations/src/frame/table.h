/* The table of operations: each rpc of every service has one row, each row one rpc; a test holds them together.
 */
#pragma once

#include "operation.h"

/* The row of an rpc, or NULL for a name that is none. */
const struct operation_kind *operation_kind_find(const char *name);

/* The whole table, for the test. */
size_t operation_kinds(const struct operation_kind *const **ret_table);

/* The rows, each in the file of its handler. */
extern const struct operation_kind operation_kind_re_encrypt;
extern const struct operation_kind operation_kind_encrypt;
extern const struct operation_kind operation_kind_decrypt;
extern const struct operation_kind operation_kind_data_key;
extern const struct operation_kind operation_kind_data_key_without_plaintext;
extern const struct operation_kind operation_kind_generate_random;
extern const struct operation_kind operation_kind_get_public_key;
extern const struct operation_kind operation_kind_create_key;
extern const struct operation_kind operation_kind_describe_key;
extern const struct operation_kind operation_kind_list_keys;
extern const struct operation_kind operation_kind_update_key_description;
extern const struct operation_kind operation_kind_enable_key;
extern const struct operation_kind operation_kind_disable_key;
extern const struct operation_kind operation_kind_schedule_key_deletion;
extern const struct operation_kind operation_kind_cancel_key_deletion;
extern const struct operation_kind operation_kind_tag_resource;
extern const struct operation_kind operation_kind_untag_resource;
extern const struct operation_kind operation_kind_list_resource_tags;
extern const struct operation_kind operation_kind_enable_key_rotation;
extern const struct operation_kind operation_kind_disable_key_rotation;
extern const struct operation_kind operation_kind_get_key_rotation_status;
extern const struct operation_kind operation_kind_rotate_key_on_demand;
extern const struct operation_kind operation_kind_list_key_rotations;
extern const struct operation_kind operation_kind_create_alias;
extern const struct operation_kind operation_kind_update_alias;
extern const struct operation_kind operation_kind_delete_alias;
extern const struct operation_kind operation_kind_list_aliases;
extern const struct operation_kind operation_kind_create_grant;
extern const struct operation_kind operation_kind_list_grants;
extern const struct operation_kind operation_kind_list_retirable_grants;
extern const struct operation_kind operation_kind_retire_grant;
extern const struct operation_kind operation_kind_revoke_grant;
extern const struct operation_kind operation_kind_get_key_policy;
extern const struct operation_kind operation_kind_put_key_policy;
extern const struct operation_kind operation_kind_list_key_policies;
extern const struct operation_kind operation_kind_create_user;
extern const struct operation_kind operation_kind_get_user;
extern const struct operation_kind operation_kind_delete_user;
extern const struct operation_kind operation_kind_list_users;
extern const struct operation_kind operation_kind_put_user_policy;
extern const struct operation_kind operation_kind_get_user_policy;
extern const struct operation_kind operation_kind_delete_user_policy;
extern const struct operation_kind operation_kind_list_user_policies;
extern const struct operation_kind operation_kind_create_role;
extern const struct operation_kind operation_kind_get_role;
extern const struct operation_kind operation_kind_delete_role;
extern const struct operation_kind operation_kind_list_roles;
extern const struct operation_kind operation_kind_put_role_policy;
extern const struct operation_kind operation_kind_get_role_policy;
extern const struct operation_kind operation_kind_delete_role_policy;
extern const struct operation_kind operation_kind_list_role_policies;
extern const struct operation_kind operation_kind_create_access_key;
extern const struct operation_kind operation_kind_update_access_key;
extern const struct operation_kind operation_kind_delete_access_key;
extern const struct operation_kind operation_kind_list_access_keys;
extern const struct operation_kind operation_kind_doctor;
extern const struct operation_kind operation_kind_explain_re_encrypt;
