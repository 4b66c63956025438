/* The socket to rewrapd; see channel.h. */
#include "channel.h"

#include "proto/frame.h"
#include "proto/message.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* Many requests in one read; a single long one makes the buffer grow up to its maximum. */
#define READ_BYTES ((size_t)64 * 1024)
#define MAX_BYTES  (FRAME_HEADER_BYTES + FRAME_MAX_BYTES + READ_BYTES)

void channel_init(struct channel *channel, int fd)
{
    *channel = (struct channel){.fd = fd, .in = BUFFER_INIT(MAX_BYTES), .out = BUFFER_INIT(MAX_BYTES)};
}

void channel_clear(struct channel *channel)
{
    buffer_clear(&channel->in);
    buffer_clear(&channel->out);
    channel->used = 0;
}

/* Drops what was given out, then waits for more bytes. */
static enum channel_state fill(struct channel *channel)
{
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

/*
 * One write for each answer, at once: it costs 2 % of the token's work for it, while an answer held back for the next
 * one would keep the caller waiting and rewrapd from sending more.
 */
bool channel_send(struct channel *channel, const ProtobufCMessage *message)
{
    struct proto_result packed = proto_pack_frame(message, &channel->out);
    bool sent = packed.code == PROTO_OK && write_all(channel->fd, buffer_view(&channel->out));
    buffer_reset(&channel->out);
    return sent;
}
