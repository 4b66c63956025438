/* The check of an object that is on the token against the table of attributes (attributes.h). */
#include "attributes_table.h"
#include "p11/errors.h"
#include "p11/p11_call.h"

#include <string.h>

/* Longer than any value we compare; a longer one is wrong without being read. */
#define VALUE_MAX_BYTES 16

static struct hsm_result refused(const char *name)
{
    return hsm_failure(HSM_KEY_REFUSED, name);
}

/*
 * Reads, and drops the return values that only say that some of the attributes were not given: those have no length
 * then (PKCS#11 v2.40 section 5.7, C_GetAttributeValue).
 */
static struct hsm_result read_attributes(struct hsm_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, size_t n)
{
    const CK_RV rv = p11_get_attributes(token, object, list, n);
    if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_BUFFER_TOO_SMALL) {
        return HSM_SUCCESS;
    }
    return hsm_result_of(rv, "C_GetAttributeValue");
}

/* All booleans in one call: a worker asks this of every key when it starts. */
static struct hsm_result verify_booleans(struct hsm_token *token, CK_OBJECT_HANDLE object, enum attributes_kind kind)
{
    CK_ATTRIBUTE list[ATTRIBUTES_MAX];
    CK_BBOOL values[ATTRIBUTES_MAX];
    const struct attributes_row *rows[ATTRIBUTES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < attributes_n_rows; i++) {
        if (attributes_counts(&attributes_rows[i], token->level) &&
            strchr("TFt", attributes_rows[i].cells[kind]) != NULL) {
            rows[n] = &attributes_rows[i];
            values[n] = 0xff; /* neither, should the module not write it */
            list[n] = (CK_ATTRIBUTE){attributes_rows[i].type, &values[n], sizeof values[n]};
            n++;
        }
    }
    const struct hsm_result result = read_attributes(token, object, list, n);
    if (result.code != HSM_OK) {
        return result;
    }
    for (size_t i = 0; i < n; i++) {
        const CK_BBOOL wanted = rows[i]->cells[kind] == 'F' ? CK_FALSE : CK_TRUE;
        if (list[i].ulValueLen != sizeof values[i] || values[i] != wanted) {
            return refused(rows[i]->name);
        }
    }
    return HSM_SUCCESS;
}

static struct hsm_result verify_bytes(struct hsm_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                                      const char *name, const void *wanted, size_t len)
{
    uint8_t value[VALUE_MAX_BYTES];
    /* The room is exact: NSS softokn gives a number of a token object only into room of its size. */
    CK_ATTRIBUTE attribute = {type, value, len};
    const struct hsm_result result = read_attributes(token, object, &attribute, 1);
    if (result.code != HSM_OK) {
        return result;
    }
    return attribute.ulValueLen == len && memcmp(value, wanted, len) == 0 ? HSM_SUCCESS : refused(name);
}

#define VERIFY_BYTES(token, object, type, wanted) verify_bytes(token, object, type, #type, &(wanted), sizeof(wanted))

static struct hsm_result verify_numbers(struct hsm_token *token, CK_OBJECT_HANDLE object,
                                        const struct attributes_numbers *numbers)
{
    struct hsm_result result = VERIFY_BYTES(token, object, CKA_CLASS, numbers->class);
    if (result.code == HSM_OK) {
        result = VERIFY_BYTES(token, object, CKA_KEY_TYPE, numbers->key_type);
    }
    if (result.code == HSM_OK && numbers->value_len != 0) {
        result = VERIFY_BYTES(token, object, CKA_VALUE_LEN, numbers->value_len);
    }
    if (result.code == HSM_OK && numbers->class == CKO_PUBLIC_KEY && numbers->key_type == CKK_EC) {
        result = VERIFY_BYTES(token, object, CKA_EC_PARAMS, attributes_p256);
    }
    return result;
}

/* Exactly one mechanism, and the right one. */
static struct hsm_result verify_mechanism(struct hsm_token *token, CK_OBJECT_HANDLE object,
                                          const struct attributes_numbers *numbers)
{
    CK_MECHANISM_TYPE found[2];
    CK_ATTRIBUTE attribute = {CKA_ALLOWED_MECHANISMS, found, sizeof found};
    const struct hsm_result result = read_attributes(token, object, &attribute, 1);
    if (result.code != HSM_OK) {
        return result;
    }
    if (attribute.ulValueLen != sizeof found[0]) {
        return refused("CKA_ALLOWED_MECHANISMS");
    }
    const bool right = numbers->allowed != 0 ? found[0] == numbers->allowed
                                             : found[0] == CKM_AES_KEY_WRAP_KWP || found[0] == CKM_AES_KEY_WRAP_PAD;
    return right ? HSM_SUCCESS : refused("CKA_ALLOWED_MECHANISMS");
}

/* Whether the n attributes found are the n wanted, in any order; a type given twice leaves another one out. */
static bool same_template(const CK_ATTRIBUTE *found, const CK_ATTRIBUTE *wanted, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool matched = false;
        for (size_t j = 0; j < n && !matched; j++) {
            matched = found[j].type == wanted[i].type && found[j].ulValueLen == wanted[i].ulValueLen &&
                      memcmp(found[j].pValue, wanted[i].pValue, wanted[i].ulValueLen) == 0;
        }
        if (!matched) {
            return false;
        }
    }
    return true;
}

/*
 * An attribute of attributes is read in two calls: with empty entries the token fills in types and lengths, with memory
 * behind each it gives the values (PKCS#11 v2.40 section 5.7). Two calls suffice, because the length of the whole is
 * known: a template of another length is a wrong one.
 */
static struct hsm_result verify_template(struct hsm_token *token, CK_OBJECT_HANDLE object, enum hsm_boundary boundary)
{
    static const char name[] = "CKA_UNWRAP_TEMPLATE";
    CK_ATTRIBUTE wanted[ATTRIBUTES_UNWRAP_MAX];
    const size_t n = attributes_forced(boundary, wanted);
    CK_ATTRIBUTE found[ATTRIBUTES_UNWRAP_MAX] = {0};
    uint8_t values[ATTRIBUTES_UNWRAP_MAX][VALUE_MAX_BYTES] = {0};
    CK_ATTRIBUTE attribute = {CKA_UNWRAP_TEMPLATE, NULL, 0};

    struct hsm_result result = read_attributes(token, object, &attribute, 1);
    if (result.code != HSM_OK) {
        return result;
    }
    if (attribute.ulValueLen != n * sizeof found[0]) {
        return refused(name);
    }
    attribute.pValue = found;
    result = read_attributes(token, object, &attribute, 1);
    if (result.code != HSM_OK) {
        return result;
    }
    for (size_t i = 0; i < n; i++) {
        if (found[i].ulValueLen == 0 || found[i].ulValueLen > VALUE_MAX_BYTES) {
            return refused(name);
        }
        found[i].pValue = values[i];
    }
    result = read_attributes(token, object, &attribute, 1);
    if (result.code != HSM_OK) {
        return result;
    }
    return attribute.ulValueLen == n * sizeof found[0] && same_template(found, wanted, n) ? HSM_SUCCESS : refused(name);
}

struct hsm_result attributes_verify(struct hsm_token *token, CK_OBJECT_HANDLE object, enum attributes_kind kind)
{
    const struct attributes_numbers *numbers = &attributes_numbers[kind];

    struct hsm_result result = verify_numbers(token, object, numbers);
    if (result.code == HSM_OK) {
        result = verify_booleans(token, object, kind);
    }
    if (result.code != HSM_OK || token->level == HSM_LEVEL_SENSITIVE) {
        return result;
    }
    result = verify_mechanism(token, object, numbers);
    if (result.code == HSM_OK && numbers->unwraps != 0) {
        result = verify_template(token, object, numbers->unwraps);
    }
    return result;
}
