/* The names of members and options, and what kind each field is. */
#include "proto/json.h"
#include "proto/names.h"
#include "proto/rewrap.pb-c.h"
#include "proto/service.h"
#include "reflect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The members of each shape, as the API references of AWS KMS and IAM spell them, in the order of the contract; the
 * last of CreateKey's and KeyMetadata's are our own, and so is what Administration has. */
static const struct {
    const ProtobufCMessageDescriptor *type;
    const char *members;
} shapes[] = {
    {&rewrap__re_encrypt_request__descriptor, "CiphertextBlob SourceEncryptionContext SourceKeyId DestinationKeyId "
                                              "DestinationEncryptionContext SourceEncryptionAlgorithm "
                                              "DestinationEncryptionAlgorithm GrantTokens DryRun DryRunModifiers"},
    {&rewrap__re_encrypt_response__descriptor,
     "CiphertextBlob SourceKeyId KeyId SourceEncryptionAlgorithm DestinationEncryptionAlgorithm SourceKeyMaterialId "
     "DestinationKeyMaterialId"},
    {&rewrap__encrypt_request__descriptor, "KeyId Plaintext EncryptionContext GrantTokens EncryptionAlgorithm DryRun"},
    {&rewrap__encrypt_response__descriptor, "CiphertextBlob KeyId EncryptionAlgorithm"},
    {&rewrap__decrypt_request__descriptor,
     "CiphertextBlob EncryptionContext GrantTokens KeyId EncryptionAlgorithm DryRun DryRunModifiers"},
    {&rewrap__decrypt_response__descriptor, "KeyId Plaintext EncryptionAlgorithm KeyMaterialId"},
    {&rewrap__generate_data_key_without_plaintext_request__descriptor,
     "KeyId EncryptionContext KeySpec NumberOfBytes GrantTokens DryRun"},
    {&rewrap__generate_data_key_without_plaintext_response__descriptor, "CiphertextBlob KeyId KeyMaterialId"},
    {&rewrap__create_key_request__descriptor, "Policy Description KeyUsage CustomerMasterKeySpec KeySpec Origin "
                                              "CustomKeyStoreId BypassPolicyLockoutSafetyCheck Tags "
                                              "MultiRegion XksKeyId Boundary"},
    {&rewrap__create_key_response__descriptor, "KeyMetadata"},
    {&rewrap__describe_key_request__descriptor, "KeyId GrantTokens"},
    {&rewrap__describe_key_response__descriptor, "KeyMetadata"},
    {&rewrap__list_keys_request__descriptor, "Limit Marker"},
    {&rewrap__list_keys_response__descriptor, "Keys NextMarker Truncated"},
    {&rewrap__create_alias_request__descriptor, "AliasName TargetKeyId"},
    {&rewrap__create_alias_response__descriptor, ""},
    {&rewrap__update_alias_request__descriptor, "AliasName TargetKeyId"},
    {&rewrap__update_alias_response__descriptor, ""},
    {&rewrap__delete_alias_request__descriptor, "AliasName"},
    {&rewrap__delete_alias_response__descriptor, ""},
    {&rewrap__list_aliases_request__descriptor, "KeyId Limit Marker"},
    {&rewrap__list_aliases_response__descriptor, "Aliases NextMarker Truncated"},
    {&rewrap__generate_data_key_request__descriptor,
     "KeyId EncryptionContext NumberOfBytes KeySpec GrantTokens DryRun"},
    {&rewrap__generate_data_key_response__descriptor, "CiphertextBlob Plaintext KeyId KeyMaterialId"},
    {&rewrap__generate_random_request__descriptor, "NumberOfBytes CustomKeyStoreId"},
    {&rewrap__generate_random_response__descriptor, "Plaintext"},
    {&rewrap__get_public_key_request__descriptor, "KeyId GrantTokens"},
    {&rewrap__get_public_key_response__descriptor,
     "KeyId PublicKey CustomerMasterKeySpec KeySpec KeyUsage EncryptionAlgorithms"},
    {&rewrap__update_key_description_request__descriptor, "KeyId Description"},
    {&rewrap__update_key_description_response__descriptor, ""},
    {&rewrap__enable_key_request__descriptor, "KeyId"},
    {&rewrap__enable_key_response__descriptor, ""},
    {&rewrap__disable_key_request__descriptor, "KeyId"},
    {&rewrap__disable_key_response__descriptor, ""},
    {&rewrap__schedule_key_deletion_request__descriptor, "KeyId PendingWindowInDays"},
    {&rewrap__schedule_key_deletion_response__descriptor, "KeyId DeletionDate KeyState PendingWindowInDays"},
    {&rewrap__cancel_key_deletion_request__descriptor, "KeyId"},
    {&rewrap__cancel_key_deletion_response__descriptor, "KeyId"},
    {&rewrap__tag_resource_request__descriptor, "KeyId Tags"},
    {&rewrap__tag_resource_response__descriptor, ""},
    {&rewrap__untag_resource_request__descriptor, "KeyId TagKeys"},
    {&rewrap__untag_resource_response__descriptor, ""},
    {&rewrap__list_resource_tags_request__descriptor, "KeyId Limit Marker"},
    {&rewrap__list_resource_tags_response__descriptor, "Tags NextMarker Truncated"},
    {&rewrap__enable_key_rotation_request__descriptor, "KeyId RotationPeriodInDays"},
    {&rewrap__enable_key_rotation_response__descriptor, ""},
    {&rewrap__disable_key_rotation_request__descriptor, "KeyId"},
    {&rewrap__disable_key_rotation_response__descriptor, ""},
    {&rewrap__get_key_rotation_status_request__descriptor, "KeyId"},
    {&rewrap__get_key_rotation_status_response__descriptor,
     "KeyRotationEnabled KeyId RotationPeriodInDays NextRotationDate OnDemandRotationStartDate"},
    {&rewrap__rotate_key_on_demand_request__descriptor, "KeyId"},
    {&rewrap__rotate_key_on_demand_response__descriptor, "KeyId"},
    {&rewrap__list_key_rotations_request__descriptor, "KeyId IncludeKeyMaterial Limit Marker"},
    {&rewrap__list_key_rotations_response__descriptor, "Rotations NextMarker Truncated"},
    {&rewrap__rotations_list_entry__descriptor,
     "KeyId KeyMaterialId KeyMaterialDescription KeyMaterialState RotationDate RotationType"},
    {&rewrap__alias_list_entry__descriptor, "AliasName AliasArn TargetKeyId CreationDate LastUpdatedDate"},
    {&rewrap__key_list_entry__descriptor, "KeyId KeyArn"},
    {&rewrap__tag__descriptor, "TagKey TagValue"},
    {&rewrap__key_metadata__descriptor,
     "AWSAccountId KeyId Arn CreationDate Enabled Description KeyUsage KeyState DeletionDate Origin CustomKeyStoreId "
     "KeyManager "
     "CustomerMasterKeySpec KeySpec EncryptionAlgorithms MultiRegion PendingDeletionWindowInDays CurrentKeyMaterialId "
     "Boundary ProtectionLevel Token"},
    {&rewrap__get_key_policy_request__descriptor, "KeyId PolicyName"},
    {&rewrap__get_key_policy_response__descriptor, "Policy PolicyName"},
    {&rewrap__put_key_policy_request__descriptor, "KeyId PolicyName Policy BypassPolicyLockoutSafetyCheck"},
    {&rewrap__put_key_policy_response__descriptor, ""},
    {&rewrap__list_key_policies_request__descriptor, "KeyId Limit Marker"},
    {&rewrap__list_key_policies_response__descriptor, "PolicyNames NextMarker Truncated"},
    {&rewrap__grant_constraints__descriptor, "EncryptionContextSubset EncryptionContextEquals SourceArn"},
    {&rewrap__create_grant_request__descriptor,
     "KeyId GranteePrincipal RetiringPrincipal Operations Constraints GrantTokens Name DryRun GranteeServicePrincipal "
     "RetiringServicePrincipal"},
    {&rewrap__create_grant_response__descriptor, "GrantToken GrantId"},
    {&rewrap__list_grants_request__descriptor, "Limit Marker KeyId GrantId GranteePrincipal GranteeServicePrincipal"},
    {&rewrap__grant_list_entry__descriptor,
     "KeyId GrantId Name CreationDate GranteePrincipal RetiringPrincipal IssuingAccount Operations Constraints "
     "GranteeServicePrincipal RetiringServicePrincipal"},
    {&rewrap__list_grants_response__descriptor, "Grants NextMarker Truncated"},
    {&rewrap__list_retirable_grants_request__descriptor, "Limit Marker RetiringPrincipal RetiringServicePrincipal"},
    {&rewrap__list_retirable_grants_response__descriptor, "Grants NextMarker Truncated"},
    {&rewrap__retire_grant_request__descriptor, "GrantToken KeyId GrantId DryRun"},
    {&rewrap__retire_grant_response__descriptor, ""},
    {&rewrap__revoke_grant_request__descriptor, "KeyId GrantId DryRun"},
    {&rewrap__revoke_grant_response__descriptor, ""},
    {&rewrap__create_user_request__descriptor, "Path UserName"},
    {&rewrap__user__descriptor, "Path UserName UserId Arn CreateDate"},
    {&rewrap__create_user_response__descriptor, "User"},
    {&rewrap__get_user_request__descriptor, "UserName"},
    {&rewrap__get_user_response__descriptor, "User"},
    {&rewrap__delete_user_request__descriptor, "UserName"},
    {&rewrap__delete_user_response__descriptor, ""},
    {&rewrap__list_users_request__descriptor, "PathPrefix Marker MaxItems"},
    {&rewrap__list_users_response__descriptor, "Users IsTruncated Marker"},
    {&rewrap__put_user_policy_request__descriptor, "UserName PolicyName PolicyDocument"},
    {&rewrap__put_user_policy_response__descriptor, ""},
    {&rewrap__get_user_policy_request__descriptor, "UserName PolicyName"},
    {&rewrap__get_user_policy_response__descriptor, "UserName PolicyName PolicyDocument"},
    {&rewrap__delete_user_policy_request__descriptor, "UserName PolicyName"},
    {&rewrap__delete_user_policy_response__descriptor, ""},
    {&rewrap__list_user_policies_request__descriptor, "UserName Marker MaxItems"},
    {&rewrap__list_user_policies_response__descriptor, "PolicyNames IsTruncated Marker"},
    {&rewrap__create_role_request__descriptor, "Path RoleName"},
    {&rewrap__role__descriptor, "Path RoleName RoleId Arn CreateDate"},
    {&rewrap__create_role_response__descriptor, "Role"},
    {&rewrap__get_role_request__descriptor, "RoleName"},
    {&rewrap__get_role_response__descriptor, "Role"},
    {&rewrap__delete_role_request__descriptor, "RoleName"},
    {&rewrap__delete_role_response__descriptor, ""},
    {&rewrap__list_roles_request__descriptor, "PathPrefix Marker MaxItems"},
    {&rewrap__list_roles_response__descriptor, "Roles IsTruncated Marker"},
    {&rewrap__put_role_policy_request__descriptor, "RoleName PolicyName PolicyDocument"},
    {&rewrap__put_role_policy_response__descriptor, ""},
    {&rewrap__get_role_policy_request__descriptor, "RoleName PolicyName"},
    {&rewrap__get_role_policy_response__descriptor, "RoleName PolicyName PolicyDocument"},
    {&rewrap__delete_role_policy_request__descriptor, "RoleName PolicyName"},
    {&rewrap__delete_role_policy_response__descriptor, ""},
    {&rewrap__list_role_policies_request__descriptor, "RoleName Marker MaxItems"},
    {&rewrap__list_role_policies_response__descriptor, "PolicyNames IsTruncated Marker"},
    {&rewrap__create_access_key_request__descriptor, "UserName"},
    {&rewrap__access_key__descriptor, "UserName AccessKeyId Status SecretAccessKey CreateDate"},
    {&rewrap__create_access_key_response__descriptor, "AccessKey"},
    {&rewrap__update_access_key_request__descriptor, "UserName AccessKeyId Status"},
    {&rewrap__update_access_key_response__descriptor, ""},
    {&rewrap__delete_access_key_request__descriptor, "UserName AccessKeyId"},
    {&rewrap__delete_access_key_response__descriptor, ""},
    {&rewrap__list_access_keys_request__descriptor, "UserName Marker MaxItems"},
    {&rewrap__access_key_metadata__descriptor, "UserName AccessKeyId Status CreateDate"},
    {&rewrap__list_access_keys_response__descriptor, "AccessKeyMetadata IsTruncated Marker"},
    {&rewrap__doctor_request__descriptor, ""},
    {&rewrap__doctor_stock__descriptor, "KeySpec Spares"},
    {&rewrap__doctor_token__descriptor, "Name Reachable WorkersReady WorkersConfigured Queued Label Serial Model "
                                        "ProtectionLevel LevelReason EncryptionAlgorithms Stock"},
    {&rewrap__doctor_finding__descriptor, "Verdict Check Subject Text Advice"},
    {&rewrap__doctor_response__descriptor, "Verdict Tokens Findings FindingsLeftOut"},
    {&rewrap__explain_re_encrypt_request__descriptor, "Principal Request"},
    {&rewrap__policy_trace_entry__descriptor, "Source Name Sid Index Effect Matched StoppedAt Condition Delegates"},
    {&rewrap__explain_side__descriptor, "Action KeyArn Decision Reason DecidedBy Statements StatementsLeftOut"},
    {&rewrap__explain_re_encrypt_response__descriptor, "Source Destination"},
};

static const char *members_of(const ProtobufCMessageDescriptor *type)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (shapes[i].type == type) {
            return shapes[i].members;
        }
    }
    fail_msg("no member names for %s: add them to this test from the API reference", type->name);
    return NULL;
}

static void check_names(const ProtobufCMessageDescriptor *type)
{
    char members[1024] = "";
    size_t len = 0;
    for (unsigned i = 0; i < type->n_fields; i++) {
        char name[JSON_MAX_NAME];
        json_member_name(type->fields[i].name, name);
        len += (size_t)snprintf(members + len, sizeof members - len, "%s%s", i == 0 ? "" : " ", name);
        assert_true(len < sizeof members);
        if (json_field_kind(&type->fields[i]) == JSON_KIND_OBJECT) {
            check_names(type->fields[i].descriptor);
        }
    }
    assert_string_equal(members, members_of(type));
}

static void test_every_member_is_named_as_aws_does(void **state)
{
    (void)state;
    const ProtobufCMethodDescriptor *method;
    for (size_t i = 0; (method = service_method_at(i)) != NULL; i++) {
        check_names(method->input);
        check_names(method->output);
    }
}

static void test_spellings(void **state)
{
    (void)state;
    static const char *const spellings[][4] = {
        {"ciphertext_blob", "CiphertextBlob", "ciphertextBlob", "ciphertext-blob"},
        {"aws_account_id", "AWSAccountId", "awsAccountId", "aws-account-id"},
        {"limit", "Limit", "limit", "limit"},
        {"bypass_policy_lockout_safety_check", "BypassPolicyLockoutSafetyCheck", "bypassPolicyLockoutSafetyCheck",
         "bypass-policy-lockout-safety-check"},
        {"pending_deletion_window_in_days", "PendingDeletionWindowInDays", "pendingDeletionWindowInDays",
         "pending-deletion-window-in-days"},
    };
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        char name[JSON_MAX_NAME];
        json_member_name(spellings[i][0], name);
        assert_string_equal(name, spellings[i][1]);
        json_camel_name(spellings[i][0], name);
        assert_string_equal(name, spellings[i][2]);
        json_option_name(spellings[i][0], name);
        assert_string_equal(name, spellings[i][3]);
    }
}

static enum json_kind kind_of(const ProtobufCMessageDescriptor *type, const char *field)
{
    const ProtobufCFieldDescriptor *found = protobuf_c_message_descriptor_get_field_by_name(type, field);
    assert_non_null(found);
    return json_field_kind(found);
}

static void test_kinds(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *request = &rewrap__re_encrypt_request__descriptor;
    assert_int_equal(kind_of(request, "ciphertext_blob"), JSON_KIND_BLOB);
    assert_int_equal(kind_of(request, "source_encryption_context"), JSON_KIND_MAP);
    assert_int_equal(kind_of(request, "source_key_id"), JSON_KIND_STRING);
    assert_int_equal(kind_of(request, "source_encryption_algorithm"), JSON_KIND_ENUM);
    assert_int_equal(kind_of(request, "grant_tokens"), JSON_KIND_STRING);
    assert_int_equal(kind_of(request, "dry_run"), JSON_KIND_BOOL);
    assert_int_equal(kind_of(&rewrap__key_metadata__descriptor, "creation_date"), JSON_KIND_TIMESTAMP);
    assert_int_equal(kind_of(&rewrap__create_key_response__descriptor, "key_metadata"), JSON_KIND_OBJECT);
    assert_int_equal(kind_of(&rewrap__create_key_request__descriptor, "tags"), JSON_KIND_OBJECT);
    assert_int_equal(kind_of(&rewrap__list_keys_response__descriptor, "keys"),
                     JSON_KIND_OBJECT); /* KeyListEntry is no map entry */
    assert_int_equal(kind_of(&rewrap__list_keys_request__descriptor, "limit"), JSON_KIND_INTEGER);
}

/* The JSON codec knows maps of strings only, and a kind for every field. */
static void check_maps(const ProtobufCMessageDescriptor *type)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        enum json_kind kind = json_field_kind(field);
        if (kind == JSON_KIND_MAP) {
            const ProtobufCMessageDescriptor *entry = field->descriptor;
            assert_int_equal(entry->fields[0].type, PROTOBUF_C_TYPE_STRING);
            assert_int_equal(entry->fields[1].type, PROTOBUF_C_TYPE_STRING);
        } else if (kind == JSON_KIND_OBJECT) {
            check_maps(field->descriptor);
        }
    }
}

static void test_maps_are_of_strings(void **state)
{
    (void)state;
    const ProtobufCMethodDescriptor *method;
    for (size_t i = 0; (method = service_method_at(i)) != NULL; i++) {
        check_maps(method->input);
        check_maps(method->output);
    }
}

static void test_map_entries_are_recognised(void **state)
{
    (void)state;
    assert_true(reflect_is_map_entry(&rewrap__encrypt_request__encryption_context_entry__descriptor));
    assert_false(reflect_is_map_entry(&rewrap__key_list_entry__descriptor));
    assert_false(reflect_is_map_entry(&rewrap__alias_list_entry__descriptor));
    assert_false(reflect_is_map_entry(&rewrap__tag__descriptor));
}

static void test_found_by_name(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *request = &rewrap__re_encrypt_request__descriptor;
    assert_string_equal(proto_field_find(request, "dry_run")->name, "dry_run");
    assert_null(proto_field_find(request, "DryRun"));
    assert_null(proto_field_find(request, "dry_ru"));
    assert_null(proto_field_find(&rewrap__doctor_request__descriptor, ""));

    const ProtobufCEnumDescriptor *operations = &rewrap__grant_operation__value__descriptor;
    int number = -7;
    assert_true(proto_enum_number(operations, "ReEncryptTo", &number));
    assert_int_equal(number, REWRAP__GRANT_OPERATION__VALUE__ReEncryptTo);
    assert_string_equal(proto_enum_name(operations, number), "ReEncryptTo");
    assert_false(proto_enum_number(operations, "reEncryptTo", &number));
    assert_false(proto_enum_number(operations, "", &number));
    assert_int_equal(number, REWRAP__GRANT_OPERATION__VALUE__ReEncryptTo);
    assert_null(proto_enum_name(operations, 0));
    assert_null(proto_enum_name(operations, -1));
    assert_null(proto_enum_name(operations, 18));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_member_is_named_as_aws_does),
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_found_by_name),
        cmocka_unit_test(test_maps_are_of_strings),
        cmocka_unit_test(test_map_entries_are_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
