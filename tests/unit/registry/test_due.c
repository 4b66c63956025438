/* The order in which keys are due: by every change of a key, and after a restart. */
#include "fixture.h"
#include "registry/due.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { KEYS = 300, CHANGES = 600, TIMES = 40 };

#define DAY_MS INT64_C(86400000)

/* Numbers without pattern (xorshift), the same in each run. */
static unsigned any_below(unsigned limit)
{
    static uint32_t state = 2463534242;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

/* Never due, due at one of few times, so that there are ties, or due but for its state. */
static void make_due(struct registry_key *key)
{
    const int64_t time_ms = NOW_MS + (int64_t)any_below(TIMES) * DAY_MS;
    const bool dies = any_below(3) == 0;
    const bool rotates = any_below(2) == 0;
    key->state = dies ? KEY_STATE_PENDING_DELETION : any_below(4) == 0 ? KEY_STATE_DISABLED : KEY_STATE_ENABLED;
    key->deletion_ms = dies ? time_ms : 0;
    key->rotation_days = rotates ? 90 : 0;
    key->next_rotation_ms = rotates ? time_ms + (int64_t)any_below(2) * DAY_MS : 0;
}

static int64_t due_ms_of(const struct registry_key *key)
{
    switch (key->state) {
    case KEY_STATE_PENDING_DELETION:
        return key->deletion_ms;
    case KEY_STATE_ENABLED:
        return key->next_rotation_ms;
    case KEY_STATE_DISABLED:
    case KEY_STATE_PENDING_IMPORT:
    default:
        return 0;
    }
}

/* How many of all keys are due by then. */
static size_t count_due(const struct fixture *fixture, int64_t now_ms)
{
    size_t n = 0;
    const struct registry_key *key = registry_any_key_after(fixture->registry, NULL);
    for (; key != NULL; key = registry_any_key_after(fixture->registry, key->key_id)) {
        assert_int_equal(registry_key_due_ms(key), due_ms_of(key));
        n += due_ms_of(key) != 0 && due_ms_of(key) <= now_ms;
    }
    return n;
}

/* Those that are due, each once, in order, and no others. */
static void expect_order(const struct fixture *fixture, int64_t now_ms)
{
    struct registry_due last = {0};
    size_t n = 0;
    const struct registry_key *key = registry_key_due_after(fixture->registry, now_ms, NULL);
    for (; key != NULL; key = registry_key_due_after(fixture->registry, now_ms, &last)) {
        const int64_t due_ms = due_ms_of(key);
        assert_true(due_ms != 0 && due_ms <= now_ms);
        assert_true(due_ms > last.due_ms ||
                    (due_ms == last.due_ms && memcmp(key->key_id, last.key_id, KEY_ID_BYTES) > 0));
        last.due_ms = due_ms;
        memcpy(last.key_id, key->key_id, KEY_ID_BYTES);
        n++;
    }
    assert_int_equal(n, count_due(fixture, now_ms));
}

static void expect_orders(const struct fixture *fixture)
{
    expect_order(fixture, NOW_MS - 1);
    for (int64_t day = 0; day <= TIMES + 1; day += 7) {
        expect_order(fixture, NOW_MS + day * DAY_MS);
    }
    assert_true(count_due(fixture, INT64_MAX) > 0);
}

static void each_change_is_followed(void **state)
{
    struct fixture *fixture = *state;
    struct plain_key plain;
    fixture_open(fixture);
    assert_null(registry_key_due_after(fixture->registry, INT64_MAX, NULL));
    for (uint32_t n = 0; n < KEYS; n++) {
        plain_key_init(&plain, n);
        make_due(&plain.key);
        expect_result(add_key(fixture, &plain.key), REGISTRY_OK, "");
    }
    expect_orders(fixture);
    for (int i = 0; i < CHANGES; i++) {
        plain_key_init(&plain, any_below(KEYS));
        const struct registry_key *found = registry_key_find(fixture->registry, plain.key.key_id);
        if (found == NULL) {
            continue;
        }
        if (i % 5 == 0) {
            expect_result(remove_key(fixture, found->key_id, found->revision), REGISTRY_OK, "");
        } else {
            struct changed_key changed;
            changed_key_init(fixture, found->key_id, &changed);
            if (i % 3 == 0) {
                changed.key.description = (char *)"due as before";
            } else {
                make_due(&changed.key);
            }
            expect_result(replace_key(fixture, &changed.key), REGISTRY_OK, "");
        }
        if (i % 50 == 0) {
            expect_orders(fixture);
        }
    }
    expect_orders(fixture);
    fixture_reopen(fixture);
    expect_orders(fixture);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_change_is_followed),
    };
    return cmocka_run_group_tests_name("registry/due", tests, NULL, NULL);
}
