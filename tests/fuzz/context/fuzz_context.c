/*
 * The canonical form of a context. The input is a list of pairs, each text a length byte and its bytes. Whatever it is:
 * the form of the pairs in reverse order is the same, and decoding it gives the pairs back, sorted, with nothing left
 * over.
 */
#include "base/reader.h"
#include "envelope/context.h"

#include <stdlib.h>

#define MAX_PAIRS 64

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static size_t read_pairs(struct view input, struct context_pair *pairs)
{
    struct reader reader = reader_of(input);
    size_t n = 0;
    while (n < MAX_PAIRS && reader.rest.len != 0) {
        struct view key = reader_take(&reader, reader_u8(&reader));
        struct view value = reader_take(&reader, reader_u8(&reader));
        if (reader.failed) {
            break;
        }
        pairs[n++] = (struct context_pair){.key = key, .value = value};
    }
    return n;
}

static bool has_duplicate(const struct context_pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (view_equal(pairs[i].key, pairs[j].key)) {
                return true;
            }
        }
    }
    return false;
}

static bool contains(const struct context_pair *pairs, size_t n, struct view key, struct view value)
{
    for (size_t i = 0; i < n; i++) {
        if (view_equal(pairs[i].key, key) && view_equal(pairs[i].value, value)) {
            return true;
        }
    }
    return false;
}

static void check_form(struct view form, const struct context_pair *pairs, size_t n)
{
    struct reader reader = reader_of(form);
    require(reader_u8(&reader) == CONTEXT_VERSION);
    require(reader_u32(&reader) == n);
    for (size_t i = 0; i < n; i++) {
        struct view key = reader_take(&reader, reader_u32(&reader));
        struct view value = reader_take(&reader, reader_u32(&reader));
        require(!reader.failed && contains(pairs, n, key, value));
    }
    require(reader_finished(&reader));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct context_pair pairs[MAX_PAIRS];
    struct context_pair reversed[MAX_PAIRS];
    size_t n = read_pairs(view_of(data, size), pairs);
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        reversed[n - 1 - i] = pairs[i];
        total += pairs[i].key.len + pairs[i].value.len;
    }
    struct buffer form = BUFFER_INIT(CONTEXT_CANONICAL_MAX_BYTES);
    struct buffer again = BUFFER_INIT(CONTEXT_CANONICAL_MAX_BYTES);
    enum context_code code = context_canonical(pairs, n, &form);
    require(context_canonical(reversed, n, &again) == code);
    require(view_equal(buffer_view(&form), buffer_view(&again)));
    require((code == CONTEXT_TOO_LARGE) == (total > CONTEXT_MAX_BYTES));
    if (code == CONTEXT_OK) {
        require(!has_duplicate(pairs, n));
        check_form(buffer_view(&form), pairs, n);
    } else {
        require(form.len == 0 && (code == CONTEXT_TOO_LARGE || (code == CONTEXT_DUPLICATE && has_duplicate(pairs, n))));
    }
    buffer_clear(&form);
    buffer_clear(&again);
    return 0;
}
