/*
 * The registry's writer is killed while a change is on its way: nobody can say whether it was made. What is answered
 * must be true, what is on disk must be one of the two, and no material may be lost or come into two keys.
 */
#include "grants.h"
#include "lives.h"

#include <stdio.h>

#define ROUNDS 30

/* The operation on that key, during which the writer is killed, each round a little later: whether it was answered that
 * the change was made. */
static bool is_told_of(struct fixture *fixture, const char *operation, const struct fixture_key *key, unsigned round,
                       const struct fixture_key *spare)
{
    struct reply reply;
    ProtobufCMessage *request = request_for(operation, key->id);
    lives_call_and_kill(fixture, operation, request, round * 100, &reply);
    lives_recover(fixture, spare);
    bool told = reply.code == NULL;
    reply_clear(&reply);
    free(request);
    return told;
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
        bool told = is_told_of(fixture, "RotateKeyOnDemand", &key, round, &spare);
        size_t materials = stored(fixture, &key)->n_materials;
        assert_true(materials == 1 || materials == 2);
        assert_int_equal(told, materials == 2); /* what was answered is true, either way */
        made += materials - 1;
    }
    assert_int_equal(operations_spares(&fixture->operations, "main"), stock - made);
}

static void rotations_of_open_keys(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key spare = fixture_open(fixture);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fixture_key key = fixture_open(fixture);
        bool told = is_told_of(fixture, "RotateKeyOnDemand", &key, round, &spare);
        assert_int_equal(told, stored(fixture, &key)->n_materials == 2);
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
        bool told = is_told_of(fixture, "ScheduleKeyDeletion", &key, round, &spare);
        assert_int_equal(told, stored(fixture, &key)->state == KEY_STATE_PENDING_DELETION);
        if (!told) {
            continue;
        }
        told = is_told_of(fixture, "CancelKeyDeletion", &key, round, &spare);
        assert_int_equal(told, stored(fixture, &key)->state == KEY_STATE_DISABLED);
    }
}

/* Those that would change nothing a second time are recognised by just that. */
static void schedules(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key spare = fixture_open(fixture);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fixture_key key = fixture_open(fixture);
        bool told = is_told_of(fixture, "EnableKeyRotation", &key, round, &spare);
        assert_int_equal(told, stored(fixture, &key)->rotation_days != 0);
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
        lives_call_and_kill(fixture, "CreateGrant", &request.message.base, round * 100, &reply);
        lives_recover(fixture, &spare);
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
        lives_call_and_kill(fixture, "RevokeGrant", &revoking.base, round * 100, &reply);
        lives_recover(fixture, &spare);
        assert_int_equal(reply.code == NULL, only_grant(fixture, &key) == NULL);
        reply_clear(&reply);
    }
}

/* On that alias, with that key where the operation has one; as is_told_of. */
static bool is_told_of_alias(struct fixture *fixture, const char *operation, char *name, const struct fixture_key *key,
                             unsigned round, const struct fixture_key *spare)
{
    struct reply reply;
    ProtobufCMessage *request = request_for(operation, key->id);
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "alias_name");
    *(char **)(void *)((char *)request + field->offset) = name;
    lives_call_and_kill(fixture, operation, request, round * 100, &reply);
    lives_recover(fixture, spare);
    bool told = reply.code == NULL;
    reply_clear(&reply);
    free(request);
    return told;
}

static bool leads_to(struct fixture *fixture, const char *name, const struct fixture_key *key)
{
    const struct registry_alias *alias = registry_alias_find(fixture->registry, ACCOUNT, name);
    return alias != NULL && memcmp(alias->key_id, key->key_id, KEY_ID_BYTES) == 0;
}

static void aliases(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key spare = fixture_open(fixture);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fixture_key one = fixture_open(fixture), other = fixture_open(fixture);
        char name[32];
        snprintf(name, sizeof name, "alias/%u", round);
        bool told = is_told_of_alias(fixture, "CreateAlias", name, &one, round, &spare);
        assert_int_equal(told, leads_to(fixture, name, &one));
        if (!told) {
            fixture_alias(fixture, ACCOUNT, name, &one);
        }
        fixture->now_ms++;
        told = is_told_of_alias(fixture, "UpdateAlias", name, &other, round, &spare);
        assert_int_equal(told, leads_to(fixture, name, &other));
        assert_int_equal(told, !leads_to(fixture, name, &one));
        told = is_told_of_alias(fixture, "DeleteAlias", name, &one, round, &spare);
        assert_int_equal(told, registry_alias_find(fixture->registry, ACCOUNT, name) == NULL);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rotations), TEST(rotations_of_open_keys), TEST(deletions), TEST(schedules), TEST(grants), TEST(aliases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
