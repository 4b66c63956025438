/* Private: is this text a string that we let in? */
#pragma once

#include "base/view.h"

/* True for well-formed UTF-8 (RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF) without NUL
 * bytes. */
bool utf8_is_text(struct view bytes);

/* The length of the longest prefix of at most max bytes that does not cut a character of well-formed text in two. */
size_t utf8_cut(struct view text, size_t max);
