/*
 * The attributes of every kind of object we keep on a token: one table, from which both the template that makes an
 * object and the check of an object that is there are taken, so that the two cannot differ. What each attribute is for:
 * docs/ceremony.md.
 *
 * What is asked for depends on the level of the token (hsm/probe.h): at HSM_LEVEL_SENSITIVE the attributes that a token
 * without a boundary does not have are neither set nor demanded. Any other value of a level, 0 too, is the strict one.
 */
#pragma once

#include "hsm/probe.h"
#include "hsm/result.h"
#include "hsm/spec.h"
#include "p11/p11.h"

#include <stdbool.h>
#include <stddef.h>

struct hsm_token;

enum attributes_kind {
    ATTRIBUTES_SEALED_KEK, /* AES-256, CKA_TRUSTED */
    ATTRIBUTES_OPEN_KEK,   /* AES-256, made by the user at run time */
    ATTRIBUTES_SEALED_RSA_PRIVATE,
    ATTRIBUTES_SEALED_RSA_PUBLIC, /* CKA_TRUSTED */
    ATTRIBUTES_OPEN_RSA_PRIVATE,
    ATTRIBUTES_OPEN_RSA_PUBLIC,
    ATTRIBUTES_BINDING_ROOT,  /* generic secret, HMAC-SHA256 only */
    ATTRIBUTES_AUDIT_PRIVATE, /* EC P-256 */
    ATTRIBUTES_AUDIT_PUBLIC,
    ATTRIBUTES_KINDS,
};

#define ATTRIBUTES_MAX        32 /* SoftHSM 2.6.1 takes no more in C_GenerateKey, its own four among them */
#define ATTRIBUTES_UNWRAP_MAX 24

/* What differs from one object of a kind to the next. Borrowed: must outlive the template made from it. */
struct attributes_wish {
    enum hsm_level level; /* of the token */
    bool on_token;        /* CKA_TOKEN */
    const char *label;
    const unsigned char *id; /* CKA_ID */
    size_t id_len;
    CK_MECHANISM_TYPE kwp; /* AES KEKs: the one mechanism allowed, CKM_AES_KEY_WRAP_KWP or CKM_AES_KEY_WRAP_PAD */
    CK_ULONG modulus_bits; /* RSA public halves */
};

/* A creation template. Some values point into the struct itself: fill it where it stays, do not copy it. */
struct attributes_template {
    CK_ATTRIBUTE list[ATTRIBUTES_MAX];
    CK_ULONG n;
    CK_MECHANISM_TYPE allowed;
    CK_ULONG modulus_bits;
    CK_ATTRIBUTE unwrap[ATTRIBUTES_UNWRAP_MAX];
};

/* Fills *out with the template of one object, for C_GenerateKey or a half of C_GenerateKeyPair. CKA_MODIFIABLE comes
 * last. */
void attributes_create(enum attributes_kind kind, const struct attributes_wish *wish, struct attributes_template *out);

/*
 * The template for a payload, of C_UnwrapKey, C_CreateObject or C_GenerateKey: what the unwrapping key forces by
 * CKA_UNWRAP_TEMPLATE, each of them repeated since SoftHSM wants that, and what the caller adds (CKA_PRIVATE;
 * CKA_SENSITIVE and the lack of CKA_WRAP_WITH_TRUSTED on open keys). sensitive false is for payloads of open keys that
 * will be handed out; sealed ones are sensitive always. The second form puts n_extra attributes of the caller's
 * (CKA_VALUE, CKA_VALUE_LEN) in, before CKA_MODIFIABLE=false, which is last because SoftHSM refuses to set what comes
 * after it. Returns the number of attributes, 0 when max is too small. Values are static, or the caller's.
 */
REWRAP_MUST_USE size_t attributes_unwrap(enum hsm_level level, enum hsm_boundary boundary, bool sensitive,
                                         CK_ATTRIBUTE *out, size_t max);
REWRAP_MUST_USE size_t attributes_payload(enum hsm_level level, enum hsm_boundary boundary, bool sensitive,
                                          const CK_ATTRIBUTE *extra, size_t n_extra, CK_ATTRIBUTE *out, size_t max);

/*
 * Checks the object against the table for the token's level: every attribute that a creation template sets,
 * CKA_ALLOWED_MECHANISMS and CKA_UNWRAP_TEMPLATE compared whole (nothing missing, nothing more), and those only the
 * token sets (CKA_LOCAL, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE). HSM_KEY_REFUSED with `what` the name of the
 * first attribute that is missing, unreadable or wrong. Not checked: label, id, CKA_TOKEN. Blocks as the token does.
 */
REWRAP_MUST_USE struct hsm_result attributes_verify(struct hsm_token *token, CK_OBJECT_HANDLE object,
                                                    enum attributes_kind kind);
