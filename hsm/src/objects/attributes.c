/* The table of attributes (attributes.h, attributes_table.h), and the templates that are made from it. */
#include "attributes_table.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/*
 * The columns: K sealed KEK, k open KEK; P and B sealed RSA private and public half, p and b the open ones; R binding
 * root; A and a the audit key's private and public half. CKA_TRUSTED marks what may wrap a sealed payload: only the SO
 * can give it. Sealed keys are CKA_PRIVATE=false because SoftHSM lets the SO set CKA_TRUSTED only while it makes a key,
 * and the SO sees no private ones; at level sensitive the user makes them, so they are private. CKA_MODIFIABLE is the
 * last row: SoftHSM refuses to set what comes after it.
 *
 * What counts at level sealed only is what NSS softokn 3.87 lacks or what means nothing there: it stores no
 * CKA_COPYABLE and CKA_DESTROYABLE of token objects (CKR_GENERAL_ERROR), gives CKA_TRUSTED to everybody, and says that
 * the secret keys it has generated are not CKA_LOCAL.
 */
const struct attributes_row attributes_rows[] = {
#define ROW(type, levels, cells)                                                                                       \
    {                                                                                                                  \
        type, #type, levels, cells                                                                                     \
    }
    /* clang-format off */
    /*                                         KkPBpbRAa */
    ROW(CKA_PRIVATE,            AT_SEALED,      "nTnnTyTTn"),
    ROW(CKA_PRIVATE,            AT_SENSITIVE,   "TTTnTnTTn"),
    ROW(CKA_SENSITIVE,          AT_EVERY_LEVEL, "TTT.T.TT."),
    ROW(CKA_EXTRACTABLE,        AT_EVERY_LEVEL, "FFF.F.FF."),
    ROW(CKA_WRAP,               AT_EVERY_LEVEL, "TT.T.TF.F"),
    ROW(CKA_UNWRAP,             AT_EVERY_LEVEL, "TTT.T.FF."),
    ROW(CKA_ENCRYPT,            AT_EVERY_LEVEL, "FF.F.FF.F"),
    ROW(CKA_DECRYPT,            AT_EVERY_LEVEL, "FFF.F.FF."),
    ROW(CKA_SIGN,               AT_EVERY_LEVEL, "FFF.F.TT."),
    ROW(CKA_SIGN_RECOVER,       AT_EVERY_LEVEL, "..F.F..F."),
    ROW(CKA_VERIFY,             AT_EVERY_LEVEL, "FF.F.FF.T"),
    ROW(CKA_VERIFY_RECOVER,     AT_EVERY_LEVEL, "...F.F..F"),
    ROW(CKA_DERIVE,             AT_EVERY_LEVEL, "FFFFFFFFF"),
    ROW(CKA_TRUSTED,            AT_SEALED,      "TF.T.F..."),
    ROW(CKA_COPYABLE,           AT_SEALED,      "FFFFFFFFF"),
    ROW(CKA_DESTROYABLE,        AT_SEALED,      "FyFFyyFFF"),
    ROW(CKA_LOCAL,              AT_SEALED,      "ttttttttt"),
    ROW(CKA_ALWAYS_SENSITIVE,   AT_EVERY_LEVEL, "ttt.t.tt."),
    ROW(CKA_NEVER_EXTRACTABLE,  AT_EVERY_LEVEL, "ttt.t.tt."),
    ROW(CKA_MODIFIABLE,         AT_EVERY_LEVEL, "FFFFFFFFF"),
/* clang-format on */
#undef ROW
};
const size_t attributes_n_rows = sizeof attributes_rows / sizeof attributes_rows[0];

bool attributes_counts(const struct attributes_row *row, enum hsm_level level)
{
    return row->levels == AT_EVERY_LEVEL || (row->levels == AT_SENSITIVE) == (level == HSM_LEVEL_SENSITIVE);
}

const struct attributes_numbers attributes_numbers[ATTRIBUTES_KINDS] = {
    [ATTRIBUTES_SEALED_KEK] = {CKO_SECRET_KEY, CKK_AES, .value_len = 32, .unwraps = HSM_SEALED},
    [ATTRIBUTES_OPEN_KEK] = {CKO_SECRET_KEY, CKK_AES, .value_len = 32, .unwraps = HSM_OPEN},
    [ATTRIBUTES_SEALED_RSA_PRIVATE] = {CKO_PRIVATE_KEY, CKK_RSA, .allowed = CKM_RSA_PKCS_OAEP, .unwraps = HSM_SEALED},
    [ATTRIBUTES_SEALED_RSA_PUBLIC] = {CKO_PUBLIC_KEY, CKK_RSA, .allowed = CKM_RSA_PKCS_OAEP},
    [ATTRIBUTES_OPEN_RSA_PRIVATE] = {CKO_PRIVATE_KEY, CKK_RSA, .allowed = CKM_RSA_PKCS_OAEP, .unwraps = HSM_OPEN},
    [ATTRIBUTES_OPEN_RSA_PUBLIC] = {CKO_PUBLIC_KEY, CKK_RSA, .allowed = CKM_RSA_PKCS_OAEP},
    [ATTRIBUTES_BINDING_ROOT] = {CKO_SECRET_KEY, CKK_GENERIC_SECRET, .value_len = 32, .allowed = CKM_SHA256_HMAC},
    [ATTRIBUTES_AUDIT_PRIVATE] = {CKO_PRIVATE_KEY, CKK_EC, .allowed = CKM_ECDSA},
    [ATTRIBUTES_AUDIT_PUBLIC] = {CKO_PUBLIC_KEY, CKK_EC, .allowed = CKM_ECDSA},
};

/* The object identifier 1.2.840.10045.3.1.7 in DER. */
const CK_BYTE attributes_p256[10] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_OBJECT_CLASS payload_class = CKO_SECRET_KEY;
static CK_KEY_TYPE payload_type = CKK_GENERIC_SECRET;

/*
 * What a payload is, once: {attribute, value, forced by the template of a sealed key, of an open key}. A payload must
 * be CKA_EXTRACTABLE to be wrapped again; CKA_WRAP_WITH_TRUSTED is what keeps it from being wrapped under a key of
 * somebody's own. At level sensitive no wrapping key is trusted, so a payload must not ask for one.
 */
static const struct payload_row {
    CK_ATTRIBUTE attribute;
    bool forced_sealed;
    bool forced_open;
    bool sealed_only; /* not at level sensitive */
} payload_rows[] = {
    {{CKA_CLASS, &payload_class, sizeof payload_class}, true, true, false},
    {{CKA_KEY_TYPE, &payload_type, sizeof payload_type}, true, true, false},
    {{CKA_TOKEN, &no, sizeof no}, true, true, false},
    {{CKA_PRIVATE, &yes, sizeof yes}, false, false, false},
    {{CKA_SENSITIVE, &yes, sizeof yes}, true, false, false},
    {{CKA_EXTRACTABLE, &yes, sizeof yes}, true, true, false},
    {{CKA_WRAP_WITH_TRUSTED, &yes, sizeof yes}, true, false, true},
    {{CKA_COPYABLE, &no, sizeof no}, true, true, true},
    {{CKA_SIGN, &no, sizeof no}, true, true, false},
    {{CKA_VERIFY, &no, sizeof no}, true, true, false},
    {{CKA_WRAP, &no, sizeof no}, true, true, false},
    {{CKA_UNWRAP, &no, sizeof no}, true, true, false},
    {{CKA_ENCRYPT, &no, sizeof no}, true, true, false},
    {{CKA_DECRYPT, &no, sizeof no}, true, true, false},
    {{CKA_DERIVE, &no, sizeof no}, true, true, false},
    {{CKA_MODIFIABLE, &no, sizeof no}, true, true, false},
};
#define N_PAYLOAD_ROWS (sizeof payload_rows / sizeof payload_rows[0])
static_assert(N_PAYLOAD_ROWS <= ATTRIBUTES_UNWRAP_MAX, "a payload's template fits");

size_t attributes_forced(enum hsm_boundary boundary, CK_ATTRIBUTE *out)
{
    size_t n = 0;
    for (size_t i = 0; i < N_PAYLOAD_ROWS; i++) {
        if (boundary == HSM_SEALED ? payload_rows[i].forced_sealed : payload_rows[i].forced_open) {
            out[n++] = payload_rows[i].attribute;
        }
    }
    return n;
}

size_t attributes_payload(enum hsm_level level, enum hsm_boundary boundary, bool sensitive, const CK_ATTRIBUTE *extra,
                          size_t n_extra, CK_ATTRIBUTE *out, size_t max)
{
    assert(sensitive || boundary == HSM_OPEN);
    if (max < N_PAYLOAD_ROWS || max - N_PAYLOAD_ROWS < n_extra) {
        return 0;
    }
    size_t n = 0;
    for (size_t i = 0; i < N_PAYLOAD_ROWS; i++) {
        CK_ATTRIBUTE attribute = payload_rows[i].attribute;
        if (payload_rows[i].sealed_only && level == HSM_LEVEL_SENSITIVE) {
            continue;
        }
        if (attribute.type == CKA_SENSITIVE && !sensitive) {
            attribute.pValue = &no;
        }
        if (attribute.type == CKA_WRAP_WITH_TRUSTED && boundary == HSM_OPEN) {
            continue; /* or an open KEK, which is not trusted, could not wrap it again */
        }
        if (attribute.type == CKA_MODIFIABLE && n_extra > 0) {
            memcpy(&out[n], extra, n_extra * sizeof extra[0]);
            n += n_extra;
        }
        out[n++] = attribute;
    }
    return n;
}

size_t attributes_unwrap(enum hsm_level level, enum hsm_boundary boundary, bool sensitive, CK_ATTRIBUTE *out,
                         size_t max)
{
    return attributes_payload(level, boundary, sensitive, NULL, 0, out, max);
}

static void add(struct attributes_template *t, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
    assert(t->n < ATTRIBUTES_MAX); /* the tables are ours */
    t->list[t->n++] = (CK_ATTRIBUTE){.type = type, .pValue = (void *)(uintptr_t)value, .ulValueLen = len};
}

/* The domain of a public half: RSA's size and exponent, the audit key's curve. */
static void add_domain(const struct attributes_numbers *numbers, struct attributes_template *t)
{
    static const CK_BYTE exponent[] = {0x01, 0x00, 0x01};

    if (numbers->class != CKO_PUBLIC_KEY) {
        return;
    }
    if (numbers->key_type == CKK_EC) {
        add(t, CKA_EC_PARAMS, attributes_p256, sizeof attributes_p256);
        return;
    }
    add(t, CKA_MODULUS_BITS, &t->modulus_bits, sizeof t->modulus_bits);
    add(t, CKA_PUBLIC_EXPONENT, exponent, sizeof exponent);
}

/* What a key may be used for, beyond its booleans. NSS softokn keeps the one for session objects only, and of the other
 * the pointers. */
static void add_limits(const struct attributes_numbers *numbers, enum hsm_level level, struct attributes_template *t)
{
    if (level == HSM_LEVEL_SENSITIVE) {
        return;
    }
    add(t, CKA_ALLOWED_MECHANISMS, &t->allowed, sizeof t->allowed);
    if (numbers->unwraps != 0) {
        add(t, CKA_UNWRAP_TEMPLATE, t->unwrap, attributes_forced(numbers->unwraps, t->unwrap) * sizeof t->unwrap[0]);
    }
}

void attributes_create(enum attributes_kind kind, const struct attributes_wish *wish, struct attributes_template *out)
{
    const struct attributes_numbers *numbers = &attributes_numbers[kind];

    *out = (struct attributes_template){
        .allowed = numbers->allowed != 0 ? numbers->allowed : wish->kwp,
        .modulus_bits = wish->modulus_bits,
    };
    add(out, CKA_CLASS, &numbers->class, sizeof numbers->class);
    add(out, CKA_KEY_TYPE, &numbers->key_type, sizeof numbers->key_type);
    add(out, CKA_TOKEN, wish->on_token ? &yes : &no, sizeof yes);
    add(out, CKA_LABEL, wish->label, strlen(wish->label));
    add(out, CKA_ID, wish->id, wish->id_len);
    if (numbers->value_len != 0) {
        add(out, CKA_VALUE_LEN, &numbers->value_len, sizeof numbers->value_len);
    }
    add_domain(numbers, out);
    add_limits(numbers, wish->level, out);
    for (size_t i = 0; i < attributes_n_rows; i++) {
        if (!attributes_counts(&attributes_rows[i], wish->level)) {
            continue;
        }
        const char cell = attributes_rows[i].cells[kind];
        if (cell == 'T' || cell == 'y') {
            add(out, attributes_rows[i].type, &yes, sizeof yes);
        } else if (cell == 'F' || cell == 'n') {
            add(out, attributes_rows[i].type, &no, sizeof no);
        }
    }
}
