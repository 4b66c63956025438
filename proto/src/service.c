/* The list of operations; see proto/service.h. */
#include "proto/service.h"

#include "proto/rewrap.pb-c.h"

const ProtobufCServiceDescriptor *service_key_management(void)
{
    return &rewrap__key_management__descriptor;
}

const ProtobufCMethodDescriptor *service_method(const char *name)
{
    return protobuf_c_service_descriptor_get_method_by_name(&rewrap__key_management__descriptor, name);
}
