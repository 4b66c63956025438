/* Random policies, grants and requests from a small world, so that they often meet. The same seed gives the same. */
#pragma once

#include "policy/evaluate.h"

#define WORLD_STATEMENTS_MAX 6
#define WORLD_IDENTITIES_MAX 2
#define WORLD_GRANTS_MAX     3
#define WORLD_CONTEXT_MAX    4
#define WORLD_TEXT_BYTES     1024

struct world_document {
    char statements[WORLD_STATEMENTS_MAX][WORLD_TEXT_BYTES];
    size_t count;
};

struct world {
    uint64_t seed;
    struct world_document key;
    struct world_document identities[WORLD_IDENTITIES_MAX];
    size_t identity_count;
    struct policy_grant grants[WORLD_GRANTS_MAX];
    size_t grant_count;
    struct policy_request request; /* but for the caller */
    const char *caller;
    struct policy_context_key context[WORLD_CONTEXT_MAX];
    struct view values[WORLD_CONTEXT_MAX][2]; /* context points here: world_decide makes that right after a copy */
};

struct world world_make(uint64_t seed);

/* A random number below bound. */
size_t world_below(struct world *world, size_t bound);

/* A statement of its own; effect NULL: any. */
void world_statement(struct world *world, bool is_key, const char *effect, char out[WORLD_TEXT_BYTES]);

/* A grant of somebody who is not the caller, nor his role or account. */
struct policy_grant world_irrelevant_grant(struct world *world);

#define WORLD_MATCHES_MAX 64

struct world_decision {
    struct policy_decision decision;
    struct policy_match matches[WORLD_MATCHES_MAX];
    struct policy_document *key; /* the matches borrow from these */
    struct policy_document *identities[WORLD_IDENTITIES_MAX];
};

/* Compiles and decides. */
struct world_decision world_decide(const struct world *world);
void world_decision_clear(struct world_decision *decision);
