/* Finding objects on the token. */
#pragma once

#include "p11/p11.h"

struct object_list {
    CK_OBJECT_HANDLE *handles; /* owned */
    size_t count;
    size_t cap;
};

/*
 * Appends the handles of all objects that match, at most max in the list altogether (HSM_LIMIT beyond). The search is
 * closed again on every path. On failure list is as it was, but for its memory.
 */
REWRAP_MUST_USE struct hsm_result objects_find(struct hsm_token *token, CK_ATTRIBUTE *attributes, CK_ULONG count,
                                               size_t max, struct object_list *list);
void object_list_clear(struct object_list *list);
