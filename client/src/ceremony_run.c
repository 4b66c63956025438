/* Logging in, and saying what went wrong (ceremony_run.h). */
#include "ceremony_run.h"

int ceremony_run_failed(const struct ceremony_run *run, const char *doing, struct hsm_result result)
{
    return token_access_failed(&run->options->access, doing, result);
}

int ceremony_run_login(struct ceremony_run *run, enum hsm_user user, const struct secbuf *pin)
{
    return token_access_login(&run->options->access, run->token, user, pin);
}

int ceremony_run_logout(struct ceremony_run *run)
{
    const struct hsm_result result = hsm_token_logout(run->token);
    return result.code == HSM_OK ? 0 : ceremony_run_failed(run, "logout", result);
}
