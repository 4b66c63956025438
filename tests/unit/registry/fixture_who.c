/* Principals and grants for tests; see fixture_who.h. */
#include "fixture_who.h"

#include <stdio.h>
#include <string.h>

void identity_policy_write(unsigned n, char out[POLICY_TEXT_BYTES])
{
    snprintf(out, POLICY_TEXT_BYTES,
             "{\"Version\":\"2012-10-17\",\"Statement\":{\"Sid\":\"S%u\",\"Effect\":\"Allow\",\"Action\":\"kms:*\","
             "\"Resource\":\"*\"}}",
             n);
}

void key_policy_write(unsigned n, char out[POLICY_TEXT_BYTES])
{
    snprintf(out, POLICY_TEXT_BYTES,
             "{\"Version\":\"2012-10-17\",\"Statement\":{\"Sid\":\"S%u\",\"Effect\":\"Allow\","
             "\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}}",
             n);
}

void plain_principal_init(struct plain_principal *plain, unsigned n)
{
    *plain = (struct plain_principal){
        .principal = {.account = ACCOUNT,
                      .kind = PRINCIPAL_USER,
                      .path = (char *)"/staff/",
                      .created_ms = NOW_MS,
                      .n_policies = 2,
                      .n_access_keys = 2},
    };
    snprintf(plain->name, sizeof plain->name, "user-%03u", n);
    snprintf(plain->principal.unique_id, PRINCIPAL_ID_BYTES, "AIDA%017u", n);
    plain->principal.name = plain->name;
    plain->principal.policies = plain->policies;
    plain->principal.access_keys = plain->access_keys;
    for (unsigned i = 0; i < 2; i++) {
        identity_policy_write(n + i, plain->texts[i]);
        plain->policies[i] =
            (struct registry_identity_policy){(char *)(i == 0 ? "zebra" : "apple"), plain->texts[i], NULL};
        struct registry_access_key *key = &plain->access_keys[i];
        key->status = i == 0 ? ACCESS_KEY_ACTIVE : ACCESS_KEY_INACTIVE;
        key->created_ms = NOW_MS + i;
        snprintf(key->id, sizeof key->id, "AKIA%015u%u", n, 1 - i);
        snprintf(key->secret, sizeof key->secret, "secret/of/%029u+", n + i);
    }
}

void plain_grant_init(struct plain_grant *plain, unsigned n, const uint8_t *key_id)
{
    *plain = (struct plain_grant){.grant = {.created_ms = NOW_MS}};
    struct registry_grant *grant = &plain->grant;
    memcpy(grant->key_id, key_id, KEY_ID_BYTES);
    for (size_t i = 0; i < 4; i++) {
        grant->id[i] = (uint8_t)(n >> (8 * (3 - i))); /* in front: ids sort as their numbers */
    }
    grant->id[GRANT_ID_BYTES - 1] = 1;
    snprintf(plain->grantee, sizeof plain->grantee, "arn:aws:iam::111122223333:user/user-%03u", n);
    grant->grant.grantee = view_of_string(plain->grantee);
    grant->grant.retiring = view_of_string(RETIRING);
    grant->grant.issuing_account = view_of_string(ACCOUNT);
    grant->grant.operations = POLICY_GRANT_RE_ENCRYPT_FROM;
}

/* ------------------------------------------------------------------ calls */

struct registry_result add_principal(struct fixture *fixture, const struct registry_principal *principal)
{
    struct answer answer = {0};
    registry_principal_add(fixture->registry, principal, on_answer, &answer);
    return wait_for_answer(fixture, &answer);
}

struct registry_result replace_principal(struct fixture *fixture, const struct registry_principal *principal)
{
    struct answer answer = {0};
    registry_principal_replace(fixture->registry, principal, on_answer, &answer);
    return wait_for_answer(fixture, &answer);
}

struct registry_result remove_user(struct fixture *fixture, const char *name, uint64_t revision, int64_t now_ms)
{
    struct answer answer = {0};
    registry_principal_remove(fixture->registry, ACCOUNT, PRINCIPAL_USER, name, revision, now_ms, on_answer, &answer);
    return wait_for_answer(fixture, &answer);
}

struct registry_result add_grant(struct fixture *fixture, const struct registry_grant *grant)
{
    struct answer answer = {0};
    registry_grant_add(fixture->registry, grant, on_answer, &answer);
    return wait_for_answer(fixture, &answer);
}

struct registry_result remove_grant(struct fixture *fixture, const uint8_t *id)
{
    struct answer answer = {0};
    registry_grant_remove(fixture->registry, id, on_answer, &answer);
    return wait_for_answer(fixture, &answer);
}

const struct registry_principal *user(const struct fixture *fixture, const char *name)
{
    return registry_principal_find(fixture->registry, ACCOUNT, PRINCIPAL_USER, name);
}

int64_t departed_ms(const struct fixture *fixture, const char *name)
{
    return registry_principal_departed_ms(fixture->registry, ACCOUNT, PRINCIPAL_USER, name);
}

const char *departed_id(const struct fixture *fixture, const char *name, int64_t written_ms)
{
    return registry_principal_departed_id(fixture->registry, ACCOUNT, PRINCIPAL_USER, name, written_ms);
}
