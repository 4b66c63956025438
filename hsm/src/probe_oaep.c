/* What a token does with RSAES-OAEP, and how the length of what comes out of it is found; see hsm/probe.h. */
#include "errors.h"
#include "length.h"
#include "oaep.h"
#include "p11_call.h"
#include "pair.h"
#include "probe_private.h"

#include <string.h>

enum { LENGTH = 13, PADDED = 16 }; /* of the payload: no multiple of 8 */

struct trial_pair {
    CK_OBJECT_HANDLE public_half;
    CK_OBJECT_HANDLE private_half;
};

/* An RSA pair of the session, as open ones are. */
static CK_RV make_pair(struct probe *probe, enum hsm_level level, struct trial_pair *ret)
{
    static const unsigned char id[] = "probe";
    struct attributes_wish wish = {
        .level = level, .label = PROBE_LABEL, .id = id, .id_len = sizeof id - 1, .modulus_bits = 2048};
    struct attributes_template private_half;
    struct attributes_template public_half;
    attributes_create(ATTRIBUTES_OPEN_RSA_PRIVATE, &wish, &private_half);
    attributes_create(ATTRIBUTES_OPEN_RSA_PUBLIC, &wish, &public_half);
    CK_RV rv = p11_generate_key_pair(probe->token, CKM_RSA_PKCS_KEY_PAIR_GEN, public_half.list, public_half.n,
                                     private_half.list, private_half.n, &ret->public_half, &ret->private_half);
    if (rv == CKR_OK) {
        rv = probe_register(probe, probe_register(probe, rv, &ret->public_half), &ret->private_half);
    }
    return rv;
}

/* Wraps the payload under the pair and unwraps it again. */
static CK_RV there_and_back(struct probe *probe, enum hsm_level level, const struct trial_pair *pair,
                            const struct oaep *oaep, CK_OBJECT_HANDLE payload, CK_OBJECT_HANDLE *ret)
{
    struct oaep_mechanism mechanism;
    oaep_mechanism_fill(oaep, &mechanism);
    uint8_t wrapped[PAIR_MODULUS_MAX_BYTES];
    CK_ULONG len = sizeof wrapped;
    CK_RV rv = p11_wrap_key(probe->token, &mechanism.mechanism, pair->public_half, payload, wrapped, &len);
    if (rv != CKR_OK) {
        return rv;
    }
    CK_ATTRIBUTE list[ATTRIBUTES_UNWRAP_MAX];
    size_t n = attributes_unwrap(level, HSM_OPEN, false, list, sizeof list / sizeof list[0]);
    rv = p11_unwrap_key(probe->token, &mechanism.mechanism, pair->private_half, wrapped, len, list, n, ret);
    return probe_register(probe, rv, ret);
}

/* By digest: only where KWP pads, and if the answer is the right one. */
static bool is_told_by_digest(struct probe *probe, CK_OBJECT_HANDLE payload)
{
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE padded = CK_INVALID_HANDLE;
    uint8_t wrapped[PROBE_VALUE_MAX_BYTES];
    CK_ULONG wrapped_len = 0;
    size_t length = 0;
    bool empty = true;
    return probe_kek(probe, HSM_OPEN, false, &kek) == CKR_OK &&
           probe_wrap(probe, probe->kwp, kek, payload, wrapped, &wrapped_len) == CKR_OK &&
           probe_unwrap(probe, kek, wrapped, wrapped_len, HSM_OPEN, true, &padded) == CKR_OK &&
           length_by_digest(probe->token, payload, padded, PADDED, &length).code == HSM_OK && length == LENGTH &&
           length_is_zero(probe->token, payload, &empty).code == HSM_OK && !empty;
}

static enum hsm_lengths find_lengths(struct probe *probe, bool pads_payloads, CK_OBJECT_HANDLE payload)
{
    size_t length = 0;
    if (length_by_attribute(probe->token, payload, &length).code == HSM_OK && length == LENGTH) {
        return HSM_LENGTHS_BY_ATTRIBUTE;
    }
    return pads_payloads && is_told_by_digest(probe, payload) ? HSM_LENGTHS_BY_DIGEST : HSM_LENGTHS_UNKNOWN;
}

/* Whether the token does this algorithm: what comes back is what went in. */
static bool try_oaep(struct probe *probe, const struct trial_pair *pair, enum hsm_algorithm algorithm,
                     struct hsm_profile *profile)
{
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE again = CK_INVALID_HANDLE;
    uint8_t before[PROBE_VALUE_MAX_BYTES] = {0};
    uint8_t after[PROBE_VALUE_MAX_BYTES] = {0};
    if (probe_payload(probe, HSM_OPEN, false, LENGTH, &payload) != CKR_OK ||
        there_and_back(probe, profile->level, pair, oaep_of(algorithm), payload, &again) != CKR_OK ||
        probe_value(probe, payload, before) != LENGTH || probe_value(probe, again, after) != LENGTH ||
        memcmp(before, after, LENGTH) != 0) {
        return false;
    }
    profile->lengths = find_lengths(probe, profile->pads_payloads, again);
    return true;
}

struct hsm_result probe_find_oaep(struct probe *probe, struct hsm_profile *out)
{
    struct trial_pair pair;
    struct hsm_result result = hsm_result_of(make_pair(probe, out->level, &pair), "C_GenerateKeyPair");
    if (result.code != HSM_OK) {
        bool failed = result.code == HSM_TOKEN_UNAVAILABLE || result.code == HSM_NO_MEMORY || result.code == HSM_LIMIT;
        return failed ? result : HSM_SUCCESS; /* a token without RSA */
    }
    out->oaep_sha1 = try_oaep(probe, &pair, HSM_RSAES_OAEP_SHA_1, out);
    out->oaep_sha256 = try_oaep(probe, &pair, HSM_RSAES_OAEP_SHA_256, out);
    return HSM_SUCCESS;
}
