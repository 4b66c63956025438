/* Reading a PIN from a file; see hsm/token.h. */
#include "base/secbuf.h"
#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIN_MAX_BYTES 255
/* One more than the longest line, so that a longer one is seen and not cut. "\r\n" counts as the break. */
#define PIN_READ_BYTES (PIN_MAX_BYTES + 2)

/* Reads up to size bytes, past short reads. Negative on an error. */
static ssize_t read_up_to(int fd, uint8_t *out, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t got = read(fd, out + have, size - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        have += (size_t)got;
    }
    return (ssize_t)have;
}

static size_t first_line(const uint8_t *text, size_t len)
{
    const uint8_t *line_feed = memchr(text, '\n', len);
    if (line_feed == NULL) {
        return len;
    }
    size_t line = (size_t)(line_feed - text);
    return line > 0 && text[line - 1] == '\r' ? line - 1 : line;
}

/*
 * NULL, or what is wrong with the file. A path that others may write is as bad as one they may read: they would choose
 * the PIN that is tried.
 */
static const char *check_file(int fd)
{
    static char why[64]; /* one file at a time is read */
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return "PIN file: not a regular file";
    }
    if ((status.st_mode & S_IRWXO) == 0) {
        return NULL;
    }
    snprintf(why, sizeof why, "PIN file: its mode %04o lets others use it (chmod o=)",
             (unsigned)status.st_mode & 07777U);
    return why;
}

static struct hsm_result read_pin(int fd, struct secbuf *whole, struct secbuf **ret)
{
    const char *wrong = check_file(fd);
    if (wrong != NULL) {
        return hsm_failure(HSM_PIN_UNREADABLE, wrong);
    }
    ssize_t got = read_up_to(fd, whole->data, whole->size);
    if (got < 0) {
        return hsm_failure(HSM_PIN_UNREADABLE, "PIN file: read");
    }
    size_t line = first_line(whole->data, (size_t)got);
    if (line == 0 || line > PIN_MAX_BYTES) {
        return hsm_failure(HSM_PIN_UNREADABLE, "PIN file: empty or too long");
    }
    struct secbuf *pin = secbuf_new(line);
    if (pin == NULL) {
        return hsm_failure(HSM_NO_MEMORY, "locked memory for the PIN");
    }
    memcpy(pin->data, whole->data, line);
    *ret = pin;
    return HSM_SUCCESS;
}

struct hsm_result hsm_pin_read(const char *path, struct secbuf **ret)
{
    /* O_NONBLOCK: a FIFO in its place must not hang the start. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return hsm_failure(HSM_PIN_UNREADABLE, errno == ENOENT   ? "PIN file: it is not there"
                                               : errno == EACCES ? "PIN file: it may not be read"
                                                                 : "PIN file: it cannot be opened");
    }
    struct hsm_result result = hsm_failure(HSM_NO_MEMORY, "locked memory for the PIN");
    struct secbuf *whole = secbuf_new(PIN_READ_BYTES);
    if (whole != NULL) {
        result = read_pin(fd, whole, ret);
    }
    secbuf_free(whole);
    rewrap_ignore(close(fd), "it was only read");
    return result;
}
