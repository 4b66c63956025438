/* How answers are printed: --output json, text and table (KMS.md R-149). */
#pragma once

#include "command/fail.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdio.h>

/* Replaces the timestamps of an answer of that type, seconds with a fraction, by ISO 8601 in UTC: what the AWS CLI v2
 * prints. */
void output_timestamps(const ProtobufCMessageDescriptor *type, json_t *object);

/*
 * Four spaces, members in their order, UTF-8 as it is but for what drives a terminal (printable.h), which is escaped.
 * Any value, NULL for null. False when it could not be written, or there is no memory.
 */
bool output_json(const json_t *value, FILE *file);

/*
 * A line of tab-separated scalars in alphabetical order of their members; structures and lists inside come after it, on
 * lines that begin with the member's name in capitals. A bare scalar is a line of its own; null is None, booleans are
 * True and False. What printable.h names is escaped as in JSON, so that a value cannot forge a column, a line or a
 * terminal sequence.
 */
bool output_text(const json_t *value, FILE *file);

/* A box with two columns, titled; structures and lists inside are titled sections of it. Rows in alphabetical order. */
bool output_table(const char *title, const json_t *value, FILE *file);

/* A scalar as text and table show it; the caller frees. NULL when there is no memory. */
char *output_scalar(const json_t *value);

/*
 * The end of what goes to stdout: flushes it. False when `printed` is, or it could not be written; the failure then
 * calls it `what`.
 */
REWRAP_MUST_USE bool output_finish(bool printed, const char *what, struct failure *failure);

/* The same for a text that was asked for, as a help is: the exit code, after saying why it is not 0. */
int output_end(const char *what);

/* Lists and objects. */
bool output_is_nested(const json_t *value);

/* The keys of an object, sorted by their bytes, borrowed from it; the caller frees the array. NULL when there is no
 * memory. */
const char **output_sorted_keys(const json_t *object);
