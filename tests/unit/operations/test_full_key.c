/* CreateGrant on a key that has all the grants that it may have (KMS.md R-130). */
#include "grants.h"

#include <event2/event.h>

struct filling {
    size_t waiting;
};

static void on_filled(void *arg, struct registry_result result)
{
    assert_int_equal(result.code, REGISTRY_OK);
    ((struct filling *)arg)->waiting--;
}

/* Grants of different ids, straight into the registry, as many at once as it takes. */
static void fill(struct fixture *fixture, const struct fixture_key *key, size_t n)
{
    struct filling filling = {0};
    struct registry_grant grant = {.created_ms = fixture->now_ms,
                                   .grant = {.grantee = view_of_string(BOB),
                                             .issuing_account = view_of_string(ACCOUNT),
                                             .operations = POLICY_GRANT_ENCRYPT}};
    memcpy(grant.key_id, key->key_id, sizeof grant.key_id);
    for (size_t i = 0; i < n || filling.waiting > 0;) {
        for (; i < n && filling.waiting < REGISTRY_MAX_WAITING; i++) {
            grant.id[0] = (uint8_t)(i >> 8); /* in order, which is quickest */
            grant.id[1] = (uint8_t)i;
            filling.waiting++;
            registry_grant_add(fixture->registry, &grant, on_filled, &filling);
        }
        event_base_loop(fixture->base, EVLOOP_ONCE);
    }
}

/* those on their way count; the same once more is none more. */
static void a_full_key(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture), other = fixture_sealed(fixture);
    const char *full = "A key can have 50000 grants, and this one has them.";
    fill(fixture, &key, KEY_MAX_GRANTS - 1);
    struct wish wish = {.key = key.id, .grantee = BOB, .operations = USES, .name = "last"};
    struct grant_request request;
    struct reply last, again, more;
    grant_request_make(&request, &wish);
    fixture_start(fixture, "CreateGrant", &request.message.base, &last);
    fixture_start(fixture, "CreateGrant", &request.message.base, &again);
    wish.name = NULL;
    grant_request_make(&request, &wish);
    fixture_start(fixture, "CreateGrant", &request.message.base, &more);
    assert_true(more.done);
    assert_string_equal(more.code, "LimitExceededException");
    assert_string_equal(more.message, full);
    fixture_wait(fixture, &last);
    fixture_wait(fixture, &again);
    assert_null(last.code);
    assert_null(again.code);
    reply_clear(&last);
    reply_clear(&again);
    reply_clear(&more);
    grant_fails(fixture, &wish, "LimitExceededException", full);
    wish.dry_run = true;
    grant_fails(fixture, &wish, "LimitExceededException", full);
    wish.dry_run = false;
    wish.name = "last";
    struct made made = grant_make(fixture, &wish);
    wish.key = other.id;
    grant_make(fixture, &wish);
    grant_revoke(fixture, key.id, made.id, NULL, NULL);
    wish.key = key.id;
    grant_make(fixture, &wish);
    assert_null(encrypt_as(fixture, BOB, key.arn, NULL));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, grants_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_full_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
