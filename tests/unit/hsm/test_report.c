/*
 * The report of the probe, row by row, on the two real tokens that differ most: SoftHSM, which enforces the boundary,
 * and NSS softokn, which does not. Each has a folder of its own.
 */
#include "fixture.h"

#include "base/secbuf.h"
#include "hsm/report.h"
#include "objects/attributes.h"
#include "p11/p11_call.h"

#include <dlfcn.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NSS_PIN "nss-pin-7724"
#define NSS_URI "pkcs11:token=NSS%20Certificate%20DB"

struct expected {
    const char *subject;
    const char *tried; /* how it begins */
    enum hsm_counts counts;
    const char *found; /* how it begins */
};

static struct hsm_report report;

static const struct hsm_report_row *find(const char *subject, const char *tried)
{
    for (size_t i = 0; i < report.n_rows; i++) {
        const struct hsm_report_row *row = &report.rows[i];
        if (strcmp(row->subject, subject) == 0 && strncmp(row->tried, tried, strlen(tried)) == 0) {
            return row;
        }
    }
    return NULL;
}

static void expect_rows(const struct expected *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct hsm_report_row *row = find(rows[i].subject, rows[i].tried);
        if (row == NULL || row->counts != rows[i].counts ||
            strncmp(row->found, rows[i].found, strlen(rows[i].found)) != 0) {
            print_error("%s, %s: %s, %s\n", rows[i].subject, rows[i].tried, row == NULL ? "-" : row->found,
                        row == NULL ? "no row" : hsm_counts_name(row->counts));
        }
        assert_non_null(row);
        assert_int_equal(row->counts, rows[i].counts);
        assert_memory_equal(row->found, rows[i].found, strlen(rows[i].found));
    }
}

static bool has_quirk(const char *name)
{
    for (size_t i = 0; i < report.n_quirks; i++) {
        if (strcmp(report.quirks[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static const struct hsm_mechanism *mechanism(unsigned long type)
{
    for (size_t i = 0; i < report.n_mechanisms; i++) {
        if (report.mechanisms[i].type == type) {
            return &report.mechanisms[i];
        }
    }
    return NULL;
}

static void test_softhsm(void **state)
{
    static const struct expected rows[] = {
        {"mechanism", "the token's list", HSM_COUNTS_TOLD, "70 mechanisms"},
        {"mechanism", "0x210a", HSM_COUNTS_TOLD, "WRAP UNWRAP"},
        {"mechanism", "0x210b", HSM_COUNTS_TOLD, "not listed"},
        {"KWP", "0x210b", HSM_COUNTS_TOLD, "not there"},
        {"KWP", "0x210a", HSM_COUNTS_LIMITS, "yes; zeros are added"},
        {"HMAC", "", HSM_COUNTS_GOOD, "yes"},
        {"CKA_SENSITIVE", "", HSM_COUNTS_GOOD, "refused"},
        {"payloads", "", HSM_COUNTS_GOOD, "1 to 4096 bytes"},
        {"plaintext", "a secret that a caller sends", HSM_COUNTS_GOOD, "yes"},
        {"plaintext", "an open payload is read", HSM_COUNTS_GOOD, "yes"},
        {"OAEP", "RSAES_OAEP_SHA_1 ", HSM_COUNTS_GOOD, "yes"},
        {"OAEP", "RSAES_OAEP_SHA_256", HSM_COUNTS_LIMITS, "C_WrapKey: CKR_ARGUMENTS_BAD"},
        {"lengths", "", HSM_COUNTS_GOOD, "by C_DigestKey"},
        {"CKA_TRUSTED", "", HSM_COUNTS_GOOD, "refused"},
        {"CKA_WRAP_WITH_TRUSTED", "", HSM_COUNTS_GOOD, "refused"},
        {"CKA_UNWRAP_TEMPLATE", "", HSM_COUNTS_GOOD, "refused"},
        {"CKA_ALLOWED_MECHANISMS", "", HSM_COUNTS_GOOD, "refused"},
        {"CKA_DECRYPT", "a key that may only wrap", HSM_COUNTS_GOOD, "refused"},
        {"CKA_SIGN or CKA_DERIVE", "a payload signs", HSM_COUNTS_GOOD, "refused"},
        {"CKA_MODIFIABLE", "", HSM_COUNTS_GOOD, "refused"},
        {"CKA_COPYABLE", "", HSM_COUNTS_GOOD, "refused"},
        {"CKA_EXTRACTABLE", "", HSM_COUNTS_GOOD, "refused"},
        {"CKA_WRAP_WITH_TRUSTED", "a sealed payload is wrapped under an RSA key", HSM_COUNTS_GOOD, "refused"},
        {"CKA_UNWRAP_TEMPLATE", "an RSA key", HSM_COUNTS_GOOD, "refused"},
        {"CKA_ALLOWED_MECHANISMS", "an RSA key", HSM_COUNTS_GOOD, "refused"},
    };
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct hsm_profile profile;
    assert_hsm(HSM_OK, hsm_probe_report(fixture->token, &profile, &report));
    expect_rows(rows, sizeof rows / sizeof rows[0]);
    assert_int_equal(profile.kwp, CKM_AES_KEY_WRAP_PAD);
    assert_true(profile.pads_payloads && profile.oaep_sha1 && !profile.oaep_sha256);
    assert_int_equal(profile.lengths, HSM_LENGTHS_BY_DIGEST);
    assert_int_equal(profile.payload_max_bytes, 4096);
    assert_int_equal(profile.level, HSM_LEVEL_SEALED);
    assert_null(profile.level_reason);
    assert_true(has_quirk("pads-payloads") && has_quirk("half-made-objects") && has_quirk("own-change-hides-others") &&
                !has_quirk("no-boundary"));
    assert_int_equal(report.n_listed, report.n_mechanisms);
    assert_string_equal(hsm_mechanism_flag(mechanism(CKM_AES_KEY_WRAP_PAD)->flags, 1), "UNWRAP");
    assert_null(hsm_mechanism_flag(mechanism(CKM_AES_KEY_WRAP_PAD)->flags, 2));
    assert_int_equal(fixture_session_objects(fixture), 0);
    fixture_close(fixture);
}

static const char *nss_module(void)
{
    static const char *const paths[] = {"/usr/lib/x86_64-linux-gnu/libsoftokn3.so",
                                        "/usr/lib/aarch64-linux-gnu/libsoftokn3.so", "/usr/lib/nss/libsoftokn3.so"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (access(paths[i], R_OK) == 0) {
            return paths[i];
        }
    }
    return NULL;
}

/* A new database has an empty SO PIN; who knows it sets the user's. */
static void make_nss_token(const char *module, char *init_args)
{
    void *library = dlopen(module, RTLD_NOW | RTLD_NODELETE);
    assert_non_null(library);
    CK_C_GetFunctionList get_list;
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    CK_FUNCTION_LIST *functions = NULL;
    assert_int_equal(get_list(&functions), CKR_OK);
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK, .pReserved = init_args};
    CK_SESSION_HANDLE session;
    CK_UTF8CHAR pin[] = NSS_PIN;
    assert_int_equal(functions->C_Initialize(&arguments), CKR_OK);
    assert_int_equal(functions->C_OpenSession(2, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session), CKR_OK);
    assert_int_equal(functions->C_Login(session, CKU_SO, pin, 0), CKR_OK);
    assert_int_equal(functions->C_InitPIN(session, pin, sizeof pin - 1), CKR_OK);
    assert_int_equal(functions->C_Finalize(NULL), CKR_OK);
}

static int take_away(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static size_t session_objects(struct hsm_token *token)
{
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE of_session[] = {{CKA_TOKEN, &no, sizeof no}};
    CK_OBJECT_HANDLE found[4];
    CK_ULONG n = 0;
    assert_int_equal(p11_find_init(token, of_session, 1), CKR_OK);
    assert_int_equal(p11_find(token, found, 4, &n), CKR_OK);
    assert_int_equal(p11_find_final(token), CKR_OK);
    return n;
}

static void test_nss(void **state)
{
    (void)state;
    static const struct expected rows[] = {
        {"KWP", "0x210b", HSM_COUNTS_GOOD, "yes; the length is kept exactly"},
        {"HMAC", "", HSM_COUNTS_GOOD, "yes"},
        {"CKA_SENSITIVE", "", HSM_COUNTS_GOOD, "refused"},
        {"payloads", "", HSM_COUNTS_LIMITS, "1 to 256 bytes"},
        {"OAEP", "RSAES_OAEP_SHA_1 ", HSM_COUNTS_GOOD, "yes"},
        {"OAEP", "RSAES_OAEP_SHA_256", HSM_COUNTS_GOOD, "yes"},
        {"lengths", "", HSM_COUNTS_GOOD, "by CKA_VALUE_LEN"},
        {"CKA_TRUSTED", "", HSM_COUNTS_LEVEL, "given to a key that the user makes"},
        {"CKA_WRAP_WITH_TRUSTED", "", HSM_COUNTS_LEVEL, "let through"},
        {"CKA_UNWRAP_TEMPLATE", "", HSM_COUNTS_LEVEL, "what comes out is not kept in"},
        {"CKA_ALLOWED_MECHANISMS", "", HSM_COUNTS_LEVEL, "let through"},
        {"CKA_DECRYPT", "", HSM_COUNTS_GOOD, "refused"},
        {"CKA_SIGN or CKA_DERIVE", "", HSM_COUNTS_LEVEL, "CKA_DERIVE=false: a key is derived from it"},
        {"CKA_COPYABLE", "", HSM_COUNTS_LEVEL, "let through"},
        {"CKA_EXTRACTABLE", "", HSM_COUNTS_LEVEL, "a copy may be made extractable again"},
    };
    const char *module = nss_module();
    assert_non_null(module);
    char dir[] = "/tmp/rewrapd-nss-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char init_args[160];
    snprintf(init_args, sizeof init_args, "configDir='sql:%s' certPrefix='' keyPrefix='' secmod='' flags=", dir);
    make_nss_token(module, init_args);

    struct fixture fixture = {0};
    const struct hsm_token_config config = {.module = module, .init_args = init_args, .uri = NSS_URI};
    struct hsm_profile profile;
    assert_hsm(HSM_OK, hsm_token_open(&config, &fixture.token));
    fixture_login(&fixture, HSM_USER, NSS_PIN);
    assert_hsm(HSM_OK, hsm_probe_report(fixture.token, &profile, &report));
    expect_rows(rows, sizeof rows / sizeof rows[0]);
    assert_int_equal(profile.kwp, CKM_AES_KEY_WRAP_KWP);
    assert_true(!profile.pads_payloads && profile.oaep_sha1 && profile.oaep_sha256);
    assert_int_equal(profile.lengths, HSM_LENGTHS_BY_ATTRIBUTE);
    assert_int_equal(profile.level, HSM_LEVEL_SENSITIVE);
    assert_string_equal(profile.level_reason, "CKA_TRUSTED");
    assert_int_equal(fixture.token->level, HSM_LEVEL_SENSITIVE); /* what its keys are asked for depends on it */
    assert_true(has_quirk("no-boundary") && has_quirk("so-makes-nothing") && !has_quirk("pads-payloads"));
    assert_int_equal(session_objects(fixture.token), 0);
    hsm_token_close(fixture.token);
    assert_int_equal(nftw(dir, take_away, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* A token without AES key wrap is told of, row by row, and has no profile. */
static CK_FUNCTION_LIST *real;

static CK_RV no_wrap(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *ret)
{
    return type == CKM_AES_KEY_WRAP_PAD ? CKR_MECHANISM_INVALID : real->C_GetMechanismInfo(slot, type, ret);
}

static void test_what_is_missing_is_told(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    real = fixture->token->functions;
    CK_FUNCTION_LIST poor = *real;
    poor.C_GetMechanismInfo = no_wrap;
    fixture->token->functions = &poor;
    struct hsm_profile profile = {.payload_max_bytes = 77};
    assert_hsm(HSM_UNSUPPORTED, hsm_probe_report(fixture->token, &profile, &report));
    fixture->token->functions = real;
    assert_int_equal(profile.payload_max_bytes, 77); /* untouched */
    assert_int_equal(fixture->token->level, 0);
    static const struct expected rows[] = {{"KWP", "AES key wrap with padding", HSM_COUNTS_AGAINST, "none that works"}};
    expect_rows(rows, 1);
    assert_int_equal(fixture_session_objects(fixture), 0);
    fixture_close(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_softhsm, fixture_setup_bare, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_missing_is_told, fixture_setup_bare, fixture_teardown),
        cmocka_unit_test(test_nss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
