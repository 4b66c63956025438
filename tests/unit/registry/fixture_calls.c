/* A registry on a real file: keys, and calls that wait for their answer; see fixture.h. */
#include "fixture_who.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void on_answer(void *arg, struct registry_result result)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->result = result;
}

struct registry_result wait_for_answer(struct fixture *fixture, struct answer *answer)
{
    assert_int_equal(answer->calls, 0); /* never before the call returned */
    fixture_run_until(fixture, &answer->calls, 1);
    assert_int_equal(answer->calls, 1);
    return answer->result;
}

struct registry_result add_key(struct fixture *fixture, const struct registry_key *key)
{
    struct answer answer = {0};
    registry_key_add(fixture->registry, key, on_answer, &answer);
    return wait_for_answer(fixture, &answer);
}

struct registry_result replace_key(struct fixture *fixture, const struct registry_key *key)
{
    struct answer answer = {0};
    registry_key_replace(fixture->registry, key, on_answer, &answer);
    return wait_for_answer(fixture, &answer);
}

struct registry_result remove_key(struct fixture *fixture, const uint8_t *key_id, uint64_t revision)
{
    struct answer answer = {0};
    registry_key_remove(fixture->registry, key_id, revision, NOW_MS + 9, on_answer, &answer);
    return wait_for_answer(fixture, &answer);
}

struct registry_result remove_retired(struct fixture *fixture, const uint8_t *material_id)
{
    struct answer answer = {0};
    registry_retired_remove(fixture->registry, material_id, on_answer, &answer);
    return wait_for_answer(fixture, &answer);
}

struct registry_result add_alias(struct fixture *fixture, const char *account, const char *name, const uint8_t *key_id)
{
    struct answer answer = {0};
    registry_alias_add(fixture->registry, account, name, key_id, NOW_MS, on_answer, &answer);
    return wait_for_answer(fixture, &answer);
}

struct registry_result retarget_alias(struct fixture *fixture, const char *name, const uint8_t *key_id, int64_t now_ms)
{
    struct answer answer = {0};
    registry_alias_retarget(fixture->registry, ACCOUNT, name, key_id, now_ms, on_answer, &answer);
    return wait_for_answer(fixture, &answer);
}

struct registry_result remove_alias(struct fixture *fixture, const char *name)
{
    struct answer answer = {0};
    registry_alias_remove(fixture->registry, ACCOUNT, name, on_answer, &answer);
    return wait_for_answer(fixture, &answer);
}

void add_until_taken(struct fixture *fixture, const struct registry_key *key)
{
    const int64_t deadline = monotonic_ms() + 30000;
    struct registry_result result = add_key(fixture, key);
    while (result.code == REGISTRY_STORE) {
        assert_true(monotonic_ms() < deadline);
        turn(fixture, 20000);
        result = add_key(fixture, key);
    }
    assert_true(result.code == REGISTRY_OK || result.code == REGISTRY_EXISTS);
}

void plain_key_init(struct plain_key *plain, uint32_t n)
{
    *plain = (struct plain_key){
        .key = {.account = ACCOUNT,
                .token = (char *)"main",
                .description = (char *)"",
                .spec = KEY_SPEC_SYMMETRIC_DEFAULT,
                .usage = KEY_USAGE_ENCRYPT_DECRYPT,
                .state = KEY_STATE_ENABLED,
                .boundary = KEY_BOUNDARY_SEALED,
                .created_ms = NOW_MS,
                .n_materials = 1},
        .material = {.created_ms = NOW_MS},
    };
    plain->key.materials = &plain->material;
    for (size_t i = 0; i < 4; i++) {
        uint8_t byte = (uint8_t)(n >> (8 * (3 - i)));
        plain->key.key_id[i] = byte; /* in front: ids sort as their numbers */
        plain->material.id[i] = byte;
        plain->material.id[MATERIAL_ID_BYTES - 1 - i] = byte;
    }
}

void add_plain_key(struct fixture *fixture, uint32_t n, struct plain_key *ret)
{
    plain_key_init(ret, n);
    expect_result(add_key(fixture, &ret->key), REGISTRY_OK, "");
}

void ask_for_keys(struct fixture *fixture, uint32_t first, uint32_t n, struct answer *answers)
{
    for (uint32_t i = 0; i < n; i++) {
        struct plain_key plain;
        plain_key_init(&plain, first + i);
        answers[i] = (struct answer){0};
        registry_key_add(fixture->registry, &plain.key, on_answer, &answers[i]);
    }
}

void expect_result(struct registry_result result, enum registry_code code, const char *text)
{
    if (result.code != code || strstr(result.detail, text) == NULL) {
        fail_msg("%d %s, not %d %s", result.code, result.detail, code, text);
    }
}

void changed_key_init(const struct fixture *fixture, const uint8_t *key_id, struct changed_key *changed)
{
    const struct registry_key *key = registry_key_find(fixture->registry, key_id);
    assert_non_null(key);
    assert_true(key->n_materials <= sizeof changed->materials / sizeof changed->materials[0]);
    changed->key = *key;
    memcpy(changed->materials, key->materials, key->n_materials * sizeof *key->materials);
    changed->key.materials = changed->materials;
}

void changed_key_rotate(struct changed_key *changed, uint32_t n, enum material_origin origin)
{
    struct plain_key plain;
    plain_key_init(&plain, n);
    plain.material.origin = origin;
    assert_true(changed->key.n_materials < sizeof changed->materials / sizeof changed->materials[0]);
    changed->materials[changed->key.n_materials++] = plain.material;
}

void make_database(struct fixture *fixture)
{
    fixture_open(fixture);
    struct plain_key a;
    struct plain_key b;
    plain_key_init(&a, 1);
    plain_key_init(&b, 2);
    struct registry_tag tag = {(char *)"zone", (char *)"a"};
    a.key.tags = &tag;
    a.key.n_tags = 1;
    assert_int_equal(add_key(fixture, &a.key).code, REGISTRY_OK);
    assert_int_equal(add_key(fixture, &b.key).code, REGISTRY_OK);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/x", a.key.key_id).code, REGISTRY_OK);
    struct plain_key deleted;
    add_plain_key(fixture, 3, &deleted);
    assert_int_equal(remove_key(fixture, deleted.key.key_id, 1).code, REGISTRY_OK);
    struct plain_principal principal;
    plain_principal_init(&principal, 1);
    expect_result(add_principal(fixture, &principal.principal), REGISTRY_OK, "");
    plain_principal_init(&principal, 2);
    expect_result(add_principal(fixture, &principal.principal), REGISTRY_OK, "");
    expect_result(remove_user(fixture, "user-002", 1, NOW_MS + 10), REGISTRY_OK, "");
    struct plain_grant grant;
    plain_grant_init(&grant, 1, b.key.key_id);
    expect_result(add_grant(fixture, &grant.grant), REGISTRY_OK, "");
    fixture_close(fixture);
}
