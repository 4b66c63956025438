/*
 * What is asked of policy: every question on its way to policy_decide is written down (the linker puts asked.c in
 * between), and decided by it, but for those that a test wants denied.
 */
#pragma once

#include "policy/evaluate.h"

#define ASKED_MAX 16

struct asked_question {
    char what[512];      /* "kms:Encrypt arn:aws:kms:…" */
    char context[16384]; /* a line for each condition key: "kms:EncryptionContextKeys=a,b" */
};

extern struct asked_question asked[ASKED_MAX];
extern size_t n_asked;
extern const char *asked_denied; /* the question that is denied whatever policies say; NULL: none */
extern enum policy_verdict asked_denial;

/* The values of a condition key, with commas between them; NULL when it is absent. Valid until the next call. */
const char *asked_value(size_t question, const char *key);
/* How often the key is there: once at most, unless somebody has made a mistake. */
size_t asked_count(size_t question, const char *key);
/* That policy lint knows every condition key that was told: it takes none for one that is never there, or that always
 * has another value. */
void asked_assert_known_to_lint(void);
