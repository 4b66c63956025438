/* Key policies: kept as they were put, compiled once a text, the default one for each account; a bad one is refused. */
#include "fixture_who.h"
#include "policy/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOTES_BYTES 4096

static const struct registry_key *key_of(const struct fixture *fixture, uint32_t n)
{
    struct plain_key plain;
    plain_key_init(&plain, n);
    const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
    assert_non_null(key);
    return key;
}

static const struct policy_document *document_of(const struct fixture *fixture, uint32_t n)
{
    const struct policy_document *document = registry_policy_document(key_of(fixture, n)->compiled);
    assert_non_null(document);
    return document;
}

static void equal_texts_are_one_document(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    char text[POLICY_TEXT_BYTES];
    char other[POLICY_TEXT_BYTES];
    key_policy_write(1, text);
    key_policy_write(2, other);
    for (uint32_t n = 1; n <= 4; n++) {
        struct plain_key plain;
        plain_key_init(&plain, n);
        plain.key.policy = n <= 2 ? text : n == 3 ? other : NULL;
        plain.key.policy_ms = NOW_MS + 5;
        expect_result(add_key(fixture, &plain.key), REGISTRY_OK, "");
    }
    for (int round = 0; round < 2; round++) {
        assert_string_equal(key_of(fixture, 1)->policy, text);
        assert_string_equal(key_of(fixture, 3)->policy, other);
        assert_ptr_equal(document_of(fixture, 1), document_of(fixture, 2));
        assert_ptr_not_equal(document_of(fixture, 1), document_of(fixture, 3));
        assert_int_equal(key_of(fixture, 1)->policy_ms, NOW_MS + 5);
        assert_null(key_of(fixture, 4)->policy);
        assert_int_equal(key_of(fixture, 4)->policy_ms, NOW_MS); /* when the key was made */
        fixture_reopen(fixture);
    }
    expect_result(remove_key(fixture, key_of(fixture, 1)->key_id, 1), REGISTRY_OK, "");
    assert_string_equal(key_of(fixture, 2)->policy, text);
    assert_int_equal(policy_document_statements(document_of(fixture, 2)), 1);
}

static void default_policy_is_the_accounts(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    for (uint32_t n = 1; n <= 3; n++) {
        struct plain_key plain;
        plain_key_init(&plain, n);
        memcpy(plain.key.account, n == 3 ? OTHER_ACCOUNT : ACCOUNT, ACCOUNT_TEXT_BYTES);
        expect_result(add_key(fixture, &plain.key), REGISTRY_OK, "");
    }
    for (int round = 0; round < 2; round++) {
        assert_ptr_equal(document_of(fixture, 1), document_of(fixture, 2));
        assert_ptr_not_equal(document_of(fixture, 1), document_of(fixture, 3));
        struct policy_principal owner = policy_document_principal(document_of(fixture, 3), 0, 0);
        assert_int_equal(owner.kind, POLICY_PRINCIPAL_ACCOUNT);
        assert_true(view_equal(owner.text, view_of_string(OTHER_ACCOUNT))); /* of no partition */
        fixture_reopen(fixture);
    }
}

static void policy_changes_with_the_key(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key plain;
    struct changed_key changed;
    add_plain_key(fixture, 1, &plain);
    char text[POLICY_TEXT_BYTES];
    key_policy_write(1, text);
    changed_key_init(fixture, plain.key.key_id, &changed);
    changed.key.policy = text;
    changed.key.policy_ms = NOW_MS + 1;
    expect_result(replace_key(fixture, &changed.key), REGISTRY_OK, "");
    changed_key_init(fixture, plain.key.key_id, &changed); /* points to the registry's text */
    changed.key.description = (char *)"another";
    expect_result(replace_key(fixture, &changed.key), REGISTRY_OK, "");
    for (int round = 0; round < 2; round++) {
        const struct registry_key *key = key_of(fixture, 1);
        assert_string_equal(key->policy, text);
        assert_int_equal(key->policy_ms, NOW_MS + 1);
        assert_int_equal(key->revision, 3);
        assert_int_equal(policy_document_statements(document_of(fixture, 1)), 1);
        fixture_reopen(fixture);
    }
    changed_key_init(fixture, plain.key.key_id, &changed);
    changed.key.policy = NULL;
    expect_result(replace_key(fixture, &changed.key), REGISTRY_OK, "");
    for (int round = 0; round < 2; round++) {
        assert_null(key_of(fixture, 1)->policy);
        assert_int_equal(key_of(fixture, 1)->policy_ms, NOW_MS);
        assert_non_null(document_of(fixture, 1));
        fixture_reopen(fixture);
    }
}

/* Blanks fill a policy up to that many bytes. */
static void fill(char *text, size_t bytes)
{
    key_policy_write(1, text);
    size_t len = strlen(text);
    memset(text + len, ' ', bytes - len);
    text[bytes] = '\0';
}

static void bad_policies_are_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key plain;
    struct changed_key changed;
    static char text[POLICY_DOCUMENT_MAX_BYTES + 2];
    plain_key_init(&plain, 1);
    plain.key.policy = (char *)"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\"}}";
    expect_result(add_key(fixture, &plain.key), REGISTRY_STORE, "Statement");
    plain.key.policy = (char *)"";
    expect_result(add_key(fixture, &plain.key), REGISTRY_STORE, "empty");
    plain.key.policy = (char *)"{\x01";
    expect_result(add_key(fixture, &plain.key), REGISTRY_STORE, "not written");
    fill(text, POLICY_DOCUMENT_MAX_BYTES + 1);
    plain.key.policy = text;
    expect_result(add_key(fixture, &plain.key), REGISTRY_STORE, "too long");
    assert_int_equal(registry_keys(fixture->registry), 0);
    fill(text, POLICY_DOCUMENT_MAX_BYTES);
    expect_result(add_key(fixture, &plain.key), REGISTRY_OK, "");
    changed_key_init(fixture, plain.key.key_id, &changed);
    changed.key.policy = (char *)"{}";
    expect_result(replace_key(fixture, &changed.key), REGISTRY_STORE, "not written");
    changed.key.policy = text;
    changed.key.policy_ms = -1;
    expect_result(replace_key(fixture, &changed.key), REGISTRY_STORE, "time");
    fixture_reopen(fixture);
    assert_string_equal(key_of(fixture, 1)->policy, text);
    assert_int_equal(key_of(fixture, 1)->revision, 1);
}

/* ------------------------------------------------------------------ what is compiled when */

static void note_damage(void *arg, const char *what)
{
    char *text = arg;
    size_t len = strlen(text);
    snprintf(text + len, NOTES_BYTES - len, "%s\n", what);
}

/* Three keys with two texts, the second damaged, and a user with one more. */
static void make_damaged(struct fixture *fixture)
{
    struct plain_key plain;
    struct plain_principal user;
    fixture_open(fixture);
    for (uint32_t n = 1; n <= 3; n++) {
        add_plain_key(fixture, n, &plain);
    }
    plain_principal_init(&user, 1);
    expect_result(add_principal(fixture, &user.principal), REGISTRY_OK, "");
    fixture_close(fixture);
    run_sql(fixture, "UPDATE keys SET policy = '{\"Statement\":{}}', policy_ms = 5 WHERE key_id >= "
                     "x'00000002000000000000000000000000'; UPDATE identity_policies SET policy = '{' || name");
}

/* Loading does not compile; the loop does, in portions, and says once of each text that it is damaged. */
static void damaged_policies_deny(void **state)
{
    struct fixture *fixture = *state;
    char notes[NOTES_BYTES] = "";
    make_damaged(fixture);
    fixture_open(fixture);
    registry_on_damaged_policy(fixture->registry, note_damage, notes);
    size_t left = registry_policies_left(fixture->registry);
    assert_true(left >= 3);
    assert_null(registry_policy_fault(key_of(fixture, 2)->compiled)); /* not known yet */
    assert_int_equal(registry_policies_damaged(fixture->registry), 0);
    for (int round = 0; round < 2; round++) {
        struct policy_statement denial = policy_document_statement(document_of(fixture, 3), 0);
        assert_int_equal(denial.effect, POLICY_DENY);
        assert_true(view_equal(denial.sid, view_of_string("DamagedPolicy")));
    }
    assert_non_null(strstr(registry_policy_fault(key_of(fixture, 2)->compiled), "policy, Statement"));
    assert_int_equal(registry_policies_left(fixture->registry), left - 1);
    while (registry_policies_left(fixture->registry) != 0) {
        turn(fixture, 1000); /* of the loop */
    }
    assert_int_equal(registry_policies_damaged(fixture->registry), left - 1);
    const char *first = strstr(notes, "table keys, row 0000000");
    assert_non_null(first);
    assert_null(strstr(first + 1, "table keys")); /* two keys, one text */
    assert_non_null(strstr(notes, "table identity_policies, row AIDA"));
    assert_null(registry_policy_fault(key_of(fixture, 1)->compiled));
    assert_int_equal(policy_document_statement(document_of(fixture, 1), 0).effect, POLICY_ALLOW);
}

/* The text is refused as long as it is damaged; another one, and the removal, are not. */
static void damaged_policy_is_replaced(void **state)
{
    struct fixture *fixture = *state;
    struct changed_key changed;
    make_damaged(fixture);
    fixture_open(fixture);
    changed_key_init(fixture, key_of(fixture, 2)->key_id, &changed);
    changed.key.description = (char *)"another";
    expect_result(replace_key(fixture, &changed.key), REGISTRY_STORE, "Statement");
    changed.key.policy = NULL;
    expect_result(replace_key(fixture, &changed.key), REGISTRY_OK, "");
    assert_int_equal(policy_document_statement(document_of(fixture, 2), 0).effect, POLICY_ALLOW);
    expect_result(remove_key(fixture, key_of(fixture, 3)->key_id, 1), REGISTRY_OK, "");
}

/* Everything of a key at its limit goes through a frame. */
static void largest_key(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    static char policy[POLICY_DOCUMENT_MAX_BYTES + 1];
    static char description[4 * 8192 + 1];
    static char keys[50][4 * 128 + 1];
    static char value[4 * 256 + 1];
    struct registry_tag tags[50];
    for (size_t i = 0; i < 8192; i++) {
        memcpy(description + 4 * i, "\xf0\x9f\x94\x91", 4);
    }
    memcpy(value, description, 4 * 256);
    for (size_t i = 0; i < 50; i++) {
        memcpy(keys[i], description, 4 * 128);
        memcpy(keys[i], (const char[]){(char)('0' + i), 'a', 'b', 'c'}, 4);
        keys[i][4 * 125] = '\0'; /* three characters more in front */
        tags[i] = (struct registry_tag){keys[i], value};
    }
    fill(policy, POLICY_DOCUMENT_MAX_BYTES);
    struct plain_key plain;
    plain_key_init(&plain, 1);
    plain.key.policy = policy;
    plain.key.policy_ms = NOW_MS;
    plain.key.description = description;
    plain.key.tags = tags;
    plain.key.n_tags = 50;
    expect_result(add_key(fixture, &plain.key), REGISTRY_OK, "");
    fixture_close(fixture);
    run_sql(fixture,
            "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1024)"
            " INSERT INTO materials SELECT x'00000001000000000000000000000000', i, randomblob(32), 1, 3 FROM n");
    fixture_open(fixture);
    struct registry_key again = *key_of(fixture, 1);
    assert_int_equal(again.n_materials, 1024);
    again.state = KEY_STATE_DISABLED;
    expect_result(replace_key(fixture, &again), REGISTRY_OK, "");
    fixture_reopen(fixture);
    assert_string_equal(key_of(fixture, 1)->policy, policy);
    assert_int_equal(key_of(fixture, 1)->revision, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(equal_texts_are_one_document),
        TEST(default_policy_is_the_accounts),
        TEST(policy_changes_with_the_key),
        TEST(bad_policies_are_refused),
        TEST(damaged_policies_deny),
        TEST(damaged_policy_is_replaced),
        TEST(largest_key),
    };
    return cmocka_run_group_tests_name("registry/policy", tests, NULL, NULL);
}
