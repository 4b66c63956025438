/* What the daemons of the tests of librewrap do with a connection, well or badly: fake_serve_fns (fake_daemon.h). */
#pragma once

#include "base/buffer.h"

#define SERVE_BATCH 1000

void serve_echo(int fd);     /* answers each request with its own body */
void serve_reversed(int fd); /* reads SERVE_BATCH requests, then answers them last first in one write */
void serve_bytewise(int fd); /* echoes with a byte in each write */
void serve_close(int fd);
void serve_silence(int fd); /* takes everything, answers nothing */
void serve_deaf(int fd);    /* does not even read */
void serve_late(int fd);    /* answers the first request only after the second came */
void serve_flood(int fd);   /* answers without ever reading, as fast as it can */

/* Answers the first request with the bytes of serve_plan, which the test sets before it starts the daemon. */
void serve_planned(int fd);
extern struct buffer serve_plan;
