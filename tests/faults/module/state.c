/*
 * The file that all processes share: how often each function was called. It is text, for a test or a person to read:
 * records of one size, the first with the state, one more for each function.
 */
#include "faulty.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_BYTES 64 /* the line break included */

static void fail(const char *what)
{
    perror(what);
    abort();
}

static void record_write(int fd, size_t index, const char *text)
{
    char record[RECORD_BYTES + 1];
    snprintf(record, sizeof record, "%-*s\n", RECORD_BYTES - 1, text);
    if (pwrite(fd, record, RECORD_BYTES, (off_t)(index * RECORD_BYTES)) != RECORD_BYTES) {
        fail("faulty: state");
    }
}

static void count_write(int fd, enum faulty_function function, unsigned long total, unsigned long since)
{
    char text[RECORD_BYTES];
    snprintf(text, sizeof text, "%s %lu %lu", faulty_names[function], total, since);
    record_write(fd, 1 + (size_t)function, text);
}

static void record_read(int fd, size_t index, char out[RECORD_BYTES + 1])
{
    if (pread(fd, out, RECORD_BYTES, (off_t)(index * RECORD_BYTES)) != RECORD_BYTES) {
        fail("faulty: state");
    }
    out[RECORD_BYTES] = '\0';
}

static void count_read(int fd, enum faulty_function function, unsigned long *ret_total, unsigned long *ret_since)
{
    char record[RECORD_BYTES + 1];
    record_read(fd, 1 + (size_t)function, record);
    char *end = strchr(record, ' ');
    *ret_total = end == NULL ? 0 : strtoul(end, &end, 10);
    *ret_since = end == NULL ? 0 : strtoul(end, NULL, 10);
}

void faulty_state_write(int fd, const struct faulty_state *state)
{
    char text[RECORD_BYTES];
    snprintf(text, sizeof text, "script %llu %lu %lu %lu %lu", state->script, state->lost, state->losses,
             state->objects, state->countings);
    record_write(fd, 0, text);
}

int faulty_state_lock(const char *path, struct faulty_state *ret)
{
    *ret = (struct faulty_state){0};
    if (path == NULL) {
        return -1;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat status;
    if (fd < 0 || flock(fd, LOCK_EX) != 0 || fstat(fd, &status) != 0) {
        fail(path);
    }
    if (status.st_size == 0) {
        faulty_state_write(fd, ret);
        for (int function = 0; function < FAULTY_COUNT; function++) {
            count_write(fd, (enum faulty_function)function, 0, 0);
        }
        return fd;
    }
    char record[RECORD_BYTES + 1];
    record_read(fd, 0, record);
    char *end = strchr(record, ' ');
    ret->script = end == NULL ? 0 : strtoull(end, &end, 10);
    ret->lost = end == NULL ? 0 : strtoul(end, &end, 10);
    ret->losses = end == NULL ? 0 : strtoul(end, &end, 10);
    ret->objects = end == NULL ? 0 : strtoul(end, &end, 10);
    ret->countings = end == NULL ? 0 : strtoul(end, NULL, 10);
    return fd;
}

void faulty_state_begin(int fd)
{
    for (int function = 0; function < FAULTY_COUNT && fd >= 0; function++) {
        unsigned long total = 0;
        unsigned long since = 0;
        count_read(fd, (enum faulty_function)function, &total, &since);
        count_write(fd, (enum faulty_function)function, total, 0);
    }
}

unsigned long faulty_state_count(int fd, enum faulty_function function)
{
    unsigned long total = 0;
    unsigned long since = 0;
    if (fd < 0) {
        return 0;
    }
    count_read(fd, function, &total, &since);
    count_write(fd, function, total + 1, since + 1);
    return since + 1;
}
