/* Taking a key's objects off the token, and the token's random bytes; see hsm/rewrap.h. */
#include "objects/objects.h"
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "rewrap_private.h"

#include <string.h>

#define OBJECTS_MAX      1000 /* of one half of one key: more than one is a copy that somebody else made */
#define RANDOM_MAX_BYTES 1024 /* KMS.md R-72 */

/* How tokens say that an object is not the user's to destroy. */
static bool is_refusal(CK_RV rv)
{
    static const CK_RV refusals[] = {
        CKR_ACTION_PROHIBITED, /* PKCS#11 v2.40 section 5.7.3: CKA_DESTROYABLE is false */
        CKR_ATTRIBUTE_READ_ONLY,        CKR_FUNCTION_NOT_SUPPORTED, CKR_FUNCTION_REJECTED,
        CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_SESSION_READ_ONLY,      CKR_TOKEN_WRITE_PROTECTED,
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i] == rv) {
            return true;
        }
    }
    return false;
}

/* All objects of the class that bear the key's label and id, whether or not they pass as keys. Appends to list. */
static struct hsm_result find_half(struct hsm_rewrap *rewrap, const struct key_class *class,
                                   CK_OBJECT_CLASS object_class, const uint8_t *material_id, struct object_list *list)
{
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE wanted[] = {
        {CKA_CLASS, &object_class, sizeof object_class},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_LABEL, (void *)(uintptr_t) class->label, strlen(class->label)},
        {CKA_ID, (void *)(uintptr_t)material_id, MATERIAL_ID_BYTES},
    };
    return objects_find(rewrap->token, wanted, sizeof wanted / sizeof wanted[0], list->count + OBJECTS_MAX, list);
}

static struct hsm_result find_all(struct hsm_rewrap *rewrap, const struct key_class *class, const uint8_t *material_id,
                                  struct object_list *list)
{
    struct hsm_result result = find_half(rewrap, class, class->unwrap_class, material_id, list);
    if (result.code == HSM_OK && class->is_pair) {
        result = find_half(rewrap, class, CKO_PUBLIC_KEY, material_id, list);
    }
    return result;
}

/* Tries each, also after a refusal. A failure of the device ends it. */
static struct hsm_result destroy_listed(struct hsm_rewrap *rewrap, const struct object_list *list)
{
    struct hsm_result kept = HSM_SUCCESS;
    for (size_t i = 0; i < list->count; i++) {
        CK_RV rv = p11_destroy_object(rewrap->token, list->handles[i]);
        if (rv == CKR_OK) {
            continue;
        }
        if (!is_refusal(rv)) {
            return device_fault(hsm_result_of(rv, "C_DestroyObject"));
        }
        kept = (struct hsm_result){.code = HSM_KEY_KEPT, .rv = rv, .what = "C_DestroyObject"};
    }
    return kept;
}

static struct hsm_result destroy(struct hsm_rewrap *rewrap, const struct hsm_key *key)
{
    const struct key_class *class = key_class_of(key->spec, key->boundary);
    if (class == NULL) {
        return hsm_failure(HSM_UNSUPPORTED, "no keys of that spec and boundary");
    }
    struct object_list list = {0};
    struct hsm_result result = find_all(rewrap, class, key->material_id, &list);
    if (result.code == HSM_OK) {
        keys_forget(rewrap->keys, key->spec, key->boundary, key->material_id);
        result = destroy_listed(rewrap, &list);
    }
    /* A token's word that an object is destroyed is not taken for it. */
    list.count = 0;
    if (result.code == HSM_OK) {
        result = find_all(rewrap, class, key->material_id, &list);
    }
    if (result.code == HSM_OK && list.count != 0) {
        result = hsm_failure(HSM_KEY_KEPT, "C_DestroyObject: the object is still there");
    }
    object_list_clear(&list);
    /* Without the login there is nothing to be found either. */
    if (result.code == HSM_OK && binding_canary(rewrap->binding).code != HSM_OK) {
        result = hsm_failure(HSM_TOKEN_UNAVAILABLE, "a search without the login, which finds fewer objects");
    }
    if (result.code == HSM_OK) {
        keys_remove(rewrap->keys, key->spec, key->boundary, key->material_id);
    }
    return result;
}

struct hsm_result hsm_rewrap_destroy(struct hsm_rewrap *rewrap, const struct hsm_key *key)
{
    struct hsm_result result = destroy(rewrap, key);
    if (result.code == HSM_FAULT && side_is_stale(result.rv)) {
        result = destroy(rewrap, key);
    }
    return rewrap_diagnose(rewrap, result);
}

/* A call that succeeds and writes nothing: for as many bytes as no generator gives so by chance. */
static bool is_untouched(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= bytes[i];
    }
    return any == 0 && len >= 16;
}

struct hsm_result hsm_rewrap_random(struct hsm_rewrap *rewrap, size_t length, struct buffer *out)
{
    if (length == 0 || length > RANDOM_MAX_BYTES) {
        return hsm_failure(HSM_TOO_LARGE, "1 to 1024 bytes");
    }
    if (!buffer_reserve(out, length)) {
        return hsm_failure(HSM_LIMIT, "output buffer");
    }
    uint8_t *random = out->data + out->len;
    memset(random, 0, length);
    CK_RV rv = p11_generate_random(rewrap->token, random, length);
    struct hsm_result result = hsm_result_of(rv, "C_GenerateRandom");
    if (result.code != HSM_OK) {
        return rewrap_diagnose(rewrap, result.code == HSM_UNSUPPORTED ? result : device_fault(result));
    }
    if (is_untouched(random, length)) {
        return hsm_failure(HSM_FAULT, "C_GenerateRandom: nothing but zeros");
    }
    out->len += length;
    return HSM_SUCCESS;
}
