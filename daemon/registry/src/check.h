/*
 * What a key, an alias, a retired material, a principal and a grant may contain. One set of rules for three doors: what
 * operations ask to store, what the writer process is sent, and what is read from the database. So nothing is written
 * that the next start would refuse.
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"
#include "entries_principal.h"
#include "registry/types.h"

#include <stdbool.h>

#define DESCRIPTION_MAX_CHARACTERS 8192 /* KMS.md R-74 */
#define TAG_KEY_MAX_CHARACTERS     128  /* KMS.md R-78 */
#define TAG_VALUE_MAX_CHARACTERS   256
#define KEY_MAX_TAGS               50
#define KEY_MAX_MATERIALS                                                                                              \
    1024                        /* 25 on-demand rotations (KMS.md R-79) and one a quarter for as long as anyone plans  \
                                 */
#define ROTATION_DAYS_MIN    90 /* KMS.md R-135 */
#define ROTATION_DAYS_MAX    2560
#define REVISION_MAX         (UINT64_MAX >> 1)        /* SQLite's integers are signed */
#define TOKEN_NAME_MAX_BYTES 128                      /* a section name of the configuration */
#define TIME_MAX_MS          INT64_C(253402300799999) /* the end of the year 9999: what a timestamp can be written for */
#define UTF8_MAX_BYTES       4                        /* of one character */

#define GRANT_PAIR_KEY_MAX_BYTES   4096 /* a key of an encryption context; 16 pairs at both limits fill 88 KiB */
#define GRANT_SOURCE_ARN_MAX_BYTES 512  /* KMS.md R-119 */

/* True for UTF-8 (RFC 3629: shortest form, no surrogates) without NUL, of at most that many characters. Pure. */
REWRAP_MUST_USE bool check_text(struct view text, size_t max_characters);

/* Each answers NULL, or in a few words what is wrong: a static text. Pure. */
REWRAP_MUST_USE const char *check_account(struct view account);
REWRAP_MUST_USE const char *check_alias_name(struct view name);
REWRAP_MUST_USE const char *check_token_name(struct view name);
REWRAP_MUST_USE const char *check_description(struct view description);
REWRAP_MUST_USE const char *check_tag(struct view key, struct view value);
REWRAP_MUST_USE const char *check_time(int64_t time_ms);
REWRAP_MUST_USE const char *check_revision(uint64_t revision);

/* Every field of a whole key; tags must be in byte order of their keys, each once. */
REWRAP_MUST_USE const char *check_key(const struct registry_key *key);
REWRAP_MUST_USE const char *check_alias(const struct registry_alias *alias);
REWRAP_MUST_USE const char *check_retired(const struct registry_retired *retired);

/*
 * The text of a policy of at most that many bytes: neither empty nor with a NUL. Whether it compiles is found out where
 * it is compiled: by who asks for a change, before it is sent, and by who loads.
 */
REWRAP_MUST_USE const char *check_policy_text(struct view text, size_t max_bytes);

REWRAP_MUST_USE const char *check_principal_name(struct view name);
REWRAP_MUST_USE const char *check_principal_path(struct view path);

/* The unique id of a user or of a role. */
REWRAP_MUST_USE const char *check_unique_id(struct view unique_id);
REWRAP_MUST_USE const char *check_identity_policy(struct view name, struct view text);
REWRAP_MUST_USE const char *check_access_key(struct view id, struct view secret, int status, int64_t created_ms);

/* Every field; policies and access keys in order, each once. */
REWRAP_MUST_USE const char *check_principal(const struct registry_principal *principal);

REWRAP_MUST_USE const char *check_departure(const struct principal_departure *departure);

/* Every field but grant.id, which the registry makes. */
REWRAP_MUST_USE const char *check_grant(const struct registry_grant *grant);

/* Whether `to` is what registry_principal_replace may make of `from`. */
REWRAP_MUST_USE const char *check_principal_change(const struct registry_principal *from,
                                                   const struct registry_principal *to);

/* Whether `to` is what registry_key_replace may make of `from`: the rest of a key never changes. */
REWRAP_MUST_USE const char *check_key_change(const struct registry_key *from, const struct registry_key *to);
