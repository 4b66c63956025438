/*
 * The report of the probe (hsm/probe.h), for people: what was tried on a token, what was found, how it counts; the
 * token's own list of mechanisms; and what is known of such a token beforehand.
 */
#pragma once

#include "hsm/probe.h"

#include <stdbool.h>
#include <stddef.h>

#define HSM_REPORT_MAX_ROWS       96
#define HSM_REPORT_MAX_MECHANISMS 512 /* what a token lists beyond that is counted, not kept */
#define HSM_REPORT_MAX_QUIRKS     8

/* How what was found counts. */
enum hsm_counts {
    HSM_COUNTS_TOLD,    /* nothing hangs on it */
    HSM_COUNTS_GOOD,    /* as it should be */
    HSM_COUNTS_LIMITS,  /* something of the service does not work on this token; the rest does */
    HSM_COUNTS_LEVEL,   /* the token is not called sealed */
    HSM_COUNTS_AGAINST, /* the token cannot be served at all */
};

struct hsm_report_row {
    const char *subject; /* static: "KWP", "payloads", "OAEP", "boundary" */
    char tried[80];
    char found[128];
    enum hsm_counts counts;
};

struct hsm_mechanism {
    unsigned long type;
    const char *name;               /* static; NULL for one that rewrapd has no use for */
    unsigned long flags;            /* CK_FLAGS, 0 when the token does not tell */
    unsigned long min_key, max_key; /* in the token's own units: bits or bytes */
};

struct hsm_quirk {
    const char *name; /* static, for programs: "pads-payloads" */
    const char *text; /* static, for people */
};

struct hsm_report {
    char library[33]; /* C_GetInfo: who made the module, and its version; "" when it does not tell */
    char library_version[8];
    struct hsm_report_row rows[HSM_REPORT_MAX_ROWS];
    size_t n_rows;
    struct hsm_mechanism mechanisms[HSM_REPORT_MAX_MECHANISMS];
    size_t n_mechanisms;
    size_t n_listed; /* as many as the token has */
    struct hsm_quirk quirks[HSM_REPORT_MAX_QUIRKS];
    size_t n_quirks;
};

/*
 * As hsm_probe, and tells. The report is filled on every path, as far as the probe came: with HSM_UNSUPPORTED its rows
 * say what is missing.
 */
REWRAP_MUST_USE struct hsm_result hsm_probe_report(struct hsm_token *token, struct hsm_profile *ret,
                                                   struct hsm_report *report);

/* "good", "limits", "level", "against"; "told" for what counts nothing. */
const char *hsm_counts_name(enum hsm_counts counts);

/* The name of the i-th flag of set, which is CK_MECHANISM_INFO.flags ("WRAP"), NULL beyond the last that has a name. */
const char *hsm_mechanism_flag(unsigned long set, size_t i);
