/* Logging in, and saying what went wrong (ceremony_run.h). */
#include "ceremony_run.h"

#include "fail.h"

#include <stdio.h>

/* What the custodian can mend by other options or files, and the rest. */
static enum exit_code exit_code_of(enum hsm_code code)
{
    static const enum hsm_code configuration[] = {HSM_MODULE, HSM_TOKEN_ABSENT, HSM_PIN_UNREADABLE, HSM_PIN_WRONG,
                                                  HSM_PIN_LOCKED};
    for (size_t i = 0; i < sizeof configuration / sizeof configuration[0]; i++) {
        if (configuration[i] == code) {
            return EXIT_CODE_CONFIGURATION;
        }
    }
    return EXIT_CODE_OTHER;
}

int ceremony_run_failed(const struct ceremony_run *run, const char *doing, struct hsm_result result)
{
    char text[512];
    hsm_result_text(result, text, sizeof text);
    fprintf(stderr, "rewrapctl ceremony %s: %s: %s\n", run->options->action_name, doing, text);
    return (int)exit_code_of(result.code);
}

int ceremony_run_login(struct ceremony_run *run, enum hsm_user user, const struct secbuf *pin)
{
    const struct hsm_result result = hsm_token_login(run->token, user, pin);
    if (result.code == HSM_PIN_WRONG) {
        return ceremony_run_failed(run, user == HSM_SO ? "SO login, tried once" : "user login, tried once", result);
    }
    return result.code == HSM_OK ? 0 : ceremony_run_failed(run, user == HSM_SO ? "SO login" : "user login", result);
}

int ceremony_run_logout(struct ceremony_run *run)
{
    const struct hsm_result result = hsm_token_logout(run->token);
    return result.code == HSM_OK ? 0 : ceremony_run_failed(run, "logout", result);
}
