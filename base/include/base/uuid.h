/* UUIDs (RFC 9562): key ids and request ids. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

#define UUID_BYTES      16
#define UUID_TEXT_BYTES 37 /* 36 characters and the NUL */

/* Fills out with a random UUID, version 4, from the kernel's generator. Aborts if the kernel has none: no id is better
 * than a guessable one. */
void uuid_random(uint8_t out[UUID_BYTES]);

void uuid_format(const uint8_t uuid[UUID_BYTES], char out[UUID_TEXT_BYTES]);

/* Reads the one accepted spelling, 8-4-4-4-12 lower-case digits. False, with out untouched, for anything else. */
REWRAP_MUST_USE bool uuid_parse(const char *text, uint8_t out[UUID_BYTES]);
