/* What was typed; see command_line.h. */
#include "command_line.h"

#include "guess.h"
#include "operation/param_check.h"

#include "proto/json.h"

#include <stdlib.h>
#include <string.h>

struct words {
    char **argv;
    int argc;
    int at;
};

static bool is_option(const char *word)
{
    return strncmp(word, "--", 2) == 0;
}

static bool more_values(const struct words *words)
{
    return words->at < words->argc && !is_option(words->argv[words->at]);
}

/* The name of "--name=value" or "--name": *ret_value is NULL for the second. */
static struct view option_split(char *word, char **ret_value)
{
    char *name = word + 2;
    char *equals = strchr(name, '=');
    *ret_value = equals == NULL ? NULL : equals + 1;
    return view_of(name, equals == NULL ? strlen(name) : (size_t)(equals - name));
}

static bool parse_global(struct words *words, const struct global_option *option, char *inline_value,
                         struct globals *globals, struct failure *failure)
{
    const char *value = inline_value;
    if (option->arity == GLOBAL_NONE && value != NULL) {
        return fail(failure, EXIT_CODE_USAGE, "argument --%s: takes no value", option->name);
    }
    bool takes = option->arity == GLOBAL_ONE || option->arity == GLOBAL_OPTIONAL;
    if (takes && value == NULL && more_values(words)) {
        value = words->argv[words->at++];
    }
    if (option->arity == GLOBAL_ONE && value == NULL) {
        return fail(failure, EXIT_CODE_USAGE, "argument --%s: expected one argument", option->name);
    }
    return globals_set(globals, option, value, failure);
}

bool command_line_command(int argc, char **argv, struct globals *globals, int *ret_command, struct failure *failure)
{
    struct words words = {.argv = argv, .argc = argc};
    while (words.at < argc && is_option(argv[words.at])) {
        char *value = NULL;
        char *word = argv[words.at++];
        const struct global_option *option = globals_find(option_split(word, &value));
        if (option == NULL) {
            return fail(failure, EXIT_CODE_USAGE, "Unknown options: %.256s", word);
        }
        if (!parse_global(&words, option, value, globals, failure)) {
            return false;
        }
    }
    *ret_command = words.at;
    return true;
}

bool command_line_take(const char *option, int *argc, char **argv, const char **ret, struct failure *failure)
{
    const size_t len = strlen(option);
    int kept = 0;
    *ret = NULL;
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], option) == 0) {
            if (++i == *argc) {
                return fail(failure, EXIT_CODE_USAGE, "argument %s: expected one argument", option);
            }
            *ret = argv[i];
        } else if (strncmp(argv[i], option, len) == 0 && argv[i][len] == '=') {
            *ret = argv[i] + len + 1;
        } else {
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    return true;
}

/* The field whose option has that name; *ret_value is false for the --no- form of a boolean. */
static const ProtobufCFieldDescriptor *option_field(const ProtobufCMessageDescriptor *type, struct view name,
                                                    bool *ret_value)
{
    const struct view no = view_of_string("no-");
    bool negated = name.len > no.len && view_equal(view_of(name.data, no.len), no);
    for (unsigned i = 0; i < type->n_fields; i++) {
        char option[JSON_MAX_NAME];
        json_option_name(type->fields[i].name, option);
        *ret_value = true;
        if (view_equal(view_of_string(option), name)) {
            return &type->fields[i];
        }
        *ret_value = false;
        if (negated && json_field_kind(&type->fields[i]) == JSON_KIND_BOOL &&
            view_equal(view_of_string(option), view_of(name.data + no.len, name.len - no.len))) {
            return &type->fields[i];
        }
    }
    return NULL;
}

static bool parse_words(struct words *words, const char *option, struct option_use *use, struct failure *failure)
{
    bool list = param_field_is_list(use->field);
    bool flag = json_field_kind(use->field) == JSON_KIND_BOOL && !list;
    if (flag) {
        return use->inline_word == NULL || fail(failure, EXIT_CODE_USAGE, "argument %s: takes no value", option);
    }
    if (use->inline_word != NULL) {
        use->words = &use->inline_word;
        use->n_words = 1;
        return true;
    }
    use->words = words->argv + words->at;
    while (more_values(words) && (list || use->n_words == 0)) {
        use->n_words++;
        words->at++;
    }
    if (!list && use->n_words == 0) {
        return fail(failure, EXIT_CODE_USAGE, "argument %s: expected one argument", option);
    }
    return true;
}

/* The rest of an unquoted blob may be a plaintext: it is not echoed. */
static bool fail_stray(const struct command_line *line, const char *word, struct failure *failure)
{
    const struct option_use *last = line->n_uses == 0 ? NULL : &line->uses[line->n_uses - 1];
    bool secret = last != NULL && json_field_kind(last->field) == JSON_KIND_BLOB;
    return fail(failure, EXIT_CODE_USAGE, "Unknown options: %.256s",
                secret ? "a word after the value of a blob" : word);
}

/* The AWS CLI takes the beginning of a name for the whole: whoever is used to that is told the name. */
static bool fail_unknown(const ProtobufCMessageDescriptor *type, struct view name, struct failure *failure)
{
    char typed[GUESS_NAME_BYTES] = "";
    struct guess guess;
    memcpy(typed, name.data, name.len < sizeof typed ? name.len : sizeof typed - 1);
    guess_begin(&guess, typed);
    for (unsigned i = 0; i < type->n_fields; i++) {
        char option[JSON_MAX_NAME];
        json_option_name(type->fields[i].name, option);
        guess_try(&guess, option);
    }
    size_t n = 0;
    const struct global_option *globals = globals_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (globals[i].argument != NULL) { /* the others are refused */
            guess_try(&guess, globals[i].name);
        }
    }
    const bool guessed = guess.name[0] != '\0';
    return fail(failure, EXIT_CODE_USAGE, "Unknown options: --%.*s%s%s%s", name.len < 256 ? (int)name.len : 256,
                (const char *)name.data, guessed ? " (did you mean --" : "", guess.name, guessed ? "?)" : "");
}

static bool parse_option(const ProtobufCMessageDescriptor *type, struct words *words, struct command_line *line,
                         struct failure *failure)
{
    char *word = words->argv[words->at++];
    if (!is_option(word)) {
        return fail_stray(line, word, failure);
    }
    char *value = NULL;
    struct view name = option_split(word, &value);
    const struct global_option *global = globals_find(name);
    if (global != NULL) {
        return parse_global(words, global, value, &line->globals, failure);
    }
    struct option_use *use = &line->uses[line->n_uses];
    *use = (struct option_use){.inline_word = value};
    use->field = option_field(type, name, &use->value);
    if (use->field == NULL) {
        return fail_unknown(type, name, failure);
    }
    line->n_uses++;
    return parse_words(words, word, use, failure);
}

/* As the AWS CLI says it for both, and with the reason for YAML alone. */
static bool check_input(const struct globals *globals, struct failure *failure)
{
    if (globals->cli_input_yaml == NULL) {
        return true;
    }
    return fail(failure, EXIT_CODE_USAGE,
                globals->cli_input_json == NULL ? "argument --cli-input-yaml: not supported: use --cli-input-json"
                                                : "Only one --cli-input- parameter may be specified.");
}

bool command_line_parse(const ProtobufCMessageDescriptor *type, int argc, char **argv, struct command_line *line,
                        struct failure *failure)
{
    struct words words = {.argv = argv, .argc = argc};
    /* No more options than words, and never moved: inline words are pointed to. */
    line->uses = calloc((size_t)argc + 1, sizeof *line->uses);
    if (line->uses == NULL) {
        return fail_memory(failure);
    }
    while (words.at < argc) {
        if (!parse_option(type, &words, line, failure)) {
            return false;
        }
    }
    return check_input(&line->globals, failure);
}

void command_line_clear(struct command_line *line)
{
    free(line->uses);
    line->uses = NULL;
    line->n_uses = 0;
}
