/* How rewrapctl fails; see fail.h. */
#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fail(struct failure *failure, enum exit_code exit_code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    failure->exit_code = exit_code;
    vsnprintf(failure->text, sizeof failure->text, format, arguments);
    va_end(arguments);
    return false;
}

bool fail_prefix(struct failure *failure, const char *format, ...)
{
    char prefix[FAILURE_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    size_t len = strlen(prefix);
    memmove(failure->text + len, failure->text, sizeof failure->text - len);
    memcpy(failure->text, prefix, len);
    failure->text[sizeof failure->text - 1] = '\0';
    return false;
}

int failure_print(const struct failure *failure)
{
    fprintf(stderr, "\nrewrapctl: error: %s\n", failure->text);
    return (int)failure->exit_code;
}
