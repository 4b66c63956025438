/* Names of AWS services as principals (KMS.md ): "logs.eu-central-1.amazonaws.com". */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#define POLICY_SERVICE_MAX_BYTES 128

/* Three or more words of letters, digits and '-', with dots between them. */
REWRAP_MUST_USE bool policy_is_service(struct view text);
