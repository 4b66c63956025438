/* Showing a grant; see grant_entry.h. */
#include "grant_entry.h"

#include "access/arn_text.h"
#include "access/who.h"
#include "request/specs.h"

#include "policy/arn.h"
#include "proto/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT_ARN_BYTES (sizeof "arn::iam:::root" + ARN_PARTITION_MAX_BYTES + ARN_ACCOUNT_DIGITS)

/* Tags, lengths and the date of a message, at most: for the estimate. */
#define OVERHEAD_BYTES 256
#define PAIR_OVERHEAD  16

struct shown {
    struct operation_grant_entry entry; /* first: it is freed as the whole */
    Rewrap__Timestamp created;
    Rewrap__GrantConstraints constraints;
    Rewrap__GrantOperation__Value operations[POLICY_GRANT_OPERATIONS];
    Rewrap__GrantConstraints__EncryptionContextEqualsEntry equals[POLICY_GRANT_PAIRS_MAX];
    Rewrap__GrantConstraints__EncryptionContextEqualsEntry *equals_list[POLICY_GRANT_PAIRS_MAX];
    Rewrap__GrantConstraints__EncryptionContextSubsetEntry subset[POLICY_GRANT_PAIRS_MAX];
    Rewrap__GrantConstraints__EncryptionContextSubsetEntry *subset_list[POLICY_GRANT_PAIRS_MAX];
    char key_arn[OPERATION_ARN_KEY_BYTES];
    char issuer[ROOT_ARN_BYTES];
    char texts[]; /* the grant's, each with a NUL */
};

static size_t bytes_of_pairs(const struct policy_pair *pairs, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += pairs[i].key.len + 1 + pairs[i].value.len + 1;
    }
    return bytes;
}

static size_t bytes_of_texts(const struct policy_grant *grant)
{
    const struct policy_grant_constraints *constraints = &grant->constraints;
    return grant->id.len + 1 + grant->name.len + 1 + grant->grantee.len + 1 + grant->retiring.len + 1 +
           constraints->source_arn.len + 1 + bytes_of_pairs(constraints->equals, constraints->equals_count) +
           bytes_of_pairs(constraints->subset, constraints->subset_count);
}

/* Copies to *at, with a NUL, and moves on. */
static char *put(char **at, struct view text)
{
    char *copy = *at;
    if (text.len != 0) {
        memcpy(copy, text.data, text.len);
    }
    copy[text.len] = '\0';
    *at += text.len + 1;
    return copy;
}

static void show_operations(struct shown *shown, uint32_t operations)
{
    Rewrap__GrantListEntry *message = &shown->entry.message;
    message->operations = shown->operations;
    for (uint32_t bit = 1; bit != UINT32_C(1) << POLICY_GRANT_OPERATIONS; bit <<= 1) {
        int number;
        if ((operations & bit) != 0 &&
            proto_enum_number(&rewrap__grant_operation__value__descriptor, policy_grant_operation_name(bit), &number)) {
            shown->operations[message->n_operations++] = (Rewrap__GrantOperation__Value)number;
        }
    }
}

static void show_constraints(struct shown *shown, const struct policy_grant_constraints *constraints, char **at)
{
    if (!constraints->has_equals && !constraints->has_subset && constraints->source_arn.len == 0) {
        return;
    }
    Rewrap__GrantConstraints *message = &shown->constraints;
    rewrap__grant_constraints__init(message);
    for (size_t i = 0; i < constraints->equals_count; i++) {
        rewrap__grant_constraints__encryption_context_equals_entry__init(&shown->equals[i]);
        shown->equals[i].key = put(at, constraints->equals[i].key);
        shown->equals[i].value = put(at, constraints->equals[i].value);
        shown->equals_list[i] = &shown->equals[i];
    }
    for (size_t i = 0; i < constraints->subset_count; i++) {
        rewrap__grant_constraints__encryption_context_subset_entry__init(&shown->subset[i]);
        shown->subset[i].key = put(at, constraints->subset[i].key);
        shown->subset[i].value = put(at, constraints->subset[i].value);
        shown->subset_list[i] = &shown->subset[i];
    }
    message->n_encryption_context_equals = constraints->equals_count;
    message->encryption_context_equals = shown->equals_list;
    message->n_encryption_context_subset = constraints->subset_count;
    message->encryption_context_subset = shown->subset_list;
    if (constraints->source_arn.len != 0) {
        message->source_arn = put(at, constraints->source_arn);
    }
    shown->entry.message.constraints = message;
}

static struct view principal_of(const struct operations *operations, const struct registry_grant *grant,
                                struct view name, bool is_service)
{
    const char *id = is_service ? NULL : operation_departed_id(operations, name, grant->created_ms);
    return id == NULL ? name : view_of_string(id);
}

struct view operation_grant_grantee(const struct operations *operations, const struct registry_grant *grant)
{
    return principal_of(operations, grant, grant->grant.grantee, grant->grantee_is_service);
}

struct view operation_grant_retiring(const struct operations *operations, const struct registry_grant *grant)
{
    return principal_of(operations, grant, grant->grant.retiring, grant->retiring_is_service);
}

/* A service stands in the member of its own and, for clients that do not know that, in the older one too. Ids are
 * shorter than the ARNs that there is room for. */
static void show_principals(const struct operations *operations, struct shown *shown,
                            const struct registry_grant *grant, char **at)
{
    Rewrap__GrantListEntry *message = &shown->entry.message;
    message->grantee_principal = put(at, operation_grant_grantee(operations, grant));
    message->grantee_service_principal = grant->grantee_is_service ? message->grantee_principal : NULL;
    if (grant->grant.retiring.len != 0) {
        message->retiring_principal = put(at, operation_grant_retiring(operations, grant));
        message->retiring_service_principal = grant->retiring_is_service ? message->retiring_principal : NULL;
    }
}

struct operation_grant_entry *operation_grant_entry_new(const struct operations *operations,
                                                        const struct registry_key *key,
                                                        const struct registry_grant *grant)
{
    size_t bytes = bytes_of_texts(&grant->grant);
    struct shown *shown = calloc(1, sizeof *shown + bytes);
    if (shown == NULL) {
        return NULL;
    }
    const struct policy_grant *terms = &grant->grant;
    Rewrap__GrantListEntry *message = &shown->entry.message;
    char *at = shown->texts;
    rewrap__grant_list_entry__init(message);
    operation_arn_of_key(operations, key->account, key->key_id_text, shown->key_arn);
    snprintf(shown->issuer, sizeof shown->issuer, "arn:%s:iam::%.*s:root", operations->settings.partition,
             (int)terms->issuing_account.len, (const char *)terms->issuing_account.data);
    operation_timestamp_fill(grant->created_ms, &shown->created);
    message->key_id = shown->key_arn;
    message->grant_id = put(&at, terms->id);
    message->name = put(&at, terms->name);
    message->creation_date = &shown->created;
    message->issuing_account = shown->issuer;
    show_principals(operations, shown, grant, &at);
    show_operations(shown, terms->operations);
    show_constraints(shown, &terms->constraints, &at);
    size_t services =
        (grant->grantee_is_service ? terms->grantee.len : 0) + (grant->retiring_is_service ? terms->retiring.len : 0);
    shown->entry.bytes = OVERHEAD_BYTES + sizeof shown->key_arn + sizeof shown->issuer + bytes + services +
                         PAIR_OVERHEAD * (terms->constraints.equals_count + terms->constraints.subset_count);
    return &shown->entry;
}
