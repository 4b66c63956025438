/* The service's log; see log.h. */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_TEXT_BYTES 2048

static int log_level = LOG_INFO;

void log_set_level(int priority)
{
    log_level = priority;
}

/* The prefix is for the journal; a person's terminal or a plain file shows the text alone. */
static bool journal_reads(void)
{
    static int answer = -1;
    if (answer < 0) {
        answer = getenv("JOURNAL_STREAM") != NULL;
    }
    return answer == 1;
}

void log_line(int priority, const char *format, ...)
{
    if (priority > log_level) {
        return;
    }
    char line[LOG_TEXT_BYTES + 8];
    int prefix =
        journal_reads() ? snprintf(line, sizeof line, "<%d>", priority) : snprintf(line, sizeof line, "rewrapd: ");
    char *text = line + prefix;
    size_t room = sizeof line - (size_t)prefix - 1;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, room, format, arguments);
    va_end(arguments);
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = '?';
        }
    }
    size_t len = strlen(line);
    line[len++] = '\n';
    rewrap_ignore(write(STDERR_FILENO, line, len), "a log that cannot be written has nowhere to say so");
}
