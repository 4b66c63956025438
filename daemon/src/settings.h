/*
 * The configuration of rewrapd (docs/configuration.md): one structure, made whole or not at all. An unknown section or
 * key, a value out of range, a key given twice or a needed one missing is an error with file and line.
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SETTINGS_MAX_ACCOUNTS   1000
#define SETTINGS_MAX_LISTENERS  256
#define SETTINGS_MAX_PEERS      1000
#define SETTINGS_MAX_TOKENS     16
#define SETTINGS_NAME_BYTES     64  /* of [listen NAME], [peer NAME], [token NAME], with the NUL */
#define SETTINGS_LINE_BYTES     198 /* what inih reads of a line; a longer one is refused, never cut */
#define SETTINGS_MAX_FILE_BYTES (1 << 20)

struct settings_listener {
    char name[SETTINGS_NAME_BYTES];
    unsigned line; /* where its section begins, for messages */
    char *path;
    unsigned mode;
    char *group;     /* owner group of the socket, or NULL */
    char *principal; /* who every caller here is, or NULL: look at the peer */
};

struct settings_peer {
    char name[SETTINGS_NAME_BYTES];
    unsigned line;
    bool has_uid;
    bool has_gid;
    unsigned uid;
    unsigned gid;
    char *principal;
};

struct settings_token {
    char name[SETTINGS_NAME_BYTES];
    unsigned line;
    char *module;
    char *init_args;
    char *uri;
    char *pin_file;   /* pin-source resolved to a path */
    unsigned require; /* Hsm__Level */
    unsigned workers;
    unsigned max_queue;
    unsigned deadline_ms;
    unsigned start_deadline_ms;
    unsigned max_objects;
    bool has_binding_root;
    uint8_t binding_root[16]; /* its check value */
};

struct settings {
    char *partition;
    char *region;
    char *state_dir;
    char *worker;
    unsigned max_connections;
    unsigned max_in_flight;    /* of one connection */
    unsigned stall_timeout_ms; /* for a frame that was begun, and for answers that are not read */
    unsigned default_timeout_ms;
    unsigned max_timeout_ms;
    unsigned max_keys_per_account;
    unsigned log_level; /* syslog priority */
    bool has_service;

    char *accounts[SETTINGS_MAX_ACCOUNTS];
    size_t n_accounts;
    struct settings_listener listeners[SETTINGS_MAX_LISTENERS];
    size_t n_listeners;
    struct settings_peer peers[SETTINGS_MAX_PEERS]; /* in the order of the file: the first that fits counts */
    size_t n_peers;
    struct settings_token tokens[SETTINGS_MAX_TOKENS]; /* the first is the default */
    size_t n_tokens;
};

/*
 * Reads the file. On success *ret is owned by the caller (settings_free); on failure it is untouched and error holds
 * one line, "FILE:LINE: what is wrong". Blocks on the file: called at start and on SIGHUP.
 */
REWRAP_MUST_USE bool settings_read(const char *path, struct settings **ret, char *error, size_t error_size);

/* The same from memory, for tests and the fuzzer: name stands for the file in messages. */
REWRAP_MUST_USE bool settings_parse(const char *name, struct view text, struct settings **ret, char *error,
                                    size_t error_size);

/*
 * What the file names must be there: folders, programs, PIN files, groups. False with one line in error otherwise.
 * Blocks on the file system and the user database: called at start, on SIGHUP and by --check-config, before anything is
 * opened or closed.
 */
REWRAP_MUST_USE bool settings_check_system(const struct settings *settings, char *error, size_t error_size);

/* NULL is allowed. */
void settings_free(struct settings *settings);

/*
 * What cannot change while the daemon runs: the first setting that differs between the two, "[token main] uri", or NULL
 * when a reload may go on. The text is in a static buffer.
 */
const char *settings_fixed_difference(const struct settings *old, const struct settings *fresh);
