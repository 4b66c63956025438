/* A daemon of the tests; see fake_daemon.h. */
#include "fake_daemon.h"

#include "proto/frame.h"
#include "proto/message.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    abort();
}

static void serve_all(int listener, fake_serve_fn serve)
{
    signal(SIGPIPE, SIG_IGN);
    alarm(120); /* a test that dies leaves no process behind */
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            _exit(1);
        }
        serve(fd);
        close(fd);
    }
}

void fake_daemon_start(struct fake_daemon *daemon, fake_serve_fn serve)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(daemon->folder, sizeof daemon->folder, "/tmp/rewrap-client-XXXXXX");
    if (mkdtemp(daemon->folder) == NULL) {
        die("mkdtemp");
    }
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", daemon->folder);
    snprintf(daemon->endpoint, sizeof daemon->endpoint, "unix:%s/socket", daemon->folder);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 16) != 0) {
        die("listen");
    }
    daemon->pid = fork();
    if (daemon->pid < 0) {
        die("fork");
    }
    if (daemon->pid == 0) {
        serve_all(listener, serve);
    }
    close(listener);
}

void fake_daemon_stop(struct fake_daemon *daemon)
{
    char path[96];
    kill(daemon->pid, SIGKILL);
    waitpid(daemon->pid, NULL, 0);
    snprintf(path, sizeof path, "%s/socket", daemon->folder);
    unlink(path);
    rmdir(daemon->folder);
}

static bool read_exactly(int fd, uint8_t *out, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t got = read(fd, out + at, len - at);
        if (got <= 0) {
            return false;
        }
        at += (size_t)got;
    }
    return true;
}

Rewrap__Request *fake_read_request(int fd)
{
    uint8_t header[FRAME_HEADER_BYTES];
    static uint8_t message[FRAME_MAX_BYTES];
    if (!read_exactly(fd, header, sizeof header)) {
        return NULL;
    }
    size_t len = (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
    ProtobufCMessage *request = NULL;
    if (len > sizeof message || !read_exactly(fd, message, len) ||
        proto_unpack(&rewrap__request__descriptor, view_of(message, len), &request).code != PROTO_OK) {
        return NULL;
    }
    return (Rewrap__Request *)request;
}

bool fake_write(int fd, const void *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t written = write(fd, (const uint8_t *)bytes + at, len - at);
        if (written <= 0) {
            return false;
        }
        at += (size_t)written;
    }
    return true;
}

static void append_frame(struct buffer *out, const Rewrap__Response *response)
{
    if (proto_pack_frame(&response->base, out).code != PROTO_OK) {
        die("proto_pack_frame");
    }
}

void fake_frame_body(struct buffer *out, uint64_t id, struct view body)
{
    Rewrap__Response response = REWRAP__RESPONSE__INIT;
    response.has_id = 1;
    response.id = id;
    response.result_case = REWRAP__RESPONSE__RESULT_BODY;
    response.body = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)body.data, .len = body.len};
    append_frame(out, &response);
}

void fake_frame_error(struct buffer *out, const uint64_t *id, const char *code, const char *message)
{
    Rewrap__Response response = REWRAP__RESPONSE__INIT;
    Rewrap__Error error = REWRAP__ERROR__INIT;
    error.code = (char *)(uintptr_t)code;
    error.message = (char *)(uintptr_t)message;
    response.has_id = id != NULL;
    response.id = id == NULL ? 0 : *id;
    response.result_case = REWRAP__RESPONSE__RESULT_ERROR;
    response.error = &error;
    append_frame(out, &response);
}
