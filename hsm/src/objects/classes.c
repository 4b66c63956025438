/* The table of our wrapping keys; see classes.h. */
#include "classes.h"

#define AES(name, limit, attributes)                                                                                   \
    {                                                                                                                  \
        .label = name, .spec = HSM_SPEC_AES_256, .boundary = limit, .unwrap_class = CKO_SECRET_KEY,                    \
        .unwrap_kind = attributes                                                                                      \
    }
#define RSA(name, size, limit, private_half, public_half, bits)                                                        \
    {                                                                                                                  \
        .label = name, .spec = size, .boundary = limit, .unwrap_class = CKO_PRIVATE_KEY, .unwrap_kind = private_half,  \
        .is_pair = true, .wrap_kind = public_half, .modulus_bits = bits                                                \
    }
#define SEALED_RSA(name, size, bits)                                                                                   \
    RSA(name, size, HSM_SEALED, ATTRIBUTES_SEALED_RSA_PRIVATE, ATTRIBUTES_SEALED_RSA_PUBLIC, bits)
#define OPEN_RSA(name, size, bits)                                                                                     \
    RSA(name, size, HSM_OPEN, ATTRIBUTES_OPEN_RSA_PRIVATE, ATTRIBUTES_OPEN_RSA_PUBLIC, bits)

const struct key_class key_classes[] = {
    AES("rewrapd:kek:SYMMETRIC_DEFAULT", HSM_SEALED, ATTRIBUTES_SEALED_KEK),
    AES("rewrapd:open:SYMMETRIC_DEFAULT", HSM_OPEN, ATTRIBUTES_OPEN_KEK),
    SEALED_RSA("rewrapd:rsa:RSA_2048", HSM_SPEC_RSA_2048, 2048),
    SEALED_RSA("rewrapd:rsa:RSA_3072", HSM_SPEC_RSA_3072, 3072),
    SEALED_RSA("rewrapd:rsa:RSA_4096", HSM_SPEC_RSA_4096, 4096),
    OPEN_RSA("rewrapd:open:RSA_2048", HSM_SPEC_RSA_2048, 2048),
    OPEN_RSA("rewrapd:open:RSA_3072", HSM_SPEC_RSA_3072, 3072),
    OPEN_RSA("rewrapd:open:RSA_4096", HSM_SPEC_RSA_4096, 4096),
};
const size_t key_classes_count = sizeof key_classes / sizeof key_classes[0];

const struct key_class *key_class_of(enum hsm_spec spec, enum hsm_boundary boundary)
{
    for (size_t i = 0; i < key_classes_count; i++) {
        if (key_classes[i].spec == spec && key_classes[i].boundary == boundary) {
            return &key_classes[i];
        }
    }
    return NULL;
}
