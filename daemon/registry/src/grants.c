/* Grants: finding, paging, changing; see registry/grants.h. */
#include "registry/grants.h"

#include "check.h"
#include "model.h"

const struct registry_grant *registry_grant_find(const struct registry *registry, const uint8_t id[GRANT_ID_BYTES])
{
    const struct grant_entry *entry = memory_grant(&registry->memory, id);
    return entry == NULL ? NULL : &entry->grant;
}

static const struct grant_list *list_in(const struct key_entry *key, enum grant_order order)
{
    static const struct grant_list none;
    return key == NULL ? &none : &key->grants[order];
}

static const struct grant_list *list_of(const struct registry *registry, const uint8_t key_id[KEY_ID_BYTES],
                                        enum grant_order order)
{
    return list_in(memory_key(&registry->memory, key_id), order);
}

static const struct registry_grant *first_after(const struct grant_list *list, const uint8_t *after)
{
    size_t at = 0;
    if (after != NULL) {
        struct registry_grant probe = {0};
        memcpy(probe.id, after, GRANT_ID_BYTES);
        at = grant_list_after(list, GRANTS_BY_ID, &probe);
    }
    return at < list->n ? grant_around(list->grants[at]) : NULL;
}

const struct registry_grant *registry_grant_after(const struct registry *registry, const uint8_t key_id[KEY_ID_BYTES],
                                                  const uint8_t after[GRANT_ID_BYTES])
{
    return first_after(list_of(registry, key_id, GRANTS_BY_ID), after);
}

const struct registry_grant *registry_grant_retirable_after(const struct registry *registry, struct view retiring,
                                                            const uint8_t after[GRANT_ID_BYTES])
{
    const struct shared_text *text = texts_find(&registry->memory.texts, retiring);
    return text == NULL ? NULL : first_after(&text->retirable, after);
}

static struct policy_grant_list grants_of(const struct registry *registry, const struct grant_list *list,
                                          struct view grantee)
{
    const struct shared_text *text = list->n == 0 ? NULL : texts_find(&registry->memory.texts, grantee);
    if (text == NULL) {
        return (struct policy_grant_list){0};
    }
    /* From the smallest id that there is to the greatest. */
    struct registry_grant probe = {.grant.grantee = view_of(text->text, text->len)};
    size_t first = grant_list_from(list, GRANTS_BY_GRANTEE, &probe);
    if (first == list->n || list->grants[first]->grantee.data != probe.grant.grantee.data) {
        return (struct policy_grant_list){0};
    }
    memset(probe.id, 0xff, GRANT_ID_BYTES);
    size_t end = grant_list_after(list, GRANTS_BY_GRANTEE, &probe);
    return (struct policy_grant_list){.grants = list->grants + first, .count = end - first};
}

void registry_grants_for_each(const struct registry *registry, const struct registry_key *key,
                              const struct view *grantees, size_t n, struct policy_grant_list *ret)
{
    const struct grant_list *list = list_in(key->entry, GRANTS_BY_GRANTEE);
    for (size_t i = 0; i < n; i++) {
        ret[i] = grants_of(registry, list, grantees[i]);
    }
}

const struct registry_grant *registry_grant_of(const struct policy_grant *grant)
{
    return grant_around(grant);
}

const struct registry_grant *registry_grant_named(const struct registry *registry, const uint8_t key_id[KEY_ID_BYTES],
                                                  struct view name,
                                                  bool (*same)(void *arg, const struct registry_grant *grant),
                                                  void *arg)
{
    const struct grant_list *list = list_of(registry, key_id, GRANTS_BY_NAME);
    const struct registry_grant probe = {.grant.name = name};
    for (size_t i = grant_list_from(list, GRANTS_BY_NAME, &probe); i < list->n; i++) {
        const struct registry_grant *grant = grant_around(list->grants[i]);
        if (!view_equal(grant->grant.name, name)) {
            break;
        }
        if (same(arg, grant)) {
            return grant;
        }
    }
    return NULL;
}

size_t registry_key_grants(const struct registry *registry, const uint8_t key_id[KEY_ID_BYTES])
{
    return list_of(registry, key_id, GRANTS_BY_ID)->n;
}

size_t registry_grants(const struct registry *registry)
{
    return map_count(&registry->memory.grants);
}

/* ------------------------------------------------------------------ changing */

/* Of those that wait for the store, how many are on the key; and is one of them this grant? */
static size_t waiting_on_key(const struct registry *registry, const struct registry_grant *grant, bool *ret_same)
{
    size_t n = 0;
    *ret_same = false;
    const struct waiting *waiting;
    TAILQ_FOREACH(waiting, &registry->waiting, link)
    {
        if (waiting->change.kind == CHANGE_GRANT_ADD) {
            const struct registry_grant *other = &waiting->change.grant->grant;
            n += memcmp(other->key_id, grant->key_id, KEY_ID_BYTES) == 0;
            *ret_same = *ret_same || memcmp(other->id, grant->id, GRANT_ID_BYTES) == 0;
        }
    }
    return n;
}

/* With those that are waiting: the store neither counts grants nor compares the ids of those on different keys. */
static struct registry_result admit(const struct registry *registry, const struct registry_grant *grant,
                                    const struct key_entry *key)
{
    bool same;
    const size_t n = key->grants[GRANTS_BY_ID].n + waiting_on_key(registry, grant, &same);
    if (same || memory_grant(&registry->memory, grant->id) != NULL) {
        return registry_failure(REGISTRY_EXISTS, "the grant is there already");
    }
    if (n >= KEY_MAX_GRANTS) {
        return registry_failure(REGISTRY_LIMIT, "the key has %d grants", KEY_MAX_GRANTS);
    }
    return registry_ok();
}

/* *ret is set whatever the answer; may be NULL. */
static struct registry_result prepare(struct registry *registry, const struct registry_grant *grant,
                                      struct grant_entry **ret)
{
    const char *wrong = check_grant(grant);
    if (wrong != NULL) {
        return registry_failure(REGISTRY_STORE, "grant not written: %s", wrong);
    }
    struct key_entry *key = memory_key(&registry->memory, grant->key_id);
    if (key == NULL) {
        return registry_failure(REGISTRY_NOT_FOUND, "there is no such key");
    }
    struct registry_result result = admit(registry, grant, key);
    if (result.code != REGISTRY_OK) {
        return result;
    }
    *ret = grant_entry_copy(grant, &registry->memory.texts);
    /* Room for this one and for all that wait, which may be on the same key. */
    if (*ret == NULL || !memory_reserve_grants(&registry->memory, key, *ret, registry->n_waiting + 1)) {
        return registry_no_memory();
    }
    return registry_ok();
}

void registry_grant_add(struct registry *registry, const struct registry_grant *grant, registry_done_fn done, void *arg)
{
    struct change change = {.kind = CHANGE_GRANT_ADD};
    struct registry_result refusal = prepare(registry, grant, &change.grant);
    registry_submit(registry, &change, refusal, done, arg);
}

void registry_grant_remove(struct registry *registry, const uint8_t id[GRANT_ID_BYTES], registry_done_fn done,
                           void *arg)
{
    const struct registry_grant *known = registry_grant_find(registry, id);
    struct change change = {.kind = CHANGE_GRANT_REMOVE};
    struct registry_result refusal = registry_ok();
    if (known == NULL) {
        refusal = registry_failure(REGISTRY_NOT_FOUND, "there is no such grant");
    } else {
        memcpy(change.grant_place.key_id, known->key_id, KEY_ID_BYTES);
        memcpy(change.grant_place.id, known->id, GRANT_ID_BYTES);
    }
    registry_submit(registry, &change, refusal, done, arg);
}
