/* The compiled form of a document. One block of memory; everything in it is found by offsets and ranges. */
#pragma once

#include "policy/arn.h"
#include "policy/document.h"

/* A text of the document: bytes of its pool. */
struct policy_item {
    uint32_t at;
    uint16_t len;
    uint8_t kind;  /* of a principal: enum policy_principal_kind */
    uint8_t flags; /* POLICY_ITEM_… */
};

#define POLICY_ITEM_WILD     0x01 /* holds wildcards */
#define POLICY_ITEM_VARIABLE 0x02 /* holds variables */
#define POLICY_ITEM_ANY      0x04 /* is one star */

struct policy_range {
    uint16_t first;
    uint16_t count;
};

struct policy_clause {
    struct policy_item key; /* the whole name, lower case */
    uint32_t name_hash;     /* this and the next two: struct policy_context_name */
    uint8_t known;          /* enum policy_key */
    uint8_t name_at;        /* where in key its text begins */
    uint8_t operator_index; /* in the table of condition_operators.c */
    uint8_t set;            /* enum policy_set */
    bool if_exists;
    bool multi_valued_key;
    struct policy_range values; /* items */
};

struct policy_rule {
    struct policy_item sid;
    uint8_t effect;
    bool not_principal;
    bool not_action;
    bool not_resource;
    uint32_t operations;            /* of grants: those whose actions Action or NotAction covers */
    struct policy_range principals; /* items */
    struct policy_range actions;    /* items, lower case */
    struct policy_range resources;  /* items */
    struct policy_range clauses;
};

struct policy_document {
    enum policy_kind kind;
    bool has_variables;
    struct policy_item id;
    size_t size;
    size_t rule_count;
    const struct policy_rule *rules; /* these four: into the same block */
    const struct policy_clause *clauses;
    const struct policy_item *items;
    const uint8_t *bytes;
};

static inline struct view policy_item_view(const struct policy_document *document, struct policy_item item)
{
    return view_of(document->bytes + item.at, item.len);
}

/* An account is kept as its digits and then the partition, if it was named by ARN. */
static inline struct policy_principal policy_principal_of_item(const struct policy_document *document,
                                                               struct policy_item item)
{
    struct policy_principal principal = {.kind = (enum policy_principal_kind)item.kind,
                                         .text = policy_item_view(document, item)};
    if (principal.kind == POLICY_PRINCIPAL_ACCOUNT) {
        principal.partition =
            view_of(principal.text.data + ARN_ACCOUNT_DIGITS, principal.text.len - ARN_ACCOUNT_DIGITS);
        principal.text.len = ARN_ACCOUNT_DIGITS;
    }
    return principal;
}
