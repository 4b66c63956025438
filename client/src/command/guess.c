/* Did you mean; see guess.h. */
#include "guess.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* How many letters must be put in, left out, changed or swapped with the next to get from one to the other. `to` has
 * fewer than GUESS_NAME_BYTES. */
static size_t distance(const char *from, const char *to)
{
    size_t rows[3][GUESS_NAME_BYTES];
    const size_t n = strlen(to);
    for (size_t j = 0; j <= n; j++) {
        rows[0][j] = j;
    }
    size_t i = 0;
    for (; from[i] != '\0'; i++) {
        const size_t *row = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3];
        size_t *next = rows[(i + 1) % 3];
        next[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t least = row[j] + (from[i] != to[j]);
            least = row[j + 1] + 1 < least ? row[j + 1] + 1 : least;
            least = next[j] + 1 < least ? next[j] + 1 : least;
            const bool swapped = i > 0 && j > 0 && from[i] == to[j - 1] && from[i - 1] == to[j];
            next[j + 1] = swapped && before[j - 1] + 1 < least ? before[j - 1] + 1 : least;
        }
    }
    return rows[i % 3][n];
}

void guess_begin(struct guess *guess, const char *typed)
{
    const size_t third = strlen(typed) / 3;
    *guess = (struct guess){.typed = typed, .distance = (third < 1 ? 1 : third) + 1};
}

void guess_try(struct guess *guess, const char *name)
{
    if (strlen(guess->typed) >= GUESS_NAME_BYTES || strlen(name) >= GUESS_NAME_BYTES) {
        return;
    }
    const size_t d = distance(guess->typed, name);
    if (d < guess->distance) {
        guess->distance = d;
        snprintf(guess->name, sizeof guess->name, "%s", name);
    }
}
