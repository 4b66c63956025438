/* Finding the daemon and asking it; see operation.h. */
#include "operation.h"

#include "operation_call.h"
#include "param.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_VARIABLE       "REWRAP_SOCKET"
#define SOCKET_OF_THE_SERVICE "/run/rewrapd/rewrapd.sock"

#define TIMEOUT_MAX_MS 3600000

/* *ret is borrowed from argv or the environment. */
static bool find_endpoint(const struct globals *globals, const char **ret, struct failure *failure)
{
    const char *endpoint = globals->endpoint;
    if (endpoint == NULL) {
        endpoint = getenv(SOCKET_VARIABLE);
    }
    if (endpoint == NULL || *endpoint == '\0') {
        endpoint = access(SOCKET_OF_THE_SERVICE, F_OK) == 0 ? SOCKET_OF_THE_SERVICE : NULL;
    }
    *ret = endpoint;
    return endpoint != NULL ||
           fail(failure, EXIT_CODE_CONFIGURATION,
                "You must specify an endpoint: --endpoint unix:PATH, or the environment variable %s "
                "(there is no %s)",
                SOCKET_VARIABLE, SOCKET_OF_THE_SERVICE);
}

/* No socket, or one that a daemon left behind. */
static bool nobody_listens(int error)
{
    return error == ENOENT || error == ECONNREFUSED;
}

/* Whether nobody listens there, or there is no socket at all, is in *ret_nobody. The caller frees *ret. */
static bool connect_to(const struct globals *globals, struct rewrap_client **ret, bool *ret_nobody,
                       struct failure *failure)
{
    const char *endpoint = NULL;
    *ret_nobody = !find_endpoint(globals, &endpoint, failure);
    if (*ret_nobody) {
        return false;
    }
    struct rewrap_client_result result = rewrap_client_connect(endpoint, ret);
    if (result.code == REWRAP_CLIENT_OK) {
        return true;
    }
    if (result.code == REWRAP_CLIENT_NO_MEMORY) {
        return fail_memory(failure);
    }
    if (result.code == REWRAP_CLIENT_ENDPOINT) {
        return fail(failure, globals->endpoint != NULL ? EXIT_CODE_USAGE : EXIT_CODE_CONFIGURATION,
                    "Bad value for %s \"%.128s\": it must be of the form unix:PATH, with a path of at most 107 bytes",
                    globals->endpoint != NULL ? "--endpoint" : SOCKET_VARIABLE, endpoint);
    }
    *ret_nobody = nobody_listens(result.saved_errno);
    return fail(failure, EXIT_CODE_OTHER, "Could not connect to the endpoint: \"%s\": %s%s", endpoint,
                strerror(result.saved_errno), *ret_nobody ? " (is rewrapd running?)" : "");
}

/* The milliseconds of --timeout-ms, 0 without it. */
static bool read_timeout(const struct globals *globals, uint32_t *ret_timeout_ms, struct failure *failure)
{
    long long timeout_ms = 0;
    if (globals->timeout_ms != NULL && !param_integer(globals->timeout_ms, 1, TIMEOUT_MAX_MS, &timeout_ms)) {
        return fail(failure, EXIT_CODE_USAGE, "argument --timeout-ms: must be 1 to %d", TIMEOUT_MAX_MS);
    }
    *ret_timeout_ms = (uint32_t)timeout_ms;
    return true;
}

/* As the AWS CLI: whoever asks for a page by --limit, --max-items or --marker gets that page. */
static bool wants_one_page(const ProtobufCMethodDescriptor *method, const struct globals *globals,
                           const json_t *request)
{
    const struct call_paging *paging = call_paging_of(method);
    return globals->no_paginate != NULL || paging == NULL || json_object_get(request, paging->limit) != NULL ||
           json_object_get(request, "Marker") != NULL;
}

bool operation_ask(const ProtobufCMethodDescriptor *method, const struct globals *globals, json_t *request,
                   json_t **ret, bool *ret_nobody, struct failure *failure)
{
    uint32_t timeout_ms = 0;
    struct rewrap_client *client = NULL;
    bool nobody = false;
    bool connected = read_timeout(globals, &timeout_ms, failure) && connect_to(globals, &client, &nobody, failure);
    if (ret_nobody != NULL) {
        *ret_nobody = nobody;
    }
    if (!connected) {
        return false;
    }
    bool called = wants_one_page(method, globals, request)
                      ? call_once(client, method, request, timeout_ms, ret, failure)
                      : call_all_pages(client, method, request, timeout_ms, ret, failure);
    rewrap_client_free(client);
    return called;
}
