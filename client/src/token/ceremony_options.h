/* The options of `rewrapctl ceremony` (ceremony_command.h). */
#pragma once

#include "hsm/ceremony.h"
#include "token_access.h"

enum ceremony_action {
    CEREMONY_ACTION_INIT,
    CEREMONY_ACTION_ADD,
    CEREMONY_ACTION_LIST,
    CEREMONY_ACTION_DESTROY,
};

#define CEREMONY_MAX_IDS 100 /* in a run */

struct ceremony_options {
    struct token_access access; /* no keys are made on a token below access.require */
    enum ceremony_action action;
    enum hsm_spec spec; /* add */
    size_t count;       /* add: how many more */
    size_t spares;      /* init: how many there should be */
    bool json;
    uint8_t material_ids[CEREMONY_MAX_IDS][CEREMONY_ID_BYTES]; /* destroy: each once */
    size_t n_material_ids;
    bool yes; /* destroy: not only shown */
};

/*
 * Reads argv, argv[0] being "ceremony". False when the command is done already, with its exit code in *ret_exit: --help
 * was printed, or a complaint.
 */
REWRAP_MUST_USE bool ceremony_options_parse(int argc, char **argv, struct ceremony_options *ret, int *ret_exit);

/* What a spec is called on the command line and in DescribeKey: "SYMMETRIC_DEFAULT", "RSA_2048". */
const char *ceremony_spec_name(enum hsm_spec spec);
