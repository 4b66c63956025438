/* Key policies that are to be put; see policy_check.h. */
#include "policy_check.h"

#include "authorize.h"
#include "question.h"
#include "who.h"

static const struct {
    enum policy_error error;
    enum operation_code code;
} codes[] = {
    {POLICY_TOO_LARGE, OPERATION_LIMIT_EXCEEDED},
    {POLICY_FOREIGN_CHARACTER, OPERATION_VALIDATION},
    {POLICY_NO_MEMORY, OPERATION_INTERNAL},
};

static enum operation_code code_of(enum policy_error error)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].error == error) {
            return codes[i].code;
        }
    }
    return OPERATION_MALFORMED_POLICY;
}

void operation_refuse_document(struct operation *operation, const struct policy_result *result)
{
    bool placed = result->place[0] != '\0';
    operation_fail(operation, code_of(result->code), "%s%s%s%s", result->reason, placed ? " (at " : "", result->place,
                   placed ? ")" : "");
}

/* ------------------------------------------------------------------ principals */

/* An account may be any; of a federated user, a service and the rest nobody here knows whether there is one. */
static bool is_known(const struct operation *operation, const struct policy_principal *principal)
{
    switch (principal->kind) {
    case POLICY_PRINCIPAL_USER:
    case POLICY_PRINCIPAL_ROLE:
    case POLICY_PRINCIPAL_SESSION:
        return operation_principal_is_known(operation->operations, principal->text);
    case POLICY_PRINCIPAL_UNIQUE_ID: /* of somebody who was deleted: AWS takes none either */
        return false;
    case POLICY_PRINCIPAL_ANYONE:
    case POLICY_PRINCIPAL_ACCOUNT:
    case POLICY_PRINCIPAL_FEDERATED:
    case POLICY_PRINCIPAL_SERVICE:
    case POLICY_PRINCIPAL_OTHER:
    default:
        return true;
    }
}

static bool check_principals(struct operation *operation, const struct policy_document *document)
{
    for (size_t i = 0; i < policy_document_statements(document); i++) {
        size_t n = policy_document_statement(document, i).principals;
        for (size_t j = 0; j < n; j++) {
            struct policy_principal principal = policy_document_principal(document, i, j);
            if (!is_known(operation, &principal)) {
                operation_fail(operation, OPERATION_MALFORMED_POLICY,
                               "Policy contains a statement with one or more invalid principals. (at Statement[%zu]: "
                               "%.*s is not known here)",
                               i, (int)principal.text.len, principal.text.data);
                return false;
            }
        }
    }
    return true;
}

/* ------------------------------------------------------------------ lockout */

static bool may_put_another(const struct operation *operation, const struct registry_key *key,
                            const struct policy_document *document)
{
    struct registry_key later = *key;
    struct operation_question question;
    later.policy_ms = INT64_MAX; /* whom it names is known today */
    if (!operation_ask(operation, OPERATION_MAY_PUT_KEY_POLICY, &later, NULL, &question)) {
        return false;
    }
    question.question.key_policy = document;
    bool may = policy_may_put_key_policy(&question.question);
    operation_question_clear(&question);
    return may;
}

bool operation_key_policy_check(struct operation *operation, const struct registry_key *key, const char *text,
                                bool bypass)
{
    struct policy_document *document;
    struct policy_result result = policy_document_parse(POLICY_KIND_KEY, view_of_string(text), &document);
    if (result.code != POLICY_OK) {
        operation_refuse_document(operation, &result);
        return false;
    }
    bool good = check_principals(operation, document);
    if (good && !bypass && !may_put_another(operation, key, document)) {
        operation_fail(operation, OPERATION_MALFORMED_POLICY,
                       "The new key policy will not allow you to update the key policy in the future.");
        good = false;
    }
    policy_document_free(document);
    return good;
}
