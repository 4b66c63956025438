/* The module itself: its function list, the module behind it, and what is asked before there is a session. */
#include "faulty.h"
#include "forward.h"
#include "settings.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

CK_FUNCTION_LIST *faulty_token;
static void *library;

static void unload(void)
{
    faulty_token = NULL;
    if (library != NULL) {
        dlclose(library);
        library = NULL;
    }
}

static CK_FUNCTION_LIST *load(const char *path)
{
    CK_FUNCTION_LIST *functions = NULL;
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get = NULL;
    if (library != NULL) {
        *(void **)&get = dlsym(library, "C_GetFunctionList");
    }
    if (get == NULL || get(&functions) != CKR_OK) {
        const char *why = dlerror();
        fprintf(stderr, "faulty: %s: %s\n", path, why == NULL ? "C_GetFunctionList" : why);
        unload();
        return NULL;
    }
    return functions;
}

CK_RV faulty_C_Initialize(void *arguments)
{
    CK_C_INITIALIZE_ARGS inner = {0};
    if (arguments != NULL) {
        inner = *(const CK_C_INITIALIZE_ARGS *)arguments;
    }
    if (faulty_settings_read(inner.pReserved) || inner.pReserved == NULL) {
        inner.pReserved = (void *)(uintptr_t)faulty_settings()->inner;
    }
    struct faulty_step step = faulty_begin(FAULTY_C_Initialize, FAULTY_NEEDS_NOTHING, CK_INVALID_HANDLE);
    if (step.answered) {
        return step.rv;
    }
    if (faulty_token != NULL) {
        return CKR_CRYPTOKI_ALREADY_INITIALIZED;
    }
    CK_FUNCTION_LIST *functions = load(faulty_settings()->module);
    if (functions == NULL) {
        return CKR_GENERAL_ERROR;
    }
    CK_RV rv = faulty_end(&step, functions->C_Initialize(arguments == NULL ? NULL : &inner));
    if (rv != CKR_OK) {
        unload();
        return rv;
    }
    faulty_token = functions;
    return CKR_OK;
}

CK_RV faulty_C_Finalize(void *reserved)
{
    struct faulty_step step = faulty_begin(FAULTY_C_Finalize, FAULTY_NEEDS_NOTHING, CK_INVALID_HANDLE);
    if (step.answered) {
        return step.rv;
    }
    CK_RV rv = faulty_token->C_Finalize(reserved);
    if (rv == CKR_OK) {
        unload();
    }
    return faulty_end(&step, rv);
}

CK_RV faulty_C_GetSlotList(CK_BBOOL with_token, CK_SLOT_ID *slots, CK_ULONG *count)
{
    struct faulty_step step = faulty_begin(FAULTY_C_GetSlotList, FAULTY_NEEDS_NOTHING, CK_INVALID_HANDLE);
    if (step.answered) {
        return step.rv;
    }
    if (step.lost && with_token != CK_FALSE) {
        *count = 0;
        return CKR_OK;
    }
    CK_RV rv = faulty_token->C_GetSlotList(with_token, slots, count);
    return faulty_end_length(&step, rv, count, count);
}

CK_RV faulty_C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    struct faulty_step step = faulty_begin(FAULTY_C_GetSlotInfo, FAULTY_NEEDS_NOTHING, CK_INVALID_HANDLE);
    if (step.answered) {
        return step.rv;
    }
    CK_RV rv = faulty_token->C_GetSlotInfo(slot, info);
    if (rv == CKR_OK && step.lost) {
        info->flags &= ~CKF_TOKEN_PRESENT;
    }
    return faulty_end(&step, rv);
}

CK_RV faulty_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    struct faulty_step step = faulty_begin(FAULTY_C_GetTokenInfo, FAULTY_NEEDS_TOKEN, CK_INVALID_HANDLE);
    if (step.answered) {
        return step.rv;
    }
    CK_RV rv = faulty_token->C_GetTokenInfo(slot, info);
    if (rv == CKR_OK && faulty_script()->token_is_silent) {
        info->flags &= ~(CK_FLAGS)(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED);
    }
    if (rv == CKR_OK) {
        info->flags |= faulty_script()->token_flags;
    }
    return faulty_end(&step, rv);
}

/* The token's list without what is hidden and with what is claimed. */
static CK_ULONG mechanisms_known(const CK_MECHANISM_TYPE *all, CK_ULONG n, CK_MECHANISM_TYPE *out)
{
    const struct faulty_script *script = faulty_script();
    CK_ULONG known = 0;
    for (CK_ULONG i = 0; i < n; i++) {
        if (faulty_mechanism_find(all[i]) == NULL) {
            out[known++] = all[i];
        }
    }
    for (size_t i = 0; i < script->n_mechanisms; i++) {
        if (!script->mechanisms[i].hidden) {
            out[known++] = script->mechanisms[i].type;
        }
    }
    return known;
}

static CK_RV mechanisms_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
    CK_MECHANISM_TYPE all[1024];
    CK_MECHANISM_TYPE known[1024 + FAULTY_MAX_RULES];
    CK_ULONG n = sizeof all / sizeof all[0];
    CK_RV rv = faulty_token->C_GetMechanismList(slot, all, &n);
    if (rv != CKR_OK) {
        return rv;
    }
    n = mechanisms_known(all, n, known);
    if (list != NULL && *count >= n) {
        memcpy(list, known, n * sizeof list[0]);
    }
    rv = list == NULL || *count >= n ? CKR_OK : CKR_BUFFER_TOO_SMALL;
    *count = n;
    return rv;
}

CK_RV faulty_C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
    struct faulty_step step = faulty_begin(FAULTY_C_GetMechanismList, FAULTY_NEEDS_TOKEN, CK_INVALID_HANDLE);
    return step.answered ? step.rv : faulty_end_length(&step, mechanisms_list(slot, list, count), list, count);
}

CK_RV faulty_C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    struct faulty_step step = faulty_begin(FAULTY_C_GetMechanismInfo, FAULTY_NEEDS_TOKEN, CK_INVALID_HANDLE);
    if (step.answered) {
        return step.rv;
    }
    const struct faulty_mechanism *found = faulty_mechanism_find(type);
    if (found != NULL && found->hidden) {
        return CKR_MECHANISM_INVALID;
    }
    return faulty_end(&step, faulty_token->C_GetMechanismInfo(slot, found == NULL ? type : found->as, info));
}

CK_RV faulty_C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    static CK_FUNCTION_LIST functions = {.version = {2, 40},
#define X(name) .name = faulty_##name,
                                         FAULTY_FUNCTIONS(X)
#undef X
    };
    struct faulty_step step = faulty_begin(FAULTY_C_GetFunctionList, FAULTY_NEEDS_NOTHING, CK_INVALID_HANDLE);
    if (step.answered) {
        return step.rv;
    }
    *list = &functions;
    return faulty_end(&step, CKR_OK);
}

/* The one name that others look for. */
__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    return faulty_C_GetFunctionList(list);
}
