/* RSAES-OAEP; see oaep.h. */
#include "oaep.h"

static const struct oaep_row {
    enum hsm_algorithm algorithm;
    struct oaep oaep;
} rows[] = {
    {HSM_RSAES_OAEP_SHA_1, {"RSAES_OAEP_SHA_1 on this token", CKM_SHA_1, CKG_MGF1_SHA1, 20, "SHA1"}},
    {HSM_RSAES_OAEP_SHA_256, {"RSAES_OAEP_SHA_256 on this token", CKM_SHA256, CKG_MGF1_SHA256, 32, "SHA256"}},
};

const struct oaep *oaep_of(enum hsm_algorithm algorithm)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].algorithm == algorithm) {
            return &rows[i].oaep;
        }
    }
    return NULL;
}

bool oaep_is_done(const struct hsm_profile *profile, enum hsm_algorithm algorithm)
{
    return (algorithm == HSM_RSAES_OAEP_SHA_1 && profile->oaep_sha1) ||
           (algorithm == HSM_RSAES_OAEP_SHA_256 && profile->oaep_sha256);
}

size_t oaep_payload_max(const struct oaep *oaep, size_t modulus_bytes)
{
    return modulus_bytes - 2 * oaep->hash_bytes - 2; /* RFC 8017 section 7.1.1 */
}

void oaep_mechanism_fill(const struct oaep *oaep, struct oaep_mechanism *out)
{
    out->parameters = (CK_RSA_PKCS_OAEP_PARAMS){.hashAlg = oaep->hash, .mgf = oaep->mgf, .source = CKZ_DATA_SPECIFIED};
    out->mechanism = (CK_MECHANISM){CKM_RSA_PKCS_OAEP, &out->parameters, sizeof out->parameters};
}
