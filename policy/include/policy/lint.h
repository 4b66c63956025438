/*
 * What in a document is most likely not what its author meant: statements that can never match, that allow everyone, a
 * key policy that locks everyone out (KMS.md ). Pure.
 */
#pragma once

#include "base/view.h"

#include "policy/document.h"

enum policy_severity {
    POLICY_SEVERITY_NOTE,
    POLICY_SEVERITY_WARNING, /* has no effect, or not the one it seems to have */
    POLICY_SEVERITY_DANGER,  /* allows everyone, or locks everyone out */
};

struct policy_finding {
    enum policy_severity severity;
    const char *text;               /* static */
    char place[POLICY_PLACE_BYTES]; /* "Statement[0].Principal" */
};

/*
 * Writes the first max findings, in the document's order; how many there are. account is the one that owns the key of a
 * key policy (12 digits), or empty when it is not known: what depends on it is not looked for then.
 */
size_t policy_lint(const struct policy_document *document, struct view account, struct policy_finding *findings,
                   size_t max);

/* "note", "warning", "danger". Static. */
const char *policy_severity_text(enum policy_severity severity);
