/* Opening a token, PIN files and logging in: each failure is what it is, and costs no more attempts than it must. */
#include "fixture.h"

#include "base/secbuf.h"
#include "hsm/ceremony.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct hsm_token *const untouched = (struct hsm_token *)&(char){0};

static struct hsm_result open_as(const char *module, const char *uri)
{
    struct hsm_token_config config = {.module = module, .uri = uri};
    struct hsm_token *token = untouched;
    struct hsm_result result = hsm_token_open(&config, &token);
    if (result.code == HSM_OK) {
        hsm_token_close(token);
    } else {
        assert_ptr_equal(token, untouched);
    }
    return result;
}

static void test_modules(void **state)
{
    (void)state;
    assert_hsm(HSM_MODULE, open_as("/nonexistent/module.so", FIXTURE_URI));
    assert_hsm(HSM_MODULE, open_as("/dev/null", FIXTURE_URI));
    assert_hsm(HSM_MODULE, open_as("libcrypto.so.3", FIXTURE_URI)); /* a library, and no module */
    assert_hsm(HSM_MODULE, open_as("", FIXTURE_URI));
    assert_hsm(HSM_MODULE, open_as(NULL, FIXTURE_URI));
}

static void test_uris(void **state)
{
    (void)state;
    assert_hsm(HSM_OK, open_as(FIXTURE_MODULE, FIXTURE_URI));
    assert_hsm(HSM_OK, open_as(FIXTURE_MODULE, "pkcs11:model=SoftHSM%20v2;token=rewrapd-test"));
    static const char *const absent[] = {"pkcs11:token=another",
                                         "pkcs11:token=rewrapd-test;serial=0000",
                                         "pkcs11:token=rewrapd-test?pin-value=1234",
                                         "pkcs11:token=rewrapd-test?pin-source=/etc/pin",
                                         "pkcs11:slot-id=99",
                                         "rewrapd-test",
                                         "http://example.com/",
                                         "",
                                         NULL};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        assert_hsm(HSM_TOKEN_ABSENT, open_as(FIXTURE_MODULE, absent[i]));
    }
}

static void test_token_that_is_not_initialised(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    char text[256];
    snprintf(path, sizeof path, "%s/none", fixture->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(text, sizeof text, "directories.tokendir = %s/none\nobjectstore.backend = file\n", fixture->dir);
    snprintf(path, sizeof path, "%s/none.conf", fixture->dir);
    fixture_write_file(path, text, 0600);
    assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
    const struct hsm_result result = open_as(FIXTURE_MODULE, FIXTURE_URI);
    snprintf(path, sizeof path, "%s/softhsm2.conf", fixture->dir);
    assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
    assert_hsm(HSM_TOKEN_ABSENT, result);
    assert_string_equal(result.what, "no token matches the URI: the one that is there is not initialised");
}

static void test_what_to_do_about_a_pin(void **state)
{
    (void)state;
    char text[200];
    hsm_result_text((struct hsm_result){HSM_PIN_WRONG, CKR_PIN_EXPIRED, "C_Login"}, text, sizeof text);
    assert_string_equal(text, "the PIN has expired: set another one on the token, and put it into the PIN file "
                              "(C_Login: CKR_PIN_EXPIRED)");
    hsm_result_text((struct hsm_result){HSM_PIN_WRONG, CKR_USER_PIN_NOT_INITIALIZED, "C_Login"}, text, sizeof text);
    assert_non_null(strstr(text, "no user PIN yet"));
    hsm_result_text((struct hsm_result){HSM_PIN_WRONG, CKR_PIN_INCORRECT, "C_Login"}, text, sizeof text);
    assert_string_equal(text, "the PIN is wrong (C_Login: CKR_PIN_INCORRECT)");
}

static CK_FUNCTION_LIST *real;

static CK_RV info_with_pad(CK_SLOT_ID slot, CK_TOKEN_INFO *ret)
{
    const CK_RV rv = real->C_GetTokenInfo(slot, ret);
    ret->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
    return rv;
}

static CK_RV login_by_pad(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG pin_len)
{
    (void)session, (void)user, (void)pin, (void)pin_len;
    return CKR_ARGUMENTS_BAD;
}

static void test_pad(void **state)
{
    (void)state;
    const struct hsm_token_config config = {.module = FIXTURE_MODULE, .uri = FIXTURE_URI};
    struct hsm_token *token = NULL;
    assert_hsm(HSM_OK, hsm_token_open(&config, &token));
    real = token->functions;
    CK_FUNCTION_LIST padded = *real;
    padded.C_GetTokenInfo = info_with_pad;
    padded.C_Login = login_by_pad;
    token->functions = &padded;
    struct secbuf *pin = secbuf_new(4);
    assert_non_null(pin);
    const struct hsm_result result = hsm_token_login(token, HSM_USER, pin);
    secbuf_free(pin);
    token->functions = real;
    hsm_token_close(token);
    assert_hsm(HSM_FAULT, result);
    assert_non_null(strstr(result.what, "from a pad of its own"));
}

static void test_two_tokens_match(void **state)
{
    (void)state;
    const char *const init[] = {"--init-token", "--free", "--label", "rewrapd-other", "--pin", "1111",
                                "--so-pin",     "2222",   NULL};
    fixture_softhsm(init);
    assert_hsm(HSM_TOKEN_ABSENT, open_as(FIXTURE_MODULE, "pkcs11:manufacturer=SoftHSM%20project"));
    assert_hsm(HSM_OK, open_as(FIXTURE_MODULE, FIXTURE_URI));
}

static void test_what_is_known_of_the_token(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    const struct hsm_token_info *info = hsm_token_info(fixture->token);
    assert_string_equal(info->label, "rewrapd-test");
    assert_string_equal(info->model, "SoftHSM v2");
    assert_int_equal(strlen(info->serial), 16);
    fixture_close(fixture);
}

static void assert_pin(const char *path, const char *expected)
{
    struct secbuf *pin = NULL;
    assert_hsm(HSM_OK, hsm_pin_read(path, &pin));
    assert_int_equal(pin->size, strlen(expected));
    assert_memory_equal(pin->data, expected, pin->size);
    secbuf_free(pin);
}

static void assert_no_pin(const char *path)
{
    struct secbuf *pin = NULL;
    assert_hsm(HSM_PIN_UNREADABLE, hsm_pin_read(path, &pin));
    assert_null(pin);
}

static void test_pin_files(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    char text[260];
    snprintf(path, sizeof path, "%s/pin-file", fixture->dir);
    static const char *const same[] = {"1234", "1234\n", "1234\r\n", "1234\nthe rest does not matter\n"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        fixture_write_file(path, same[i], 0600);
        assert_pin(path, "1234");
    }
    fixture_write_file(path, " 12 34 ", 0440);
    assert_pin(path, " 12 34 ");
    memset(text, '7', sizeof text);
    text[255] = '\0';
    fixture_write_file(path, text, 0600);
    assert_pin(path, text);
    text[255] = '7';
    text[256] = '\0';
    fixture_write_file(path, text, 0600);
    assert_no_pin(path);
    text[258] = '\0';
    text[256] = text[257] = '7';
    fixture_write_file(path, text, 0600);
    assert_no_pin(path);
    fixture_write_file(path, "", 0600);
    assert_no_pin(path);
    fixture_write_file(path, "\n1234\n", 0600);
    assert_no_pin(path);
    fixture_write_file(path, "1234\n", 0604);
    assert_no_pin(path);
    fixture_write_file(path, "1234\n", 0602);
    assert_no_pin(path);
    assert_int_equal(unlink(path), 0);
    assert_no_pin(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_no_pin(path);
    assert_no_pin(fixture->dir);
    assert_no_pin("");
}

static struct hsm_result try_pin(struct fixture *fixture, const char *pin)
{
    struct secbuf *secret = secbuf_new(strlen(pin));
    assert_non_null(secret);
    memcpy(secret->data, pin, strlen(pin));
    struct hsm_result result = hsm_token_login(fixture->token, HSM_USER, secret);
    secbuf_free(secret);
    return result;
}

static void test_logins(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_token_config config = {.module = FIXTURE_MODULE, .uri = FIXTURE_URI};
    assert_hsm(HSM_OK, hsm_token_open(&config, &fixture->token));
    assert_hsm(HSM_PIN_WRONG, try_pin(fixture, "not the pin"));
    assert_hsm(HSM_PIN_WRONG, try_pin(fixture, "1")); /* shorter than the token takes */
    assert_hsm(HSM_OK, try_pin(fixture, FIXTURE_USER_PIN));
    assert_hsm(HSM_OK, try_pin(fixture, FIXTURE_USER_PIN)); /* already logged in */
    assert_hsm(HSM_OK, hsm_token_logout(fixture->token));
    fixture_login(fixture, HSM_SO, FIXTURE_SO_PIN);
    assert_hsm(HSM_FAULT, try_pin(fixture, FIXTURE_USER_PIN)); /* one user at a time */
    fixture_close(fixture);
}

static void test_no_ceremony(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    const struct hsm_profile profile = fixture_profile();
    struct hsm_rewrap *rewrap = NULL;
    assert_hsm(HSM_NO_CEREMONY, hsm_rewrap_new(fixture->token, &profile, 1000, NULL, &rewrap));
    assert_null(rewrap);
    fixture_close(fixture);
}

/* SoftHSM 2.6.1 as we know it. */
static void test_probe(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct hsm_profile profile;
    assert_hsm(HSM_OK, hsm_probe(fixture->token, &profile));
    const struct hsm_profile known = fixture_profile();
    assert_int_equal(profile.kwp, known.kwp);
    assert_int_equal(profile.pads_payloads, known.pads_payloads);
    assert_int_equal(profile.lengths, known.lengths);
    assert_int_equal(profile.oaep_sha1, known.oaep_sha1);
    assert_int_equal(profile.oaep_sha256, known.oaep_sha256);
    assert_int_equal(profile.payload_max_bytes, known.payload_max_bytes);
    assert_int_equal(profile.level, known.level);
    assert_null(profile.level_reason);
    assert_int_equal(fixture_session_objects(fixture), 0);
    unsigned long kwp = 0;
    bool pads = !profile.pads_payloads;
    assert_hsm(HSM_OK, hsm_probe_kwp(fixture->token, &kwp, &pads));
    assert_int_equal(kwp, profile.kwp);
    assert_int_equal(pads, profile.pads_payloads);
    assert_int_equal(fixture_session_objects(fixture), 0);
    /* Without a login nothing can be tried, and that is no level. */
    assert_hsm(HSM_OK, hsm_token_logout(fixture->token));
    struct hsm_profile before = profile;
    assert_int_not_equal(hsm_probe(fixture->token, &profile).code, HSM_OK);
    assert_memory_equal(&before, &profile, sizeof before);
    fixture_close(fixture);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(hsm_rv_name(CKR_PIN_INCORRECT), "CKR_PIN_INCORRECT");
    assert_string_equal(hsm_rv_name(0x80001234), "CKR_0x80001234");
    for (int code = HSM_OK; code <= HSM_FAULT; code++) {
        assert_string_not_equal(hsm_code_text((enum hsm_code)code), "unknown code");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modules),
        cmocka_unit_test(test_uris),
        cmocka_unit_test(test_what_is_known_of_the_token),
        cmocka_unit_test(test_pin_files),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_no_ceremony),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_token_that_is_not_initialised),
        cmocka_unit_test(test_what_to_do_about_a_pin),
        cmocka_unit_test(test_pad),
        cmocka_unit_test(test_two_tokens_match), /* last: it adds a token */
    };
    return cmocka_run_group_tests(tests, fixture_setup_bare, fixture_teardown);
}
