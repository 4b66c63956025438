/* A daemon of the tests: a forked process that accepts one connection at a time and does with it what a test says. */
#pragma once

#include "base/buffer.h"
#include "proto/rewrap.pb-c.h"

#include <sys/types.h>

struct fake_daemon {
    pid_t pid;
    char folder[64];
    char endpoint[96]; /* "unix:…" */
};

/* Serves one connection; runs in the child. The connection is closed afterwards. */
typedef void (*fake_serve_fn)(int fd);

/* Starts serving each connection with `serve`. The socket can be connected to when this returns. */
void fake_daemon_start(struct fake_daemon *daemon, fake_serve_fn serve);

/* Ends the process and removes its folder. */
void fake_daemon_stop(struct fake_daemon *daemon);

/* For serve functions. A request, or NULL at the end of the connection; freed with proto_free. */
Rewrap__Request *fake_read_request(int fd);

/* Writes all, however the socket takes it. False when the peer is gone. */
bool fake_write(int fd, const void *bytes, size_t len);

/* The frame of an answer, appended. */
void fake_frame_body(struct buffer *out, uint64_t id, struct view body);
void fake_frame_error(struct buffer *out, const uint64_t *id, const char *code, const char *message);
