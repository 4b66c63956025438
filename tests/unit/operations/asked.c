/* The questions to policy; see asked.h. */
#include "asked.h"

#include "fixture.h"

#include "policy/lint.h"

#include <stdio.h>

struct asked_question asked[ASKED_MAX];
size_t n_asked;
const char *asked_denied;
enum policy_verdict asked_denial;

/* What --wrap=policy_decide makes of its name. */
struct policy_decision __real_policy_decide(const struct policy_question *question, struct policy_match *matches,
                                            size_t max_matches);
struct policy_decision __wrap_policy_decide(const struct policy_question *question, struct policy_match *matches,
                                            size_t max_matches);

static size_t append(char *out, size_t len, size_t cap, struct view text)
{
    assert_true(len + text.len + 1 < cap);
    if (text.len != 0) {
        memcpy(out + len, text.data, text.len);
    }
    out[len + text.len] = '\0';
    return len + text.len;
}

static void write_context(const struct policy_request *request, char *out, size_t cap)
{
    size_t len = append(out, 0, cap, view_of_string("\n"));
    for (enum policy_key key = 0; key < POLICY_KEYS; key++) {
        if (request->singles[key].data != NULL) {
            len = append(out, len, cap, policy_key_text(key));
            len = append(out, len, cap, view_of_string("="));
            len = append(out, len, cap, request->singles[key]);
            len = append(out, len, cap, view_of_string("\n"));
        }
    }
    for (size_t i = 0; i < request->context_count; i++) {
        const struct policy_context_key *key = &request->context[i];
        len = append(out, len, cap, policy_key_text(key->key));
        len = append(out, len, cap, key->name);
        for (size_t k = 0; k < key->count; k++) {
            len = append(out, len, cap, view_of_string(k == 0 ? "=" : ","));
            len = append(out, len, cap, key->values[k]);
        }
        len = append(out, len, cap, view_of_string("\n"));
    }
}

struct policy_decision __wrap_policy_decide(const struct policy_question *question, struct policy_match *matches,
                                            size_t max_matches)
{
    const struct policy_request *request = question->request;
    assert_true(n_asked < ASKED_MAX);
    struct asked_question *one = &asked[n_asked++];
    snprintf(one->what, sizeof one->what, "%.*s %.*s", (int)request->action.len, request->action.data,
             (int)request->resource.len, request->resource.data);
    write_context(request, one->context, sizeof one->context);
    if (asked_denied == NULL || strcmp(asked_denied, one->what) != 0) {
        return __real_policy_decide(question, matches, max_matches);
    }
    return (struct policy_decision){.verdict = asked_denial,
                                    .reason = asked_denial == POLICY_DENIED_EXPLICITLY
                                                  ? POLICY_REASON_RESOURCE_DENY
                                                  : POLICY_REASON_NO_RESOURCE_ALLOW};
}

static const char *find(size_t question, const char *key, const char *from)
{
    char line[256];
    snprintf(line, sizeof line, "\n%s=", key);
    const char *found = strstr(from == NULL ? asked[question].context : from, line);
    return found == NULL ? NULL : found + strlen(line);
}

const char *asked_value(size_t question, const char *key)
{
    static char value[1024];
    const char *found = find(question, key, NULL);
    if (found == NULL) {
        return NULL;
    }
    snprintf(value, sizeof value, "%.*s", (int)strcspn(found, "\n"), found);
    return value;
}

size_t asked_count(size_t question, const char *key)
{
    size_t n = 0;
    for (const char *at = find(question, key, NULL); at != NULL; at = find(question, key, at)) {
        n++;
    }
    return n;
}

/* An Allow for who has the key with that value is nothing to find fault with. */
static void assert_lint_has_nothing_on(const char *name, const char *value)
{
    char policy[1024];
    int len = snprintf(policy, sizeof policy,
                       "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\",\"Condition\":{"
                       "\"ForAnyValue:StringEquals\":{\"%s\":\"%s\"}}}}",
                       name, value);
    assert_true((size_t)len < sizeof policy);
    struct policy_document *document = NULL;
    assert_int_equal(policy_document_parse(POLICY_KIND_IDENTITY, view_of_string(policy), &document).code, POLICY_OK);
    struct policy_finding finding;
    size_t found = policy_lint(document, view_of_string(""), &finding, 1);
    policy_document_free(document);
    if (found != 0) {
        fail_msg("%s is told as %s, and lint says at %s: %s", name, value, finding.place, finding.text);
    }
}

void asked_assert_known_to_lint(void)
{
    for (size_t q = 0; q < n_asked; q++) {
        const char *line = asked[q].context + 1; /* behind the first line's end */
        while (*line != '\0') {
            char name[256], value[512];
            assert_int_equal(sscanf(line, "%255[^=]=%511[^,\n]", name, value), 2);
            assert_lint_has_nothing_on(name, value);
            line += strcspn(line, "\n");
            line += *line == '\n';
        }
    }
}
