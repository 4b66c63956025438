/* Values that come from files; see param_file.h. */
#include "param_file.h"

#include "base/wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum param_source param_file_source(const char *word, const char **ret_path)
{
    static const struct {
        const char *prefix;
        enum param_source source;
    } schemes[] = {{"file://", PARAM_TEXT}, {"fileb://", PARAM_BYTES}};
    *ret_path = NULL;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i].prefix);
        if (strncmp(word, schemes[i].prefix, len) == 0) {
            *ret_path = word + len;
            return schemes[i].source;
        }
    }
    return PARAM_LITERAL;
}

static bool read_all(int fd, struct buffer *out, bool *ret_too_long)
{
    uint8_t chunk[4096];
    ssize_t got;
    *ret_too_long = false;
    while ((got = read(fd, chunk, sizeof chunk)) != 0) {
        if (got < 0 && errno == EINTR) {
            continue;
        }
        *ret_too_long = got > 0 && !buffer_append(out, chunk, (size_t)got);
        if (got < 0 || *ret_too_long) {
            break;
        }
    }
    int saved_errno = errno;
    secret_wipe(chunk, sizeof chunk);
    errno = saved_errno;
    return got == 0;
}

bool param_file_read(const char *word, const char *path, struct buffer *out, struct failure *failure)
{
    bool standard_input = strcmp(path, "-") == 0;
    int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    bool too_long = false;
    size_t start = out->len;
    bool complete = fd >= 0 && read_all(fd, out, &too_long);
    int saved_errno = errno;
    if (fd >= 0 && !standard_input) {
        close(fd);
    }
    if (complete) {
        return true;
    }
    secret_wipe(out->data + start, out->len - start);
    out->len = start;
    if (too_long) {
        return fail(failure, EXIT_CODE_USAGE, "Unable to load paramfile %s: longer than %zu bytes", word, out->max);
    }
    return fail(failure, EXIT_CODE_USAGE, "Unable to load paramfile %s: [Errno %d] %s: '%s'", word, saved_errno,
                strerror(saved_errno), path);
}
