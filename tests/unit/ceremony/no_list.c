/* A PKCS#11 module that says all is well and gives no function list. */
#include <p11-kit/pkcs11.h>

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    *list = NULL;
    return CKR_OK;
}
