/* Lower-case hexadecimal. */
#pragma once

#include "base/attr.h"
#include "base/view.h"

/* Writes 2 * bytes.len digits and a NUL; out has room for them. */
void hex_encode(struct view bytes, char *out);

/*
 * Reads exactly 2 * len lower-case digits of text into out. False, with out untouched, for any other length or
 * character: ids are compared exactly, so there is one spelling (KMS.md R-51).
 */
REWRAP_MUST_USE bool hex_decode(const char *text, uint8_t *out, size_t len);
