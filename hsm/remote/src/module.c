/* The module itself: its function table, and the module behind it. */
#include "functions.h"

#include <dlfcn.h>
#include <string.h>

CK_FUNCTION_LIST *remote_inner;
static void *library;

static void unload(void)
{
    remote_inner = NULL;
    if (library != NULL) {
        dlclose(library);
        library = NULL;
    }
}

/* The table of this module: one that is its own module behind would never come to an end. */
static CK_FUNCTION_LIST *own_functions(void)
{
    static CK_FUNCTION_LIST functions = {.version = {2, 40},
#define X(name) .name = remote_##name,
                                         REMOTE_FORWARDED(X) REMOTE_TRANSLATED(X) REMOTE_OWN(X)
#undef X
    };
    return &functions;
}

/* An absolute path only: what the loader would find elsewhere is nobody's choice. */
static CK_RV load(const char *path)
{
    CK_C_GetFunctionList get = NULL;
    if (path == NULL || path[0] != '/') {
        return CKR_ARGUMENTS_BAD;
    }
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library != NULL) {
        *(void **)&get = dlsym(library, "C_GetFunctionList");
    }
    if (get == NULL || get(&remote_inner) != CKR_OK || remote_inner == NULL || remote_inner == own_functions()) {
        unload();
        return CKR_GENERAL_ERROR;
    }
    return CKR_OK;
}

/* In a process that was forked from one that had called it, the module behind is there already. */
CK_RV remote_C_Initialize(void *arguments)
{
    const CK_C_INITIALIZE_ARGS *given = arguments;
    struct remote_settings settings;
    if (given != NULL && given->CreateMutex != NULL && (given->flags & CKF_OS_LOCKING_OK) == 0) {
        return CKR_CANT_LOCK; /* the caller's locks only: p11-kit takes none but the system's */
    }
    CK_RV rv = remote_half.configure(given == NULL ? NULL : given->pReserved, &settings);
    if (rv != CKR_OK) {
        return rv;
    }
    const bool was_there = remote_inner != NULL;
    if (!was_there) {
        rv = load(settings.module);
    }
    if (rv != CKR_OK) {
        return rv;
    }
    CK_C_INITIALIZE_ARGS inner = {.flags = CKF_OS_LOCKING_OK, .pReserved = (void *)(uintptr_t)settings.init_args};
    rv = REMOTE_CALL(C_Initialize, &inner);
    if (rv != CKR_OK && !was_there) {
        unload();
    }
    return rv;
}

CK_RV remote_C_Finalize(void *reserved)
{
    const CK_RV rv = REMOTE_CALL(C_Finalize, reserved);
    if (rv == CKR_OK) {
        unload();
    }
    return rv;
}

/* PKCS#11's fields are padded with blanks and have no end. */
static void put_padded(CK_UTF8CHAR *field, size_t size, const char *text)
{
    const size_t len = strlen(text);
    memset(field, ' ', size);
    memcpy(field, text, len < size ? len : size);
}

CK_RV remote_C_GetInfo(CK_INFO *info)
{
    const CK_RV rv = REMOTE_CALL(C_GetInfo, info);
    if (rv == CKR_OK && remote_half.description != NULL) {
        put_padded(info->manufacturerID, sizeof info->manufacturerID, "rewrapd");
        put_padded(info->libraryDescription, sizeof info->libraryDescription, remote_half.description);
    }
    return rv;
}

CK_RV remote_C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    if (list == NULL) {
        return CKR_ARGUMENTS_BAD;
    }
    *list = own_functions();
    return CKR_OK;
}

/* The one name that others look for. */
__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    return remote_C_GetFunctionList(list);
}
