/* The lists of operations, from the descriptors of the services in rewrap.proto. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

/* Every service of the socket, KeyManagement first, which is what AWS KMS has too: NULL for an index beyond the last.
 * The descriptors are static. */
const ProtobufCServiceDescriptor *service_at(size_t index);

/* Every rpc of every service, in the order of the contract: NULL for an index beyond the last. */
const ProtobufCMethodDescriptor *service_method_at(size_t index);

/* The rpc of that exact name ("ReEncrypt", case-sensitive: KMS.md R-2) in any of them, or NULL. */
const ProtobufCMethodDescriptor *service_method(const char *name);
