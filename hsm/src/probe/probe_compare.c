/*
 * Whether a payload has come back as it was. By its value where that may be read. A token in FIPS mode makes nothing
 * but sensitive keys: there by what KWP makes of both under one key, which is the same for the same bytes (RFC 5649 has
 * nothing random), and by CKA_VALUE_LEN, since a token that adds zeros before it wraps makes the same of both.
 */
#include "base/view.h"
#include "envelope/header.h"
#include "objects/length.h"
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "probe_private.h"

struct bytes {
    uint8_t data[ENVELOPE_INNER_MAX_BYTES + 8];
    CK_ULONG len;
};

static struct view view_of_bytes(const struct bytes *bytes)
{
    return view_of(bytes->data, bytes->len);
}

static CK_RV read(struct probe *probe, CK_OBJECT_HANDLE object, struct bytes *ret)
{
    CK_ATTRIBUTE value = {CKA_VALUE, ret->data, sizeof ret->data};
    const CK_RV rv = p11_get_attributes(probe->token, object, &value, 1);
    if (rv == CKR_OK && (value.ulValueLen == 0 || value.ulValueLen > sizeof ret->data)) {
        return CKR_ATTRIBUTE_SENSITIVE; /* nothing is given out */
    }
    ret->len = value.ulValueLen;
    return rv;
}

/* One that cannot be told is not kept: then it is the padded one. */
static struct hsm_result length_told(struct probe *probe, CK_OBJECT_HANDLE payload, size_t length, size_t padded,
                                     size_t *ret)
{
    size_t told = 0;
    const struct hsm_result result = length_by_attribute(probe->token, payload, &told);
    const bool has_failed = result.code != HSM_OK && result.code != HSM_UNSUPPORTED && result.rv != CKR_OK &&
                            result.rv != CKR_ATTRIBUTE_SENSITIVE;
    if (has_failed) {
        return result;
    }
    *ret = result.code == HSM_OK && told == length ? length : padded;
    return HSM_SUCCESS;
}

static bool is_withheld(CK_RV rv)
{
    return rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID;
}

static bool same_values(const struct bytes *before, const struct bytes *after, size_t length, size_t *ret_length)
{
    static const uint8_t zeros[8];
    const size_t padded = (length + 7) / 8 * 8;
    if (before->len != length || (after->len != length && after->len != padded) ||
        !view_equal(view_of(before->data, length), view_of(after->data, length)) ||
        !view_equal(view_of(after->data + length, after->len - length), view_of(zeros, after->len - length))) {
        return false;
    }
    *ret_length = after->len;
    return true;
}

static CK_RV wrap(struct probe *probe, CK_OBJECT_HANDLE kek, CK_OBJECT_HANDLE object, struct bytes *ret)
{
    CK_MECHANISM kwp = {.mechanism = probe->kwp};
    ret->len = sizeof ret->data;
    return p11_wrap_key(probe->token, &kwp, kek, object, ret->data, &ret->len);
}

static struct hsm_result same_wrapped(struct probe *probe, CK_OBJECT_HANDLE payload, CK_OBJECT_HANDLE again,
                                      size_t length, bool *ret_same, size_t *ret_length)
{
    struct bytes before;
    struct bytes after;
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    CK_RV rv = probe_kek(probe, HSM_LEVEL_SENSITIVE, HSM_OPEN, false, &kek);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a KEK");
    }
    rv = wrap(probe, kek, payload, &before);
    if (rv == CKR_OK) {
        rv = wrap(probe, kek, again, &after);
    }
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_WrapKey with KWP");
    }
    const size_t padded = (length + 7) / 8 * 8;
    *ret_same = before.len == padded + 8 && view_equal(view_of_bytes(&before), view_of_bytes(&after));
    return *ret_same ? length_told(probe, again, length, padded, ret_length) : HSM_SUCCESS;
}

struct hsm_result probe_comes_back(struct probe *probe, CK_OBJECT_HANDLE payload, CK_OBJECT_HANDLE again, size_t length,
                                   bool *ret_same, size_t *ret_length)
{
    struct bytes before;
    struct bytes after;
    const CK_RV first = read(probe, payload, &before);
    const CK_RV second = read(probe, again, &after);
    if (first == CKR_OK && second == CKR_OK) {
        *ret_same = same_values(&before, &after, length, ret_length);
        return HSM_SUCCESS;
    }
    const struct hsm_result failure = hsm_result_of(first != CKR_OK ? first : second, "C_GetAttributeValue");
    /* One that is read where the other fails by something else is a fault. */
    const bool may_not_be_read = is_withheld(first) || is_withheld(second) || first == second;
    return may_not_be_read && !probe_must_end(failure)
               ? same_wrapped(probe, payload, again, length, ret_same, ret_length)
               : failure;
}
