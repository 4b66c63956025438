/* Messages by the names of their members; see principal_message.h. */
#include "principal_message.h"

#include "principal.h"

#include "proto/names.h"
#include "proto/service.h"

#include <assert.h>
#include <string.h>

/* Which member it is; a name that is none is a defect of a table, which every test of the operation meets. */
static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessage *message, const char *member)
{
    const ProtobufCFieldDescriptor *field = proto_field_find(message->descriptor, member);
    assert(field != NULL);
    return field;
}

static void *at(ProtobufCMessage *message, size_t offset)
{
    return (char *)message + offset;
}

char *operation_request_text(const struct operation *operation, const char *member)
{
    return *(char **)at(operation->request, field_of(operation->request, member)->offset);
}

void operation_message_set_text(ProtobufCMessage *message, const char *member, const char *text)
{
    *(const char **)at(message, field_of(message, member)->offset) = text;
}

void operation_message_set_message(ProtobufCMessage *message, const char *member, ProtobufCMessage *value)
{
    *(ProtobufCMessage **)at(message, field_of(message, member)->offset) = value;
}

void operation_message_init_answer(const struct operation *operation, union operation_principal_message *out)
{
    const ProtobufCMessageDescriptor *type = service_method(operation->kind->name)->output;
    assert(type->sizeof_message <= sizeof *out);
    type->message_init(&out->base);
}

/* ------------------------------------------------------------------ pages */

static void set_list(ProtobufCMessage *message, const char *member, void *list, size_t n)
{
    const ProtobufCFieldDescriptor *field = field_of(message, member);
    *(size_t *)at(message, field->quantifier_offset) = n;
    *(void **)at(message, field->offset) = list;
}

static void set_bool(ProtobufCMessage *message, const char *member, bool value)
{
    const ProtobufCFieldDescriptor *field = field_of(message, member);
    *(protobuf_c_boolean *)at(message, field->quantifier_offset) = true;
    *(protobuf_c_boolean *)at(message, field->offset) = value;
}

void operation_answer_page(struct operation *operation, const struct operation_page *page)
{
    char marker[OPERATION_MARKER_TEXT_BYTES];
    union operation_principal_message response;
    operation_message_init_answer(operation, &response);
    set_list(&response.base, page->member, page->list, page->n);
    set_bool(&response.base, "is_truncated", page->truncated);
    if (page->truncated) {
        operation_marker_write(page->marker, view_of_string(page->last), marker);
        operation_message_set_text(&response.base, "marker", marker);
    }
    operation_finish(operation, &response.base);
}

bool operation_page_wish(struct operation *operation, enum operation_marker marker, size_t *ret_limit,
                         uint8_t out[OPERATION_MARKER_MAX_BYTES + 1], const char **ret_after)
{
    const ProtobufCFieldDescriptor *field = field_of(operation->request, "max_items");
    bool limited = *(const protobuf_c_boolean *)at(operation->request, field->quantifier_offset) != 0;
    const char *text = operation_request_text(operation, "marker");
    size_t len = 0;
    if (text != NULL && !operation_marker_read(operation, marker, text, out, &len)) {
        return false;
    }
    if (text != NULL && strlen((const char *)out) != len) { /* a NUL is in no name */
        operation_marker_refuse(operation);
        return false;
    }
    *ret_limit = limited ? (size_t) * (const int32_t *)at(operation->request, field->offset) : OPERATION_PAGE_DEFAULT;
    *ret_after = text == NULL ? NULL : (const char *)out;
    return true;
}
