/* The options that every operation has, and those of the AWS CLI that mean nothing here. */
#pragma once

#include "fail.h"

#include "base/view.h"

struct globals {
    const char *endpoint;       /* as given; NULL: $REWRAP_SOCKET or the socket of the service */
    const char *output;         /* json, text or table */
    const char *query;          /* a dotted path, or NULL */
    const char *binary_format;  /* base64 or raw-in-base64-out */
    const char *timeout_ms;     /* digits, or NULL */
    const char *cli_input_json; /* or NULL */
    const char *cli_input_yaml; /* or NULL: refused, once it is known what else was given */
    const char *skeleton;       /* of --generate-cli-skeleton: "input", or NULL */
    const char *no_paginate;    /* not NULL: one page only */
    const char *help;           /* not NULL: asked for */
    const char *version;
    const char *ignored; /* options that are true here without doing anything */
};

enum global_arity {
    GLOBAL_NONE,
    GLOBAL_ONE,
    GLOBAL_OPTIONAL, /* the next word unless it is an option */
    GLOBAL_REFUSED,  /* an option of the AWS CLI that cannot be honoured */
};

struct global_option {
    const char *name; /* without the dashes */
    enum global_arity arity;
    size_t offset;              /* of its member in struct globals */
    const char *const *choices; /* NULL-terminated, or NULL for any value */
    const char *preset;         /* the value of GLOBAL_NONE, and of GLOBAL_OPTIONAL without a word */
    const char *argument;       /* for the help: "unix:PATH"; NULL: not in the help */
    const char *help;           /* for the help, or the reason of a refusal */
};

/* The table; *ret_n is its length. */
const struct global_option *globals_table(size_t *ret_n);

/* The row of an option by its name, without the dashes, or NULL. */
const struct global_option *globals_find(struct view name);

/*
 * For a command that asks one operation and prints the answer in a way of its own: whether its output is JSON, and not
 * lines for a person. False for --output table, and for options that would mean something else than they say.
 */
REWRAP_MUST_USE bool globals_is_json(const struct globals *globals, const char *command, bool *ret,
                                     struct failure *failure);

/* Puts a value (NULL: none was given) where it belongs; false for one that is not among the choices, or a refused
 * option. */
REWRAP_MUST_USE bool globals_set(struct globals *globals, const struct global_option *option, const char *value,
                                 struct failure *failure);
