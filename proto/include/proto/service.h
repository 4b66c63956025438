/* The list of operations, from the descriptor of service KeyManagement in rewrap.proto. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

/* The public service. The descriptor is static. */
const ProtobufCServiceDescriptor *service_key_management(void);

/* The rpc of that exact name ("ReEncrypt", case-sensitive: KMS.md R-2), or NULL. */
const ProtobufCMethodDescriptor *service_method(const char *name);
