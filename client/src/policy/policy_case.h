/* One document of `policy simulate`, read into a question for the engine. */
#pragma once

#include "policy/evaluate.h"

#include <jansson.h>

#define POLICY_FAULT_BYTES 512

/* What is wrong with a document. */
struct policy_fault {
    const char *code; /* static: the error of AWS that says the same */
    char message[POLICY_FAULT_BYTES];
    char place[POLICY_FAULT_BYTES]; /* "keyPolicy.Statement[0].Effect" */
};

/* Fills *fault; texts that are too long are cut. Always false, so that a caller can return it. */
bool policy_fault_set(struct policy_fault *fault, const char *code, const char *place, const char *message);

#define POLICY_FAULT_TYPE   "SerializationException" /* KMS.md R-10 */
#define POLICY_FAULT_VALUE  "ValidationException"
#define POLICY_FAULT_LIMIT  "LimitExceededException"
#define POLICY_FAULT_MEMORY "KMSInternalException"

/* The fault of a policy that could not be compiled; prefix is where it stands ("keyPolicy"), or "". */
void policy_fault_of_document(struct policy_fault *fault, const char *prefix, const struct policy_result *result);

struct policy_case_block;

/* Memory that lives as long as the case. Private but for the files policy_case*.c. */
struct policy_case_memory {
    struct policy_case_block *blocks;
};
/* Zeroed, for a count that may be 0; NULL without memory. */
void *policy_case_take(struct policy_case_memory *memory, size_t count, size_t size);

struct policy_case {
    struct policy_request request;
    struct policy_question question;
    struct policy_document *key_policy; /* owned */
    struct policy_identity *identities; /* documents owned */
    struct policy_grant_list grants;    /* those on the key that is asked about */
    size_t *grant_numbers;              /* of each, in the list that was given */
    struct policy_caller caller;
    bool has_role;                    /* of the session, that the document names */
    struct view singles[POLICY_KEYS]; /* condition keys that follow from the caller */
    struct policy_case_memory memory;
};

/*
 * Reads a document (docs/policy.md). *ret borrows from json and from itself; free it with policy_case_clear, whatever
 * came of it. False, with *ret_fault set, for what cannot be decided on.
 */
REWRAP_MUST_USE bool policy_case_read(const json_t *json, struct policy_case *ret, struct policy_fault *ret_fault);
void policy_case_clear(struct policy_case *policy_case);

/* The members "request" and "grants", NULL when they are absent. For policy_case.c. */
REWRAP_MUST_USE bool policy_case_read_request(const json_t *request, struct policy_case *policy_case,
                                              struct policy_fault *fault);
REWRAP_MUST_USE bool policy_case_read_grants(const json_t *json, struct policy_case *policy_case,
                                             struct policy_fault *fault);

/* ---------------------------------------------------------------- members, for policy_case*.c */

/* The member, NULL when it is absent or null. */
json_t *policy_case_member(const json_t *object, const char *name);
/* The text of a member, at most POLICY_STRING_MAX_BYTES, empty when it is absent or null. False for another type, or
 * more. place is the object's. */
REWRAP_MUST_USE bool policy_case_text(const json_t *object, const char *place, const char *name, struct view *ret,
                                      struct policy_fault *fault);
/*
 * False for a member that has one of the names (ended by NULL) in other letters: it would be missing, unseen. Unknown
 * members are passed over.
 */
REWRAP_MUST_USE bool policy_case_check_names(const json_t *object, const char *const *names, const char *place,
                                             struct policy_fault *fault);
/* Always false. */
bool policy_case_no_memory(struct policy_fault *fault);
