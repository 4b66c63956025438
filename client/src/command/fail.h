/* How rewrapctl fails: an exit code of the AWS CLI (KMS.md R-151) and a text for a person. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>

enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_INTERRUPTED = 130,
    EXIT_CODE_USAGE = 252,         /* a command, option or value that cannot be: nothing was sent */
    EXIT_CODE_CONFIGURATION = 253, /* no endpoint, or a bad one in the environment */
    EXIT_CODE_SERVICE = 254,       /* the daemon answered an error */
    EXIT_CODE_OTHER = 255,         /* no connection, no answer, cannot write, invalid base64 */
};

/* Echoed input is cut to this, so that a message stays a message. */
#define FAILURE_ECHO_BYTES 1024
#define FAILURE_TEXT_BYTES 4096

struct failure {
    enum exit_code exit_code;
    char text[FAILURE_TEXT_BYTES];
};

/* Fills *failure; a text that is too long is cut. Always false, so that a caller can return it. */
REWRAP_PRINTF(3, 4) bool fail(struct failure *failure, enum exit_code exit_code, const char *format, ...);

/* What cannot be blamed on anybody. Always false. */
bool fail_memory(struct failure *failure);

/* Puts "prefix" before the text that is there. Always false. */
REWRAP_PRINTF(2, 3) bool fail_prefix(struct failure *failure, const char *format, ...);

/* Prints an empty line and "rewrapctl: error: text" to stderr, and returns the exit code. Of EXIT_CODE_SERVICE the call
 * has printed all (operation_call.h), and nothing is. */
int failure_print(const struct failure *failure);

/* The same for words that were not understood: before it the usage, which ends with a line break. */
int failure_print_usage(const struct failure *failure, const char *usage);
