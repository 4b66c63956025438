/* Users and roles: what was answered is there at the next start with its policies and access keys; of two who saw the
 * same one wins; names and ids are unique. */
#include "fixture_who.h"
#include "policy/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void principal_comes_back_whole(void **state)
{
    struct fixture *fixture = *state;
    struct plain_principal plain;
    fixture_open(fixture);
    plain_principal_init(&plain, 7);
    expect_result(add_principal(fixture, &plain.principal), REGISTRY_OK, "");
    for (int round = 0; round < 2; round++) {
        const struct registry_principal *found = user(fixture, "user-007");
        assert_non_null(found);
        assert_string_equal(found->account, ACCOUNT);
        assert_int_equal(found->kind, PRINCIPAL_USER);
        assert_string_equal(found->path, "/staff/");
        assert_string_equal(found->unique_id, plain.principal.unique_id);
        assert_int_equal(found->created_ms, NOW_MS);
        assert_int_equal(found->revision, 1);
        assert_int_equal(found->n_policies, 2);
        assert_string_equal(found->policies[0].name, "apple"); /* byte order */
        assert_string_equal(found->policies[0].text, plain.texts[1]);
        assert_string_equal(found->policies[1].name, "zebra");
        assert_int_equal(policy_document_kind(registry_policy_document(found->policies[1].compiled)),
                         POLICY_KIND_IDENTITY);
        assert_int_equal(found->n_access_keys, 2);
        assert_string_equal(found->access_keys[0].id, plain.access_keys[1].id);
        assert_string_equal(found->access_keys[0].secret, plain.access_keys[1].secret);
        assert_int_equal(found->access_keys[0].status, ACCESS_KEY_INACTIVE);
        assert_int_equal(found->access_keys[1].created_ms, NOW_MS);
        const struct registry_access_key *key = NULL;
        assert_ptr_equal(registry_principal_of_access_key(fixture->registry, plain.access_keys[0].id, &key), found);
        assert_ptr_equal(key, &found->access_keys[1]);
        assert_ptr_equal(registry_principal_of_access_key(fixture->registry, plain.access_keys[0].id, NULL), found);
        assert_null(registry_principal_of_access_key(fixture->registry, "AKIA0000000000000999", NULL));
        assert_null(registry_principal_find(fixture->registry, ACCOUNT, PRINCIPAL_ROLE, "user-007"));
        assert_null(registry_principal_find(fixture->registry, OTHER_ACCOUNT, PRINCIPAL_USER, "user-007"));
        assert_int_equal(registry_principals(fixture->registry), 1);
        fixture_reopen(fixture);
    }
}

static void principals_are_paged_by_name(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    static const unsigned order[] = {5, 1, 9, 3, 7, 2, 8, 4, 6};
    for (size_t i = 0; i < 9; i++) {
        struct plain_principal plain;
        plain_principal_init(&plain, order[i]);
        if (order[i] % 2 == 0) {
            plain.principal.kind = PRINCIPAL_ROLE;
            plain.principal.n_access_keys = 0;
            memcpy(plain.principal.unique_id, "AROA", 4);
        }
        expect_result(add_principal(fixture, &plain.principal), REGISTRY_OK, "");
    }
    for (int round = 0; round < 2; round++) {
        const char *after = NULL;
        for (char digit = '1'; digit <= '9'; digit += 2) {
            const struct registry_principal *next =
                registry_principal_after(fixture->registry, ACCOUNT, PRINCIPAL_USER, after);
            assert_non_null(next);
            assert_int_equal(next->name[7], digit);
            after = next->name;
        }
        assert_null(registry_principal_after(fixture->registry, ACCOUNT, PRINCIPAL_USER, after));
        assert_string_equal(registry_principal_after(fixture->registry, ACCOUNT, PRINCIPAL_ROLE, "user-005")->name,
                            "user-006");
        assert_null(registry_principal_after(fixture->registry, OTHER_ACCOUNT, PRINCIPAL_USER, NULL));
        assert_null(registry_principal_after(fixture->registry, ACCOUNT, (enum principal_kind)3, NULL));
        assert_int_equal(registry_account_principals(fixture->registry, ACCOUNT, PRINCIPAL_USER), 5);
        assert_int_equal(registry_account_principals(fixture->registry, ACCOUNT, PRINCIPAL_ROLE), 4);
        assert_int_equal(registry_account_principals(fixture->registry, OTHER_ACCOUNT, PRINCIPAL_ROLE), 0);
        fixture_reopen(fixture);
    }
}

/* One whole that may be changed; its lists borrow from the registry. */
struct changed_principal {
    struct registry_principal principal;
    struct registry_identity_policy policies[PRINCIPAL_MAX_POLICIES];
    struct registry_access_key access_keys[PRINCIPAL_MAX_ACCESS_KEYS];
};

static void changed_init(const struct fixture *fixture, const char *name, struct changed_principal *changed)
{
    const struct registry_principal *known = user(fixture, name);
    assert_non_null(known);
    changed->principal = *known;
    memcpy(changed->policies, known->policies, known->n_policies * sizeof *known->policies);
    memcpy(changed->access_keys, known->access_keys, known->n_access_keys * sizeof *known->access_keys);
    changed->principal.policies = changed->policies;
    changed->principal.access_keys = changed->access_keys;
}

static void policies_and_access_keys_change(void **state)
{
    struct fixture *fixture = *state;
    struct plain_principal plain;
    struct changed_principal changed;
    char text[POLICY_TEXT_BYTES];
    fixture_open(fixture);
    plain_principal_init(&plain, 1);
    expect_result(add_principal(fixture, &plain.principal), REGISTRY_OK, "");
    changed_init(fixture, "user-001", &changed);
    identity_policy_write(99, text);
    changed.policies[0] = (struct registry_identity_policy){(char *)"new", text, NULL};
    changed.principal.n_policies = 1;
    changed.access_keys[0].status = ACCESS_KEY_ACTIVE;
    changed.principal.n_access_keys = 1;
    expect_result(replace_principal(fixture, &changed.principal), REGISTRY_OK, "");
    changed_init(fixture, "user-001", &changed); /* the old pointers ended with the turn of the loop */
    changed.principal.revision = 1;
    expect_result(replace_principal(fixture, &changed.principal), REGISTRY_CONFLICT, "changed meanwhile");
    for (int round = 0; round < 2; round++) {
        const struct registry_principal *found = user(fixture, "user-001");
        assert_int_equal(found->revision, 2);
        assert_int_equal(found->n_policies, 1);
        assert_string_equal(found->policies[0].name, "new");
        assert_string_equal(found->policies[0].text, text);
        assert_int_equal(found->n_access_keys, 1);
        assert_int_equal(found->access_keys[0].status, ACCESS_KEY_ACTIVE);
        assert_non_null(registry_principal_of_access_key(fixture->registry, plain.access_keys[1].id, NULL));
        assert_null(registry_principal_of_access_key(fixture->registry, plain.access_keys[0].id, NULL));
        assert_int_equal(registry_principals(fixture->registry), 1);
        fixture_reopen(fixture);
    }
    changed_init(fixture, "user-001", &changed);
    changed.principal.path = (char *)"/";
    expect_result(replace_principal(fixture, &changed.principal), REGISTRY_STORE, "do not change");
    changed.principal.name = (char *)"user-002";
    expect_result(replace_principal(fixture, &changed.principal), REGISTRY_NOT_FOUND, "no such principal");
}

static void names_and_ids_are_unique(void **state)
{
    struct fixture *fixture = *state;
    struct plain_principal first;
    struct plain_principal other;
    struct changed_principal changed;
    fixture_open(fixture);
    plain_principal_init(&first, 1);
    expect_result(add_principal(fixture, &first.principal), REGISTRY_OK, "");
    plain_principal_init(&other, 2);
    other.principal.name = (char *)"user-001";
    other.principal.path = (char *)"/";
    expect_result(add_principal(fixture, &other.principal), REGISTRY_EXISTS, "");
    plain_principal_init(&other, 2);
    memcpy(other.principal.unique_id, first.principal.unique_id, PRINCIPAL_ID_BYTES);
    expect_result(add_principal(fixture, &other.principal), REGISTRY_EXISTS, "");
    plain_principal_init(&other, 2);
    memcpy(other.access_keys[0].id, first.access_keys[1].id, ACCESS_KEY_ID_BYTES);
    expect_result(add_principal(fixture, &other.principal), REGISTRY_EXISTS, "");
    assert_int_equal(registry_principals(fixture->registry), 1);
    memcpy(other.principal.account, OTHER_ACCOUNT, ACCOUNT_TEXT_BYTES);
    other.principal.name = (char *)"user-001"; /* another account's */
    other.principal.n_access_keys = 0;
    expect_result(add_principal(fixture, &other.principal), REGISTRY_OK, "");
    plain_principal_init(&other, 3);
    expect_result(add_principal(fixture, &other.principal), REGISTRY_OK, "");
    changed_init(fixture, "user-003", &changed);
    memcpy(changed.access_keys[1].id, first.access_keys[0].id, ACCESS_KEY_ID_BYTES);
    expect_result(replace_principal(fixture, &changed.principal), REGISTRY_EXISTS, "");
    fixture_reopen(fixture);
    assert_int_equal(registry_principals(fixture->registry), 3);
    assert_int_equal(user(fixture, "user-003")->revision, 1);
}

/* Whoever saw the first of that name does not change the second. */
static void same_name_is_another(void **state)
{
    struct fixture *fixture = *state;
    struct plain_principal first;
    struct plain_principal second;
    fixture_open(fixture);
    plain_principal_init(&first, 1);
    plain_principal_init(&second, 2);
    second.principal.name = first.name;
    expect_result(add_principal(fixture, &first.principal), REGISTRY_OK, "");
    expect_result(remove_user(fixture, "user-001", 2, NOW_MS + 10), REGISTRY_CONFLICT, "");
    struct answer answers[3] = {0};
    registry_principal_remove(fixture->registry, ACCOUNT, PRINCIPAL_USER, "user-001", 1, NOW_MS, on_answer,
                              &answers[0]);
    registry_principal_add(fixture->registry, &second.principal, on_answer, &answers[1]);
    registry_principal_remove(fixture->registry, ACCOUNT, PRINCIPAL_USER, "user-001", 1, NOW_MS, on_answer,
                              &answers[2]);
    fixture_run_until(fixture, &answers[2].calls, 1);
    assert_int_equal(answers[0].result.code, REGISTRY_OK);
    assert_int_equal(answers[1].result.code, REGISTRY_OK);
    assert_int_equal(answers[2].result.code, REGISTRY_NOT_FOUND); /* was meant for the first */
    first.principal.revision = 1;
    expect_result(replace_principal(fixture, &first.principal), REGISTRY_CONFLICT, "another principal");
    for (int round = 0; round < 2; round++) {
        assert_string_equal(user(fixture, "user-001")->unique_id, second.principal.unique_id);
        assert_null(registry_principal_of_access_key(fixture->registry, first.access_keys[0].id, NULL));
        fixture_reopen(fixture);
    }
    expect_result(remove_user(fixture, "user-001", 1, NOW_MS + 10), REGISTRY_OK, "");
    expect_result(remove_user(fixture, "user-001", 1, NOW_MS + 10), REGISTRY_NOT_FOUND, "");
    assert_int_equal(registry_account_principals(fixture->registry, ACCOUNT, PRINCIPAL_USER), 0);
}

/* The last one counts, for ever; never before he was made, and never before another of his name, whatever the clock
 * says. */
static void departures_stay(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        int64_t created_ms, now_ms, departed_ms;
    } cases[] = {
        {NOW_MS, NOW_MS + 5, NOW_MS + 5},           {NOW_MS, NOW_MS + 9, NOW_MS + 9},
        {NOW_MS, NOW_MS + 9, NOW_MS + 10},          {NOW_MS, 0, NOW_MS + 11},
        {NOW_MS + 50, NOW_MS + 20, NOW_MS + 50},    {INT64_C(253402300799999), 1, INT64_C(253402300799999)},
        {NOW_MS, NOW_MS, INT64_C(253402300799999)},
    };
    fixture_open(fixture);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plain_principal plain;
        plain_principal_init(&plain, i);
        plain.principal.name = (char *)"alice";
        plain.principal.created_ms = cases[i].created_ms;
        expect_result(add_principal(fixture, &plain.principal), REGISTRY_OK, "");
        const int64_t before_ms = departed_ms(fixture, "alice");
        assert_int_equal(before_ms, i == 0 ? 0 : cases[i - 1].departed_ms); /* making him changes nothing */
        expect_result(remove_user(fixture, "alice", 2, NOW_MS + 10), REGISTRY_CONFLICT, "");
        assert_int_equal(departed_ms(fixture, "alice"), before_ms);
        expect_result(remove_user(fixture, "alice", 1, cases[i].now_ms), REGISTRY_OK, "");
        for (int round = 0; round < 2; round++) {
            assert_int_equal(departed_ms(fixture, "alice"), cases[i].departed_ms);
            fixture_reopen(fixture);
        }
    }
    assert_int_equal(registry_departures(fixture->registry), sizeof cases / sizeof cases[0]);
    assert_int_equal(departed_ms(fixture, "alic"), 0);
    assert_int_equal(registry_principal_departed_ms(fixture->registry, ACCOUNT, PRINCIPAL_ROLE, "alice"), 0);
    assert_int_equal(registry_principal_departed_ms(fixture->registry, OTHER_ACCOUNT, PRINCIPAL_USER, "alice"), 0);
    expect_result(remove_user(fixture, "bob", 1, NOW_MS), REGISTRY_NOT_FOUND, "");
    assert_int_equal(departed_ms(fixture, "bob"), 0);
}

/* Of several of one name each is known by what was written in his days, the oldest by nothing. */
static void each_who_departed_has_his_id(void **state)
{
    struct fixture *fixture = *state;
    enum { LEAVE = REGISTRY_DEPARTED_IDS + 3 };
    fixture_open(fixture);
    for (unsigned i = 0; i < LEAVE; i++) {
        struct plain_principal plain;
        plain_principal_init(&plain, i);
        plain.principal.name = (char *)"alice";
        expect_result(add_principal(fixture, &plain.principal), REGISTRY_OK, "");
        expect_result(remove_user(fixture, "alice", 1, NOW_MS + 10 * (i + 1)), REGISTRY_OK, "");
        if (i == 0) {
            assert_string_equal(departed_id(fixture, "alice", 0), "AIDA00000000000000000");
        }
    }
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < LEAVE; i++) {
            char unique_id[PRINCIPAL_ID_BYTES];
            snprintf(unique_id, sizeof unique_id, "AIDA%017u", i);
            for (int ms = 1; ms <= 10; ms += 9) { /* from after the one before him to his last millisecond */
                const char *found = departed_id(fixture, "alice", NOW_MS + 10 * i + ms);
                assert_true(i < LEAVE - REGISTRY_DEPARTED_IDS ? found == NULL
                                                              : found != NULL && strcmp(found, unique_id) == 0);
            }
        }
        assert_int_equal(registry_departures(fixture->registry), REGISTRY_DEPARTED_IDS + 1);
        assert_int_equal(departed_ms(fixture, "alice"), NOW_MS + 10 * LEAVE);
        assert_null(departed_id(fixture, "alice", NOW_MS + 10 * LEAVE + 1));
        assert_null(departed_id(fixture, "alic", NOW_MS));
        assert_null(registry_principal_departed_id(fixture->registry, ACCOUNT, PRINCIPAL_ROLE, "alice", NOW_MS));
        assert_null(registry_principal_departed_id(fixture->registry, OTHER_ACCOUNT, PRINCIPAL_USER, "alice", NOW_MS));
        fixture_reopen(fixture);
    }
    fixture_close(fixture);
    run_sql(fixture, "CREATE TEMP TABLE t (n INTEGER CHECK (n = 9));" /* and those are all that the file has */
                     " INSERT INTO t SELECT count(*) FROM departures");
}

/* Twenty policies of 10240 bytes, all texts at their limits; one more or one byte more is refused. */
static void sizes_at_their_limits(void **state)
{
    struct fixture *fixture = *state;
    static char texts[21][PRINCIPAL_POLICY_MAX_BYTES + 2];
    static char names[21][POLICY_NAME_MAX_BYTES + 1];
    struct registry_identity_policy policies[21];
    char name[PRINCIPAL_NAME_MAX_BYTES + 2];
    char path[PRINCIPAL_PATH_MAX_BYTES + 2];
    fixture_open(fixture);
    for (unsigned i = 0; i < 21; i++) {
        identity_policy_write(i, texts[i]);
        size_t len = strlen(texts[i]);
        memset(texts[i] + len, ' ', PRINCIPAL_POLICY_MAX_BYTES - len);
        memset(names[i], (int)('a' + i), POLICY_NAME_MAX_BYTES);
        policies[i] = (struct registry_identity_policy){names[i], texts[i], NULL};
    }
    memset(name, 'n', sizeof name);
    name[PRINCIPAL_NAME_MAX_BYTES] = '\0';
    memset(path, 'p', sizeof path);
    path[0] = path[PRINCIPAL_PATH_MAX_BYTES - 1] = '/';
    path[PRINCIPAL_PATH_MAX_BYTES] = '\0';
    struct plain_principal plain;
    plain_principal_init(&plain, 1);
    plain.principal.name = name;
    plain.principal.path = path;
    plain.principal.policies = policies;
    plain.principal.n_policies = 21;
    expect_result(add_principal(fixture, &plain.principal), REGISTRY_STORE, "too many");
    plain.principal.n_policies = 20;
    texts[5][PRINCIPAL_POLICY_MAX_BYTES] = ' ';
    expect_result(add_principal(fixture, &plain.principal), REGISTRY_STORE, "too long");
    texts[5][PRINCIPAL_POLICY_MAX_BYTES] = '\0';
    expect_result(add_principal(fixture, &plain.principal), REGISTRY_OK, "");
    fixture_reopen(fixture);
    const struct registry_principal *found = user(fixture, name);
    assert_non_null(found);
    assert_int_equal(found->n_policies, 20);
    assert_string_equal(found->policies[19].text, texts[19]);
    assert_string_equal(found->path, path);
}

/* What would be refused at the next start is refused now, and no answer tells a secret. */
static void bad_values_are_not_written(void **state)
{
    struct fixture *fixture = *state;
    struct plain_principal p[16];
    fixture_open(fixture);
    for (unsigned i = 0; i < 16; i++) {
        plain_principal_init(&p[i], i);
    }
    p[0].principal.name = (char *)"a b";
    p[1].principal.name = (char *)"";
    p[2].principal.path = (char *)"/a//b/";
    p[3].principal.path = (char *)"a/";
    p[4].principal.account[0] = 'x';
    p[5].principal.kind = (enum principal_kind)3;
    p[6].principal.unique_id[20] = 'a';
    p[7].principal.kind = PRINCIPAL_ROLE; /* with a user's id */
    p[8].policies[0].name = (char *)"a/b";
    p[9].policies[0].name = (char *)"apple";
    p[10].policies[0].text = (char *)"{\"Statement\":[]}";
    p[11].access_keys[0].id[0] = 'X';
    p[12].access_keys[0].secret[39] = '\0';
    p[13].access_keys[0].status = (enum access_key_status)3;
    p[14].principal.created_ms = -1;
    p[15].access_keys[0].secret[3] = '\n';
    for (size_t i = 0; i < 16; i++) {
        struct registry_result result = add_principal(fixture, &p[i].principal);
        expect_result(result, REGISTRY_STORE, "not written");
        assert_null(strstr(result.detail, "secret/of"));
    }
    struct plain_principal role;
    plain_principal_init(&role, 50);
    role.principal.kind = PRINCIPAL_ROLE;
    memcpy(role.principal.unique_id, "AROA", 4);
    expect_result(add_principal(fixture, &role.principal), REGISTRY_STORE, "too many access keys");
    fixture_reopen(fixture);
    assert_int_equal(registry_principals(fixture->registry), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(principal_comes_back_whole),
        TEST(principals_are_paged_by_name),
        TEST(policies_and_access_keys_change),
        TEST(names_and_ids_are_unique),
        TEST(same_name_is_another),
        TEST(sizes_at_their_limits),
        TEST(departures_stay),
        TEST(each_who_departed_has_his_id),
        TEST(bad_values_are_not_written),
    };
    return cmocka_run_group_tests_name("registry/principal", tests, NULL, NULL);
}
