/* What operations are called on the command line, and that each is explained there. */
#include "operation/operation.h"

#include "proto/json.h"
#include "proto/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names_of_commands(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"ReEncrypt", "re-encrypt"},
                                           {"Encrypt", "encrypt"},
                                           {"GenerateDataKeyWithoutPlaintext", "generate-data-key-without-plaintext"},
                                           {"ListKeys", "list-keys"},
                                           {"GenerateMAC", "generate-mac"},
                                           {"GetHSMStatus", "get-hsm-status"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[OPERATION_MAX_NAME];
        operation_command_name(names[i][0], name);
        assert_string_equal(name, names[i][1]);
    }
    assert_null(operation_find("ReEncrypt"));
    assert_null(operation_find(""));
    assert_string_equal(operation_find("list-aliases")->name, "ListAliases");
}

/* Every option that the sentence names is one of the operation's. */
static void check_options_named(const ProtobufCMethodDescriptor *method, const char *sentence)
{
    for (const char *at = strstr(sentence, "--"); at != NULL; at = strstr(at + 2, "--")) {
        size_t len = strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-");
        bool found = false;
        for (unsigned i = 0; i < method->input->n_fields; i++) {
            char option[JSON_MAX_NAME];
            json_option_name(method->input->fields[i].name, option);
            found |= strlen(option) == len && strncmp(option, at + 2, len) == 0;
        }
        if (!found) {
            fail_msg("%s has no option %.*s", method->name, (int)len + 2, at);
        }
    }
}

static void every_operation_is_explained(void **state)
{
    (void)state;
    const ProtobufCMethodDescriptor *method;
    for (size_t i = 0; (method = service_method_at(i)) != NULL; i++) {
        const struct operation_about *about = operation_about(method->name);
        if (about == NULL) {
            fail_msg("operation_about.c has no line for %s", method->name);
            return;
        }
        assert_true(strlen(about->does) > 0);
        check_options_named(method, about->does);
        check_options_named(method, about->needs);
    }
    assert_null(operation_about("Nope"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_commands),
        cmocka_unit_test(every_operation_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
