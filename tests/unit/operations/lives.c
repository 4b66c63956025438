/* See lives.h. */
#include "lives.h"

#include "proto/service.h"

#include <dirent.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SETTLE_SECONDS 20

static void set_text(ProtobufCMessage *message, const char *member, const char *value)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, member);
    if (field != NULL) {
        *(const char **)(void *)((char *)message + field->offset) = value;
    }
}

ProtobufCMessage *request_for(const char *operation, const char *key_id)
{
    const ProtobufCMessageDescriptor *type = service_method(operation)->input;
    ProtobufCMessage *message = calloc(1, type->sizeof_message);
    assert_non_null(message);
    type->message_init(message);
    static const char *const members[] = {"key_id", "target_key_id", "source_key_id", "destination_key_id"};
    for (size_t i = 0; i < COUNT(members); i++) {
        set_text(message, members[i], key_id);
    }
    return message;
}

void works_with(struct fixture *fixture, const char *operation, const ProtobufCMessage *request)
{
    struct reply reply;
    assert_success(fixture, operation, request, &reply);
    reply_clear(&reply);
}

void works(struct fixture *fixture, const char *operation, const char *key_id)
{
    ProtobufCMessage *request = request_for(operation, key_id);
    works_with(fixture, operation, request);
    free(request);
}

void fails(struct fixture *fixture, const char *operation, const char *key_id, const char *code, const char *message)
{
    ProtobufCMessage *request = request_for(operation, key_id);
    assert_error(fixture, operation, request, code, message);
    free(request);
}

const struct registry_key *stored(struct fixture *fixture, const struct fixture_key *key)
{
    const struct registry_key *found = registry_key_find(fixture->registry, key->key_id);
    assert_non_null(found);
    return found;
}

static bool is_idle(const struct fixture *fixture)
{
    return fake_workers_waiting(fixture->workers) == 0 && registry_waiting(fixture->registry) == 0 &&
           operations_running(&fixture->operations) == 0;
}

/* Lets end what is under way. */
static void settle(struct fixture *fixture)
{
    time_t late = time(NULL) + SETTLE_SECONDS;
    while (!is_idle(fixture)) {
        fake_workers_run(fixture->workers);
        if (registry_waiting(fixture->registry) > 0) {
            event_base_loop(fixture->base, EVLOOP_ONCE);
        }
        assert_true(time(NULL) < late);
    }
}

/* What one sweep leaves for the next: it looks at so many entries, and at those that another made due. */
void sweep(struct fixture *fixture)
{
    for (size_t quiet = 0; quiet < 3;) {
        operations_sweep(&fixture->operations);
        quiet = is_idle(fixture) ? quiet + 1 : 0;
        settle(fixture);
    }
}

/* ------------------------------------------------------------------ lost writers */

void lives_call_both(struct fixture *fixture, const struct fixture_key *key, const char *first, struct reply *ret_first,
                     const char *second, struct reply *ret_second)
{
    ProtobufCMessage *one = request_for(first, key->id), *other = request_for(second, key->id);
    fixture_start(fixture, first, one, ret_first);
    fixture_start(fixture, second, other, ret_second);
    fixture_wait(fixture, ret_first);
    fixture_wait(fixture, ret_second);
    free(one);
    free(other);
}

/* The child of ours that writes, or -1. */
static pid_t writer_pid(void)
{
    pid_t found = -1;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
        char path[300], name[64], status;
        int pid, parent;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        if (file == NULL) {
            continue;
        }
        if (fscanf(file, "%d (%63[^)]) %c %d", &pid, name, &status, &parent) == 4 && parent == getpid() &&
            status != 'Z' && strcmp(name, "rewrapd-store") == 0) {
            found = pid;
        }
        fclose(file);
    }
    closedir(proc);
    return found;
}

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void lives_call_and_kill(struct fixture *fixture, const char *operation, const ProtobufCMessage *request,
                         int64_t after_us, struct reply *reply)
{
    pid_t writer = writer_pid();
    assert_true(writer > 0);
    fixture_start(fixture, operation, request, reply);
    int64_t kill_us = monotonic_us() + after_us;
    while (monotonic_us() < kill_us && !reply->done) {
        fake_workers_run(fixture->workers);
        event_base_loop(fixture->base, EVLOOP_NONBLOCK);
    }
    kill(writer, SIGKILL);
    if (!reply->done) {
        fixture_wait(fixture, reply);
    }
    if (reply->code != NULL) {
        assert_string_equal(reply->code, "KMSInternalException");
        assert_true(reply->retryable);
    }
}

void lives_recover(struct fixture *fixture, const struct fixture_key *spare)
{
    static unsigned number;
    for (bool there = false; !there;) {
        char description[16];
        snprintf(description, sizeof description, "%u", number++);
        ProtobufCMessage *request = request_for("UpdateKeyDescription", spare->id);
        ((Rewrap__UpdateKeyDescriptionRequest *)request)->description = description;
        struct reply reply;
        fixture_call(fixture, "UpdateKeyDescription", request, &reply);
        there = reply.code == NULL;
        reply_clear(&reply);
        free(request);
    }
}
