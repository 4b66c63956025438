/* Framing: a stream cut into frames in one go and byte by byte gives the same frames, and never a byte that is not
 * there. */
#include "proto/frame.h"

#include <stdlib.h>

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static void check_frame(struct view stream, struct view message)
{
    require(message.data == stream.data + FRAME_HEADER_BYTES);
    require(message.len > 0 && message.len <= FRAME_MAX_BYTES && message.len + FRAME_HEADER_BYTES <= stream.len);
    uint8_t header[FRAME_HEADER_BYTES];
    frame_header(message.len, header);
    require(view_equal(view_of(header, sizeof header), view_of(stream.data, sizeof header)));
    /* One byte less is an incomplete frame, one byte more changes nothing. */
    struct view again = view_of(NULL, 0);
    require(frame_next(view_of(stream.data, FRAME_HEADER_BYTES + message.len - 1), &again) == FRAME_INCOMPLETE);
    require(again.data == NULL);
    require(frame_next(view_of(stream.data, FRAME_HEADER_BYTES + message.len), &again) == FRAME_COMPLETE);
    require(view_equal(again, message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_of(data, size);
    struct view message;
    enum frame_state state;
    while ((state = frame_next(rest, &message)) == FRAME_COMPLETE) {
        check_frame(rest, message);
        size_t took = FRAME_HEADER_BYTES + message.len;
        rest = view_of(rest.data + took, rest.len - took);
    }
    require(state != FRAME_OVERSIZED || rest.len >= FRAME_HEADER_BYTES);
    require(state != FRAME_EMPTY || rest.len >= FRAME_HEADER_BYTES);
    return 0;
}
