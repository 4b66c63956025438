/*
 * Which mechanism is KWP (RFC 5649) on this token, and does it keep lengths; see hsm/probe.h.
 *
 * CKM_AES_KEY_WRAP_KWP (0x210B) is RFC 5649 by its definition. CKM_AES_KEY_WRAP_PAD (0x210A) was never defined
 * precisely: some tokens do PKCS#7 padding there. Either has to open the RFC's own test vectors first; only the former
 * is believed where the token does not import their key.
 */
#include "base/view.h"
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "probe_private.h"

#include <string.h>

struct kwp_vector {
    CK_ULONG payload_len;
    CK_ULONG wrapped_len;
    uint8_t payload[20];
    uint8_t wrapped[32];
};

/* RFC 5649 section 6: both examples, under one 192-bit key. */
static const uint8_t vector_kek[24] = {0x58, 0x40, 0xdf, 0x6e, 0x29, 0xb0, 0x2a, 0xf1, 0xab, 0x49, 0x3b, 0x70,
                                       0x5b, 0xf1, 0x6e, 0xa1, 0xae, 0x83, 0x38, 0xf4, 0xdc, 0xc1, 0x76, 0xa8};
static const struct kwp_vector vectors[] = {
    {20,
     32,
     {0xc3, 0x7b, 0x7e, 0x64, 0x92, 0x58, 0x43, 0x40, 0xbe, 0xd1,
      0x22, 0x07, 0x80, 0x89, 0x41, 0x15, 0x50, 0x68, 0xf7, 0x38},
     {0x13, 0x8b, 0xde, 0xaa, 0x9b, 0x8f, 0xa7, 0xfc, 0x61, 0xf9, 0x77, 0x42, 0xe7, 0x22, 0x48, 0xee,
      0x5a, 0xe6, 0xae, 0x53, 0x60, 0xd1, 0xae, 0x6a, 0x5f, 0x54, 0xf3, 0x73, 0xfa, 0x54, 0x3b, 0x6a}},
    {7,
     16,
     {0x46, 0x6f, 0x72, 0x50, 0x61, 0x73, 0x69},
     {0xaf, 0xbe, 0xb0, 0xf0, 0x7d, 0xfb, 0xf5, 0x41, 0x92, 0x00, 0xf2, 0xcc, 0xb5, 0x0b, 0xb2, 0x4f}},
};

/* The public test key, as a session object. */
static CK_RV import_vector_kek(struct probe *probe, CK_OBJECT_HANDLE *ret)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE list[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &no, sizeof no},
        {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_WRAP, &yes, sizeof yes},
        {CKA_UNWRAP, &yes, sizeof yes},
        {CKA_VALUE, (void *)(uintptr_t)vector_kek, sizeof vector_kek},
    };
    CK_RV rv = p11_create_object(probe->token, list, sizeof list / sizeof list[0], ret);
    return probe_register(probe, rv, ret);
}

static bool unwraps(struct probe *probe, CK_OBJECT_HANDLE kek, bool sensitive, const uint8_t *wrapped, CK_ULONG len,
                    CK_OBJECT_HANDLE *ret)
{
    return probe_unwrap(probe, HSM_LEVEL_SENSITIVE, kek, wrapped, len, HSM_OPEN, sensitive, ret) == CKR_OK;
}

/* Key wrap is authenticated: a token that opens the vector, and not one with a bit changed, does what the RFC says. */
static bool opens_unread(struct probe *probe, CK_OBJECT_HANDLE kek, const struct kwp_vector *vector)
{
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    uint8_t changed[sizeof vector->wrapped];
    memcpy(changed, vector->wrapped, sizeof changed);
    changed[0] ^= 1;
    return unwraps(probe, kek, true, vector->wrapped, vector->wrapped_len, &payload) &&
           !unwraps(probe, kek, true, changed, vector->wrapped_len, &payload);
}

/* Whether the token opens the vector to exactly the RFC's payload. */
static bool opens_vector(struct probe *probe, CK_OBJECT_HANDLE kek, const struct kwp_vector *vector)
{
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    uint8_t value[PROBE_VALUE_MAX_BYTES];
    if (!unwraps(probe, kek, false, vector->wrapped, vector->wrapped_len, &payload)) {
        return opens_unread(probe, kek, vector);
    }
    const CK_ULONG len = probe_value(probe, payload, value, sizeof value);
    return len == 0 ? opens_unread(probe, kek, vector)
                    : view_equal(view_of(value, len), view_of(vector->payload, vector->payload_len));
}

enum proof { PROVEN, DISPROVEN, NO_IMPORT };

static enum proof prove_rfc5649(struct probe *probe)
{
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    if (import_vector_kek(probe, &kek) != CKR_OK) {
        return NO_IMPORT;
    }
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        if (!opens_vector(probe, kek, &vectors[i])) {
            return DISPROVEN;
        }
    }
    return PROVEN;
}

/*
 * Wraps and unwraps a payload whose length is no multiple of 8. What comes back is the payload, or the payload and
 * zeros up to a multiple of 8 (SoftHSM 2.6.1 pads before it wraps); nothing else will do.
 */
static struct hsm_result round_trip(struct probe *probe, bool *ret_pads_payloads)
{
    enum { LENGTH = 13, PADDED = 16 };
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    CK_RV rv = probe_kek(probe, HSM_LEVEL_SENSITIVE, HSM_OPEN, false, &kek);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a KEK");
    }
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    rv = probe_plain_payload(probe, LENGTH, &payload);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a generic secret");
    }
    uint8_t wrapped[PROBE_VALUE_MAX_BYTES];
    CK_ULONG wrapped_len = 0;
    rv = probe_wrap(probe, probe->kwp, kek, payload, wrapped, &wrapped_len);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_WrapKey with KWP");
    }
    CK_OBJECT_HANDLE again = CK_INVALID_HANDLE;
    rv = probe_unwrap(probe, HSM_LEVEL_SENSITIVE, kek, wrapped, wrapped_len, HSM_OPEN, probe->sensitive, &again);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_UnwrapKey with KWP");
    }
    bool same = false;
    size_t len = 0;
    const struct hsm_result result = probe_comes_back(probe, payload, again, LENGTH, &same, &len);
    if (result.code != HSM_OK) {
        return result;
    }
    if (!same || wrapped_len != PADDED + 8) {
        return hsm_failure(HSM_UNSUPPORTED, "KWP: a payload does not come back");
    }
    *ret_pads_payloads = len == PADDED;
    return HSM_SUCCESS;
}

static bool can_wrap(struct probe *probe, CK_MECHANISM_TYPE mechanism)
{
    CK_MECHANISM_INFO info;
    const CK_FLAGS needed = CKF_WRAP | CKF_UNWRAP;
    return p11_get_mechanism_info(probe->token, mechanism, &info) == CKR_OK && (info.flags & needed) == needed;
}

static const struct candidate {
    CK_MECHANISM_TYPE mechanism;
    const char *tried;
    bool by_definition; /* believed on a token that does not import the key of the test vectors */
} candidates[] = {
    {CKM_AES_KEY_WRAP_KWP, "0x210b is RFC 5649, wraps and unwraps 13 bytes", true},
    {CKM_AES_KEY_WRAP_PAD, "0x210a is RFC 5649, wraps and unwraps 13 bytes", false},
};

static struct hsm_result try_candidate(struct probe *probe, const struct candidate *candidate, bool *ret_pads_payloads)
{
    if (!can_wrap(probe, candidate->mechanism)) {
        return hsm_failure(HSM_UNSUPPORTED, "not there");
    }
    probe->kwp = candidate->mechanism;
    enum proof proof = prove_rfc5649(probe);
    if (proof == DISPROVEN || (proof == NO_IMPORT && !candidate->by_definition)) {
        return hsm_failure(HSM_UNSUPPORTED, "it does not open the test vectors of RFC 5649");
    }
    return round_trip(probe, ret_pads_payloads);
}

struct hsm_result probe_choose_kwp(struct probe *probe, bool *ret_pads_payloads)
{
    struct hsm_result failure = hsm_failure(HSM_UNSUPPORTED, "no mechanism that is RFC 5649 (KWP)");
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        struct hsm_result result = try_candidate(probe, &candidates[i], ret_pads_payloads);
        if (probe_is_worth_another_try(result)) {
            result = try_candidate(probe, &candidates[i], ret_pads_payloads);
        }
        if (result.code == HSM_OK) {
            probe_tell(
                probe, "KWP", *ret_pads_payloads ? HSM_COUNTS_LIMITS : HSM_COUNTS_GOOD, candidates[i].tried, "%s",
                *ret_pads_payloads ? "yes; zeros are added to a multiple of 8" : "yes; the length is kept exactly");
            return result;
        }
        probe_tell_failure(probe, "KWP", HSM_COUNTS_TOLD, candidates[i].tried, result);
        if (probe_must_end(result)) {
            return result;
        }
        if (result.rv != 0) {
            failure = result; /* it is there, and fails */
        }
    }
    probe_tell(probe, "KWP", HSM_COUNTS_AGAINST, "AES key wrap with padding", "none that works");
    return failure;
}

struct hsm_result hsm_probe_kwp(struct hsm_token *token, unsigned long *ret_mechanism, bool *ret_pads_payloads)
{
    struct hsm_report report = {0};
    struct probe probe = {.token = token, .report = &report};
    bool pads = false;
    struct hsm_result result = probe_end(&probe, probe_choose_kwp(&probe, &pads));
    if (result.code == HSM_OK) {
        *ret_mechanism = probe.kwp;
        *ret_pads_payloads = pads;
    }
    return result;
}
