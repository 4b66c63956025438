/* What the daemons of the tests of librewrap do with a connection; see serve.h. */
#include "serve.h"

#include "fake_daemon.h"

#include "proto/frame.h"
#include "proto/message.h"

#include <poll.h>
#include <unistd.h>

/* Reads requests and answers each with its own body. */
void serve_echo(int fd)
{
    for (Rewrap__Request *request; (request = fake_read_request(fd)) != NULL;) {
        struct buffer out = BUFFER_INIT(FRAME_MAX_BYTES * 2);
        fake_frame_body(&out, request->id, view_of(request->body.data, request->body.len));
        bool written = fake_write(fd, out.data, out.len);
        buffer_clear(&out);
        proto_free(&request->base);
        if (!written) {
            return;
        }
    }
}

/* Reads SERVE_BATCH requests, then answers them last first in one write. */
void serve_reversed(int fd)
{
    static Rewrap__Request *requests[SERVE_BATCH];
    struct buffer out = BUFFER_INIT(FRAME_MAX_BYTES * 16);
    for (size_t i = 0; i < SERVE_BATCH; i++) {
        requests[i] = fake_read_request(fd);
        if (requests[i] == NULL) {
            return;
        }
    }
    for (size_t i = SERVE_BATCH; i-- > 0;) {
        fake_frame_body(&out, requests[i]->id, view_of(requests[i]->body.data, requests[i]->body.len));
        proto_free(&requests[i]->base);
    }
    fake_write(fd, out.data, out.len);
    buffer_clear(&out);
    fake_read_request(fd); /* until the client has gone */
}

/* A byte in each write; the client reads what it gets. */
void serve_bytewise(int fd)
{
    for (Rewrap__Request *request; (request = fake_read_request(fd)) != NULL;) {
        struct buffer out = BUFFER_INIT(FRAME_MAX_BYTES * 2);
        fake_frame_body(&out, request->id, view_of(request->body.data, request->body.len));
        for (size_t i = 0; i < out.len; i++) {
            fake_write(fd, out.data + i, 1);
        }
        buffer_clear(&out);
        proto_free(&request->base);
    }
}

struct buffer serve_plan;

void serve_planned(int fd)
{
    Rewrap__Request *request = fake_read_request(fd);
    fake_write(fd, serve_plan.data, serve_plan.len);
    proto_free(request == NULL ? NULL : &request->base);
}

void serve_close(int fd)
{
    (void)fd;
}

/* Takes everything, answers nothing. */
void serve_silence(int fd)
{
    char byte;
    while (read(fd, &byte, 1) == 1) {
    }
}

/* Does not even read. */
void serve_deaf(int fd)
{
    struct pollfd gone = {.fd = fd, .events = 0};
    poll(&gone, 1, -1);
}

/* Answers the first request only after the second came. */
void serve_late(int fd)
{
    Rewrap__Request *first = fake_read_request(fd);
    Rewrap__Request *second = fake_read_request(fd);
    struct buffer out = BUFFER_INIT(FRAME_MAX_BYTES * 2);
    if (first != NULL && second != NULL) {
        fake_frame_body(&out, first->id, view_of(first->body.data, first->body.len));
        fake_frame_body(&out, second->id, view_of(second->body.data, second->body.len));
        fake_write(fd, out.data, out.len);
    }
    buffer_clear(&out);
    proto_free(first == NULL ? NULL : &first->base);
    proto_free(second == NULL ? NULL : &second->base);
}

/* Answers without ever reading, as fast as it can. */
void serve_flood(int fd)
{
    static uint8_t body[FRAME_MAX_BYTES / 2];
    struct buffer out = BUFFER_INIT(FRAME_MAX_BYTES * 2);
    fake_frame_body(&out, 1, view_of(body, sizeof body));
    while (fake_write(fd, out.data, out.len)) {
    }
    buffer_clear(&out);
}
