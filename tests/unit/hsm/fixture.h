/* A private SoftHSM token that has had its ceremony, for the tests of the hsm module and its worker. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hsm/probe.h"
#include "hsm/rewrap.h"
#include "hsm/token.h"
#include "p11/p11.h"

#define FIXTURE_MODULE   "/usr/lib/softhsm/libsofthsm2.so"
#define FIXTURE_URI      "pkcs11:token=rewrapd-test"
#define FIXTURE_USER_PIN "user-pin-5311"
#define FIXTURE_SO_PIN   "so-pin-8842-so"
#define FIXTURE_SEALED   3 /* sealed AES keys that the ceremony adds */

struct fixture {
    char dir[64];
    char pin_file[96];
    struct hsm_token *token; /* NULL while it is closed */
    struct hsm_rewrap *rewrap;
    struct hsm_profile profile;
    struct hsm_key sealed[FIXTURE_SEALED]; /* with key ids of their own */
    struct hsm_key open[2];
};

/* cmocka group fixtures: a token after the ceremony, opened, with two open keys and everything of hsm_rewrap_new. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The same without the ceremony: only the token. */
int fixture_setup_bare(void **state);

/* What hsm_probe finds of SoftHSM 2.6.1, which test_token.c makes sure of: a probe in every program takes longer than
 * all else in it. */
struct hsm_profile fixture_profile(void);

void fixture_login(struct fixture *fixture, enum hsm_user user, const char *pin);
/* Another session, with the PIN that the file has now: the failures of hsm_token_reopen, hsm_pin_read and
 * hsm_token_login. */
REWRAP_MUST_USE struct hsm_result fixture_renew(struct fixture *fixture);
/* Opens the token and logs in; or closes everything. */
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
/* Runs a program, or `softhsm2-util`, with these arguments, up to a NULL; fails the test unless it succeeds. */
void fixture_run(const char *program, const char *const *arguments);
void fixture_softhsm(const char *const *arguments);
void fixture_write_file(const char *path, const char *text, unsigned mode);

/* A side of an operation without an encryption context. */
struct hsm_side fixture_side(const struct hsm_key *key);

/* Whatever session objects exist (the payloads): none may be left. */
size_t fixture_session_objects(struct fixture *fixture);

#define assert_hsm(expected, expression)                                                                               \
    do {                                                                                                               \
        struct hsm_result _result = (expression);                                                                      \
        if (_result.code != (expected)) {                                                                              \
            print_error("%s: %s, %s, %s\n", #expression, hsm_code_text(_result.code), hsm_rv_name(_result.rv),         \
                        _result.what == NULL ? "" : _result.what);                                                     \
        }                                                                                                              \
        assert_int_equal(expected, _result.code);                                                                      \
    } while (0)
