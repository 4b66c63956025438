/* The stock of sealed keys: no spare is taken twice, an empty stock is looked at once more, and then said to be empty.
 */
#include "fixture.h"

#include <event2/event.h>

#define EMPTY_TEXT                                                                                                     \
    "Token main has no spare sealed SYMMETRIC_DEFAULT key left. The custodian adds some with `rewrapctl ceremony add " \
    "--key-spec SYMMETRIC_DEFAULT --count N`."
#define AT_ONCE 8

static const Rewrap__CreateKeyRequest plain = REWRAP__CREATE_KEY_REQUEST__INIT;

static void requests_at_once_take_different_spares(void **state)
{
    struct fixture *fixture = *state;
    struct reply replies[AT_ONCE];
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_non_null(fixture_start(fixture, "CreateKey", &plain.base, &replies[i]));
    }
    assert_int_equal(operations_running(&fixture->operations), AT_ONCE);
    for (size_t i = 0; i < AT_ONCE; i++) {
        fixture_wait(fixture, &replies[i]);
        assert_null(replies[i].code);
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        const struct registry_key *owner =
            registry_key_of_material(fixture->registry, fixture->main->stock[i].material_id);
        assert_non_null(owner);
        for (size_t j = 0; j < i; j++) {
            assert_ptr_not_equal(owner,
                                 registry_key_of_material(fixture->registry, fixture->main->stock[j].material_id));
        }
        reply_clear(&replies[i]);
    }
    assert_int_equal(fake_workers_lists(fixture->workers), 0);
    assert_error(fixture, "CreateKey", &plain.base, "LimitExceededException", EMPTY_TEXT);
    assert_int_equal(fake_workers_lists(fixture->workers), 1);
}

static void what_a_ceremony_added_is_found(void **state)
{
    struct fixture *fixture = *state;
    fixture->main->n_stock = 0;
    assert_int_equal(operations_spares(&fixture->operations, NULL), 0);
    assert_error(fixture, "CreateKey", &plain.base, "LimitExceededException", EMPTY_TEXT);
    assert_int_equal(fixture->logged, 1); /* the operator is told too */
    fake_token_add_spare(fixture->main, 9, true);
    struct reply reply;
    assert_success(fixture, "CreateKey", &plain.base, &reply);
    reply_clear(&reply);
    assert_int_equal(fake_workers_lists(fixture->workers), 2);
    assert_error(fixture, "CreateKey", &plain.base, "LimitExceededException", EMPTY_TEXT);
}

static void those_who_wait_share_one_reading_of_the_token(void **state)
{
    struct fixture *fixture = *state;
    fixture->main->n_stock = 0;
    fake_token_add_spare(fixture->main, 1, true);
    fake_token_add_spare(fixture->main, 2, true);
    struct reply replies[4];
    for (size_t i = 0; i < COUNT(replies); i++) {
        assert_non_null(fixture_start(fixture, "CreateKey", &plain.base, &replies[i]));
    }
    assert_int_equal(fake_workers_lists(fixture->workers), 1);
    for (size_t i = 0; i < COUNT(replies); i++) {
        fixture_wait(fixture, &replies[i]);
        /* First come, first served: two spares, then none. */
        if (i < 2) {
            assert_null(replies[i].code);
        } else {
            assert_string_equal(replies[i].code, "LimitExceededException");
        }
        reply_clear(&replies[i]);
    }
    assert_int_equal(fake_workers_lists(fixture->workers), 1);
}

/* One that took long is followed by a pause: whoever asks for keys that are not there must not keep a worker busy. */
static void a_dear_reading_is_not_repeated_at_once(void **state)
{
    struct fixture *fixture = *state;
    fixture->main->n_stock = 0;
    struct reply reply;
    assert_non_null(fixture_start(fixture, "CreateKey", &plain.base, &reply));
    fixture->now_ms += 300; /* that is how long it takes */
    fixture_wait(fixture, &reply);
    assert_string_equal(reply.code, "LimitExceededException");
    reply_clear(&reply);
    fake_token_add_spare(fixture->main, 9, true);
    fixture->now_ms += 999;
    assert_error(fixture, "CreateKey", &plain.base, "LimitExceededException", EMPTY_TEXT);
    assert_int_equal(fake_workers_lists(fixture->workers), 1);
    fixture->now_ms += 1;
    assert_success(fixture, "CreateKey", &plain.base, &reply);
    reply_clear(&reply);
    assert_int_equal(fake_workers_lists(fixture->workers), 2);

    /* A clock that is set back does not make the pause longer. */
    assert_non_null(fixture_start(fixture, "CreateKey", &plain.base, &reply));
    fixture->now_ms += 300;
    fixture_wait(fixture, &reply);
    reply_clear(&reply);
    fixture->now_ms -= 3600000;
    assert_error(fixture, "CreateKey", &plain.base, "LimitExceededException", EMPTY_TEXT);
    assert_int_equal(fake_workers_lists(fixture->workers), 4);
}

/* A cheap one may be repeated soon: who has just held a ceremony wants its keys. */
static void a_cheap_reading_is_repeated_soon(void **state)
{
    struct fixture *fixture = *state;
    fixture->main->n_stock = 0;
    struct reply reply;
    assert_non_null(fixture_start(fixture, "CreateKey", &plain.base, &reply));
    fixture->now_ms += 3;
    fixture_wait(fixture, &reply);
    reply_clear(&reply);
    fixture->now_ms += 29;
    assert_error(fixture, "CreateKey", &plain.base, "LimitExceededException", EMPTY_TEXT);
    assert_int_equal(fake_workers_lists(fixture->workers), 1);
    fixture->now_ms += 1;
    assert_error(fixture, "CreateKey", &plain.base, "LimitExceededException", EMPTY_TEXT);
    assert_int_equal(fake_workers_lists(fixture->workers), 2);
}

/* How long one may wait is not for the first of them to say. */
static void a_reading_has_the_default_timeout(void **state)
{
    struct fixture *fixture = *state;
    fixture->main->n_stock = 0;
    fixture->timeout_ms = 1;
    assert_error(fixture, "CreateKey", &plain.base, "LimitExceededException", EMPTY_TEXT);
    assert_int_equal(fake_workers_last_timeout_ms(fixture->workers), fixture->operations.settings.default_timeout_ms);
}

static void a_reading_that_fails_fails_all_who_wait(void **state)
{
    struct fixture *fixture = *state;
    fixture->main->n_stock = 0;
    struct reply one, two;
    fixture_start(fixture, "CreateKey", &plain.base, &one);
    fixture_start(fixture, "CreateKey", &plain.base, &two);
    fake_workers_next_status(fixture->workers, WORKERS_TIMEOUT);
    fixture_wait(fixture, &one);
    fixture_wait(fixture, &two);
    assert_string_equal(one.code, "DependencyTimeoutException");
    assert_string_equal(two.code, "DependencyTimeoutException");
    assert_true(one.retryable && two.retryable);
    reply_clear(&one);
    reply_clear(&two);
    assert_error(fixture, "CreateKey", &plain.base, "LimitExceededException", EMPTY_TEXT); /* a new reading */
    assert_int_equal(fake_workers_lists(fixture->workers), 2);
}

static void on_change(void *arg, struct registry_result result)
{
    size_t *left = arg;
    assert_int_equal(result.code, REGISTRY_OK);
    (*left)--;
}

static void a_spare_whose_key_could_not_be_stored_is_free_again(void **state)
{
    struct fixture *fixture = *state;
    fixture->main->n_stock = 1;
    struct fixture_key key = fixture_sealed(fixture);
    size_t left = REGISTRY_MAX_WAITING; /* as many changes as may wait: there is no room for the new key */
    for (size_t i = 0; i < REGISTRY_MAX_WAITING; i++) {
        registry_alias_add(fixture->registry, ACCOUNT, text("alias/%zu", i), key.key_id, 0, on_change, &left);
    }
    struct reply reply;
    fixture_call(fixture, "CreateKey", &plain.base, &reply);
    assert_string_equal(reply.code, "ThrottlingException");
    assert_true(reply.retryable);
    reply_clear(&reply);
    while (left != 0) {
        assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
    }
    assert_success(fixture, "CreateKey", &plain.base, &reply);
    reply_clear(&reply);
    assert_non_null(registry_key_of_material(fixture->registry, fixture->main->stock[0].material_id));
}

static void a_material_that_another_key_got_first_is_a_fault(void **state)
{
    struct fixture *fixture = *state;
    fixture->main->n_stock = 1;
    struct fixture_key key = fixture_sealed(fixture);
    memcpy(fixture->main->stock[0].material_id, key.material_id, MATERIAL_ID_BYTES);
    assert_error(fixture, "CreateKey", &plain.base, "LimitExceededException", EMPTY_TEXT); /* taken is taken */
    /* An open key that the token makes with a material that is known is the token's fault. */
    Rewrap__CreateKeyRequest request = REWRAP__CREATE_KEY_REQUEST__INIT;
    request.has_boundary = true;
    request.boundary = REWRAP__BOUNDARY_TYPE__VALUE__OPEN;
    struct reply reply;
    assert_success(fixture, "CreateKey", &request.base, &reply);
    reply_clear(&reply);
    fake_workers_make_again(fixture->workers);
    assert_error(fixture, "CreateKey", &request.base, "KMSInternalException", "The registry already holds that entry.");
    assert_int_equal(fixture->logged, 2); /* that the stock is empty, and that */
}

static void tokens_have_a_stock_each(void **state)
{
    struct fixture *fixture = *state;
    fixture->main->n_stock = 0;
    struct fake_token *second = fake_workers_add_token(fixture->workers, "second");
    fake_token_add_spare(second, 50, true);
    char name[] = "second";
    Rewrap__CreateKeyRequest on_second = REWRAP__CREATE_KEY_REQUEST__INIT;
    on_second.custom_key_store_id = name;
    struct reply one, two;
    assert_non_null(fixture_start(fixture, "CreateKey", &plain.base, &one));
    assert_non_null(fixture_start(fixture, "CreateKey", &on_second.base, &two));
    assert_int_equal(fake_workers_lists(fixture->workers), 2); /* one for each token */
    fixture_wait(fixture, &one);
    fixture_wait(fixture, &two);
    assert_string_equal(one.code, "LimitExceededException");
    assert_null(two.code);
    reply_clear(&one);
    reply_clear(&two);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_at_once_take_different_spares),
        TEST(what_a_ceremony_added_is_found),
        TEST(those_who_wait_share_one_reading_of_the_token),
        TEST(a_dear_reading_is_not_repeated_at_once),
        TEST(a_cheap_reading_is_repeated_soon),
        TEST(a_reading_has_the_default_timeout),
        TEST(a_reading_that_fails_fails_all_who_wait),
        TEST(a_spare_whose_key_could_not_be_stored_is_free_again),
        TEST(a_material_that_another_key_got_first_is_a_fault),
        TEST(tokens_have_a_stock_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
