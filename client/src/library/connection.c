/* One non-blocking Unix socket with a bounded buffer each way; see connection.h. */
#include "connection.h"

#include "proto/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* One read asks for this much: some hundred answers of a few hundred bytes in one system call. */
#define READ_BYTES ((size_t)64 * 1024)

/* The backlog of a daemon that starts up empties within this time, or never. */
#define CONNECT_SECONDS 10

#define ENDPOINT_PREFIX "unix:"

static struct rewrap_client_result failure(enum rewrap_client_code code, int saved_errno)
{
    return (struct rewrap_client_result){.code = code, .saved_errno = saved_errno};
}

int64_t connection_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* "unix:PATH", or an absolute path alone, as scripts have it in $REWRAP_SOCKET. */
static bool address_parse(const char *endpoint, struct sockaddr_un *ret_address)
{
    size_t prefix = strlen(ENDPOINT_PREFIX);
    if (endpoint == NULL) {
        return false;
    }
    if (strncmp(endpoint, ENDPOINT_PREFIX, prefix) == 0) {
        endpoint += prefix;
    } else if (endpoint[0] != '/') {
        return false;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(endpoint);
    if (len == 0 || len >= sizeof address.sun_path) {
        return false;
    }
    memcpy(address.sun_path, endpoint, len);
    *ret_address = address;
    return true;
}

/* Blocking while it connects, since a full backlog of a Unix socket cannot be polled for; non-blocking from then on. */
static int socket_connect(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    struct timeval limit = {.tv_sec = CONNECT_SECONDS};
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0) {
        return fd;
    }
    int saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return -1;
}

struct rewrap_client_result connection_open(struct connection *connection, const char *endpoint)
{
    struct sockaddr_un address;
    if (!address_parse(endpoint, &address)) {
        return failure(REWRAP_CLIENT_ENDPOINT, 0);
    }
    int fd = socket_connect(&address);
    if (fd < 0) {
        return failure(REWRAP_CLIENT_CONNECT, errno);
    }
    *connection = (struct connection){
        .fd = fd,
        .out = BUFFER_INIT(READ_BYTES + FRAME_HEADER_BYTES + FRAME_MAX_BYTES),
        .in = BUFFER_INIT(REWRAP_CLIENT_MAX_UNREAD_BYTES),
    };
    return CONNECTION_SUCCESS;
}

void connection_clear(struct connection *connection)
{
    if (connection->fd >= 0) {
        close(connection->fd);
        connection->fd = -1;
    }
    buffer_clear(&connection->out);
    buffer_clear(&connection->in);
    connection->out_start = 0;
    connection->in_start = 0;
}

size_t connection_unsent(const struct connection *connection)
{
    return connection->out.len - connection->out_start;
}

struct view connection_unread(const struct connection *connection)
{
    size_t len = connection->in.len - connection->in_start;
    return view_of(len == 0 ? NULL : connection->in.data + connection->in_start, len);
}

void connection_take(struct connection *connection, size_t len)
{
    connection->in_start += len;
}

static void out_drop(struct connection *connection)
{
    buffer_reset(&connection->out);
    connection->out_start = 0;
}

static bool peer_is_gone(int error)
{
    return error == EPIPE || error == ECONNRESET;
}

struct rewrap_client_result connection_write(struct connection *connection)
{
    if (connection_unsent(connection) == 0) {
        return CONNECTION_SUCCESS;
    }
    ssize_t written = send(connection->fd, connection->out.data + connection->out_start, connection_unsent(connection),
                           MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written >= 0) {
        connection->out_start += (size_t)written;
        if (connection_unsent(connection) == 0) {
            out_drop(connection);
        }
        return CONNECTION_SUCCESS;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) {
        return CONNECTION_SUCCESS;
    }
    if (peer_is_gone(errno)) {
        connection->out_closed = true;
        out_drop(connection);
        return CONNECTION_SUCCESS;
    }
    return failure(REWRAP_CLIENT_IO, errno);
}

/* Moves what is unread to the front, which erases what was taken. */
static void in_compact(struct connection *connection)
{
    if (connection->in_start == connection->in.len) {
        buffer_reset(&connection->in);
    } else if (connection->in_start != 0) {
        buffer_consume(&connection->in, connection->in_start);
    }
    connection->in_start = 0;
}

struct rewrap_client_result connection_read(struct connection *connection, size_t *ret_read)
{
    in_compact(connection);
    struct buffer *in = &connection->in;
    if (in->len + READ_BYTES > in->max) {
        return failure(REWRAP_CLIENT_UNREAD, 0);
    }
    if (!buffer_reserve(in, READ_BYTES)) {
        return failure(REWRAP_CLIENT_NO_MEMORY, 0);
    }
    ssize_t got = recv(connection->fd, in->data + in->len, READ_BYTES, MSG_DONTWAIT);
    if (got < 0 && !peer_is_gone(errno)) {
        *ret_read = 0;
        return errno == EAGAIN || errno == EINTR ? CONNECTION_SUCCESS : failure(REWRAP_CLIENT_IO, errno);
    }
    if (got <= 0) {
        connection->in_closed = true;
        got = 0;
    }
    in->len += (size_t)got;
    *ret_read = (size_t)got;
    return CONNECTION_SUCCESS;
}

struct rewrap_client_result connection_wait(const struct connection *connection, int64_t deadline_ms)
{
    short events = (short)(connection_unsent(connection) == 0 ? POLLIN : POLLIN | POLLOUT);
    struct pollfd poll_fd = {.fd = connection->fd, .events = events};
    int64_t left = deadline_ms - connection_now_ms();
    if (left <= 0) {
        return failure(REWRAP_CLIENT_TIMEOUT, 0);
    }
    int ready = poll(&poll_fd, 1, left > INT_MAX ? INT_MAX : (int)left);
    if (ready < 0 && errno != EINTR) {
        return failure(REWRAP_CLIENT_IO, errno);
    }
    return CONNECTION_SUCCESS; /* nothing yet: the caller tries, and comes back to an expired deadline */
}
