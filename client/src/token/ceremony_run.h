/* One run of `rewrapctl ceremony`, as its actions share it. */
#pragma once

#include "base/secbuf.h"
#include "ceremony_options.h"
#include "ceremony_output.h"

struct ceremony_run {
    const struct ceremony_options *options;
    struct ceremony_output *output;
    struct hsm_token *token;
    struct secbuf *user_pin;
    struct secbuf *so_pin;      /* NULL when the SO is not needed */
    struct hsm_profile profile; /* zeros when the token cannot do what suite 1 needs */
    struct ceremony_watch watch;
    const char *doing; /* the step at the token that is under way */
};

/* A step at the token, between the two: has a limit (token_watch.h), and ends with what the token answered. */
void ceremony_run_begin(struct ceremony_run *run, const char *doing);
/* 0, or the exit code of the process after a line on stderr. */
int ceremony_run_end(const struct ceremony_run *run, struct hsm_result result);

/* Each: 0, or the exit code of the process after a line on stderr. */
int ceremony_run_login(struct ceremony_run *run, enum hsm_user user, const struct secbuf *pin);
int ceremony_run_logout(struct ceremony_run *run);

/* Says it as token_access_failed; the exit code. */
int ceremony_run_failed(const struct ceremony_run *run, const char *doing, struct hsm_result result);

/* `ceremony destroy`, with the user logged in. The exit code. */
int ceremony_run_destroy(struct ceremony_run *run);
