/* What suite 1 needs beside KWP: HMAC-SHA256 of the binding root, sensitive payloads, and payloads of every length. */
#include "envelope/header.h"
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "probe_private.h"

#include <string.h>

/* A binding root of the session, and what is computed with it. */
static struct hsm_result try_hmac(struct probe *probe)
{
    static const unsigned char id[] = "probe";
    const struct attributes_wish wish = {
        .level = HSM_LEVEL_SENSITIVE, .label = PROBE_LABEL, .id = id, .id_len = sizeof id - 1};
    struct attributes_template template;
    attributes_create(ATTRIBUTES_BINDING_ROOT, &wish, &template);
    CK_OBJECT_HANDLE root = CK_INVALID_HANDLE;
    CK_RV rv = p11_generate_key(probe->token, CKM_GENERIC_SECRET_KEY_GEN, template.list, template.n, &root);
    rv = probe_register(probe, rv, &root);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a generic secret");
    }
    uint8_t mac[32];
    CK_ULONG len = sizeof mac;
    rv = p11_sign(probe->token, CKM_SHA256_HMAC, root, id, sizeof id, mac, &len);
    if (rv == CKR_OK && len != sizeof mac) {
        return hsm_failure(HSM_UNSUPPORTED, "C_Sign: HMAC-SHA256 of another length");
    }
    return hsm_result_of(rv, "C_Sign with CKM_SHA256_HMAC");
}

/* Without this there is no boundary at all. */
static struct hsm_result try_sensitive(struct probe *probe)
{
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    uint8_t value[PROBE_VALUE_MAX_BYTES];
    CK_RV rv = probe_payload(probe, HSM_LEVEL_SENSITIVE, HSM_OPEN, true, 32, &payload);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a payload");
    }
    return probe_value(probe, payload, value, sizeof value) == 0
               ? HSM_SUCCESS
               : hsm_failure(HSM_UNSUPPORTED, "CKA_SENSITIVE is not enforced");
}

/*
 * A payload of that many bytes, to the token and through KWP and back, as Encrypt and Decrypt send it. A token that
 * imports no secrets makes it itself.
 */
static struct hsm_result try_length(struct probe *probe, CK_OBJECT_HANDLE kek, size_t length)
{
    uint8_t value[ENVELOPE_PAYLOAD_MAX_BYTES];
    uint8_t wrapped[ENVELOPE_INNER_MAX_BYTES + 8];
    memset(value, 0x5a, length);
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE again = CK_INVALID_HANDLE;
    CK_RV rv = probe_import(probe, probe->sensitive, value, length, &payload);
    if (rv != CKR_OK) {
        rv = probe_plain_payload(probe, length, &payload);
    }
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_CreateObject of a payload");
    }
    CK_MECHANISM kwp = {.mechanism = probe->kwp};
    CK_ULONG wrapped_len = sizeof wrapped;
    rv = p11_wrap_key(probe->token, &kwp, kek, payload, wrapped, &wrapped_len);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_WrapKey with KWP");
    }
    rv = probe_unwrap(probe, HSM_LEVEL_SENSITIVE, kek, wrapped, wrapped_len, HSM_OPEN, probe->sensitive, &again);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_UnwrapKey with KWP");
    }
    bool same = false;
    size_t len = 0;
    const struct hsm_result result = probe_comes_back(probe, payload, again, length, &same, &len);
    return result.code != HSM_OK || same ? result : hsm_failure(HSM_UNSUPPORTED, "KWP: a payload does not come back");
}

/* Tries one length, and leaves nothing of it on the token. */
static struct hsm_result goes_through_once(struct probe *probe, CK_OBJECT_HANDLE kek, size_t length)
{
    const size_t before = probe->n_made;
    struct hsm_result result = try_length(probe, kek, length);
    while (probe->n_made > before) {
        const CK_RV rv = probe_drop_last(probe);
        if (rv != CKR_OK && result.code == HSM_OK) {
            result = hsm_result_of(rv, "C_DestroyObject");
        }
    }
    return result;
}

/* A fault passes, too long a payload does not. */
static struct hsm_result goes_through(struct probe *probe, CK_OBJECT_HANDLE kek, size_t length)
{
    const struct hsm_result result = goes_through_once(probe, kek, length);
    return probe_is_worth_another_try(result) ? goes_through_once(probe, kek, length) : result;
}

/* The longest that goes through, by halving. 0 when none does. */
static struct hsm_result find_longest(struct probe *probe, CK_OBJECT_HANDLE kek, size_t *ret)
{
    struct hsm_result result = goes_through(probe, kek, ENVELOPE_PAYLOAD_MAX_BYTES);
    size_t good = result.code == HSM_OK ? ENVELOPE_PAYLOAD_MAX_BYTES : 0;
    size_t bad = ENVELOPE_PAYLOAD_MAX_BYTES + (result.code == HSM_OK);
    while (good + 1 < bad && !probe_must_end(result)) {
        const size_t middle = good + (bad - good) / 2;
        result = goes_through(probe, kek, middle);
        *(result.code == HSM_OK ? &good : &bad) = middle;
    }
    if (probe_must_end(result)) {
        return result;
    }
    *ret = good;
    return HSM_SUCCESS;
}

/*
 * The longest payload; and of every length modulo 8 one that is short and one that is as long as can be, since padding
 * is where implementations err.
 */
static struct hsm_result try_lengths(struct probe *probe, unsigned *ret_longest)
{
    CK_OBJECT_HANDLE kek = CK_INVALID_HANDLE;
    CK_RV rv = probe_kek(probe, HSM_LEVEL_SENSITIVE, HSM_OPEN, false, &kek);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GenerateKey of a KEK");
    }
    size_t longest = 0;
    struct hsm_result result = find_longest(probe, kek, &longest);
    if (result.code == HSM_OK && longest < 8) {
        result = hsm_failure(HSM_UNSUPPORTED, "KWP: payloads of 8 bytes do not come back");
    }
    for (size_t i = 0; i < 8 && result.code == HSM_OK; i++) {
        result = goes_through(probe, kek, 1 + i);
        if (result.code == HSM_OK && longest > 16) {
            result = goes_through(probe, kek, longest - i);
        }
    }
    if (result.code == HSM_OK) {
        *ret_longest = (unsigned)longest;
    }
    return result;
}

/* One of the things without which nothing works. */
static struct hsm_result need(struct probe *probe, const char *subject, const char *tried, const char *found,
                              struct hsm_result result)
{
    result = probe_end(probe, result);
    if (result.code == HSM_OK) {
        probe_tell(probe, subject, HSM_COUNTS_GOOD, tried, "%s", found);
        return result;
    }
    probe_tell_failure(probe, subject, HSM_COUNTS_AGAINST, tried, result);
    return result;
}

/* A token in FIPS mode may take no plaintext and give none out; re-encryption needs neither. */
static struct hsm_result tell_plaintext(struct probe *probe)
{
    const uint8_t plaintext[32] = {1};
    uint8_t value[PROBE_VALUE_MAX_BYTES];
    CK_OBJECT_HANDLE payload = CK_INVALID_HANDLE;
    struct hsm_result result =
        hsm_result_of(probe_import(probe, true, plaintext, sizeof plaintext, &payload), "C_CreateObject");
    static const char in[] = "a secret that a caller sends is put on the token (Encrypt)";
    if (result.code == HSM_OK) {
        probe_tell(probe, "plaintext", HSM_COUNTS_GOOD, in, "yes");
    } else {
        probe_tell_failure(probe, "plaintext", HSM_COUNTS_LIMITS, in, result);
    }
    static const char out[] = "an open payload is read (Decrypt, GenerateDataKey)";
    const CK_RV rv = probe_payload(probe, HSM_LEVEL_SENSITIVE, HSM_OPEN, false, sizeof plaintext, &payload);
    if (rv == CKR_OK && probe_value(probe, payload, value, sizeof value) == sizeof plaintext) {
        probe_tell(probe, "plaintext", HSM_COUNTS_GOOD, out, "yes");
    } else if (rv == CKR_OK) {
        probe_tell(probe, "plaintext", HSM_COUNTS_LIMITS, out, "its value is not given out");
    } else {
        probe_tell_failure(probe, "plaintext", HSM_COUNTS_LIMITS, out, hsm_result_of(rv, "C_GenerateKey"));
    }
    return probe_end(probe, probe_must_end(result) ? result : HSM_SUCCESS);
}

struct hsm_result probe_suite(struct probe *probe, struct hsm_profile *out)
{
    struct hsm_result result = need(probe, "HMAC", "HMAC-SHA256 with a key of the token", "yes", try_hmac(probe));
    if (result.code == HSM_OK) {
        result =
            need(probe, "CKA_SENSITIVE", "the value of a sensitive payload is read", "refused", try_sensitive(probe));
    }
    if (result.code != HSM_OK) {
        return result;
    }
    static const char tried[] = "payloads of every length modulo 8, and the longest";
    result = probe_end(probe, try_lengths(probe, &out->payload_max_bytes));
    if (result.code != HSM_OK) {
        probe_tell_failure(probe, "payloads", HSM_COUNTS_AGAINST, tried, result);
        return result;
    }
    const bool whole = out->payload_max_bytes == ENVELOPE_PAYLOAD_MAX_BYTES;
    probe_tell(probe, "payloads", whole ? HSM_COUNTS_GOOD : HSM_COUNTS_LIMITS, tried, "1 to %u bytes come back",
               out->payload_max_bytes);
    return tell_plaintext(probe);
}
