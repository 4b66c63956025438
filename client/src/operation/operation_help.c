/* The help of an operation, made from its descriptor; see operation.h. */
#include "operation.h"

#include "param_check.h"

#include <string.h>

#define WRAP_COLUMN 100
#define HELP_COLUMN 48 /* the longest option fits before it */

static const char *const kind_names[] = {
    [JSON_KIND_STRING] = "<value>",    [JSON_KIND_BLOB] = "<blob>",        [JSON_KIND_BOOL] = "",
    [JSON_KIND_INTEGER] = "<integer>", [JSON_KIND_ENUM] = "<value>",       [JSON_KIND_TIMESTAMP] = "<timestamp>",
    [JSON_KIND_MAP] = "<map>",         [JSON_KIND_OBJECT] = "<structure>",
};

/* Where each kind of value that has a syntax is explained once, below the options. */
static const struct {
    enum json_kind kind;
    const char *text;
} kind_texts[] = {
    {JSON_KIND_BLOB,
     "<blob>       base64, file://FILE with base64, fileb://FILE with the bytes, or - for bytes on the standard input"},
    {JSON_KIND_MAP, "<map>        KeyName1=string,KeyName2='a,b' or a JSON object"},
    {JSON_KIND_TIMESTAMP, "<timestamp>  seconds since 1970-01-01 UTC"},
};

static void print_enum(const ProtobufCEnumDescriptor *values, FILE *file)
{
    size_t column = (size_t)fprintf(file, "       ");
    for (unsigned i = 0; i < values->n_values; i++) {
        if (column + strlen(values->values[i].name) > WRAP_COLUMN) {
            column = (size_t)fprintf(file, "\n       ") - 1;
        }
        column += (size_t)fprintf(file, " %s", values->values[i].name);
    }
    fprintf(file, "\n");
}

static void print_members(const ProtobufCMessageDescriptor *type, FILE *file)
{
    fprintf(file, "        ");
    for (unsigned i = 0; i < type->n_fields; i++) {
        char name[JSON_MAX_NAME];
        json_member_name(type->fields[i].name, name);
        fprintf(file, "%s%s=…", i == 0 ? "" : ",", name);
    }
    fprintf(file, " or JSON\n");
}

static void print_option(const ProtobufCFieldDescriptor *field, FILE *file)
{
    char option[JSON_MAX_NAME];
    json_option_name(field->name, option);
    enum json_kind kind = json_field_kind(field);
    bool list = param_field_is_list(field);
    if (kind == JSON_KIND_BOOL && !list) {
        fprintf(file, "    --%s | --no-%s\n", option, option);
        return;
    }
    fprintf(file, "    --%s %s%s\n", option, kind_names[kind], list ? " …" : "");
    if (kind == JSON_KIND_ENUM) {
        print_enum(field->descriptor, file);
    }
    if (kind == JSON_KIND_OBJECT) {
        print_members(field->descriptor, file);
    }
}

static bool has_kind(const ProtobufCMessageDescriptor *type, enum json_kind kind)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (json_field_kind(&type->fields[i]) == kind) {
            return true;
        }
    }
    return false;
}

void operation_help_version(FILE *file)
{
    fprintf(file, "rewrapctl %s\n", REWRAP_VERSION);
}

void operation_help_globals(FILE *file)
{
    size_t n = 0;
    const struct global_option *table = globals_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (table[i].argument != NULL) {
            int used = fprintf(file, "    --%s %s", table[i].name, table[i].argument);
            fprintf(file, "%*s %s\n", used < HELP_COLUMN ? HELP_COLUMN - used : 0, "", table[i].help);
        }
    }
}

/* The page that explains an operation, by what its name is about; those of keys and data are the rest. */
static const char *page_of(const char *rpc)
{
    static const struct {
        const char *about;
        const char *page;
    } pages[] = {
        {"KeyPolic", "policy.md"}, {"Grant", "policy.md"},  {"Explain", "policy.md"},       {"User", "principals.md"},
        {"Role", "principals.md"}, {"Doctor", "doctor.md"}, {"AccessKey", "principals.md"},
    };
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (strstr(rpc, pages[i].about) != NULL) {
            return pages[i].page;
        }
    }
    return "operations.md";
}

static void print_about(const struct operation_about *about, FILE *file)
{
    fprintf(file, "%s\nNeeded: %s.", about->does, about->needs);
    if (about->may != NULL) {
        fprintf(file, " Optional: %s.", about->may);
    }
    fputc('\n', file);
}

static void print_values(const ProtobufCMessageDescriptor *input, FILE *file)
{
    fprintf(file, "\nValues:\n    Any value but a blob may be in a text file: file://FILE. Lists are separated by "
                  "spaces, or JSON.\n");
    for (size_t i = 0; i < sizeof kind_texts / sizeof kind_texts[0]; i++) {
        if (has_kind(input, kind_texts[i].kind)) {
            fprintf(file, "    %s\n", kind_texts[i].text);
        }
    }
}

static void print_answer(const ProtobufCMessageDescriptor *output, FILE *file)
{
    fprintf(file, "\nAnswer:\n");
    for (unsigned i = 0; i < output->n_fields; i++) {
        char name[JSON_MAX_NAME];
        json_member_name(output->fields[i].name, name);
        fprintf(file, "    %s%s\n", name, param_field_is_list(&output->fields[i]) ? " (list)" : "");
    }
    if (output->n_fields == 0) {
        fprintf(file, "    nothing\n");
    }
}

void operation_help(const ProtobufCMethodDescriptor *method, FILE *file)
{
    char command[OPERATION_MAX_NAME];
    operation_command_name(method->name, command);
    fprintf(file, "usage: rewrapctl %s [options]\n\n", command);
    fprintf(file, "Calls the operation %s of rewrapd.\n", method->name);
    const struct operation_about *about = operation_about(method->name);
    if (about != NULL) {
        print_about(about, file);
    }
    fprintf(file, "More, and which values this version serves: docs/%s\n\nOptions:\n", page_of(method->name));
    for (unsigned i = 0; i < method->input->n_fields; i++) {
        print_option(&method->input->fields[i], file);
    }
    print_values(method->input, file);
    fprintf(file, "\nGlobal options:\n");
    operation_help_globals(file);
    print_answer(method->output, file);
}
