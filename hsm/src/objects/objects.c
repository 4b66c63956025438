/* Finding objects on the token; see objects.h. */
#include "objects.h"

#include "p11/errors.h"
#include "p11/p11_call.h"

#include <stdlib.h>

#define FIND_BATCH 256

static bool list_reserve(struct object_list *list, size_t more)
{
    size_t needed = list->count + more;
    if (needed <= list->cap) {
        return true;
    }
    size_t cap = needed * 2;
    CK_OBJECT_HANDLE *handles = reallocarray(list->handles, cap, sizeof *handles);
    if (handles == NULL) {
        return false;
    }
    list->handles = handles;
    list->cap = cap;
    return true;
}

static struct hsm_result collect(struct hsm_token *token, size_t max, struct object_list *list)
{
    for (;;) {
        if (!list_reserve(list, FIND_BATCH)) {
            return hsm_failure(HSM_NO_MEMORY, "C_FindObjects");
        }
        CK_ULONG found = 0;
        CK_RV rv = p11_find(token, list->handles + list->count, FIND_BATCH, &found);
        if (rv != CKR_OK) {
            return hsm_result_of(rv, "C_FindObjects");
        }
        if (found == 0) {
            return HSM_SUCCESS;
        }
        if (found > FIND_BATCH) {
            return hsm_failure(HSM_FAULT, "C_FindObjects: more objects than asked for");
        }
        if (found > max - list->count) {
            return hsm_failure(HSM_LIMIT, "more objects on the token than max-objects");
        }
        list->count += found;
    }
}

struct hsm_result objects_find(struct hsm_token *token, CK_ATTRIBUTE *attributes, CK_ULONG count, size_t max,
                               struct object_list *list)
{
    CK_RV rv = p11_find_init(token, attributes, count);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_FindObjectsInit");
    }
    size_t before = list->count;
    struct hsm_result result = collect(token, max, list);
    rv = p11_find_final(token);
    if (result.code == HSM_OK && rv != CKR_OK) {
        result = hsm_result_of(rv, "C_FindObjectsFinal");
    }
    if (result.code != HSM_OK) {
        list->count = before;
    }
    return result;
}

void object_list_clear(struct object_list *list)
{
    free(list->handles);
    *list = (struct object_list){0};
}
