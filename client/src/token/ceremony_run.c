/* Steps at the token, and saying what went wrong (ceremony_run.h). */
#include "ceremony_run.h"

#include "token_watch.h"

int ceremony_run_failed(const struct ceremony_run *run, const char *doing, struct hsm_result result)
{
    return token_access_failed(&run->options->access, doing, result);
}

void ceremony_run_begin(struct ceremony_run *run, const char *doing)
{
    run->doing = doing;
    token_watch_begin(&run->options->access, doing, NULL);
}

int ceremony_run_end(const struct ceremony_run *run, struct hsm_result result)
{
    token_watch_end();
    return result.code == HSM_OK ? 0 : ceremony_run_failed(run, run->doing, result);
}

int ceremony_run_login(struct ceremony_run *run, enum hsm_user user, const struct secbuf *pin)
{
    return token_access_login(&run->options->access, run->token, user, pin);
}

int ceremony_run_logout(struct ceremony_run *run)
{
    ceremony_run_begin(run, "logout");
    return ceremony_run_end(run, hsm_token_logout(run->token));
}
