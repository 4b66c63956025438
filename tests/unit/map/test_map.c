/* The hash map against a plain array, its hash against OpenSSL's. */
#include "base/map.h"

#include "siphash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MANY 20000

/* OpenSSL's MAC writes the same eight bytes, least significant first. */
static uint64_t siphash_by_openssl(const uint8_t seed[16], struct view bytes)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    size_t size = 8;
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
    uint8_t out[8];
    size_t written = 0;
    assert_int_equal(EVP_MAC_init(context, seed, 16, parameters), 1);
    assert_int_equal(EVP_MAC_update(context, bytes.data, bytes.len), 1);
    assert_int_equal(EVP_MAC_final(context, out, &written, sizeof out), 1);
    assert_int_equal(written, 8);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    return siphash_little_endian(out);
}

static void siphash_is_the_published_one(void **state)
{
    (void)state;
    uint8_t seed[16];
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof seed; i++) {
        seed[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    /* The example of the paper, appendix A: 15 bytes. */
    assert_true(siphash(seed, view_of(bytes, 15)) == 0xa129ca6149be45e5);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        assert_true(siphash(seed, view_of(bytes, len)) == siphash_by_openssl(seed, view_of(bytes, len)));
    }
}

static void empty_map_has_nothing(void **state)
{
    (void)state;
    struct map map;
    map_init(&map);
    size_t cursor = 0;
    assert_null(map_find(&map, view_of_string("a")));
    assert_null(map_remove(&map, view_of_string("a")));
    assert_null(map_next(&map, &cursor));
    assert_int_equal(map_count(&map), 0);
    map_clear(&map);
    map_clear(&map);
}

static void seeds_differ(void **state)
{
    (void)state;
    struct map a;
    struct map b;
    map_init(&a);
    map_init(&b);
    assert_memory_not_equal(a.seed, b.seed, MAP_SEED_BYTES);
}

static void keys_are_bytes_with_a_length(void **state)
{
    (void)state;
    struct map map;
    map_init(&map);
    int values[4];
    assert_int_equal(map_add(&map, view_of(NULL, 0), &values[0]), MAP_ADDED);
    assert_int_equal(map_add(&map, view_of("\0", 1), &values[1]), MAP_ADDED);
    assert_int_equal(map_add(&map, view_of("\0\0", 2), &values[2]), MAP_ADDED);
    assert_int_equal(map_add(&map, view_of("\0a", 2), &values[3]), MAP_ADDED);
    assert_ptr_equal(map_find(&map, view_of("", 0)), &values[0]);
    assert_ptr_equal(map_find(&map, view_of("\0", 1)), &values[1]);
    assert_ptr_equal(map_find(&map, view_of("\0\0", 2)), &values[2]);
    assert_ptr_equal(map_find(&map, view_of("\0a", 2)), &values[3]);
    assert_null(map_find(&map, view_of("a", 1)));
    map_clear(&map);
}

static void second_value_for_a_key_is_refused(void **state)
{
    (void)state;
    struct map map;
    map_init(&map);
    int first;
    int second;
    char same[] = "name";
    assert_int_equal(map_add(&map, view_of_string("name"), &first), MAP_ADDED);
    assert_int_equal(map_add(&map, view_of_string(same), &second), MAP_EXISTS);
    assert_ptr_equal(map_find(&map, view_of_string("name")), &first);
    assert_int_equal(map_count(&map), 1);
    map_clear(&map);
}

static void reserved_room_is_not_reallocated(void **state)
{
    (void)state;
    struct map map;
    map_init(&map);
    static uint32_t keys[1000];
    assert_true(map_reserve(&map, 1000));
    const struct map_slot *slots = map.slots;
    for (uint32_t i = 0; i < 1000; i++) {
        keys[i] = i;
        assert_int_equal(map_add(&map, view_of(&keys[i], sizeof keys[i]), &keys[i]), MAP_ADDED);
    }
    assert_ptr_equal(map.slots, slots);
    assert_true(map_reserve(&map, 10)); /* never shrinks */
    assert_ptr_equal(map.slots, slots);
    map_clear(&map);
}

static void absurd_sizes_are_refused(void **state)
{
    (void)state;
    struct map map;
    map_init(&map);
    int value;
    assert_int_equal(map_add(&map, view_of_string("a"), &value), MAP_ADDED);
    assert_false(map_reserve(&map, SIZE_MAX));
    assert_false(map_reserve(&map, MAP_MAX_ENTRIES + 1));
    assert_int_equal(map_add(&map, view_of("a", (size_t)UINT32_MAX + 1), &value), MAP_NO_MEMORY);
    assert_int_equal(map_count(&map), 1);
    assert_ptr_equal(map_find(&map, view_of_string("a")), &value);
    map_clear(&map);
}

static struct view key_of(const uint32_t *key)
{
    return view_of(key, sizeof *key);
}

/* Adds and removes at random, with the same seed each run, and compares with an array of what must be there. */
static void agrees_with_an_array(void **state)
{
    (void)state;
    static uint32_t keys[MANY];
    static bool present[MANY];
    struct map map;
    map_init(&map);
    size_t expected = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        keys[i] = i;
        present[i] = false;
    }
    srandom(1);
    for (int step = 0; step < 10 * MANY; step++) {
        size_t i = (size_t)random() % MANY;
        if (random() % 3 != 0) {
            assert_int_equal(map_add(&map, key_of(&keys[i]), &keys[i]), present[i] ? MAP_EXISTS : MAP_ADDED);
            expected += present[i] ? 0 : 1;
            present[i] = true;
        } else {
            assert_ptr_equal(map_remove(&map, key_of(&keys[i])), present[i] ? &keys[i] : NULL);
            expected -= present[i] ? 1 : 0;
            present[i] = false;
        }
        assert_int_equal(map_count(&map), expected);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_ptr_equal(map_find(&map, key_of(&keys[i])), present[i] ? &keys[i] : NULL);
    }
    size_t walked = 0;
    size_t cursor = 0;
    for (uint32_t *key = map_next(&map, &cursor); key != NULL; key = map_next(&map, &cursor)) {
        assert_true(present[*key]);
        walked++;
    }
    assert_int_equal(walked, expected);
    for (size_t i = 0; i < MANY; i++) {
        assert_ptr_equal(map_remove(&map, key_of(&keys[i])), present[i] ? &keys[i] : NULL);
    }
    assert_int_equal(map_count(&map), 0);
    map_clear(&map);
}

/* Followers that wrap around the end of a small, full table must be found after each removal. */
static void removal_in_a_full_table_keeps_the_rest(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct map map;
        map_init(&map);
        uint32_t keys[12]; /* room of the smallest table */
        for (uint32_t i = 0; i < 12; i++) {
            keys[i] = (uint32_t)round * 100 + i;
            assert_int_equal(map_add(&map, key_of(&keys[i]), &keys[i]), MAP_ADDED);
        }
        for (size_t gone = 0; gone < 12; gone++) {
            assert_ptr_equal(map_remove(&map, key_of(&keys[gone])), &keys[gone]);
            for (size_t i = 0; i < 12; i++) {
                assert_ptr_equal(map_find(&map, key_of(&keys[i])), i > gone ? &keys[i] : NULL);
            }
        }
        map_clear(&map);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_is_the_published_one),
        cmocka_unit_test(empty_map_has_nothing),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(keys_are_bytes_with_a_length),
        cmocka_unit_test(second_value_for_a_key_is_refused),
        cmocka_unit_test(reserved_room_is_not_reallocated),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(agrees_with_an_array),
        cmocka_unit_test(removal_in_a_full_table_keeps_the_rest),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
