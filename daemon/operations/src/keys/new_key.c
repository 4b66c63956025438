/* The members of CreateKey; see new_key.h. */
#include "new_key.h"

#include "request/specs.h"
#include "request/tag_rules.h"

#include <string.h>
#include <strings.h>

#define BOUNDARY_TAG OPERATION_BOUNDARY_TAG

/* ------------------------------------------------------------------ spec and usage */

#define ENCRYPT_DECRYPT     (1u << REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT)
#define SIGN_VERIFY         (1u << REWRAP__KEY_USAGE_TYPE__VALUE__SIGN_VERIFY)
#define GENERATE_VERIFY_MAC (1u << REWRAP__KEY_USAGE_TYPE__VALUE__GENERATE_VERIFY_MAC)
#define KEY_AGREEMENT       (1u << REWRAP__KEY_USAGE_TYPE__VALUE__KEY_AGREEMENT)

/* Which usages each spec has (KMS.md R-67). */
static const unsigned usages[] = {
    [REWRAP__KEY_SPEC__VALUE__SYMMETRIC_DEFAULT] = ENCRYPT_DECRYPT,
    [REWRAP__KEY_SPEC__VALUE__RSA_2048] = ENCRYPT_DECRYPT | SIGN_VERIFY,
    [REWRAP__KEY_SPEC__VALUE__RSA_3072] = ENCRYPT_DECRYPT | SIGN_VERIFY,
    [REWRAP__KEY_SPEC__VALUE__RSA_4096] = ENCRYPT_DECRYPT | SIGN_VERIFY,
    [REWRAP__KEY_SPEC__VALUE__SM2] = ENCRYPT_DECRYPT | SIGN_VERIFY | KEY_AGREEMENT,
    [REWRAP__KEY_SPEC__VALUE__ECC_NIST_P256] = SIGN_VERIFY | KEY_AGREEMENT,
    [REWRAP__KEY_SPEC__VALUE__ECC_NIST_P384] = SIGN_VERIFY | KEY_AGREEMENT,
    [REWRAP__KEY_SPEC__VALUE__ECC_NIST_P521] = SIGN_VERIFY | KEY_AGREEMENT,
    [REWRAP__KEY_SPEC__VALUE__ECC_SECG_P256K1] = SIGN_VERIFY,
    [REWRAP__KEY_SPEC__VALUE__ECC_NIST_EDWARDS25519] = SIGN_VERIFY,
    [REWRAP__KEY_SPEC__VALUE__ML_DSA_44] = SIGN_VERIFY,
    [REWRAP__KEY_SPEC__VALUE__ML_DSA_65] = SIGN_VERIFY,
    [REWRAP__KEY_SPEC__VALUE__ML_DSA_87] = SIGN_VERIFY,
    [REWRAP__KEY_SPEC__VALUE__HMAC_224] = GENERATE_VERIFY_MAC,
    [REWRAP__KEY_SPEC__VALUE__HMAC_256] = GENERATE_VERIFY_MAC,
    [REWRAP__KEY_SPEC__VALUE__HMAC_384] = GENERATE_VERIFY_MAC,
    [REWRAP__KEY_SPEC__VALUE__HMAC_512] = GENERATE_VERIFY_MAC,
};

Rewrap__KeySpec__Value operation_new_key_spec(const Rewrap__CreateKeyRequest *request)
{
    if (request->has_key_spec) {
        return request->key_spec;
    }
    return request->has_customer_master_key_spec ? request->customer_master_key_spec
                                                 : REWRAP__KEY_SPEC__VALUE__SYMMETRIC_DEFAULT;
}

static bool check_spec(struct operation *operation, const Rewrap__CreateKeyRequest *request)
{
    if (request->has_key_spec && request->has_customer_master_key_spec) {
        operation_fail(
            operation, OPERATION_VALIDATION,
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec "
            "is deprecated.");
        return false;
    }
    Rewrap__KeySpec__Value spec = operation_new_key_spec(request);
    if (!request->has_key_usage && spec != REWRAP__KEY_SPEC__VALUE__SYMMETRIC_DEFAULT) {
        operation_fail(operation, OPERATION_VALIDATION,
                       "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.");
        return false;
    }
    if (request->has_key_usage && (usages[spec] & (1u << request->key_usage)) == 0) {
        operation_fail(operation, OPERATION_VALIDATION, "KeyUsage %s is not compatible with KeySpec %s",
                       operation_key_usage_name(request->key_usage), operation_key_spec_name(spec));
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------ tags and boundary */

static const char *boundary_tag(const Rewrap__CreateKeyRequest *request)
{
    for (size_t i = 0; i < request->n_tags; i++) {
        if (strcmp(request->tags[i]->tag_key, BOUNDARY_TAG) == 0) {
            return request->tags[i]->tag_value;
        }
    }
    return NULL;
}

/* The member or the tag, which is how AWS clients say it; both only if they agree. Sealed when nothing is said. */
static bool choose_boundary(struct operation *operation, const Rewrap__CreateKeyRequest *request,
                            enum key_boundary *ret_boundary)
{
    bool open = request->has_boundary && request->boundary == REWRAP__BOUNDARY_TYPE__VALUE__OPEN;
    const char *tag = boundary_tag(request);
    if (tag != NULL) {
        bool tag_open = strcasecmp(tag, "open") == 0;
        if (!tag_open && strcasecmp(tag, "sealed") != 0) {
            operation_fail(operation, OPERATION_VALIDATION,
                           "The tag " BOUNDARY_TAG " must be sealed or open, not '%s'.", tag);
            return false;
        }
        if (request->has_boundary && tag_open != open) {
            operation_fail(operation, OPERATION_VALIDATION,
                           "Boundary and the tag " BOUNDARY_TAG " contradict each other.");
            return false;
        }
        open = tag_open;
    }
    *ret_boundary = open ? KEY_BOUNDARY_OPEN : KEY_BOUNDARY_SEALED;
    return true;
}

/* ------------------------------------------------------------------ what this version does not do */

/* Refused rather than ignored: whoever asks for one of these relies on it. */
bool operation_new_key_supported(struct operation *operation, const Rewrap__CreateKeyRequest *request,
                                 const struct operation_spec **ret_spec)
{
    const struct operation_spec *spec = operation_spec_of_value(operation_new_key_spec(request));
    const char *text = NULL;
    if (request->has_multi_region && request->multi_region) {
        text = "Multi-Region keys are not served by rewrapd.";
    } else if (request->xks_key_id != NULL) {
        text = "External key stores are not served by rewrapd.";
    } else if (request->has_origin && request->origin != REWRAP__ORIGIN_TYPE__VALUE__AWS_KMS) {
        text = "rewrapd makes keys of origin AWS_KMS only; CustomKeyStoreId chooses the token.";
    }
    if (text != NULL) {
        operation_fail(operation, OPERATION_UNSUPPORTED, "%s", text);
        return false;
    }
    bool encrypts = !request->has_key_usage || request->key_usage == REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT;
    if (spec == NULL || !encrypts) {
        operation_fail(
            operation, OPERATION_UNSUPPORTED,
            "rewrapd makes keys for encryption only: SYMMETRIC_DEFAULT, RSA_2048, RSA_3072 and RSA_4096 with "
            "KeyUsage ENCRYPT_DECRYPT, not %s with %s.",
            operation_key_spec_name(operation_new_key_spec(request)),
            operation_key_usage_name(encrypts ? REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT : request->key_usage));
        return false;
    }
    *ret_spec = spec;
    return true;
}

bool operation_new_key_check(struct operation *operation, const Rewrap__CreateKeyRequest *request,
                             enum key_boundary *ret_boundary)
{
    return check_spec(operation, request) &&
           operation_tags_check(operation, request->tags, request->n_tags, BOUNDARY_TAG) &&
           choose_boundary(operation, request, ret_boundary);
}
