/* One Unix socket that callers connect to. */
#pragma once

#include "base/attr.h"
#include "settings.h"

struct server;
struct listener;

/*
 * Makes the socket with its mode and group, and begins to accept. A stale socket file is removed; one that somebody
 * listens on, or a file that is no socket, is an error. NULL with a text in error when it cannot be made. The caller
 * frees with listener_free.
 */
REWRAP_MUST_USE struct listener *listener_new(struct server *server, const struct settings_listener *settings,
                                              char *error, size_t error_size);

/* Stops accepting and removes the socket file. NULL is allowed. */
void listener_free(struct listener *listener);

const char *listener_name(const struct listener *listener);

const char *listener_path(const struct listener *listener);

/*
 * Gives a socket that stays at its path the name, mode and group of the settings. False with a text in error when that
 * cannot be done; it is as it was then.
 */
REWRAP_MUST_USE bool listener_change(struct listener *listener, const struct settings_listener *settings, char *error,
                                     size_t error_size);

/* Accepts again, after a turn's share of new callers. */
void listener_resume(struct listener *listener);
