/* Frames between the daemon and its writer, and the rules that they share with the database. */
#include "check.h"
#include "fixture.h"
#include "result.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct key_entry *full_key(void)
{
    struct plain_key plain;
    plain_key_init(&plain, 0x01020304);
    struct registry_tag tags[] = {{(char *)"b", (char *)"2"}, {(char *)"a", (char *)""}};
    struct registry_material materials[3];
    for (uint8_t i = 0; i < 3; i++) {
        materials[i] = plain.material;
        materials[i].id[9] = i;
        materials[i].created_ms = i;
        materials[i].origin = i == 0 ? MATERIAL_FIRST : MATERIAL_ROTATED_ON_DEMAND;
    }
    plain.key.description = (char *)"caf\xc3\xa9";
    plain.key.tags = tags;
    plain.key.n_tags = 2;
    plain.key.materials = materials;
    plain.key.n_materials = 3;
    plain.key.rotation_days = 365;
    plain.key.next_rotation_ms = NOW_MS;
    plain.key.revision = 7;
    plain.key.policy = (char *)"{}"; /* whether it compiles is not the frame's to say */
    plain.key.policy_ms = NOW_MS + 3;
    struct key_entry *entry = key_entry_copy(&plain.key);
    assert_non_null(entry);
    return entry;
}

static struct alias_entry *full_alias(void)
{
    const uint8_t key_id[KEY_ID_BYTES] = {1, 2, 3};
    struct alias_entry *entry = alias_entry_new(view_of_string(ACCOUNT), view_of_string("alias/x"), key_id);
    assert_non_null(entry);
    entry->alias.created_ms = 5;
    entry->alias.updated_ms = 6;
    return entry;
}

/* One frame of each kind but those of test_wire_who.c, one behind the other. */
static void write_all_kinds(struct buffer *out)
{
    struct key_entry *key = full_key();
    struct alias_entry *alias = full_alias();
    const struct registry_result result = registry_failure(REGISTRY_EXISTS, "is there already");
    const struct registry_result fine = registry_ok();
    assert_true(wire_write_change(out, 1, &(struct change){.kind = CHANGE_KEY_ADD, .key = key}));
    assert_true(wire_write_change(out, 2, &(struct change){.kind = CHANGE_ALIAS_ADD, .alias = alias}));
    assert_true(wire_write_change(out, 3, &(struct change){.kind = CHANGE_ALIAS_RETARGET, .alias = alias}));
    assert_true(wire_write_change(out, 4, &(struct change){.kind = CHANGE_ALIAS_REMOVE, .alias = alias}));
    assert_true(wire_write_change(out, 5, &(struct change){.kind = CHANGE_KEY_REPLACE, .key = key}));
    const struct change removal = {.kind = CHANGE_KEY_REMOVE, .removal = {.revision = 7, .retired_ms = NOW_MS}};
    assert_true(wire_write_change(out, 6, &removal));
    assert_true(wire_write_change(out, 7, &(struct change){.kind = CHANGE_RETIRED_REMOVE, .material_id = {9}}));
    assert_true(wire_write_key_read(out, 8, key->key.key_id));
    assert_true(wire_write_alias(out, 9, WIRE_ALIAS_READ, &alias->alias));
    assert_true(wire_write_material_id(out, 10, WIRE_RETIRED_READ, key->key.materials[0].id));
    assert_true(wire_write_result(out, 11, WIRE_DONE, &result));
    assert_true(wire_write_key(out, 12, WIRE_KEY_ROW, &key->key));
    struct retired_list retired;
    assert_true(retired_list_of_key(&key->key, NOW_MS, &retired));
    assert_true(wire_write_key_gone(out, 13, key->key.key_id, &retired));
    assert_true(wire_write_alias(out, 14, WIRE_ALIAS_ROW, &alias->alias));
    assert_true(wire_write_retired(out, 15, &retired.entries[0]->retired));
    retired_list_clear(&retired);
    assert_true(wire_write_empty(out, 16, WIRE_NO_ROW));
    assert_true(wire_write_empty(out, 17, WIRE_READY));
    assert_true(wire_write_result(out, UINT64_MAX, WIRE_FAILED, &fine));
    key_entry_free(key);
    alias_entry_free(alias);
}

static void every_kind_comes_through(void **state)
{
    (void)state;
    static const enum wire_kind kinds[] = {
        WIRE_KEY_ADD,        WIRE_ALIAS_ADD, WIRE_ALIAS_RETARGET, WIRE_ALIAS_REMOVE, WIRE_KEY_REPLACE, WIRE_KEY_REMOVE,
        WIRE_RETIRED_REMOVE, WIRE_KEY_READ,  WIRE_ALIAS_READ,     WIRE_RETIRED_READ, WIRE_DONE,        WIRE_KEY_ROW,
        WIRE_KEY_GONE,       WIRE_ALIAS_ROW, WIRE_RETIRED_ROW,    WIRE_NO_ROW,       WIRE_READY,       WIRE_FAILED};
    struct buffer bytes = BUFFER_INIT(1 << 20);
    write_all_kinds(&bytes);
    size_t at = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct wire_frame frame;
        size_t used;
        assert_int_equal(wire_read(view_of(bytes.data + at, bytes.len - at), &frame, &used), WIRE_OK);
        assert_int_equal(frame.kind, kinds[i]);
        assert_true(frame.sequence == (frame.kind == WIRE_FAILED ? UINT64_MAX : i + 1));
        if (frame.key != NULL) {
            assert_string_equal(frame.key->key.description, "caf\xc3\xa9");
            assert_string_equal(frame.key->key.account, ACCOUNT);
            assert_int_equal(frame.key->key.n_materials, 3);
            assert_int_equal(frame.key->key.materials[2].created_ms, 2);
            assert_int_equal(frame.key->key.materials[2].origin, MATERIAL_ROTATED_ON_DEMAND);
            assert_int_equal(frame.key->key.rotation_days, 365);
            assert_int_equal(frame.key->key.next_rotation_ms, NOW_MS);
            assert_int_equal(frame.key->key.revision, 7);
            assert_string_equal(frame.key->key.policy, "{}");
            assert_int_equal(frame.key->key.policy_ms, NOW_MS + 3);
            assert_int_equal(frame.key->key.n_tags, 2);
            assert_string_equal(frame.key->key.tags[0].key, "a");
            assert_string_equal(frame.key->key.tags[1].value, "2");
        }
        if (frame.alias != NULL) {
            assert_string_equal(frame.alias->alias.name, "alias/x");
            assert_int_equal(frame.alias->alias.key_id[2], 3);
            assert_int_equal(frame.alias->alias.updated_ms, 6);
        }
        if (frame.kind == WIRE_KEY_REMOVE) {
            assert_int_equal(frame.removal.revision, 7);
            assert_int_equal(frame.removal.retired_ms, NOW_MS);
        }
        assert_true(frame.kind != WIRE_RETIRED_REMOVE || frame.material_id[0] == 9);
        assert_int_equal(frame.retired.n, frame.kind == WIRE_KEY_GONE ? 3 : frame.kind == WIRE_RETIRED_ROW);
        for (size_t k = 0; k < frame.retired.n; k++) {
            const struct registry_retired *retired = &frame.retired.entries[k]->retired;
            assert_int_equal(retired->material_id[9], k);
            assert_string_equal(retired->account, ACCOUNT);
            assert_string_equal(retired->token, "main");
            assert_int_equal(retired->retired_ms, NOW_MS);
        }
        if (frame.kind == WIRE_DONE) {
            assert_int_equal(frame.result.code, REGISTRY_EXISTS);
            assert_string_equal(frame.result.detail, "is there already");
        }
        wire_frame_clear(&frame);
        at += used;
    }
    assert_int_equal(at, bytes.len);
    buffer_clear(&bytes);
}

static void part_of_a_frame_is_incomplete(void **state)
{
    (void)state;
    struct buffer bytes = BUFFER_INIT(1 << 20);
    struct key_entry *key = full_key();
    assert_true(wire_write_key(&bytes, 1, WIRE_KEY_ADD, &key->key));
    for (size_t len = 0; len < bytes.len; len++) {
        struct wire_frame untouched = {.sequence = 99};
        size_t used = 77;
        uint8_t *exact = malloc(len + 1); /* so that reading beyond is seen */
        assert_non_null(exact);
        memcpy(exact, bytes.data, len);
        assert_int_equal(wire_read(view_of(exact, len), &untouched, &used), WIRE_INCOMPLETE);
        assert_int_equal(untouched.sequence, 99);
        assert_int_equal(used, 77);
        free(exact);
    }
    key_entry_free(key);
    buffer_clear(&bytes);
}

/* Any bit flipped: refused, incomplete, or another frame whose one spelling it is. */
static void flipped_bits(void **state)
{
    (void)state;
    struct buffer bytes = BUFFER_INIT(1 << 20);
    struct buffer again = BUFFER_INIT(1 << 20);
    struct key_entry *key = full_key();
    assert_true(wire_write_key(&bytes, 1, WIRE_KEY_ADD, &key->key));
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct wire_frame frame;
        size_t used;
        if (wire_read(buffer_view(&bytes), &frame, &used) == WIRE_OK) {
            if (frame.key != NULL) {
                assert_null(check_key(&frame.key->key));
                assert_true(wire_write_key(&again, frame.sequence, frame.kind, &frame.key->key));
                assert_true(view_equal(buffer_view(&again), view_of(bytes.data, used)));
                buffer_reset(&again);
            }
            wire_frame_clear(&frame);
        }
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    key_entry_free(key);
    buffer_clear(&bytes);
    buffer_clear(&again);
}

static void malformed_frames(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } frames[] = {
        {"\0\0\0\0", 4}, /* no header */
        {"\0\0\0\x08"
         "\0\0\0\0\0\0\0\0",
         12},                    /* no kind */
        {"\xff\xff\xff\xff", 4}, /* too long, said at once */
        {"\0\x04\0\0", 4},       /* one more than the limit */
        {"\0\0\0\x09"
         "\0\0\0\0\0\0\0\1"
         "\0",
         13}, /* unknown kinds */
        {"\0\0\0\x09"
         "\0\0\0\0\0\0\0\1"
         "\x0d",
         13},
        {"\0\0\0\x09"
         "\0\0\0\0\0\0\0\1"
         "\xff",
         13},
        {"\0\0\0\x0a"
         "\0\0\0\0\0\0\0\1"
         "\x85"
         "x",
         14}, /* something behind the body */
        {"\0\0\0\x0c"
         "\0\0\0\0\0\0\0\1"
         "\x80"
         "\7\0\0",
         16}, /* unknown code */
        {"\0\0\0\x0d"
         "\0\0\0\0\0\0\0\1"
         "\x80"
         "\1\0\1\0",
         17}, /* NUL in the text */
        {"\0\0\0\x0c"
         "\0\0\0\0\0\0\0\1"
         "\x80"
         "\1\0\1",
         16}, /* text cut short */
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct wire_frame frame;
        size_t used;
        assert_int_equal(wire_read(view_of(frames[i].bytes, frames[i].len), &frame, &used), WIRE_MALFORMED);
    }
}

static void full_buffer_is_left_as_it_was(void **state)
{
    (void)state;
    struct key_entry *key = full_key();
    struct buffer whole = BUFFER_INIT(1 << 20);
    assert_true(wire_write_key(&whole, 2, WIRE_KEY_ADD, &key->key));
    for (size_t room = 0; room <= whole.len; room++) {
        struct buffer bytes = BUFFER_INIT(13 + room);
        assert_true(wire_write_empty(&bytes, 1, WIRE_READY));
        assert_int_equal(wire_write_key(&bytes, 2, WIRE_KEY_ADD, &key->key), room == whole.len);
        assert_int_equal(bytes.len, 13 + (room == whole.len ? room : 0));
        buffer_clear(&bytes);
    }
    buffer_clear(&whole);
    key_entry_free(key);
}

static void text_is_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len, characters;
        bool good;
    } cases[] = {
        {"", 0, 0, true},
        {"a", 1, 0, false},
        {"abc", 3, 3, true},
        {"abcd", 4, 3, false},
        {"\xc3\xa9", 2, 1, true},
        {"\xe2\x82\xac", 3, 1, true},
        {"\xf0\x9f\x94\x91", 4, 1, true},
        {"\xf4\x8f\xbf\xbf", 4, 1, true},  /* U+10FFFF */
        {"\xf4\x90\x80\x80", 4, 9, false}, /* beyond it */
        {"\xed\x9f\xbf", 3, 1, true},      /* before the surrogates */
        {"\xed\xa0\x80", 3, 9, false},     /* a surrogate */
        {"\xee\x80\x80", 3, 1, true},      /* after them */
        {"\xc0\x80", 2, 9, false},         /* longer than needed */
        {"\xc1\xbf", 2, 9, false},
        {"\xe0\x9f\xbf", 3, 9, false},
        {"\xf0\x8f\xbf\xbf", 4, 9, false},
        {"\x80", 1, 9, false}, /* without a lead */
        {"\xff", 1, 9, false},
        {"\xf8\x88\x80\x80\x80", 5, 9, false},
        {"\xc3", 1, 9, false}, /* cut */
        {"\xe2\x82", 2, 9, false},
        {"\xc3(", 2, 9, false},
        {"a\0b", 3, 9, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool good = check_text(view_of(cases[i].text, cases[i].len), cases[i].characters);
        if (good != cases[i].good) {
            fail_msg("case %zu", i);
        }
    }
}

static void logs_show_printable_text(void **state)
{
    (void)state;
    char text[PRINTABLE_MAX_BYTES];
    char many[300];
    memset(many, 0x01, sizeof many);
    assert_string_equal(printable(view_of("a\x1b[2J\\\xff", 7), text), "a\\x1b[2J\\x5c\\xff");
    assert_true(strlen(printable(view_of(many, sizeof many), text)) < PRINTABLE_MAX_BYTES);
    assert_string_equal(printable(view_of(NULL, 0), text), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_through),
        cmocka_unit_test(part_of_a_frame_is_incomplete),
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(malformed_frames),
        cmocka_unit_test(full_buffer_is_left_as_it_was),
        cmocka_unit_test(text_is_utf8),
        cmocka_unit_test(logs_show_printable_text),
    };
    return cmocka_run_group_tests_name("registry/wire", tests, NULL, NULL);
}
