/* Numbers, dates, addresses and booleans of conditions (KMS.md R-100). Each reads the whole text or says false. */
#pragma once

#include "base/attr.h"
#include "base/view.h"

/* A decimal number without its superfluous zeros; borrows. Compared digit by digit: no rounding at any length. */
struct policy_number {
    bool negative;
    struct view whole;
    struct view fraction;
};

/* [+-]digits[.digits] */
REWRAP_MUST_USE bool policy_number_read(struct view text, struct policy_number *ret);
/* Below, at or above 0 as a is less than, equal to or greater than b. */
int policy_number_compare(const struct policy_number *a, const struct policy_number *b);

/* A moment, in seconds since 1970 and nanoseconds. */
struct policy_moment {
    int64_t seconds;
    uint32_t nanoseconds;
};

/*
 * YYYY, YYYY-MM, YYYY-MM-DD, YYYY-MM-DDThh:mm[:ss[.fraction]] with Z, +hh:mm, -hh:mm or nothing (UTC) behind it (W3C's
 * profile of ISO 8601), or seconds since 1970 with a fraction. Four digits are a year. Years 0001 to 9999; no leap
 * seconds; nine digits of a fraction count.
 */
REWRAP_MUST_USE bool policy_moment_read(struct view text, struct policy_moment *ret);
int policy_moment_compare(const struct policy_moment *a, const struct policy_moment *b);

/* An address and how many of its first bits count. IPv4 in IPv6 (::ffff:0:0/96) is IPv4. */
struct policy_network {
    uint8_t address[16];
    unsigned bytes; /* 4 or 16 */
    unsigned bits;
};

/* An address, or in CIDR notation a network (RFC 4632, RFC 4291 section 2.3); bits behind the prefix do not matter. */
REWRAP_MUST_USE bool policy_network_read(struct view text, struct policy_network *ret);
REWRAP_MUST_USE bool policy_network_contains(const struct policy_network *network,
                                             const struct policy_network *address);

/* "true" or "false" in any case. */
REWRAP_MUST_USE bool policy_boolean_read(struct view text, bool *ret);

/* Base64 with padding in its one spelling (RFC 4648 section 3.5): so equal texts are equal bytes. */
REWRAP_MUST_USE bool policy_base64_is_valid(struct view text);
