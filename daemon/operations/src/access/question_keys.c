/* Condition keys: which there are, and what they are of (KMS.md ); see question.h. */
#include "question_keys.h"

#include "request/context.h"
#include "request/specs.h"

#include "registry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SETS 3 /* kms:EncryptionContextKeys, aws:TagKeys, kms:ResourceAliases */

/* ------------------------------------------------------------------ facts */

void operation_fact_bool(struct operation_facts *facts, enum operation_fact fact, bool value)
{
    facts->texts[fact] = value ? "true" : "false";
}

void operation_fact_number(struct operation_facts *facts, enum operation_fact fact, int32_t value)
{
    snprintf(facts->number, sizeof facts->number, "%d", (int)value);
    facts->texts[fact] = facts->number;
}

/* Some have a twin of an older name. */
static const struct {
    enum policy_key key;
    enum policy_key twin; /* 0: none */
} keys[OPERATION_FACTS] = {
    [OPERATION_FACT_ENCRYPTION_ALGORITHM] = {POLICY_KEY_ENCRYPTION_ALGORITHM, 0},
    [OPERATION_FACT_REQUEST_ALIAS] = {POLICY_KEY_REQUEST_ALIAS, 0},
    [OPERATION_FACT_KEY_SPEC] = {POLICY_KEY_KEY_SPEC, POLICY_KEY_CUSTOMER_MASTER_KEY_SPEC},
    [OPERATION_FACT_KEY_USAGE] = {POLICY_KEY_KEY_USAGE, POLICY_KEY_CUSTOMER_MASTER_KEY_USAGE},
    [OPERATION_FACT_KEY_ORIGIN] = {POLICY_KEY_KEY_ORIGIN, 0},
    [OPERATION_FACT_MULTI_REGION] = {POLICY_KEY_MULTI_REGION, 0},
    [OPERATION_FACT_BYPASS_LOCKOUT_CHECK] = {POLICY_KEY_BYPASS_LOCKOUT_CHECK, 0},
    [OPERATION_FACT_ROTATION_PERIOD] = {POLICY_KEY_ROTATION_PERIOD, 0},
    [OPERATION_FACT_DELETION_WINDOW] = {POLICY_KEY_DELETION_WINDOW, 0},
};

/* ------------------------------------------------------------------ room */

/* A piece of `wanted` members: the few that are there, or others. */
static void *room(void *few, size_t n_few, size_t wanted, size_t size)
{
    return wanted <= n_few ? few : calloc(wanted, size);
}

bool operation_question_make_room(const struct registry_key *key, const struct operation_facts *facts,
                                  struct operation_question *ret)
{
    size_t n_tags = key == NULL ? 0 : key->n_tags, n_aliases = key == NULL ? 0 : key->n_aliases;
    size_t n_keys = SETS + facts->n_context + n_tags + facts->n_tags + facts->n_more;
    size_t n_values = n_keys + facts->n_context + facts->n_tags + facts->n_tag_keys + n_aliases;
    ret->keys = room(ret->few_keys, OPERATION_QUESTION_KEYS, n_keys, sizeof *ret->keys);
    ret->values = room(ret->few_values, OPERATION_QUESTION_VALUES, n_values, sizeof *ret->values);
    return ret->keys != NULL && ret->values != NULL;
}

/* ------------------------------------------------------------------ condition keys; the room was counted */

/* Of a family with a name. */
static void add_pair(struct operation_question *question, enum policy_key family, struct view name, struct view value)
{
    struct view *place = &question->values[question->n_values++];
    *place = value;
    question->keys[question->n_keys++] =
        (struct policy_context_key){.key = family, .name = name, .values = place, .count = 1};
}

static void add(struct operation_question *question, enum policy_key key, struct view value)
{
    question->singles[key] = value;
}

/* Values that were put behind each other, from `first` on. */
static void add_set(struct operation_question *question, enum policy_key key, size_t first)
{
    if (question->n_values != first) {
        question->keys[question->n_keys++] = (struct policy_context_key){
            .key = key, .values = question->values + first, .count = question->n_values - first};
    }
}

/* Digits with zeros in front. Where they end. */
static char *put_digits(char *at, unsigned value, size_t digits)
{
    for (size_t i = digits; i > 0; i--, value /= 10) {
        at[i - 1] = (char)('0' + value % 10);
    }
    return at + digits;
}

/* "2026-11-22T01:02:03Z". By hand, here and below: printing takes a tenth of the time of a decision. */
static struct view put_time(const struct tm *parts, char out[OPERATION_TIME_BYTES])
{
    const struct {
        int value;
        size_t digits;
        char behind;
    } fields[] = {{parts->tm_year + 1900, 4, '-'}, {parts->tm_mon + 1, 2, '-'}, {parts->tm_mday, 2, 'T'},
                  {parts->tm_hour, 2, ':'},        {parts->tm_min, 2, ':'},     {parts->tm_sec, 2, 'Z'}};
    char *at = out;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        at = put_digits(at, (unsigned)fields[i].value, fields[i].digits);
        *at++ = fields[i].behind;
    }
    return view_of(out, (size_t)(at - out));
}

static struct view put_number(int64_t value, char out[OPERATION_TIME_BYTES])
{
    uint64_t rest = (uint64_t)value;
    size_t digits = 1;
    for (uint64_t left = rest; left > 9; left /= 10) {
        digits++;
    }
    for (size_t i = digits; i > 0; i--, rest /= 10) {
        out[i - 1] = (char)('0' + rest % 10);
    }
    return view_of(out, digits);
}

/* A clock that is not in the years 1970 to 9999 stands at their beginning or end: a Deny may ask for the time. */
static void add_time(struct operation_question *question, int64_t now_ms)
{
    const time_t last = INT64_C(253402300799);
    time_t seconds = (time_t)(now_ms / 1000);
    seconds = seconds < 0 ? 0 : seconds > last ? last : seconds;
    struct tm parts = {.tm_year = 70, .tm_mday = 1};
    rewrap_ignore(gmtime_r(&seconds, &parts), "these years fit");
    add(question, POLICY_KEY_EPOCH_TIME, put_number(seconds, question->epoch));
    add(question, POLICY_KEY_CURRENT_TIME, put_time(&parts, question->now));
}

static void add_joined_id(struct operation_question *question, const char *id, const char *name)
{
    const char *parts[] = {id, ":", name};
    if (operation_text_join(parts, sizeof parts / sizeof parts[0], question->user_id, sizeof question->user_id)) {
        add(question, POLICY_KEY_USER_ID, view_of_string(question->user_id));
    }
}

/* aws:userid: of a user his id, of a session that of its role and its name, of a federated user the account and his
 * name, of the root user the account. Of what is not registered the id is not known. */
static void add_user_id(const struct operation_asking *asking, struct operation_question *question)
{
    const enum policy_principal_kind kind = question->caller.kind;
    const struct registry_principal *principal = question->principal;
    const char *last_name = strrchr(asking->principal, '/'); /* of whom has one */
    if (kind == POLICY_PRINCIPAL_ACCOUNT) {
        add(question, POLICY_KEY_USER_ID, view_of_string(asking->account));
    } else if (kind == POLICY_PRINCIPAL_FEDERATED) {
        add_joined_id(question, asking->account, last_name + 1);
    } else if (principal != NULL && kind == POLICY_PRINCIPAL_SESSION) {
        add_joined_id(question, principal->unique_id, last_name + 1);
    } else if (principal != NULL) {
        add(question, POLICY_KEY_USER_ID, view_of_string(principal->unique_id));
    }
}

/*
 * A Unix socket does not leave the machine and the kernel says who is at its other end: it is as good as TLS for
 * policies that ask for a protected transport.
 */
static void add_service(const struct operation_asking *asking, struct operation_question *question)
{
    const struct operations *operations = asking->operations;
    add_time(question, operations->clock(operations->clock_arg));
    add(question, POLICY_KEY_REQUESTED_REGION, view_of_string(operations->settings.region));
    add(question, POLICY_KEY_SECURE_TRANSPORT, view_of_string("true"));
    add(question, POLICY_KEY_VIA_AWS_SERVICE, view_of_string("false"));
    add(question, POLICY_KEY_PRINCIPAL_IS_AWS_SERVICE, view_of_string("false"));
    policy_caller_keys(&question->caller, question->singles);
    add_user_id(asking, question);
}

static void add_fact(struct operation_question *question, enum operation_fact fact, const char *text)
{
    if (text == NULL) {
        return;
    }
    add(question, keys[fact].key, view_of_string(text));
    if (keys[fact].twin != 0) {
        add(question, keys[fact].twin, view_of_string(text));
    }
}

static void add_key(const struct operation_asking *asking, struct operation_question *question)
{
    const struct registry_key *key = asking->key;
    add(question, POLICY_KEY_RESOURCE_ACCOUNT, view_of_string(key->account));
    add_fact(question, OPERATION_FACT_KEY_SPEC, operation_spec_of(key->spec)->name);
    add_fact(question, OPERATION_FACT_KEY_USAGE,
             operation_key_usage_name(REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT));
    add_fact(question, OPERATION_FACT_KEY_ORIGIN, "AWS_KMS");
    add_fact(question, OPERATION_FACT_MULTI_REGION, "false");
    for (size_t i = 0; i < key->n_tags; i++) {
        add_pair(question, POLICY_KEY_RESOURCE_TAG, view_of_string(key->tags[i].key),
                 view_of_string(key->tags[i].value));
    }
    size_t first = question->n_values;
    const struct registry_alias *alias = registry_alias_of_key_after(key, NULL);
    for (size_t i = 0; i < key->n_aliases && alias != NULL; i++) { /* no more than there is room for */
        question->values[question->n_values++] = view_of_string(alias->name);
        alias = registry_alias_of_key_after(key, alias);
    }
    add_set(question, POLICY_KEY_RESOURCE_ALIASES, first);
}

static void add_context(struct operation_question *question, const struct operation_facts *facts)
{
    size_t first = question->n_keys;
    for (size_t i = 0; i < facts->n_context; i++) {
        struct context_pair pair = operation_context_pair(facts->context[i]);
        add_pair(question, POLICY_KEY_ENCRYPTION_CONTEXT, pair.key, pair.value);
    }
    size_t names = question->n_values;
    for (size_t i = 0; i < facts->n_context; i++) {
        question->values[question->n_values++] = question->keys[first + i].name;
    }
    add_set(question, POLICY_KEY_ENCRYPTION_CONTEXT_KEYS, names);
}

static void add_tags(struct operation_question *question, const struct operation_facts *facts)
{
    size_t first = question->n_values;
    for (size_t i = 0; i < facts->n_tags; i++) {
        question->values[question->n_values++] = view_of_string(facts->tags[i]->tag_key);
    }
    for (size_t i = 0; i < facts->n_tag_keys; i++) {
        question->values[question->n_values++] = view_of_string(facts->tag_keys[i]);
    }
    add_set(question, POLICY_KEY_TAG_KEYS, first);
    for (size_t i = 0; i < facts->n_tags; i++) {
        add_pair(question, POLICY_KEY_REQUEST_TAG, view_of_string(facts->tags[i]->tag_key),
                 view_of_string(facts->tags[i]->tag_value));
    }
}

static void add_facts(const struct operation_asking *asking, struct operation_question *question,
                      const struct operation_facts *facts)
{
    for (enum operation_fact fact = 0; fact < OPERATION_FACTS; fact++) {
        bool is_of_key = fact >= OPERATION_FACT_KEY_SPEC && fact <= OPERATION_FACT_MULTI_REGION;
        if (!is_of_key || asking->key == NULL) { /* a key that is there has said it itself */
            add_fact(question, fact, facts->texts[fact]);
        }
    }
    if (facts->has_other && asking->key != NULL) {
        add(question, POLICY_KEY_RE_ENCRYPT_ON_SAME_KEY,
            view_of_string(facts->other == asking->key ? "true" : "false"));
    }
    add_context(question, facts);
    add_tags(question, facts);
    for (size_t i = 0; i < facts->n_more; i++) {
        question->keys[question->n_keys++] = facts->more[i];
    }
}

void operation_question_add_keys(const struct operation_asking *asking, const struct operation_facts *facts,
                                 struct operation_question *question)
{
    add_service(asking, question);
    if (asking->key != NULL) {
        add_key(asking, question);
    }
    add_facts(asking, question, facts);
    question->request.singles = question->singles;
    question->request.context = question->keys;
    question->request.context_count = question->n_keys;
}
