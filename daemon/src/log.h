/* The service's log: one line a message on stderr, with the priority prefix that the journal reads (sd-daemon(3)). */
#pragma once

#include "base/attr.h"

#include <syslog.h>

/* Messages less important than this syslog priority are dropped. Starts as LOG_INFO. */
void log_set_level(int priority);

/*
 * Says what was tried, on what, and what happens next. Never a PIN, a key, a plaintext or a whole ciphertext. Control
 * characters are replaced, so that nothing a client sends can forge a line. Longer texts are cut at 2 KiB.
 */
REWRAP_PRINTF(2, 3) void log_line(int priority, const char *format, ...);

#define log_error(...)   log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_NOTICE, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)    log_line(LOG_INFO, __VA_ARGS__)
