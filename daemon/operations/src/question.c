/* Questions to policy; see question.h. */
#include "question.h"

#include "context.h"
#include "specs.h"
#include "who.h"

#include "registry/grants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The keys that do not come in numbers: of the principal, the service, the key, the facts with their twins. */
#define SINGLE_KEYS 40

#define CONTEXT_PREFIX      "kms:EncryptionContext:"
#define RESOURCE_TAG_PREFIX "aws:ResourceTag/"
#define REQUEST_TAG_PREFIX  "aws:RequestTag/"

static const struct operation_facts no_facts;

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
    const char *key;
    const char *twin;
} names[OPERATION_FACTS] = {
    [OPERATION_FACT_ENCRYPTION_ALGORITHM] = {"kms:EncryptionAlgorithm", NULL},
    [OPERATION_FACT_REQUEST_ALIAS] = {"kms:RequestAlias", NULL},
    [OPERATION_FACT_KEY_SPEC] = {"kms:KeySpec", "kms:CustomerMasterKeySpec"},
    [OPERATION_FACT_KEY_USAGE] = {"kms:KeyUsage", "kms:CustomerMasterKeyUsage"},
    [OPERATION_FACT_KEY_ORIGIN] = {"kms:KeyOrigin", NULL},
    [OPERATION_FACT_MULTI_REGION] = {"kms:MultiRegion", NULL},
    [OPERATION_FACT_BYPASS_LOCKOUT_CHECK] = {"kms:BypassPolicyLockoutSafetyCheck", NULL},
    [OPERATION_FACT_ROTATION_PERIOD] = {"kms:RotationPeriodInDays", NULL},
    [OPERATION_FACT_DELETION_WINDOW] = {"kms:ScheduleKeyDeletionPendingWindowInDays", NULL},
};

/* ------------------------------------------------------------------ room */

static size_t text_of_tags(const struct registry_tag *tags, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += sizeof RESOURCE_TAG_PREFIX + strlen(tags[i].key);
    }
    return bytes;
}

static size_t text_of_facts(const struct operation_facts *facts)
{
    size_t bytes = 0;
    for (size_t i = 0; i < facts->n_context; i++) {
        bytes += sizeof CONTEXT_PREFIX + operation_context_pair(facts->context[i]).key.len;
    }
    for (size_t i = 0; i < facts->n_tags; i++) {
        bytes += sizeof REQUEST_TAG_PREFIX + strlen(facts->tags[i]->tag_key);
    }
    return bytes;
}

/* A piece of `wanted` members: the few that are there, or others. */
static void *room(void *few, size_t n_few, size_t wanted, size_t size)
{
    return wanted <= n_few ? few : calloc(wanted, size);
}

static bool make_room(const struct registry_key *key, const struct operation_facts *facts,
                      struct operation_question *ret)
{
    size_t n_tags = key == NULL ? 0 : key->n_tags, n_aliases = key == NULL ? 0 : key->n_aliases;
    size_t n_keys = SINGLE_KEYS + facts->n_context + n_tags + facts->n_tags + facts->n_more;
    size_t n_values = n_keys + facts->n_context + facts->n_tags + facts->n_tag_keys + n_aliases;
    size_t n_text = text_of_facts(facts) + (key == NULL ? 0 : text_of_tags(key->tags, n_tags));
    ret->keys = room(ret->few_keys, OPERATION_QUESTION_KEYS, n_keys, sizeof *ret->keys);
    ret->values = room(ret->few_values, OPERATION_QUESTION_VALUES, n_values, sizeof *ret->values);
    ret->text = room(ret->few_text, OPERATION_QUESTION_TEXT, n_text, 1);
    return ret->keys != NULL && ret->values != NULL && ret->text != NULL;
}

void operation_question_clear(struct operation_question *question)
{
    for (size_t i = 0; i < POLICY_GRANTEES_MAX; i++) {
        free(question->kept[i]);
    }
    if (question->keys != question->few_keys) {
        free(question->keys);
    }
    if (question->values != question->few_values) {
        free(question->values);
    }
    if (question->text != question->few_text) {
        free(question->text);
    }
}

/* ------------------------------------------------------------------ condition keys; make_room has counted them */

static void add(struct operation_question *question, struct view name, struct view value)
{
    struct view *place = &question->values[question->n_values++];
    *place = value;
    question->keys[question->n_keys++] = (struct policy_context_key){.name = name, .values = place, .count = 1};
}

static void add_text(struct operation_question *question, const char *name, const char *value)
{
    add(question, view_of_string(name), view_of_string(value));
}

/* A key whose name ends with what the request or the key has. */
static void add_pair(struct operation_question *question, const char *prefix, struct view key, struct view value)
{
    char *name = question->text + question->text_len;
    size_t len = strlen(prefix);
    memcpy(name, prefix, len);
    if (key.len != 0) {
        memcpy(name + len, key.data, key.len);
    }
    question->text_len += len + key.len;
    add(question, view_of(name, len + key.len), value);
}

/* Values that were put behind each other, from `first` on. */
static void add_set(struct operation_question *question, const char *name, size_t first)
{
    if (question->n_values != first) {
        question->keys[question->n_keys++] = (struct policy_context_key){
            .name = view_of_string(name), .values = question->values + first, .count = question->n_values - first};
    }
}

static void add_time(struct operation_question *question, int64_t now_ms)
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm parts;
    snprintf(question->epoch, sizeof question->epoch, "%lld", (long long)seconds);
    add_text(question, "aws:EpochTime", question->epoch);
    if (gmtime_r(&seconds, &parts) != NULL &&
        strftime(question->now, sizeof question->now, "%Y-%m-%dT%H:%M:%SZ", &parts) != 0) {
        add_text(question, "aws:CurrentTime", question->now);
    }
}

/* aws:userid: of a user his id, of a session that of its role and its name, of the root user the account. */
static void add_user_id(const struct operation_asking *asking, struct operation_question *question)
{
    const struct registry_principal *principal = question->principal;
    const char *session = strrchr(asking->principal, '/');
    bool is_session = strstr(asking->principal, ":assumed-role/") != NULL;
    const char *root = strrchr(asking->principal, ':');
    if (principal != NULL) {
        int len = snprintf(question->user_id, sizeof question->user_id, "%s%s%s", principal->unique_id,
                           is_session ? ":" : "", is_session && session != NULL ? session + 1 : "");
        if ((size_t)len < sizeof question->user_id) {
            add_text(question, "aws:userid", question->user_id);
        }
    } else if (root != NULL && strcmp(root, ":root") == 0) {
        add_text(question, "aws:userid", asking->account);
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
    add_text(question, "aws:RequestedRegion", operations->settings.region);
    add_text(question, "aws:SecureTransport", "true");
    add_text(question, "aws:ViaAWSService", "false");
    add_text(question, "aws:PrincipalIsAWSService", "false");
    for (size_t i = 0; i < question->principal_keys.count; i++) {
        question->keys[question->n_keys++] = question->principal_keys.keys[i];
    }
    add_user_id(asking, question);
}

static void add_fact(struct operation_question *question, enum operation_fact fact, const char *text)
{
    if (text == NULL) {
        return;
    }
    add_text(question, names[fact].key, text);
    if (names[fact].twin != NULL) {
        add_text(question, names[fact].twin, text);
    }
}

static void add_key(const struct operation_asking *asking, struct operation_question *question)
{
    const struct registry_key *key = asking->key;
    add_text(question, "aws:ResourceAccount", key->account);
    add_fact(question, OPERATION_FACT_KEY_SPEC, operation_spec_of(key->spec)->name);
    add_fact(question, OPERATION_FACT_KEY_USAGE,
             operation_key_usage_name(REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT));
    add_fact(question, OPERATION_FACT_KEY_ORIGIN, "AWS_KMS");
    add_fact(question, OPERATION_FACT_MULTI_REGION, "false");
    for (size_t i = 0; i < key->n_tags; i++) {
        add_pair(question, RESOURCE_TAG_PREFIX, view_of_string(key->tags[i].key), view_of_string(key->tags[i].value));
    }
    size_t first = question->n_values;
    const struct registry_alias *alias = NULL;
    for (size_t i = 0; i < key->n_aliases; i++) {
        alias =
            registry_alias_of_key_after(asking->operations->registry, key->key_id, alias == NULL ? NULL : alias->name);
        if (alias == NULL) {
            break;
        }
        question->values[question->n_values++] = view_of_string(alias->name);
    }
    add_set(question, "kms:ResourceAliases", first);
}

static void add_context(struct operation_question *question, const struct operation_facts *facts)
{
    size_t first = question->n_values;
    for (size_t i = 0; i < facts->n_context; i++) {
        question->values[question->n_values++] = operation_context_pair(facts->context[i]).key;
    }
    add_set(question, "kms:EncryptionContextKeys", first);
    for (size_t i = 0; i < facts->n_context; i++) {
        struct context_pair pair = operation_context_pair(facts->context[i]);
        add_pair(question, CONTEXT_PREFIX, pair.key, pair.value);
    }
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
    add_set(question, "aws:TagKeys", first);
    for (size_t i = 0; i < facts->n_tags; i++) {
        add_pair(question, REQUEST_TAG_PREFIX, view_of_string(facts->tags[i]->tag_key),
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
        add_text(question, "kms:ReEncryptOnSameKey", facts->other == asking->key ? "true" : "false");
    }
    add_context(question, facts);
    add_tags(question, facts);
    for (size_t i = 0; i < facts->n_more; i++) {
        question->keys[question->n_keys++] = facts->more[i];
    }
}

/* ------------------------------------------------------------------ policies and grants */

bool operation_grant_predates(const struct registry_grant *grant, const struct registry_principal *principal)
{
    return principal != NULL && grant->created_ms < principal->created_ms;
}

/* Leaves out the grants that meant another of his name. */
static bool leave_out(struct operation_question *question, size_t index)
{
    struct policy_grant_list *list = &question->grants[index];
    size_t older = 0;
    for (size_t i = 0; i < list->count; i++) {
        older += operation_grant_predates(registry_grant_of(list->grants[i]), question->principal);
    }
    if (older == 0) {
        return true;
    }
    const struct policy_grant **kept = calloc(list->count, sizeof *kept);
    if (kept == NULL) {
        return false;
    }
    size_t n = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (!operation_grant_predates(registry_grant_of(list->grants[i]), question->principal)) {
            kept[n++] = list->grants[i];
        }
    }
    question->kept[index] = kept;
    *list = (struct policy_grant_list){.grants = kept, .count = n};
    return true;
}

static bool take_grants(const struct operation_asking *asking, struct operation_question *question)
{
    for (size_t i = 0; i < question->grantees.count; i++) {
        question->grants[i] =
            registry_grants_for(asking->operations->registry, asking->key->key_id, question->grantees.names[i]);
        bool is_account = i + 1 == question->grantees.count; /* the account is the same whoever he is */
        if (!is_account && !leave_out(question, i)) {
            return false;
        }
    }
    question->question.grant_lists = question->grants;
    question->question.grant_list_count = question->grantees.count;
    return true;
}

static void take_identities(struct operation_question *question)
{
    const struct registry_principal *principal = question->principal;
    size_t n = principal == NULL ? 0 : principal->n_policies;
    for (size_t i = 0; i < n && i < PRINCIPAL_MAX_POLICIES; i++) {
        const struct registry_identity_policy *policy = &principal->policies[i];
        question->identities[question->question.identity_count++] =
            (struct policy_identity){.name = view_of_string(policy->name), .document = policy->document};
    }
    question->question.identities = question->identities;
}

/* ------------------------------------------------------------------ all of it */

static bool read_principal(const struct operation_asking *asking, struct operation_question *ret)
{
    struct view principal = view_of_string(asking->principal);
    ret->principal = operation_principal_of(asking->operations, principal);
    struct view role = view_of(NULL, 0);
    if (ret->principal != NULL && ret->principal->kind == PRINCIPAL_ROLE) {
        operation_principal_arn(asking->operations, ret->principal, ret->role);
        role = view_of_string(ret->role);
    }
    ret->request.principal = principal;
    ret->request.role = role;
    return policy_principal_keys(principal, role, &ret->principal_keys) &&
           policy_grantees(principal, role, &ret->grantees);
}

static void name_resource(const struct operation_asking *asking, struct operation_question *ret)
{
    const struct registry_key *key = asking->key;
    ret->request.action = view_of_string(asking->action);
    if (key == NULL) {
        ret->request.resource = view_of_string(asking->resource);
        ret->request.resource_account = view_of_string(asking->account);
        return;
    }
    operation_arn_of_key(asking->operations, key->account, key->key_id_text, ret->arn);
    ret->request.resource = view_of_string(ret->arn);
    ret->request.resource_account = view_of_string(key->account);
    ret->question.key_policy = key->document;
    ret->question.key_policy_predates_principal = ret->principal != NULL && key->policy_ms < ret->principal->created_ms;
}

bool operation_question_make(const struct operation_asking *asking, struct operation_question *ret)
{
    const struct operation_facts *facts = asking->facts == NULL ? &no_facts : asking->facts;
    ret->question = (struct policy_question){.request = &ret->request};
    ret->request = (struct policy_request){0};
    memset(ret->kept, 0, sizeof ret->kept);
    ret->n_keys = ret->n_values = ret->text_len = 0;
    if (!make_room(asking->key, facts, ret) || !read_principal(asking, ret)) {
        operation_question_clear(ret);
        return false;
    }
    name_resource(asking, ret);
    take_identities(ret);
    add_service(asking, ret);
    if (asking->key != NULL) {
        add_key(asking, ret);
    }
    add_facts(asking, ret, facts);
    ret->request.context = ret->keys;
    ret->request.context_count = ret->n_keys;
    if (asking->key != NULL && !take_grants(asking, ret)) {
        operation_question_clear(ret);
        return false;
    }
    return true;
}
