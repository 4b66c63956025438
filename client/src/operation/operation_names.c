/* The names of operations as commands; see operation.h. */
#include "operation.h"

#include "proto/service.h"

#include <ctype.h>
#include <string.h>

void operation_command_name(const char *rpc, char out[OPERATION_MAX_NAME])
{
    size_t at = 0;
    for (size_t i = 0; rpc[i] != '\0' && at + 2 < OPERATION_MAX_NAME; i++) {
        bool capital = isupper((unsigned char)rpc[i]) != 0;
        bool after_small = i > 0 && !isupper((unsigned char)rpc[i - 1]);
        bool before_small = i > 0 && islower((unsigned char)rpc[i + 1]);
        if (capital && (after_small || before_small)) {
            out[at++] = '-';
        }
        out[at++] = (char)tolower((unsigned char)rpc[i]);
    }
    out[at] = '\0';
}

const ProtobufCMethodDescriptor *operation_find(const char *command)
{
    const ProtobufCMethodDescriptor *method;
    for (size_t i = 0; (method = service_method_at(i)) != NULL; i++) {
        char name[OPERATION_MAX_NAME];
        operation_command_name(method->name, name);
        if (strcmp(name, command) == 0) {
            return method;
        }
    }
    return NULL;
}
