/* What was typed: global options, and the options of an operation by its request's fields (KMS.md R-142). */
#pragma once

#include "globals.h"

#include <protobuf-c/protobuf-c.h>

/* One option of an operation; words are borrowed from argv. */
struct option_use {
    const ProtobufCFieldDescriptor *field;
    bool value;   /* of a boolean: --x or --no-x */
    char **words; /* what follows it */
    size_t n_words;
    char *inline_word; /* of --option=word: words points to it */
};

struct command_line {
    struct globals globals;
    struct option_use *uses; /* owned, in the order given */
    size_t n_uses;
};

/*
 * Reads argv[0 … argc) up to the first word that is not a global option or its value: *ret_command is its index, argc
 * when there is none. Options found are put into *globals.
 */
REWRAP_MUST_USE bool command_line_command(int argc, char **argv, struct globals *globals, int *ret_command,
                                          struct failure *failure);

/*
 * Takes "--option VALUE" and "--option=VALUE" out of argv[0 … *argc), for a command that has an option besides those of
 * an operation. *ret is the last value, borrowed, or NULL. False when the value is missing.
 */
REWRAP_MUST_USE bool command_line_take(const char *option, int *argc, char **argv, const char **ret,
                                       struct failure *failure);

/*
 * Reads the words after an operation's name. *line has the globals given before it and gets the rest; it is cleared
 * with command_line_clear, also after a failure.
 */
REWRAP_MUST_USE bool command_line_parse(const ProtobufCMessageDescriptor *type, int argc, char **argv,
                                        struct command_line *line, struct failure *failure);
void command_line_clear(struct command_line *line);
