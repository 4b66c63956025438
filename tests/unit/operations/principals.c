/* Requests of PrincipalManagement; see principals.h. */
#include "principals.h"

#include "proto/service.h"

const struct kind_of_principal kinds_of_principals[2] = {
    {"User", "user", "user_name", PRINCIPAL_USER, "AIDA"},
    {"Role", "role", "role_name", PRINCIPAL_ROLE, "AROA"},
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
const char *operation_of(const char *format, const struct kind_of_principal *kind)
{
    return text(format, kind->title);
}
#pragma GCC diagnostic pop

static ProtobufCMessage *request_with(const char *operation, va_list members)
{
    const ProtobufCMethodDescriptor *method = service_method(operation);
    assert_non_null(method);
    ProtobufCMessage *message = calloc(1, method->input->sizeof_message);
    assert_non_null(message);
    method->input->message_init(message);
    for (const char *name = va_arg(members, const char *); name != NULL; name = va_arg(members, const char *)) {
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(method->input, name);
        assert_non_null(field);
        assert_int_equal(field->type, PROTOBUF_C_TYPE_STRING);
        *(const char **)(void *)((char *)message + field->offset) = va_arg(members, const char *);
    }
    return message;
}

ProtobufCMessage *iam_request(const char *operation, ...)
{
    va_list members;
    va_start(members, operation);
    ProtobufCMessage *request = request_with(operation, members);
    va_end(members);
    return request;
}

void iam_call(struct fixture *fixture, struct reply *reply, const char *operation, ...)
{
    va_list members;
    va_start(members, operation);
    ProtobufCMessage *request = request_with(operation, members);
    va_end(members);
    assert_success(fixture, operation, request, reply);
    free(request);
}

void iam_works(struct fixture *fixture, const char *operation, ...)
{
    struct reply reply;
    va_list members;
    va_start(members, operation);
    ProtobufCMessage *request = request_with(operation, members);
    va_end(members);
    assert_success(fixture, operation, request, &reply);
    free(request);
    reply_clear(&reply);
}

void iam_fails(struct fixture *fixture, const char *code, const char *message, const char *operation, ...)
{
    va_list members;
    va_start(members, operation);
    ProtobufCMessage *request = request_with(operation, members);
    va_end(members);
    assert_error(fixture, operation, request, code, message);
    free(request);
}
