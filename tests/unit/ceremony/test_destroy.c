/* `rewrapctl ceremony destroy`: it shows first, it destroys what the token lets it, and says plainly what stays. */
#include "run.h"

#include "base/hex.h"
#include "objects/classes.h"
#include "p11/p11_call.h"
#include "softokn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_TEXT_BYTES (2 * MATERIAL_ID_BYTES + 1)

#define ARGUMENTS(...)                                                                                                 \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

static struct outcome outcome;

/* Everything that it says of what it did is on stdout; only what went wrong is on stderr. */
static void expect(struct fixture *fixture, int exit_code, const char *says, const char *const *arguments)
{
    run(fixture, arguments, &outcome);
    if (outcome.exit_code != exit_code || (strstr(outcome.out, says) == NULL && strstr(outcome.err, says) == NULL)) {
        fail_msg("exit %d, wanted %d and '%s':\n%s%s", outcome.exit_code, exit_code, says, outcome.out, outcome.err);
    }
}

static size_t on_token(struct fixture *fixture, const char *kind)
{
    expect(fixture, 0, "Counts", ARGUMENTS("list", "--output", "json"));
    return run_count(&outcome, kind, NULL, "Verified") + run_count(&outcome, kind, NULL, "Refused");
}

static void id_text(const uint8_t *id, char out[ID_TEXT_BYTES])
{
    hex_encode(view_of(id, MATERIAL_ID_BYTES), out);
}

/* The id of the first key of a kind that `list` shows. */
static void id_of(struct fixture *fixture, const char *kind, char out[ID_TEXT_BYTES])
{
    *out = '\0';
    expect(fixture, 0, "Objects", ARGUMENTS("list", "--output", "json"));
    json_t *document = json_loads(outcome.out, 0, NULL);
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(document, "Objects"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "Kind")), kind) == 0) {
            snprintf(out, ID_TEXT_BYTES, "%s", json_string_value(json_object_get(row, "KeyMaterialId")));
            break;
        }
    }
    json_decref(document);
    assert_int_equal(strlen(out), ID_TEXT_BYTES - 1);
}

/* ------------------------------------------------------------------ SoftHSM */

static int setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    fixture_close(fixture);
    run_files(fixture);
    return 0;
}

static void test_shows_then_destroys(void **state)
{
    struct fixture *fixture = *state;
    char id[ID_TEXT_BYTES];
    id_text(fixture->open[0].material_id, id);
    assert_int_equal(on_token(fixture, "OPEN_KEY"), 2);
    expect(fixture, 0, "nothing was destroyed; say --yes", ARGUMENTS("destroy", "--material-id", id));
    assert_non_null(strstr(outcome.out, "would destroy  open key     SYMMETRIC_DEFAULT"));
    assert_non_null(strstr(outcome.out, id));
    assert_int_equal(on_token(fixture, "OPEN_KEY"), 2);
    expect(fixture, 0, "destroyed      open key     SYMMETRIC_DEFAULT",
           ARGUMENTS("destroy", "--material-id", id, "--yes"));
    assert_null(strstr(outcome.out, "Next:"));
    assert_int_equal(on_token(fixture, "OPEN_KEY"), 1);
    expect(fixture, 0, "not there", ARGUMENTS("destroy", "--material-id", id, "--yes"));
    id_text(fixture->open[1].material_id, id);
    expect(fixture, 0, "\"WouldDestroy\": [", ARGUMENTS("destroy", "--material-id", id, "--output", "json"));
    expect(fixture, 0, "\"Destroyed\": [", ARGUMENTS("destroy", "--material-id", id, "--yes", "--output", "json"));
    assert_null(strstr(outcome.out, "\"Kept\""));
    assert_int_equal(on_token(fixture, "OPEN_KEY"), 0);
}

/* SoftHSM 2.6.1 lets nobody destroy what is not CKA_DESTROYABLE. What can go goes all the same. */
static void test_says_what_the_token_keeps(void **state)
{
    struct fixture *fixture = *state;
    char sealed[ID_TEXT_BYTES];
    char open[ID_TEXT_BYTES];
    id_text(fixture->sealed[0].material_id, sealed);
    id_text(fixture->open[0].material_id, open);
    expect(fixture, 255, "neither user nor SO",
           ARGUMENTS("destroy", "--material-id", sealed, "--material-id", open, "--yes"));
    assert_non_null(strstr(outcome.out, "KEPT           sealed key   SYMMETRIC_DEFAULT"));
    assert_non_null(strstr(outcome.out, "secret key: CKR_ACTION_PROHIBITED"));
    assert_non_null(strstr(outcome.out, "destroyed      open key"));
    assert_int_equal(on_token(fixture, "SEALED_KEY"), FIXTURE_SEALED);
    assert_int_equal(on_token(fixture, "OPEN_KEY"), 1);
    unsetenv("REWRAP_SO_PIN_FILE");
    expect(fixture, 255, "with --so-pin-file the SO tries too",
           ARGUMENTS("destroy", "--material-id", sealed, "--yes", "--output", "json"));
    assert_non_null(strstr(outcome.out, "\"Reason\": \"CKR_ACTION_PROHIBITED\""));
}

/* A pair is two objects, each with its own fate. */
static void test_pairs(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, 0, "Made", ARGUMENTS("add", "--key-spec", "RSA_2048", "--count", "1", "--output", "json"));
    json_t *document = json_loads(outcome.out, 0, NULL);
    char id[ID_TEXT_BYTES] = "";
    json_t *made = json_array_get(json_object_get(document, "Made"), 0);
    snprintf(id, sizeof id, "%s", json_string_value(json_object_get(made, "KeyMaterialId")));
    json_decref(document);
    expect(fixture, 0, "private key", ARGUMENTS("destroy", "--material-id", id));
    assert_non_null(strstr(outcome.out, "public key"));
    expect(fixture, 255, "private key: CKR_ACTION_PROHIBITED", ARGUMENTS("destroy", "--material-id", id, "--yes"));
    assert_non_null(strstr(outcome.out, "public key: CKR_ACTION_PROHIBITED"));
}

static void test_never_what_the_token_hangs_on(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *kind, *says;
    } rows[] = {{"BINDING_ROOT", "is a binding root"}, {"AUDIT_KEY", "is an audit key"}};
    char open[ID_TEXT_BYTES];
    id_text(fixture->open[0].material_id, open);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char id[ID_TEXT_BYTES];
        id_of(fixture, rows[i].kind, id);
        expect(fixture, 255, rows[i].says, ARGUMENTS("destroy", "--material-id", open, "--material-id", id, "--yes"));
        assert_non_null(strstr(outcome.err, "nothing was destroyed"));
        expect(fixture, 255, rows[i].says, ARGUMENTS("destroy", "--material-id", id));
    }
    assert_int_equal(on_token(fixture, "OPEN_KEY"), 2);
    assert_int_equal(on_token(fixture, "BINDING_ROOT"), 1);
    assert_int_equal(on_token(fixture, "AUDIT_KEY"), 1);
}

/* A secret key with that label and the id of fixture->open[0], made by whoever has the user PIN. */
static void put(struct fixture *fixture, const char *label)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE;
    uint8_t value[16] = {0};
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
        {CKA_ID, fixture->open[0].material_id, MATERIAL_ID_BYTES},
        {CKA_VALUE, value, sizeof value},
    };
    CK_OBJECT_HANDLE object;
    assert_int_equal(p11_create_object(fixture->token, template, sizeof template / sizeof template[0], &object),
                     CKR_OK);
}

static void test_copies_and_objects_of_others(void **state)
{
    struct fixture *fixture = *state;
    static const char longer_than_ours[] =
        "rewrapd:open:SYMMETRIC_DEFAULT:and-then-some-more-that-no-label-of-ours-has";
    fixture_open(fixture);
    put(fixture, "somebody's");
    put(fixture, longer_than_ours);
    put(fixture, "rewrapd:open:SYMMETRIC_DEFAULT");
    fixture_close(fixture);
    char id[ID_TEXT_BYTES];
    id_text(fixture->open[0].material_id, id);
    expect(fixture, 0, "secret key, 2 objects", ARGUMENTS("destroy", "--material-id", id, "--yes"));
    assert_non_null(strstr(outcome.out, "not ours"));
    assert_int_equal(on_token(fixture, "OPEN_KEY"), 1);
    expect(fixture, 0, "of another label, 2 objects", ARGUMENTS("destroy", "--material-id", id, "--yes"));
    assert_null(strstr(outcome.out, "destroyed "));
}

/* ------------------------------------------------------------------ NSS softokn */

static int setup_softokn(void **state)
{
    fixture_setup_bare(state);
    struct fixture *fixture = *state;
    run_files(fixture);
    char init_args[SOFTOKN_INIT_ARGS_BYTES];
    softokn_make(fixture, init_args);
    assert_int_equal(setenv("REWRAP_MODULE", SOFTOKN_MODULE, 1), 0);
    assert_int_equal(setenv("REWRAP_TOKEN_URI", SOFTOKN_URI, 1), 0);
    assert_int_equal(setenv("REWRAP_INIT_ARGS", init_args, 1), 0);
    return 0;
}

static int teardown_softokn(void **state)
{
    unsetenv("REWRAP_INIT_ARGS");
    return fixture_teardown(state);
}

/* At level sensitive the user makes the sealed keys too, and may destroy them. */
static void test_a_token_that_destroys_all(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, 0, "made", ARGUMENTS("init", "--require", "sensitive", "--spares", "2"));
    expect(fixture, 0, "made", ARGUMENTS("add", "--require", "sensitive", "--key-spec", "RSA_2048", "--count", "1"));
    assert_int_equal(on_token(fixture, "SEALED_KEY"), 3);
    for (size_t left = 3; left-- > 0;) {
        char id[ID_TEXT_BYTES];
        id_of(fixture, "SEALED_KEY", id);
        expect(fixture, 0, "would destroy  sealed key", ARGUMENTS("destroy", "--material-id", id));
        expect(fixture, 0, "destroyed      sealed key", ARGUMENTS("destroy", "--material-id", id, "--yes"));
        assert_null(strstr(outcome.out, "KEPT"));
        assert_int_equal(on_token(fixture, "SEALED_KEY"), left);
    }
    char id[ID_TEXT_BYTES];
    id_of(fixture, "BINDING_ROOT", id);
    expect(fixture, 255, "is a binding root", ARGUMENTS("destroy", "--material-id", id, "--yes"));
    assert_int_equal(on_token(fixture, "BINDING_ROOT"), 1);
}

#define ON_A_TOKEN(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_TOKEN(test_shows_then_destroys),
        ON_A_TOKEN(test_says_what_the_token_keeps),
        ON_A_TOKEN(test_pairs),
        ON_A_TOKEN(test_never_what_the_token_hangs_on),
        ON_A_TOKEN(test_copies_and_objects_of_others),
        cmocka_unit_test_setup_teardown(test_a_token_that_destroys_all, setup_softokn, teardown_softokn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
