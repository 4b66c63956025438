/* Compiled policies, each once; see policies.h. */
#include "policies.h"

#include "policy/default_policy.h"

#include <stdio.h>
#include <stdlib.h>

void policies_init(struct policies *policies)
{
    for (size_t i = 0; i <= POLICY_KIND_IDENTITY; i++) {
        map_init(&policies->of_kind[i]);
    }
}

void policies_clear(struct policies *policies)
{
    for (size_t i = 0; i <= POLICY_KIND_IDENTITY; i++) {
        map_clear(&policies->of_kind[i]);
    }
}

static struct registry_result failure(const struct policy_result *result)
{
    if (result->code == POLICY_NO_MEMORY) {
        return registry_no_memory();
    }
    char place[PRINTABLE_MAX_BYTES];
    return registry_failure(REGISTRY_STORE, "policy, %s: %s", printable(view_of_string(result->place), place),
                            result->reason);
}

static struct shared_policy *shared_new(struct map *map, struct view text, struct policy_document *document)
{
    struct shared_policy *shared = malloc(sizeof *shared + text.len + 1);
    if (shared == NULL) {
        return NULL;
    }
    *shared = (struct shared_policy){.map = map, .uses = 1, .document = document, .len = text.len};
    memcpy(shared->text, text.data, text.len);
    shared->text[text.len] = '\0';
    if (map_add(map, view_of(shared->text, shared->len), shared) != MAP_ADDED) {
        free(shared);
        return NULL;
    }
    return shared;
}

struct registry_result policies_share(struct policies *policies, enum policy_kind kind, struct view text,
                                      struct shared_policy **ret)
{
    struct map *map = &policies->of_kind[kind];
    struct shared_policy *shared = map_find(map, text);
    if (shared != NULL) {
        shared->uses++;
        *ret = shared;
        return registry_ok();
    }
    struct policy_document *document;
    struct policy_result result = policy_document_parse(kind, text, &document);
    if (result.code != POLICY_OK) {
        return failure(&result);
    }
    shared = shared_new(map, text, document);
    if (shared == NULL) {
        policy_document_free(document);
        return registry_no_memory();
    }
    *ret = shared;
    return registry_ok();
}

/*
 * The account by its digits alone instead of its ARN: that is the account in every partition, of which the registry
 * knows nothing.
 */
struct registry_result policies_share_default(struct policies *policies, const char *account,
                                              struct shared_policy **ret)
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

void shared_policy_drop(struct shared_policy *shared)
{
    if (shared == NULL || --shared->uses != 0) {
        return;
    }
    map_remove(shared->map, view_of(shared->text, shared->len));
    policy_document_free(shared->document);
    free(shared);
}
