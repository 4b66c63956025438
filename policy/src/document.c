/* Looking into a compiled document; see policy/document.h. */
#include "condition.h"
#include "document_private.h"
#include "variables.h"

#include <stdlib.h>

#define CACHE_LINE_BYTES   64
#define PREFETCH_MAX_BYTES 4096 /* ten statements and more; not so much that it drives out what it has fetched */

void policy_document_prefetch(const struct policy_document *document, size_t bytes)
{
    for (size_t at = 0; at < bytes && at < PREFETCH_MAX_BYTES; at += CACHE_LINE_BYTES) {
        __builtin_prefetch((const uint8_t *)document + at);
    }
}

void policy_document_free(struct policy_document *document)
{
    free(document);
}

enum policy_kind policy_document_kind(const struct policy_document *document)
{
    return document->kind;
}

bool policy_document_has_variables(const struct policy_document *document)
{
    return document->has_variables;
}

struct view policy_document_id(const struct policy_document *document)
{
    return policy_item_view(document, document->id);
}

size_t policy_document_statements(const struct policy_document *document)
{
    return document->rule_count;
}

size_t policy_document_bytes(const struct policy_document *document)
{
    return document->size;
}

struct policy_statement policy_document_statement(const struct policy_document *document, size_t statement)
{
    const struct policy_rule *rule = &document->rules[statement];
    return (struct policy_statement){
        .sid = policy_item_view(document, rule->sid),
        .effect = (enum policy_effect)rule->effect,
        .not_principal = rule->not_principal,
        .not_action = rule->not_action,
        .not_resource = rule->not_resource,
        .principals = rule->principals.count,
        .actions = rule->actions.count,
        .resources = rule->resources.count,
        .conditions = rule->clauses.count,
    };
}

struct policy_principal policy_document_principal(const struct policy_document *document, size_t statement,
                                                  size_t principal)
{
    size_t first = document->rules[statement].principals.first;
    return policy_principal_of_item(document, document->items[first + principal]);
}

static const struct policy_clause *clause_at(const struct policy_document *document, size_t statement, size_t condition)
{
    return &document->clauses[document->rules[statement].clauses.first + condition];
}

struct policy_condition policy_document_condition(const struct policy_document *document, size_t statement,
                                                  size_t condition)
{
    const struct policy_clause *clause = clause_at(document, statement, condition);
    return (struct policy_condition){
        .operator_name = policy_operator_at(clause->operator_index)->name,
        .set = (enum policy_set)clause->set,
        .if_exists = clause->if_exists,
        .key = policy_item_view(document, clause->key),
        .values = clause->values.count,
    };
}

static size_t write_item(const struct policy_document *document, struct policy_range range, size_t index, bool escapes,
                         char *out, size_t cap)
{
    return policy_decode(policy_item_view(document, document->items[range.first + index]), escapes, out, cap);
}

size_t policy_document_action(const struct policy_document *document, size_t statement, size_t action, char *out,
                              size_t cap)
{
    return write_item(document, document->rules[statement].actions, action, false, out, cap);
}

size_t policy_document_resource(const struct policy_document *document, size_t statement, size_t resource, char *out,
                                size_t cap)
{
    bool escapes = document->has_variables;
    return write_item(document, document->rules[statement].resources, resource, escapes, out, cap);
}

/* Only texts have variables, and so escapes. */
static bool has_escapes(const struct policy_document *document, const struct policy_clause *clause)
{
    switch (policy_operator_at(clause->operator_index)->class) {
    case POLICY_CLASS_STRING:
    case POLICY_CLASS_STRING_FOLD:
    case POLICY_CLASS_LIKE:
    case POLICY_CLASS_ARN:
        return document->has_variables;
    case POLICY_CLASS_NUMERIC:
    case POLICY_CLASS_DATE:
    case POLICY_CLASS_BOOL:
    case POLICY_CLASS_BINARY:
    case POLICY_CLASS_IP:
    case POLICY_CLASS_NULL:
        break;
    }
    return false;
}

size_t policy_document_value(const struct policy_document *document, size_t statement, size_t condition, size_t value,
                             char *out, size_t cap)
{
    const struct policy_clause *clause = clause_at(document, statement, condition);
    return write_item(document, clause->values, value, has_escapes(document, clause), out, cap);
}
