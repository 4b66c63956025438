/* Blobs as JSON strings; see param_blob.h. */
#include "param_blob.h"

#include "base/base64.h"
#include "base/buffer.h"

bool blob_is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Base64 is ASCII: nothing but a lack of memory can go wrong. */
static bool blob_string(struct view text, json_t **ret, struct failure *failure)
{
    json_t *string = json_stringn(text.len == 0 ? "" : (const char *)text.data, text.len);
    if (string == NULL) {
        return fail_memory(failure);
    }
    *ret = string;
    return true;
}

bool blob_encode(struct view bytes, json_t **ret, struct failure *failure)
{
    if (bytes.len > BLOB_MAX_BYTES) {
        return fail(failure, EXIT_CODE_USAGE, "Longer than %zu bytes", BLOB_MAX_BYTES);
    }
    struct buffer text = BUFFER_INIT(BLOB_TEXT_MAX_BYTES);
    size_t len = base64_encoded_len(bytes.len);
    if (!buffer_reserve(&text, len + 1)) {
        return fail_memory(failure);
    }
    base64_encode(bytes, (char *)text.data);
    bool made = blob_string(view_of(text.data, len), ret, failure);
    text.len = len;
    buffer_clear(&text);
    return made;
}

/*
 * The text without the white space of files and terminals into out, if that is base64. Nothing else is skipped: a blob
 * that lost characters must not be another blob.
 */
static bool base64_normalize(struct view text, struct buffer *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!blob_is_space(text.data[i]) && !buffer_append_u8(out, text.data[i])) {
            return false;
        }
    }
    struct buffer bytes = BUFFER_INIT(BLOB_TEXT_MAX_BYTES);
    size_t cap = base64_decoded_max(out->len);
    bool valid = buffer_reserve(&bytes, cap) && base64_decode(buffer_view(out), bytes.data, cap, &bytes.len);
    buffer_clear(&bytes);
    return valid;
}

bool blob_from_base64(struct view base64, json_t **ret, struct failure *failure)
{
    struct buffer text = BUFFER_INIT(BLOB_TEXT_MAX_BYTES);
    bool made = base64_normalize(base64, &text)
                    ? blob_string(buffer_view(&text), ret, failure)
                    : fail(failure, EXIT_CODE_OTHER, "Invalid base64 (fileb://FILE takes bytes as they are)");
    buffer_clear(&text);
    return made;
}
