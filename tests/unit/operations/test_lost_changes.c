/*
 * The registry's writer is killed while a change is on its way: nobody can say whether it was made. What is answered
 * must be true, what is on disk must be one of the two, and no material may be lost or come into two keys.
 */
#include "grants.h"
#include "lives.h"

#include <dirent.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 30

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

/* Starts the request, kills the writer a little later, and gives the answer. */
static void call_and_kill(struct fixture *fixture, const char *operation, const ProtobufCMessage *request,
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

/* Until another writer is there: with a change that is never nothing. */
static void recover(struct fixture *fixture, const struct fixture_key *spare)
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

static void rotations(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 100; i < 100 + 50; i++) {
        fake_token_add_spare(fixture->main, i, false);
    }
    size_t stock = operations_spares(&fixture->operations, "main"), made = 0;
    struct fixture_key spare = fixture_open(fixture);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fixture_key key = fixture_sealed(fixture);
        struct reply reply;
        ProtobufCMessage *request = request_for("RotateKeyOnDemand", key.id);
        call_and_kill(fixture, "RotateKeyOnDemand", request, round * 100, &reply);
        recover(fixture, &spare);
        size_t materials = stored(fixture, &key)->n_materials;
        assert_true(materials == 1 || materials == 2);
        assert_int_equal(reply.code == NULL, materials == 2); /* what was answered is true, either way */
        made += materials - 1;
        reply_clear(&reply);
        free(request);
    }
    assert_int_equal(operations_spares(&fixture->operations, "main"), stock - made);
}

static void rotations_of_open_keys(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key spare = fixture_open(fixture);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fixture_key key = fixture_open(fixture);
        struct reply reply;
        ProtobufCMessage *request = request_for("RotateKeyOnDemand", key.id);
        call_and_kill(fixture, "RotateKeyOnDemand", request, round * 100, &reply);
        recover(fixture, &spare);
        assert_int_equal(reply.code == NULL, stored(fixture, &key)->n_materials == 2);
        reply_clear(&reply);
        free(request);
    }
    sweep(fixture);
    assert_int_equal(fixture->main->destroyed, 0); /* none that might be in a key */
}

static void deletions(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key spare = fixture_open(fixture);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fixture_key key = fixture_open(fixture);
        struct reply reply;
        ProtobufCMessage *schedule = request_for("ScheduleKeyDeletion", key.id);
        call_and_kill(fixture, "ScheduleKeyDeletion", schedule, round * 100, &reply);
        recover(fixture, &spare);
        bool pending = stored(fixture, &key)->state == KEY_STATE_PENDING_DELETION;
        assert_int_equal(reply.code == NULL, pending);
        reply_clear(&reply);
        free(schedule);
        if (!pending) {
            continue;
        }
        ProtobufCMessage *cancel = request_for("CancelKeyDeletion", key.id);
        call_and_kill(fixture, "CancelKeyDeletion", cancel, round * 100, &reply);
        recover(fixture, &spare);
        assert_int_equal(reply.code == NULL, stored(fixture, &key)->state == KEY_STATE_DISABLED);
        reply_clear(&reply);
        free(cancel);
    }
}

/* Those that would change nothing a second time are recognised by just that. */
static void schedules(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key spare = fixture_open(fixture);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fixture_key key = fixture_open(fixture);
        struct reply reply;
        ProtobufCMessage *request = request_for("EnableKeyRotation", key.id);
        call_and_kill(fixture, "EnableKeyRotation", request, round * 100, &reply);
        recover(fixture, &spare);
        assert_int_equal(reply.code == NULL, stored(fixture, &key)->rotation_days != 0);
        reply_clear(&reply);
        free(request);
    }
}

/* The grant of that name, or NULL. */
static const struct registry_grant *only_grant(struct fixture *fixture, const struct fixture_key *key)
{
    assert_true(registry_key_grants(fixture->registry, key->key_id) <= 1);
    return registry_grant_after(fixture->registry, key->key_id, NULL);
}

static void grants(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key spare = fixture_open(fixture);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fixture_key key = fixture_sealed(fixture);
        struct grant_request request;
        struct reply reply;
        grant_request_make(&request, &(struct wish){.key = key.id, .grantee = BOB, .operations = USES, .name = "n"});
        call_and_kill(fixture, "CreateGrant", &request.message.base, round * 100, &reply);
        recover(fixture, &spare);
        const struct registry_grant *grant = only_grant(fixture, &key);
        assert_int_equal(reply.code == NULL, grant != NULL);
        char id[2 * GRANT_ID_BYTES + 1] = "";
        if (grant != NULL) {
            snprintf(id, sizeof id, "%.*s", (int)grant->grant.id.len, (const char *)grant->grant.id.data);
            assert_string_equal(((const Rewrap__CreateGrantResponse *)reply.body)->grant_id, id);
        }
        reply_clear(&reply);
        if (grant == NULL) { /* asked for once more, there is one */
            struct made made =
                grant_make(fixture, &(struct wish){.key = key.id, .grantee = BOB, .operations = USES, .name = "n"});
            snprintf(id, sizeof id, "%s", made.id);
        }
        Rewrap__RevokeGrantRequest revoking = REWRAP__REVOKE_GRANT_REQUEST__INIT;
        revoking.key_id = key.id;
        revoking.grant_id = id;
        call_and_kill(fixture, "RevokeGrant", &revoking.base, round * 100, &reply);
        recover(fixture, &spare);
        assert_int_equal(reply.code == NULL, only_grant(fixture, &key) == NULL);
        reply_clear(&reply);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rotations), TEST(rotations_of_open_keys), TEST(deletions), TEST(schedules), TEST(grants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
