/* Frames with principals and grants between the daemon and its writer. */
#include "check.h"
#include "fixture_who.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct principal_entry *full_principal(void)
{
    struct plain_principal plain;
    plain_principal_init(&plain, 4);
    plain.principal.revision = 7;
    struct principal_entry *entry = principal_entry_copy(&plain.principal);
    assert_non_null(entry);
    return entry;
}

static struct grant_entry *full_grant(void)
{
    const uint8_t key_id[KEY_ID_BYTES] = {1, 2, 3};
    const struct policy_pair pairs[] = {{view_of_string("b"), view_of_string("2")},
                                        {view_of_string("a"), view_of_string("")}};
    struct plain_grant plain;
    plain_grant_init(&plain, 5, key_id);
    plain.grant.retiring_is_service = true;
    plain.grant.grant.name = view_of_string("n");
    plain.grant.grant.constraints = (struct policy_grant_constraints){.has_equals = true,
                                                                      .equals = pairs,
                                                                      .equals_count = 2,
                                                                      .has_subset = true,
                                                                      .source_arn = view_of_string("arn")};
    struct grant_entry *entry = grant_entry_copy(&plain.grant, NULL);
    assert_non_null(entry);
    return entry;
}

static void expect_principal(const struct registry_principal *principal)
{
    assert_string_equal(principal->name, "user-004");
    assert_string_equal(principal->path, "/staff/");
    assert_int_equal(principal->revision, 7);
    assert_int_equal(principal->n_policies, 2);
    assert_string_equal(principal->policies[1].name, "zebra");
    assert_int_equal(principal->n_access_keys, 2);
    assert_string_equal(principal->access_keys[0].secret, "secret/of/00000000000000000000000000005+");
    assert_int_equal(principal->access_keys[0].status, ACCESS_KEY_INACTIVE);
}

static void expect_grant(const struct registry_grant *grant)
{
    assert_int_equal(grant->id[3], 5);
    assert_int_equal(grant->key_id[2], 3);
    assert_true(grant->retiring_is_service && !grant->grantee_is_service);
    assert_true(view_equal(grant->grant.name, view_of_string("n")));
    assert_true(view_equal(grant->grant.retiring, view_of_string(RETIRING)));
    const struct policy_grant_constraints *constraints = &grant->grant.constraints;
    assert_true(constraints->has_equals && constraints->has_subset);
    assert_int_equal(constraints->equals_count, 2);
    assert_true(view_equal(constraints->equals[1].key, view_of_string("a")));
    assert_int_equal(constraints->subset_count, 0);
    assert_true(view_equal(constraints->source_arn, view_of_string("arn")));
}

/* Changes, questions and rows of who may; their sequences follow the last one. */
static void write_who(struct buffer *out, uint64_t sequence)
{
    struct principal_entry *principal = full_principal();
    struct grant_entry *grant = full_grant();
    const struct change changes[] = {
        {.kind = CHANGE_PRINCIPAL_ADD, .principal = principal},
        {.kind = CHANGE_PRINCIPAL_REPLACE, .principal = principal},
        {.kind = CHANGE_PRINCIPAL_REMOVE,
         .principal_removal = {.unique_id = "AROA00000000000000001",
                               .revision = 9,
                               .departure = {ACCOUNT, PRINCIPAL_ROLE, "deploy", "AROA00000000000000001", NOW_MS, 5}}},
        {.kind = CHANGE_GRANT_ADD, .grant = grant},
        {.kind = CHANGE_GRANT_REMOVE, .grant_place = {.key_id = {8}, .id = {9}}},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const size_t before = out->len;
        assert_true(wire_write_change(out, ++sequence, &changes[i]));
        const size_t change_len = out->len - before;
        assert_true(wire_write_question(out, ++sequence, &changes[i]));
        assert_true(out->len - before - change_len <= change_len); /* it takes the place of the change */
    }
    assert_true(wire_write_principal(out, ++sequence, WIRE_PRINCIPAL_ROW, &principal->principal));
    assert_true(wire_write_grant(out, ++sequence, WIRE_GRANT_ROW, &grant->grant));
    principal_entry_free(principal);
    grant_entry_free(grant);
}

static void who_may_comes_through(void **state)
{
    (void)state;
    static const enum wire_kind kinds[] = {WIRE_PRINCIPAL_ADD,  WIRE_PRINCIPAL_READ,   WIRE_PRINCIPAL_REPLACE,
                                           WIRE_PRINCIPAL_READ, WIRE_PRINCIPAL_REMOVE, WIRE_PRINCIPAL_READ,
                                           WIRE_GRANT_ADD,      WIRE_GRANT_READ,       WIRE_GRANT_REMOVE,
                                           WIRE_GRANT_READ,     WIRE_PRINCIPAL_ROW,    WIRE_GRANT_ROW};
    struct buffer bytes = BUFFER_INIT(1 << 20);
    write_who(&bytes, 0);
    size_t at = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct wire_frame frame;
        size_t used;
        assert_int_equal(wire_read(view_of(bytes.data + at, bytes.len - at), &frame, &used), WIRE_OK);
        assert_int_equal(frame.kind, kinds[i]);
        assert_int_equal(frame.sequence, i + 1);
        if (frame.principal != NULL) {
            expect_principal(&frame.principal->principal);
        }
        if (frame.grant != NULL) {
            expect_grant(&frame.grant->grant);
        }
        if (frame.kind == WIRE_PRINCIPAL_REMOVE) {
            assert_string_equal(frame.principal_removal.unique_id, "AROA00000000000000001");
            assert_int_equal(frame.principal_removal.revision, 9);
        }
        if (frame.kind == WIRE_PRINCIPAL_REMOVE || i == 5) {
            assert_string_equal(frame.principal_removal.departure.account, ACCOUNT);
            assert_int_equal(frame.principal_removal.departure.kind, PRINCIPAL_ROLE);
            assert_string_equal(frame.principal_removal.departure.name, "deploy");
            assert_string_equal(frame.principal_removal.departure.unique_id, "AROA00000000000000001");
            assert_int_equal(frame.principal_removal.departure.departed_ms, NOW_MS);
            assert_int_equal(frame.principal_removal.departure.kept_ids, 5);
        } else {
            assert_int_equal(frame.principal_removal.departure.departed_ms, 0);
        }
        if (frame.kind == WIRE_GRANT_REMOVE) {
            assert_int_equal(frame.grant_place.key_id[0], 8);
            assert_int_equal(frame.grant_place.id[0], 9);
        }
        assert_true((frame.principal != NULL) == (i == 0 || i == 2 || i == 10));
        assert_true((frame.grant != NULL) == (i == 6 || i == 11));
        wire_frame_clear(&frame);
        at += used;
    }
    assert_int_equal(at, bytes.len);
    buffer_clear(&bytes);
}

static bool write_again(struct buffer *out, const struct wire_frame *frame)
{
    if (frame->principal != NULL) {
        return check_principal(&frame->principal->principal) == NULL &&
               wire_write_principal(out, frame->sequence, frame->kind, &frame->principal->principal);
    }
    return check_grant(&frame->grant->grant) == NULL &&
           wire_write_grant(out, frame->sequence, frame->kind, &frame->grant->grant);
}

/* Any bit flipped: refused, incomplete, or another frame whose one spelling it is. */
static void flip_bits(struct buffer *bytes)
{
    struct buffer again = BUFFER_INIT(1 << 20);
    for (size_t bit = 0; bit < 8 * bytes->len; bit++) {
        bytes->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct wire_frame frame;
        size_t used;
        if (wire_read(buffer_view(bytes), &frame, &used) == WIRE_OK) {
            if (frame.principal != NULL || frame.grant != NULL) {
                assert_true(write_again(&again, &frame));
                assert_true(view_equal(buffer_view(&again), view_of(bytes->data, used)));
                buffer_reset(&again);
            }
            wire_frame_clear(&frame);
        }
        bytes->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    buffer_clear(&again);
}

static void flipped_bits(void **state)
{
    (void)state;
    struct buffer bytes = BUFFER_INIT(1 << 20);
    struct principal_entry *principal = full_principal();
    struct grant_entry *grant = full_grant();
    assert_true(wire_write_principal(&bytes, 1, WIRE_PRINCIPAL_ADD, &principal->principal));
    flip_bits(&bytes);
    buffer_reset(&bytes);
    assert_true(wire_write_grant(&bytes, 1, WIRE_GRANT_ADD, &grant->grant));
    flip_bits(&bytes);
    principal_entry_free(principal);
    grant_entry_free(grant);
    buffer_clear(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_comes_through),
        cmocka_unit_test(flipped_bits),
    };
    return cmocka_run_group_tests_name("registry/wire_who", tests, NULL, NULL);
}
