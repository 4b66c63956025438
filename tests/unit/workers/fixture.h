/* The loop, the workers and the folder that each test of this module has. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "internal.h"

#include <event2/event.h>

#define FIXTURE_PATIENCE_MS 20000

struct call {
    unsigned calls; /* how often done was called */
    unsigned order; /* its place among all done calls, from 1 on */
    enum workers_status status;
    Hsm__Status answer;
    char text[600];
    struct workers_job *job;
    struct fixture *fixture;
};

struct fixture {
    char dir[64];
    char pin_file[80];
    struct event_base *base;
    struct event *tick; /* so that a wait looks at its condition often */
    struct workers *workers;
    struct workers_token_settings tokens[3];
    size_t n_tokens;
    unsigned started; /* how often it was called */
    enum workers_start outcome;
    char reason[1280];
    char log[1 << 16]; /* every line so far */
    unsigned done_calls;
    unsigned fds_before;
    struct call *resubmit; /* submitted from within the next done */
};

int fixture_setup(void **state);
/* Frees the workers if the test has not, and checks that no child and no descriptor is left. */
int fixture_teardown(void **state);

/* Settings of a token whose workers behave as `mode` says; change them before fixture_begin. */
struct workers_token_settings *fixture_token(struct fixture *fixture, const char *name, const char *mode);
/* Starts the workers, with short waits in the supervision. */
void fixture_begin(struct fixture *fixture);
/* One token with that mode and that many workers, up. */
void fixture_up(struct fixture *fixture, const char *mode, unsigned workers);

/* Submits an Encrypt of that text to the first token. */
void fixture_submit(struct fixture *fixture, struct call *call, const char *text, unsigned timeout_ms);
void fixture_request(struct fixture *fixture, struct call *call, const char *token, Hsm__Request *request,
                     unsigned timeout_ms);

/* An open RSA pair, of the first token. */
void fixture_make_key(struct fixture *fixture, struct call *call, unsigned timeout_ms);

/* What a worker does from its next start on. */
void fixture_mode(struct fixture *fixture, const char *mode);
/* Whether the fake workers' trace has the line; how often. */
unsigned fixture_trace_count(struct fixture *fixture, const char *line);
/* Lets the worker that waits at the gate go on; false when none waits there yet. */
bool fixture_gate_open(struct fixture *fixture);
bool fixture_logged(const struct fixture *fixture, const char *text);
unsigned fixture_ready(const struct fixture *fixture);
unsigned fixture_fds(void);
uint64_t fixture_deadline(void);
/* One turn of the loop; fails the test when it is past the deadline. */
void fixture_turn(struct fixture *fixture, uint64_t deadline_ms, const char *condition);

/* Drives the loop until the condition holds. */
#define WAIT_FOR(fixture, condition)                                                                                   \
    for (uint64_t deadline_ms_ = fixture_deadline(); !(condition);) {                                                  \
        fixture_turn(fixture, deadline_ms_, #condition);                                                               \
    }

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)
