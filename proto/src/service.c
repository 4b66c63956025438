/* The lists of operations; see proto/service.h. */
#include "proto/service.h"

#include "proto/rewrap.pb-c.h"

static const ProtobufCServiceDescriptor *const services[] = {
    &rewrap__key_management__descriptor,
    &rewrap__principal_management__descriptor,
    &rewrap__administration__descriptor,
};
#define N_SERVICES (sizeof services / sizeof services[0])

const ProtobufCServiceDescriptor *service_at(size_t index)
{
    return index < N_SERVICES ? services[index] : NULL;
}

const ProtobufCMethodDescriptor *service_method_at(size_t index)
{
    for (size_t i = 0; i < N_SERVICES; i++) {
        if (index < services[i]->n_methods) {
            return &services[i]->methods[index];
        }
        index -= services[i]->n_methods;
    }
    return NULL;
}

const ProtobufCMethodDescriptor *service_method(const char *name)
{
    for (size_t i = 0; i < N_SERVICES; i++) {
        const ProtobufCMethodDescriptor *method = protobuf_c_service_descriptor_get_method_by_name(services[i], name);
        if (method != NULL) {
            return method;
        }
    }
    return NULL;
}
