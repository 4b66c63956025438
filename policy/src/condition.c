/* Whether a condition holds for a request; see condition.h. */
#include "condition.h"

#include "condition_values.h"
#include "variables.h"

/* One clause and what it is asked about. */
struct question {
    const struct policy_document *document;
    const struct policy_clause *clause;
    const struct policy_operator *operator;
    const struct policy_context *context;
};

static bool variable_matches(const struct question *question, struct view pattern, struct view given)
{
    uint8_t expanded[POLICY_EXPANDED_BYTES];
    size_t len;
    return policy_expand(pattern, question->context, expanded, &len) && policy_context_spend(question->context, len) &&
           policy_value_matches(question->operator, view_of(expanded, len), true, given);
}

static bool item_matches(const struct question *question, struct policy_item item, struct view given)
{
    struct view wanted = policy_item_view(question->document, item);
    bool plain = (item.flags & (POLICY_ITEM_VARIABLE | POLICY_ITEM_WILD)) == 0;
    if (!policy_context_spend(question->context, plain ? 0 : given.len)) {
        return false;
    }
    if ((item.flags & POLICY_ITEM_VARIABLE) != 0) {
        return variable_matches(question, wanted, given);
    }
    return policy_value_matches(question->operator, wanted, (item.flags & POLICY_ITEM_WILD) != 0, given);
}

/* One value of the request against all of the document: one must match, or none where the operator negates. */
static bool value_holds(const struct question *question, struct view given)
{
    struct policy_range values = question->clause->values;
    for (size_t i = 0; i < values.count; i++) {
        if (item_matches(question, question->document->items[values.first + i], given)) {
            return !question->operator->negated;
        }
    }
    return question->operator->negated;
}

/* Every value must hold, or some value. */
static bool values_hold(const struct question *question, const struct policy_context_values *given, bool every)
{
    for (size_t i = 0; i < given->count && *question->context->work != 0; i++) {
        if (value_holds(question, given->values[i]) != every) {
            return !every;
        }
    }
    return every;
}

/* A set of values where one is expected has no meaning, and holds for nobody. */
static bool given_holds(const struct question *question, const struct policy_context_values *given)
{
    switch (question->clause->set) {
    case POLICY_SET_ALL:
        return values_hold(question, given, true);
    case POLICY_SET_ANY:
        return values_hold(question, given, false);
    default:
        return given->count == 1 && !question->clause->multi_valued_key && value_holds(question, given->values[0]);
    }
}

/* Null asks for the key, not for its values: before it, each of the set prefixes always answers the same. */
static bool null_holds(const struct policy_document *document, const struct policy_clause *clause, bool absent)
{
    if (clause->set != POLICY_SET_NONE) {
        return clause->set == POLICY_SET_ALL;
    }
    for (size_t i = 0; i < clause->values.count; i++) {
        bool wanted;
        struct view text = policy_item_view(document, document->items[clause->values.first + i]);
        if (policy_boolean_read(text, &wanted) && wanted == absent) {
            return true;
        }
    }
    return false;
}

bool policy_clause_holds_without_key(const struct policy_document *document, const struct policy_clause *clause)
{
    const struct policy_operator *operator= policy_operator_at(clause->operator_index);
    if (operator->class == POLICY_CLASS_NULL) {
        return null_holds(document, clause, true);
    }
    switch (clause->set) {
    case POLICY_SET_ALL:
        return true;
    case POLICY_SET_ANY:
        return clause->if_exists;
    default:
        return clause->if_exists || operator->negated;
    }
}

/*
 * Several entries have the name when an encryption context has keys that differ in case only. Sets are taken together.
 * A single value is not there to be told: then the caller must not get more by adding a key, so an Allow asks that it
 * holds for each, a Deny that it does for one.
 */
static bool every_entry_must_hold(const struct policy_clause *clause, enum policy_effect effect)
{
    return clause->set == POLICY_SET_ALL || (clause->set == POLICY_SET_NONE && effect == POLICY_ALLOW);
}

static struct policy_context_name name_of(const struct policy_document *document, const struct policy_clause *clause)
{
    struct view whole = policy_item_view(document, clause->key);
    return (struct policy_context_name){.key = (enum policy_key)clause->known,
                                        .hash = clause->name_hash,
                                        .text = view_of(whole.data + clause->name_at, whole.len - clause->name_at)};
}

bool policy_clause_holds(const struct policy_document *document, const struct policy_clause *clause,
                         enum policy_effect effect, const struct policy_context *context)
{
    struct question question = {.document = document,
                                .clause = clause,
                                .operator= policy_operator_at(clause->operator_index),
                                .context = context};
    struct policy_context_name name = name_of(document, clause);
    size_t cursor = 0;
    struct policy_context_values given;
    if (!policy_context_next(context, &name, &cursor, &given)) {
        return policy_clause_holds_without_key(document, clause);
    }
    if (question.operator->class == POLICY_CLASS_NULL) {
        return null_holds(document, clause, false);
    }
    bool every = every_entry_must_hold(clause, effect);
    do {
        if (given_holds(&question, &given) != every) {
            return !every;
        }
    } while (policy_context_next(context, &name, &cursor, &given));
    return every;
}
