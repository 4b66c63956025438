/* Did you mean: of some names, the one that is closest to a word that is none of them. */
#pragma once

#include <stddef.h>

#define GUESS_NAME_BYTES 128 /* longer words and names are not guessed at */

struct guess {
    const char *typed;           /* borrowed */
    size_t distance;             /* of the name; at first one more than what could still be meant */
    char name[GUESS_NAME_BYTES]; /* empty while none is near enough */
};

/* A third of the letters may be wrong, or one. */
void guess_begin(struct guess *guess, const char *typed);

/* Keeps the name if it is closer than those before. */
void guess_try(struct guess *guess, const char *name);
