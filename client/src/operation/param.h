/* The words after an option, and --cli-input-json, as JSON in the spelling of the codec (proto/json.h): blobs are
 * base64 strings. */
#pragma once

#include "command/fail.h"

#include "proto/json.h"

/*
 * Reads the words of the option of one field. raw_blobs: literal blobs and those of file:// are the bytes themselves
 * (--cli-binary-format raw-in-base64-out) and not base64. May block on a file. The caller owns *ret; on failure it is
 * untouched. What a blob holds is never put into the text of a failure.
 */
REWRAP_MUST_USE bool param_from_words(const ProtobufCFieldDescriptor *field, char *const *words, size_t n_words,
                                      bool raw_blobs, json_t **ret, struct failure *failure);

/* Reads the word of --cli-input-json: a JSON object, or file:// or fileb:// of one. As param_from_words. */
REWRAP_MUST_USE bool param_from_json_input(const ProtobufCMessageDescriptor *type, const char *word, bool raw_blobs,
                                           json_t **ret, struct failure *failure);

/* Integers of options: decimal digits with an optional sign, within the range. */
REWRAP_MUST_USE bool param_integer(const char *text, long long min, long long max, long long *ret);
