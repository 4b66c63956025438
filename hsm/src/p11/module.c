/*
 * Loading a module; see module.h. Unmanaged: p11-kit finds and opens the library and hands out its own table, without
 * its proxy in between, so that initialization arguments can be ours and a call costs nothing extra.
 */
#include "module.h"

#include "errors.h"
#include "p11_call.h"

#include <p11-kit/p11-kit.h>
#include <stdio.h>

/* What p11-kit, and so the dynamic loader, says of the path; its text lives until its next failure only. */
static const char *why_not_loaded(void)
{
    static char why[256]; /* one module at a time is loaded */
    const char *message = p11_kit_message();
    snprintf(why, sizeof why, "%s", message == NULL ? "dlopen or C_GetFunctionList" : message);
    for (char *at = why; *at != '\0'; at++) {
        *at = *at < 0x20 || *at > 0x7e ? '?' : *at;
    }
    return why;
}

struct hsm_result module_load(struct hsm_token *token, const struct hsm_token_config *config)
{
    if (config->module == NULL || config->module[0] == '\0') {
        return hsm_failure(HSM_MODULE, "no PKCS#11 module named");
    }
    p11_kit_be_quiet();
    CK_FUNCTION_LIST *functions = p11_kit_module_load(config->module, P11_KIT_MODULE_UNMANAGED);
    if (functions == NULL) {
        return hsm_failure(HSM_MODULE, why_not_loaded());
    }
    token->functions = functions;
    bool has_arguments = config->init_args != NULL && config->init_args[0] != '\0';
    CK_RV rv = p11_initialize(token, has_arguments ? config->init_args : NULL);
    if (rv != CKR_OK) {
        p11_kit_module_release(functions);
        token->functions = NULL;
        return (struct hsm_result){.code = HSM_MODULE, .rv = rv, .what = "C_Initialize"};
    }
    token->initialized = true;
    return HSM_SUCCESS;
}

void module_unload(struct hsm_token *token)
{
    if (token->initialized) {
        rewrap_ignore(p11_finalize(token), "the library is unloaded next");
        token->initialized = false;
    }
    if (token->functions != NULL) {
        p11_kit_module_release(token->functions);
        token->functions = NULL;
    }
}
