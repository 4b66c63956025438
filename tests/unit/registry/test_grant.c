/* Grants: whole at the next start, found by every way to ask, gone with their key. */
#include "fixture_who.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool always(void *arg, const struct registry_grant *grant)
{
    (void)arg;
    (void)grant;
    return true;
}

static void grant_comes_back_whole(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key key;
    struct plain_grant plain;
    fixture_open(fixture);
    add_plain_key(fixture, 1, &key);
    plain_grant_init(&plain, 3, key.key.key_id);
    char value[POLICY_GRANT_PAIR_VALUE_MAX_BYTES + 1];
    memset(value, 'v', sizeof value);
    const struct policy_pair pairs[] = {{view_of_string("tenant"), view_of_string("a")},
                                        {view_of_string("caf\xc3\xa9"), view_of(value, sizeof value - 1)}};
    plain.grant.grantee_is_service = true;
    plain.grant.grant.grantee = view_of_string("logs.eu-central-1.amazonaws.com");
    plain.grant.grant.name = view_of_string("job:1/a");
    plain.grant.grant.operations = (1U << POLICY_GRANT_OPERATIONS) - 1;
    plain.grant.grant.constraints =
        (struct policy_grant_constraints){.has_equals = true,
                                          .has_subset = true,
                                          .subset = pairs,
                                          .subset_count = 2,
                                          .source_arn = view_of_string("arn:aws:s3:eu-central-1:111122223333:bucket")};
    expect_result(add_grant(fixture, &plain.grant), REGISTRY_OK, "");
    for (int round = 0; round < 2; round++) {
        const struct registry_grant *found = registry_grant_find(fixture->registry, plain.grant.id);
        assert_non_null(found);
        assert_memory_equal(found->key_id, key.key.key_id, KEY_ID_BYTES);
        assert_int_equal(found->created_ms, NOW_MS);
        assert_true(found->grantee_is_service);
        assert_false(found->retiring_is_service);
        assert_true(view_equal(found->grant.id, view_of_string("0000000300000000000000000000000000000000000000000000"
                                                               "000000000001")));
        assert_true(view_equal(found->grant.name, plain.grant.grant.name));
        assert_true(view_equal(found->grant.grantee, plain.grant.grant.grantee));
        assert_true(view_equal(found->grant.retiring, view_of_string(RETIRING)));
        assert_true(view_equal(found->grant.issuing_account, view_of_string(ACCOUNT)));
        assert_int_equal(found->grant.operations, plain.grant.grant.operations);
        const struct policy_grant_constraints *constraints = &found->grant.constraints;
        assert_true(constraints->has_equals && constraints->has_subset);
        assert_int_equal(constraints->equals_count, 0);
        assert_true(policy_pairs_equal(constraints->subset, constraints->subset_count, pairs, 2));
        assert_true(view_equal(constraints->source_arn, plain.grant.grant.constraints.source_arn));
        assert_ptr_equal(registry_grant_named(fixture->registry, key.key.key_id, plain.grant.grant.name, always, NULL),
                         found);
        assert_int_equal(registry_grants(fixture->registry), 1);
        fixture_reopen(fixture);
    }
}

/* Grants of n are on key n % 3, to user n % 5, named by n % 4 or not at all. */
static void add_many(struct fixture *fixture, struct plain_key keys[3])
{
    for (uint32_t i = 0; i < 3; i++) {
        add_plain_key(fixture, i, &keys[i]);
    }
    for (unsigned i = 0; i < 60; i++) {
        const unsigned n = i * 37 % 60; /* in no order */
        struct plain_grant plain;
        struct plain_grant grantee;
        char name[16];
        plain_grant_init(&plain, n, keys[n % 3].key.key_id);
        plain_grant_init(&grantee, n % 5, keys[0].key.key_id);
        plain.grant.grant.grantee = grantee.grant.grant.grantee;
        snprintf(name, sizeof name, "name-%u", n % 4);
        plain.grant.grant.name = view_of_string(n % 4 == 0 ? "" : name);
        if (n % 2 == 1) {
            plain.grant.grant.retiring = view_of(NULL, 0);
        }
        expect_result(add_grant(fixture, &plain.grant), REGISTRY_OK, "");
    }
}

static unsigned number_of(const struct registry_grant *grant)
{
    return (unsigned)grant->id[2] << 8 | grant->id[3];
}

static bool is_number(void *arg, const struct registry_grant *grant)
{
    return number_of(grant) == *(const unsigned *)arg;
}

static void expect_found(const struct fixture *fixture, const struct plain_key keys[3])
{
    const struct registry *registry = fixture->registry;
    for (unsigned k = 0; k < 3; k++) {
        const uint8_t *key_id = keys[k].key.key_id;
        const uint8_t *after = NULL;
        for (unsigned n = k; n < 60; n += 3) {
            const struct registry_grant *grant = registry_grant_after(registry, key_id, after);
            assert_non_null(grant);
            assert_int_equal(number_of(grant), n);
            after = grant->id;
        }
        assert_null(registry_grant_after(registry, key_id, after));
        assert_int_equal(registry_key_grants(registry, key_id), 20);
        const struct registry_key *key = registry_key_find(registry, key_id);
        for (unsigned u = 0; u < 5; u++) {
            struct plain_grant grantee;
            plain_grant_init(&grantee, u, key_id);
            struct policy_grant_list list;
            registry_grants_for_each(registry, key, &grantee.grant.grant.grantee, 1, &list);
            assert_int_equal(list.count, 4);
            for (size_t i = 0; i < list.count; i++) {
                const struct registry_grant *grant = registry_grant_of(list.grants[i]);
                assert_int_equal(number_of(grant) % 5, u);
                assert_int_equal(number_of(grant) % 3, k);
                assert_true(i == 0 || number_of(registry_grant_of(list.grants[i - 1])) < number_of(grant));
            }
        }
        const struct view others[] = {view_of_string("arn:aws:iam::1:user/none"), view_of_string(RETIRING)};
        struct policy_grant_list none[2];
        registry_grants_for_each(registry, key, others, 2, none);
        assert_int_equal(none[0].count, 0);
        assert_int_equal(none[1].count, 0);
        for (unsigned n = 0; n < 60; n++) {
            char name[16];
            snprintf(name, sizeof name, "name-%u", n % 4);
            const struct registry_grant *named =
                registry_grant_named(registry, key_id, view_of_string(name), is_number, &n);
            assert_int_equal(named != NULL, n % 3 == k && n % 4 != 0);
        }
        assert_null(registry_grant_named(registry, key_id, view_of_string("name-9"), always, NULL));
    }
    const uint8_t *after = NULL;
    for (unsigned n = 0; n < 60; n += 2) {
        const struct registry_grant *grant = registry_grant_retirable_after(registry, view_of_string(RETIRING), after);
        assert_int_equal(number_of(grant), n);
        after = grant->id;
    }
    assert_null(registry_grant_retirable_after(registry, view_of_string(RETIRING), after));
    assert_null(registry_grant_retirable_after(registry, view_of_string("arn:aws:iam::111122223333:root"), NULL));
}

static void every_way_to_ask(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key keys[3];
    fixture_open(fixture);
    add_many(fixture, keys);
    for (int round = 0; round < 2; round++) {
        expect_found(fixture, keys);
        fixture_reopen(fixture);
    }
    for (unsigned n = 0; n < 60; n += 2) { /* all that may be retired */
        struct plain_grant plain;
        plain_grant_init(&plain, n, keys[0].key.key_id);
        expect_result(remove_grant(fixture, plain.grant.id), REGISTRY_OK, "");
        expect_result(remove_grant(fixture, plain.grant.id), REGISTRY_NOT_FOUND, "no such grant");
        assert_null(registry_grant_find(fixture->registry, plain.grant.id));
    }
    for (int round = 0; round < 2; round++) {
        assert_int_equal(registry_grants(fixture->registry), 30);
        assert_null(registry_grant_retirable_after(fixture->registry, view_of_string(RETIRING), NULL));
        assert_int_equal(number_of(registry_grant_after(fixture->registry, keys[0].key.key_id, NULL)), 3);
        fixture_reopen(fixture);
    }
}

/* Those of the other keys are found as before. */
static void grants_go_with_their_key(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key keys[3];
    fixture_open(fixture);
    add_many(fixture, keys);
    expect_result(remove_key(fixture, keys[1].key.key_id, 1), REGISTRY_OK, "");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(registry_grants(fixture->registry), 40);
        assert_null(registry_grant_after(fixture->registry, keys[1].key.key_id, NULL));
        assert_int_equal(registry_key_grants(fixture->registry, keys[1].key.key_id), 0);
        const uint8_t *after = NULL;
        for (unsigned n = 0; n < 60; n += n % 6 == 0 ? 2 : 4) { /* even, and not 1 modulo 3 */
            const struct registry_grant *grant =
                registry_grant_retirable_after(fixture->registry, view_of_string(RETIRING), after);
            assert_int_equal(number_of(grant), n);
            after = grant->id;
        }
        assert_null(registry_grant_retirable_after(fixture->registry, view_of_string(RETIRING), after));
        fixture_reopen(fixture);
    }
    struct plain_grant plain;
    plain_grant_init(&plain, 100, keys[1].key.key_id);
    expect_result(add_grant(fixture, &plain.grant), REGISTRY_NOT_FOUND, "no such key");
}

/* A removal of the key that is waiting comes first; an id that is known stays what it is. */
static void orders_and_clashes(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key keys[2];
    struct plain_grant plain;
    struct answer answers[4] = {0};
    fixture_open(fixture);
    add_plain_key(fixture, 0, &keys[0]);
    add_plain_key(fixture, 1, &keys[1]);
    plain_grant_init(&plain, 1, keys[0].key.key_id);
    registry_grant_add(fixture->registry, &plain.grant, on_answer, &answers[0]);
    registry_grant_add(fixture->registry, &plain.grant, on_answer, &answers[1]);
    registry_key_remove(fixture->registry, keys[0].key.key_id, 1, NOW_MS, on_answer, &answers[2]);
    plain_grant_init(&plain, 2, keys[0].key.key_id);
    registry_grant_add(fixture->registry, &plain.grant, on_answer, &answers[3]);
    fixture_run_until(fixture, &answers[3].calls, 1);
    assert_int_equal(answers[0].result.code, REGISTRY_OK);
    assert_int_equal(answers[1].result.code, REGISTRY_EXISTS);
    assert_int_equal(answers[2].result.code, REGISTRY_OK);
    assert_int_equal(answers[3].result.code, REGISTRY_NOT_FOUND);
    assert_int_equal(registry_grants(fixture->registry), 0);
    plain_grant_init(&plain, 1, keys[1].key.key_id); /* the id is free again */
    expect_result(add_grant(fixture, &plain.grant), REGISTRY_OK, "");
    fixture_reopen(fixture);
    assert_int_equal(registry_grants(fixture->registry), 1);
}

static void bad_values_are_not_written(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key key;
    struct plain_grant g[14];
    struct policy_pair pairs[9];
    char names[9] = "abcdefghi";
    static char value[POLICY_GRANT_PAIR_VALUE_MAX_BYTES + 1];
    static char name[GRANT_NAME_MAX_BYTES + 1];
    memset(value, 'v', sizeof value);
    memset(name, 'n', sizeof name);
    for (size_t i = 0; i < 9; i++) {
        pairs[i] = (struct policy_pair){view_of(&names[i], 1), view_of_string("")};
    }
    const struct policy_pair twice[] = {pairs[0], pairs[0]};
    const struct policy_pair longer = {pairs[0].key, view_of(value, sizeof value)};
    const struct policy_pair foreign = {view_of("\xff", 1), view_of_string("")};
    fixture_open(fixture);
    add_plain_key(fixture, 1, &key);
    for (unsigned i = 0; i < 14; i++) {
        plain_grant_init(&g[i], i, key.key.key_id);
    }
    struct policy_grant_constraints *c = &g[0].grant.grant.constraints;
    *c = (struct policy_grant_constraints){.has_equals = true, .equals = pairs, .equals_count = 9};
    g[1].grant.grant.constraints = (struct policy_grant_constraints){.equals = pairs, .equals_count = 1};
    c = &g[2].grant.grant.constraints;
    *c = (struct policy_grant_constraints){.has_subset = true, .subset = twice, .subset_count = 2};
    c = &g[3].grant.grant.constraints;
    *c = (struct policy_grant_constraints){.has_subset = true, .subset = &longer, .subset_count = 1};
    c = &g[4].grant.grant.constraints;
    *c = (struct policy_grant_constraints){.has_subset = true, .subset = &foreign, .subset_count = 1};
    g[5].grant.grant.name = view_of_string("a b");
    g[6].grant.grant.name = view_of(name, sizeof name);
    g[7].grant.grant.grantee = view_of(NULL, 0);
    g[8].grant.grant.grantee = view_of_string("arn:aws:iam::111122223333:user/*");
    g[9].grant.grant.retiring = view_of_string("caf\xc3\xa9");
    g[10].grant.grant.issuing_account = view_of_string("11112222333");
    g[11].grant.grant.operations = 0;
    g[12].grant.grant.operations = 1U << POLICY_GRANT_OPERATIONS;
    g[13].grant.created_ms = -1;
    for (size_t i = 0; i < 14; i++) {
        expect_result(add_grant(fixture, &g[i].grant), REGISTRY_STORE, "not written");
    }
    c->subset = pairs;
    c->subset_count = 8;
    expect_result(add_grant(fixture, &g[4].grant), REGISTRY_OK, "");
    fixture_reopen(fixture);
    assert_int_equal(registry_grants(fixture->registry), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(grant_comes_back_whole), TEST(every_way_to_ask),           TEST(grants_go_with_their_key),
        TEST(orders_and_clashes),     TEST(bad_values_are_not_written),
    };
    return cmocka_run_group_tests_name("registry/grant", tests, NULL, NULL);
}
