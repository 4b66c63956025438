/* What a request says that conditions of policies may ask about (KMS.md ): filled in by the handler
 * before it asks for a permission. Everything is borrowed from the request, or static. */
#pragma once

#include "policy/request.h"
#include "proto/rewrap.pb-c.h"

struct registry_key;

/* Facts with one value; their condition keys are in the table of question_keys.c. */
enum operation_fact {
    OPERATION_FACT_ENCRYPTION_ALGORITHM, /* the default applied */
    OPERATION_FACT_REQUEST_ALIAS,        /* its name, when the key was named by an alias */
    OPERATION_FACT_KEY_SPEC,             /* this and the next three: of a key that is yet to be made */
    OPERATION_FACT_KEY_USAGE,
    OPERATION_FACT_KEY_ORIGIN,
    OPERATION_FACT_MULTI_REGION,
    OPERATION_FACT_BYPASS_LOCKOUT_CHECK,
    OPERATION_FACT_ROTATION_PERIOD,
    OPERATION_FACT_DELETION_WINDOW,
    OPERATION_FACTS,
};

#define OPERATION_FACT_NUMBER_BYTES 12

struct operation_facts {
    const char *texts[OPERATION_FACTS];       /* NULL: the condition key is absent */
    char number[OPERATION_FACT_NUMBER_BYTES]; /* room for the one that is a number */

    const ProtobufCMessage *const *context; /* entries of the encryption context's map */
    size_t n_context;

    bool has_other;                   /* a ReEncrypt; below its other key, */
    const struct registry_key *other; /* until the event loop turns; NULL: there is none of that name */

    Rewrap__Tag *const *tags; /* of the request, with their values, */
    size_t n_tags;
    char *const *tag_keys; /* or without */
    size_t n_tag_keys;

    const struct policy_context_key *more; /* whatever else one operation alone has: the keys of CreateGrant */
    size_t n_more;
};

/* A fact that is true or false, and one that is a number: operation_facts has room for one such. */
void operation_fact_bool(struct operation_facts *facts, enum operation_fact fact, bool value);
void operation_fact_number(struct operation_facts *facts, enum operation_fact fact, int32_t value);
