/*
 * How our objects are found on a token: by CKA_LABEL, which names what they are, and CKA_ID, their material id. A label
 * is a claim, not a proof: what counts is attributes_verify.
 */
#pragma once

#include "attributes.h"
#include "p11/p11.h"

#define MATERIAL_ID_BYTES 32 /* CKA_ID of each object of ours, random */

#define LABEL_BINDING_ROOT "rewrapd:binding-root"
#define LABEL_AUDIT        "rewrapd:audit"

/* A kind of wrapping key. AES keys are one object, which unwraps and wraps; RSA pairs are two with the same label and
 * id. */
struct key_class {
    const char *label;
    enum hsm_spec spec;
    enum hsm_boundary boundary;
    CK_OBJECT_CLASS unwrap_class; /* CKO_SECRET_KEY or CKO_PRIVATE_KEY */
    enum attributes_kind unwrap_kind;
    bool is_pair;
    enum attributes_kind wrap_kind; /* the public half, CKO_PUBLIC_KEY; only when is_pair */
    CK_ULONG modulus_bits;          /* only when is_pair */
};

extern const struct key_class key_classes[];
extern const size_t key_classes_count;

/* NULL when there is no such class. */
const struct key_class *key_class_of(enum hsm_spec spec, enum hsm_boundary boundary);
