/* Statements and grants as ExplainReEncrypt tells of them; see explain.h. */
#include "explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool explain_list_init(struct explain_list *list, size_t max)
{
    *list = (struct explain_list){.max = max};
    list->entries = calloc(max, sizeof *list->entries);
    list->messages = calloc(max, sizeof *list->messages);
    return list->entries != NULL && list->messages != NULL;
}

void explain_list_clear(struct explain_list *list)
{
    free(list->entries);
    free(list->messages);
    *list = (struct explain_list){0};
}

static bool is_shown(enum policy_source source, struct explain_view view)
{
    return source == POLICY_SOURCE_IDENTITY_POLICY ? view.identity : view.key;
}

/* Cuts between characters: an answer is UTF-8. */
static char *copy(char *out, size_t size, struct view text)
{
    size_t len = text.len < size ? text.len : size - 1;
    while (len < text.len && len > 0 && (text.data[len] & 0xc0) == 0x80) {
        len--;
    }
    if (len != 0) {
        memcpy(out, text.data, len);
    }
    out[len] = '\0';
    return out;
}

/* The next entry with what both lists say; NULL when the list is full. */
static struct explain_entry *add(struct explain_list *list, const struct policy_match *match, enum policy_effect effect)
{
    if (list->n == list->max) {
        list->left_out++;
        return NULL;
    }
    struct explain_entry *entry = &list->entries[list->n];
    Rewrap__PolicyTraceEntry *message = &entry->message;
    rewrap__policy_trace_entry__init(message);
    message->source = (char *)(uintptr_t)policy_source_text(match->source);
    message->name = copy(entry->name, sizeof entry->name, match->name);
    message->sid = match->sid.len == 0 ? NULL : copy(entry->sid, sizeof entry->sid, match->sid);
    if (match->source != POLICY_SOURCE_GRANT) {
        message->has_index = true;
        message->index = (uint32_t)match->index;
    }
    message->effect = (char *)(uintptr_t)(effect == POLICY_DENY ? "Deny" : "Allow");
    message->has_matched = true;
    message->matched = true;
    list->messages[list->n++] = message;
    return entry;
}

/* ------------------------------------------------------------------ all of a question */

struct telling {
    const struct policy_question *question;
    struct explain_view view;
    struct explain_list *list;
};

static const struct policy_document *document_of(const struct policy_question *question,
                                                 const struct policy_match *match)
{
    if (match->source == POLICY_SOURCE_KEY_POLICY) {
        return question->key_policy;
    }
    for (size_t i = 0; i < question->identity_count; i++) {
        if (view_equal(question->identities[i].name, match->name)) {
            return question->identities[i].document;
        }
    }
    return NULL;
}

/* "ForAllValues:StringLikeIfExists kms:encryptioncontext:app" */
static char *write_condition(const struct policy_document *document, size_t statement, size_t index,
                             char out[EXPLAIN_CONDITION_BYTES])
{
    static const char *const sets[] = {
        [POLICY_SET_NONE] = "", [POLICY_SET_ALL] = "ForAllValues:", [POLICY_SET_ANY] = "ForAnyValue:"};
    struct policy_condition condition = policy_document_condition(document, statement, index);
    int len = snprintf(out, EXPLAIN_CONDITION_BYTES, "%s%s%s ", sets[condition.set], condition.operator_name,
                       condition.if_exists ? "IfExists" : "");
    copy(out + len, EXPLAIN_CONDITION_BYTES - (size_t)len, condition.key);
    return out;
}

/* For programs: one word. */
static const char *const steps[] = {
    [POLICY_STEP_MATCHED] = "",
    [POLICY_STEP_PRINCIPAL] = "principal",
    [POLICY_STEP_ACTION] = "action",
    [POLICY_STEP_RESOURCE] = "resource",
    [POLICY_STEP_CONDITION] = "condition",
    [POLICY_STEP_GRANTEE] = "grantee",
    [POLICY_STEP_OPERATION] = "operation",
    [POLICY_STEP_CONSTRAINT] = "constraint",
    [POLICY_STEP_SOURCE_ARN] = "sourceArn",
};

static void tell(const struct policy_trace_entry *entry, void *argument)
{
    const struct telling *telling = argument;
    const struct policy_match *match = &entry->statement;
    if (!is_shown(match->source, telling->view)) {
        return;
    }
    struct explain_entry *told = add(telling->list, match, entry->effect);
    if (told == NULL) {
        return;
    }
    if (entry->stopped_at == POLICY_STEP_MATCHED) {
        told->message.has_delegates = told->message.delegates = entry->by_account && entry->effect == POLICY_ALLOW;
        return;
    }
    told->message.matched = false;
    told->message.stopped_at = (char *)(uintptr_t)steps[entry->stopped_at];
    const struct policy_document *document =
        entry->stopped_at == POLICY_STEP_CONDITION ? document_of(telling->question, match) : NULL;
    if (document != NULL) {
        told->message.condition = write_condition(document, match->index, entry->detail, told->condition);
    }
}

void explain_statements(const struct policy_question *question, struct explain_view view, struct explain_list *list)
{
    struct telling telling = {.question = question, .view = view, .list = list};
    struct policy_trace trace = {.tell = tell, .argument = &telling};
    policy_explain(question, &trace);
}

/* ------------------------------------------------------------------ what decided */

void explain_deciding(const struct policy_match *matches, size_t n, enum policy_verdict verdict,
                      struct explain_view view, struct explain_list *list)
{
    for (size_t i = 0; i < n; i++) {
        if (is_shown(matches[i].source, view)) {
            (void)add(list, &matches[i], verdict == POLICY_ALLOWED ? POLICY_ALLOW : POLICY_DENY);
        }
    }
}
