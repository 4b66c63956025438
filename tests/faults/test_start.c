/*
 * The start of a worker on a token that fails in the middle of it, or that is not what it says: what the Hello says,
 * that no PIN is tried twice, and that nothing is served that was not proven.
 */
#include "ask.h"

#include "proto/message.h"

#include <stdio.h>
#include <string.h>

static char detail[256]; /* of the last refusal */

static Hsm__HelloStatus hello(struct world *world, const char *script, Hsm__Level require, Hsm__Level *ret_level)
{
    world_stop(world);
    detail[0] = '\0';
    world_script(world, "%s", script);
    Hsm__Configure configure = world_configuration(world);
    configure.require = require;
    fixture_write_file(world->fixture->pin_file, FIXTURE_USER_PIN "\n", 0600); /* tried, though refused a moment ago */
    Hsm__Response *response = world_say_hello(world, &configure);
    Hsm__HelloStatus status = response->hello->status;
    *ret_level = response->hello->level;
    if (status != HSM__HELLO_STATUS__HELLO_READY) {
        assert_non_null(response->hello->detail);
        snprintf(detail, sizeof detail, "%s", response->hello->detail);
        assert_true(strlen(detail) > 0);
    }
    proto_free(&response->base);
    assert_true(world_count(world, "C_Login") <= 1);
    return status;
}

static Hsm__HelloStatus hello_sealed(struct world *world, const char *script)
{
    Hsm__Level level = HSM__LEVEL__LEVEL_SENSITIVE;
    Hsm__HelloStatus status = hello(world, script, HSM__LEVEL__LEVEL_SEALED, &level);
    if (status == HSM__HELLO_STATUS__HELLO_READY) {
        assert_int_equal(level, HSM__LEVEL__LEVEL_SEALED);
    }
    return status;
}

/* What the operator is told, and how often the PIN went to the token. */
static void test_login(void **state)
{
    static const struct {
        const char *script;
        Hsm__HelloStatus status;
        unsigned long logins;
    } rows[] = {
        {"token final-try", HSM__HELLO_STATUS__HELLO_PIN_LOCKED, 0},
        {"token 0x00040000", HSM__HELLO_STATUS__HELLO_PIN_LOCKED, 0}, /* CKF_USER_PIN_LOCKED */
        {"C_Login 1+ rv=CKR_PIN_INCORRECT", HSM__HELLO_STATUS__HELLO_PIN_WRONG, 1},
        {"C_Login 1+ rv=CKR_PIN_EXPIRED", HSM__HELLO_STATUS__HELLO_PIN_WRONG, 1},
        {"C_Login 1+ rv=CKR_PIN_LOCKED", HSM__HELLO_STATUS__HELLO_PIN_LOCKED, 1},
        {"C_Login 1+ rv=CKR_DEVICE_ERROR", HSM__HELLO_STATUS__HELLO_TOKEN_FAULT, 1},
        {"C_Login 1+ rv=CKR_GENERAL_ERROR", HSM__HELLO_STATUS__HELLO_TOKEN_FAULT, 1},
        {"C_Login 1+ rv=0x80000042", HSM__HELLO_STATUS__HELLO_TOKEN_FAULT, 1},
        {"C_Login 1+ rv-after=CKR_USER_ALREADY_LOGGED_IN", HSM__HELLO_STATUS__HELLO_READY, 1},
        {"C_Initialize 1+ rv=CKR_DEVICE_ERROR", HSM__HELLO_STATUS__HELLO_MODULE, 0},
        {"C_GetSlotList 1 lose-token", HSM__HELLO_STATUS__HELLO_TOKEN_ABSENT, 0},
        {"C_GetSlotInfo 1+ rv=CKR_DEVICE_ERROR", HSM__HELLO_STATUS__HELLO_TOKEN_ABSENT, 0},
        {"C_OpenSession 1 lose-token", HSM__HELLO_STATUS__HELLO_TOKEN_FAULT, 0},
        {"C_OpenSession 1+ rv=CKR_SESSION_COUNT", HSM__HELLO_STATUS__HELLO_TOKEN_FAULT, 0},
        {"C_Login 1 lose-token", HSM__HELLO_STATUS__HELLO_TOKEN_FAULT, 1},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Hsm__HelloStatus status = hello_sealed(world, rows[i].script);
        if (status != rows[i].status) {
            fail_msg("\"%s\": Hello says %d instead of %d: %s", rows[i].script, (int)status, (int)rows[i].status,
                     detail);
        }
        assert_int_equal(world_count(world, "C_Login"), rows[i].logins);
    }
}

#define FUNCTIONS_MAX 40
struct calls {
    char names[FUNCTIONS_MAX][32];
    unsigned long counts[FUNCTIONS_MAX];
    size_t n;
};

static void remember(void *arg, const char *function, unsigned long count)
{
    struct calls *calls = arg;
    assert_true(calls->n < FUNCTIONS_MAX);
    snprintf(calls->names[calls->n], sizeof calls->names[0], "%s", function);
    calls->counts[calls->n++] = count;
}

/*
 * One call fails: the start is refused with a reason that is not the PIN's nor the custodian's nor the level, or the
 * worker serves, and then rightly.
 */
static void one_fault(struct world *world, const char *function, unsigned long n, const char *rv)
{
    char script[128];
    snprintf(script, sizeof script, "%s %lu rv=%s", function, n, rv);
    Hsm__HelloStatus status = hello_sealed(world, script);
    if (status == HSM__HELLO_STATUS__HELLO_READY) {
        world_script(world, "C_UnwrapKey 1 count-objects");
        ask_well(world, ASK_RE_ENCRYPT);
        assert_int_equal(world_objects(world), 0);
        return;
    }
    if (status == HSM__HELLO_STATUS__HELLO_PIN_WRONG || status == HSM__HELLO_STATUS__HELLO_PIN_LOCKED ||
        status == HSM__HELLO_STATUS__HELLO_PIN_UNREADABLE || status == HSM__HELLO_STATUS__HELLO_NO_CEREMONY ||
        status == HSM__HELLO_STATUS__HELLO_LEVEL) {
        fail_msg("\"%s\": Hello says %d: %s", script, (int)status, detail);
    }
}

/* Every function of a start: its first calls, one in the middle, the last. */
static void test_walk(void **state)
{
    static const char *const rvs[] = {"CKR_DEVICE_ERROR", "CKR_GENERAL_ERROR", "CKR_HOST_MEMORY"};
    struct world *world = *state;
    struct calls calls = {.n = 0};
    assert_int_equal(hello_sealed(world, ""), HSM__HELLO_STATUS__HELLO_READY);
    world_functions(world, remember, &calls);
    assert_true(calls.n > 15);
    for (size_t i = 0; i < calls.n; i++) {
        const unsigned long count = calls.counts[i];
        const unsigned long at[] = {1, 2, count / 2, count};
        for (size_t j = 0; j < sizeof at / sizeof at[0]; j++) {
            if (at[j] != 0 && at[j] <= count && (j == 0 || at[j] > at[j - 1])) {
                one_fault(world, calls.names[i], at[j], rvs[(i + j) % 3]);
            }
        }
    }
}

/* Lengths and counts that are not those of what was written: refused, or served and then rightly; never read beyond. */
static void test_wrong_lengths(void **state)
{
    static const char *const lies[] = {"long=1", "long=1000", "short=1", "short=8"};
    static const char *const functions[] = {"C_GetSlotList", "C_GetMechanismList", "C_FindObjects",      "C_WrapKey",
                                            "C_Sign",        "C_DigestFinal",      "C_GetAttributeValue"};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        assert_int_equal(hello_sealed(world, ""), HSM__HELLO_STATUS__HELLO_READY);
        const unsigned long count = world_count(world, functions[i]);
        assert_true(count > 0);
        const unsigned long at[] = {1, 2, count / 2, count};
        for (size_t j = 0; j < sizeof at / sizeof at[0] * sizeof lies / sizeof lies[0]; j++) {
            char script[128];
            snprintf(script, sizeof script, "%s %lu %s", functions[i], at[j / 4], lies[j % 4]);
            if (at[j / 4] != 0 && hello_sealed(world, script) == HSM__HELLO_STATUS__HELLO_READY) {
                world_script(world, "%s", "");
                ask_well(world, ASK_RE_ENCRYPT);
            }
        }
    }
}

#define ONE_THAT_WRAPS                                                                                                 \
    "mechanism 0x2109 hide\nmechanism 0x1085 hide\nmechanism 0x1081 hide" /* CKM_AES_… but for KWP                   \
                                                                           */

/* What a token does not enforce, whatever it says, is not served as sealed, and the operator is told what; as sensitive
 * it is, where that is asked for. */
static void test_level(void **state)
{
    static const struct {
        const char *weakness;
        const char *reason;
    } rows[] = {
        {"attribute CKA_TRUSTED drop", "CKA_TRUSTED"},
        {"attribute CKA_TRUSTED drop secret C_CreateObject", "CKA_TRUSTED"},
        {"attribute CKA_TRUSTED drop public C_CreateObject", "CKA_TRUSTED"},
        {"attribute CKA_TRUSTED drop public C_GenerateKeyPair", "CKA_TRUSTED"},
        {"attribute CKA_TRUSTED drop C_UnwrapKey", "CKA_TRUSTED"},
        {"attribute CKA_WRAP_WITH_TRUSTED drop", "CKA_WRAP_WITH_TRUSTED"},
        {"mechanism 0x210A wraps", "CKA_WRAP_WITH_TRUSTED"},
        {"mechanism 0x9 wraps", "CKA_WRAP_WITH_TRUSTED"}, /* under RSA keys only, by OAEP; by PKCS#1 v1.5 */
        {"mechanism 0x1 wraps", "CKA_WRAP_WITH_TRUSTED"},
        {"attribute CKA_UNWRAP_TEMPLATE drop", "CKA_UNWRAP_TEMPLATE"},
        {"attribute CKA_UNWRAP_TEMPLATE drop private", "CKA_UNWRAP_TEMPLATE"},
        {"attribute CKA_ALLOWED_MECHANISMS drop", "CKA_ALLOWED_MECHANISMS"},
        {"attribute CKA_ALLOWED_MECHANISMS drop\n" ONE_THAT_WRAPS, "CKA_ALLOWED_MECHANISMS"},
        {"attribute CKA_ALLOWED_MECHANISMS drop private", "CKA_ALLOWED_MECHANISMS"},
        {"attribute CKA_DECRYPT true C_GenerateKey", "CKA_DECRYPT"},
        {"mechanism 0x210A decrypts", "CKA_DECRYPT"}, /* keeps to it with ciphers, and not with KWP */
        {"attribute CKA_SIGN true C_GenerateKey", "CKA_SIGN or CKA_DERIVE"},
        {"attribute CKA_MODIFIABLE drop C_GenerateKey", "CKA_MODIFIABLE"},
        {"attribute CKA_COPYABLE drop C_GenerateKey", "CKA_COPYABLE"},
    };
    struct world *world = *state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (hello_sealed(world, rows[i].weakness) != HSM__HELLO_STATUS__HELLO_LEVEL ||
            strstr(detail, rows[i].reason) == NULL) {
            print_error("\"%s\": not refused for %s, but: %s\n", rows[i].weakness, rows[i].reason, detail);
            wrong++;
            continue;
        }
        Hsm__Level level = HSM__LEVEL__LEVEL_SEALED;
        assert_int_equal(hello(world, rows[i].weakness, HSM__LEVEL__LEVEL_SENSITIVE, &level),
                         HSM__HELLO_STATUS__HELLO_READY);
        assert_int_equal(level, HSM__LEVEL__LEVEL_SENSITIVE);
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(hello_sealed(world, ONE_THAT_WRAPS), HSM__HELLO_STATUS__HELLO_READY);
}

/* A fault in the moment in which a token should refuse something is no refusal: what is not enforced stays so. */
static void test_level_under_faults(void **state)
{
    static const struct {
        const char *weakness;
        const char *function; /* by which the trial asks */
    } rows[] = {
        {"attribute CKA_WRAP_WITH_TRUSTED drop", "C_WrapKey"}, {"attribute CKA_ALLOWED_MECHANISMS drop", "C_WrapKey"},
        {"attribute CKA_UNWRAP_TEMPLATE drop", "C_UnwrapKey"}, {"attribute CKA_MODIFIABLE drop", "C_SetAttributeValue"},
        {"attribute CKA_COPYABLE drop", "C_CopyObject"},       {"attribute CKA_TRUSTED drop", "C_GenerateKey"},
    };
    struct world *world = *state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(hello_sealed(world, rows[i].weakness), HSM__HELLO_STATUS__HELLO_LEVEL);
        const unsigned long count = world_count(world, rows[i].function);
        assert_true(count > 0);
        for (unsigned long n = 1; n <= count; n++) {
            char script[160];
            snprintf(script, sizeof script, "%s\n%s %lu rv=CKR_GENERAL_ERROR", rows[i].weakness, rows[i].function, n);
            if (hello_sealed(world, script) == HSM__HELLO_STATUS__HELLO_READY) {
                print_error("served as sealed: %s\n", script);
                wrong++;
            }
        }
    }
    assert_int_equal(wrong, 0);
}

/* A token that gives out what is sensitive is not served at any level. */
static void test_sensitive_ignored(void **state)
{
    Hsm__Level level = HSM__LEVEL__LEVEL_SEALED;
    assert_int_not_equal(hello(*state, "attribute CKA_SENSITIVE false", HSM__LEVEL__LEVEL_SENSITIVE, &level),
                         HSM__HELLO_STATUS__HELLO_READY);
}

/* A mechanism that is called KWP and is another: proven, or not used. */
static void test_kwp_that_is_none(void **state)
{
    struct world *world = *state;
    /* AES key wrap without padding, beside the real one: that is found. */
    if (hello_sealed(world, "mechanism 0x210B as=0x2109") != HSM__HELLO_STATUS__HELLO_READY) {
        fail_msg("%s", detail);
    }
    world_script(world, "mechanism 0x210B as=0x2109");
    ask_well(world, ASK_RE_ENCRYPT);
    ask_well(world, ASK_ENCRYPT);
    /* Alone. */
    assert_int_not_equal(hello_sealed(world, "mechanism 0x210B as=0x2109\nmechanism 0x210A hide"),
                         HSM__HELLO_STATUS__HELLO_READY);
    assert_int_not_equal(hello_sealed(world, "mechanism 0x210A hide"), HSM__HELLO_STATUS__HELLO_READY);
    assert_int_not_equal(hello_sealed(world, "mechanism 0x210A as=0x2109"), HSM__HELLO_STATUS__HELLO_READY);
}

/* Objects of the probe that cannot be destroyed: the session may not go on with them. */
static void test_probe_leaves_nothing(void **state)
{
    struct world *world = *state;
    assert_int_not_equal(hello_sealed(world, "C_DestroyObject 1+ rv=CKR_GENERAL_ERROR"),
                         HSM__HELLO_STATUS__HELLO_READY);
    assert_int_equal(hello_sealed(world, ""), HSM__HELLO_STATUS__HELLO_READY);
    world_script(world, "C_UnwrapKey 1 count-objects");
    ask_well(world, ASK_RE_ENCRYPT_SEALED);
    assert_int_equal(world_objects(world), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_wrong_lengths),
        cmocka_unit_test(test_level),
        cmocka_unit_test(test_level_under_faults),
        cmocka_unit_test(test_sensitive_ignored),
        cmocka_unit_test(test_kwp_that_is_none),
        cmocka_unit_test(test_probe_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
