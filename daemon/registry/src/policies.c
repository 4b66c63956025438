/* Policies, each once, compiled when they are needed; see policies.h. */
#include "policies.h"

#include "policy/default_policy.h"
#include "registry/registry.h"

#include <stdio.h>
#include <stdlib.h>

/* What a text that does not compile says instead: it may have denied anything. */
static const char *const denials[] = {
    [POLICY_KIND_KEY] = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Sid\":\"DamagedPolicy\",\"Effect\":\"Deny\","
                        "\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}}",
    [POLICY_KIND_IDENTITY] = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Sid\":\"DamagedPolicy\",\"Effect\":\"Deny\","
                             "\"Action\":\"*\",\"Resource\":\"*\"}}",
};

#define KINDS (sizeof denials / sizeof denials[0])

void policies_init(struct policies *policies)
{
    *policies = (struct policies){0};
    TAILQ_INIT(&policies->texts);
    for (size_t i = 0; i < KINDS; i++) {
        map_init(&policies->of_kind[i]);
    }
}

void policies_clear(struct policies *policies)
{
    for (size_t i = 0; i < KINDS; i++) {
        map_clear(&policies->of_kind[i]);
        policy_document_free(policies->denials[i]);
        policies->denials[i] = NULL;
    }
}

/* ------------------------------------------------------------------ compiling */

static char *describe(const struct policy_result *result)
{
    char place[PRINTABLE_MAX_BYTES];
    char text[2 * PRINTABLE_MAX_BYTES];
    snprintf(text, sizeof text, "policy, %s: %s", printable(view_of_string(result->place), place), result->reason);
    return strdup(text);
}

static const struct policy_document *denial(struct policies *policies, enum policy_kind kind)
{
    struct policy_document **made = &policies->denials[kind];
    if (*made == NULL) {
        struct policy_result result = policy_document_parse(kind, view_of_string(denials[kind]), made);
        rewrap_ignore(result.code, "without memory there is none, for now");
    }
    return *made;
}

static void is_compiled(struct registry_policy *policy, const struct policy_document *document)
{
    policy->document = document;
    policy->document_bytes = policy_document_bytes(document);
    TAILQ_REMOVE(&policy->policies->texts, policy, link);
    policy->policies->n_texts--;
}

/* Without memory it stays as it is, to be tried again. */
static void compile(struct registry_policy *policy)
{
    struct policies *policies = policy->policies;
    struct policy_document *document;
    struct policy_result result = policy_document_parse(policy->kind, view_of(policy->text, policy->len), &document);
    if (result.code == POLICY_OK) {
        is_compiled(policy, document);
        return;
    }
    const struct policy_document *denies = denial(policies, policy->kind);
    char *fault = result.code == POLICY_NO_MEMORY || denies == NULL ? NULL : describe(&result);
    if (fault == NULL) {
        return;
    }
    policy->fault = fault;
    policies->n_damaged++;
    is_compiled(policy, denies);
    if (policies->on_damaged != NULL) {
        policies->on_damaged(policies->arg, policy);
    }
}

const struct policy_document *registry_policy_document(struct registry_policy *policy)
{
    if (policy->document == NULL) {
        compile(policy);
    }
    return policy->document;
}

const char *registry_policy_fault(const struct registry_policy *policy)
{
    return policy->fault;
}

struct registry_result policies_compile(struct registry_policy *policy)
{
    if (registry_policy_document(policy) == NULL) {
        return registry_no_memory();
    }
    return policy->fault == NULL ? registry_ok() : registry_failure(REGISTRY_STORE, "%s", policy->fault);
}

/* ------------------------------------------------------------------ sharing */

static struct registry_policy *policy_new(struct policies *policies, enum policy_kind kind, struct view text)
{
    struct registry_policy *policy = malloc(sizeof *policy + text.len + 1);
    if (policy == NULL) {
        return NULL;
    }
    *policy = (struct registry_policy){.policies = policies, .kind = kind, .uses = 1, .len = text.len};
    memcpy(policy->text, text.data, text.len);
    policy->text[text.len] = '\0';
    return policy;
}

/* Adds it without looking for it before: at the start most texts are new, and hashing one takes as long as copying it
 * several times. */
struct registry_result policies_share(struct policies *policies, enum policy_kind kind, struct view text,
                                      struct registry_policy **ret)
{
    struct registry_policy *policy = policy_new(policies, kind, text);
    if (policy == NULL) {
        return registry_no_memory();
    }
    const enum map_code added = map_add(&policies->of_kind[kind], view_of(policy->text, policy->len), policy);
    if (added == MAP_ADDED) {
        TAILQ_INSERT_TAIL(&policies->texts, policy, link);
        policies->n_texts++;
        *ret = policy;
        return registry_ok();
    }
    free(policy);
    if (added != MAP_EXISTS) {
        return registry_no_memory();
    }
    policy = map_find(&policies->of_kind[kind], text);
    policy->uses++;
    *ret = policy;
    return registry_ok();
}

/*
 * The account by its digits alone instead of its ARN: that is the account in every partition, of which the registry
 * knows nothing.
 */
struct registry_result policies_share_default(struct policies *policies, const char *account,
                                              struct registry_policy **ret)
{
    char text[POLICY_DEFAULT_BYTES];
    rewrap_ignore(policy_default_write(view_of_string("aws"), view_of_string(account), text), "ends with a NUL");
    char arn[64];
    snprintf(arn, sizeof arn, "arn:aws:iam::%s:root", account);
    char *at = strstr(text, arn);
    if (at == NULL) {
        return registry_failure(REGISTRY_STORE, "the default policy does not name its account");
    }
    const char *behind = at + strlen(arn);
    memcpy(at, account, strlen(account));
    memmove(at + strlen(account), behind, strlen(behind) + 1);
    return policies_share(policies, POLICY_KIND_KEY, view_of_string(text), ret);
}

void registry_policy_drop(struct registry_policy *policy)
{
    if (policy == NULL || --policy->uses != 0) {
        return;
    }
    map_remove(&policy->policies->of_kind[policy->kind], view_of(policy->text, policy->len));
    if (policy->document == NULL) {
        TAILQ_REMOVE(&policy->policies->texts, policy, link);
        policy->policies->n_texts--;
    } else if (policy->fault == NULL) {
        policy_document_free((struct policy_document *)(uintptr_t)policy->document);
    } else {
        policy->policies->n_damaged--;
    }
    free(policy->fault);
    free(policy);
}
