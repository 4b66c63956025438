/* What `rewrapctl ceremony` prints: lines for a person as things happen, or one JSON document at the end. */
#pragma once

#include "base/attr.h"
#include "hsm/ceremony.h"
#include "hsm/probe.h"
#include "hsm/token.h"

struct ceremony_output;

/* NULL without memory. The caller frees with ceremony_output_free. Text goes out at once, line by line. */
REWRAP_MUST_USE struct ceremony_output *ceremony_output_new(bool json);
void ceremony_output_free(struct ceremony_output *output);

void ceremony_output_token(struct ceremony_output *output, const struct hsm_token_info *info);
/* That the token is below sealed, and why. */
void ceremony_output_level(struct ceremony_output *output, const struct hsm_profile *profile);
void ceremony_output_saw(struct ceremony_output *output, const struct ceremony_object *object, bool made);
void ceremony_output_survey(struct ceremony_output *output, const struct ceremony_survey *survey);

/* What `destroy` found or did with the objects of an id. */
enum ceremony_fate {
    CEREMONY_WOULD_DESTROY,
    CEREMONY_DESTROYED,
    CEREMONY_KEPT_BY_TOKEN, /* some are left */
    CEREMONY_NOT_OURS,
    CEREMONY_NOT_THERE,
};
void ceremony_output_remnant(struct ceremony_output *output, const struct ceremony_remnant *remnant,
                             enum ceremony_fate fate);

/* How many sealed keys of a spec the token has now. */
void ceremony_output_stock(struct ceremony_output *output, enum hsm_spec spec, size_t n);

/* A line that says what to do next; as text the first has "Next: " before it. */
void ceremony_output_next(struct ceremony_output *output, const char *text);

/* Prints the document, if it is JSON. False when something could not be printed, or was left out for want of memory. */
REWRAP_MUST_USE bool ceremony_output_finish(struct ceremony_output *output);
