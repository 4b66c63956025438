/* One token and its session; see hsm/token.h. */
#include "base/secbuf.h"
#include "errors.h"
#include "module.h"
#include "p11_call.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <stdlib.h>
#include <string.h>

/* Far above what any machine has plugged in; a module that claims more is broken. */
#define MAX_SLOTS 4096

/* Copies one of PKCS#11's blank-padded fields, and keeps what is printed to printable ASCII: the token chose the bytes.
 */
static void copy_padded(char *out, const CK_UTF8CHAR *field, size_t size)
{
    size_t len = p11_kit_space_strlen(field, size);
    for (size_t i = 0; i < len; i++) {
        out[i] = field[i] >= 0x20 && field[i] < 0x7f ? (char)field[i] : '?';
    }
    out[len] = '\0';
}

static void copy_info(struct hsm_token_info *out, const CK_TOKEN_INFO *info)
{
    copy_padded(out->label, info->label, sizeof info->label);
    copy_padded(out->manufacturer, info->manufacturerID, sizeof info->manufacturerID);
    copy_padded(out->model, info->model, sizeof info->model);
    copy_padded(out->serial, info->serialNumber, sizeof info->serialNumber);
}

/* Allocated: the caller frees. On success *ret_count may be 0 with *ret_slots NULL. */
static struct hsm_result list_slots(struct hsm_token *token, CK_SLOT_ID **ret_slots, CK_ULONG *ret_count)
{
    CK_ULONG count = 0;
    CK_RV rv = p11_get_slot_list(token, NULL, &count);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GetSlotList");
    }
    if (count > MAX_SLOTS) {
        return hsm_failure(HSM_LIMIT, "C_GetSlotList: too many slots");
    }
    if (count == 0) {
        *ret_slots = NULL;
        *ret_count = 0;
        return HSM_SUCCESS;
    }
    CK_SLOT_ID *slots = calloc(count, sizeof *slots);
    if (slots == NULL) {
        return hsm_failure(HSM_NO_MEMORY, "C_GetSlotList");
    }
    const CK_ULONG room = count;
    rv = p11_get_slot_list(token, slots, &count);
    if (rv != CKR_OK || count > room) {
        free(slots);
        return rv != CKR_OK ? hsm_result_of(rv, "C_GetSlotList")
                            : hsm_failure(HSM_FAULT, "C_GetSlotList: more slots than asked for");
    }
    *ret_slots = slots;
    *ret_count = count;
    return HSM_SUCCESS;
}

/* Whether the URI means the token in this slot; *ret_info is its information then. A slot that cannot be asked matches
 * nothing. */
static bool slot_matches(struct hsm_token *token, P11KitUri *uri, CK_SLOT_ID slot, CK_TOKEN_INFO *ret_info)
{
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO token_info;
    if (p11_get_slot_info(token, slot, &slot_info) != CKR_OK ||
        p11_get_token_info(token, slot, &token_info) != CKR_OK) {
        return false;
    }
    CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri);
    if ((token_info.flags & CKF_TOKEN_INITIALIZED) == 0 || (wanted != (CK_SLOT_ID)-1 && wanted != slot)) {
        return false;
    }
    if (!p11_kit_uri_match_slot_info(uri, &slot_info) || !p11_kit_uri_match_token_info(uri, &token_info)) {
        return false;
    }
    *ret_info = token_info;
    return true;
}

/* Whether there is a token, and none that has been initialised: then it is not the URI that is wrong. */
static bool none_is_initialised(struct hsm_token *token, const CK_SLOT_ID *slots, CK_ULONG count)
{
    bool found = false;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        if (p11_get_token_info(token, slots[i], &info) != CKR_OK) {
            continue;
        }
        if ((info.flags & CKF_TOKEN_INITIALIZED) != 0) {
            return false;
        }
        found = true;
    }
    return found;
}

static struct hsm_result choose_slot(struct hsm_token *token, P11KitUri *uri)
{
    CK_SLOT_ID *slots = NULL;
    CK_ULONG count = 0;
    struct hsm_result result = list_slots(token, &slots, &count);
    if (result.code != HSM_OK) {
        return result;
    }
    CK_ULONG matches = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        if (slot_matches(token, uri, slots[i], &info)) {
            token->slot = slots[i];
            copy_info(&token->info, &info);
            matches++;
        }
    }
    const bool uninitialised = matches == 0 && none_is_initialised(token, slots, count);
    free(slots);
    if (matches != 1) {
        return hsm_failure(HSM_TOKEN_ABSENT, uninitialised
                                                 ? "no token matches the URI: the one that is there is not initialised"
                                             : matches == 0 ? "no token matches the URI"
                                                            : "more than one token matches the URI");
    }
    return HSM_SUCCESS;
}

static struct hsm_result parse_uri(const char *text, P11KitUri **ret)
{
    P11KitUri *uri = p11_kit_uri_new();
    if (uri == NULL) {
        return hsm_failure(HSM_NO_MEMORY, "token URI");
    }
    if (text == NULL || p11_kit_uri_parse(text, P11_KIT_URI_FOR_TOKEN | P11_KIT_URI_FOR_SLOT, uri) != P11_KIT_URI_OK ||
        p11_kit_uri_any_unrecognized(uri)) {
        p11_kit_uri_free(uri);
        return hsm_failure(HSM_TOKEN_ABSENT, "the URI is not one of a token (RFC 7512)");
    }
    if (p11_kit_uri_get_pin_value(uri) != NULL || p11_kit_uri_get_pin_source(uri) != NULL) {
        p11_kit_uri_free(uri);
        return hsm_failure(HSM_TOKEN_ABSENT, "the URI names a PIN: that belongs in the PIN file");
    }
    *ret = uri;
    return HSM_SUCCESS;
}

static struct hsm_result open_with_uri(struct hsm_token *token, const struct hsm_token_config *config, P11KitUri *uri)
{
    struct hsm_result result = module_load(token, config);
    if (result.code != HSM_OK) {
        return result;
    }
    result = choose_slot(token, uri);
    if (result.code != HSM_OK) {
        return result;
    }
    return hsm_result_of(p11_open_session(token), "C_OpenSession");
}

struct hsm_result hsm_token_open(const struct hsm_token_config *config, struct hsm_token **ret)
{
    P11KitUri *uri = NULL;
    struct hsm_result result = parse_uri(config->uri, &uri);
    if (result.code != HSM_OK) {
        return result;
    }
    struct hsm_token *token = calloc(1, sizeof *token);
    if (token == NULL) {
        p11_kit_uri_free(uri);
        return hsm_failure(HSM_NO_MEMORY, "token");
    }
    result = open_with_uri(token, config, uri);
    p11_kit_uri_free(uri);
    if (result.code != HSM_OK) {
        hsm_token_close(token);
        return result;
    }
    *ret = token;
    return HSM_SUCCESS;
}

void hsm_token_close(struct hsm_token *token)
{
    if (token == NULL) {
        return;
    }
    if (token->session != CK_INVALID_HANDLE) {
        rewrap_ignore(p11_logout(token), "nobody may be logged in");
        rewrap_ignore(p11_close_session(token), "the session may be gone already");
    }
    module_unload(token);
    free(token);
}

const struct hsm_token_info *hsm_token_info(const struct hsm_token *token)
{
    return &token->info;
}

struct user_row {
    CK_USER_TYPE type;
    CK_FLAGS stop; /* with any of these set, one more wrong PIN locks the token, or has already */
};

static const struct user_row users[] = {
    [HSM_USER] = {CKU_USER, CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED},
    [HSM_SO] = {CKU_SO, CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED},
};

struct hsm_result hsm_token_login(struct hsm_token *token, enum hsm_user user, const struct secbuf *pin)
{
    CK_TOKEN_INFO info;
    CK_RV rv = p11_get_token_info(token, token->slot, &info);
    if (rv != CKR_OK) {
        return hsm_result_of(rv, "C_GetTokenInfo");
    }
    if ((info.flags & users[user].stop) != 0) {
        return hsm_failure(HSM_PIN_LOCKED, "C_GetTokenInfo: the PIN is locked or on its final try");
    }
    rv = p11_login(token, users[user].type, pin->data, pin->size);
    if (rv == CKR_USER_ALREADY_LOGGED_IN) {
        return HSM_SUCCESS;
    }
    const bool has_pad = (info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
    return hsm_result_of(rv, has_pad ? "C_Login; the token wants its PIN from a pad of its own, which is not supported"
                                     : "C_Login");
}

/* Nothing of the session may be left, for payloads lie in it. One that cannot be closed ends with the process. */
static struct hsm_result session_drop(struct hsm_token *token)
{
    CK_RV rv = p11_close_session(token);
    bool gone = rv == CKR_OK || rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED ||
                rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT;
    if (!gone) {
        return (struct hsm_result){.code = HSM_TOKEN_UNAVAILABLE, .rv = rv, .what = "C_CloseSession"};
    }
    token->session = CK_INVALID_HANDLE;
    return HSM_SUCCESS;
}

/*
 * The PIN is for the token that was chosen at the start, not for another that is in its slot by now. And no attempt is
 * made after somebody else's that failed: several workers may have lost their sessions at once, and a PIN that is wrong
 * by now would be tried by each of them. Whoever starts the next worker knows of all of them.
 */
static struct hsm_result may_log_in_again(struct hsm_token *token)
{
    CK_TOKEN_INFO now;
    struct hsm_token_info named;
    CK_RV rv = p11_get_token_info(token, token->slot, &now);
    if (rv != CKR_OK) {
        return (struct hsm_result){.code = HSM_TOKEN_UNAVAILABLE, .rv = rv, .what = "C_GetTokenInfo"};
    }
    copy_info(&named, &now);
    if ((now.flags & CKF_TOKEN_INITIALIZED) == 0 || strcmp(named.label, token->info.label) != 0 ||
        strcmp(named.serial, token->info.serial) != 0 || strcmp(named.model, token->info.model) != 0) {
        return hsm_failure(HSM_TOKEN_UNAVAILABLE, "another token is in the slot");
    }
    if ((now.flags & users[HSM_USER].stop) == 0 && (now.flags & CKF_USER_PIN_COUNT_LOW) != 0) {
        return hsm_failure(HSM_TOKEN_UNAVAILABLE, "a PIN was refused since the last login, so none is tried");
    }
    return HSM_SUCCESS;
}

struct hsm_result hsm_token_reopen(struct hsm_token *token)
{
    struct hsm_result result = session_drop(token);
    if (result.code == HSM_OK) {
        result = may_log_in_again(token);
    }
    if (result.code == HSM_OK) {
        result = hsm_result_of(p11_open_session(token), "C_OpenSession");
    }
    return result;
}

struct hsm_result hsm_token_logout(struct hsm_token *token)
{
    return hsm_result_of(p11_logout(token), "C_Logout");
}
