/* A borrowed run of bytes: passed by value, never freed, valid as long as its owner is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    const uint8_t *data; /* borrowed; may be NULL only when len is 0 */
    size_t len;
};

static inline struct view view_of(const void *data, size_t len)
{
    return (struct view){.data = data, .len = len};
}

/* A view of a literal, for tables: view_of_string is no constant. */
#define VIEW_INIT(literal)                                                                                             \
    {                                                                                                                  \
        .data = (const uint8_t *)(literal), .len = sizeof(literal) - 1                                                 \
    }

static inline struct view view_of_string(const char *text)
{
    return view_of(text, text == NULL ? 0 : strlen(text));
}

/* For bytes that are public on both sides; secrets and tags are compared with secret_equal (base/wipe.h). */
static inline bool view_equal(struct view a, struct view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
