/* The pairs of a grant's constraint as bytes; see pairs.h. */
#include "pairs.h"

static bool append(struct buffer *out, struct view text)
{
    return text.len <= UINT16_MAX && buffer_append_u16(out, (uint16_t)text.len) &&
           buffer_append(out, text.data, text.len);
}

bool pairs_append(struct buffer *out, const struct policy_pair *pairs, size_t n)
{
    if (n > POLICY_GRANT_PAIRS_MAX || !buffer_append_u8(out, (uint8_t)n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!append(out, pairs[i].key) || !append(out, pairs[i].value)) {
            return false;
        }
    }
    return true;
}

bool pairs_read(struct reader *reader, struct policy_pair pairs[POLICY_GRANT_PAIRS_MAX], size_t *ret_n)
{
    const size_t n = reader_u8(reader);
    if (n > POLICY_GRANT_PAIRS_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        pairs[i].key = reader_take(reader, reader_u16(reader));
        pairs[i].value = reader_take(reader, reader_u16(reader));
    }
    if (reader->failed) {
        return false;
    }
    *ret_n = n;
    return true;
}
