/* policy: everything around a decision: its words, limits, explanation, the lockout check, the default policy. */
#include "caller_of.h"
#include "policy/default_policy.h"
#include "policy/evaluate.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define V(text) view_of_string(text)
#define ALICE   "arn:aws:iam::111122223333:user/team/alice"
#define ROOT    "arn:aws:iam::111122223333:root"
#define SESSION "arn:aws:sts::111122223333:assumed-role/Deploy/one"
#define KEY     "arn:aws:kms:eu-central-1:111122223333:key/k"

static void assert_view(struct view got, const char *wanted)
{
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.data, wanted, got.len);
}

static struct policy_document *parse(enum policy_kind kind, const char *text)
{
    struct policy_document *document = NULL;
    struct policy_result result = policy_document_parse(kind, V(text), &document);
    if (result.code != POLICY_OK) {
        fail_msg("%s: %s", result.place, result.reason);
    }
    return document;
}

static struct policy_request ask(const char *principal, const char *action)
{
    return (struct policy_request){
        .caller = caller_of(principal), .action = V(action), .resource = V(KEY), .resource_account = V("111122223333")};
}

/* ---------------------------------------------------------------- words */

static void reasons_are_those_of_kms(void **state)
{
    (void)state;
    static const struct {
        enum policy_reason reason;
        const char *text;
    } rows[] = {
        {POLICY_REASON_NO_RESOURCE_ALLOW, "because no resource-based policy allows the kms:ReEncryptFrom action"},
        {POLICY_REASON_NO_IDENTITY_ALLOW, "because no identity-based policy allows the kms:ReEncryptFrom action"},
        {POLICY_REASON_RESOURCE_DENY, "with an explicit deny in a resource-based policy"},
        {POLICY_REASON_IDENTITY_DENY, "with an explicit deny in an identity-based policy"},
        {POLICY_REASON_GRANT, "because a grant allows the kms:ReEncryptFrom action"},
    };
    char text[POLICY_REASON_BYTES];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        policy_reason_write(rows[i].reason, V("kms:ReEncryptFrom"), text);
        assert_string_equal(text, rows[i].text);
    }
    char action[POLICY_ACTION_MAX_BYTES];
    memset(action, 'a', sizeof(action));
    for (int reason = POLICY_REASON_BAD_REQUEST; reason <= POLICY_REASON_ROOT; reason++) {
        policy_reason_write((enum policy_reason)reason, view_of(action, sizeof(action)), text);
        assert_true(strlen(text) < sizeof(text));
        assert_true(strstr(text, "aaaa") == NULL || strcmp(text + strlen(text) - 7, " action") == 0);
    }
    assert_string_equal(policy_verdict_text(POLICY_ALLOWED), "Allowed");
    assert_string_equal(policy_verdict_text(POLICY_DENIED_IMPLICITLY), "ImplicitlyDenied");
    assert_string_equal(policy_verdict_text(POLICY_DENIED_EXPLICITLY), "ExplicitlyDenied");
    assert_string_equal(policy_source_text(POLICY_SOURCE_KEY_POLICY), "keyPolicy");
    assert_string_equal(policy_source_text(POLICY_SOURCE_IDENTITY_POLICY), "identityPolicy");
    assert_string_equal(policy_source_text(POLICY_SOURCE_GRANT), "grant");
}

static void the_default_policy_is_as_documented(void **state)
{
    (void)state;
    static const char wanted[] = "{\n"
                                 "  \"Version\" : \"2012-10-17\",\n"
                                 "  \"Id\" : \"key-default-1\",\n"
                                 "  \"Statement\" : [ {\n"
                                 "    \"Sid\" : \"Enable IAM User Permissions\",\n"
                                 "    \"Effect\" : \"Allow\",\n"
                                 "    \"Principal\" : { \"AWS\" : \"arn:aws-cn:iam::111122223333:root\" },\n"
                                 "    \"Action\" : \"kms:*\",\n"
                                 "    \"Resource\" : \"*\"\n"
                                 "  } ]\n"
                                 "}";
    char text[POLICY_DEFAULT_BYTES];
    assert_int_equal(policy_default_write(V("aws-cn"), V("111122223333"), text), strlen(wanted));
    assert_string_equal(text, wanted);
    policy_document_free(parse(POLICY_KIND_KEY, text));
    char partition[ARN_PARTITION_MAX_BYTES];
    memset(partition, 'x', sizeof(partition));
    assert_true(policy_default_write(view_of(partition, sizeof(partition)), V("111122223333"), text) < sizeof(text));
}

/* ---------------------------------------------------------------- the principal by other names */

static void keys_follow_from_the_principal(void **state)
{
    (void)state;
    static struct policy_caller caller;
    struct view keys[POLICY_KEYS] = {0};
    assert_true(policy_caller_read(V(ALICE), &caller));
    policy_caller_keys(&caller, keys);
    assert_view(keys[POLICY_KEY_PRINCIPAL_ARN], ALICE);
    assert_view(keys[POLICY_KEY_PRINCIPAL_ACCOUNT], "111122223333");
    assert_view(keys[POLICY_KEY_PRINCIPAL_TYPE], "User");
    assert_view(keys[POLICY_KEY_CALLER_ACCOUNT], "111122223333");
    assert_view(keys[POLICY_KEY_USER_NAME], "alice");
    memset(keys, 0, sizeof(keys));
    assert_true(policy_caller_read(V(SESSION), &caller));
    policy_caller_keys(&caller, keys);
    assert_view(keys[POLICY_KEY_PRINCIPAL_ARN], "arn:aws:iam::111122223333:role/Deploy"); /* */
    assert_null(keys[POLICY_KEY_USER_NAME].data);
    assert_true(policy_caller_take_role(&caller, V("arn:aws:iam::111122223333:role/a/Deploy")));
    policy_caller_keys(&caller, keys);
    assert_view(keys[POLICY_KEY_PRINCIPAL_ARN], "arn:aws:iam::111122223333:role/a/Deploy");
    assert_view(keys[POLICY_KEY_PRINCIPAL_TYPE], "AssumedRole");
    assert_true(policy_caller_read(V(ROOT), &caller));
    policy_caller_keys(&caller, keys);
    assert_view(keys[POLICY_KEY_PRINCIPAL_TYPE], "Account");
    memset(keys, 0, sizeof(keys));
    assert_true(policy_caller_read(V("logs.amazonaws.com"), &caller));
    policy_caller_keys(&caller, keys);
    for (enum policy_key key = 0; key < POLICY_KEYS; key++) {
        assert_null(keys[key].data);
    }
    assert_false(policy_caller_read(V("alice"), &caller));
    assert_true(policy_caller_read(V(SESSION), &caller));
    assert_false(policy_caller_take_role(&caller, V(ALICE)));
    assert_false(policy_caller_take_role(&caller, V("arn:aws:iam::111122223333:role/Other")));
    assert_false(policy_caller_take_role(&caller, V("arn:aws:iam::444455556666:role/Deploy")));
}

static void grants_are_looked_for_under_every_name(void **state)
{
    (void)state;
    const struct policy_caller *caller = caller_of(SESSION);
    assert_int_equal(caller->grantee_count, 3);
    assert_view(caller->grantees[0], SESSION);
    assert_view(caller->grantees[1], "arn:aws:iam::111122223333:role/Deploy");
    assert_view(caller->grantees[2], ROOT);
    assert_int_equal(caller_of(ALICE)->grantee_count, 2);
    assert_int_equal(caller_of(ROOT)->grantee_count, 1);
    assert_int_equal(caller_of("logs.amazonaws.com")->grantee_count, 1);
    assert_null(caller_of("*"));
}

/* A key is in the context by its number or its name, or among the singles: it means the same. */
static void keys_are_the_same_by_number_and_by_name(void **state)
{
    (void)state;
    for (enum policy_key key = POLICY_KEY_BY_NAME + 1; key < POLICY_KEYS; key++) {
        bool is_family = key < POLICY_KEY_FIRST_WHOLE;
        char name[128];
        char text[512];
        struct view spelling = policy_key_text(key);
        int len = snprintf(name, sizeof(name), "%.*s%s", (int)spelling.len, (const char *)spelling.data,
                           is_family ? "App" : "");
        snprintf(text, sizeof(text),
                 "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\","
                 "\"Condition\":{\"Null\":{\"%s\":\"false\"}}}}",
                 name);
        struct policy_document *policy = parse(POLICY_KIND_KEY, text);
        for (size_t upper = 0; upper < (size_t)len; upper++) {
            name[upper] = (char)toupper((unsigned char)name[upper]);
        }
        struct view value = V("x");
        const struct policy_context_key entries[] = {
            {.key = key, .name = V(is_family ? "app" : ""), .values = &value, .count = 1},
            {.name = V(name), .values = &value, .count = 1},
        };
        struct view singles[POLICY_KEYS] = {[POLICY_KEY_BY_NAME] = {0}};
        singles[key] = value;
        for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]) + !is_family; i++) {
            struct policy_request request = ask(ALICE, "kms:Encrypt");
            request.context = i == 2 ? NULL : &entries[i];
            request.context_count = i == 2 ? 0 : 1;
            request.singles = i == 2 ? singles : NULL;
            struct policy_question question = {.request = &request, .key_policy = policy};
            if (policy_decide(&question, NULL, 0).verdict != POLICY_ALLOWED) {
                fail_msg("%s: %zu", name, i);
            }
        }
        policy_document_free(policy);
    }
}

/* Told in both ways with different values, a key is like one that is told twice: an Allow must hold for both, a Deny
 * for one, and no one value is to be put in a variable's place. */
static void a_key_that_is_told_in_both_ways(void **state)
{
    (void)state;
    static const struct {
        const char *effect;
        const char *condition;
        bool matches;
    } rows[] = {
        {"Allow", "{\"StringEquals\":{\"kms:KeySpec\":\"a\"}}", false},
        {"Allow", "{\"StringEquals\":{\"kms:KeySpec\":\"b\"}}", false},
        {"Allow", "{\"StringEquals\":{\"kms:KeySpec\":[\"a\",\"b\"]}}", true},
        {"Allow", "{\"StringEquals\":{\"kms:KeyOrigin\":\"${kms:KeySpec, 'none'}\"}}", true},
        {"Deny", "{\"StringEquals\":{\"kms:KeySpec\":\"a\"}}", true},
        {"Deny", "{\"StringEquals\":{\"kms:KeySpec\":\"b\"}}", true},
        {"Deny", "{\"StringEquals\":{\"kms:KeySpec\":\"c\"}}", false},
    };
    struct view singles[POLICY_KEYS] = {[POLICY_KEY_KEY_SPEC] = V("a"), [POLICY_KEY_KEY_ORIGIN] = V("none")};
    struct view value = V("b");
    const struct policy_context_key context = {.name = V("kms:keyspec"), .values = &value, .count = 1};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"%s\",\"Principal\":\"*\",\"Action\":\"*\","
                 "\"Resource\":\"*\",\"Condition\":%s}}",
                 rows[i].effect, rows[i].condition);
        struct policy_document *policy = parse(POLICY_KIND_KEY, text);
        struct policy_request request = ask(ALICE, "kms:Encrypt");
        request.singles = singles;
        request.context = &context;
        request.context_count = 1;
        struct policy_question question = {.request = &request, .key_policy = policy};
        if ((policy_decide(&question, NULL, 0).verdict != POLICY_DENIED_IMPLICITLY) != rows[i].matches) {
            fail_msg("row %zu", i);
        }
        policy_document_free(policy);
    }
}

/* ---------------------------------------------------------------- limits */

static void what_is_beyond_a_limit_is_denied(void **state)
{
    (void)state;
    struct policy_document *open =
        parse(POLICY_KIND_KEY,
              "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}}");
    struct policy_request request = ask(ALICE, "kms:Encrypt");
    struct policy_question question = {.request = &request, .key_policy = open};
    assert_int_equal(policy_decide(&question, NULL, 0).verdict, POLICY_ALLOWED);

    char *bytes = calloc(1, POLICY_CONTEXT_MAX_VALUE_BYTES + 1);
    struct view *values = calloc(POLICY_CONTEXT_MAX_VALUES + 1, sizeof(*values));
    struct policy_context_key *keys = calloc(POLICY_CONTEXT_MAX_KEYS + 1, sizeof(*keys));
    assert_true(bytes != NULL && values != NULL && keys != NULL);
    request.context = keys;
    request.context_count = POLICY_CONTEXT_MAX_KEYS;
    assert_int_equal(policy_decide(&question, NULL, 0).verdict, POLICY_ALLOWED);
    request.context_count++;
    assert_int_equal(policy_decide(&question, NULL, 0).reason, POLICY_REASON_BAD_REQUEST);
    request.context_count = 1;
    keys[0] = (struct policy_context_key){.name = V("aws:a"), .values = values, .count = POLICY_CONTEXT_MAX_VALUES};
    assert_int_equal(policy_decide(&question, NULL, 0).verdict, POLICY_ALLOWED);
    keys[0].count++;
    assert_int_equal(policy_decide(&question, NULL, 0).reason, POLICY_REASON_BAD_REQUEST);
    keys[0].count = 1;
    values[0] = view_of(bytes, POLICY_CONTEXT_MAX_VALUE_BYTES);
    assert_int_equal(policy_decide(&question, NULL, 0).verdict, POLICY_ALLOWED);
    values[0].len++;
    assert_int_equal(policy_decide(&question, NULL, 0).reason, POLICY_REASON_BAD_REQUEST);
    values[0].len = 0;
    char action[POLICY_ACTION_MAX_BYTES + 1];
    memset(action, 'a', sizeof(action));
    action[3] = ':';
    request.action = view_of(action, sizeof(action) - 1);
    assert_int_equal(policy_decide(&question, NULL, 0).verdict, POLICY_ALLOWED);
    request.action.len++;
    assert_int_equal(policy_decide(&question, NULL, 0).reason, POLICY_REASON_BAD_REQUEST);
    free(bytes);
    free(values);
    free(keys);
    policy_document_free(open);
}

/* Thousands of values against thousands: the answer is no, and soon. */
static void what_costs_too_much_is_denied(void **state)
{
    (void)state;
    static char text[POLICY_DOCUMENT_MAX_BYTES];
    size_t len = (size_t)snprintf(
        text, sizeof(text),
        "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"},"
        "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":"
        "{\"ForAnyValue:StringEquals\":{\"kms:EncryptionContextKeys\":[\"0\"");
    for (size_t i = 0; i < 4000; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, ",\"x\"");
    }
    snprintf(text + len, sizeof(text) - len, "]}}}]}");
    struct policy_document *key = parse(POLICY_KIND_KEY, text);
    struct view *values = calloc(1000, sizeof(*values));
    assert_non_null(values);
    struct policy_context_key context = {.name = V("kms:EncryptionContextKeys"), .values = values, .count = 5};
    struct policy_request request = ask(ALICE, "kms:Encrypt");
    request.context = &context;
    request.context_count = 1;
    struct policy_question question = {.request = &request, .key_policy = key};
    assert_int_equal(policy_decide(&question, NULL, 0).verdict, POLICY_ALLOWED);
    context.count = 1000;
    assert_int_equal(policy_decide(&question, NULL, 0).verdict, POLICY_DENIED_IMPLICITLY);
    assert_int_equal(policy_decide(&question, NULL, 0).reason, POLICY_REASON_BAD_REQUEST);
    free(values);
    policy_document_free(key);
}

static void documents_do_not_change_places(void **state)
{
    (void)state;
    struct policy_document *identity =
        parse(POLICY_KIND_IDENTITY, "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}");
    struct policy_document *key =
        parse(POLICY_KIND_KEY,
              "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}}");
    struct policy_request request = ask(ALICE, "kms:Encrypt");
    struct policy_question question = {.request = &request, .key_policy = identity};
    assert_int_equal(policy_decide(&question, NULL, 0).reason, POLICY_REASON_BAD_REQUEST);
    struct policy_identity wrong = {.name = V("wrong"), .document = key};
    question =
        (struct policy_question){.request = &request, .key_policy = key, .identities = &wrong, .identity_count = 1};
    assert_int_equal(policy_decide(&question, NULL, 0).reason, POLICY_REASON_BAD_REQUEST);
    policy_document_free(identity);
    policy_document_free(key);
}

static void matches_are_counted_beyond_their_room(void **state)
{
    (void)state;
    struct policy_document *key = parse(
        POLICY_KIND_KEY, "{\"Statement\":[{\"Sid\":\"a\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
                         "\"Resource\":\"*\"},{\"Sid\":\"b\",\"Effect\":\"Allow\",\"Principal\":\"*\","
                         "\"Action\":\"kms:*\",\"Resource\":\"*\"}]}");
    struct policy_request request = ask(ALICE, "kms:Encrypt");
    struct policy_question question = {.request = &request, .key_policy = key};
    struct policy_match matches[2] = {{.index = 7}, {.index = 7}};
    assert_int_equal(policy_decide(&question, matches, 1).matched, 2);
    assert_view(matches[0].name, "default");
    assert_view(matches[0].sid, "a");
    assert_int_equal(matches[0].index, 0);
    assert_int_equal(matches[1].index, 7);
    policy_document_free(key);
}

/* More than are kept while deciding. */
static void many_matches_are_all_told(void **state)
{
    (void)state;
    char text[16384] = "{\"Statement\":[";
    size_t len = strlen(text);
    for (size_t i = 0; i < 100; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "%s{\"Effect\":\"%s\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}",
                                i == 0 ? "" : ",", i % 2 == 0 ? "Allow" : "Deny");
    }
    snprintf(text + len, sizeof(text) - len, "]}");
    struct policy_document *key = parse(POLICY_KIND_KEY, text);
    struct policy_request request = ask(ALICE, "kms:Encrypt");
    struct policy_question question = {.request = &request, .key_policy = key};
    struct policy_match matches[64];
    assert_int_equal(policy_decide(&question, matches, 64).matched, 50);
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal(matches[i].index, 2 * i + 1);
    }
    policy_document_free(key);
}

/* ---------------------------------------------------------------- namesakes */

/* to somebody who was made later, ARNs of users, roles and sessions mean another; accounts and "*" mean him too.
 */
static void a_namesake_is_not_meant(void **state)
{
    (void)state;
    static const struct {
        const char *principal;
        const char *statement;
        enum policy_verdict first, namesake;
    } rows[] = {
        {ALICE, "\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ALICE "\"}", POLICY_ALLOWED, POLICY_DENIED_IMPLICITLY},
        {ALICE, "\"Effect\":\"Deny\",\"Principal\":{\"AWS\":\"" ALICE "\"}", POLICY_DENIED_EXPLICITLY,
         POLICY_DENIED_IMPLICITLY},
        {ALICE, "\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":[\"" ALICE "\",\"" ROOT "\"]}", POLICY_DENIED_IMPLICITLY,
         POLICY_DENIED_EXPLICITLY},
        {ALICE, "\"Effect\":\"Allow\",\"Principal\":\"*\"", POLICY_ALLOWED, POLICY_ALLOWED},
        {ALICE, "\"Effect\":\"Deny\",\"Principal\":{\"AWS\":\"" ROOT "\"}", POLICY_DENIED_EXPLICITLY,
         POLICY_DENIED_EXPLICITLY},
        {SESSION, "\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::111122223333:role/Deploy\"}",
         POLICY_ALLOWED, POLICY_DENIED_IMPLICITLY},
        {SESSION, "\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" SESSION "\"}", POLICY_ALLOWED,
         POLICY_DENIED_IMPLICITLY},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), "{\"Statement\":{%s,\"Action\":\"*\",\"Resource\":\"*\"}}", rows[i].statement);
        struct policy_document *key = parse(POLICY_KIND_KEY, text);
        struct policy_request request = ask(rows[i].principal, "kms:Encrypt");
        struct policy_question question = {.request = &request, .key_policy = key};
        assert_int_equal(policy_decide(&question, NULL, 0).verdict, rows[i].first);
        question.key_policy_predates_principal = true;
        assert_int_equal(policy_decide(&question, NULL, 0).verdict, rows[i].namesake);
        policy_document_free(key);
    }
}

/* ---------------------------------------------------------------- why not */

struct told {
    struct policy_trace_entry entries[8];
    size_t count;
};

static void remember(const struct policy_trace_entry *entry, void *argument)
{
    struct told *told = argument;
    assert_true(told->count < 8);
    told->entries[told->count++] = *entry;
}

static void every_statement_says_where_it_stopped(void **state)
{
    (void)state;
    struct policy_document *key =
        parse(POLICY_KIND_KEY,
              "{\"Statement\":["
              "{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"444455556666\"},\"Action\":\"*\",\"Resource\":\"*\"},"
              "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:Decrypt\",\"Resource\":\"*\"},"
              "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"arn:aws:kms:*:*:key/x\"},"
              "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":"
              "{\"Null\":{\"aws:a\":true},\"Bool\":{\"aws:b\":true}}},"
              "{\"Sid\":\"d\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ROOT
              "\"},\"Action\":\"*\",\"Resource\":\"*\"}]}");
    struct policy_identity identity = {
        .name = V("i"),
        .document =
            parse(POLICY_KIND_IDENTITY, "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}")};
    struct policy_grant grant = {.id = V("g"), .grantee = V(ALICE), .operations = POLICY_GRANT_DECRYPT};
    const struct policy_grant *grants[] = {&grant};
    struct policy_grant_list list = {.grants = grants, .count = 1};
    struct policy_request request = ask(ALICE, "kms:Encrypt");
    struct policy_question question = {.request = &request,
                                       .key_policy = key,
                                       .identities = &identity,
                                       .identity_count = 1,
                                       .grant_lists = &list,
                                       .grant_list_count = 1};
    struct told told = {0};
    struct policy_trace trace = {.tell = remember, .argument = &told};
    policy_explain(&question, &trace);
    static const enum policy_step steps[] = {POLICY_STEP_PRINCIPAL, POLICY_STEP_ACTION,  POLICY_STEP_RESOURCE,
                                             POLICY_STEP_CONDITION, POLICY_STEP_MATCHED, POLICY_STEP_MATCHED,
                                             POLICY_STEP_OPERATION};
    assert_int_equal(told.count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(told.entries[i].stopped_at, steps[i]);
    }
    assert_int_equal(told.entries[3].detail, 1);
    assert_int_equal(told.entries[3].effect, POLICY_DENY);
    assert_true(told.entries[4].by_account);
    assert_view(told.entries[4].statement.sid, "d");
    assert_false(told.entries[5].by_account);
    assert_view(told.entries[6].statement.name, "g");
    policy_document_free(key);
    policy_document_free((struct policy_document *)(uintptr_t)identity.document);
}

/* ---------------------------------------------------------------- lockout */

static void a_policy_must_let_its_author_change_it(void **state)
{
    (void)state;
    struct policy_identity admin = {
        .name = V("admin"),
        .document =
            parse(POLICY_KIND_IDENTITY, "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}")};
    struct policy_grant grant = {.id = V("g"), .grantee = V(ALICE), .operations = POLICY_GRANT_DECRYPT};
    const struct policy_grant *grants[] = {&grant};
    struct policy_grant_list list = {.grants = grants, .count = 1};
    static const struct {
        const char *policy;
        const char *principal;
        size_t identities;
        bool may;
    } rows[] = {
        {"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ROOT
         "\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}}",
         ALICE, 0, false},
        {"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ROOT
         "\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}}",
         ALICE, 1, true},
        {"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ROOT
         "\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}}",
         ROOT, 0, true},
        {"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ALICE
         "\"},\"Action\":\"kms:Put*\",\"Resource\":\"*\"}}",
         ALICE, 0, true},
        {"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ALICE
         "\"},\"Action\":\"kms:Encrypt\",\"Resource\":\"*\"}}",
         ALICE, 1, false},
        {"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ALICE "\"},\"Action\":\"kms:Put*\"}}", ALICE,
         1, false},
        {"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"},{\"Effect\":"
         "\"Deny\",\"Principal\":\"*\","
         "\"Action\":\"kms:PutKeyPolicy\",\"Resource\":\"*\"}]}",
         ROOT, 1, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct policy_document *key = parse(POLICY_KIND_KEY, rows[i].policy);
        struct policy_request request = ask(rows[i].principal, "kms:CreateKey");
        struct policy_question question = {.request = &request,
                                           .key_policy = key,
                                           .identities = &admin,
                                           .identity_count = rows[i].identities,
                                           .grant_lists = &list,
                                           .grant_list_count = 1};
        if (policy_may_put_key_policy(&question) != rows[i].may) {
            fail_msg("row %zu", i);
        }
        policy_document_free(key);
    }
    policy_document_free((struct policy_document *)(uintptr_t)admin.document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_are_those_of_kms),
        cmocka_unit_test(the_default_policy_is_as_documented),
        cmocka_unit_test(keys_follow_from_the_principal),
        cmocka_unit_test(grants_are_looked_for_under_every_name),
        cmocka_unit_test(keys_are_the_same_by_number_and_by_name),
        cmocka_unit_test(a_key_that_is_told_in_both_ways),
        cmocka_unit_test(what_is_beyond_a_limit_is_denied),
        cmocka_unit_test(what_costs_too_much_is_denied),
        cmocka_unit_test(documents_do_not_change_places),
        cmocka_unit_test(matches_are_counted_beyond_their_room),
        cmocka_unit_test(many_matches_are_all_told),
        cmocka_unit_test(a_namesake_is_not_meant),
        cmocka_unit_test(every_statement_says_where_it_stopped),
        cmocka_unit_test(a_policy_must_let_its_author_change_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
