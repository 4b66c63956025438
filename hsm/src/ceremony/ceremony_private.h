/* What the files of the ceremony share. */
#pragma once

#include "hsm/ceremony.h"

#include "objects/classes.h"

/* One kind of key that the ceremony knows: how it is found, made and checked. */
struct ceremony_recipe {
    enum ceremony_role role;
    enum hsm_spec spec; /* wrapping keys only */
    const char *label;
    CK_MECHANISM_TYPE generate;
    CK_OBJECT_CLASS class;
    enum attributes_kind kind; /* the secret key, or the private half */
    bool is_pair;
    enum attributes_kind public_kind;
    CK_ULONG modulus_bits; /* RSA only */
    CK_MECHANISM_TYPE kwp; /* sealed AES keys, when they are made */
};

#define CEREMONY_OWN 2
extern const struct ceremony_recipe ceremony_own[CEREMONY_OWN]; /* the binding root and the audit key */
struct ceremony_recipe ceremony_recipe_of(const struct key_class *class);

/* An object that was found. */
struct ceremony_found {
    CK_OBJECT_HANDLE handle;
    uint8_t id[CEREMONY_ID_BYTES]; /* zeros when the object's is not one of ours */
    bool has_id;
    bool taken; /* public halves: belongs to a private one */
};

struct ceremony_found_list {
    struct ceremony_found *list; /* owned: free(list) */
    size_t n;
};

/* Finds the token objects of that label and class, sorted by id. On failure nothing is allocated. */
REWRAP_MUST_USE struct hsm_result ceremony_find(struct hsm_token *token, const char *label, CK_OBJECT_CLASS class,
                                                struct ceremony_found_list *ret);

/* As memcmp does, for sorting. */
int ceremony_compare_ids(const uint8_t a[CEREMONY_ID_BYTES], const uint8_t b[CEREMONY_ID_BYTES]);
