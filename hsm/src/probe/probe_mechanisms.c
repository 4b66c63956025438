/* What a token says of itself: its module, its list of mechanisms and their flags. It is told, and believed in nothing
 * that can be tried. */
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "p11/quirks.h"
#include "probe_private.h"

#include <p11-kit/p11-kit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Those that rewrapd or its ceremony uses. */
static const struct used {
    CK_MECHANISM_TYPE type;
    const char *name;
} used[] = {
    {CKM_AES_KEY_GEN, "CKM_AES_KEY_GEN"},
    {CKM_AES_KEY_WRAP_KWP, "CKM_AES_KEY_WRAP_KWP"},
    {CKM_AES_KEY_WRAP_PAD, "CKM_AES_KEY_WRAP_PAD"},
    {CKM_GENERIC_SECRET_KEY_GEN, "CKM_GENERIC_SECRET_KEY_GEN"},
    {CKM_SHA256_HMAC, "CKM_SHA256_HMAC"},
    {CKM_SHA256, "CKM_SHA256"},
    {CKM_RSA_PKCS_KEY_PAIR_GEN, "CKM_RSA_PKCS_KEY_PAIR_GEN"},
    {CKM_RSA_PKCS_OAEP, "CKM_RSA_PKCS_OAEP"},
    {CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN"},
    {CKM_ECDSA, "CKM_ECDSA"},
};
#define N_USED (sizeof used / sizeof used[0])

/* PKCS#11 v2.40 section 3.5, table 3. */
static const struct flag {
    unsigned long bit;
    const char *name;
} flags[] = {
    {CKF_HW, "HW"},
    {CKF_ENCRYPT, "ENCRYPT"},
    {CKF_DECRYPT, "DECRYPT"},
    {CKF_DIGEST, "DIGEST"},
    {CKF_SIGN, "SIGN"},
    {CKF_SIGN_RECOVER, "SIGN_RECOVER"},
    {CKF_VERIFY, "VERIFY"},
    {CKF_VERIFY_RECOVER, "VERIFY_RECOVER"},
    {CKF_GENERATE, "GENERATE"},
    {CKF_GENERATE_KEY_PAIR, "GENERATE_KEY_PAIR"},
    {CKF_WRAP, "WRAP"},
    {CKF_UNWRAP, "UNWRAP"},
    {CKF_DERIVE, "DERIVE"},
};

const char *hsm_mechanism_flag(unsigned long set, size_t i)
{
    for (size_t j = 0; j < sizeof flags / sizeof flags[0]; j++) {
        if ((set & flags[j].bit) != 0 && i-- == 0) {
            return flags[j].name;
        }
    }
    return NULL;
}

static const char *name_of(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < N_USED; i++) {
        if (used[i].type == type) {
            return used[i].name;
        }
    }
    return NULL;
}

static void tell_module(struct probe *probe)
{
    CK_INFO info;
    if (p11_get_info(probe->token, &info) != CKR_OK) {
        return;
    }
    struct hsm_report *report = probe->report;
    const size_t len = p11_kit_space_strlen(info.libraryDescription, sizeof info.libraryDescription);
    for (size_t i = 0; i < len; i++) { /* the module chose the bytes */
        const CK_UTF8CHAR byte = info.libraryDescription[i];
        report->library[i] = byte >= 0x20 && byte < 0x7f ? (char)byte : '?';
    }
    snprintf(report->library_version, sizeof report->library_version, "%u.%u", info.libraryVersion.major,
             info.libraryVersion.minor);
    quirks_tell(&info, &probe->token->info, report);
}

static void add(struct probe *probe, CK_MECHANISM_TYPE type)
{
    struct hsm_report *report = probe->report;
    CK_MECHANISM_INFO info;
    if (report->n_mechanisms == HSM_REPORT_MAX_MECHANISMS) {
        return;
    }
    struct hsm_mechanism *mechanism = &report->mechanisms[report->n_mechanisms++];
    *mechanism = (struct hsm_mechanism){.type = type, .name = name_of(type)};
    if (p11_get_mechanism_info(probe->token, type, &info) == CKR_OK) {
        mechanism->flags = info.flags;
        mechanism->min_key = info.ulMinKeySize;
        mechanism->max_key = info.ulMaxKeySize;
    }
}

static struct hsm_result list(struct probe *probe)
{
    enum { MAX = 65536 }; /* more is a broken module */
    CK_ULONG count = 0;
    CK_RV rv = p11_get_mechanism_list(probe->token, NULL, &count);
    if (rv != CKR_OK || count == 0 || count > MAX) {
        return rv != CKR_OK ? hsm_result_of(rv, "C_GetMechanismList")
                            : hsm_failure(HSM_FAULT, "C_GetMechanismList: none, or too many");
    }
    /* Twice the room: p11-kit's client takes entries out in place, and reads as many beyond the last one. */
    CK_MECHANISM_TYPE *types = calloc(2 * count, sizeof types[0]);
    if (types == NULL) {
        return hsm_failure(HSM_NO_MEMORY, "C_GetMechanismList");
    }
    const CK_ULONG room = count;
    rv = p11_get_mechanism_list(probe->token, types, &count);
    for (CK_ULONG i = 0; rv == CKR_OK && count <= room && i < count; i++) {
        add(probe, types[i]);
    }
    free(types);
    if (rv == CKR_OK && count > room) {
        return hsm_failure(HSM_FAULT, "C_GetMechanismList: more than asked for");
    }
    probe->report->n_listed = rv == CKR_OK ? count : 0;
    return hsm_result_of(rv, "C_GetMechanismList");
}

static const struct hsm_mechanism *find(const struct hsm_report *report, CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < report->n_mechanisms; i++) {
        if (report->mechanisms[i].type == type) {
            return &report->mechanisms[i];
        }
    }
    return NULL;
}

static void tell_used(struct probe *probe, const struct used *one)
{
    const struct hsm_mechanism *mechanism = find(probe->report, one->type);
    char text[128] = "not listed";
    size_t len = 0;
    for (size_t i = 0; mechanism != NULL; i++) {
        const char *flag = hsm_mechanism_flag(mechanism->flags, i);
        if (flag == NULL) {
            break;
        }
        const int n = snprintf(text + len, sizeof text - len, "%s%s", i == 0 ? "" : " ", flag);
        len = n > 0 && len + (size_t)n < sizeof text ? len + (size_t)n : sizeof text - 1;
    }
    if (mechanism != NULL && len == 0) {
        snprintf(text, sizeof text, "listed");
    }
    char tried[80];
    snprintf(tried, sizeof tried, "0x%04lx %s", one->type, one->name);
    probe_tell(probe, "mechanism", HSM_COUNTS_TOLD, tried, "%s", text);
}

void probe_mechanisms(struct probe *probe)
{
    tell_module(probe);
    const struct hsm_result result = list(probe);
    if (result.code != HSM_OK) {
        probe_tell_failure(probe, "mechanism", HSM_COUNTS_TOLD, "the token's list", result);
        return;
    }
    probe_tell(probe, "mechanism", HSM_COUNTS_TOLD, "the token's list", "%zu mechanisms", probe->report->n_listed);
    for (size_t i = 0; i < N_USED; i++) {
        tell_used(probe, &used[i]);
    }
}
