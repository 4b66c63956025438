/* The locks by which workers take turns; see turns.h. */
#include "turns.h"

#include "proto/message.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The files that the workers of this world lock; returns how many, the first in path. */
static size_t turn_files(const struct world *world, const char *but, char path[TURNS_PATH_BYTES])
{
    DIR *folder = opendir(world->fixture->dir);
    assert_non_null(folder);
    size_t n = 0;
    for (struct dirent *entry = NULL; (entry = readdir(folder)) != NULL;) {
        char found[TURNS_PATH_BYTES];
        snprintf(found, sizeof found, "%s/%s", world->fixture->dir, entry->d_name);
        if (strncmp(entry->d_name, "turn-", 5) == 0 && strcmp(found, but) != 0 && n++ == 0) {
            memcpy(path, found, sizeof found);
        }
    }
    closedir(folder);
    return n;
}

void turns_find(struct world *world, char of_module[TURNS_PATH_BYTES], char of_token[TURNS_PATH_BYTES])
{
    char path[TURNS_PATH_BYTES];
    while (turn_files(world, "", path) != 0) {
        assert_int_equal(unlink(path), 0);
    }
    world_script(world, "%s", "");
    Hsm__Configure configure = world_configuration(world);
    char nothing[] = "pkcs11:token=nothing";
    configure.token_uri = nothing;
    Hsm__Response *hello = world_say_hello(world, &configure);
    assert_int_equal(hello->hello->status, HSM__HELLO_STATUS__HELLO_TOKEN_ABSENT);
    proto_free(&hello->base);
    assert_int_equal(turn_files(world, "", of_module), 1);
    world_start(world);
    world_stop(world);
    assert_int_equal(turn_files(world, of_module, of_token), 1);
    struct stat status;
    assert_int_equal(stat(of_token, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

int turns_hold(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    return fd;
}
