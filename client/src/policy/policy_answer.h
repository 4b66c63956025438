/* The answers of `policy simulate` and `policy lint` as lines of JSON. */
#pragma once

#include "policy/lint.h"
#include "policy_case.h"

#include <stdio.h>

/* Each writes one line; whether it went out is told by ferror. */

/* matches has decision->matched entries.
 * {"decision":"Allowed","reason":"…","matched":[{"source":"keyPolicy","name":"default","sid":null,"index":0}]} */
void policy_answer_decision(const struct policy_case *policy_case, const struct policy_decision *decision,
                            const struct policy_match *matches, FILE *file);
/* {"error":{"code":"…","message":"…","place":"…"}} */
void policy_answer_fault(const struct policy_fault *fault, FILE *file);
/* {"findings":[{"severity":"warning","text":"…","place":"…"}]} */
void policy_answer_findings(const struct policy_finding *findings, size_t count, FILE *file);
