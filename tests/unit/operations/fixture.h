/* What every test of the operations needs: a registry in a folder of its own, fake tokens, a clock, callers, and calls.
 */
#pragma once

#include "fake_workers.h"
#include "operations/operation.h"
#include "proto/rewrap.pb-c.h"
#include "registry/grants.h"
#include "registry/principals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ACCOUNT       "111122223333"
#define OTHER_ACCOUNT "444455556666"
#define ALICE         "arn:aws:iam::" ACCOUNT ":user/alice"
#define BOB           "arn:aws:iam::" OTHER_ACCOUNT ":user/bob"
#define ARN(resource) "arn:aws:kms:eu-central-1:" ACCOUNT ":" resource
#define UNKNOWN_ID    "ffffffff-ffff-4fff-bfff-ffffffffffff"

struct fixture {
    struct event_base *base;
    char folder[64];
    struct registry *registry;
    struct workers *workers;
    struct fake_token *main; /* the first token, with spares 1 to 8 */
    struct operations operations;
    int64_t now_ms;
    const char *principal; /* who calls; ALICE at first */
    unsigned timeout_ms;
    char log[2048]; /* the last line */
    unsigned logged;
};

/* A change of the registry that a test asks for itself: fails the test unless it was made. */
struct fixture_change {
    bool done;
    struct registry_result result;
};
void fixture_on_change(void *change, struct registry_result result);
void fixture_wait_for_change(struct fixture *fixture, struct fixture_change *change);

/* cmocka's setup and teardown: *state is a struct fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/*
 * A user or role of an account, by the end of its ARN ("user/team/carol"), made at that time, with one identity policy
 * (NULL: none). ALICE and BOB are there from the start, and may do everything that identity policies can allow.
 */
#define EVERYTHING "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}"
void fixture_principal(struct fixture *fixture, const char *account, const char *name, int64_t created_ms,
                       const char *policy);
void fixture_principal_remove(struct fixture *fixture, const char *account, const char *name);
/* Likewise; writes whose unique id that was. */
void fixture_principal_depart(struct fixture *fixture, const char *account, const char *name,
                              char unique_id[PRINCIPAL_ID_BYTES]);
/* Another identity policy in place of all it has (NULL: none). */
void fixture_principal_policy(struct fixture *fixture, const char *account, const char *name, const char *policy);

/* A statement that changes one row behind the registry's back, which is closed for it and opened again. */
void fixture_sql(struct fixture *fixture, const char *statement);

/* A key put straight into the registry. */
struct fixture_key {
    char id[UUID_TEXT_BYTES];
    char arn[128];
    uint8_t key_id[KEY_ID_BYTES];
    uint8_t material_id[MATERIAL_ID_BYTES];
};
struct fixture_key fixture_key(struct fixture *fixture, const struct registry_key *wish); /* zero members: usual ones */
struct fixture_key fixture_sealed(struct fixture *fixture);
struct fixture_key fixture_open(struct fixture *fixture);
void fixture_alias(struct fixture *fixture, const char *account, const char *name, const struct fixture_key *key);

/* A grant of these operations (enum policy_grant_operation), straight into the registry; constraints may be NULL. */
void fixture_grant(struct fixture *fixture, const struct fixture_key *key, const char *grantee, uint32_t operations,
                   const struct policy_grant_constraints *constraints);

/* An answer, kept until the fixture ends or the reply is used again. */
struct reply {
    bool done;
    const char *code; /* of an error; NULL on success */
    char *message;    /* NULL when the error has no text */
    bool retryable;
    ProtobufCMessage *body; /* of the rpc's response type; NULL on error */
    const ProtobufCMessageDescriptor *type;
};

/* Starts a request, without waiting. */
struct operation *fixture_start(struct fixture *fixture, const char *operation, const ProtobufCMessage *request,
                                struct reply *reply);
/* Lets tokens and registry work until the reply is there; fails the test after some seconds. */
void fixture_wait(struct fixture *fixture, struct reply *reply);
/* Both. The reply is the caller's: reply_clear. */
void fixture_call(struct fixture *fixture, const char *operation, const ProtobufCMessage *request, struct reply *reply);
void reply_clear(struct reply *reply);
/* Waits for all of them, each a success; or counts those that are ThrottlingException, the rest being successes. Both
 * clear them. */
void fixture_wait_for_successes(struct fixture *fixture, struct reply *replies, size_t n);
size_t fixture_count_throttled(struct fixture *fixture, struct reply *replies, size_t n);

/* Calls and wants exactly this error; message NULL: an error without a text. */
void assert_error(struct fixture *fixture, const char *operation, const ProtobufCMessage *request, const char *code,
                  const char *message);
/* Calls and wants success; the body is the caller's (reply_clear). */
void assert_success(struct fixture *fixture, const char *operation, const ProtobufCMessage *request,
                    struct reply *reply);

/* Encrypts text under a key with a context of one pair (or NULL, NULL). The caller frees data. */
ProtobufCBinaryData fixture_encrypt(struct fixture *fixture, const struct fixture_key *key, const char *text,
                                    const char *context_key, const char *context_value);

/* A text of n times that character; to be freed. */
char *repeated(char c, size_t n);

/* Formats into one of some static buffers, for wanted texts. */
REWRAP_PRINTF(1, 2) const char *text(const char *format, ...);
