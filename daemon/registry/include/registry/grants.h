/*
 * Grants: in memory, every change a transaction, as in registry.h, whose rules for pointers and for `done` hold here
 * too. A grant never changes; it goes with its key.
 */
#pragma once

#include "policy/evaluate.h"
#include "registry/registry.h"

/* ------------------------------------------------------------------ reading; NULL when there is none */
const struct registry_grant *registry_grant_find(const struct registry *registry, const uint8_t id[GRANT_ID_BYTES]);

/* The first grant on the key with an id greater than `after` (NULL: the first). */
const struct registry_grant *registry_grant_after(const struct registry *registry, const uint8_t key_id[KEY_ID_BYTES],
                                                  const uint8_t after[GRANT_ID_BYTES]);

/* Likewise of those that this principal may retire, on every key of every account. */
const struct registry_grant *registry_grant_retirable_after(const struct registry *registry, struct view retiring,
                                                            const uint8_t after[GRANT_ID_BYTES]);

/* Of each of n grantees the grants on the key for exactly him, as policy_decide wants them, into n lists; empty of a
 * key that is not in the registry. Does not depend on how many grants others have. */
void registry_grants_for_each(const struct registry *registry, const struct registry_key *key,
                              const struct view *grantees, size_t n, struct policy_grant_list *ret);

/* The registry's grant around a grant of such a list. */
const struct registry_grant *registry_grant_of(const struct policy_grant *grant);

/* The grant on the key with that name (names need not be unique: the first that `same` says yes to; R-122). */
const struct registry_grant *registry_grant_named(const struct registry *registry, const uint8_t key_id[KEY_ID_BYTES],
                                                  struct view name,
                                                  bool (*same)(void *arg, const struct registry_grant *grant),
                                                  void *arg);

size_t registry_key_grants(const struct registry *registry, const uint8_t key_id[KEY_ID_BYTES]);
size_t registry_grants(const struct registry *registry);

/* ------------------------------------------------------------------ changing */

/* Copies. REGISTRY_EXISTS when the id is known, REGISTRY_NOT_FOUND without the key, REGISTRY_LIMIT beyond
 * KEY_MAX_GRANTS. */
void registry_grant_add(struct registry *registry, const struct registry_grant *grant, registry_done_fn done,
                        void *arg);

/* REGISTRY_NOT_FOUND when there is none. */
void registry_grant_remove(struct registry *registry, const uint8_t id[GRANT_ID_BYTES], registry_done_fn done,
                           void *arg);
