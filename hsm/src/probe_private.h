/* Session objects of the probe, and what its parts (probe.c, probe_kwp.c, probe_oaep.c, probe_template.c,
 * probe_trusted.c) do with them. */
#pragma once

#include "attributes_table.h"
#include "hsm/probe.h"
#include "p11.h"

#define PROBE_LABEL           "rewrapd:probe"
#define PROBE_MAX_OBJECTS     64 /* the trial of the unwrap template makes two for each attribute */
#define PROBE_VALUE_MAX_BYTES 64 /* payloads of the probe are short */

struct probe {
    struct hsm_token *token;
    CK_MECHANISM_TYPE kwp;
    CK_OBJECT_HANDLE made[PROBE_MAX_OBJECTS]; /* destroyed at the end */
    size_t n_made;
};

/* Destroys what was made. Keeps the first failure: result's, else that of a destruction. */
REWRAP_MUST_USE struct hsm_result probe_end(struct probe *probe, struct hsm_result result);

/* A key that is made and not kept: a CK_RV of the call, CKR_OK with *ret registered for probe_end. */
REWRAP_MUST_USE CK_RV probe_register(struct probe *probe, CK_RV rv, CK_OBJECT_HANDLE *ret);

/*
 * A random AES wrapping key of the session for probe->kwp. As open KEKs are; with the unwrap template of the given
 * boundary; trusted true asks for CKA_TRUSTED, which a token must refuse the user.
 */
REWRAP_MUST_USE CK_RV probe_kek(struct probe *probe, enum hsm_boundary unwraps, bool trusted, CK_OBJECT_HANDLE *ret);

/* A random payload of length bytes, as operations make them. */
REWRAP_MUST_USE CK_RV probe_payload(struct probe *probe, enum hsm_boundary boundary, bool sensitive, CK_ULONG length,
                                    CK_OBJECT_HANDLE *ret);

/* The length of an object's CKA_VALUE, 0 when the token does not give it out. */
CK_ULONG probe_value(struct probe *probe, CK_OBJECT_HANDLE object, uint8_t out[PROBE_VALUE_MAX_BYTES]);

REWRAP_MUST_USE CK_RV probe_wrap(struct probe *probe, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE kek,
                                 CK_OBJECT_HANDLE payload, uint8_t out[PROBE_VALUE_MAX_BYTES], CK_ULONG *ret_len);
REWRAP_MUST_USE CK_RV probe_unwrap(struct probe *probe, CK_OBJECT_HANDLE kek, const uint8_t *wrapped, CK_ULONG len,
                                   enum hsm_boundary boundary, bool sensitive, CK_OBJECT_HANDLE *ret);

/* A random payload as sealed ones are, but one that may be changed and, if so asked, copied. */
REWRAP_MUST_USE CK_RV probe_free_payload(struct probe *probe, bool copyable, CK_OBJECT_HANDLE *ret);

/* A random AES wrapping key of the session that any mechanism may use and anybody may change or copy. */
REWRAP_MUST_USE CK_RV probe_free_kek(struct probe *probe, CK_OBJECT_HANDLE *ret);

/*
 * What came of something a token should refuse. HSM_OK with *ret_refused; a token that is gone or has no room has
 * refused nothing, and fails.
 */
REWRAP_MUST_USE struct hsm_result probe_refused(CK_RV rv, const char *what, bool *ret_refused);

/* Trials; see struct trial in probe.c. */
REWRAP_MUST_USE struct hsm_result probe_try_trusted(struct probe *probe, bool *ret_enforced);
REWRAP_MUST_USE struct hsm_result probe_try_unwrap_template(struct probe *probe, bool *ret_enforced);

/* Finds probe->kwp. */
REWRAP_MUST_USE struct hsm_result probe_choose_kwp(struct probe *probe, bool *ret_pads_payloads);

/* Fills in oaep_sha1, oaep_sha256 and lengths; level and pads_payloads are known. A token that cannot is a success. */
REWRAP_MUST_USE struct hsm_result probe_find_oaep(struct probe *probe, struct hsm_profile *out);
