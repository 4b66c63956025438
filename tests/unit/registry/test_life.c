/* Keys from birth to the next start: what was answered is there, in order, whole. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void key_comes_back_whole(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key plain;
    plain_key_init(&plain, 7);
    struct registry_tag tags[] = {{(char *)"zone", (char *)""}, {(char *)"caf\xc3\xa9", (char *)"\xe2\x82\xac"}};
    plain.key.description = (char *)"invoices \xe2\x80\x93 2024";
    plain.key.token = (char *)"second";
    plain.key.spec = KEY_SPEC_RSA_3072;
    plain.key.boundary = KEY_BOUNDARY_OPEN;
    plain.key.tags = tags;
    plain.key.n_tags = 2;
    plain.key.n_aliases = 99; /* not looked at */
    assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);

    for (int round = 0; round < 2; round++) {
        const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
        assert_non_null(key);
        assert_string_equal(key->key_id_text, "00000007-0000-0000-0000-000000000000");
        assert_string_equal(key->account, ACCOUNT);
        assert_string_equal(key->token, "second");
        assert_string_equal(key->description, plain.key.description);
        assert_int_equal(key->spec, KEY_SPEC_RSA_3072);
        assert_int_equal(key->usage, KEY_USAGE_ENCRYPT_DECRYPT);
        assert_int_equal(key->state, KEY_STATE_ENABLED);
        assert_int_equal(key->boundary, KEY_BOUNDARY_OPEN);
        assert_int_equal(key->created_ms, NOW_MS);
        assert_int_equal(key->n_materials, 1);
        assert_memory_equal(key->materials[0].id, plain.material.id, MATERIAL_ID_BYTES);
        assert_int_equal(key->materials[0].created_ms, NOW_MS);
        assert_int_equal(key->n_aliases, 0);
        assert_int_equal(key->n_tags, 2);
        assert_string_equal(key->tags[0].key, tags[1].key); /* byte order */
        assert_string_equal(key->tags[0].value, tags[1].value);
        assert_string_equal(key->tags[1].key, "zone");
        assert_string_equal(key->tags[1].value, "");
        assert_ptr_equal(registry_key_of_material(fixture->registry, plain.material.id), key);
        assert_int_equal(registry_keys(fixture->registry), 1);
        fixture_reopen(fixture);
    }
}

static void known_ids_are_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key first;
    struct plain_key same_id;
    struct plain_key same_material;
    plain_key_init(&first, 1);
    plain_key_init(&same_id, 1);
    plain_key_init(&same_material, 2);
    same_id.material.id[9] = 9;
    same_material.material = first.material;
    assert_int_equal(add_key(fixture, &first.key).code, REGISTRY_OK);
    struct registry_result result = add_key(fixture, &same_id.key);
    assert_int_equal(result.code, REGISTRY_EXISTS);
    assert_int_not_equal(result.detail[0], '\0');
    assert_int_equal(add_key(fixture, &same_material.key).code, REGISTRY_EXISTS);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(registry_keys(fixture->registry), 1);
        assert_null(registry_key_find(fixture->registry, same_material.key.key_id)); /* its row was taken back */
        assert_null(registry_key_of_material(fixture->registry, same_id.material.id));
        fixture_reopen(fixture);
    }
}

static void keys_are_paged_by_account(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    const uint32_t order[] = {5, 1, 9, 3, 7, 2, 8, 4, 6, 0};
    for (size_t i = 0; i < 10; i++) {
        struct plain_key plain;
        plain_key_init(&plain, order[i]);
        memcpy(plain.key.account, order[i] % 2 == 0 ? ACCOUNT : OTHER_ACCOUNT, ACCOUNT_TEXT_BYTES);
        assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);
    }
    for (int round = 0; round < 2; round++) {
        const uint8_t *after = NULL;
        for (uint8_t n = 0; n < 10; n += 2) {
            const struct registry_key *key = registry_key_after(fixture->registry, ACCOUNT, after);
            assert_non_null(key);
            assert_int_equal(key->key_id[3], n);
            after = key->key_id;
        }
        assert_null(registry_key_after(fixture->registry, ACCOUNT, after));
        uint8_t between[KEY_ID_BYTES] = {0, 0, 0, 3, 1};
        assert_int_equal(registry_key_after(fixture->registry, OTHER_ACCOUNT, between)->key_id[3], 5);
        assert_null(registry_key_after(fixture->registry, "999999999999", NULL));
        assert_int_equal(registry_account_keys(fixture->registry, ACCOUNT), 5);
        assert_int_equal(registry_account_keys(fixture->registry, "999999999999"), 0);
        assert_int_equal(registry_keys(fixture->registry), 10);
        fixture_reopen(fixture);
    }
}

/* Texts at their limits are stored; one more is refused by the same rules that are used when reading. */
static void sizes_at_their_limits(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    static char description[4 * 8192 + 5];
    for (size_t i = 0; i < 8192; i++) {
        memcpy(description + 4 * i, "\xf0\x9f\x94\x91", 4);
    }
    struct registry_tag tags[51];
    static char names[51][129];
    static char value[257];
    memset(value, 'v', 256);
    for (size_t i = 0; i < 51; i++) {
        memset(names[i], 'k', 128);
        names[i][0] = (char)('0' + i);
        tags[i] = (struct registry_tag){names[i], value};
    }
    struct plain_key plain;
    plain_key_init(&plain, 1);
    plain.key.description = description;
    plain.key.tags = tags;
    plain.key.n_tags = 50;
    assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);
    char name[258];
    memset(name, 'n', sizeof name);
    memcpy(name, "alias/", 6);
    name[256] = '\0';
    assert_int_equal(add_alias(fixture, ACCOUNT, name, plain.key.key_id).code, REGISTRY_OK);
    fixture_reopen(fixture);
    const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
    assert_string_equal(key->description, description);
    assert_int_equal(key->n_tags, 50);
    assert_non_null(registry_alias_find(fixture->registry, ACCOUNT, name));

    name[256] = 'n';
    name[257] = '\0';
    assert_int_equal(add_alias(fixture, ACCOUNT, name, plain.key.key_id).code, REGISTRY_STORE);
    assert_null(registry_alias_find(fixture->registry, ACCOUNT, name));
    plain_key_init(&plain, 2);
    plain.key.tags = tags;
    plain.key.n_tags = 51;
    struct registry_result result = add_key(fixture, &plain.key);
    expect_result(result, REGISTRY_STORE, "too many tags");
    assert_int_equal(registry_keys(fixture->registry), 1);
}

/* What would be refused at the next start is refused now. */
static void bad_values_are_not_written(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct registry_tag twice[] = {{(char *)"a", (char *)""}, {(char *)"b", (char *)""}, {(char *)"a", (char *)""}};
    struct plain_key keys[8];
    for (uint32_t i = 0; i < 8; i++) {
        plain_key_init(&keys[i], i + 1);
    }
    keys[0].key.description = (char *)"\xc0\x80";
    keys[1].key.account[3] = 'x';
    keys[2].key.token = (char *)"";
    keys[3].key.spec = (enum key_spec)5;
    keys[4].key.n_materials = 0;
    keys[5].key.created_ms = -1;
    keys[6].key.tags = twice;
    keys[6].key.n_tags = 3;
    keys[7].key.state = (enum key_state)0;
    for (size_t i = 0; i < 8; i++) {
        struct registry_result result = add_key(fixture, &keys[i].key);
        expect_result(result, REGISTRY_STORE, "not written");
    }
    struct plain_key good;
    add_plain_key(fixture, 9, &good);
    const char *const names[] = {"alias/", "alia/x", "x", "", "alias/a b", "alias/\xc3\xa9", "Alias/x"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(add_alias(fixture, ACCOUNT, names[i], good.key.key_id).code, REGISTRY_STORE);
    }
    assert_int_equal(add_alias(fixture, "11112222333", "alias/x", good.key.key_id).code, REGISTRY_STORE);
    fixture_reopen(fixture);
    assert_int_equal(registry_keys(fixture->registry), 1);
    assert_int_equal(registry_aliases(fixture->registry), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(key_comes_back_whole),  TEST(known_ids_are_refused),      TEST(keys_are_paged_by_account),
        TEST(sizes_at_their_limits), TEST(bad_values_are_not_written),
    };
    return cmocka_run_group_tests_name("registry/life", tests, NULL, NULL);
}
