/* The header of a symmetric ciphertext; see envelope/header.h. */
#include "envelope/header.h"

#include "base/reader.h"

size_t envelope_inner_length(size_t payload_length)
{
    return (payload_length + 7) / 8 * 8 + 8;
}

bool envelope_header_parse(struct view blob, struct envelope_header *ret)
{
    struct reader reader = reader_of(blob);
    struct envelope_header header;
    uint8_t version = reader_u8(&reader);
    uint8_t suite = reader_u8(&reader);
    reader_copy(&reader, header.key_id, sizeof header.key_id);
    reader_copy(&reader, header.material_id, sizeof header.material_id);
    header.payload_length = reader_u16(&reader);
    reader_copy(&reader, header.salt, sizeof header.salt);
    if (reader.failed || version != ENVELOPE_VERSION || suite != ENVELOPE_SUITE) {
        return false;
    }
    if (header.payload_length == 0 || header.payload_length > ENVELOPE_PAYLOAD_MAX_BYTES) {
        return false;
    }
    if (reader.rest.len != envelope_inner_length(header.payload_length) + ENVELOPE_TAG_BYTES) {
        return false;
    }
    *ret = header;
    return true;
}

bool envelope_header_write(const struct envelope_header *header, struct buffer *out)
{
    if (!buffer_reserve(out, ENVELOPE_HEADER_BYTES)) {
        return false;
    }
    size_t before = out->len;
    bool written = buffer_append_u8(out, ENVELOPE_VERSION) && buffer_append_u8(out, ENVELOPE_SUITE) &&
                   buffer_append(out, header->key_id, sizeof header->key_id) &&
                   buffer_append(out, header->material_id, sizeof header->material_id) &&
                   buffer_append_u16(out, header->payload_length) &&
                   buffer_append(out, header->salt, sizeof header->salt);
    if (!written) {
        out->len = before;
    }
    return written;
}
