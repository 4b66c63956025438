/* The socket to rewrapd; see channel.h. */
#include "channel.h"

#include "proto/frame.h"
#include "proto/message.h"
#include "proto/progress.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Many requests in one read; a single long one makes the buffer grow up to its maximum. */
#define READ_BYTES ((size_t)64 * 1024)
#define MAX_BYTES  (FRAME_HEADER_BYTES + FRAME_MAX_BYTES + READ_BYTES)

/*
 * An answer waits for a few more while requests are at hand: a system call for each would cost the worker, and rewrapd
 * with every wake-up, several percent of what the token does. Half of what rewrapd lets a worker have (WORKERS_DEPTH),
 * so that the other half bridges its turn. The answer of a request that took longer than this goes out at once: the
 * next one may take as long, or hang. One that was faster may still have to wait for a slow one behind it.
 */
#define HOLD_ANSWERS 4
#define HOLD_NS      250000

void channel_init(struct channel *channel, int fd, struct progress *progress)
{
    *channel =
        (struct channel){.fd = fd, .progress = progress, .in = BUFFER_INIT(MAX_BYTES), .out = BUFFER_INIT(MAX_BYTES)};
}

void channel_clear(struct channel *channel)
{
    buffer_clear(&channel->in);
    buffer_clear(&channel->out);
    channel->used = 0;
}

static bool write_all(int fd, struct view bytes)
{
    while (bytes.len != 0) {
        ssize_t sent = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        bytes = view_of(bytes.data + sent, bytes.len - (size_t)sent);
    }
    return true;
}

bool channel_flush(struct channel *channel)
{
    bool sent = write_all(channel->fd, buffer_view(&channel->out));
    buffer_reset(&channel->out);
    channel->held = 0;
    return sent;
}

/* Drops what was given out, sends what is held back, then waits for more bytes. */
static enum channel_state fill(struct channel *channel)
{
    if (channel->held != 0 && !channel_flush(channel)) {
        return CHANNEL_CLOSED;
    }
    buffer_consume(&channel->in, channel->used);
    channel->used = 0;
    if (!buffer_reserve(&channel->in, READ_BYTES)) {
        return CHANNEL_BROKEN;
    }
    ssize_t got;
    do {
        got = read(channel->fd, channel->in.data + channel->in.len, READ_BYTES);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        return CHANNEL_CLOSED;
    }
    channel->in.len += (size_t)got;
    return CHANNEL_MESSAGE;
}

enum channel_state channel_next(struct channel *channel, struct view *ret_message)
{
    for (;;) {
        struct view rest = view_of(channel->in.data, channel->in.len);
        if (rest.len != 0) {
            rest = view_of(rest.data + channel->used, rest.len - channel->used);
        }
        struct view message;
        enum frame_state state = frame_next(rest, &message);
        if (state == FRAME_COMPLETE) {
            channel->used += FRAME_HEADER_BYTES + message.len;
            *ret_message = message;
            return CHANNEL_MESSAGE;
        }
        if (state != FRAME_INCOMPLETE) {
            return CHANNEL_BROKEN;
        }
        enum channel_state filled = fill(channel);
        if (filled != CHANNEL_MESSAGE) {
            return filled;
        }
    }
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void channel_begin(struct channel *channel, uint64_t request_id)
{
    if (channel->progress != NULL) {
        atomic_store_explicit(&channel->progress->request_id, request_id, memory_order_release);
        channel_say_waited(channel, 0);
        channel->begun_ns = now_ns();
    }
}

uint32_t channel_waited_ms(const struct channel *channel)
{
    return channel->progress == NULL ? 0 : atomic_load_explicit(&channel->progress->waited_ms, memory_order_relaxed);
}

void channel_say_waited(struct channel *channel, uint32_t waited_ms)
{
    if (channel->progress != NULL) {
        atomic_store_explicit(&channel->progress->waited_ms, waited_ms, memory_order_release);
    }
}

/* Whether the answer may wait: something else is at hand, it was a fast one, and it is not too much or too old. */
static bool may_hold(struct channel *channel)
{
    if (channel->progress == NULL || channel->used == channel->in.len || channel->held >= HOLD_ANSWERS) {
        return false;
    }
    uint64_t now = now_ns();
    if (now - channel->begun_ns >= HOLD_NS) {
        return false;
    }
    if (channel->held == 1) {
        channel->held_since_ns = now;
        return true;
    }
    return now - channel->held_since_ns < HOLD_NS;
}

bool channel_send(struct channel *channel, const ProtobufCMessage *message)
{
    struct proto_result packed = proto_pack_frame(message, &channel->out);
    if (packed.code == PROTO_TOO_LARGE && channel->held != 0 && channel_flush(channel)) {
        packed = proto_pack_frame(message, &channel->out);
    }
    if (packed.code != PROTO_OK) {
        return false;
    }
    channel->held++;
    return may_hold(channel) || channel_flush(channel);
}
