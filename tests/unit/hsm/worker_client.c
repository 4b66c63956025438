/* The other end of rewrapd-hsm's socket; see worker_client.h. */
#include "worker_client.h"

#include "proto/frame.h"
#include "proto/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 60000

extern char **environ;

/* Above the numbers that the worker knows, so that a dup2 onto them hits nothing else and clears the copy's flag. */
static int above(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
    assert_true(moved >= 10);
    close(fd);
    return moved;
}

static void start(struct worker_client *client, int progress_fd)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    int theirs = above(pair[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, theirs, 3);
    if (progress_fd >= 0) {
        posix_spawn_file_actions_adddup2(&actions, progress_fd, PROGRESS_FD);
    }
    char *const argv[] = {(char *)(uintptr_t)REWRAPD_HSM, NULL};
    assert_int_equal(posix_spawn(&client->pid, REWRAPD_HSM, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(theirs);
    client->fd = pair[0];
    client->in = BUFFER_INIT((size_t)1 << 20);
}

void worker_client_start(struct worker_client *client)
{
    client->progress = NULL;
    start(client, -1);
}

void worker_client_start_with_progress(struct worker_client *client)
{
    int page = above(memfd_create("progress", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    assert_int_equal(ftruncate(page, PROGRESS_PAGE_BYTES), 0);
    assert_int_equal(fcntl(page, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    client->progress = mmap(NULL, PROGRESS_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
    assert_ptr_not_equal(client->progress, MAP_FAILED);
    start(client, page);
    close(page);
}

int worker_client_wait(struct worker_client *client)
{
    struct pollfd end = {.fd = client->fd, .events = POLLIN};
    uint8_t byte;
    assert_int_equal(poll(&end, 1, PATIENCE_MS), 1);
    ssize_t got = read(client->fd, &byte, 1);
    assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
    return worker_client_stop(client);
}

int worker_client_stop(struct worker_client *client)
{
    close(client->fd);
    buffer_clear(&client->in);
    if (client->progress != NULL) {
        munmap(client->progress, PROGRESS_PAGE_BYTES);
    }
    int status = -1;
    while (waitpid(client->pid, &status, 0) < 0) {
        assert_int_equal(errno, EINTR);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void worker_client_send_bytes(struct worker_client *client, struct view bytes)
{
    while (bytes.len != 0) {
        ssize_t sent = send(client->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        bytes = view_of(bytes.data + sent, bytes.len - (size_t)sent);
    }
}

void worker_client_send(struct worker_client *client, const Hsm__Request *request)
{
    struct buffer frame = BUFFER_INIT(FRAME_HEADER_BYTES + FRAME_MAX_BYTES);
    assert_int_equal(proto_pack_frame(&request->base, &frame).code, PROTO_OK);
    worker_client_send_bytes(client, buffer_view(&frame));
    buffer_clear(&frame);
}

Hsm__Response *worker_client_receive(struct worker_client *client)
{
    struct view message;
    while (frame_next(buffer_view(&client->in), &message) != FRAME_COMPLETE) {
        struct pollfd readable = {.fd = client->fd, .events = POLLIN};
        assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
        assert_true(buffer_reserve(&client->in, 4096));
        ssize_t got = read(client->fd, client->in.data + client->in.len, 4096);
        assert_true(got > 0);
        client->in.len += (size_t)got;
    }
    ProtobufCMessage *unpacked = NULL;
    assert_int_equal(proto_unpack(&hsm__response__descriptor, message, &unpacked).code, PROTO_OK);
    buffer_consume(&client->in, FRAME_HEADER_BYTES + message.len);
    return (Hsm__Response *)unpacked;
}

Hsm__Response *worker_client_ask(struct worker_client *client, const Hsm__Request *request)
{
    worker_client_send(client, request);
    Hsm__Response *response = worker_client_receive(client);
    assert_true(response->has_id && response->has_status);
    assert_int_equal(response->id, request->id);
    return response;
}

Hsm__Configure worker_client_configuration(const char *pin_file)
{
    Hsm__Configure configure = HSM__CONFIGURE__INIT;
    configure.module = (char *)(uintptr_t)FIXTURE_MODULE;
    configure.token_uri = (char *)(uintptr_t)FIXTURE_URI;
    configure.pin_file = (char *)(uintptr_t)pin_file;
    configure.has_require = true;
    configure.require = HSM__LEVEL__LEVEL_SEALED;
    configure.has_max_objects = true;
    configure.max_objects = 100;
    return configure;
}

Hsm__Response *worker_client_ask_configure(struct worker_client *client, Hsm__Configure *configure)
{
    Hsm__Request request = HSM__REQUEST__INIT;
    request.has_id = true;
    request.id = 1;
    request.body_case = HSM__REQUEST__BODY_CONFIGURE;
    request.configure = configure;
    return worker_client_ask(client, &request);
}

Hsm__Response *worker_client_configure(struct worker_client *client, const char *pin_file)
{
    Hsm__Configure configure = worker_client_configuration(pin_file);
    return worker_client_ask_configure(client, &configure);
}
