/* A cursor over borrowed bytes that cannot read past their end. One failed read makes every later one fail too. */
#pragma once

#include "base/attr.h"
#include "base/view.h"

struct reader {
    struct view rest;
    bool failed;
};

static inline struct reader reader_of(struct view bytes)
{
    return (struct reader){.rest = bytes};
}

/* Each returns the value, or 0 with reader->failed set when too few bytes are left. Integers are big-endian. */
uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);

/* The next len bytes, borrowed from what the reader reads; an empty view with reader->failed set when too few are left.
 */
struct view reader_take(struct reader *reader, size_t len);

/* Copies the next len bytes into out; out is untouched on failure. */
void reader_copy(struct reader *reader, void *out, size_t len);

/* True when nothing failed and nothing is left: the bytes were exactly what was expected. */
REWRAP_MUST_USE static inline bool reader_finished(const struct reader *reader)
{
    return !reader->failed && reader->rest.len == 0;
}
