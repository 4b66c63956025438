/*
 * What a machine takes to hand a message from process to process, the way of a request when nobody does anything on it:
 * a client, a loop as rewrapd's (epoll_wait, recv, sendmsg) and a worker that reads and answers, each with the system
 * calls that a re-encryption costs it. The worker is busy for a while, as with a token, so that the others fall asleep
 * as they do then; that time is taken off. What rewrapd adds beyond this is its own.
 */
#include "samples.h"

#include "base/attr.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGE_BYTES 300 /* a short ReEncrypt */
#define ROOM_BYTES    65536
#define BUSY_NS       100000 /* a token that is quick */

static uint8_t room[ROOM_BYTES];

static void check(const char *what, bool done)
{
    if (!done) {
        perror(what);
        exit(1);
    }
}

static void make_pair(int ends[2])
{
    check("socketpair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
}

static bool pass_on(int fd)
{
    return send(fd, room, MESSAGE_BYTES, MSG_NOSIGNAL) == MESSAGE_BYTES;
}

/* Never returns; the other end's closing ends it. */
static void work(int fd)
{
    while (read(fd, room, sizeof room) > 0) {
        const uint64_t until = samples_now_ns() + BUSY_NS;
        while (samples_now_ns() < until) {
        }
        if (!pass_on(fd)) {
            break;
        }
    }
    _exit(0);
}

/* Never returns. What comes from the client goes to the worker, and the other way round. */
static void loop(int client, int worker)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event from_client = {.events = EPOLLIN, .data.fd = client};
    struct epoll_event from_worker = {.events = EPOLLIN, .data.fd = worker};
    check("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, client, &from_client) == 0 &&
                           epoll_ctl(epoll, EPOLL_CTL_ADD, worker, &from_worker) == 0);
    for (;;) {
        struct epoll_event ready;
        if (epoll_wait(epoll, &ready, 1, -1) != 1 || recv(ready.data.fd, room, sizeof room, MSG_DONTWAIT) <= 0 ||
            !pass_on(ready.data.fd == client ? worker : client)) {
            _exit(0);
        }
    }
}

/* The process's function gets what it is given and this one keeps the other ends. */
static void start(int client_ends[2], int worker_ends[2])
{
    pid_t pid = fork();
    check("fork", pid >= 0);
    if (pid == 0) {
        close(client_ends[0]);
        close(client_ends[1]);
        close(worker_ends[0]);
        work(worker_ends[1]);
    }
    pid = fork();
    check("fork", pid >= 0);
    if (pid == 0) {
        close(client_ends[0]);
        close(worker_ends[1]);
        loop(client_ends[1], worker_ends[0]);
    }
    close(client_ends[1]);
    close(worker_ends[0]);
    close(worker_ends[1]);
}

int main(int argc, char **argv)
{
    double seconds = argc == 2 ? strtod(argv[1], NULL) : 0;
    if (!(seconds > 0)) {
        fprintf(stderr, "bench_handoffs SECONDS\n");
        return 1;
    }
    int client[2];
    int worker[2];
    make_pair(client);
    make_pair(worker);
    start(client, worker);

    struct samples samples;
    samples_init(&samples);
    const uint64_t end = samples_now_ns() + (uint64_t)(seconds * 1e9);
    for (uint64_t now = samples_now_ns(); now < end;) {
        check("message", pass_on(client[0]) && recv(client[0], room, sizeof room, 0) > 0);
        const uint64_t after = samples_now_ns();
        samples_add(&samples, after - now < BUSY_NS ? 0 : after - now - BUSY_NS);
        now = after;
    }
    printf("{\"p50_us\": %.1f, \"p99_us\": %.1f}\n", samples_percentile_us(&samples, 0.5),
           samples_percentile_us(&samples, 0.99));
    samples_clear(&samples);
    close(client[0]);
    rewrap_ignore(wait(NULL), "they end with their sockets");
    rewrap_ignore(wait(NULL), "they end with their sockets");
    return 0;
}
