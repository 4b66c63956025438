/* Arithmetic on sizes that says when it does not fit. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>

/* False, with *ret_sum untouched, on overflow. */
REWRAP_MUST_USE static inline bool size_add(size_t a, size_t b, size_t *ret_sum)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *ret_sum = sum;
    return true;
}

REWRAP_MUST_USE static inline bool size_multiply(size_t a, size_t b, size_t *ret_product)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product)) {
        return false;
    }
    *ret_product = product;
    return true;
}
