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
extern const struct operation_kind operation_kind_doctor;
