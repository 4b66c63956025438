/* Reading a CreateGrant; see grant_request.h. */
#include "grant_request.h"

#include "access/who.h"
#include "request/context.h"
#include "request/specs.h"

#include "policy/arn.h"
#include "proto/names.h"

#include <string.h>

/* ------------------------------------------------------------------ members */

static bool invalid(struct operation *operation, const char *text)
{
    operation_fail(operation, OPERATION_VALIDATION, "%s", text);
    return false;
}

/* Exactly one grantee, of whom the table of constraints has seen to one at least; one at most to retire. A
 * service is one that acts for somebody else, so that it takes more. */
static bool check_members(struct operation *operation, const Rewrap__CreateGrantRequest *request)
{
    if (request->grantee_principal != NULL && request->grantee_service_principal != NULL) {
        return invalid(operation, "Specify either GranteePrincipal or GranteeServicePrincipal, not both.");
    }
    if (request->retiring_principal != NULL && request->retiring_service_principal != NULL) {
        return invalid(operation, "Specify either RetiringPrincipal or RetiringServicePrincipal, not both.");
    }
    if (request->grantee_service_principal == NULL) {
        return true;
    }
    if (request->constraints == NULL || request->constraints->source_arn == NULL) {
        return invalid(operation, "A grant to a GranteeServicePrincipal must have a SourceArn constraint.");
    }
    if (request->retiring_principal == NULL && request->retiring_service_principal == NULL) {
        return invalid(operation, "A grant to a GranteeServicePrincipal must have a RetiringPrincipal or a "
                                  "RetiringServicePrincipal.");
    }
    return true;
}

/* The contract's numbers are not those of the registry: the names are the same. */
static uint32_t operation_bit(Rewrap__GrantOperation__Value value)
{
    const char *name = proto_enum_name(&rewrap__grant_operation__value__descriptor, (int)value);
    return name == NULL ? 0 : policy_grant_operation_of_name(view_of_string(name));
}

static bool read_operations(struct operation *operation, const Rewrap__CreateGrantRequest *request,
                            struct policy_grant *grant)
{
    for (size_t i = 0; i < request->n_operations; i++) {
        grant->operations |= operation_bit(request->operations[i]);
    }
    if (grant->operations == POLICY_GRANT_CREATE_GRANT) {
        return invalid(operation, "Grants must not contain only the CreateGrant operation."); /* */
    }
    return true;
}

/* ------------------------------------------------------------------ constraints */

/* A longer key than a whole encryption context of a request may have could never be met. The table of
 * constraints has counted the pairs; no key comes twice in a map. */
#define PAIR_KEY_MAX_BYTES 4096

static bool read_pairs(struct operation *operation, const ProtobufCMessage *const *entries, size_t n,
                       struct policy_pair *out)
{
    for (size_t i = 0; i < n; i++) {
        struct context_pair pair = operation_context_pair(entries[i]);
        if (pair.key.len > PAIR_KEY_MAX_BYTES) {
            return invalid(operation, "Invalid EncryptionContext");
        }
        out[i] = (struct policy_pair){.key = pair.key, .value = pair.value};
    }
    return true;
}

/* An empty map is none: protobuf cannot tell them apart. */
static bool read_constraints(struct operation *operation, const Rewrap__GrantConstraints *constraints,
                             struct operation_grant_wish *wish)
{
    struct policy_grant_constraints *out = &wish->grant.grant.constraints;
    if (constraints == NULL) {
        return true;
    }
    *out = (struct policy_grant_constraints){
        .has_equals = constraints->n_encryption_context_equals != 0,
        .has_subset = constraints->n_encryption_context_subset != 0,
        .equals = wish->equals,
        .equals_count = constraints->n_encryption_context_equals,
        .subset = wish->subset,
        .subset_count = constraints->n_encryption_context_subset,
        .source_arn = view_of_string(constraints->source_arn),
    };
    return read_pairs(operation, (const ProtobufCMessage *const *)constraints->encryption_context_equals,
                      constraints->n_encryption_context_equals, wish->equals) &&
           read_pairs(operation, (const ProtobufCMessage *const *)constraints->encryption_context_subset,
                      constraints->n_encryption_context_subset, wish->subset);
}

/* ------------------------------------------------------------------ principals */

static void refuse_principal(struct operation *operation, struct view principal)
{
    operation_fail(operation, OPERATION_INVALID_ARN, "ARN does not refer to a valid principal: %.*s",
                   (int)principal.len, (const char *)principal.data);
}

/* By its form: an ARN, without wildcards, groups and organizations. */
static bool check_form(struct operation *operation, const char *principal)
{
    struct arn arn;
    if (principal == NULL || (arn_parse_principal(view_of_string(principal), &arn) &&
                              view_equal(arn.partition, view_of_string(operation->operations->settings.partition)))) {
        return true;
    }
    refuse_principal(operation, view_of_string(principal));
    return false;
}

static bool is_served(const struct operations *operations, struct view account)
{
    for (size_t i = 0; i < operations->settings.n_accounts; i++) {
        if (view_equal(view_of_string(operations->settings.accounts[i]), account)) {
            return true;
        }
    }
    return false;
}

/* Users, roles and their sessions are known; of an account that is served there is the root, and whoever it federates.
 */
static bool exists(const struct operations *operations, struct view principal)
{
    static const char federated[] = "federated-user/";
    struct arn arn;
    if (!arn_parse_principal(principal, &arn)) {
        return false;
    }
    bool is_root = view_equal(arn.resource, view_of_string("root"));
    bool is_federated =
        arn.resource.len > strlen(federated) && memcmp(arn.resource.data, federated, strlen(federated)) == 0;
    return is_root || is_federated ? is_served(operations, arn.account)
                                   : operation_principal_is_known(operations, principal);
}

static bool check_is_there(struct operation *operation, struct view principal, bool is_service)
{
    if (is_service || principal.len == 0 || exists(operation->operations, principal)) {
        return true;
    }
    refuse_principal(operation, principal);
    return false;
}

bool operation_grant_wish_check_principals(struct operation *operation, const struct operation_grant_wish *wish)
{
    const struct registry_grant *grant = &wish->grant;
    return check_is_there(operation, grant->grant.grantee, grant->grantee_is_service) &&
           check_is_there(operation, grant->grant.retiring, grant->retiring_is_service);
}

bool operation_grant_wish_read(struct operation *operation, const Rewrap__CreateGrantRequest *request,
                               struct operation_grant_wish *ret)
{
    *ret = (struct operation_grant_wish){0};
    struct registry_grant *grant = &ret->grant;
    grant->grantee_is_service = request->grantee_service_principal != NULL;
    grant->retiring_is_service = request->retiring_service_principal != NULL;
    grant->grant = (struct policy_grant){
        .name = view_of_string(request->name),
        .grantee =
            view_of_string(grant->grantee_is_service ? request->grantee_service_principal : request->grantee_principal),
        .retiring = view_of_string(grant->retiring_is_service ? request->retiring_service_principal
                                                              : request->retiring_principal),
        .issuing_account = view_of_string(operation->account),
    };
    return check_members(operation, request) && read_operations(operation, request, &grant->grant) &&
           read_constraints(operation, request->constraints, ret) &&
           check_form(operation, request->grantee_principal) && check_form(operation, request->retiring_principal);
}

/* ------------------------------------------------------------------ the key */

bool operation_grant_wish_check_key(struct operation *operation, const struct operation_grant_wish *wish,
                                    const struct registry_key *key)
{
    const struct operation_spec *spec = operation_spec_of(key->spec);
    const char *usage = operation_key_usage_name(REWRAP__KEY_USAGE_TYPE__VALUE__ENCRYPT_DECRYPT);
    const struct policy_grant *grant = &wish->grant.grant;
    uint32_t unfit =
        grant->operations & ~policy_grant_operations_of_key(view_of_string(spec->name), view_of_string(usage));
    if (unfit != 0) {
        operation_fail(operation, OPERATION_VALIDATION,
                       "Operation %s is not supported by a key with key spec %s and key usage %s.",
                       policy_grant_operation_name(unfit & -unfit), spec->name, usage);
        return false;
    }
    if (!spec->symmetric && (grant->constraints.has_equals || grant->constraints.has_subset)) {
        return invalid(operation, "Encryption context constraints are only supported on symmetric encryption keys.");
    }
    return true;
}

/* ------------------------------------------------------------------ the same again */

static bool same_pairs(bool has_a, const struct policy_pair *a, size_t n_a, bool has_b, const struct policy_pair *b,
                       size_t n_b)
{
    return has_a == has_b && policy_pairs_equal(a, n_a, b, n_b);
}

static bool same_constraints(const struct policy_grant_constraints *a, const struct policy_grant_constraints *b)
{
    return same_pairs(a->has_equals, a->equals, a->equals_count, b->has_equals, b->equals, b->equals_count) &&
           same_pairs(a->has_subset, a->subset, a->subset_count, b->has_subset, b->subset, b->subset_count) &&
           view_equal(a->source_arn, b->source_arn);
}

bool operation_grant_is_same(const struct registry_grant *a, const struct registry_grant *b)
{
    return view_equal(a->grant.name, b->grant.name) && a->grantee_is_service == b->grantee_is_service &&
           a->retiring_is_service == b->retiring_is_service && view_equal(a->grant.grantee, b->grant.grantee) &&
           view_equal(a->grant.retiring, b->grant.retiring) &&
           view_equal(a->grant.issuing_account, b->grant.issuing_account) &&
           a->grant.operations == b->grant.operations && same_constraints(&a->grant.constraints, &b->grant.constraints);
}
