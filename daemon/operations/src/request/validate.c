/* Validation by reflection; see validate.h. The grammar of the texts is KMS.md R-11. */
#include "validate.h"

#include "clauses.h"
#include "constraints.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One value on its way through its checks. */
struct subject {
    struct operation_clauses *clauses;
    const struct operation_path *path;
    const char *value; /* what may be repeated of it; NULL for blobs and what is sensitive */
};

static void violated(const struct subject *subject, const char *constraint, const char *detail)
{
    operation_clauses_add(subject->clauses, subject->path, subject->value, constraint, detail);
}

static void violated_limit(const struct subject *subject, const char *constraint, int64_t limit)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRId64, limit);
    violated(subject, constraint, number);
}

/* ------------------------------------------------------------------ one value */

static void check_length(const struct subject *subject, const struct operation_constraint *constraint, size_t length)
{
    if (constraint->max != 0 && length > (uint64_t)constraint->max) {
        violated_limit(subject, "have length less than or equal to ", constraint->max);
    }
    if (length < (uint64_t)constraint->min) {
        violated_limit(subject, "have length greater than or equal to ", constraint->min);
    }
}

static void check_string(struct subject subject, const struct operation_constraint *constraint, const char *text)
{
    subject.value = constraint->flags & OPERATION_SENSITIVE ? NULL : text;
    size_t bytes = strlen(text);
    /* Never more characters than bytes, so that most texts need no counting. */
    bool fits = constraint->max == 0 || bytes <= (uint64_t)constraint->max;
    check_length(&subject, constraint, fits ? bytes : operation_text_length(text));
    if (constraint->pattern != OPERATION_PATTERN_NONE && !operation_pattern_matches(constraint->pattern, text)) {
        violated(&subject, "satisfy regular expression pattern: ", operation_pattern_text(constraint->pattern));
    }
}

static void check_integer(struct subject subject, const struct operation_constraint *constraint, int32_t value)
{
    if (value >= constraint->min && value <= constraint->max) {
        return;
    }
    char number[16];
    snprintf(number, sizeof number, "%" PRId32, value);
    subject.value = number;
    if (value > constraint->max) {
        bool beyond_model = constraint->model_max != 0 && value > constraint->model_max;
        violated_limit(&subject, "have value less than or equal to ",
                       beyond_model ? constraint->model_max : constraint->max);
    }
    if (value < constraint->min) {
        bool beyond_model = constraint->model_min != 0 && value < constraint->model_min;
        violated_limit(&subject, "have value greater than or equal to ",
                       beyond_model ? constraint->model_min : constraint->min);
    }
}

/* What protobuf hands on as a number may be none of the enumeration's. */
static void check_enum(struct subject subject, const ProtobufCEnumDescriptor *set, int32_t value)
{
    for (unsigned i = 0; i < set->n_values; i++) {
        if (set->values[i].value == value) {
            return;
        }
    }
    char number[16];
    char names[512] = "[";
    size_t len = 1;
    snprintf(number, sizeof number, "%" PRId32, value);
    for (unsigned i = 0; i < set->n_values && len < sizeof names; i++) {
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i == 0 ? "" : ", ", set->values[i].name);
    }
    if (len < sizeof names - 1) {
        memcpy(names + len, "]", sizeof "]");
    }
    subject.value = number;
    violated(&subject, "satisfy enum value set: ", names);
}

/* ------------------------------------------------------------------ fields and messages */

static void check_message(struct operation_clauses *clauses, const ProtobufCMessage *message,
                          const struct operation_path *parent);

/* The value at this place, of the field's type. */
static void check_value(struct operation_clauses *clauses, const ProtobufCFieldDescriptor *field,
                        const struct operation_constraint *constraint, const void *at,
                        const struct operation_path *path)
{
    struct subject subject = {.clauses = clauses, .path = path};
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
        if (constraint != NULL) {
            check_string(subject, constraint, *(char *const *)at);
        }
        break;
    case PROTOBUF_C_TYPE_BYTES:
        if (constraint != NULL) {
            check_length(&subject, constraint, ((const ProtobufCBinaryData *)at)->len);
        }
        break;
    case PROTOBUF_C_TYPE_INT32:
        if (constraint != NULL) {
            check_integer(subject, constraint, *(const int32_t *)at);
        }
        break;
    case PROTOBUF_C_TYPE_ENUM:
        check_enum(subject, field->descriptor, *(const int32_t *)at);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        check_message(clauses, *(ProtobufCMessage *const *)at, path);
        break;
    default: /* booleans */
        break;
    }
}

/* 0 for lists without anything to check: maps, whose entries no constraint speaks of. */
static size_t element_size(const ProtobufCFieldDescriptor *field)
{
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_MESSAGE:
        return operation_constraints_of(field->descriptor) == NULL ? 0 : sizeof(ProtobufCMessage *);
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int32_t);
    default:
        return 0;
    }
}

static const void *at_offset(const ProtobufCMessage *message, size_t offset)
{
    return (const char *)message + offset;
}

static void violated_items(struct operation_clauses *clauses, const struct operation_constraint *constraint,
                           const struct operation_path *path)
{
    struct subject subject = {.clauses = clauses, .path = path};
    violated_limit(&subject, "have length less than or equal to ", (int64_t)constraint->max_items);
}

static bool is_required(const struct operation_constraint *constraint, const ProtobufCMessage *message)
{
    return constraint != NULL && (constraint->flags & OPERATION_REQUIRED) &&
           !(constraint->excused != NULL && constraint->excused(message));
}

static void check_list(struct operation_clauses *clauses, const ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field, const struct operation_constraint *constraint,
                       const struct operation_path *path)
{
    size_t n = *(const size_t *)at_offset(message, field->quantifier_offset);
    if (constraint != NULL && constraint->max_items != 0 && n > constraint->max_items) {
        violated_items(clauses, constraint, path);
        return; /* one clause for the list, and not one for each of too many elements */
    }
    if (n == 0 && is_required(constraint, message)) { /* an empty list and none are the same in protobuf */
        operation_clauses_add_null(clauses, path);
        return;
    }
    const char *elements = *(const char *const *)at_offset(message, field->offset);
    size_t size = n == 0 ? 0 : element_size(field);
    for (size_t i = 0; size != 0 && i < n && !clauses->full; i++) {
        struct operation_path element = {.parent = path, .element = i + 1};
        check_value(clauses, field, constraint, elements + i * size, &element);
    }
}

/* Presence, in protobuf-c's two ways of saying it. */
static bool is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return *(const void *const *)at_offset(message, field->offset) != NULL;
    }
    return *(const protobuf_c_boolean *)at_offset(message, field->quantifier_offset) != 0;
}

static void check_message(struct operation_clauses *clauses, const ProtobufCMessage *message,
                          const struct operation_path *parent)
{
    const struct operation_constraint *const *by_field = operation_constraints_of(message->descriptor);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const struct operation_constraint *constraint = by_field == NULL ? NULL : by_field[i];
        struct operation_path path = {.parent = parent, .field = field->name};
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            check_list(clauses, message, field, constraint, &path);
        } else if (is_present(message, field)) {
            check_value(clauses, field, constraint, at_offset(message, field->offset), &path);
        } else if (is_required(constraint, message)) {
            operation_clauses_add_null(clauses, &path);
        }
    }
}

/* The text of the clauses, NULL when there are none; takes them over. */
static bool take_text(struct operation_clauses *clauses, char **ret_text)
{
    char *text = clauses->n == 0 ? NULL : operation_clauses_text(clauses);
    /* Full without one clause: there was no memory, since one always fits. */
    bool ok = clauses->n == 0 ? !clauses->full : text != NULL;
    if (ok) {
        *ret_text = text;
    }
    buffer_clear(&clauses->text);
    return ok;
}

bool operation_validate_message(const ProtobufCMessage *message, char **ret_text)
{
    struct operation_clauses clauses = OPERATION_CLAUSES_INIT;
    check_message(&clauses, message, NULL);
    return take_text(&clauses, ret_text);
}

/* Answers with the text, which it frees. */
static void refuse(struct operation *operation, bool made, char *text)
{
    if (made) {
        operation_fail(operation, OPERATION_VALIDATION, "%s", text);
    } else {
        operation_fail_no_memory(operation);
    }
    free(text);
}

bool operation_validate(struct operation *operation)
{
    char *text = NULL;
    bool made = operation_validate_message(operation->request, &text);
    if (made && text == NULL) {
        return true;
    }
    refuse(operation, made, text);
    return false;
}

bool operation_refuse_too_many(struct operation *operation, const ProtobufCMessageDescriptor *type, const char *field)
{
    const struct operation_constraint *const *by_field = operation_constraints_of(type);
    for (unsigned i = 0; by_field != NULL && i < type->n_fields; i++) {
        if (by_field[i] == NULL || by_field[i]->max_items == 0 || strcmp(by_field[i]->field, field) != 0) {
            continue;
        }
        struct operation_clauses clauses = OPERATION_CLAUSES_INIT;
        struct operation_path path = {.field = field};
        violated_items(&clauses, by_field[i], &path);
        char *text = NULL;
        bool made = take_text(&clauses, &text);
        refuse(operation, made, text);
        return true;
    }
    return false;
}
