/* Verdicts of a decision table against the engine; see README.md. */
#include "table.h"

#include "policy/arn.h"

#include <stdlib.h>

#define VALUES_MAX 64

/* A line: who asks what, with which policies, and what is known. */
struct setting {
    struct policy_caller caller;
    struct policy_request request;
    struct policy_question question;
    struct policy_identity identities[TABLE_MAX];
    const struct policy_grant *grants[TABLE_MAX];
    struct policy_grant_list grant_list;
    struct policy_context_key context[TABLE_MAX];
    struct view values[VALUES_MAX];
    size_t value_count;
};

static const char *const verdicts[] = {
    [POLICY_DENIED_IMPLICITLY] = "deny",
    [POLICY_DENIED_EXPLICITLY] = "explicit",
    [POLICY_ALLOWED] = "allow",
};

static const char *const reasons[] = {
    [POLICY_REASON_BAD_REQUEST] = "bad-request",
    [POLICY_REASON_NO_RESOURCE_ALLOW] = "no-resource",
    [POLICY_REASON_NO_IDENTITY_ALLOW] = "no-identity",
    [POLICY_REASON_RESOURCE_DENY] = "resource",
    [POLICY_REASON_IDENTITY_DENY] = "identity",
    [POLICY_REASON_KEY_POLICY] = "key",
    [POLICY_REASON_DELEGATION] = "delegation",
    [POLICY_REASON_BOTH_SIDES] = "both",
    [POLICY_REASON_GRANT] = "grant",
    [POLICY_REASON_IDENTITY] = "identity",
    [POLICY_REASON_ROOT] = "root",
};

static const char *const errors[] = {
    [POLICY_OK] = "OK",
    [POLICY_TOO_LARGE] = "TOO_LARGE",
    [POLICY_FOREIGN_CHARACTER] = "FOREIGN_CHARACTER",
    [POLICY_NOT_JSON] = "NOT_JSON",
    [POLICY_TOO_DEEP] = "TOO_DEEP",
    [POLICY_TOO_MANY_VALUES] = "TOO_MANY_VALUES",
    [POLICY_TEXT_TOO_LONG] = "TEXT_TOO_LONG",
    [POLICY_UNKNOWN_ELEMENT] = "UNKNOWN_ELEMENT",
    [POLICY_MISSING_ELEMENT] = "MISSING_ELEMENT",
    [POLICY_CLASHING_ELEMENTS] = "CLASHING_ELEMENTS",
    [POLICY_WRONG_TYPE] = "WRONG_TYPE",
    [POLICY_BAD_VERSION] = "BAD_VERSION",
    [POLICY_BAD_SID] = "BAD_SID",
    [POLICY_DUPLICATE_SID] = "DUPLICATE_SID",
    [POLICY_BAD_EFFECT] = "BAD_EFFECT",
    [POLICY_BAD_PRINCIPAL] = "BAD_PRINCIPAL",
    [POLICY_BAD_ACTION] = "BAD_ACTION",
    [POLICY_BAD_RESOURCE] = "BAD_RESOURCE",
    [POLICY_BAD_OPERATOR] = "BAD_OPERATOR",
    [POLICY_BAD_CONDITION_KEY] = "BAD_CONDITION_KEY",
    [POLICY_BAD_CONDITION_VALUE] = "BAD_CONDITION_VALUE",
    [POLICY_BAD_VARIABLE] = "BAD_VARIABLE",
    [POLICY_BAD_PATTERN] = "BAD_PATTERN",
    [POLICY_OVERLY_PERMISSIVE_CONDITION] = "OVERLY_PERMISSIVE_CONDITION",
    [POLICY_NO_MEMORY] = "NO_MEMORY",
};

const char *table_error_text(enum policy_error error)
{
    return errors[error];
}

/* ---------------------------------------------------------------- the parts of a line */

static unsigned digit_of(char c)
{
    return (unsigned)(c >= 'a' ? c - 'a' + 10 : c - '0');
}

/* "%20" becomes a blank. In place. */
static struct view unescape(char *text)
{
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        if (in[0] == '%' && in[1] != '\0' && in[2] != '\0') {
            *out++ = (char)(digit_of(in[1]) * 16 + digit_of(in[2]));
            in += 2;
        } else {
            *out++ = *in;
        }
    }
    return view_of(text, (size_t)(out - text));
}

/* name=value|value…; name=() is a key without values. */
static void add_context(struct table *table, struct setting *setting, char *word)
{
    char *value;
    char *name = table_cut(word, "=", &value);
    if (value == NULL || setting->request.context_count == TABLE_MAX) {
        table_die(table, "what is %s?", name);
    }
    struct policy_context_key *entry = &setting->context[setting->request.context_count++];
    *entry = (struct policy_context_key){.name = unescape(name), .values = &setting->values[setting->value_count]};
    while (value != NULL && strcmp(value, "()") != 0) {
        char *next;
        char *one = table_cut(value, "|", &next);
        if (setting->value_count == VALUES_MAX) {
            table_die(table, "too many values");
        }
        setting->values[setting->value_count++] = unescape(one);
        entry->count++;
        value = next;
    }
}

static void use_identities(struct table *table, struct setting *setting, char *names)
{
    while (names != NULL) {
        char *next;
        char *name = table_cut(names, ",", &next);
        const struct table_document *found = table_find(table, table->identities, table->identity_count, name);
        setting->identities[setting->question.identity_count++] =
            (struct policy_identity){.name = view_of_string(found->name), .document = found->document};
        names = next;
    }
}

static void use_grants(struct table *table, struct setting *setting, char *names)
{
    while (names != NULL) {
        char *next;
        char *name = table_cut(names, ",", &next);
        size_t i = 0;
        while (i < table->grant_count && strcmp(table->grants[i]->name, name) != 0) {
            i++;
        }
        if (i == table->grant_count) {
            table_die(table, "no grant %s", name);
        }
        setting->grants[setting->grant_list.count++] = &table->grants[i]->grant;
        names = next;
    }
}

static void add_word(struct table *table, struct setting *setting, char *word)
{
    if (strncmp(word, "key=", 4) == 0) {
        setting->question.key_policy = table_find(table, table->keys, table->key_count, word + 4)->document;
    } else if (strncmp(word, "id=", 3) == 0) {
        use_identities(table, setting, word + 3);
    } else if (strncmp(word, "grant=", 6) == 0) {
        use_grants(table, setting, word + 6);
    } else if (strncmp(word, "owner=", 6) == 0) {
        setting->request.resource_account = view_of_string(word + 6);
    } else {
        add_context(table, setting, word);
    }
}

static void add_words(struct table *table, struct setting *setting, char *words)
{
    while (words != NULL && *words != '\0') {
        char *next;
        char *word = table_cut(words, " ", &next);
        add_word(table, setting, word);
        words = next;
    }
}

/* Whose account the ARN says; the caller's where it says none. */
static struct view owner_of(struct view resource, struct view principal)
{
    struct arn arn;
    return arn_parse(resource, &arn) || arn_parse_principal(principal, &arn) ? arn.account : view_of(NULL, 0);
}

static void prepare(struct setting *setting)
{
    setting->request.context = setting->context;
    setting->grant_list.grants = setting->grants;
    setting->question.request = &setting->request;
    setting->question.identities = setting->identities;
    setting->question.grant_lists = &setting->grant_list;
    setting->question.grant_list_count = 1;
}

/* ---------------------------------------------------------------- R-94 PRINCIPAL[@ROLE] ACTION RESOURCE … => VERDICT
 * REASON MATCHES */

static void write_matches(const struct policy_match *matches, size_t count, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && len < cap; i++) {
        const struct policy_match *match = &matches[i];
        const char *space = i == 0 ? "" : " ";
        if (match->source == POLICY_SOURCE_GRANT) {
            len += (size_t)snprintf(out + len, cap - len, "%s%.*s", space, (int)match->name.len,
                                    (const char *)match->name.data);
        } else {
            const char *name = match->source == POLICY_SOURCE_KEY_POLICY ? "key" : (const char *)match->name.data;
            len += (size_t)snprintf(out + len, cap - len, "%s%s:%zu", space, name, match->index);
        }
    }
}

static void run_decision(struct table *table, char *line, const char *wanted)
{
    struct setting setting = {0};
    char *rest;
    char *role;
    struct view principal = view_of_string(table_cut(table_cut(line, " ", &rest), ";", &role));
    bool is_caller = policy_caller_read(principal, &setting.caller) &&
                     (role == NULL || policy_caller_take_role(&setting.caller, view_of_string(role)));
    setting.request.caller = is_caller ? &setting.caller : NULL;
    setting.request.action = view_of_string(rest == NULL ? "" : table_cut(rest, " ", &rest));
    setting.request.resource = view_of_string(rest == NULL ? "" : table_cut(rest, " ", &rest));
    setting.request.resource_account = owner_of(setting.request.resource, principal);
    add_words(table, &setting, rest);
    prepare(&setting);

    struct policy_match matches[16];
    struct policy_decision decision = policy_decide(&setting.question, matches, 16);
    char list[512];
    write_matches(matches, decision.matched < 16 ? decision.matched : 16, list, sizeof(list));
    char got[1024];
    snprintf(got, sizeof(got), "%s %s%s%s", verdicts[decision.verdict], reasons[decision.reason],
             list[0] == '\0' ? "" : " ", list);
    if (strcmp(got, wanted) != 0) {
        table_fail(table, "wanted: %s; got: %s", wanted, got);
    }
    struct policy_decision fast = policy_decide(&setting.question, NULL, 0);
    if (fast.verdict != decision.verdict || fast.reason != decision.reason || fast.matched != 0) {
        table_fail(table, "it depends on whether the matches are wanted");
    }
}

/* ---------------------------------------------------------------- R-100 ? CONTEXT … => holds | fails */

static enum policy_verdict decide_when(struct setting *setting, const struct policy_document *key_policy)
{
    struct view alice = view_of_string("arn:aws:iam::111122223333:user/alice");
    setting->request.caller = policy_caller_read(alice, &setting->caller) ? &setting->caller : NULL;
    setting->request.action = view_of_string("kms:Encrypt");
    setting->request.resource = view_of_string("arn:aws:kms:eu-central-1:111122223333:key/k");
    setting->request.resource_account = view_of_string("111122223333");
    setting->question.key_policy = key_policy;
    return policy_decide(&setting->question, NULL, 0).verdict;
}

/* "unless-allowed" is for names that differ in case only: an Allow does not hold where a Deny does. */
static void run_condition(struct table *table, char *line, const char *wanted)
{
    struct setting setting = {0};
    if (table->allow_when == NULL) {
        table_die(table, "no condition yet");
    }
    add_words(table, &setting, line);
    prepare(&setting);
    bool holds = strcmp(wanted, "holds") == 0;
    bool in_deny = holds || strcmp(wanted, "unless-allowed") == 0;
    if (!in_deny && strcmp(wanted, "fails") != 0) {
        table_die(table, "a condition holds or fails");
    }
    if ((decide_when(&setting, table->allow_when) == POLICY_ALLOWED) != holds) {
        table_fail(table, "wanted: %s, in an Allow", wanted);
    }
    if ((decide_when(&setting, table->deny_when) == POLICY_DENIED_EXPLICITLY) != in_deny) {
        table_fail(table, "wanted: %s, in a Deny", wanted);
    }
}

/* ---------------------------------------------------------------- R-82 key|identity ERROR PLACE :: TEXT */

static void run_document(struct table *table, char *line, const char *text)
{
    char *rest;
    const char *kind_word = table_cut(line, " ", &rest);
    char *place;
    const char *wanted = rest == NULL ? "" : table_cut(rest, " ", &place);
    enum policy_kind kind = strcmp(kind_word, "key") == 0 ? POLICY_KIND_KEY : POLICY_KIND_IDENTITY;
    struct policy_document *document = NULL;
    struct policy_result result = policy_document_parse(kind, view_of_string(text), &document);
    if (strcmp(errors[result.code], wanted) != 0 ||
        strcmp(result.place, rest == NULL || place == NULL ? "" : place) != 0) {
        table_fail(table, "wanted: %s; got: %s at \"%s\" (%s)", wanted, errors[result.code], result.place,
                   result.reason == NULL ? "" : result.reason);
    }
    if ((result.code == POLICY_OK) != (document != NULL) || (result.code == POLICY_OK) != (result.reason == NULL)) {
        table_fail(table, "the result contradicts itself");
    }
    policy_document_free(document);
}

void table_run(struct table *table, char *line)
{
    char *body;
    char *behind;
    table_cut(line, " ", &body);
    if (body == NULL) {
        table_die(table, "a rule alone");
    }
    if (strncmp(body, "key ", 4) == 0 || strncmp(body, "identity ", 9) == 0) {
        body = table_cut(body, " :: ", &behind);
        run_document(table, body, behind == NULL ? "" : behind);
        return;
    }
    body = table_cut(body, "=>", &behind);
    if (behind == NULL) {
        table_die(table, "no verdict");
    }
    if (body[0] == '?') {
        run_condition(table, body + 1 + strspn(body + 1, " "), behind);
    } else {
        run_decision(table, body, behind);
    }
}
