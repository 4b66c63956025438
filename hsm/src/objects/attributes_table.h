/* The table behind attributes.h, for the two files that read it: attributes.c (templates) and attributes_verify.c
 * (checks). */
#pragma once

#include "attributes.h"

/* At which levels a row counts. */
enum attributes_levels { AT_EVERY_LEVEL, AT_SEALED, AT_SENSITIVE };

struct attributes_row {
    CK_ATTRIBUTE_TYPE type;
    const char *name;
    enum attributes_levels levels;
    char cells[ATTRIBUTES_KINDS + 1]; /* one letter a kind, in the order of enum attributes_kind */
};

/*
 * The letters:
 *   T F  a boolean, given at creation and checked
 *   t    true, set by the token alone, checked
 *   y n  true or false, given at creation, not checked: the boundary does not depend on it
 *   .    does not apply to this kind
 */
extern const struct attributes_row attributes_rows[];
extern const size_t attributes_n_rows;

bool attributes_counts(const struct attributes_row *row, enum hsm_level level);

/* What is not boolean, by kind. */
struct attributes_numbers {
    CK_OBJECT_CLASS class;
    CK_KEY_TYPE key_type;
    CK_ULONG value_len; /* secret keys: CKA_VALUE_LEN */
    CK_MECHANISM_TYPE
    allowed; /* the one CKA_ALLOWED_MECHANISMS; 0: AES key wrap with padding under either of its numbers */
    enum hsm_boundary unwraps; /* whose CKA_UNWRAP_TEMPLATE it carries; 0: it unwraps nothing */
};
extern const struct attributes_numbers attributes_numbers[ATTRIBUTES_KINDS];

extern const CK_BYTE attributes_p256[10]; /* CKA_EC_PARAMS of the audit key */

/* CKA_UNWRAP_TEMPLATE of keys of this boundary, a subset of attributes_unwrap. Returns how many; out has
 * ATTRIBUTES_UNWRAP_MAX. */
size_t attributes_forced(enum hsm_boundary boundary, CK_ATTRIBUTE *out);
