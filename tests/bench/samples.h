/* Time measured, for the programs of the bench: a clock, and the percentiles of many durations. */
#pragma once

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>

/* More than a run of a minute makes at 50,000 a second. */
#define SAMPLES_MAX 3000000

struct samples {
    uint32_t *ns; /* owned; durations beyond 4 s are kept as 4 s */
    size_t n;
};

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t samples_now_ns(void);

/* Nanoseconds that this thread has had of a processor: other programs' turns are not in it. Each call is a system call
 * of some hundred nanoseconds, which is in what is measured. */
uint64_t samples_cpu_ns(void);

/* Ends the program when there is no memory. */
void samples_init(struct samples *samples);
void samples_clear(struct samples *samples);

/* Beyond SAMPLES_MAX nothing is kept. */
void samples_add(struct samples *samples, uint64_t ns);

/* Sorts, and gives the value that a share of them does not exceed (0.5: the median), in microseconds; 0 when there are
 * none. */
double samples_percentile_us(struct samples *samples, double share);
