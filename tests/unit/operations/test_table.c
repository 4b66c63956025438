/* The tables against each other: rpcs, rows of operations, permissions, constraints. */
#include "access/authorize.h"
#include "fixture.h"
#include "frame/errors.h"
#include "frame/table.h"
#include "request/constraints.h"

#include "proto/service.h"

static void every_rpc_has_one_row_and_every_row_an_rpc(void **state)
{
    (void)state;
    const struct operation_kind *const *table;
    size_t n = operation_kinds(&table);
    size_t n_methods = 0;
    const ProtobufCServiceDescriptor *service;
    for (size_t s = 0; (service = service_at(s)) != NULL; s++) {
        n_methods += service->n_methods;
        for (unsigned i = 0; i < service->n_methods; i++) {
            size_t rows = 0;
            for (size_t j = 0; j < n; j++) {
                rows += strcmp(table[j]->name, service->methods[i].name) == 0;
            }
            assert_int_equal(rows, 1);
            const struct operation_kind *kind = operation_kind_find(service->methods[i].name);
            assert_non_null(kind);
            assert_non_null(kind->run);
        }
    }
    assert_int_equal(n, n_methods);
    for (size_t j = 0; j < n; j++) {
        assert_non_null(service_method(table[j]->name));
    }
    assert_null(operation_kind_find("reEncrypt"));
    assert_null(operation_kind_find(""));
}

static void every_operation_has_a_permission_and_every_permission_an_operation(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"kms:", "iam:", "rewrapd:"}; /* by service */
    const ProtobufCServiceDescriptor *service;
    for (size_t s = 0; (service = service_at(s)) != NULL; s++) {
        assert_true(s < COUNT(prefixes));
        for (unsigned i = 0; i < service->n_methods; i++) {
            const char *name = service->methods[i].name;
            size_t rows = 0;
            for (enum operation_permission permission = 0; permission < OPERATION_PERMISSIONS; permission++) {
                const struct operation_permission_row *row = operation_permission_row(permission);
                if (strcmp(row->operation, name) != 0) {
                    continue;
                }
                rows++;
                assert_memory_equal(row->action, prefixes[s], strlen(prefixes[s]));
                if (strcmp(name, "ReEncrypt") != 0) {
                    assert_string_equal(row->action + strlen(prefixes[s]), name);
                }
            }
            assert_int_equal(rows, strcmp(name, "ReEncrypt") == 0 ? 2 : 1);
        }
    }
    for (enum operation_permission permission = 0; permission < OPERATION_PERMISSIONS; permission++) {
        assert_non_null(service_method(operation_permission_row(permission)->operation));
    }
}

static void check_members(const ProtobufCMessageDescriptor *type)
{
    const struct operation_constraint *const *by_field = operation_constraints_of(type);
    assert_non_null(by_field); /* every request of ours has at least one */
    assert_true(type->n_fields <= OPERATION_MESSAGE_MAX_FIELDS);
    for (unsigned j = 0; j < type->n_fields; j++) {
        const ProtobufCFieldDescriptor *field = &type->fields[j];
        bool has_limit = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES ||
                         field->type == PROTOBUF_C_TYPE_INT32;
        if (has_limit && by_field[j] == NULL) {
            fail_msg("%s.%s has no limit", type->short_name, field->name);
        }
        if (by_field[j] != NULL) {
            assert_string_equal(by_field[j]->field, field->name);
        }
    }
}

static void every_request_member_that_needs_one_has_a_constraint(void **state)
{
    (void)state;
    const ProtobufCServiceDescriptor *const services[] = {&rewrap__key_management__descriptor,
                                                          &rewrap__principal_management__descriptor};
    for (size_t s = 0; s < COUNT(services); s++) {
        for (unsigned i = 0; i < services[s]->n_methods; i++) {
            check_members(services[s]->methods[i].input);
        }
    }
    assert_null(operation_constraints_of(&rewrap__key_metadata__descriptor));
}

static void every_code_of_others_has_an_error_of_ours(void **state)
{
    (void)state;
    for (enum workers_status status = WORKERS_BUSY; status <= WORKERS_NO_MEMORY; status++) {
        assert_non_null(operation_code_name(operation_failure_of_workers(status).code));
    }
    for (int status = HSM__STATUS__STATUS_BAD_REQUEST; status <= HSM__STATUS__STATUS_INTERNAL; status++) {
        assert_non_null(operation_code_name(operation_failure_of_token((Hsm__Status)status).code));
    }
    for (enum registry_code code = REGISTRY_EXISTS; code <= REGISTRY_NO_MEMORY; code++) {
        assert_non_null(operation_code_name(operation_failure_of_registry(code).code));
    }
    /* numbers of a hostile or newer worker */
    assert_int_equal(operation_failure_of_token((Hsm__Status)999).code, OPERATION_INTERNAL);
    assert_int_equal(operation_failure_of_token((Hsm__Status)-1).code, OPERATION_INTERNAL);
    assert_int_equal(operation_failure_of_token(HSM__STATUS__STATUS_OK).code, OPERATION_INTERNAL);
}

static void what_may_succeed_later_is_retryable(void **state)
{
    (void)state;
    static const char *const retryable[] = {"DependencyTimeoutException", "KMSInternalException",
                                            "KeyUnavailableException", "ThrottlingException"};
    size_t n = 0;
    for (enum operation_code code = OPERATION_ACCESS_DENIED; code <= OPERATION_VALIDATION; code++) {
        bool wanted = false;
        for (size_t i = 0; i < COUNT(retryable); i++) {
            wanted = wanted || strcmp(operation_code_name(code), retryable[i]) == 0;
        }
        assert_int_equal(operation_code_retryable(code), wanted);
        n += wanted;
    }
    assert_int_equal(n, COUNT(retryable));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rpc_has_one_row_and_every_row_an_rpc),
        cmocka_unit_test(every_operation_has_a_permission_and_every_permission_an_operation),
        cmocka_unit_test(every_request_member_that_needs_one_has_a_constraint),
        cmocka_unit_test(every_code_of_others_has_an_error_of_ours),
        cmocka_unit_test(what_may_succeed_later_is_retryable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
