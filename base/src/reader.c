/* A cursor that cannot read past the end; see base/reader.h. */
#include "base/reader.h"

struct view reader_take(struct reader *reader, size_t len)
{
    if (reader->failed || len > reader->rest.len) {
        reader->failed = true;
        return view_of(NULL, 0);
    }
    struct view taken = view_of(reader->rest.data, len);
    if (len != 0) {
        reader->rest.data += len;
        reader->rest.len -= len;
    }
    return taken;
}

static uint64_t take_big_endian(struct reader *reader, size_t width)
{
    struct view bytes = reader_take(reader, width);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        value = value << 8 | bytes.data[i];
    }
    return value;
}

uint8_t reader_u8(struct reader *reader)
{
    return (uint8_t)take_big_endian(reader, 1);
}

uint16_t reader_u16(struct reader *reader)
{
    return (uint16_t)take_big_endian(reader, 2);
}

uint32_t reader_u32(struct reader *reader)
{
    return (uint32_t)take_big_endian(reader, 4);
}

uint64_t reader_u64(struct reader *reader)
{
    return take_big_endian(reader, 8);
}

void reader_copy(struct reader *reader, void *out, size_t len)
{
    struct view bytes = reader_take(reader, len);
    if (bytes.len != 0) {
        memcpy(out, bytes.data, bytes.len);
    }
}
