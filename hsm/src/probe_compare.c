/*
 * Whether a payload has come back as it was. By its value where that may be read. A token in FIPS mode makes nothing
 * but sensitive keys: there by what KWP makes of both under one key, which is the same for the same bytes (RFC 5649 has
 * nothing random), and by CKA_VALUE_LEN, since a token that adds zeros before it wraps makes the same of both.
 */
#include "base/view.h"
#include "envelope/header.h"
#include "length.h"
#include "p11_call.h"
#include "probe_private.h"

struct bytes {
    uint8_t data[ENVELOPE_INNER_MAX_BYTES + 8];
    CK_ULONG len;
};

static struct view view_of_bytes(const struct bytes *bytes)
{
    return view_of(bytes->data, bytes->len);
}

/* The value with zeros behind it, as far as there is room for data. */
static bool read(struct probe *probe, CK_OBJECT_HANDLE object, struct bytes *ret)
{
    ret->len = probe_value(probe, object, ret->data, sizeof ret->data);
    return ret->len != 0;
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

static bool wrap(struct probe *probe, CK_OBJECT_HANDLE kek, CK_OBJECT_HANDLE object, struct bytes *ret)
{
    CK_MECHANISM kwp = {.mechanism = probe->kwp};
    ret->len = sizeof ret->data;
    return p11_wrap_key(probe->token, &kwp, kek, object, ret->data, &ret->len) == CKR_OK;
}

static bool same_wrapped(struct probe *probe, CK_OBJECT_HANDLE payload, CK_OBJECT_HANDLE again, size_t length,
                         size_t *ret_length)
{
    struct bytes before;
    struct bytes after;
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    const size_t padded = (length + 7) / 8 * 8;
    if (probe_kek(probe, HSM_LEVEL_SENSITIVE, HSM_OPEN, false, &kek) != CKR_OK || !wrap(probe, kek, payload, &before) ||
        !wrap(probe, kek, again, &after) || before.len != padded + 8 ||
        !view_equal(view_of_bytes(&before), view_of_bytes(&after))) {
        return false;
    }
    size_t told = 0;
    const bool exact = length_by_attribute(probe->token, again, &told).code == HSM_OK && told == length;
    *ret_length = exact ? length : padded; /* what cannot be told is not kept */
    return true;
}

bool probe_comes_back(struct probe *probe, CK_OBJECT_HANDLE payload, CK_OBJECT_HANDLE again, size_t length,
                      size_t *ret_length)
{
    struct bytes before;
    struct bytes after;
    return read(probe, payload, &before) && read(probe, again, &after)
               ? same_values(&before, &after, length, ret_length)
               : same_wrapped(probe, payload, again, length, ret_length);
}
