/* The one table of CK_RV values: what each is called and what it means to us; see errors.h and hsm/result.h. */
#include "errors.h"

#include <stddef.h>
#include <stdio.h>

struct error_row {
    CK_RV rv;
    enum hsm_code code;
    const char *name;
};

#define ROW(rv, code)                                                                                                  \
    {                                                                                                                  \
        rv, code, #rv                                                                                                  \
    }

/* What is not listed is HSM_FAULT: the token failed in a way it should not. */
static const struct error_row rows[] = {
    ROW(CKR_OK, HSM_OK),

    ROW(CKR_PIN_INCORRECT, HSM_PIN_WRONG),
    ROW(CKR_PIN_INVALID, HSM_PIN_WRONG),
    ROW(CKR_PIN_LEN_RANGE, HSM_PIN_WRONG),
    ROW(CKR_PIN_EXPIRED, HSM_PIN_WRONG),
    ROW(CKR_USER_PIN_NOT_INITIALIZED, HSM_PIN_WRONG),
    ROW(CKR_PIN_LOCKED, HSM_PIN_LOCKED),

    /* The token, its session or its login is gone, or the session is stuck: only another session can help. */
    ROW(CKR_DEVICE_ERROR, HSM_TOKEN_UNAVAILABLE),
    ROW(CKR_DEVICE_REMOVED, HSM_TOKEN_UNAVAILABLE),
    ROW(CKR_TOKEN_NOT_PRESENT, HSM_TOKEN_UNAVAILABLE),
    ROW(CKR_TOKEN_NOT_RECOGNIZED, HSM_TOKEN_UNAVAILABLE),
    ROW(CKR_SLOT_ID_INVALID, HSM_TOKEN_UNAVAILABLE),
    ROW(CKR_SESSION_CLOSED, HSM_TOKEN_UNAVAILABLE),
    ROW(CKR_SESSION_HANDLE_INVALID, HSM_TOKEN_UNAVAILABLE),
    ROW(CKR_USER_NOT_LOGGED_IN, HSM_TOKEN_UNAVAILABLE),
    ROW(CKR_CRYPTOKI_NOT_INITIALIZED, HSM_TOKEN_UNAVAILABLE),
    ROW(CKR_OPERATION_ACTIVE, HSM_TOKEN_UNAVAILABLE),
    ROW(CKR_OPERATION_NOT_INITIALIZED, HSM_TOKEN_UNAVAILABLE),

    ROW(CKR_KEY_NOT_WRAPPABLE, HSM_NOT_WRAPPABLE),
    ROW(CKR_KEY_UNEXTRACTABLE, HSM_NOT_WRAPPABLE),
    ROW(CKR_KEY_SIZE_RANGE, HSM_TOO_LARGE),
    ROW(CKR_DATA_LEN_RANGE, HSM_TOO_LARGE),

    ROW(CKR_MECHANISM_INVALID, HSM_UNSUPPORTED),
    ROW(CKR_MECHANISM_PARAM_INVALID, HSM_UNSUPPORTED),
    ROW(CKR_FUNCTION_NOT_SUPPORTED, HSM_UNSUPPORTED),
    ROW(CKR_ATTRIBUTE_TYPE_INVALID, HSM_UNSUPPORTED),
    ROW(CKR_ATTRIBUTE_VALUE_INVALID, HSM_UNSUPPORTED),
    ROW(CKR_ATTRIBUTE_READ_ONLY, HSM_UNSUPPORTED),
    ROW(CKR_TEMPLATE_INCOMPLETE, HSM_UNSUPPORTED),
    ROW(CKR_TEMPLATE_INCONSISTENT, HSM_UNSUPPORTED),

    ROW(CKR_DEVICE_MEMORY, HSM_LIMIT),
    ROW(CKR_SESSION_COUNT, HSM_LIMIT),
    ROW(CKR_HOST_MEMORY, HSM_NO_MEMORY),

    ROW(CKR_LIBRARY_LOAD_FAILED, HSM_MODULE),

    /* Named for the log. */
    ROW(CKR_CANCEL, HSM_FAULT),
    ROW(CKR_GENERAL_ERROR, HSM_FAULT),
    ROW(CKR_FUNCTION_FAILED, HSM_FAULT),
    ROW(CKR_ARGUMENTS_BAD, HSM_FAULT),
    ROW(CKR_NEED_TO_CREATE_THREADS, HSM_FAULT),
    ROW(CKR_CANT_LOCK, HSM_FAULT),
    ROW(CKR_ATTRIBUTE_SENSITIVE, HSM_FAULT),
    ROW(CKR_ACTION_PROHIBITED, HSM_FAULT),
    ROW(CKR_DATA_INVALID, HSM_FAULT),
    ROW(CKR_ENCRYPTED_DATA_INVALID, HSM_FAULT),
    ROW(CKR_ENCRYPTED_DATA_LEN_RANGE, HSM_FAULT),
    ROW(CKR_FUNCTION_CANCELED, HSM_FAULT),
    ROW(CKR_FUNCTION_REJECTED, HSM_FAULT),
    ROW(CKR_KEY_HANDLE_INVALID, HSM_FAULT),
    ROW(CKR_KEY_TYPE_INCONSISTENT, HSM_FAULT),
    ROW(CKR_KEY_FUNCTION_NOT_PERMITTED, HSM_FAULT),
    ROW(CKR_OBJECT_HANDLE_INVALID, HSM_FAULT),
    ROW(CKR_SESSION_READ_ONLY, HSM_FAULT),
    ROW(CKR_SESSION_EXISTS, HSM_FAULT),
    ROW(CKR_TOKEN_WRITE_PROTECTED, HSM_FAULT),
    ROW(CKR_UNWRAPPING_KEY_HANDLE_INVALID, HSM_FAULT),
    ROW(CKR_UNWRAPPING_KEY_SIZE_RANGE, HSM_FAULT),
    ROW(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, HSM_FAULT),
    ROW(CKR_USER_ALREADY_LOGGED_IN, HSM_FAULT),
    ROW(CKR_USER_TYPE_INVALID, HSM_FAULT),
    ROW(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, HSM_FAULT),
    ROW(CKR_USER_TOO_MANY_TYPES, HSM_FAULT),
    ROW(CKR_WRAPPED_KEY_INVALID, HSM_FAULT),
    ROW(CKR_WRAPPED_KEY_LEN_RANGE, HSM_FAULT),
    ROW(CKR_WRAPPING_KEY_HANDLE_INVALID, HSM_FAULT),
    ROW(CKR_WRAPPING_KEY_SIZE_RANGE, HSM_FAULT),
    ROW(CKR_WRAPPING_KEY_TYPE_INCONSISTENT, HSM_FAULT),
    ROW(CKR_RANDOM_NO_RNG, HSM_FAULT),
    ROW(CKR_CURVE_NOT_SUPPORTED, HSM_UNSUPPORTED),
    ROW(CKR_BUFFER_TOO_SMALL, HSM_FAULT),
    ROW(CKR_CRYPTOKI_ALREADY_INITIALIZED, HSM_FAULT),
    ROW(CKR_FIPS_SELF_TEST_FAILED, HSM_FAULT),
};

static const struct error_row *row_of(CK_RV rv)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].rv == rv) {
            return &rows[i];
        }
    }
    return NULL;
}

struct hsm_result hsm_result_of(CK_RV rv, const char *what)
{
    if (rv == CKR_OK) {
        return HSM_SUCCESS;
    }
    const struct error_row *row = row_of(rv);
    return (struct hsm_result){.code = row == NULL ? HSM_FAULT : row->code, .rv = rv, .what = what};
}

struct hsm_result hsm_failure(enum hsm_code code, const char *what)
{
    return (struct hsm_result){.code = code, .rv = CKR_OK, .what = what};
}

const char *hsm_rv_name(unsigned long rv)
{
    static char numbered[sizeof "CKR_0x" + 2 * sizeof rv];
    const struct error_row *row = row_of(rv);
    if (row != NULL) {
        return row->name;
    }
    snprintf(numbered, sizeof numbered, "CKR_0x%lx", rv);
    return numbered;
}
