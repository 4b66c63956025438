/* A bounded, erasing byte buffer; see base/buffer.h. */
#include "base/buffer.h"

#include "base/checked.h"
#include "base/wipe.h"

void buffer_clear(struct buffer *buffer)
{
    wiping_free(buffer->data);
    buffer->data = NULL;
    buffer->len = 0;
    buffer->cap = 0;
}

void buffer_reset(struct buffer *buffer)
{
    secret_wipe(buffer->data, buffer->len);
    buffer->len = 0;
}

bool buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t needed;
    if (!size_add(buffer->len, more, &needed) || needed > buffer->max) {
        return false;
    }
    if (needed <= buffer->cap) {
        return true;
    }
    size_t cap = buffer->cap == 0 ? 64 : buffer->cap;
    while (cap < needed) {
        cap = cap > buffer->max / 2 ? buffer->max : cap * 2;
    }
    uint8_t *data = wiping_realloc(buffer->data, cap);
    if (data == NULL) {
        return false;
    }
    buffer->data = data;
    buffer->cap = cap;
    return true;
}

bool buffer_append(struct buffer *buffer, const void *data, size_t len)
{
    if (!buffer_reserve(buffer, len)) {
        return false;
    }
    if (len != 0) {
        memcpy(buffer->data + buffer->len, data, len);
        buffer->len += len;
    }
    return true;
}

static bool append_big_endian(struct buffer *buffer, uint64_t value, size_t width)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < width; i++) {
        bytes[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    }
    return buffer_append(buffer, bytes, width);
}

bool buffer_append_u8(struct buffer *buffer, uint8_t value)
{
    return append_big_endian(buffer, value, 1);
}

bool buffer_append_u16(struct buffer *buffer, uint16_t value)
{
    return append_big_endian(buffer, value, 2);
}

bool buffer_append_u32(struct buffer *buffer, uint32_t value)
{
    return append_big_endian(buffer, value, 4);
}

bool buffer_append_u64(struct buffer *buffer, uint64_t value)
{
    return append_big_endian(buffer, value, 8);
}

void buffer_consume(struct buffer *buffer, size_t len)
{
    if (len == 0) {
        return; /* data may be NULL, which memmove must not be given */
    }
    memmove(buffer->data, buffer->data + len, buffer->len - len);
    secret_wipe(buffer->data + buffer->len - len, len);
    buffer->len -= len;
}
