/*
 * Policy documents: key policies and identity policies, read and compiled once, used many times (KMS.md,
 * A compiled document never changes, holds no pointer into the text it was made from, and may be
 * shared.
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#define POLICY_DOCUMENT_MAX_BYTES    32768 /* */
#define POLICY_DOCUMENT_MAX_DEPTH    16    /* what is valid needs 6 */
#define POLICY_DOCUMENT_MAX_VALUES   8192  /* texts of a document; more do not fit its bytes but as empty ones */
#define POLICY_STRING_MAX_BYTES      4096  /* one text: any ARN fits, and any value of an encryption context's half */
#define POLICY_PLACE_BYTES           192   /* longer places are cut */
#define POLICY_UNKNOWN_RUN_MAX_BYTES 64    /* between two '*', a run that holds a '?': keeps matching linear */

enum policy_kind {
    POLICY_KIND_KEY,      /* the policy of a key: every statement has a principal */
    POLICY_KIND_IDENTITY, /* the policy of a user or role: no statement has one */
};

/* What is wrong with a document. All are AWS's MalformedPolicyDocumentException but the first two and the last. */
enum policy_error {
    POLICY_OK = 0,
    POLICY_TOO_LARGE,         /* LimitExceededException */
    POLICY_FOREIGN_CHARACTER, /* ValidationException: a character outside the pattern of R-81, or no UTF-8 */
    POLICY_NOT_JSON,          /* neither JSON nor one object; also a name that occurs twice in an object */
    POLICY_TOO_DEEP,
    POLICY_TOO_MANY_VALUES,
    POLICY_TEXT_TOO_LONG,
    POLICY_UNKNOWN_ELEMENT,
    POLICY_MISSING_ELEMENT,
    POLICY_CLASHING_ELEMENTS, /* Action beside NotAction and the like, Principal in an identity policy */
    POLICY_WRONG_TYPE,
    POLICY_BAD_VERSION,
    POLICY_BAD_SID,
    POLICY_DUPLICATE_SID,
    POLICY_BAD_EFFECT,
    POLICY_BAD_PRINCIPAL, /* "Policy contains a statement with one or more invalid principals." */
    POLICY_BAD_ACTION,
    POLICY_BAD_RESOURCE,
    POLICY_BAD_OPERATOR,
    POLICY_BAD_CONDITION_KEY,
    POLICY_BAD_CONDITION_VALUE,
    POLICY_BAD_VARIABLE,
    POLICY_BAD_PATTERN,
    POLICY_OVERLY_PERMISSIVE_CONDITION, /* the text begins with "OverlyPermissiveCondition" */
    POLICY_NO_MEMORY,                   /* ours, not the document's */
};

struct policy_result {
    enum policy_error code;
    const char *reason;             /* static, a sentence for people; NULL when all is well */
    char place[POLICY_PLACE_BYTES]; /* "Statement[1].Condition.StringEquals"; "line 3" before it was JSON; may be "" */
};

struct policy_document;

/*
 * Reads text and compiles it. On POLICY_OK *ret is the caller's, to be freed with policy_document_free; otherwise it is
 * untouched. Whether the principals exist is not known here: see policy_document_principal. Never blocks; time
 * grows with the text.
 */
REWRAP_MUST_USE struct policy_result policy_document_parse(enum policy_kind kind, struct view text,
                                                           struct policy_document **ret);

/* Whether every character of text may be in a document: what can be told without reading it. */
REWRAP_MUST_USE bool policy_document_has_its_characters(struct view text);

/*
 * Has the processor fetch a document of that many bytes, which a decision will walk through: of a hundred thousand,
 * most are not in its caches. Changes nothing but the time of what follows, and looks at nothing itself.
 */
void policy_document_prefetch(const struct policy_document *document, size_t bytes);

/* NULL is allowed. */
void policy_document_free(struct policy_document *document);

/* ---------------------------------------------------------------- what is in it: for lint, dumps and explanations
 * Views live as long as the document. Indexes must be below the counts. */

enum policy_effect { POLICY_DENY, POLICY_ALLOW };

enum policy_principal_kind {
    POLICY_PRINCIPAL_ANYONE,    /* "*" */
    POLICY_PRINCIPAL_ACCOUNT,   /* text: 12 digits */
    POLICY_PRINCIPAL_USER,      /* text of this and the next three: the ARN */
    POLICY_PRINCIPAL_ROLE,      /* every session of it */
    POLICY_PRINCIPAL_SESSION,   /* sts assumed-role */
    POLICY_PRINCIPAL_FEDERATED, /* sts federated-user */
    POLICY_PRINCIPAL_SERVICE,   /* text: "logs.amazonaws.com" */
    POLICY_PRINCIPAL_UNIQUE_ID, /* "AIDA…", "AROA…": someone who was deleted; matches nobody */
    POLICY_PRINCIPAL_OTHER,     /* Federated and CanonicalUser: in the grammar, match nobody here */
};

struct policy_principal {
    enum policy_principal_kind kind;
    struct view text;
    struct view partition; /* of an account that was named by ARN; empty when it was named by its digits */
};

enum policy_set { POLICY_SET_NONE, POLICY_SET_ALL, POLICY_SET_ANY }; /* ForAllValues:, ForAnyValue: */

struct policy_condition {
    const char *operator_name; /* static, without prefix and suffix: "StringLike" */
    enum policy_set set;
    bool if_exists;
    struct view key; /* lower case: names of keys have no case */
    size_t values;
};

struct policy_statement {
    struct view sid; /* empty: none */
    enum policy_effect effect;
    bool not_principal;
    bool not_action;
    bool not_resource;
    size_t principals;
    size_t actions;   /* 0: the statement never matches */
    size_t resources; /* the same */
    size_t conditions;
};

enum policy_kind policy_document_kind(const struct policy_document *document);
bool policy_document_has_variables(const struct policy_document *document); /* Version 2012-10-17 */
struct view policy_document_id(const struct policy_document *document);     /* empty: none */
size_t policy_document_statements(const struct policy_document *document);
size_t policy_document_bytes(const struct policy_document *document); /* memory it takes */

struct policy_statement policy_document_statement(const struct policy_document *document, size_t statement);
struct policy_principal policy_document_principal(const struct policy_document *document, size_t statement,
                                                  size_t principal);
struct policy_condition policy_document_condition(const struct policy_document *document, size_t statement,
                                                  size_t condition);

/*
 * The text of an action, resource or value, for people: wildcards and variables as in the document, "${*}" for a
 * literal star. Writes at most cap bytes with the NUL, cut if need be; returns the length that it would have.
 */
size_t policy_document_action(const struct policy_document *document, size_t statement, size_t action, char *out,
                              size_t cap);
size_t policy_document_resource(const struct policy_document *document, size_t statement, size_t resource, char *out,
                                size_t cap);
size_t policy_document_value(const struct policy_document *document, size_t statement, size_t condition, size_t value,
                             char *out, size_t cap);
