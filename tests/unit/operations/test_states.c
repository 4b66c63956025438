/*
 * The table of states, KMS.md R-62: every operation of the service on a key in every state that keys here come to, by
 * calling it. The rows are written down from the reference, not taken from the code.
 */
#include "lives.h"

#include "access/authorize.h"
#include "access/states.h"

#include "proto/service.h"
#include "registry/grants.h"

#include <stdio.h>

static const struct {
    const char *operation;
    const char *outcome[4]; /* Enabled, Disabled, PendingDeletion, PendingImport; NULL: works on no key */
} rows[] = {
    {"ReEncrypt", {"ok", "E1", "E3", "E5"}},
    {"Encrypt", {"ok", "E1", "E3", "E5"}},
    {"Decrypt", {"ok", "E1", "E3", "E5"}},
    {"GenerateDataKey", {"ok", "E1", "E3", "E5"}},
    {"GenerateDataKeyWithoutPlaintext", {"ok", "E1", "E3", "E5"}},
    {"GenerateRandom", {NULL}},
    {"GetPublicKey", {"ok", "ok", "E3", "ok"}},
    {"CreateKey", {NULL}},
    {"DescribeKey", {"ok", "ok", "ok", "ok"}},
    {"ListKeys", {"ok", "ok", "ok", "ok"}},
    {"UpdateKeyDescription", {"ok", "ok", "E3", "ok"}},
    {"EnableKey", {"ok", "ok", "E3", "E5"}},
    {"DisableKey", {"ok", "ok", "E3", "E5"}},
    {"ScheduleKeyDeletion", {"ok", "ok", "E3", "ok"}},
    {"CancelKeyDeletion", {"E4", "E4", "ok", "E4"}},
    {"TagResource", {"ok", "ok", "E3", "ok"}},
    {"UntagResource", {"ok", "ok", "E3", "ok"}},
    {"ListResourceTags", {"ok", "ok", "ok", "ok"}},
    {"EnableKeyRotation", {"ok", "E1", "E3", "E6"}},
    {"DisableKeyRotation", {"ok", "E1", "E3", "E6"}},
    {"GetKeyRotationStatus", {"ok", "ok", "ok", "E6"}},
    {"RotateKeyOnDemand", {"ok", "E1", "E3", "E5"}},
    {"ListKeyRotations", {"ok", "ok", "ok", "ok"}},
    {"CreateAlias", {"ok", "ok", "E3", "ok"}},
    {"UpdateAlias", {"ok", "ok", "E3", "ok"}},
    {"DeleteAlias", {"ok", "ok", "ok", "ok"}},
    {"ListAliases", {"ok", "ok", "ok", "ok"}},
    {"GetKeyPolicy", {"ok", "ok", "ok", "ok"}},
    {"PutKeyPolicy", {"ok", "ok", "ok", "ok"}},
    {"ListKeyPolicies", {"ok", "ok", "ok", "ok"}},
    {"CreateGrant", {"ok", "E1", "E3", "E5"}},
    {"ListGrants", {"ok", "ok", "ok", "ok"}},
    {"ListRetirableGrants", {NULL}},
    {"RetireGrant", {"ok", "ok", "ok", "ok"}},
    {"RevokeGrant", {"ok", "ok", "ok", "ok"}},
};

static const char *const states[] = {"Enabled", "Disabled", "PendingDeletion", "PendingImport"};
#define PENDING_IMPORT 3

/* What a request has besides the key. Static, so that nothing is to be freed but the message. */
static ProtobufCMessage *request_in_full(const char *operation, const struct fixture_key *key,
                                         const ProtobufCBinaryData *ciphertext)
{
    static char description[] = "new", tag[] = "team", value[] = "payroll", fresh[] = "alias/fresh",
                own[] = "alias/own", other[] = "alias/other";
    static uint8_t plaintext[] = "secret";
    static char policy[] =
        "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}}";
    static Rewrap__Tag tags[] = {REWRAP__TAG__INIT};
    static Rewrap__Tag *tag_list[] = {tags};
    static char *keys[] = {tag};
    ProtobufCMessage *request = request_for(operation, key->id);
    if (strcmp(operation, "ReEncrypt") == 0) {
        ((Rewrap__ReEncryptRequest *)request)->has_ciphertext_blob = true;
        ((Rewrap__ReEncryptRequest *)request)->ciphertext_blob = *ciphertext;
    } else if (strcmp(operation, "Decrypt") == 0) {
        ((Rewrap__DecryptRequest *)request)->has_ciphertext_blob = true;
        ((Rewrap__DecryptRequest *)request)->ciphertext_blob = *ciphertext;
    } else if (strcmp(operation, "Encrypt") == 0) {
        ((Rewrap__EncryptRequest *)request)->has_plaintext = true;
        ((Rewrap__EncryptRequest *)request)->plaintext = (ProtobufCBinaryData){.data = plaintext, .len = 6};
    } else if (strcmp(operation, "GenerateDataKey") == 0) {
        ((Rewrap__GenerateDataKeyRequest *)request)->has_number_of_bytes = true;
        ((Rewrap__GenerateDataKeyRequest *)request)->number_of_bytes = 32;
    } else if (strcmp(operation, "GenerateDataKeyWithoutPlaintext") == 0) {
        ((Rewrap__GenerateDataKeyWithoutPlaintextRequest *)request)->has_number_of_bytes = true;
        ((Rewrap__GenerateDataKeyWithoutPlaintextRequest *)request)->number_of_bytes = 32;
    } else if (strcmp(operation, "UpdateKeyDescription") == 0) {
        ((Rewrap__UpdateKeyDescriptionRequest *)request)->description = description;
    } else if (strcmp(operation, "TagResource") == 0) {
        tags[0].tag_key = tag;
        tags[0].tag_value = value;
        ((Rewrap__TagResourceRequest *)request)->n_tags = 1;
        ((Rewrap__TagResourceRequest *)request)->tags = tag_list;
    } else if (strcmp(operation, "UntagResource") == 0) {
        ((Rewrap__UntagResourceRequest *)request)->n_tag_keys = 1;
        ((Rewrap__UntagResourceRequest *)request)->tag_keys = keys;
    } else if (strcmp(operation, "PutKeyPolicy") == 0) {
        ((Rewrap__PutKeyPolicyRequest *)request)->policy = policy;
    } else if (strcmp(operation, "CreateAlias") == 0) {
        ((Rewrap__CreateAliasRequest *)request)->alias_name = fresh;
    } else if (strcmp(operation, "UpdateAlias") == 0) {
        ((Rewrap__UpdateAliasRequest *)request)->alias_name = other;
    } else if (strcmp(operation, "DeleteAlias") == 0) {
        ((Rewrap__DeleteAliasRequest *)request)->alias_name = own;
    }
    return request;
}

/* Of the operations on grants: one to make, or the one that is there. */
static void name_grant(struct fixture *fixture, const char *operation, const struct fixture_key *key,
                       ProtobufCMessage *request)
{
    static char grantee[] = ALICE, id[2 * GRANT_ID_BYTES + 1], arn[sizeof key->arn];
    static Rewrap__GrantOperation__Value operations[] = {REWRAP__GRANT_OPERATION__VALUE__Encrypt};
    const struct registry_grant *grant = registry_grant_after(fixture->registry, key->key_id, NULL);
    assert_non_null(grant);
    snprintf(id, sizeof id, "%.*s", (int)grant->grant.id.len, (const char *)grant->grant.id.data);
    snprintf(arn, sizeof arn, "%s", key->arn);
    if (strcmp(operation, "CreateGrant") == 0) {
        ((Rewrap__CreateGrantRequest *)request)->grantee_principal = grantee;
        ((Rewrap__CreateGrantRequest *)request)->n_operations = COUNT(operations);
        ((Rewrap__CreateGrantRequest *)request)->operations = operations;
    } else if (strcmp(operation, "RetireGrant") == 0) {
        ((Rewrap__RetireGrantRequest *)request)->key_id = arn;
        ((Rewrap__RetireGrantRequest *)request)->grant_id = id;
    } else if (strcmp(operation, "RevokeGrant") == 0) {
        ((Rewrap__RevokeGrantRequest *)request)->grant_id = id;
    }
}

/* No operation makes a key that is pending import: it is in the registry from the start. */
static struct fixture_key key_in(struct fixture *fixture, enum key_spec spec, size_t state)
{
    return fixture_key(fixture, &(struct registry_key){.spec = spec,
                                                       .state = state == PENDING_IMPORT ? KEY_STATE_PENDING_IMPORT : 0,
                                                       .boundary = KEY_BOUNDARY_OPEN});
}

/* What cannot be encrypted under it is encrypted under another key, and its ids are written into the header. */
static ProtobufCBinaryData ciphertext_of(struct fixture *fixture, const struct fixture_key *key, size_t state)
{
    if (state != PENDING_IMPORT) {
        return fixture_encrypt(fixture, key, "secret", NULL, NULL);
    }
    struct fixture_key good = fixture_open(fixture);
    ProtobufCBinaryData ciphertext = fixture_encrypt(fixture, &good, "secret", NULL, NULL);
    memcpy(ciphertext.data + 2, key->key_id, KEY_ID_BYTES);
    memcpy(ciphertext.data + 2 + KEY_ID_BYTES, key->material_id, MATERIAL_ID_BYTES);
    return ciphertext;
}

static void bring_into(struct fixture *fixture, const struct fixture_key *key, size_t state)
{
    if (state == 1) {
        works(fixture, "DisableKey", key->id);
    } else if (state == 2) {
        works(fixture, "ScheduleKeyDeletion", key->id);
    }
}

static void take_alias_away(struct fixture *fixture, const char *name)
{
    Rewrap__DeleteAliasRequest request = REWRAP__DELETE_ALIAS_REQUEST__INIT;
    request.alias_name = (char *)(uintptr_t)name;
    if (registry_alias_find(fixture->registry, ACCOUNT, name) != NULL) {
        works_with(fixture, "DeleteAlias", &request.base);
    }
}

static void wants(struct fixture *fixture, const char *operation, const ProtobufCMessage *request, const char *outcome,
                  const char *arn)
{
    if (strcmp(outcome, "ok") == 0) {
        works_with(fixture, operation, request);
    } else if (strcmp(outcome, "E1") == 0) {
        assert_error(fixture, operation, request, "DisabledException", text("%s is disabled.", arn));
    } else if (strcmp(outcome, "E3") == 0) {
        assert_error(fixture, operation, request, "KMSInvalidStateException", text("%s is pending deletion.", arn));
    } else if (strcmp(outcome, "E4") == 0) {
        assert_error(fixture, operation, request, "KMSInvalidStateException", text("%s is not pending deletion.", arn));
    } else if (strcmp(outcome, "E5") == 0) {
        assert_error(fixture, operation, request, "KMSInvalidStateException", text("%s is pending import.", arn));
    } else if (strcmp(outcome, "E6") == 0) {
        assert_error(fixture, operation, request, "UnsupportedOperationException",
                     text("%s origin is EXTERNAL which is not valid for this operation.", arn));
    } else {
        assert_string_equal(outcome, "E7");
        assert_error(fixture, operation, request, "UnsupportedOperationException", NULL);
    }
}

static void one_cell(struct fixture *fixture, const char *operation, size_t state, const char *outcome)
{
    bool asymmetric = strcmp(operation, "GetPublicKey") == 0;
    struct fixture_key key = key_in(fixture, asymmetric ? KEY_SPEC_RSA_2048 : KEY_SPEC_SYMMETRIC_DEFAULT, state);
    struct fixture_key other = fixture_open(fixture);
    ProtobufCBinaryData ciphertext = {0};
    if (!asymmetric) {
        ciphertext = ciphertext_of(fixture, &key, state);
    }
    fixture_alias(fixture, ACCOUNT, "alias/own", &key);
    fixture_alias(fixture, ACCOUNT, "alias/other", &other);
    fixture_grant(fixture, &key, ALICE, POLICY_GRANT_DESCRIBE_KEY, NULL);
    bring_into(fixture, &key, state);
    ProtobufCMessage *request = request_in_full(operation, &key, &ciphertext);
    name_grant(fixture, operation, &key, request);
    print_message("%s on a key that is %s: %s\n", operation, states[state], outcome);
    wants(fixture, operation, request, outcome, key.arn);
    free(request);
    free(ciphertext.data);
    take_alias_away(fixture, "alias/own");
    take_alias_away(fixture, "alias/other");
    take_alias_away(fixture, "alias/fresh");
}

static void every_cell(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t j = 0; j < COUNT(states) && rows[i].outcome[0] != NULL; j++) {
            one_cell(fixture, rows[i].operation, j, rows[i].outcome[j]);
        }
    }
}

/* ReEncrypt looks at the state of each key: the cells above are those of both at once. */
static void either_key_of_re_encrypt(void **state)
{
    struct fixture *fixture = *state;
    static const char *const outcomes[] = {"ok", "E1", "E3", "E5"};
    struct fixture_key good = fixture_open(fixture);
    for (size_t j = 1; j < COUNT(states); j++) {
        struct fixture_key bad = key_in(fixture, KEY_SPEC_SYMMETRIC_DEFAULT, j);
        ProtobufCBinaryData from_good = fixture_encrypt(fixture, &good, "secret", NULL, NULL);
        ProtobufCBinaryData from_bad = ciphertext_of(fixture, &bad, j);
        bring_into(fixture, &bad, j);
        Rewrap__ReEncryptRequest request = REWRAP__RE_ENCRYPT_REQUEST__INIT;
        request.has_ciphertext_blob = true;
        request.ciphertext_blob = from_good;
        request.destination_key_id = bad.id;
        wants(fixture, "ReEncrypt", &request.base, outcomes[j], bad.arn);
        request.ciphertext_blob = from_bad;
        request.destination_key_id = good.id;
        wants(fixture, "ReEncrypt", &request.base, outcomes[j], bad.arn);
        free(from_good.data);
        free(from_bad.data);
    }
}

/* The cells "ok/E7", "E1/E7", "E3/E7": the state first, then the kind. */
static void only_symmetric_keys_rotate(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *operation;
        const char *outcome[4];
    } cells[] = {
        {"EnableKeyRotation", {"E7", "E1", "E3", "E6"}},    {"DisableKeyRotation", {"E7", "E1", "E3", "E6"}},
        {"GetKeyRotationStatus", {"E7", "E7", "E7", "E6"}}, {"RotateKeyOnDemand", {"E7", "E1", "E3", "E5"}},
        {"ListKeyRotations", {"E7", "E7", "E7", "E7"}},
    };
    static const enum key_spec specs[] = {KEY_SPEC_RSA_2048, KEY_SPEC_HMAC_256};
    for (size_t j = 0; j < COUNT(states) * COUNT(specs); j++) {
        const size_t key_state = j % COUNT(states);
        struct fixture_key key = key_in(fixture, specs[j / COUNT(states)], key_state);
        bring_into(fixture, &key, key_state);
        for (size_t i = 0; i < COUNT(cells); i++) {
            ProtobufCMessage *request = request_for(cells[i].operation, key.id);
            wants(fixture, cells[i].operation, request, cells[i].outcome[key_state], key.arn);
            free(request);
        }
    }
}

static void every_operation_has_a_row(void **state)
{
    (void)state;
    const ProtobufCServiceDescriptor *service = &rewrap__key_management__descriptor;
    for (unsigned i = 0; i < service->n_methods; i++) {
        size_t n = 0;
        for (size_t j = 0; j < COUNT(rows); j++) {
            n += strcmp(rows[j].operation, service->methods[i].name) == 0;
        }
        if (n != 1) {
            fail_msg("%s has %zu rows", service->methods[i].name, n);
        }
    }
    for (enum operation_permission permission = 0; permission < OPERATION_PERMISSIONS; permission++) {
        if (strncmp(operation_permission_row(permission)->action, "kms:", 4) != 0) {
            continue; /* of no key */
        }
        for (enum key_state key_state = KEY_STATE_ENABLED; key_state <= KEY_STATE_PENDING_IMPORT; key_state++) {
            assert_int_not_equal(operation_state_outcome(permission, key_state), OPERATION_STATE_MISSING);
        }
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_cell),
        TEST(either_key_of_re_encrypt),
        TEST(only_symmetric_keys_rotate),
        cmocka_unit_test(every_operation_has_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
