/*
 * What is known of tokens beforehand, by the name of the token and the version of its module. It is for the report:
 * what the service does on a token comes from the probe, which has tried it.
 */
#pragma once

#include "hsm/report.h"
#include "hsm/token.h"

#include <p11-kit/pkcs11.h>

/* Adds what is known of this token and module to the report. */
void quirks_tell(const CK_INFO *module, const struct hsm_token_info *token, struct hsm_report *report);
