/* What the engine knows of single actions. Names are in lower case. */
#pragma once

#include "base/attr.h"
#include "base/view.h"

/* Whether the action can be made with a key of another account (KMS.md ). */
REWRAP_MUST_USE bool policy_action_crosses_accounts(struct view action);

/* Whether the action has an alias as its resource. */
REWRAP_MUST_USE bool policy_action_is_for_aliases(struct view action);

/* Whether pattern, as documents keep them (pattern.h), matches any action of KMS. */
REWRAP_MUST_USE bool policy_action_is_known(struct view pattern);
