/*
 * One operation under way: what every handler works with. A handler either answers (operation_finish, operation_fail)
 * or leaves with something under way whose callback goes on. After an answer the operation may be gone: return at once.
 */
#pragma once

#include "access/facts.h"
#include "errors.h"
#include "operations/operation.h"

#include "registry/types.h"

struct operation_kind;
struct operation_principals;

typedef void (*operation_run_fn)(struct operation *operation);
/* The worker's response with STATUS_OK, borrowed for the call. */
typedef void (*operation_response_fn)(struct operation *operation, const Hsm__Response *response);
/* What the worker could not do. True when it was answered; false for what errors.c has the answer for. */
typedef bool (*operation_refused_fn)(struct operation *operation, Hsm__Status status);

/* A row of the table of operations (table.c). */
struct operation_kind {
    const char *name;                              /* of the rpc */
    operation_run_fn run;                          /* called with a valid request; everything else is the handler's */
    operation_refused_fn refused;                  /* NULL: errors.c has all the answers */
    operation_run_fn clear;                        /* frees what the state owns; NULL when it owns nothing */
    size_t state_bytes;                            /* of the handler's own struct, zeroed at birth */
    bool changes;                                  /* what was begun is finished even when nobody waits any more */
    const struct operation_principals *principals; /* users or roles: whom an operation on principals is about */
};

struct operation {
    struct operations *operations;
    const struct operation_kind *kind;
    ProtobufCMessage *request;        /* owned */
    void *state;                      /* the handler's, in the operation's own memory */
    const char *principal;            /* likewise: ARN of the caller */
    char account[ACCOUNT_TEXT_BYTES]; /* the caller's */
    struct operation_facts facts;     /* of the key or side that is asked about */
    operation_done_fn done;           /* NULL once nobody waits */
    void *arg;
    unsigned timeout_ms;     /* for the one job that an operation gives to a token */
    struct workers_job *job; /* the one at a worker, or NULL */
    operation_response_fn on_response;
    struct operation *next_waiting;      /* in a queue of stock.c */
    struct operation_material *material; /* that material.c gets for it, or NULL; part of its state */
    bool for_another;                    /* principal is not who is answered, but whom he asks about (explain.c) */
    bool starting;                       /* operation_start has not returned yet: it frees */
    bool ended;
};

/* Frees an operation that has ended: for operation.c, and for start.c when it ended before operation_start returned. */
void operation_free(struct operation *operation);

/* Answers with the response message. The operation ends. */
void operation_finish(struct operation *operation, const ProtobufCMessage *response);

/* The same with no member set: all there is to answer for an rpc whose response message has none. */
void operation_finish_empty(struct operation *operation);

/* Answers with an error and its text, or with one that has none. The operation ends. */
REWRAP_PRINTF(3, 4) void operation_fail(struct operation *operation, enum operation_code code, const char *format, ...);
void operation_fail_without_text(struct operation *operation, enum operation_code code);

/* A line for the operator, when there is a log. */
REWRAP_PRINTF(3, 4) void operation_log(const struct operation *operation, int priority, const char *format, ...);

/* Answers with the error of a table in errors.h, and logs it with detail (or NULL) when the operator should see it. */
void operation_fail_with(struct operation *operation, struct operation_failure failure, const char *detail);

/* Answers, and logs, that there is no memory for the request or its answer. */
void operation_fail_no_memory(struct operation *operation);

/* Answers what a dry run that would have worked gets (KMS.md R-41). */
void operation_fail_dry_run(struct operation *operation);

/*
 * Hands a request to a token and goes on with on_response once the worker has done it; every other outcome is answered
 * here. The request is packed before this returns. The operation may have ended when this returns.
 */
void operation_submit(struct operation *operation, const char *token, Hsm__Request *request,
                      operation_response_fn on_response);

/* For a callback of the workers: answers what is not a response with STATUS_OK. True when there is one to go on with.
 */
REWRAP_MUST_USE bool operation_take_response(struct operation *operation, enum workers_status status,
                                             const Hsm__Response *response);

/* For a callback of the registry: answers what is not success. True on success. */
REWRAP_MUST_USE bool operation_take_change(struct operation *operation, struct registry_result result);

int64_t operation_now_ms(const struct operation *operation);
