/* Binding keys; see binding.h. */
#include "binding.h"

#include "base/secbuf.h"
#include "base/wipe.h"
#include "objects/attributes.h"
#include "objects/classes.h"
#include "objects/objects.h"
#include "p11/errors.h"
#include "p11/p11_call.h"

#include <stdlib.h>
#include <string.h>

/* Separate the two uses of the root: another label, and another length. */
static const char binding_label[] = "rewrapd binding key 1";
static const char check_label[] = "rewrapd binding root check 1";
#define LABEL_BYTES (sizeof binding_label - 1)
#define NAME_BYTES  (ENVELOPE_KEY_ID_BYTES + ENVELOPE_MATERIAL_ID_BYTES)

#define SETS 256
#define WAYS 4
/* Anybody with the user PIN can make objects that bear the label: as many as a worker looks at by default are looked
 * at here, and only those that pass count. */
#define MAX_CANDIDATES 100000

struct binding {
    struct hsm_token *token;
    CK_OBJECT_HANDLE root;
    uint8_t check[HSM_BINDING_CHECK_BYTES]; /* of the root: which one it is, whatever its handle */
    struct secbuf *values;                  /* SETS × WAYS binding keys */
    uint8_t names[SETS][WAYS][NAME_BYTES];
    uint8_t filled[SETS]; /* ways in use */
    uint8_t oldest[SETS]; /* the way that is replaced next, once all are in use */
};

static struct hsm_result sign(struct hsm_token *token, CK_OBJECT_HANDLE root, const uint8_t *message,
                              size_t message_len, uint8_t mac[ENVELOPE_BINDING_KEY_BYTES])
{
    CK_ULONG len = ENVELOPE_BINDING_KEY_BYTES;
    CK_RV rv = p11_sign(token, CKM_SHA256_HMAC, root, message, message_len, mac, &len);
    struct hsm_result result = hsm_result_of(rv, "C_Sign");
    if (result.code == HSM_OK && len != ENVELOPE_BINDING_KEY_BYTES) {
        result = hsm_failure(HSM_FAULT, "C_Sign: HMAC-SHA256 of another length");
    }
    return result;
}

struct hsm_result binding_check_value(struct hsm_token *token, CK_OBJECT_HANDLE root,
                                      uint8_t out[HSM_BINDING_CHECK_BYTES])
{
    uint8_t mac[ENVELOPE_BINDING_KEY_BYTES];
    struct hsm_result result = sign(token, root, (const uint8_t *)check_label, sizeof check_label - 1, mac);
    if (result.code == HSM_OK) {
        memcpy(out, mac, HSM_BINDING_CHECK_BYTES);
    }
    secret_wipe(mac, sizeof mac);
    return result;
}

/* HSM_OK for the root that is looked for; HSM_KEY_REFUSED for one that does not pass; HSM_KEY_NOT_FOUND for another. */
static struct hsm_result judge_root(struct hsm_token *token, CK_OBJECT_HANDLE object, const uint8_t *check)
{
    uint8_t found[HSM_BINDING_CHECK_BYTES];
    struct hsm_result result = attributes_verify(token, object, ATTRIBUTES_BINDING_ROOT);
    if (result.code != HSM_OK || check == NULL) {
        return result;
    }
    result = binding_check_value(token, object, found);
    if (result.code == HSM_OK && !secret_equal(found, check, sizeof found)) {
        return hsm_failure(HSM_KEY_NOT_FOUND, "check value");
    }
    return result;
}

/* No candidate is the one. */
static struct hsm_result no_root(struct hsm_result refusal, const uint8_t *check)
{
    if (check != NULL) {
        return hsm_failure(HSM_NO_CEREMONY, "no binding root that passes has the check value that binding-root names");
    }
    return refusal.code == HSM_OK ? hsm_failure(HSM_NO_CEREMONY, LABEL_BINDING_ROOT) : refusal;
}

static struct hsm_result choose_root(struct hsm_token *token, const struct object_list *list, const uint8_t *check,
                                     CK_OBJECT_HANDLE *ret)
{
    struct hsm_result refusal = HSM_SUCCESS;
    CK_OBJECT_HANDLE root = CK_INVALID_HANDLE;
    for (size_t i = 0; i < list->count; i++) {
        struct hsm_result result = judge_root(token, list->handles[i], check);
        if (result.code == HSM_KEY_REFUSED || result.code == HSM_KEY_NOT_FOUND) {
            refusal = result;
            continue;
        }
        if (result.code != HSM_OK) {
            return result;
        }
        if (root != CK_INVALID_HANDLE) {
            return hsm_failure(HSM_KEY_AMBIGUOUS, LABEL_BINDING_ROOT);
        }
        root = list->handles[i];
    }
    if (root == CK_INVALID_HANDLE) {
        return no_root(refusal, check);
    }
    *ret = root;
    return HSM_SUCCESS;
}

static struct hsm_result find_root(struct hsm_token *token, const uint8_t *check, CK_OBJECT_HANDLE *ret)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_BBOOL yes = CK_TRUE;
    char label[] = LABEL_BINDING_ROOT;
    CK_ATTRIBUTE wanted[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &yes, sizeof yes}, /* others need no login to make */
        {CKA_LABEL, label, sizeof label - 1},
    };
    struct object_list list = {0};
    struct hsm_result result = objects_find(token, wanted, sizeof wanted / sizeof wanted[0], MAX_CANDIDATES, &list);
    if (result.code == HSM_OK) {
        result = choose_root(token, &list, check, ret);
    }
    object_list_clear(&list);
    return result;
}

struct hsm_result binding_new(struct hsm_token *token, const uint8_t *check, struct binding **ret)
{
    CK_OBJECT_HANDLE root = CK_INVALID_HANDLE;
    uint8_t own_check[HSM_BINDING_CHECK_BYTES];
    struct hsm_result result = find_root(token, check, &root);
    if (result.code == HSM_OK && check == NULL) {
        result = binding_check_value(token, root, own_check);
    }
    if (result.code != HSM_OK) {
        return result;
    }
    struct binding *binding = calloc(1, sizeof *binding);
    struct secbuf *values = secbuf_new((size_t)SETS * WAYS * ENVELOPE_BINDING_KEY_BYTES);
    if (binding == NULL || values == NULL) {
        secbuf_free(values);
        free(binding);
        return hsm_failure(HSM_NO_MEMORY, "locked memory for binding keys");
    }
    binding->token = token;
    binding->root = root;
    memcpy(binding->check, check == NULL ? own_check : check, sizeof binding->check);
    binding->values = values;
    *ret = binding;
    return HSM_SUCCESS;
}

struct hsm_result binding_renew(struct binding *binding)
{
    return find_root(binding->token, binding->check, &binding->root);
}

void binding_free(struct binding *binding)
{
    if (binding == NULL) {
        return;
    }
    secbuf_free(binding->values);
    free(binding);
}

static uint8_t *value_at(struct binding *binding, size_t set, size_t way)
{
    return binding->values->data + (set * WAYS + way) * ENVELOPE_BINDING_KEY_BYTES;
}

/* HMAC of label ‖ name, written to out only when it is whole. */
static struct hsm_result compute(struct binding *binding, const uint8_t name[NAME_BYTES], uint8_t *out)
{
    uint8_t message[LABEL_BYTES + NAME_BYTES];
    memcpy(message, binding_label, LABEL_BYTES);
    memcpy(message + LABEL_BYTES, name, NAME_BYTES);
    uint8_t mac[ENVELOPE_BINDING_KEY_BYTES];
    struct hsm_result result = sign(binding->token, binding->root, message, sizeof message, mac);
    if (result.code == HSM_OK) {
        memcpy(out, mac, sizeof mac);
    }
    secret_wipe(mac, sizeof mac);
    return result;
}

/* Where the next key of the set goes: a free way, or the one that was filled longest ago. */
static size_t next_way(const struct binding *binding, size_t set)
{
    return binding->filled[set] < WAYS ? binding->filled[set] : binding->oldest[set];
}

static void way_taken(struct binding *binding, size_t set)
{
    if (binding->filled[set] < WAYS) {
        binding->filled[set]++;
    } else {
        binding->oldest[set] = (uint8_t)((binding->oldest[set] + 1) % WAYS);
    }
}

struct hsm_result binding_key(struct binding *binding, const uint8_t key_id[ENVELOPE_KEY_ID_BYTES],
                              const uint8_t material_id[ENVELOPE_MATERIAL_ID_BYTES], const uint8_t **ret)
{
    uint8_t name[NAME_BYTES];
    memcpy(name, key_id, ENVELOPE_KEY_ID_BYTES);
    memcpy(name + ENVELOPE_KEY_ID_BYTES, material_id, ENVELOPE_MATERIAL_ID_BYTES);
    size_t set = material_id[0]; /* random bytes */
    for (size_t way = 0; way < binding->filled[set]; way++) {
        if (memcmp(binding->names[set][way], name, NAME_BYTES) == 0) {
            *ret = value_at(binding, set, way);
            return HSM_SUCCESS;
        }
    }
    size_t way = next_way(binding, set);
    struct hsm_result result = compute(binding, name, value_at(binding, set, way));
    if (result.code != HSM_OK) {
        return result;
    }
    memcpy(binding->names[set][way], name, NAME_BYTES);
    way_taken(binding, set);
    *ret = value_at(binding, set, way);
    return HSM_SUCCESS;
}

struct hsm_result binding_canary(struct binding *binding)
{
    static const uint8_t name[NAME_BYTES] = {0};
    uint8_t unused[ENVELOPE_BINDING_KEY_BYTES];
    struct hsm_result result = compute(binding, name, unused);
    secret_wipe(unused, sizeof unused);
    return result;
}
