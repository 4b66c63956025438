/* How rewrapctl fails; see fail.h. */
#include "fail.h"

#include "printable.h"

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

bool fail_memory(struct failure *failure)
{
    return fail(failure, EXIT_CODE_OTHER, "out of memory");
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
    if (failure->exit_code == EXIT_CODE_SERVICE) {
        return EXIT_CODE_SERVICE;
    }
    /* Words and files are echoed, and may have been cut inside a character. */
    bool printed = fputs("\nrewrapctl: error: ", stderr) >= 0 &&
                   printable_write(failure->text, PRINTABLE_LINES, stderr) && fputc('\n', stderr) != EOF;
    rewrap_ignore(printed, "there is nowhere else to say it, and the exit code does");
    return (int)failure->exit_code;
}

int failure_print_usage(const struct failure *failure, const char *usage)
{
    fprintf(stderr, "\n%s", usage);
    return failure_print(failure);
}
