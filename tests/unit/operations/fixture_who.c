/* Principals and grants, put straight into the registry; see fixture.h. */
#include "fixture.h"

#include <stdio.h>
#include <sys/random.h>

static char everything_name[] = "everything";

/* "user/team/carol" */
static struct registry_principal principal_of(const char *account, const char *name, char path[128])
{
    struct registry_principal principal = {.kind = strncmp(name, "user/", 5) == 0 ? PRINCIPAL_USER : PRINCIPAL_ROLE};
    const char *last = strrchr(name, '/');
    memcpy(principal.account, account, ACCOUNT_TEXT_BYTES);
    snprintf(path, 128, "%.*s", (int)(last + 1 - strchr(name, '/')), strchr(name, '/'));
    principal.path = path;
    principal.name = (char *)(uintptr_t)(last + 1); /* the registry copies */
    return principal;
}

static void give_policy(struct registry_principal *principal, struct registry_identity_policy *policy,
                        const char *document)
{
    *policy = (struct registry_identity_policy){.name = everything_name, .text = (char *)(uintptr_t)document};
    principal->policies = policy;
    principal->n_policies = document != NULL;
}

void fixture_principal(struct fixture *fixture, const char *account, const char *name, int64_t created_ms,
                       const char *policy)
{
    static unsigned made;
    char path[128];
    struct registry_principal principal = principal_of(account, name, path);
    struct registry_identity_policy one;
    principal.created_ms = created_ms;
    snprintf(principal.unique_id, sizeof principal.unique_id, "%s%017u",
             principal.kind == PRINCIPAL_USER ? "AIDA" : "AROA", ++made);
    give_policy(&principal, &one, policy);
    struct fixture_change change = {0};
    registry_principal_add(fixture->registry, &principal, fixture_on_change, &change);
    fixture_wait_for_change(fixture, &change);
}

static const struct registry_principal *find_principal(const struct fixture *fixture, const char *account,
                                                       const char *name)
{
    char path[128];
    struct registry_principal principal = principal_of(account, name, path);
    const struct registry_principal *found =
        registry_principal_find(fixture->registry, account, principal.kind, principal.name);
    assert_non_null(found);
    return found;
}

void fixture_principal_remove(struct fixture *fixture, const char *account, const char *name)
{
    const struct registry_principal *found = find_principal(fixture, account, name);
    struct fixture_change change = {0};
    registry_principal_remove(fixture->registry, account, found->kind, found->name, found->revision, fixture->now_ms,
                              fixture_on_change, &change);
    fixture_wait_for_change(fixture, &change);
}

void fixture_principal_depart(struct fixture *fixture, const char *account, const char *name,
                              char unique_id[PRINCIPAL_ID_BYTES])
{
    memcpy(unique_id, find_principal(fixture, account, name)->unique_id, PRINCIPAL_ID_BYTES);
    fixture_principal_remove(fixture, account, name);
}

void fixture_principal_policy(struct fixture *fixture, const char *account, const char *name, const char *policy)
{
    struct registry_principal principal = *find_principal(fixture, account, name);
    struct registry_identity_policy one;
    give_policy(&principal, &one, policy);
    struct fixture_change change = {0};
    registry_principal_replace(fixture->registry, &principal, fixture_on_change, &change);
    fixture_wait_for_change(fixture, &change);
}

void fixture_grant(struct fixture *fixture, const struct fixture_key *key, const char *grantee, uint32_t operations,
                   const struct policy_grant_constraints *constraints)
{
    struct registry_grant grant = {.created_ms = fixture->now_ms};
    assert_int_equal(getrandom(grant.id, sizeof grant.id, 0), sizeof grant.id);
    memcpy(grant.key_id, key->key_id, sizeof grant.key_id);
    grant.grant.grantee = view_of_string(grantee);
    grant.grant.issuing_account = view_of_string(ACCOUNT);
    grant.grant.operations = operations;
    if (constraints != NULL) {
        grant.grant.constraints = *constraints;
    }
    struct fixture_change change = {0};
    registry_grant_add(fixture->registry, &grant, fixture_on_change, &change);
    fixture_wait_for_change(fixture, &change);
}
