/* The keys of cryptographic operations and their checks; see side.h. */
#include "side.h"

#include "access/resolve.h"
#include "access/states.h"
#include "grants/grant_token.h"
#include "request/context.h"

#include "base/hex.h"
#include "envelope/header.h"
#include "registry/registry.h"

#include <stdio.h>
#include <string.h>

bool operation_algorithm_is_symmetric(Rewrap__EncryptionAlgorithmSpec__Value algorithm)
{
    return algorithm == REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT;
}

void operation_side_set(const struct operation *operation, struct operation_side *side, const struct registry_key *key)
{
    side->key = key;
    side->spec = operation_spec_of(key->spec);
    snprintf(side->token, sizeof side->token, "%s", key->token);
    operation_arn_of_key(operation->operations, key->account, key->key_id_text, side->arn);
    memcpy(side->material_id, key->materials[key->n_materials - 1].id, MATERIAL_ID_BYTES);
}

char *operation_side_material(const struct operation_side *side, char text[OPERATION_MATERIAL_TEXT_BYTES])
{
    if (!side->spec->symmetric) {
        return NULL;
    }
    hex_encode(view_of(side->material_id, MATERIAL_ID_BYTES), text);
    return text;
}

void operation_side_clear(struct operation_side *side)
{
    buffer_clear(&side->context);
}

bool operation_side_begin(struct operation *operation, struct operation_side *side, bool has_algorithm,
                          Rewrap__EncryptionAlgorithmSpec__Value algorithm, const ProtobufCMessage *const *context,
                          size_t n_context)
{
    side->algorithm = has_algorithm ? algorithm : REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT;
    side->has_context = n_context != 0;
    side->pairs = context;
    side->n_pairs = n_context;
    return operation_context_take(operation, context, n_context, &side->context);
}

bool operation_check_members(struct operation *operation, const struct operation_members *members)
{
    if (members->n_modifiers != 0 && !members->dry_run) {
        operation_fail(operation, OPERATION_VALIDATION, "DryRunModifiers can only be specified when DryRun is true");
        return false;
    }
    if (members->key_id == NULL && (members->n_modifiers != 0 || members->needs_key_id)) {
        operation_fail(operation, OPERATION_VALIDATION, "%s must not be null", members->key_id_member); /* */
        return false;
    }
    return operation_grant_tokens_check(operation, members->grant_tokens, members->n_grant_tokens);
}

/* ------------------------------------------------------------------ usage, state, algorithm, context: in this order
 * (R-39 step 9) */

/* Its operation word for ReEncrypt is not known for certain: that of the action, which tells the two keys apart.
 */
static bool check_usage(struct operation *operation, enum operation_permission permission,
                        const struct operation_side *side)
{
    if (side->key->usage == KEY_USAGE_ENCRYPT_DECRYPT) {
        return true;
    }
    operation_fail(operation, OPERATION_INVALID_KEY_USAGE, "%s key usage is %s which is not valid for %s.", side->arn,
                   operation_key_usage_name(operation_usage_value(side->key->usage)),
                   operation_permission_row(permission)->action + strlen("kms:"));
    return false;
}

static bool check_algorithm(struct operation *operation, const struct operation_side *side, const char *doing)
{
    if (operation_spec_algorithm(side->spec, side->algorithm) == NULL) {
        operation_fail(operation, OPERATION_INVALID_KEY_USAGE, "Algorithm %s is incompatible with key spec %s.",
                       operation_algorithm_name(side->algorithm), side->spec->name); /* */
        return false;
    }
    if (!side->spec->symmetric && side->has_context) {
        operation_fail(operation, OPERATION_VALIDATION,
                       "EncryptionContext is not supported when %s with asymmetric CMKs.", doing); /* */
        return false;
    }
    return operation_token_check_algorithm(operation, side->token, side->spec, side->algorithm);
}

static bool check_usable(struct operation *operation, enum operation_permission permission,
                         const struct operation_side *side, const char *doing)
{
    return check_usage(operation, permission, side) && operation_check_state(operation, permission, side->key) &&
           check_algorithm(operation, side, doing);
}

/* What policies may ask about this side: its algorithm and its context. */
static void tell_facts(struct operation *operation, const struct operation_side *side)
{
    struct operation_facts *facts = &operation->facts;
    facts->texts[OPERATION_FACT_ENCRYPTION_ALGORITHM] = operation_algorithm_name(side->algorithm);
    facts->texts[OPERATION_FACT_REQUEST_ALIAS] = NULL;
    facts->context = side->pairs;
    facts->n_context = side->n_pairs;
}

/* ------------------------------------------------------------------ source */

static const struct registry_key *key_of_ciphertext(const struct operation *operation,
                                                    const struct envelope_header *header)
{
    return operation_find_key(operation, header->key_id);
}

static bool same_key(const struct registry_key *key, const struct envelope_header *header)
{
    return view_equal(view_of(key->key_id, KEY_ID_BYTES), view_of(header->key_id, ENVELOPE_KEY_ID_BYTES));
}

/* Steps 5 to 7 for a key that the caller named: it must be the ciphertext's. */
static const struct registry_key *named_source(struct operation *operation, const struct operation_source *source,
                                               const struct envelope_header *header, bool must_match)
{
    const struct registry_key *key;
    if (!operation_resolve_key(operation, source->key_id, source->permission, header == NULL ? NULL : header->key_id,
                               &key)) {
        return NULL;
    }
    if (must_match && header == NULL) {
        operation_fail_without_text(operation, OPERATION_INVALID_CIPHERTEXT); /* */
        return NULL;
    }
    if (must_match && !same_key(key, header)) {
        operation_fail(operation, OPERATION_INCORRECT_KEY,
                       "The key ID in the request does not identify a CMK that can perform this operation."); /* */
        return NULL;
    }
    return key;
}

/* Step 6 for a key that only the ciphertext names. */
static const struct registry_key *unnamed_source(struct operation *operation, const struct envelope_header *header)
{
    if (header == NULL) {
        operation_fail_without_text(operation, OPERATION_INVALID_CIPHERTEXT);
        return NULL;
    }
    const struct registry_key *key = key_of_ciphertext(operation, header);
    if (key == NULL) {
        operation_refuse_ciphertext(operation);
    }
    return key;
}

/*
 * A header that names the material of one key of the caller's account and the id of another was altered, whichever key
 * it names: it is no ciphertext, like one with any other bit changed. For foreign materials nothing is said, not
 * even this.
 */
static bool is_altered(const struct operation *operation, const struct envelope_header *header)
{
    const struct registry_key *key = operation_find_material(operation, header->material_id);
    return key != NULL && strcmp(key->account, operation->account) == 0 && !same_key(key, header);
}

bool operation_side_find_source(struct operation *operation, const struct operation_source *source,
                                const struct operation_side *side, struct operation_found *ret)
{
    tell_facts(operation, side);
    bool reads_header = operation_algorithm_is_symmetric(side->algorithm) && !source->ignores_ciphertext;
    struct operation_found found = {0};
    struct envelope_header header;
    if (reads_header && envelope_header_parse(source->ciphertext, &header) && !is_altered(operation, &header)) {
        found.has_material = true;
        memcpy(found.material_id, header.material_id, MATERIAL_ID_BYTES);
    }
    const struct envelope_header *known = found.has_material ? &header : NULL;
    found.key = source->key_id != NULL ? named_source(operation, source, known, reads_header)
                                       : unnamed_source(operation, known);
    if (found.key == NULL) {
        return false;
    }
    *ret = found;
    return true;
}

bool operation_side_source(struct operation *operation, const struct operation_source *source,
                           struct operation_side *side)
{
    struct operation_found found;
    if (!operation_side_find_source(operation, source, side, &found)) {
        return false;
    }
    bool may = source->key_id != NULL ? operation_authorize_key(operation, source->permission, found.key)
                                      : operation_authorize_ciphertext(operation, source->permission, found.key);
    if (!may) {
        return false;
    }
    operation_side_set(operation, side, found.key);
    if (!check_usable(operation, source->permission, side, "decrypting")) {
        return false;
    }
    if (found.has_material) {
        memcpy(side->material_id, found.material_id, MATERIAL_ID_BYTES);
    }
    return true;
}

bool operation_side_check_material(struct operation *operation, const struct operation_side *side)
{
    if (registry_key_of_material(operation->operations->registry, side->material_id) == side->key) {
        return true;
    }
    operation_fail_without_text(operation, OPERATION_INVALID_CIPHERTEXT);
    return false;
}

/* ------------------------------------------------------------------ destination */

bool operation_side_find_destination(struct operation *operation, const char *key_id,
                                     enum operation_permission permission, const struct operation_side *side,
                                     const struct registry_key **ret_key)
{
    tell_facts(operation, side);
    return operation_resolve_key(operation, key_id, permission, NULL, ret_key);
}

bool operation_side_destination(struct operation *operation, const char *key_id, enum operation_permission permission,
                                struct operation_side *side)
{
    const struct registry_key *key;
    if (!operation_side_find_destination(operation, key_id, permission, side, &key) ||
        !operation_authorize_key(operation, permission, key)) {
        return false;
    }
    operation_side_set(operation, side, key);
    if (!check_usable(operation, permission, side, "encrypting")) {
        return false;
    }
    memcpy(side->material_id, key->materials[key->n_materials - 1].id, MATERIAL_ID_BYTES);
    return true;
}
