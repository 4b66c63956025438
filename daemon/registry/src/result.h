/* Making results; see registry/registry.h. */
#pragma once

#include "base/view.h"
#include "registry/registry.h"

static inline struct registry_result registry_ok(void)
{
    return (struct registry_result){.code = REGISTRY_OK};
}

/* The text is cut to the room of detail. */
REWRAP_PRINTF(2, 3) struct registry_result registry_failure(enum registry_code code, const char *format, ...);

static inline struct registry_result registry_no_memory(void)
{
    return registry_failure(REGISTRY_NO_MEMORY, "out of memory");
}

#define PRINTABLE_MAX_BYTES 80 /* enough to find a row by, and leaves room for the reason in a detail */

/* Writes text for a log, other bytes than printable ASCII as \xNN, cut to the room of out. Returns out. */
const char *printable(struct view text, char out[PRINTABLE_MAX_BYTES]);
