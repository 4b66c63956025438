/* The files of the database; see sqlite_file.h. */
#include "sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_STEP_MS 10 /* between two tries; there is no call that waits for a lock with a limit */

static struct registry_result file_failure(const char *what)
{
    return registry_failure(REGISTRY_STORE, "%s: %m", what);
}

/* False when there is no room for the name. */
static bool name_beside(const char *path, const char *suffix, char out[PATH_MAX])
{
    bool fits = (size_t)snprintf(out, PATH_MAX, "%s%s", path, suffix) < PATH_MAX;
    errno = fits ? errno : ENAMETOOLONG;
    return fits;
}

/* A new file survives a power cut only when its folder was written too. */
static struct registry_result sync_folder(const char *path)
{
    char copy[PATH_MAX];
    if (!name_beside(path, "", copy)) {
        return file_failure("cannot sync the folder of the database");
    }
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return file_failure("cannot open the folder of the database");
    }
    struct registry_result result =
        fsync(fd) == 0 ? registry_ok() : file_failure("cannot sync the folder of the database");
    close(fd);
    return result;
}

static struct registry_result check_file(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return file_failure("cannot examine the database file");
    }
    if (!S_ISREG(status.st_mode)) {
        return registry_failure(REGISTRY_STORE, "the database is not a regular file");
    }
    if (status.st_uid != geteuid() && geteuid() != 0) {
        return registry_failure(
            REGISTRY_STORE, "the database file belongs to user %u, not to the one who runs the daemon", status.st_uid);
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return registry_failure(REGISTRY_STORE,
                                "the database file is writable by group or others (mode %04o): chmod 0600",
                                status.st_mode & 07777);
    }
    return registry_ok();
}

static struct registry_result check_no_log(const char *path)
{
    char log[PATH_MAX];
    struct stat status;
    if (!name_beside(path, "-wal", log)) {
        return file_failure("cannot examine the log of the database");
    }
    if (lstat(log, &status) == 0) {
        return registry_failure(REGISTRY_STORE,
                                "the database is gone, but its log (-wal) is there: restore both, or remove it");
    }
    return errno == ENOENT ? registry_ok() : file_failure("cannot examine the log of the database");
}

struct registry_result sqlite_file_check(const char *path, bool *ret_there)
{
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        struct registry_result result = check_no_log(path);
        if (result.code == REGISTRY_OK) {
            *ret_there = false;
        }
        return result;
    }
    if (fd < 0) {
        return file_failure(errno == ELOOP ? "the database is a symbolic link" : "cannot open the database file");
    }
    struct registry_result result = check_file(fd);
    close(fd);
    if (result.code == REGISTRY_OK) {
        *ret_there = true;
    }
    return result;
}

struct registry_result sqlite_file_make(const char *path)
{
    static const char *const left[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        char name[PATH_MAX];
        if (!name_beside(path, left[i], name) || (unlink(name) != 0 && errno != ENOENT)) {
            return file_failure("cannot make the database");
        }
    }
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0) {
        return file_failure("cannot make the database");
    }
    close(fd);
    return registry_ok();
}

struct registry_result sqlite_file_publish(const char *from, const char *to)
{
    /* A close that could not write everything into the database leaves the log: half of it must not be moved. */
    struct registry_result result = check_no_log(from);
    if (result.code != REGISTRY_OK) {
        return registry_failure(REGISTRY_STORE, "cannot make the database: its log cannot be written back");
    }
    return rename(from, to) == 0 ? sync_folder(to) : file_failure("cannot make the database");
}

struct registry_result sqlite_lock_open(const char *path, int *ret_fd)
{
    char name[PATH_MAX];
    int fd = -1;
    if (name_beside(path, ".lock", name)) {
        fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    }
    if (fd < 0) {
        return file_failure("cannot open the lock file");
    }
    *ret_fd = fd;
    return registry_ok();
}

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool lock_set(int fd, enum sqlite_lock which, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)which, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

struct registry_result sqlite_lock_take(int fd, enum sqlite_lock which, int wait_ms)
{
    static const char *const holders[] = {
        [SQLITE_LOCK_DAEMON] = "another daemon has this database",
        [SQLITE_LOCK_WRITER] = "the writer of an earlier daemon still has this database",
    };
    const int64_t end_ms = monotonic_ms() + wait_ms;
    while (!lock_set(fd, which, F_WRLCK)) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
            return file_failure("cannot lock the database");
        }
        if (monotonic_ms() >= end_ms) {
            return registry_failure(REGISTRY_STORE, "%s", holders[which]);
        }
        rewrap_ignore(poll(NULL, 0, LOCK_STEP_MS), "a signal only shortens the wait");
    }
    return registry_ok();
}

void sqlite_lock_release(int fd, enum sqlite_lock which)
{
    rewrap_ignore(lock_set(fd, which, F_UNLCK), "a lock that we hold can be released");
}
