/* Finding objects by label and class (ceremony_private.h). */
#include "ceremony_private.h"

#include "objects/objects.h"
#include "p11/errors.h"
#include "p11/p11_call.h"

#include <stdlib.h>
#include <string.h>

/* Half-made and foreign objects may have any id, or none. */
static struct hsm_result read_id(struct hsm_token *token, struct ceremony_found *found)
{
    uint8_t id[CEREMONY_ID_BYTES];
    CK_ATTRIBUTE attribute = {CKA_ID, id, sizeof id};
    const CK_RV rv = p11_get_attributes(token, found->handle, &attribute, 1);
    if (rv == CKR_BUFFER_TOO_SMALL || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE) {
        return HSM_SUCCESS;
    }
    if (rv == CKR_OK && attribute.ulValueLen == sizeof id) {
        memcpy(found->id, id, sizeof id);
        found->has_id = true;
    }
    return hsm_result_of(rv, "C_GetAttributeValue");
}

int ceremony_compare_ids(const uint8_t a[CEREMONY_ID_BYTES], const uint8_t b[CEREMONY_ID_BYTES])
{
    return memcmp(a, b, CEREMONY_ID_BYTES);
}

static int by_id(const void *a, const void *b)
{
    const struct ceremony_found *left = a;
    const struct ceremony_found *right = b;
    return ceremony_compare_ids(left->id, right->id);
}

/* The objects of the list with their ids. On failure nothing is allocated. */
static struct hsm_result read_ids(struct hsm_token *token, const struct object_list *objects,
                                  struct ceremony_found_list *ret)
{
    struct ceremony_found_list found = {.n = objects->count};
    found.list = calloc(found.n, sizeof found.list[0]);
    if (found.list == NULL) {
        return hsm_failure(HSM_NO_MEMORY, "C_FindObjects");
    }
    for (size_t i = 0; i < found.n; i++) {
        found.list[i].handle = objects->handles[i];
        const struct hsm_result result = read_id(token, &found.list[i]);
        if (result.code != HSM_OK) {
            free(found.list);
            return result;
        }
    }
    qsort(found.list, found.n, sizeof found.list[0], by_id);
    *ret = found;
    return HSM_SUCCESS;
}

struct hsm_result ceremony_find(struct hsm_token *token, const char *label, CK_OBJECT_CLASS class,
                                struct ceremony_found_list *ret)
{
    CK_BBOOL on_token = CK_TRUE; /* objects of a rehearsal may still be in this session */
    CK_ATTRIBUTE template[] = {
        {CKA_TOKEN, &on_token, sizeof on_token},
        {CKA_CLASS, &class, sizeof class},
        {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
    };
    struct object_list objects = {0};
    struct hsm_result result =
        objects_find(token, template, sizeof template / sizeof template[0], CEREMONY_MAX_OBJECTS, &objects);
    if (result.code == HSM_OK && objects.count > 0) {
        result = read_ids(token, &objects, ret);
    } else if (result.code == HSM_OK) {
        *ret = (struct ceremony_found_list){0};
    }
    object_list_clear(&objects);
    return result;
}
