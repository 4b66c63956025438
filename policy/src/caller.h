/* What a caller's ARN and the principals of documents have in common. */
#pragma once

#include "policy/caller.h"

/* What the resource of an arn_parse_principal ARN is of; *resource then is what follows "user/" and so on. */
enum policy_principal_kind policy_principal_kind_of(struct view *resource);

/* The name behind the path: "a" of "team/a". */
struct view policy_last_name(struct view text);

/* The ARN of an account's root. */
struct view policy_root_arn(struct view partition, struct view account, char out[POLICY_ARN_BYTES]);
