/* A registry on a real file: folder, loop, process; see fixture.h. */
#include "fixture.h"

#include <dirent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/registry.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/registry.db", fixture->folder);
    fixture->base = event_base_new();
    assert_non_null(fixture->base);
    *state = fixture;
    return 0;
}

static void remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
        }
    }
    closedir(dir);
    assert_int_equal(rmdir(folder), 0);
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    registry_free(fixture->registry);
    event_base_free(fixture->base);
    remove_folder(fixture->folder);
    free(fixture);
    return 0;
}

void fixture_open(struct fixture *fixture)
{
    struct registry_result result = registry_open(fixture->base, fixture->path, &fixture->registry);
    if (result.code != REGISTRY_OK) {
        fail_msg("open: %d %s", result.code, result.detail);
    }
}

void fixture_close(struct fixture *fixture)
{
    registry_free(fixture->registry);
    fixture->registry = NULL;
}

void fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture_open(fixture);
}

const char *fixture_beside(const struct fixture *fixture, const char *suffix)
{
    static char path[120];
    snprintf(path, sizeof path, "%s%s", fixture->path, suffix);
    return path;
}

void fixture_expect_refused(struct fixture *fixture, const char *text)
{
    struct registry *untouched = (struct registry *)fixture;
    struct registry_result result = registry_open(fixture->base, fixture->path, &untouched);
    expect_result(result, REGISTRY_STORE, text);
    assert_ptr_equal(untouched, fixture);
    assert_int_equal(writer_pid(), -1);
}

static void on_deadline(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    *(bool *)arg = true;
}

void fixture_run_until(struct fixture *fixture, const int *counter, int target)
{
    bool late = false;
    struct event *deadline = evtimer_new(fixture->base, on_deadline, &late);
    const struct timeval wait = {.tv_sec = 30};
    assert_non_null(deadline);
    assert_int_equal(event_add(deadline, &wait), 0);
    while (*counter < target && !late) {
        assert_int_not_equal(event_base_loop(fixture->base, EVLOOP_ONCE), -1);
    }
    event_free(deadline);
    assert_false(late);
}

static void nothing(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    (void)arg;
}

void turn(struct fixture *fixture, int microseconds)
{
    struct event *timer = evtimer_new(fixture->base, nothing, NULL);
    const struct timeval wait = {.tv_usec = microseconds};
    assert_non_null(timer);
    assert_int_equal(event_add(timer, &wait), 0);
    assert_int_not_equal(event_base_loop(fixture->base, EVLOOP_ONCE), -1);
    event_free(timer);
}

int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads "pid (name) state ppid": the name has no blanks here. */
pid_t writer_pid(void)
{
    pid_t found = -1;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
        char path[300];
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        if (file == NULL) {
            continue;
        }
        int pid;
        int parent;
        char name[64];
        char status;
        if (fscanf(file, "%d (%63[^)]) %c %d", &pid, name, &status, &parent) == 4 && parent == getpid() &&
            status != 'Z' && strcmp(name, "rewrapd-store") == 0) {
            found = pid;
        }
        fclose(file);
    }
    closedir(proc);
    return found;
}

void run_sql(const struct fixture *fixture, const char *sql)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", sql, message);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void write_file(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_not_equal(fd, -1);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

uint8_t *read_file(const char *path, size_t *ret_len)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_not_equal(fd, -1);
    assert_int_equal(fstat(fd, &status), 0);
    uint8_t *data = malloc((size_t)status.st_size + 1);
    assert_non_null(data);
    assert_int_equal(read(fd, data, (size_t)status.st_size), status.st_size);
    close(fd);
    *ret_len = (size_t)status.st_size;
    return data;
}
