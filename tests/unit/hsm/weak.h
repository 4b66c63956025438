/*
 * A token that enforces less than SoftHSM does: its function table with one call or two in it that look away. For what
 * the probe makes of such a token.
 */
#pragma once

#include "fixture.h"
#include "objects/attributes_table.h"

extern CK_FUNCTION_LIST *real;    /* SoftHSM's */
extern CK_FUNCTION_LIST weak;     /* the one that is probed; a copy of the real one between two probes */
extern CK_ATTRIBUTE_TYPE ignored; /* what the token does not look at */

/* A cmocka group setup: a token without a ceremony, and both tables. */
int weak_setup(void **state);

/* Probes the weak table, then makes it the real one again. No session object may be left. */
REWRAP_MUST_USE struct hsm_result weak_probe(struct fixture *fixture, struct hsm_profile *ret);

/* The same of a token that is to be found not sealed, for that reason. */
void weak_expect_not_sealed(struct fixture *fixture, const char *reason);

/* Copies list to out without the attributes that are ignored. */
CK_ULONG weak_without(const CK_ATTRIBUTE *list, CK_ULONG n, CK_ATTRIBUTE *out);

/* Copies list to out without what limits a key and is ignored, or with an unwrap template that lacks what is. */
CK_ULONG weak_lessen(const CK_ATTRIBUTE *list, CK_ULONG n, CK_ATTRIBUTE *out,
                     CK_ATTRIBUTE unwrap[ATTRIBUTES_UNWRAP_MAX]);

/* C_GenerateKey of a token that ignores it. */
CK_RV weak_generate_ignoring(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *list, CK_ULONG n,
                             CK_OBJECT_HANDLE *ret);
