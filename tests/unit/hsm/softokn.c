/* Making a database of NSS softokn; see softokn.h. */
#include "softokn.h"

#include <dlfcn.h>
#include <stdio.h>

/* A new database has no PIN and does not count as initialized: its SO, who has none either, sets the user's. */
static void make_database(const char *init_args)
{
    enum { DATABASE_SLOT = 2 };
    void *library = dlopen(SOFTOKN_MODULE, RTLD_NOW | RTLD_NODELETE);
    assert_non_null(library);
    CK_C_GetFunctionList get_functions = (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList");
    CK_FUNCTION_LIST *module = NULL;
    CK_SESSION_HANDLE session;
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK, .pReserved = (void *)(uintptr_t)init_args};
    static CK_UTF8CHAR nothing[] = "";
    static CK_UTF8CHAR pin[] = FIXTURE_USER_PIN;
    assert_int_equal(get_functions(&module), CKR_OK);
    assert_int_equal(module->C_Initialize(&arguments), CKR_OK);
    assert_int_equal(module->C_OpenSession(DATABASE_SLOT, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
                     CKR_OK);
    assert_int_equal(module->C_Login(session, CKU_SO, nothing, 0), CKR_OK);
    assert_int_equal(module->C_InitPIN(session, pin, sizeof pin - 1), CKR_OK);
    assert_int_equal(module->C_Finalize(NULL), CKR_OK);
    dlclose(library);
}

void softokn_make(const struct fixture *fixture, char ret_init_args[SOFTOKN_INIT_ARGS_BYTES])
{
    snprintf(ret_init_args, SOFTOKN_INIT_ARGS_BYTES,
             "configDir='sql:%s' certPrefix='' keyPrefix='' secmod='secmod.db' flags=passwordRequired", fixture->dir);
    make_database(ret_init_args);
}
