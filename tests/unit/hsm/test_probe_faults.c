/* The probe on a token that fails meanwhile: a fault is no refusal, and no property of the token. */
#include "probe/probe_private.h"
#include "weak.h"

static CK_RV copy_on_a_token_that_goes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list,
                                       CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type == CKA_TRUSTED) {
            return CKR_DEVICE_REMOVED;
        }
    }
    return real->C_CopyObject(session, object, list, n, ret);
}

/* A token that is gone has refused nothing. */
static void test_a_fault_is_no_refusal(void **state)
{
    struct hsm_profile profile;
    weak.C_CopyObject = copy_on_a_token_that_goes;
    assert_hsm(HSM_TOKEN_UNAVAILABLE, weak_probe(*state, &profile));
}

/* The one fault: how many calls succeed before it, and what it answers. calls_until 0: it has come. */
static unsigned calls_until;
static CK_RV answer;

static bool fails_now(void)
{
    return calls_until > 0 && --calls_until == 0;
}

static CK_RV failing_wrap(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                          CK_OBJECT_HANDLE key, CK_BYTE *wrapped, CK_ULONG *len)
{
    return fails_now() ? answer : real->C_WrapKey(session, mechanism, kek, key, wrapped, len);
}

static CK_RV failing_unwrap(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek, CK_BYTE *wrapped,
                            CK_ULONG len, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    return fails_now() ? answer : real->C_UnwrapKey(session, mechanism, kek, wrapped, len, list, n, ret);
}

static CK_RV failing_read(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    return fails_now() ? answer : real->C_GetAttributeValue(session, object, list, n);
}

static CK_RV failing_create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    return fails_now() ? answer : real->C_CreateObject(session, list, n, ret);
}

static CK_RV failing_generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *list, CK_ULONG n,
                              CK_OBJECT_HANDLE *ret)
{
    return fails_now() ? answer : real->C_GenerateKey(session, mechanism, list, n, ret);
}

static CK_RV failing_digest(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    return fails_now() ? answer : real->C_DigestKey(session, key);
}

static CK_RV failing_copy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n,
                          CK_OBJECT_HANDLE *ret)
{
    return fails_now() ? answer : real->C_CopyObject(session, object, list, n, ret);
}

static CK_RV failing_set(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    return fails_now() ? answer : real->C_SetAttributeValue(session, object, list, n);
}

static CK_RV failing_destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    return fails_now() ? answer : real->C_DestroyObject(session, object);
}

/* One that passes is none either, whenever it comes. */
static void test_a_passing_fault_is_no_refusal(void **state)
{
    answer = CKR_GENERAL_ERROR;
    for (unsigned n = 1; calls_until == 0; n++) {
        struct hsm_profile profile = {0};
        ignored = CKA_WRAP_WITH_TRUSTED;
        calls_until = n;
        weak.C_GenerateKey = weak_generate_ignoring;
        weak.C_WrapKey = failing_wrap;
        if (weak_probe(*state, &profile).code == HSM_OK && profile.level == HSM_LEVEL_SEALED) {
            fail_msg("sealed, with a fault of the C_WrapKey of number %u", n);
        }
    }
    calls_until = 0;
}

/* RSA keys only: a token that imports none makes its pairs. */
static CK_RV create_no_pair(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG n, CK_OBJECT_HANDLE *ret)
{
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type == CKA_MODULUS) {
            return CKR_TEMPLATE_INCONSISTENT;
        }
    }
    return real->C_CreateObject(session, list, n, ret);
}

static unsigned pairs_until; /* how many pairs are made before those that fail */
static unsigned failing_pairs;

static CK_RV failing_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_half,
                          CK_ULONG n_public, CK_ATTRIBUTE *private_half, CK_ULONG n_private,
                          CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    if (mechanism->mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN && pairs_until > 0) {
        pairs_until--;
    } else if (mechanism->mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN && failing_pairs > 0) {
        failing_pairs--;
        return answer;
    }
    return real->C_GenerateKeyPair(session, mechanism, public_half, n_public, private_half, n_private, ret_public,
                                   ret_private);
}

static struct hsm_profile probe_with_failing_pairs(struct fixture *fixture, unsigned until, unsigned n)
{
    struct hsm_profile profile = {0};
    pairs_until = until;
    failing_pairs = n;
    weak.C_CreateObject = create_no_pair;
    weak.C_GenerateKeyPair = failing_pair;
    assert_hsm(HSM_OK, weak_probe(fixture, &profile));
    return profile;
}

/* One of the pairs that a token makes for the probe, an early one or a late one, or all of them. */
static void test_a_pair_that_is_not_made(void **state)
{
    answer = CKR_GENERAL_ERROR;
    for (unsigned until = 0; failing_pairs == 0; until = 5 * until + 5) { /* making pairs takes long */
        const struct hsm_profile profile = probe_with_failing_pairs(*state, until, 1);
        assert_int_equal(profile.level, HSM_LEVEL_SEALED);
        assert_true(profile.oaep_sha1);
    }
    struct hsm_profile profile = probe_with_failing_pairs(*state, 0, 1000);
    assert_int_equal(profile.level, HSM_LEVEL_SENSITIVE);
    assert_string_equal(profile.level_reason, "OAEP");
    answer = CKR_MECHANISM_INVALID; /* no RSA at all: nothing goes through that */
    profile = probe_with_failing_pairs(*state, 0, 1000);
    assert_int_equal(profile.level, HSM_LEVEL_SEALED);
    assert_false(profile.oaep_sha1);
    failing_pairs = 0;
}

/* What the token can do: all but the level. */
static struct hsm_result find_abilities(struct fixture *fixture, struct hsm_profile *ret)
{
    struct hsm_report report = {0};
    struct probe probe = {.token = fixture->token, .report = &report};
    *ret = (struct hsm_profile){0};
    fixture->token->functions = &weak;
    struct hsm_result result = probe_choose_kwp(&probe, &ret->pads_payloads);
    ret->kwp = probe.kwp;
    if (result.code == HSM_OK) {
        result = probe_suite(&probe, ret);
    }
    if (result.code == HSM_OK) {
        result = probe_oaep(&probe, ret);
    }
    result = probe_end(&probe, result);
    fixture->token->functions = real;
    return result;
}

static void install_wrap(void)
{
    weak.C_WrapKey = failing_wrap;
}

static void install_unwrap(void)
{
    weak.C_UnwrapKey = failing_unwrap;
}

static void install_read(void)
{
    weak.C_GetAttributeValue = failing_read;
}

static void install_create(void)
{
    weak.C_CreateObject = failing_create;
}

static void install_generate(void)
{
    weak.C_GenerateKey = failing_generate;
}

static void install_digest(void)
{
    weak.C_DigestKey = failing_digest;
}

static void install_copy(void)
{
    weak.C_CopyObject = failing_copy;
}

static void install_set(void)
{
    weak.C_SetAttributeValue = failing_set;
}

static void install_destroy(void)
{
    weak.C_DestroyObject = failing_destroy;
}

static const struct failing_call {
    const char *name;
    void (*install)(void);
} calls[] = {
    {"C_WrapKey", install_wrap},        {"C_UnwrapKey", install_unwrap},     {"C_GetAttributeValue", install_read},
    {"C_CreateObject", install_create}, {"C_GenerateKey", install_generate}, {"C_DigestKey", install_digest},
};

/* With one fault in the n-th of these calls: what is found is what there is, or the probe fails and says by what. */
static bool find_with_fault(struct fixture *fixture, const struct failing_call *call, unsigned n,
                            const struct hsm_profile *whole)
{
    struct hsm_profile found;
    weak = *real;
    call->install();
    calls_until = n;
    const struct hsm_result result = find_abilities(fixture, &found);
    const bool same = found.kwp == whole->kwp && found.pads_payloads == whole->pads_payloads &&
                      found.payload_max_bytes == whole->payload_max_bytes && found.oaep_sha1 == whole->oaep_sha1 &&
                      found.lengths == whole->lengths;
    if (result.code == HSM_OK ? !same : result.rv != answer) {
        fail_msg("%s in the %s of number %u: %s, %s; payloads up to %u bytes, OAEP %d, lengths %d", hsm_rv_name(answer),
                 call->name, n, hsm_code_text(result.code), result.what == NULL ? "" : result.what,
                 found.payload_max_bytes, found.oaep_sha1, found.lengths);
    }
    assert_int_equal(fixture_session_objects(fixture), 0);
    const bool came = calls_until == 0;
    calls_until = 0;
    return came;
}

static void test_a_passing_fault_is_no_property(void **state)
{
    static const CK_RV answers[] = {CKR_GENERAL_ERROR, CKR_DEVICE_ERROR};
    struct hsm_profile whole;
    weak = *real;
    assert_hsm(HSM_OK, find_abilities(*state, &whole));
    assert_int_equal(whole.payload_max_bytes, 4096);
    assert_true(whole.oaep_sha1);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (size_t j = 0; j < sizeof answers / sizeof answers[0]; j++) {
            answer = answers[j];
            for (unsigned n = 1; find_with_fault(*state, &calls[i], n, &whole); n++) {
            }
        }
    }
    weak = *real;
}

/* The level alone, as the probe asks for it once it knows what the token can do. */
static struct hsm_result find_level(struct fixture *fixture, unsigned long kwp, struct hsm_profile *ret)
{
    struct hsm_report report = {0};
    struct probe probe = {.token = fixture->token, .report = &report, .kwp = kwp, .oaep = HSM_RSAES_OAEP_SHA_1};
    *ret = (struct hsm_profile){0};
    fixture->token->functions = &weak;
    const struct hsm_result result = probe_level(&probe, ret);
    fixture->token->functions = real;
    return result;
}

/* A token that enforces all is found sealed, whichever call of a trial fails, and whether of a control or not. */
static void test_a_passing_fault_costs_no_level(void **state)
{
    static const struct failing_call of_trials[] = {
        {"C_WrapKey", install_wrap},           {"C_UnwrapKey", install_unwrap},
        {"C_CreateObject", install_create},    {"C_GenerateKey", install_generate},
        {"C_CopyObject", install_copy},        {"C_SetAttributeValue", install_set},
        {"C_GetAttributeValue", install_read}, {"C_DestroyObject", install_destroy},
    };
    struct hsm_profile whole;
    weak = *real;
    assert_hsm(HSM_OK, find_abilities(*state, &whole));
    answer = CKR_GENERAL_ERROR;
    for (size_t i = 0; i < sizeof of_trials / sizeof of_trials[0]; i++) {
        for (unsigned n = 1; calls_until == 0; n += 1 + n / 2) { /* there are hundreds of some */
            struct hsm_profile found;
            weak = *real;
            of_trials[i].install();
            calls_until = n;
            assert_hsm(HSM_OK, find_level(*state, whole.kwp, &found));
            if (found.level != HSM_LEVEL_SEALED) {
                fail_msg("not sealed for %s, with a fault of the %s of number %u", found.level_reason,
                         of_trials[i].name, n);
            }
            assert_int_equal(fixture_session_objects(*state), 0);
        }
        calls_until = 0;
    }
    weak = *real;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fault_is_no_refusal),          cmocka_unit_test(test_a_passing_fault_is_no_refusal),
        cmocka_unit_test(test_a_passing_fault_is_no_property), cmocka_unit_test(test_a_pair_that_is_not_made),
        cmocka_unit_test(test_a_passing_fault_costs_no_level),
    };
    return cmocka_run_group_tests(tests, weak_setup, fixture_teardown);
}
