/* From the module's return values to ours. */
#pragma once

#include "p11.h"

/* The result for a CK_RV of the call (or attribute) named by what, a static string; success for CKR_OK. */
REWRAP_MUST_USE struct hsm_result hsm_result_of(CK_RV rv, const char *what);

/* A refusal of our own, behind which there is no CK_RV. */
REWRAP_MUST_USE struct hsm_result hsm_failure(enum hsm_code code, const char *what);
