/* The probe's questions about RSA: which OAEP hashes the token does, and how it lets a payload's length be found. */
#include "objects/length.h"
#include "p11/errors.h"
#include "p11/oaep.h"
#include "p11/p11_call.h"
#include "probe_private.h"

#define SHORT_BYTES 13 /* no multiple of 8, so that padding shows */

/* Unwraps with the private half what the public half has wrapped of payload. */
static struct hsm_result pass(struct probe *probe, const struct probe_pair *pair, enum hsm_algorithm algorithm,
                              CK_OBJECT_HANDLE payload, bool sensitive, CK_OBJECT_HANDLE *ret)
{
    struct oaep_mechanism oaep;
    oaep_mechanism_fill(oaep_of(algorithm), &oaep);
    uint8_t wrapped[PROBE_RSA_BYTES];
    CK_ULONG len = sizeof wrapped;
    CK_RV rv = p11_wrap_key(probe->token, &oaep.mechanism, pair->public_half, payload, wrapped, &len);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_WrapKey");
    }
    CK_ATTRIBUTE list[ATTRIBUTES_UNWRAP_MAX];
    const size_t n = attributes_unwrap(HSM_LEVEL_SENSITIVE, HSM_OPEN, sensitive, list, sizeof list / sizeof list[0]);
    rv = p11_unwrap_key(probe->token, &oaep.mechanism, pair->private_half, wrapped, len, list, n, ret);
    rv = probe_register(probe, rv, ret);
    return hsm_result_of(rv, "C_UnwrapKey");
}

static struct hsm_result try_hash(struct probe *probe, const struct probe_pair *pair, enum hsm_algorithm algorithm)
{
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE again = CK_INVALID_HANDLE;
    CK_RV rv = probe_plain_payload(probe, SHORT_BYTES, &payload);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a generic secret");
    }
    struct hsm_result result = pass(probe, pair, algorithm, payload, probe->sensitive, &again);
    bool same = false;
    size_t length = 0;
    if (result.code == HSM_OK) {
        result = probe_comes_back(probe, payload, again, SHORT_BYTES, &same, &length);
    }
    if (result.code != HSM_OK) {
        return result;
    }
    if (!same) {
        return hsm_failure(HSM_UNSUPPORTED, "a payload does not come back");
    }
    return length == SHORT_BYTES ? HSM_SUCCESS
                                 : hsm_failure(HSM_UNSUPPORTED, "the length of what comes back cannot be told");
}

/* Whether the token adds up C_DigestKey of the payload as length_by_digest needs it. */
static bool is_found_by_digest(struct probe *probe, CK_OBJECT_HANDLE payload)
{
    size_t found = 0;
    bool empty = true;
    return length_by_digest(probe->token, payload, (SHORT_BYTES + 7) / 8 * 8, &found).code == HSM_OK &&
           found == SHORT_BYTES && length_is_zero(probe->token, payload, &empty).code == HSM_OK && !empty;
}

/* Of a sensitive payload that came out of an RSA ciphertext. */
static enum hsm_lengths find_lengths(struct probe *probe, const struct probe_pair *pair, enum hsm_algorithm algorithm)
{
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE again = CK_INVALID_HANDLE;
    size_t found = 0;
    if (probe_payload(probe, HSM_LEVEL_SENSITIVE, HSM_OPEN, true, SHORT_BYTES, &payload) != CKR_OK ||
        pass(probe, pair, algorithm, payload, true, &again).code != HSM_OK) {
        return HSM_LENGTHS_UNKNOWN;
    }
    if (length_by_attribute(probe->token, again, &found).code == HSM_OK && found == SHORT_BYTES) {
        return HSM_LENGTHS_BY_ATTRIBUTE;
    }
    return is_found_by_digest(probe, again) ? HSM_LENGTHS_BY_DIGEST : HSM_LENGTHS_UNKNOWN;
}

static void tell_lengths(struct probe *probe, enum hsm_lengths lengths)
{
    static const char *const texts[] = {
        [HSM_LENGTHS_UNKNOWN] = "neither by CKA_VALUE_LEN nor by C_DigestKey: no way from RSA to AES keys",
        [HSM_LENGTHS_BY_ATTRIBUTE] = "by CKA_VALUE_LEN",
        [HSM_LENGTHS_BY_DIGEST] = "by C_DigestKey; CKA_VALUE_LEN is wrong",
    };
    probe_tell(probe, "lengths", lengths == HSM_LENGTHS_UNKNOWN ? HSM_COUNTS_LIMITS : HSM_COUNTS_GOOD,
               "the length of a payload from an RSA ciphertext is found", "%s", texts[lengths]);
}

static struct hsm_result make_pair(struct probe *probe, struct probe_pair *ret)
{
    return hsm_result_of(probe_make_pair(probe, HSM_LEVEL_SENSITIVE, CKM_RSA_PKCS_OAEP, ret), "C_GenerateKeyPair");
}

struct hsm_result probe_oaep(struct probe *probe, struct hsm_profile *out)
{
    const struct {
        enum hsm_algorithm algorithm;
        const char *tried;
        bool *works;
    } hashes[] = {
        {HSM_RSAES_OAEP_SHA_1, "RSAES_OAEP_SHA_1 wraps and unwraps", &out->oaep_sha1},
        {HSM_RSAES_OAEP_SHA_256, "RSAES_OAEP_SHA_256 wraps and unwraps", &out->oaep_sha256},
    };
    struct probe_pair pair = {0};
    struct hsm_result result = make_pair(probe, &pair);
    if (probe_is_worth_another_try(result)) {
        result = make_pair(probe, &pair);
    }
    if (result.code != HSM_OK) {
        probe->oaep_unknown = result.code != HSM_UNSUPPORTED;
        probe_tell_failure(probe, "OAEP", probe->oaep_unknown ? HSM_COUNTS_LEVEL : HSM_COUNTS_LIMITS,
                           "an RSA_2048 pair is made", result);
        return probe_must_end(result) ? result : HSM_SUCCESS;
    }
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        result = try_hash(probe, &pair, hashes[i].algorithm);
        if (probe_is_worth_another_try(result)) {
            result = try_hash(probe, &pair, hashes[i].algorithm);
        }
        if (probe_must_end(result)) {
            return result;
        }
        if (result.code != HSM_OK) {
            probe_tell_failure(probe, "OAEP", HSM_COUNTS_LIMITS, hashes[i].tried, result);
            continue;
        }
        probe_tell(probe, "OAEP", HSM_COUNTS_GOOD, hashes[i].tried, "yes");
        *hashes[i].works = true;
        probe->oaep = hashes[i].algorithm;
    }
    if (probe->oaep != 0) {
        out->lengths = find_lengths(probe, &pair, probe->oaep);
        if (out->lengths == HSM_LENGTHS_UNKNOWN) {
            out->lengths = find_lengths(probe, &pair, probe->oaep); /* a fault passes */
        }
        tell_lengths(probe, out->lengths);
    }
    return HSM_SUCCESS;
}
