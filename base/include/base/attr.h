/* Compiler attributes under names that say why they are there. */
#pragma once

#define REWRAP_MUST_USE                             __attribute__((warn_unused_result))
#define REWRAP_PRINTF(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))
#define REWRAP_CLEANUP(function)                    __attribute__((cleanup(function)))

/* Drops a must-use result on purpose. The reason is for the reader: rewrap_ignore(close(fd), "nothing is owed to the
 * peer"). */
#define rewrap_ignore(expression, reason)                                                                              \
    do {                                                                                                               \
        __typeof__(expression) _r = (expression);                                                                      \
        (void)_r;                                                                                                      \
        (void)sizeof(reason);                                                                                          \
    } while (0)
