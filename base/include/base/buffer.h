/* A byte buffer that grows up to a maximum given at birth, and erases what it gives back. */
#pragma once

#include "base/attr.h"
#include "base/view.h"

struct buffer {
    uint8_t *data; /* owned */
    size_t len;
    size_t cap;
    size_t max; /* never holds more bytes than this */
};

#define BUFFER_INIT(max_bytes) ((struct buffer){.max = (max_bytes)})

/* Frees and erases; the buffer is empty afterwards and can be used again with the same maximum. */
void buffer_clear(struct buffer *buffer);

/* Forgets the content but keeps the memory. Erases it. */
void buffer_reset(struct buffer *buffer);

/* Makes room for more bytes beyond len. False, and nothing changed, past the maximum or out of memory. */
REWRAP_MUST_USE bool buffer_reserve(struct buffer *buffer, size_t more);

/* Each appends, or returns false with the buffer as it was. */
REWRAP_MUST_USE bool buffer_append(struct buffer *buffer, const void *data, size_t len);
REWRAP_MUST_USE bool buffer_append_u8(struct buffer *buffer, uint8_t value);
REWRAP_MUST_USE bool buffer_append_u16(struct buffer *buffer,
                                       uint16_t value); /* big-endian, as everywhere on our wires */
REWRAP_MUST_USE bool buffer_append_u32(struct buffer *buffer, uint32_t value);
REWRAP_MUST_USE bool buffer_append_u64(struct buffer *buffer, uint64_t value);

/* Drops the first len bytes (len <= buffer->len). */
void buffer_consume(struct buffer *buffer, size_t len);

static inline struct view buffer_view(const struct buffer *buffer)
{
    return view_of(buffer->data, buffer->len);
}
