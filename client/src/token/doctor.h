/* The parts of rewrapctl doctor: findings in the JSON of the daemon's answer, of whatever origin. */
#pragma once

#include "base/attr.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* As in the answer; they are also the exit codes. */
enum doctor_verdict { DOCTOR_OK = 0, DOCTOR_WARNING = 1, DOCTOR_FAULT = 2 };

/* The verdict of an answer or a finding; a FAULT for one that says none of ours. */
enum doctor_verdict doctor_verdict_of(const json_t *object);

/* An answer without findings. NULL without memory; the caller owns it. */
json_t *doctor_answer_new(void);

/* Adds a finding where it belongs, worst first, and makes the answer's verdict as bad as it; advice may be NULL. False
 * without memory. */
REWRAP_MUST_USE bool doctor_add(json_t *answer, enum doctor_verdict verdict, const char *check, const char *subject,
                                const char *text, const char *advice);

/* Has rewrapd check the configuration at path and adds what it says. False without memory. Blocks. */
REWRAP_MUST_USE bool doctor_check_config(json_t *answer, const char *path);

/* Lines for a person. False when they could not be written. */
REWRAP_MUST_USE bool doctor_print(const json_t *answer, FILE *file);
