/* The keys of each kind of section: one table a kind, ended by a row without a key. */
#pragma once

#include <stddef.h>

struct key_row;

/* Reads a value into its field of object. NULL, or why the value is refused (static until the next call). */
typedef const char *(*key_read_fn)(const struct key_row *row, char *object, const char *value);

struct key_row {
    const char *key;
    key_read_fn read;
    size_t offset; /* of the field in the section's structure */
    unsigned min;
    unsigned max;
    size_t seen_offset; /* of a bool that says the key was given, or 0 */
};

extern const struct key_row settings_service_keys[];
extern const struct key_row settings_listen_keys[];
extern const struct key_row settings_peer_keys[];
extern const struct key_row settings_token_keys[];
extern const struct key_row settings_no_keys[];
