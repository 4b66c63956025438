/* See grants.h. */
#include "grants.h"

#include "base/hex.h"

#include <stdio.h>

static char *loose(const char *text)
{
    return (char *)(uintptr_t)text; /* protobuf-c has no const */
}

#define MAKE_PAIRS(type, from, entries, list, count)                                                                   \
    for (size_t at = 0; (from) != NULL && (from)[2 * at] != NULL; at++) {                                              \
        assert_true(at < GRANTS_MAX_PAIRS);                                                                            \
        rewrap__grant_constraints__encryption_context_##type##_entry__init(&(entries)[at]);                            \
        (entries)[at].key = loose((from)[2 * at]);                                                                     \
        (entries)[at].value = loose((from)[2 * at + 1]);                                                               \
        (list)[at] = &(entries)[at];                                                                                   \
        (count)++;                                                                                                     \
    }

int grants_setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    fixture_principal(fixture, ACCOUNT, "user/carol", fixture->now_ms - 1, NULL);
    fixture_principal(fixture, OTHER_ACCOUNT, "role/team/worker", fixture->now_ms - 1, NULL);
    return 0;
}

void grant_request_make(struct grant_request *request, const struct wish *wish)
{
    *request = (struct grant_request){0};
    Rewrap__CreateGrantRequest *message = &request->message;
    rewrap__create_grant_request__init(message);
    message->key_id = loose(wish->key);
    message->grantee_principal = loose(wish->grantee);
    message->grantee_service_principal = loose(wish->service);
    message->retiring_principal = loose(wish->retiring);
    message->retiring_service_principal = loose(wish->retiring_service);
    message->name = loose(wish->name);
    message->operations = request->operations;
    for (unsigned i = 0; i < POLICY_GRANT_OPERATIONS; i++) {
        if (wish->operations & (UINT32_C(1) << i)) {
            request->operations[message->n_operations++] = (Rewrap__GrantOperation__Value)(i + 1);
        }
    }
    Rewrap__GrantConstraints *constraints = &request->constraints;
    rewrap__grant_constraints__init(constraints);
    constraints->source_arn = loose(wish->source);
    constraints->encryption_context_equals = request->equals_list;
    constraints->encryption_context_subset = request->subset_list;
    MAKE_PAIRS(equals, wish->equals, request->equals, request->equals_list, constraints->n_encryption_context_equals)
    MAKE_PAIRS(subset, wish->subset, request->subset, request->subset_list, constraints->n_encryption_context_subset)
    if (wish->source != NULL || wish->equals != NULL || wish->subset != NULL) {
        message->constraints = constraints;
    }
    request->tokens[0] = loose(wish->token);
    message->grant_tokens = request->tokens;
    message->n_grant_tokens = wish->token != NULL;
    message->has_dry_run = wish->dry_run;
    message->dry_run = wish->dry_run;
}

struct made grant_make(struct fixture *fixture, const struct wish *wish)
{
    struct grant_request request;
    struct reply reply;
    struct made made;
    grant_request_make(&request, wish);
    assert_success(fixture, "CreateGrant", &request.message.base, &reply);
    const Rewrap__CreateGrantResponse *response = (const Rewrap__CreateGrantResponse *)reply.body;
    assert_int_equal(strlen(response->grant_id), 64);
    snprintf(made.id, sizeof made.id, "%s", response->grant_id);
    assert_true(strlen(response->grant_token) < sizeof made.token);
    snprintf(made.token, sizeof made.token, "%s", response->grant_token);
    reply_clear(&reply);
    return made;
}

void grant_fails(struct fixture *fixture, const struct wish *wish, const char *code, const char *message)
{
    struct grant_request request;
    size_t before = registry_grants(fixture->registry);
    grant_request_make(&request, wish);
    assert_error(fixture, "CreateGrant", &request.message.base, code, message);
    assert_int_equal(registry_grants(fixture->registry), before);
}

const char *denied_text(const char *principal, const char *action, const char *arn)
{
    return text("User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows "
                "the %s action",
                principal, action, arn, action);
}

const char *foreign_text(const char *principal, const char *action)
{
    return text("User: %s is not authorized to perform: %s on this resource because the resource does not exist in "
                "this Region, no resource-based policies allow access, or a resource-based policy explicitly denies "
                "access",
                principal, action);
}

void grant_denied(struct fixture *fixture, const struct wish *wish)
{
    grant_fails(fixture, wish, "AccessDeniedException", denied_text(fixture->principal, "kms:CreateGrant", wish->key));
}

static const struct registry_grant *find(struct fixture *fixture, const struct made *made)
{
    uint8_t id[GRANT_ID_BYTES];
    assert_true(hex_decode(made->id, id, sizeof id));
    return registry_grant_find(fixture->registry, id);
}

const struct registry_grant *grant_stored(struct fixture *fixture, const struct made *made)
{
    const struct registry_grant *grant = find(fixture, made);
    assert_non_null(grant);
    return grant;
}

bool grant_is_there(struct fixture *fixture, const struct made *made)
{
    return find(fixture, made) != NULL;
}

static void ends(struct fixture *fixture, const char *operation, const ProtobufCMessage *request, const char *code,
                 const char *message)
{
    struct reply reply;
    if (code != NULL) {
        assert_error(fixture, operation, request, code, message);
        return;
    }
    assert_success(fixture, operation, request, &reply);
    reply_clear(&reply);
}

void grant_retire(struct fixture *fixture, const char *token, const char *key, const char *id, const char *code,
                  const char *message)
{
    Rewrap__RetireGrantRequest request = REWRAP__RETIRE_GRANT_REQUEST__INIT;
    request.grant_token = loose(token);
    request.key_id = loose(key);
    request.grant_id = loose(id);
    ends(fixture, "RetireGrant", &request.base, code, message);
}

void grant_revoke(struct fixture *fixture, const char *key, const char *id, const char *code, const char *message)
{
    Rewrap__RevokeGrantRequest request = REWRAP__REVOKE_GRANT_REQUEST__INIT;
    request.key_id = loose(key);
    request.grant_id = loose(id);
    ends(fixture, "RevokeGrant", &request.base, code, message);
}

const char *encrypt_as(struct fixture *fixture, const char *principal, const char *key, const char *const *pairs)
{
    static uint8_t plaintext[] = "secret";
    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    Rewrap__EncryptRequest__EncryptionContextEntry entries[GRANTS_MAX_PAIRS], *list[GRANTS_MAX_PAIRS];
    request.key_id = loose(key);
    request.has_plaintext = true;
    request.plaintext = (ProtobufCBinaryData){.data = plaintext, .len = 6};
    request.encryption_context = list;
    for (size_t i = 0; pairs != NULL && pairs[2 * i] != NULL; i++) {
        rewrap__encrypt_request__encryption_context_entry__init(&entries[i]);
        entries[i].key = loose(pairs[2 * i]);
        entries[i].value = loose(pairs[2 * i + 1]);
        list[i] = &entries[i];
        request.n_encryption_context++;
    }
    const char *before = fixture->principal;
    fixture->principal = principal;
    struct reply reply;
    fixture_call(fixture, "Encrypt", &request.base, &reply);
    fixture->principal = before;
    const char *code = reply.code; /* static */
    reply_clear(&reply);
    return code;
}
