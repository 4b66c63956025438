/*
 * Every limit of the table of constraints at its four edges: one below the least, the least, the most, one above. Each
 * request of the service gets a message made by reflection, in which only the member at hand is at the edge.
 */
#include "fixture.h"
#include "request/constraints.h"
#include "request/validate.h"

#include "proto/json.h"

#include <stdio.h>

/* A message of any type, on the heap, as protobuf-c makes them. */
static ProtobufCMessage *new_message(const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = calloc(1, type->sizeof_message);
    assert_non_null(message);
    type->message_init(message);
    return message;
}

static void *at(ProtobufCMessage *message, size_t offset)
{
    return (char *)message + offset;
}

static const ProtobufCFieldDescriptor *field_of(const struct operation_constraint *row)
{
    for (unsigned i = 0; i < row->type->n_fields; i++) {
        if (strcmp(row->type->fields[i].name, row->field) == 0) {
            return &row->type->fields[i];
        }
    }
    fail_msg("%s.%s is not there", row->type->short_name, row->field);
    return NULL;
}

/* Sets the member to a value of that length, or to that integer; the value is the test's to free. */
static void *set(ProtobufCMessage *message, const struct operation_constraint *row, int64_t size)
{
    const ProtobufCFieldDescriptor *field = field_of(row);
    if (field->type == PROTOBUF_C_TYPE_INT32) {
        *(protobuf_c_boolean *)at(message, field->quantifier_offset) = true;
        *(int32_t *)at(message, field->offset) = (int32_t)size;
        return NULL;
    }
    char *value = repeated('a', (size_t)size);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        char **list = calloc(1, sizeof *list);
        assert_non_null(list);
        list[0] = value;
        *(size_t *)at(message, field->quantifier_offset) = 1;
        *(char ***)at(message, field->offset) = list;
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        *(protobuf_c_boolean *)at(message, field->quantifier_offset) = true;
        *(ProtobufCBinaryData *)at(message, field->offset) =
            (ProtobufCBinaryData){.data = (uint8_t *)value, .len = (size_t)size};
    } else {
        *(char **)at(message, field->offset) = value;
    }
    return value;
}

static bool violates_at(const ProtobufCMessage *message, const struct operation_constraint *row, const char *element,
                        const char *words)
{
    char *got = NULL;
    assert_true(operation_validate_message(message, &got));
    char name[JSON_MAX_NAME];
    json_camel_name(row->field, name);
    char wanted[256];
    snprintf(wanted, sizeof wanted, " at '%s%s' failed to satisfy constraint: Member must %s", name, element, words);
    bool found = got != NULL && strstr(got, wanted) != NULL;
    free(got);
    return found;
}

static bool violates(const ProtobufCMessage *message, const struct operation_constraint *row, const char *words)
{
    bool is_list = field_of(row)->label == PROTOBUF_C_LABEL_REPEATED;
    return violates_at(message, row, is_list ? ".1.member" : "", words);
}

static const char *words_of(const struct operation_constraint *row, const char *relation, int64_t limit)
{
    bool is_value = field_of(row)->type == PROTOBUF_C_TYPE_INT32;
    return text("have %s %s than or equal to %lld", is_value ? "value" : "length", relation, (long long)limit);
}

static void try_size(const struct operation_constraint *row, int64_t size)
{
    ProtobufCMessage *message = new_message(row->type);
    void *value = set(message, row, size);
    bool low = violates(message, row, words_of(row, "greater", row->min));
    bool high = violates(message, row, words_of(row, "less", row->max));
    if (low != (size < row->min) || high != (size > row->max)) {
        fail_msg("%s.%s of %lld: low %d, high %d", row->type->short_name, row->field, (long long)size, low, high);
    }
    const ProtobufCFieldDescriptor *field = field_of(row);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        free(*(void **)at(message, field->offset));
    }
    free(value);
    free(message);
}

static void every_limit_holds_at_its_edges(void **state)
{
    (void)state;
    const struct operation_constraint *table;
    size_t n = operation_constraints(&table);
    assert_true(n > 20);
    for (size_t i = 0; i < n; i++) {
        const struct operation_constraint *row = &table[i];
        if (row->max == 0 && field_of(row)->type != PROTOBUF_C_TYPE_INT32) {
            continue; /* must only be there; what a message has has rows of its own */
        }
        if (row->min > 0 || field_of(row)->type == PROTOBUF_C_TYPE_INT32) {
            try_size(row, row->min - 1);
        }
        try_size(row, row->min);
        try_size(row, row->max);
        try_size(row, row->max + 1);
    }
}

static void every_list_holds_at_its_edges(void **state)
{
    (void)state;
    const struct operation_constraint *table;
    size_t n = operation_constraints(&table);
    size_t lists = 0;
    for (size_t i = 0; i < n; i++) {
        const struct operation_constraint *row = &table[i];
        if (row->max_items == 0 || field_of(row)->type != PROTOBUF_C_TYPE_STRING) {
            continue; /* of a map, the test of the operation that has one */
        }
        lists++;
        char one[] = "1";
        char *items[64];
        for (size_t j = 0; j < COUNT(items); j++) {
            items[j] = one;
        }
        const ProtobufCFieldDescriptor *field = field_of(row);
        ProtobufCMessage *message = new_message(row->type);
        *(char ***)at(message, field->offset) = items;
        for (size_t items_n = 0; items_n <= row->max_items + 1; items_n++) {
            *(size_t *)at(message, field->quantifier_offset) = items_n;
            char *got = NULL;
            assert_true(operation_validate_message(message, &got));
            bool refused =
                got != NULL && strstr(got, "Value at 'grantTokens' failed to satisfy constraint: Member must "
                                           "have length less than or equal to 10") != NULL;
            assert_int_equal(refused, items_n > row->max_items);
            free(got);
        }
        free(message);
    }
    assert_true(lists >= 5);
}

static void every_required_member_is_missed(void **state)
{
    (void)state;
    const struct operation_constraint *table;
    size_t n = operation_constraints(&table);
    for (size_t i = 0; i < n; i++) {
        ProtobufCMessage *message = new_message(table[i].type);
        bool missed = violates_at(message, &table[i], "", "not be null"); /* of a list: has no element */
        assert_int_equal(missed, (table[i].flags & OPERATION_REQUIRED) != 0);
        free(message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_limit_holds_at_its_edges),
        cmocka_unit_test(every_list_holds_at_its_edges),
        cmocka_unit_test(every_required_member_is_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
