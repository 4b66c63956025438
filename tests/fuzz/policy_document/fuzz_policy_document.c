/* Any bytes as a policy of either kind: what is refused leaves nothing, what is taken can be read, linted, dumped and
 * asked. */
#include "policy/evaluate.h"
#include "policy/lint.h"
#include "policy/rename.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static size_t shown; /* so that nothing is left out */

static void look_at_statement(const struct policy_document *document, size_t i)
{
    char text[64]; /* short: most are cut */
    struct policy_statement statement = policy_document_statement(document, i);
    shown += statement.sid.len;
    for (size_t k = 0; k < statement.principals; k++) {
        struct policy_principal principal = policy_document_principal(document, i, k);
        require(principal.kind != POLICY_PRINCIPAL_ACCOUNT || arn_is_account(principal.text));
        shown += principal.text.len;
    }
    for (size_t k = 0; k < statement.actions; k++) {
        require(policy_document_action(document, i, k, text, sizeof(text)) != 0 && strlen(text) < sizeof(text));
    }
    for (size_t k = 0; k < statement.resources; k++) {
        require(policy_document_resource(document, i, k, text, sizeof(text)) != 0);
    }
    for (size_t k = 0; k < statement.conditions; k++) {
        struct policy_condition condition = policy_document_condition(document, i, k);
        require(condition.key.len >= 3 && condition.operator_name != NULL);
        for (size_t v = 0; v < condition.values; v++) {
            shown += policy_document_value(document, i, k, v, text, sizeof(text));
        }
    }
}

static void look_at(const struct policy_document *document)
{
    struct policy_finding findings[8];
    size_t count = policy_lint(document, view_of_string("111122223333"), findings, 8);
    for (size_t i = 0; i < count && i < 8; i++) {
        require(findings[i].text != NULL);
    }
    require(policy_document_statements(document) != 0);
    for (size_t i = 0; i < policy_document_statements(document); i++) {
        look_at_statement(document, i);
    }
}

static void tell(const struct policy_trace_entry *entry, void *argument)
{
    size_t *matched = argument;
    *matched += entry->stopped_at == POLICY_STEP_MATCHED;
}

static void ask(const struct policy_document *document, const char *principal, struct view text)
{
    struct view values[] = {view_of_string("a"), text.len <= POLICY_CONTEXT_MAX_VALUE_BYTES ? text : view_of(NULL, 0)};
    const struct policy_context_key context[] = {
        {.name = view_of_string("kms:EncryptionContext:App"), .values = values, .count = 1},
        {.name = view_of_string("kms:EncryptionContextKeys"), .values = values, .count = 2},
        {.name = view_of_string("aws:a"), .values = values + 1, .count = 1},
        {.name = view_of_string("aws:username"), .values = values, .count = 1},
    };
    struct policy_caller caller;
    require(policy_caller_read(view_of_string(principal), &caller));
    struct policy_request request = {.caller = &caller,
                                     .action = view_of_string("kms:Encrypt"),
                                     .resource = view_of_string("arn:aws:kms:eu-central-1:111122223333:key/k"),
                                     .resource_account = view_of_string("111122223333"),
                                     .context = context,
                                     .context_count = sizeof(context) / sizeof(context[0])};
    bool is_key = policy_document_kind(document) == POLICY_KIND_KEY;
    struct policy_identity identity = {.name = view_of_string("i"), .document = document};
    struct policy_question question = {.request = &request,
                                       .key_policy = is_key ? document : NULL,
                                       .identities = &identity,
                                       .identity_count = is_key ? 0 : 1};
    struct policy_match matches[2];
    struct policy_decision decision = policy_decide(&question, matches, 2);
    size_t matched = 0;
    struct policy_trace trace = {.tell = tell, .argument = &matched};
    policy_explain(&question, &trace);
    require(decision.reason != POLICY_REASON_BAD_REQUEST && decision.matched <= matched);
    require(is_key || decision.verdict != POLICY_ALLOWED); /* no key policy leaves it to the account */
    require(policy_decide(&question, NULL, 0).verdict == decision.verdict);
}

static const char *anyone(void *arg, struct view arn)
{
    size_t *asked = arg;
    *asked += arn.len != 0;
    return *asked % 2 == 0 ? "*" : NULL;
}

/* Whatever comes in comes out, as it is or with other names; a policy stays one, if it did not grow too long. */
static void check_renamed(struct view text, bool is_policy)
{
    char *renamed = NULL;
    size_t asked = 0;
    require(policy_rename(text, anyone, &asked, &renamed));
    struct policy_document *document = NULL;
    struct view after = view_of_string(renamed);
    enum policy_error code = policy_document_parse(POLICY_KIND_KEY, after, &document).code;
    require(!is_policy || code == POLICY_OK || after.len > POLICY_DOCUMENT_MAX_BYTES);
    policy_document_free(document);
    free(renamed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = view_of(data, size);
    for (int kind = POLICY_KIND_KEY; kind <= POLICY_KIND_IDENTITY; kind++) {
        struct policy_document *document = NULL;
        struct policy_result result = policy_document_parse((enum policy_kind)kind, text, &document);
        require((result.code == POLICY_OK) == (document != NULL));
        require((result.code == POLICY_OK) == (result.reason == NULL));
        if (document != NULL) {
            require(size <= POLICY_DOCUMENT_MAX_BYTES);
            look_at(document);
            ask(document, "arn:aws:iam::111122223333:user/alice", text);
            ask(document, "arn:aws:sts::444455556666:assumed-role/Deploy/one", text);
        }
        if (kind == POLICY_KIND_KEY) {
            check_renamed(text, document != NULL);
        }
        policy_document_free(document);
    }
    return 0;
}
