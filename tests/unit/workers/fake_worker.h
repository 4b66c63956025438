/* A worker without a token: what its files share. */
#pragma once

#include "base/attr.h"
#include "base/buffer.h"
#include "proto/hsm.pb-c.h"

#define CHANNEL_FD 3

struct fake {
    char dir[512];  /* where it leaves its trace and looks for what to do */
    char mode[128]; /* what it does at start and at the end; the file `mode` there, or else Configure.module */
    struct buffer in;
    struct buffer held;  /* answers that wait */
    Hsm__Request *ahead; /* read, but not yet served */
};

/* Appends a line to the file `trace`. */
void fake_trace(const struct fake *fake, const char *format, ...) REWRAP_PRINTF(2, 3);

/* The value of "name=N" in the mode, or `otherwise`. */
unsigned fake_mode_number(const struct fake *fake, const char *name, unsigned otherwise);

/* The next request, owned by the caller; leaves the process at the end of the stream. */
Hsm__Request *fake_request_read(struct fake *fake);

void fake_send(const Hsm__Response *response);
void fake_send_raw(const void *bytes, size_t len);

/* Waits until a test opens the fifo `gate` for writing, and closes it. */
void fake_gate(const struct fake *fake);

/* Fills *objects for `count` stock entries from `first` on; static memory. */
size_t fake_objects(Hsm__StockEntry ***objects, unsigned first, unsigned count);

/* Does what the request says. */
void fake_serve(struct fake *fake, const Hsm__Request *request);
