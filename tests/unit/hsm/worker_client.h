/* The other end of rewrapd-hsm's socket: starts the real program and speaks hsm.proto with it. */
#pragma once

#include "fixture.h"

#include "proto/hsm.pb-c.h"
#include "proto/progress.h"

#include <sys/types.h>

struct worker_client {
    pid_t pid;
    int fd;
    struct buffer in;
    struct progress *progress; /* the page that is shared with the worker, or NULL */
};

void worker_client_start(struct worker_client *client);
/* With a page to say its progress in, as rewrapd starts it: answers are then held back a little. */
void worker_client_start_with_progress(struct worker_client *client);
/* Closes the socket and waits; returns the exit status, or -1 when a signal ended it. */
int worker_client_stop(struct worker_client *client);
/* Waits for an end that the worker comes to by itself: no answer comes any more. */
int worker_client_wait(struct worker_client *client);

void worker_client_send(struct worker_client *client, const Hsm__Request *request);
void worker_client_send_bytes(struct worker_client *client, struct view bytes);
/* The next answer, freed by the caller (proto_free); fails the test when none comes within seconds. */
Hsm__Response *worker_client_receive(struct worker_client *client);
/* Both. */
Hsm__Response *worker_client_ask(struct worker_client *client, const Hsm__Request *request);

/* Configure for the fixture's token with that PIN file: to change, to ask, or both. */
Hsm__Configure worker_client_configuration(const char *pin_file);
Hsm__Response *worker_client_ask_configure(struct worker_client *client, Hsm__Configure *configure);
Hsm__Response *worker_client_configure(struct worker_client *client, const char *pin_file);
