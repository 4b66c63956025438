/* Making results; see result.h. */
#include "result.h"

#include <stdarg.h>
#include <stdio.h>

struct registry_result registry_failure(enum registry_code code, const char *format, ...)
{
    struct registry_result result = {.code = code};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result.detail, sizeof result.detail, format, arguments);
    va_end(arguments);
    return result;
}

const char *printable(struct view text, char out[PRINTABLE_MAX_BYTES])
{
    size_t at = 0;
    for (size_t i = 0; i < text.len && at + 5 <= PRINTABLE_MAX_BYTES; i++) {
        uint8_t byte = text.data[i];
        if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
            out[at++] = (char)byte;
        } else {
            at += (size_t)snprintf(out + at, 5, "\\x%02x", byte);
        }
    }
    out[at] = '\0';
    return out;
}
