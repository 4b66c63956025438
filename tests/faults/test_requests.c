/*
 * Every call that a request makes, failing in every way: what is answered, whether the worker stays, and that nothing
 * of the payload is left. The calls are not listed here: they are those that the request makes while nothing fails.
 */
#include "ask.h"

#include "proto/message.h"

#include <stdio.h>
#include <string.h>

/* What the caller of the worker sees. */
enum outcome {
    UNSEEN, /* the right answer, from the same worker */
    ERROR,  /* STATUS_INTERNAL, and the worker stays */
    GONE,   /* STATUS_TOKEN_UNAVAILABLE, and the worker leaves */
    WRONG,  /* anything else */
};
static const char *const outcome_names[] = {"unseen", "an error", "gone", "another status"};

/* What kind of fault a return value speaks of. */
enum nature {
    LOST,   /* the session, the login or the token */
    STALE,  /* a handle */
    DEVICE, /* anything else, which another try may or may not meet again */
    FULL,   /* no room on the token */
    MEMORY, /* nor in the process */
    NATURES
};

/* The first of each nature come first: some walks take only those. */
static const struct {
    const char *rv;
    enum nature nature;
} faults[] = {
    {"CKR_SESSION_HANDLE_INVALID", LOST},
    {"CKR_KEY_HANDLE_INVALID", STALE},
    {"CKR_GENERAL_ERROR", DEVICE},
    {"CKR_DEVICE_MEMORY", FULL},
    {"CKR_HOST_MEMORY", MEMORY},
    {"CKR_SESSION_CLOSED", LOST},
    {"CKR_USER_NOT_LOGGED_IN", LOST},
    {"CKR_DEVICE_ERROR", LOST},
    {"CKR_DEVICE_REMOVED", LOST},
    {"CKR_TOKEN_NOT_PRESENT", LOST},
    {"CKR_CRYPTOKI_NOT_INITIALIZED", LOST},
    {"CKR_OPERATION_ACTIVE", LOST},
    {"CKR_OBJECT_HANDLE_INVALID", STALE},
    {"CKR_FUNCTION_FAILED", DEVICE},
    {"CKR_BUFFER_TOO_SMALL", DEVICE},
    {"CKR_ARGUMENTS_BAD", DEVICE},
    {"0x80000042", DEVICE}, /* a vendor's own */
};
#define N_FAULTS (sizeof faults / sizeof faults[0])
#define N_SHORT  NATURES

/* Once: what is lost is renewed, and a handle looked up again. */
static const enum outcome once[NATURES] = {
    [LOST] = UNSEEN, [STALE] = UNSEEN, [DEVICE] = ERROR, [FULL] = ERROR, [MEMORY] = ERROR};

#define OF(nature)   (1U << (nature))
#define ALL_BUT_LOST (OF(STALE) | OF(DEVICE) | OF(FULL) | OF(MEMORY))

/* Where that is not so; ASK_KINDS stands for any kind of request. */
static const struct {
    enum ask_kind kind;
    const char *function;
    unsigned long call; /* 0: any */
    unsigned natures;
    enum outcome outcome;
} exceptions[] = {
    /* A key is not in the way: the caller asks again. */
    {ASK_DESTROY_KEY, "C_DestroyObject", 0, OF(DEVICE) | OF(FULL) | OF(MEMORY), ERROR},
    /* A payload that cannot be destroyed goes with the session. */
    {ASK_KINDS, "C_DestroyObject", 0, ALL_BUT_LOST, UNSEEN},
    /* The operation that was begun is in the way of the next one, until the session is renewed. */
    {ASK_KINDS, "C_Sign", 0, OF(DEVICE) | OF(FULL) | OF(MEMORY), UNSEEN},
    {ASK_KINDS, "C_FindObjectsFinal", 0, OF(DEVICE) | OF(FULL) | OF(MEMORY), UNSEEN},
    {ASK_KINDS, "C_DigestFinal", 0, OF(DEVICE) | OF(FULL) | OF(MEMORY), UNSEEN},
    /* What a token answers to a bad ciphertext: a good one has another chance, once the canary has sung. */
    {ASK_FROM_RSA, "C_UnwrapKey", 1, ALL_BUT_LOST, UNSEEN},
    /* This takes no handle: it is the answer of a broken device. */
    {ASK_RANDOM, "C_GenerateRandom", 0, OF(STALE), ERROR},
    /* A list is not believed without a canary that sings. */
    {ASK_LIST, "C_SignInit", 0, OF(DEVICE) | OF(FULL) | OF(MEMORY), UNSEEN},
    {ASK_DESTROY_KEY, "C_SignInit", 0, OF(DEVICE) | OF(FULL) | OF(MEMORY), UNSEEN},
    /* One object that cannot be read keeps nobody from reading the others; it is looked at again when it is asked for.
     */
    {ASK_LIST, "C_GetAttributeValue", 0, OF(DEVICE) | OF(FULL), UNSEEN},
};

static enum outcome expected_once(enum ask_kind kind, const char *function, unsigned long call, enum nature nature)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (exceptions[i].call != 0 && exceptions[i].call != call) {
            continue;
        }
        if ((exceptions[i].kind == ASK_KINDS || exceptions[i].kind == kind) &&
            (exceptions[i].natures & OF(nature)) != 0 && strcmp(exceptions[i].function, function) == 0) {
            return exceptions[i].outcome;
        }
    }
    return once[nature];
}

static enum outcome outcome_of(const Hsm__Response *response)
{
    if (response->status == HSM__STATUS__STATUS_OK) {
        return UNSEEN;
    }
    if (response->status == HSM__STATUS__STATUS_TOKEN_UNAVAILABLE) {
        return GONE;
    }
    return response->status == HSM__STATUS__STATUS_INTERNAL ? ERROR : WRONG;
}

/* The functions of a request, found while nothing fails. */
#define FUNCTIONS_MAX 32
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

static bool makes(const struct calls *calls, const char *function)
{
    for (size_t i = 0; i < calls->n; i++) {
        if (strcmp(calls->names[i], function) == 0) {
            return true;
        }
    }
    return false;
}

static void ensure_up(struct world *world)
{
    if (!world->up) {
        world_start(world);
    }
}

static void calls_find(struct world *world, enum ask_kind kind, struct calls *calls)
{
    calls->n = 0;
    ensure_up(world);
    world_script(world, "%s", "");
    ask_well(world, kind); /* what is left of the test before */
    world_script(world, "%s", "");
    ask_well(world, kind);
    world_functions(world, remember, calls);
}

/* The token is well again: the next request is answered, and finds nothing of the one before on the session. */
static void expect_well(struct world *world)
{
    ensure_up(world);
    world_script(world, "C_UnwrapKey 1 count-objects");
    ask_well(world, ASK_RE_ENCRYPT_SEALED);
    assert_int_equal(world_objects(world), 0);
}

/* True when the outcome is the expected one. */
static bool one_fault(struct world *world, enum ask_kind kind, const char *script, enum outcome expected)
{
    ensure_up(world);
    world_script(world, "%s", script);
    Hsm__Response *response = ask(world, kind);
    enum outcome outcome = outcome_of(response);
    if (outcome != expected) {
        print_error("%s with \"%s\": %s instead of %s (%s)\n", ask_names[kind], script, outcome_names[outcome],
                    outcome_names[expected], response->detail == NULL ? "no detail" : response->detail);
    }
    proto_free(&response->base);
    if (outcome == GONE) {
        world_expect_leaving(world);
    }
    expect_well(world);
    return outcome == expected;
}

/* An attribute that is longer than ours is another's, which is a judgement on the key and no fault. */
static bool speaks_of_a_value(enum ask_kind kind, const char *function, const char *rv)
{
    return kind == ASK_MAKE_KEY && strcmp(function, "C_GetAttributeValue") == 0 &&
           strcmp(rv, "CKR_BUFFER_TOO_SMALL") == 0;
}

/* Every function's every call, and every fault. */
static void walk(struct world *world, enum ask_kind kind, size_t n_faults)
{
    struct calls calls;
    size_t wrong = 0;
    calls_find(world, kind, &calls);
    for (size_t i = 0; i < calls.n; i++) {
        for (unsigned long n = 1; n <= calls.counts[i]; n++) {
            for (size_t fault = 0; fault < n_faults; fault++) {
                if (speaks_of_a_value(kind, calls.names[i], faults[fault].rv)) {
                    continue;
                }
                char script[128];
                snprintf(script, sizeof script, "%s %lu rv=%s", calls.names[i], n, faults[fault].rv);
                wrong += !one_fault(world, kind, script, expected_once(kind, calls.names[i], n, faults[fault].nature));
            }
        }
    }
    assert_int_equal(wrong, 0);
}

/* What really happens to a session, at each call. */
static void walk_losses(struct world *world, enum ask_kind kind)
{
    static const char *const losses[] = {"lose-session", "lose-login", "renumber"};
    struct calls calls;
    size_t wrong = 0;
    calls_find(world, kind, &calls);
    for (size_t i = 0; i < calls.n; i++) {
        for (unsigned long n = 1; n <= calls.counts[i]; n++) {
            for (size_t loss = 0; loss < sizeof losses / sizeof losses[0]; loss++) {
                char script[128];
                snprintf(script, sizeof script, "%s %lu %s", calls.names[i], n, losses[loss]);
                wrong += !one_fault(world, kind, script, UNSEEN);
            }
        }
    }
    assert_int_equal(wrong, 0);
}

/* A fault that stays: the error is told, or the worker leaves; nothing is answered with a wrong result. */
static void walk_lasting(struct world *world, enum ask_kind kind)
{
    static const struct {
        const char *rv;
        enum outcome outcome;
    } lasting[] = {{"CKR_DEVICE_ERROR", GONE}, {"CKR_SESSION_HANDLE_INVALID", GONE}, {"CKR_GENERAL_ERROR", ERROR}};
    struct calls calls;
    size_t wrong = 0;
    calls_find(world, kind, &calls);
    for (size_t i = 0; i < calls.n; i++) {
        for (size_t fault = 0; fault < sizeof lasting / sizeof lasting[0]; fault++) {
            bool not_even_a_canary =
                strncmp(calls.names[i], "C_Sign", 6) == 0 || strcmp(calls.names[i], "C_DestroyObject") == 0;
            char script[128];
            snprintf(script, sizeof script, "%s 1+ rv=%s", calls.names[i], lasting[fault].rv);
            wrong += !one_fault(world, kind, script, not_even_a_canary ? GONE : lasting[fault].outcome);
        }
    }
    assert_int_equal(wrong, 0);
}

static void test_walk(void **state, enum ask_kind kind, size_t n_faults, const char *const *functions)
{
    struct calls calls;
    calls_find(*state, kind, &calls);
    for (; *functions != NULL; functions++) {
        assert_true(makes(&calls, *functions));
    }
    walk(*state, kind, n_faults);
}

#define WALK(name, kind, n_faults, ...)                                                                                \
    static void test_##name(void **state)                                                                              \
    {                                                                                                                  \
        static const char *const functions[] = {__VA_ARGS__, NULL};                                                    \
        test_walk(state, kind, n_faults, functions);                                                                   \
    }

WALK(re_encrypt, ASK_RE_ENCRYPT, N_FAULTS, "C_SignInit", "C_Sign", "C_UnwrapKey", "C_WrapKey", "C_DestroyObject")
WALK(check_only, ASK_CHECK_ONLY, N_SHORT, "C_UnwrapKey", "C_WrapKey", "C_DestroyObject")
WALK(encrypt, ASK_ENCRYPT, N_SHORT, "C_Sign", "C_CreateObject", "C_WrapKey", "C_DestroyObject")
WALK(decrypt, ASK_DECRYPT, N_FAULTS, "C_Sign", "C_UnwrapKey", "C_GetAttributeValue", "C_DestroyObject")
WALK(generate, ASK_GENERATE, N_SHORT, "C_Sign", "C_GenerateKey", "C_WrapKey", "C_DestroyObject")
WALK(list, ASK_LIST, N_FAULTS, "C_FindObjectsInit", "C_FindObjects", "C_FindObjectsFinal")
WALK(make_key, ASK_MAKE_KEY, N_SHORT, "C_GenerateKey", "C_FindObjectsInit", "C_GetAttributeValue")

WALK(from_rsa, ASK_FROM_RSA, N_SHORT, "C_UnwrapKey", "C_WrapKey", "C_DestroyObject")
WALK(to_rsa, ASK_TO_RSA, N_SHORT, "C_UnwrapKey", "C_WrapKey", "C_DestroyObject")
WALK(generate_plain, ASK_GENERATE_PLAIN, N_SHORT, "C_GenerateKey", "C_GetAttributeValue", "C_DestroyObject")
WALK(random, ASK_RANDOM, N_FAULTS, "C_GenerateRandom")
WALK(public_key, ASK_PUBLIC_KEY, N_SHORT, "C_GetAttributeValue")
WALK(destroy_key, ASK_DESTROY_KEY, N_SHORT, "C_DestroyObject")

static void test_losses(void **state)
{
    static const enum ask_kind kinds[] = {ASK_RE_ENCRYPT, ASK_RE_ENCRYPT_SEALED, ASK_DECRYPT, ASK_GENERATE,
                                          ASK_LIST,       ASK_MAKE_KEY};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        walk_losses(*state, kinds[i]);
    }
}

static void test_lasting(void **state)
{
    walk_lasting(*state, ASK_RE_ENCRYPT);
    walk_lasting(*state, ASK_GENERATE);
}

/* Answers that are too short or too long, and ones that claim more than there was room for. */
static void test_lengths(void **state)
{
    static const struct {
        enum ask_kind kind;
        const char *function;
    } calls[] = {
        {ASK_RE_ENCRYPT, "C_WrapKey"},        {ASK_RE_ENCRYPT, "C_Sign"},  {ASK_RE_ENCRYPT_SEALED, "C_WrapKey"},
        {ASK_ENCRYPT, "C_WrapKey"},           {ASK_GENERATE, "C_WrapKey"}, {ASK_DECRYPT, "C_Sign"},
        {ASK_DECRYPT, "C_GetAttributeValue"},
    };
    static const char *const lengths[] = {"short=1", "short=8", "short=100000", "long=1", "long=8", "long=100000"};
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (size_t length = 0; length < sizeof lengths / sizeof lengths[0]; length++) {
            char script[128];
            snprintf(script, sizeof script, "%s 1 %s", calls[i].function, lengths[length]);
            wrong += !one_fault(*state, calls[i].kind, script, ERROR);
        }
    }
    wrong += !one_fault(*state, ASK_LIST, "C_FindObjects 1 long=100000", ERROR);
    assert_int_equal(wrong, 0);
}

/* The token has done it and says that it has failed: an object of the session whose handle nobody was given. */
static void test_lost_answers(void **state)
{
    static const struct {
        enum ask_kind kind;
        const char *function;
    } calls[] = {{ASK_RE_ENCRYPT, "C_UnwrapKey"}, {ASK_ENCRYPT, "C_CreateObject"}, {ASK_GENERATE, "C_GenerateKey"}};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        char script[128];
        snprintf(script, sizeof script, "%s 1 rv-after=CKR_GENERAL_ERROR", calls[i].function);
        assert_true(one_fault(*state, calls[i].kind, script, ERROR)); /* looks for what is left */
    }
}

/* The same, when another try succeeds: the object of the first one does not stay for that. */
static void test_lost_answers_unseen(void **state)
{
    static const struct {
        enum ask_kind kind;
        const char *script;
    } rows[] = {
        {ASK_FROM_RSA, "C_UnwrapKey 1 rv-after=CKR_GENERAL_ERROR"},
        {ASK_RE_ENCRYPT, "C_UnwrapKey 1 rv-after=CKR_UNWRAPPING_KEY_HANDLE_INVALID"},
        {ASK_DECRYPT, "C_UnwrapKey 1 rv-after=CKR_KEY_HANDLE_INVALID"},
        {ASK_ENCRYPT, "C_CreateObject 1 rv-after=CKR_OBJECT_HANDLE_INVALID"},
        {ASK_GENERATE, "C_GenerateKey 1 rv-after=CKR_OBJECT_HANDLE_INVALID"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(one_fault(*state, rows[i].kind, rows[i].script, UNSEEN));
    }
}

/* A good ciphertext is not called bad for a session that is lost, or memory that is short, at its second chance. */
static void test_second_chance(void **state)
{
    static const struct {
        const char *rv;
        enum outcome outcome;
    } rows[] = {
        {"CKR_SESSION_HANDLE_INVALID", UNSEEN}, {"CKR_SESSION_CLOSED", UNSEEN}, {"CKR_USER_NOT_LOGGED_IN", UNSEEN},
        {"CKR_TOKEN_NOT_PRESENT", UNSEEN},      {"CKR_DEVICE_ERROR", UNSEEN},   {"CKR_DEVICE_REMOVED", UNSEEN},
        {"CKR_DEVICE_MEMORY", ERROR},           {"CKR_HOST_MEMORY", ERROR},     {"CKR_ENCRYPTED_DATA_INVALID", WRONG},
        {"CKR_GENERAL_ERROR", WRONG},
    };
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char script[128];
        snprintf(script, sizeof script, "C_UnwrapKey 1 rv=CKR_GENERAL_ERROR\nC_UnwrapKey 3 rv=%s", rows[i].rv);
        wrong += !one_fault(*state, ASK_FROM_RSA, script, rows[i].outcome);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_re_encrypt),    cmocka_unit_test(test_check_only),
        cmocka_unit_test(test_encrypt),       cmocka_unit_test(test_decrypt),
        cmocka_unit_test(test_generate),      cmocka_unit_test(test_list),
        cmocka_unit_test(test_make_key),      cmocka_unit_test(test_from_rsa),
        cmocka_unit_test(test_to_rsa),        cmocka_unit_test(test_generate_plain),
        cmocka_unit_test(test_random),        cmocka_unit_test(test_public_key),
        cmocka_unit_test(test_destroy_key),   cmocka_unit_test(test_losses),
        cmocka_unit_test(test_lasting),       cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_lost_answers),  cmocka_unit_test(test_lost_answers_unseen),
        cmocka_unit_test(test_second_chance),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
