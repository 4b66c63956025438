/* The limit for a step at the token (token_watch.h). The handlers of signals call only what signal-safety(7) allows. */
#include "token_watch.h"

#include "command/fail.h"
#include "command/printable.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the handlers say. */
static struct buffer step = BUFFER_INIT(FAILURE_TEXT_BYTES); /* "rewrapctl token probe: probing: /usr/lib/vendor.so " */
static char limit[40];                                       /* "did not answer within 120 s" */
static const struct hsm_report *filling;

static const struct crash {
    int number;
    const char *text;
} crashes[] = {
    {SIGSEGV, "crashed (SIGSEGV)\n"}, {SIGBUS, "crashed (SIGBUS)\n"},   {SIGILL, "crashed (SIGILL)\n"},
    {SIGFPE, "crashed (SIGFPE)\n"},   {SIGABRT, "gave up (SIGABRT)\n"},
};
#define N_CRASHES (sizeof crashes / sizeof crashes[0])

static struct sigaction before[N_CRASHES]; /* the default, or a sanitizer's */

static void put(const void *data, size_t len)
{
    rewrap_ignore((int)write(STDERR_FILENO, data, len), "there is nowhere else to say it");
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

/* The last row that says what was tried: one may be counted that is being written, for the probe itself may have been
 * interrupted, or goes on while a thread of the module is in the handler. */
static const struct hsm_report_row *last_row(void)
{
    for (size_t n = filling == NULL ? 0 : filling->n_rows; n > 0; n--) {
        const struct hsm_report_row *row = &filling->rows[n - 1];
        if (row->subject != NULL && row->tried[0] != '\0') {
            return row;
        }
    }
    return NULL;
}

static void on_limit(int number)
{
    (void)number;
    put(step.data, step.len);
    put_text(limit);
    const struct hsm_report_row *last = last_row();
    if (last != NULL) {
        put_text("; the last that was tried before: ");
        put_text(last->subject);
        put_text(", ");
        put_text(last->tried);
    }
    put_text(". --timeout SECONDS gives it longer\n");
    _exit(EXIT_CODE_OTHER);
}

static void restore(void)
{
    for (size_t i = 0; i < N_CRASHES; i++) {
        rewrap_ignore(sigaction(crashes[i].number, &before[i], NULL), "it was in force before");
    }
}

/* The signal comes again on return, and meets what was in force before; also when it was sent, and nothing crashed. */
static void on_crash(int number)
{
    put(step.data, step.len);
    for (size_t i = 0; i < N_CRASHES; i++) {
        if (crashes[i].number == number) {
            put_text(crashes[i].text);
        }
    }
    restore();
    rewrap_ignore(raise(number), "a crash then happens again by itself");
}

void token_watch_begin(const struct token_access *access, const char *doing, const struct hsm_report *report)
{
    char text[FAILURE_TEXT_BYTES];
    char name[TOKEN_ACCESS_NAME_BYTES];
    token_access_name(access, name);
    snprintf(text, sizeof text, "%s: %s: %s ", name, doing, access->token.module);
    step.len = 0;
    rewrap_ignore(printable_append(text, PRINTABLE_ONE_LINE, &step), "a path of thousands of bytes is cut");
    snprintf(limit, sizeof limit, "did not answer within %u s", access->timeout_s);
    filling = report;

    struct sigaction action = {.sa_handler = on_crash};
    for (size_t i = 0; i < N_CRASHES; i++) {
        rewrap_ignore(sigaction(crashes[i].number, &action, &before[i]), "it can be set");
    }
    action.sa_handler = on_limit;
    rewrap_ignore(sigaction(SIGALRM, &action, NULL), "it can be set");
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    rewrap_ignore(sigprocmask(SIG_UNBLOCK, &alarms, NULL), "whoever started this may have blocked it");
    rewrap_ignore(alarm(access->timeout_s), "none was set");
}

void token_watch_end(void)
{
    rewrap_ignore(alarm(0), "the step is over");
    restore();
    buffer_clear(&step);
}
