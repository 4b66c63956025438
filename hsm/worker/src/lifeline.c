/* Whether this process outlives rewrapd, and how long; see worker.h. */
#include "base/attr.h"
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

/* Thousands of times what a login takes on a token that must not be interrupted at it, and short enough for a service
 * that starts anew. */
#define LOOK_S    3
#define MAX_LOOKS 2

static int channel;
static volatile sig_atomic_t looks; /* that found rewrapd gone */

/* Only rewrapd has the other end of the channel. */
static bool is_gone(void)
{
    struct pollfd end = {.fd = channel};
    return poll(&end, 1, 0) == 1;
}

static void look_later(void)
{
    rewrap_ignore(alarm(LOOK_S), "nothing else in here uses it");
}

static void on_alarm(int number)
{
    rewrap_ignore(number, "there is one");
    int before = errno;
    if (is_gone() && ++looks == MAX_LOOKS) {
        _exit(EX_UNAVAILABLE);
    }
    look_later();
    errno = before;
}

/* A rewrapd that is gone already sends no signal, so then the looks go on. */
static bool tie(void)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        return false;
    }
    if (!is_gone()) {
        rewrap_ignore(alarm(0), "what is left of it does not matter");
    }
    return true;
}

bool lifeline_tie(int channel_fd)
{
    const struct sigaction alarmed = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    channel = channel_fd;
    if (sigaction(SIGALRM, &alarmed, NULL) != 0) {
        return false;
    }
    look_later();
    return tie();
}

void lifeline_loosen(void)
{
    look_later();
    rewrap_ignore(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0), "no signal is a valid one");
}

void lifeline_tighten(void)
{
    rewrap_ignore(tie(), "what could be set once can be set again");
}
