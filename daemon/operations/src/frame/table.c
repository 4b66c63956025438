/* The table of operations; see table.h. */
#include "table.h"

#include <string.h>

static const struct operation_kind *const table[] = {
    &operation_kind_re_encrypt,
    &operation_kind_encrypt,
    &operation_kind_decrypt,
    &operation_kind_data_key,
    &operation_kind_data_key_without_plaintext,
    &operation_kind_generate_random,
    &operation_kind_get_public_key,
    &operation_kind_create_key,
    &operation_kind_describe_key,
    &operation_kind_list_keys,
    &operation_kind_create_alias,
    &operation_kind_update_alias,
    &operation_kind_delete_alias,
    &operation_kind_update_key_description,
    &operation_kind_enable_key,
    &operation_kind_disable_key,
    &operation_kind_schedule_key_deletion,
    &operation_kind_cancel_key_deletion,
    &operation_kind_tag_resource,
    &operation_kind_untag_resource,
    &operation_kind_list_resource_tags,
    &operation_kind_enable_key_rotation,
    &operation_kind_disable_key_rotation,
    &operation_kind_get_key_rotation_status,
    &operation_kind_rotate_key_on_demand,
    &operation_kind_list_key_rotations,
    &operation_kind_list_aliases,
    &operation_kind_create_grant,
    &operation_kind_list_grants,
    &operation_kind_list_retirable_grants,
    &operation_kind_retire_grant,
    &operation_kind_revoke_grant,
    &operation_kind_get_key_policy,
    &operation_kind_put_key_policy,
    &operation_kind_list_key_policies,
    &operation_kind_create_user,
    &operation_kind_get_user,
    &operation_kind_delete_user,
    &operation_kind_list_users,
    &operation_kind_put_user_policy,
    &operation_kind_get_user_policy,
    &operation_kind_delete_user_policy,
    &operation_kind_list_user_policies,
    &operation_kind_create_role,
    &operation_kind_get_role,
    &operation_kind_delete_role,
    &operation_kind_list_roles,
    &operation_kind_put_role_policy,
    &operation_kind_get_role_policy,
    &operation_kind_delete_role_policy,
    &operation_kind_list_role_policies,
    &operation_kind_create_access_key,
    &operation_kind_update_access_key,
    &operation_kind_delete_access_key,
    &operation_kind_list_access_keys,
    &operation_kind_doctor,
    &operation_kind_explain_re_encrypt,
};

const struct operation_kind *operation_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i]->name, name) == 0) {
            return table[i];
        }
    }
    return NULL;
}

size_t operation_kinds(const struct operation_kind *const **ret_table)
{
    *ret_table = table;
    return sizeof(table) / sizeof(table[0]);
}
