/* The table of quirks; see quirks.h. */
#include "quirks.h"

#include <string.h>

#define ANY_VERSION 0xff

static const struct row {
    const char *manufacturer; /* of the token (or, of a module in between, of the module), how it begins */
    const char *model;        /* likewise; "" for any */
    CK_BYTE major, minor;     /* of the module: this version, and with ANY_VERSION every one */
    struct hsm_quirk quirk;
} rows[] = {
    {"SoftHSM project",
     "SoftHSM v2",
     2,
     6,
     {"pads-payloads",
      "pads a payload with zeros to a multiple of 8 bytes before AES key wrap, and so loses its length: "
      "the ciphertext's header keeps it"}},
    {"SoftHSM project",
     "SoftHSM v2",
     2,
     6,
     {"value-len-zero", "CKA_VALUE_LEN of an unwrapped object reads 0: lengths are found by C_DigestKey"}},
    {"SoftHSM project",
     "SoftHSM v2",
     2,
     6,
     {"modifiable-last", "refuses to set what comes after CKA_MODIFIABLE=false in a template: it is always the last"}},
    {"SoftHSM project",
     "SoftHSM v2",
     2,
     6,
     {"half-made-objects",
      "leaves a half-made object behind when it refuses CKA_TRUSTED in C_GenerateKey: such objects "
      "are found by their label and destroyed"}},
    {"SoftHSM project",
     "SoftHSM v2",
     2,
     6,
     {"own-change-hides-others", "a process that commits an object of its own misses what other processes added to the "
                                 "token's folder before: a worker searches the token before it makes a key"}},
    {"SoftHSM project", "SoftHSM v2", 2, 6, {"oaep-sha-1-only", "does RSA OAEP with SHA-1 only"}},
    {"SoftHSM project",
     "SoftHSM v2",
     2,
     ANY_VERSION,
     {"trusted-at-birth", "lets the SO set CKA_TRUSTED only while he makes a key, and shows him no private objects: "
                          "sealed keys are CKA_PRIVATE=false"}},
    {"Mozilla Foundation",
     "NSS 3",
     3,
     ANY_VERSION,
     {"no-boundary", "enforces none of the attributes of the boundary, and a copy of a key may be made CKA_EXTRACTABLE "
                     "again: never more than level sensitive"}},
    {"Mozilla Foundation",
     "NSS 3",
     3,
     ANY_VERSION,
     {"so-makes-nothing", "the SO can set the user's PIN and make no object: the user holds the ceremony"}},
    {"PKCS#11 Kit",
     "",
     0,
     ANY_VERSION,
     {"remote-mechanisms",
      "p11-kit's remote protocol carries no AES key wrap (any version up to 0.26), and before 0.25.4 "
      "no attribute templates: symmetric keys need librewrapd-remote-client.so and its server half, or the token's own "
      "module"}},
    {"rewrapd",
     "",
     0,
     ANY_VERSION,
     {"remote",
      "is served by another process, through p11-kit's remote protocol: a part of its mechanisms is there, and "
      "what is known of its own module is not told here"}},
};

static bool begins(const char *text, size_t size, const char *with)
{
    return strlen(with) <= size && strncmp(text, with, strlen(with)) == 0;
}

static bool fits(const struct row *row, const CK_INFO *module, const struct hsm_token_info *token)
{
    const bool maker = begins(token->manufacturer, sizeof token->manufacturer, row->manufacturer) ||
                       begins((const char *)module->manufacturerID, sizeof module->manufacturerID, row->manufacturer);
    return maker && begins(token->model, sizeof token->model, row->model) &&
           (row->major == 0 || module->libraryVersion.major == row->major) &&
           (row->minor == ANY_VERSION || module->libraryVersion.minor == row->minor);
}

void quirks_tell(const CK_INFO *module, const struct hsm_token_info *token, struct hsm_report *report)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && report->n_quirks < HSM_REPORT_MAX_QUIRKS; i++) {
        if (fits(&rows[i], module, token)) {
            report->quirks[report->n_quirks++] = rows[i].quirk;
        }
    }
}
