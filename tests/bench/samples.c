/* Time measured; see samples.h. */
#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

uint64_t samples_now_ns(void)
{
    return now_ns(CLOCK_MONOTONIC);
}

uint64_t samples_cpu_ns(void)
{
    return now_ns(CLOCK_THREAD_CPUTIME_ID);
}

void samples_init(struct samples *samples)
{
    samples->n = 0;
    samples->ns = malloc(SAMPLES_MAX * sizeof samples->ns[0]);
    if (samples->ns == NULL) {
        perror("samples");
        exit(1);
    }
}

void samples_clear(struct samples *samples)
{
    free(samples->ns);
    samples->ns = NULL;
}

void samples_add(struct samples *samples, uint64_t ns)
{
    if (samples->n < SAMPLES_MAX) {
        samples->ns[samples->n++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

double samples_percentile_us(struct samples *samples, double share)
{
    if (samples->n == 0) {
        return 0;
    }
    qsort(samples->ns, samples->n, sizeof samples->ns[0], compare);
    size_t index = (size_t)(share * (double)(samples->n - 1));
    return samples->ns[index] / 1000.0;
}
