/* Callers for requests of tests. */
#pragma once

#include "policy/caller.h"

#define CALLERS_AT_ONCE 4

/* The principal, taken apart, until that many others were; NULL for what is none. */
static inline const struct policy_caller *caller_of(const char *principal)
{
    static struct policy_caller callers[CALLERS_AT_ONCE];
    static size_t next;
    struct policy_caller *caller = &callers[next++ % CALLERS_AT_ONCE];
    return policy_caller_read(view_of_string(principal), caller) ? caller : NULL;
}
