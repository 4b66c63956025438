/* Whether this process outlives rewrapd, and how long; see worker.h. */
#include "base/attr.h"
#include "worker.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Thousands of times what a login takes on a token that must not be interrupted at it, and short enough for a service
 * that starts anew. */
#define ALONE_S 6

static int channel;

/* The signal that comes when rewrapd dies, which it did while the lifeline was loose: the next one ends the process. */
static void on_alarm(int number)
{
    rewrap_ignore(signal(number, SIG_DFL), "it can be set");
    rewrap_ignore(alarm(ALONE_S), "none was set");
}

bool lifeline_is_cut(void)
{
    /* Only rewrapd has the other end of the channel. */
    struct pollfd end = {.fd = channel};
    return poll(&end, 1, 0) == 1;
}

bool lifeline_tie(int channel_fd)
{
    const struct sigaction alarmed = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    channel = channel_fd;
    /* One that died before sends no signal. */
    return sigaction(SIGALRM, &alarmed, NULL) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
           !lifeline_is_cut();
}

void lifeline_loosen(void)
{
    rewrap_ignore(prctl(PR_SET_PDEATHSIG, SIGALRM, 0, 0, 0), "what could be set once can be set again");
}

void lifeline_tighten(void)
{
    rewrap_ignore(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "what could be set once can be set again");
}
