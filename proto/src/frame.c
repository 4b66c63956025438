/* Framing; see proto/frame.h. */
#include "proto/frame.h"

#include "base/reader.h"

#include <assert.h>

enum frame_state frame_next(struct view bytes, struct view *ret_message)
{
    struct reader reader = reader_of(bytes);
    uint32_t len = reader_u32(&reader);
    if (reader.failed) {
        return FRAME_INCOMPLETE;
    }
    if (len == 0) {
        return FRAME_EMPTY;
    }
    if (len > FRAME_MAX_BYTES) {
        return FRAME_OVERSIZED;
    }
    struct view message = reader_take(&reader, len);
    if (reader.failed) {
        return FRAME_INCOMPLETE;
    }
    *ret_message = message;
    return FRAME_COMPLETE;
}

void frame_header(size_t len, uint8_t out[FRAME_HEADER_BYTES])
{
    assert(len > 0 && len <= FRAME_MAX_BYTES);
    for (size_t i = 0; i < FRAME_HEADER_BYTES; i++) {
        out[i] = (uint8_t)(len >> (8 * (FRAME_HEADER_BYTES - 1 - i)));
    }
}
