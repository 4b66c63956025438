/*
 * Users and roles with their identity policies and access keys: in memory, every change a transaction, as in
 * registry.h, whose rules for pointers and for `done` hold here too.
 */
#pragma once

#include "registry/registry.h"

/* ------------------------------------------------------------------ reading; NULL when there is none */

/* Names of users, and of roles, are unique in an account whatever their path. Exact. */
const struct registry_principal *registry_principal_find(const struct registry *registry, const char *account,
                                                         enum principal_kind kind, const char *name);

/* The first of that kind with a name greater than `after` (byte order; NULL: the first of all). */
const struct registry_principal *registry_principal_after(const struct registry *registry, const char *account,
                                                          enum principal_kind kind, const char *after);

/* Whose access key this is; *ret_key may be NULL. */
const struct registry_principal *registry_principal_of_access_key(const struct registry *registry,
                                                                  const char *access_key_id,
                                                                  const struct registry_access_key **ret_key);

/*
 * When the last user or role of that name was deleted: what was written in that millisecond or before means him, and
 * nobody who has the name since (KMS.md ). 0: none ever was. Not before he was made, and later than any
 * departure from that name before, even if the clock was set back.
 */
int64_t registry_principal_departed_ms(const struct registry *registry, const char *account, enum principal_kind kind,
                                       const char *name);

/*
 * The unique id of the one who was meant by what was written at that time and names that user or role: of those who
 * have departed from the name since, the first. NULL when none has, or when his id is not on record: he departed before
 * schema version 4, or at least REGISTRY_DEPARTED_IDS of the name have departed after him, or fewer when
 * there were REGISTRY_MAX_DEPARTURES.
 */
#define REGISTRY_DEPARTED_IDS 8
const char *registry_principal_departed_id(const struct registry *registry, const char *account,
                                           enum principal_kind kind, const char *name, int64_t written_ms);

/*
 * How many departures are on record, and how many may be: those whose ids are, and for each name whose other departures
 * have left no id, the last of these. About 150 bytes of memory each. When there are that many, nobody of a name that
 * has none can be removed any more, and of a name that has n the last n - 1 ids stay.
 */
#define REGISTRY_MAX_DEPARTURES 1000000
size_t registry_departures(const struct registry *registry);

size_t registry_principals(const struct registry *registry);
/* Of one account and kind. */
size_t registry_account_principals(const struct registry *registry, const char *account, enum principal_kind kind);

/* ------------------------------------------------------------------ changing */

/* Copies. REGISTRY_EXISTS when the account has one of that kind and name, or the unique id or an access key id is
 * known. */
void registry_principal_add(struct registry *registry, const struct registry_principal *principal,
                            registry_done_fn done, void *arg);

/*
 * Replaces policies and access keys; the rest must be as it is. principal->revision is the one that the caller has
 * seen: REGISTRY_CONFLICT when it has another by then; REGISTRY_NOT_FOUND without the principal; REGISTRY_EXISTS when a
 * new access key id is known.
 */
void registry_principal_replace(struct registry *registry, const struct registry_principal *principal,
                                registry_done_fn done, void *arg);

/*
 * REGISTRY_CONFLICT, REGISTRY_NOT_FOUND as above. Key policies and grants that name it stay as they are, but do not
 * mean whoever has the name later: its departure stays on record, for ever. REGISTRY_LIMIT when there are
 * REGISTRY_MAX_DEPARTURES and none is of that name.
 */
void registry_principal_remove(struct registry *registry, const char *account, enum principal_kind kind,
                               const char *name, uint64_t revision, int64_t now_ms, registry_done_fn done, void *arg);
