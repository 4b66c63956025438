/* Key identifiers; see resolve.h. The texts are those of KMS.md R-57. */
#include "resolve.h"

#include "arn_text.h"

#include "base/hex.h"
#include "policy/arn.h"
#include "registry/registry.h"

#include <string.h>

#define MRK_DIGITS 32

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* "mrk-" and 32 digits: a key id by its form, though no key here has one (KMS.md R-59). */
static bool is_multi_region_id(const char *text)
{
    uint8_t digits[MRK_DIGITS / 2];
    return starts_with(text, "mrk-") && hex_decode(text + 4, digits, sizeof digits);
}

static const struct registry *registry_of(const struct operation *operation)
{
    return operation->operations->registry;
}

/* ------------------------------------------------------------------ what there is */

bool operation_key_is_gone(const struct operations *operations, const struct registry_key *key)
{
    return key->state == KEY_STATE_PENDING_DELETION && key->deletion_ms <= operations->clock(operations->clock_arg);
}

static const struct registry_key *unless_gone(const struct operation *operation, const struct registry_key *key)
{
    return key == NULL || operation_key_is_gone(operation->operations, key) ? NULL : key;
}

const struct registry_key *operation_find_key(const struct operation *operation, const uint8_t key_id[KEY_ID_BYTES])
{
    return unless_gone(operation, registry_key_find(registry_of(operation), key_id));
}

const struct registry_key *operation_find_material(const struct operation *operation,
                                                   const uint8_t material_id[MATERIAL_ID_BYTES])
{
    return unless_gone(operation, registry_key_of_material(registry_of(operation), material_id));
}

const struct registry_key *operation_find_alias(const struct operation *operation, const char *account,
                                                const char *name)
{
    const struct registry_alias *alias = registry_alias_find(registry_of(operation), account, name);
    return alias == NULL ? NULL : operation_find_key(operation, alias->key_id);
}

/* ------------------------------------------------------------------ refusals */

static void refuse_unknown_form(struct operation *operation, const char *text)
{
    operation_fail(operation, OPERATION_NOT_FOUND, "Invalid keyId '%s'", text);
}

static void refuse_unknown_id(struct operation *operation, const char *key_id)
{
    const struct operations_settings *settings = &operation->operations->settings;
    operation_fail(operation, OPERATION_NOT_FOUND, "Key 'arn:%s:kms:%s:%s:key/%s' does not exist", settings->partition,
                   settings->region, operation->account, key_id);
}

/* ------------------------------------------------------------------ names without an ARN: the caller's account */

/*
 * A key of another account counts when the ciphertext has its id too and the caller may use it. Anybody can
 * write an id into a header, so without the permission the answer is that of an id that nobody has.
 */
static bool may_be_named(const struct operation *operation, enum operation_permission permission,
                         const struct registry_key *key, const uint8_t *ciphertext_key_id)
{
    if (strcmp(key->account, operation->account) == 0) {
        return true;
    }
    return ciphertext_key_id != NULL &&
           view_equal(view_of(key->key_id, KEY_ID_BYTES), view_of(ciphertext_key_id, KEY_ID_BYTES)) &&
           operation_may_use_key(operation, permission, key);
}

static const struct registry_key *resolve_id(struct operation *operation, const char *text,
                                             enum operation_permission permission, const uint8_t *ciphertext_key_id)
{
    uint8_t key_id[KEY_ID_BYTES];
    bool is_uuid = uuid_parse(text, key_id);
    if (!is_uuid && !is_multi_region_id(text)) {
        refuse_unknown_form(operation, text);
        return NULL;
    }
    const struct registry_key *key = is_uuid ? operation_find_key(operation, key_id) : NULL;
    if (key == NULL || !may_be_named(operation, permission, key, ciphertext_key_id)) {
        refuse_unknown_id(operation, text);
        return NULL;
    }
    return key;
}

static const struct registry_key *resolve_alias(struct operation *operation, const char *name)
{
    const struct operations_settings *settings = &operation->operations->settings;
    const struct registry_key *key = operation_find_alias(operation, operation->account, name);
    if (key == NULL) {
        operation_fail(operation, OPERATION_NOT_FOUND, "Alias arn:%s:kms:%s:%s:%s is not found.", settings->partition,
                       settings->region, operation->account, name);
    }
    return key;
}

/* ------------------------------------------------------------------ ARNs */

static bool refuse_aliases(struct operation *operation, enum operation_permission permission)
{
    if (operation_permission_row(permission)->aliases) {
        return false;
    }
    operation_fail(operation, OPERATION_INVALID_ARN, "Key Aliases are not supported for this operation."); /* */
    return true;
}

/* The resource of an ARN is the end of a text, so that it ends with a NUL. */
static const char *resource_of(const struct arn *arn)
{
    return (const char *)arn->resource.data;
}

/* The key of an ARN in the account that it names; NULL when there is none. *ret_known_form is false for "key/nonsense".
 */
static const struct registry_key *find_in_account(const struct operation *operation, const struct arn *arn,
                                                  bool *ret_known_form)
{
    char account[ACCOUNT_TEXT_BYTES] = "";
    memcpy(account, arn->account.data, ARN_ACCOUNT_DIGITS);
    const char *resource = resource_of(arn);
    *ret_known_form = true;
    if (starts_with(resource, "alias/")) {
        return operation_find_alias(operation, account, resource);
    }
    uint8_t key_id[KEY_ID_BYTES];
    const char *text = resource + strlen("key/");
    if (!uuid_parse(text, key_id)) {
        *ret_known_form = is_multi_region_id(text);
        return NULL;
    }
    const struct registry_key *key = operation_find_key(operation, key_id);
    return key != NULL && strcmp(key->account, account) == 0 ? key : NULL;
}

/* What grants have a say in beyond policies is asked by the handler, also for keys of other accounts. */
static const bool handler_decides[OPERATION_PERMISSIONS] = {
    [OPERATION_MAY_CREATE_GRANT] = true,
    [OPERATION_MAY_RETIRE_GRANT] = true,
};

static const struct registry_key *resolve_foreign(struct operation *operation, enum operation_permission permission,
                                                  const struct registry_key *key)
{
    if (key == NULL || !operation_permission_row(permission)->foreign_keys) {
        operation_refuse_foreign(operation, permission);
        return NULL;
    }
    return handler_decides[permission] || operation_authorize_key(operation, permission, key) ? key : NULL;
}

static bool starts_longer(const char *text, const char *prefix)
{
    return starts_with(text, prefix) && text[strlen(prefix)] != '\0';
}

/* The ARN of a key or an alias of some region, by its form. */
static bool parse_arn(const char *text, struct arn *ret)
{
    return arn_parse(view_of_string(text), ret) && view_equal(ret->service, view_of_string("kms")) &&
           ret->region.len != 0 &&
           (starts_longer(resource_of(ret), "key/") || starts_longer(resource_of(ret), "alias/"));
}

static const struct registry_key *resolve_arn(struct operation *operation, const char *text,
                                              enum operation_permission permission)
{
    const struct operations_settings *settings = &operation->operations->settings;
    struct arn arn;
    if (!parse_arn(text, &arn)) {
        refuse_unknown_form(operation, text);
        return NULL;
    }
    if (starts_with(resource_of(&arn), "alias/") && refuse_aliases(operation, permission)) {
        return NULL;
    }
    if (!view_equal(arn.partition, view_of_string(settings->partition))) {
        operation_fail(operation, OPERATION_NOT_FOUND, "Invalid arn %.*s", (int)arn.partition.len, arn.partition.data);
        return NULL;
    }
    if (!view_equal(arn.region, view_of_string(settings->region))) {
        operation_fail(operation, OPERATION_NOT_FOUND, "Invalid arn %.*s", (int)arn.region.len, arn.region.data);
        return NULL;
    }
    bool known_form;
    const struct registry_key *key = find_in_account(operation, &arn, &known_form);
    if (!known_form) {
        operation_fail(operation, OPERATION_NOT_FOUND, "Invalid keyId %s", resource_of(&arn) + strlen("key/"));
        return NULL;
    }
    if (!view_equal(arn.account, view_of_string(operation->account))) {
        return resolve_foreign(operation, permission, key);
    }
    if (key == NULL && starts_with(resource_of(&arn), "alias/")) {
        operation_fail(operation, OPERATION_NOT_FOUND, "Alias %s is not found.", text);
    } else if (key == NULL) {
        operation_fail(operation, OPERATION_NOT_FOUND, "Key '%s' does not exist", text);
    }
    return key;
}

/* ------------------------------------------------------------------ all four */

/* The alias in a key's identifier, as kms:RequestAlias has it; NULL: it is none. */
static const char *alias_of(const char *text)
{
    struct arn arn;
    if (starts_with(text, "arn:")) {
        text = parse_arn(text, &arn) ? resource_of(&arn) : "";
    }
    return starts_with(text, "alias/") ? text : NULL;
}

const struct registry_key *operation_peek_key(const struct operation *operation, const char *text)
{
    const struct operations_settings *settings = &operation->operations->settings;
    struct arn arn;
    bool known_form;
    uint8_t key_id[KEY_ID_BYTES];
    if (parse_arn(text, &arn)) {
        return view_equal(arn.partition, view_of_string(settings->partition)) &&
                       view_equal(arn.region, view_of_string(settings->region))
                   ? find_in_account(operation, &arn, &known_form)
                   : NULL;
    }
    if (starts_with(text, "alias/")) {
        return operation_find_alias(operation, operation->account, text);
    }
    const struct registry_key *key = uuid_parse(text, key_id) ? operation_find_key(operation, key_id) : NULL;
    return key != NULL && strcmp(key->account, operation->account) == 0 ? key : NULL;
}

bool operation_resolve_key(struct operation *operation, const char *text, enum operation_permission permission,
                           const uint8_t *ciphertext_key_id, const struct registry_key **ret_key)
{
    const struct registry_key *key = NULL;
    operation->facts.texts[OPERATION_FACT_REQUEST_ALIAS] = alias_of(text);
    if (starts_with(text, "arn:")) {
        key = resolve_arn(operation, text, permission);
    } else if (!starts_with(text, "alias/")) {
        key = resolve_id(operation, text, permission, ciphertext_key_id);
    } else if (!refuse_aliases(operation, permission)) {
        key = resolve_alias(operation, text);
    }
    if (key == NULL) {
        return false;
    }
    *ret_key = key;
    return true;
}
