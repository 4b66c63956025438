/* What frames are made of; see wire_parts.h. */
#include "wire_parts.h"

bool wire_frame_begin(struct buffer *out, uint64_t sequence, enum wire_kind kind)
{
    return buffer_append_u32(out, 0) && buffer_append_u64(out, sequence) && buffer_append_u8(out, (uint8_t)kind);
}

bool wire_frame_end(struct buffer *out, size_t start, bool good)
{
    size_t len = out->len - start;
    if (!good || len > WIRE_FRAME_MAX_BYTES) {
        out->len = start;
        return false;
    }
    size_t body = len - WIRE_LENGTH_BYTES;
    for (size_t i = 0; i < WIRE_LENGTH_BYTES; i++) {
        out->data[start + i] = (uint8_t)(body >> (8 * (WIRE_LENGTH_BYTES - 1 - i)));
    }
    return true;
}

bool wire_append_view(struct buffer *out, struct view text)
{
    return text.len <= UINT16_MAX && buffer_append_u16(out, (uint16_t)text.len) &&
           buffer_append(out, text.data, text.len);
}

bool wire_append_text(struct buffer *out, const char *text)
{
    return wire_append_view(out, view_of_string(text));
}

struct view wire_read_text(struct reader *reader)
{
    return reader_take(reader, reader_u16(reader));
}
