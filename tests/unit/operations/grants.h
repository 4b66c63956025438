/* For the tests of grants: a CreateGrant in one literal, and calls. */
#pragma once

#include "fixture.h"

#include "registry/grants.h"

#define CAROL     "arn:aws:iam::" ACCOUNT ":user/carol"
#define ROLE      "arn:aws:iam::" OTHER_ACCOUNT ":role/team/worker"
#define SESSION   "arn:aws:sts::" OTHER_ACCOUNT ":assumed-role/worker/one"
#define ROOT      "arn:aws:iam::" ACCOUNT ":root"
#define BOBS_ROOT "arn:aws:iam::" OTHER_ACCOUNT ":root"
#define SERVICE   "logs.eu-central-1.amazonaws.com"
#define SOURCE    "arn:aws:logs:eu-central-1:" ACCOUNT ":log-group:x"

#define USES (POLICY_GRANT_ENCRYPT | POLICY_GRANT_DECRYPT)

/* Pairs: key, value, key, value, …, NULL. */
#define PAIRS(...)       ((const char *const[]){__VA_ARGS__, NULL})
#define GRANTS_MAX_PAIRS 12

/* fixture_setup, and CAROL and ROLE. */
int grants_setup(void **state);

struct wish {
    const char *key;
    const char *grantee, *service;
    const char *retiring, *retiring_service;
    uint32_t operations; /* of enum policy_grant_operation */
    const char *const *equals, *const *subset;
    const char *source;
    const char *name;
    const char *token;
    bool dry_run;
};

struct grant_request {
    Rewrap__CreateGrantRequest message;
    Rewrap__GrantOperation__Value operations[POLICY_GRANT_OPERATIONS];
    Rewrap__GrantConstraints constraints;
    Rewrap__GrantConstraints__EncryptionContextEqualsEntry equals[GRANTS_MAX_PAIRS], *equals_list[GRANTS_MAX_PAIRS];
    Rewrap__GrantConstraints__EncryptionContextSubsetEntry subset[GRANTS_MAX_PAIRS], *subset_list[GRANTS_MAX_PAIRS];
    char *tokens[1];
};
void grant_request_make(struct grant_request *request, const struct wish *wish);

struct made {
    char id[2 * GRANT_ID_BYTES + 1];
    char token[256];
};
struct made grant_make(struct fixture *fixture, const struct wish *wish);
void grant_fails(struct fixture *fixture, const struct wish *wish, const char *code, const char *message);
/* AccessDenied on a key of the caller's account, because no identity policy allows it. */
void grant_denied(struct fixture *fixture, const struct wish *wish);

const struct registry_grant *grant_stored(struct fixture *fixture, const struct made *made);
bool grant_is_there(struct fixture *fixture, const struct made *made);

/* RetireGrant by token, or by key and id; wants success (code NULL) or that error. */
void grant_retire(struct fixture *fixture, const char *token, const char *key, const char *id, const char *code,
                  const char *message);
void grant_revoke(struct fixture *fixture, const char *key, const char *id, const char *code, const char *message);

/* Encrypt, with a context of pairs, as whoever calls: NULL, or the code of the error. */
const char *encrypt_as(struct fixture *fixture, const char *principal, const char *key, const char *const *pairs);

/* The texts of KMS.md R-111, where a key policy leaves it to the account, and R-113. */
const char *denied_text(const char *principal, const char *action, const char *arn);
const char *foreign_text(const char *principal, const char *action);
