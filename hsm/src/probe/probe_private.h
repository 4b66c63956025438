/* What the parts of the probe share: its session objects, its trials, and what it tells. */
#pragma once

#include "hsm/report.h"
#include "hsm/rewrap.h"
#include "objects/attributes_table.h"
#include "p11/p11.h"

#define PROBE_LABEL           "rewrapd:probe"
#define PROBE_MAX_OBJECTS     64  /* the trial of the unwrap template makes two for each attribute */
#define PROBE_VALUE_MAX_BYTES 64  /* of the short payloads that most trials use */
#define PROBE_RSA_BYTES       256 /* RSA_2048: the smallest that a key may have, and the fastest to make */

struct probe {
    struct hsm_token *token;
    struct hsm_report *report;
    CK_MECHANISM_TYPE kwp;
    CK_OBJECT_HANDLE made[PROBE_MAX_OBJECTS]; /* destroyed at the end */
    size_t n_made;
    enum hsm_algorithm oaep; /* one that works, 0: none; found out by probe_oaep */
    bool oaep_unknown;       /* nor whether there is one: probe_oaep could not try, by a fault */
    bool let_through;        /* in this run of a trial the token did what it should refuse: no fault does that */
    bool sensitive;          /* the token makes no payload that may be read: found out by probe_plain_payload */
    const char *detail;      /* static: a trial's word on what was let through, and how; NULL: none */
};

/* Adds a row to the report. The texts are cut to the room there is. */
REWRAP_PRINTF(5, 6)
void probe_tell(struct probe *probe, const char *subject, enum hsm_counts counts, const char *tried, const char *format,
                ...);
/* The same for a call that failed: "C_WrapKey: CKR_MECHANISM_INVALID". */
void probe_tell_failure(struct probe *probe, const char *subject, enum hsm_counts counts, const char *tried,
                        struct hsm_result result);

/* Whether the probe has to end with this: the token is gone, or there is no room. Anything else is only a row. */
bool probe_must_end(struct hsm_result result);
/* Whether it failed and the token is still there: as it may have been a fault that passes, it is tried once more, for
 * what is not found now is not used until the next start. */
bool probe_is_worth_another_try(struct hsm_result result);

/* Destroys what was made. Keeps the first failure: result's, else that of a destruction; but that the token is gone
 * before anything else. */
REWRAP_MUST_USE struct hsm_result probe_end(struct probe *probe, struct hsm_result result);

/* A key that is made and not kept: a CK_RV of the call, CKR_OK with *ret registered for probe_end. */
REWRAP_MUST_USE CK_RV probe_register(struct probe *probe, CK_RV rv, CK_OBJECT_HANDLE *ret);
/* Destroys the object that was registered last. */
REWRAP_MUST_USE CK_RV probe_drop_last(struct probe *probe);

/*
 * A random AES wrapping key of the session for probe->kwp. As open KEKs are on a token of that level; with the unwrap
 * template of the given boundary; trusted true asks for CKA_TRUSTED, which a token must refuse the user.
 */
REWRAP_MUST_USE CK_RV probe_kek(struct probe *probe, enum hsm_level level, enum hsm_boundary unwraps, bool trusted,
                                CK_OBJECT_HANDLE *ret);

/* A random payload of length bytes, as operations make them on a token of that level. */
REWRAP_MUST_USE CK_RV probe_payload(struct probe *probe, enum hsm_level level, enum hsm_boundary boundary,
                                    bool sensitive, CK_ULONG length, CK_OBJECT_HANDLE *ret);

/* A random payload at level sensitive whose value may be read, or on a token that makes no such one, a sensitive one.
 */
REWRAP_MUST_USE CK_RV probe_plain_payload(struct probe *probe, CK_ULONG length, CK_OBJECT_HANDLE *ret);

/* A payload of these bytes at level sensitive. */
REWRAP_MUST_USE CK_RV probe_import(struct probe *probe, bool sensitive, const uint8_t *value, CK_ULONG length,
                                   CK_OBJECT_HANDLE *ret);

/*
 * Whether again is what payload was, length bytes of it, at most ENVELOPE_PAYLOAD_MAX_BYTES; *ret_length is then
 * length, or the next multiple of 8 when zeros were added or it cannot be told. Needs probe->kwp where values may not
 * be read. Fails when the token does before it is known.
 */
REWRAP_MUST_USE struct hsm_result probe_comes_back(struct probe *probe, CK_OBJECT_HANDLE payload,
                                                   CK_OBJECT_HANDLE again, size_t length, bool *ret_same,
                                                   size_t *ret_length);

struct probe_pair {
    CK_OBJECT_HANDLE public_half;
    CK_OBJECT_HANDLE private_half;
};

/*
 * An RSA_2048 pair that everybody knows, or where the token imports none, one that it makes. At level sealed its
 * private half has the unwrap template of a sealed key and unwraps by that mechanism alone.
 */
REWRAP_MUST_USE CK_RV probe_make_pair(struct probe *probe, enum hsm_level level, CK_MECHANISM_TYPE unwraps_by,
                                      struct probe_pair *ret);
/* The public half alone, which everybody knows: it wraps. */
REWRAP_MUST_USE CK_RV probe_import_public(struct probe *probe, CK_OBJECT_HANDLE *ret);

/* The length of an object's CKA_VALUE, 0 when the token does not give it out, or when it is longer than max. */
CK_ULONG probe_value(struct probe *probe, CK_OBJECT_HANDLE object, uint8_t *out, CK_ULONG max);

REWRAP_MUST_USE CK_RV probe_wrap(struct probe *probe, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE kek,
                                 CK_OBJECT_HANDLE payload, uint8_t out[PROBE_VALUE_MAX_BYTES], CK_ULONG *ret_len);
REWRAP_MUST_USE CK_RV probe_unwrap(struct probe *probe, enum hsm_level level, CK_OBJECT_HANDLE kek,
                                   const uint8_t *wrapped, CK_ULONG len, enum hsm_boundary boundary, bool sensitive,
                                   CK_OBJECT_HANDLE *ret);

/* A random payload as sealed ones are, but one that may be changed and, if so asked, copied. */
REWRAP_MUST_USE CK_RV probe_free_payload(struct probe *probe, bool copyable, CK_OBJECT_HANDLE *ret);

/* A random AES wrapping key of the session that any mechanism may use and anybody may change or copy; the second with
 * up to PROBE_EXTRA_MAX attributes more. */
#define PROBE_EXTRA_MAX 4
REWRAP_MUST_USE CK_RV probe_free_kek(struct probe *probe, CK_OBJECT_HANDLE *ret);
REWRAP_MUST_USE CK_RV probe_free_kek_with(struct probe *probe, const CK_ATTRIBUTE *extra, size_t n_extra,
                                          CK_OBJECT_HANDLE *ret);

/* Gives the template of an open key the unwrap template of keys of that boundary. */
void probe_set_unwraps(struct attributes_template *template, enum hsm_boundary unwraps);

/*
 * What came of something a token should refuse. HSM_OK with *ret_refused; a token that is gone or has no room has
 * refused nothing, and fails.
 */
REWRAP_MUST_USE struct hsm_result probe_refused(struct probe *probe, CK_RV rv, const char *what, bool *ret_refused);

/* The questions, in the order in which they are asked. */
void probe_mechanisms(struct probe *probe);
/* Finds probe->kwp. HSM_UNSUPPORTED without one. */
REWRAP_MUST_USE struct hsm_result probe_choose_kwp(struct probe *probe, bool *ret_pads_payloads);
/* What suite 1 needs besides: HMAC-SHA256, CKA_SENSITIVE, payloads of every length. HSM_UNSUPPORTED without them. */
REWRAP_MUST_USE struct hsm_result probe_suite(struct probe *probe, struct hsm_profile *out);
/* Which OAEP hashes, and how lengths are found. Fails only when the probe must end. */
REWRAP_MUST_USE struct hsm_result probe_oaep(struct probe *probe, struct hsm_profile *out);
/* The level and its reason. Fails only when the probe must end. */
REWRAP_MUST_USE struct hsm_result probe_level(struct probe *probe, struct hsm_profile *out);

/* Trials; see struct trial in probe_level.c. */
REWRAP_MUST_USE struct hsm_result probe_try_trusted(struct probe *probe, bool *ret_enforced);
REWRAP_MUST_USE struct hsm_result probe_try_wrap_with_trusted(struct probe *probe, bool *ret_enforced);
REWRAP_MUST_USE struct hsm_result probe_try_wrap_with_trusted_rsa(struct probe *probe, bool *ret_enforced);
REWRAP_MUST_USE struct hsm_result probe_try_unwrap_template(struct probe *probe, bool *ret_enforced);
REWRAP_MUST_USE struct hsm_result probe_try_unwrap_template_rsa(struct probe *probe, bool *ret_enforced);
REWRAP_MUST_USE struct hsm_result probe_try_allowed_mechanisms(struct probe *probe, bool *ret_enforced);
REWRAP_MUST_USE struct hsm_result probe_try_allowed_mechanisms_rsa(struct probe *probe, bool *ret_enforced);
REWRAP_MUST_USE struct hsm_result probe_try_decrypt(struct probe *probe, bool *ret_enforced);
REWRAP_MUST_USE struct hsm_result probe_try_payload_use(struct probe *probe, bool *ret_enforced);
