/* Reads a script: one command a line; README.md has the grammar. */
#include "faulty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 256
#define WORDS_MAX      5

struct number_name {
    const char *name;
    unsigned long number;
};

#define NAME(name)                                                                                                     \
    {                                                                                                                  \
#name, name                                                                                                    \
    }

/* Any other is written as a number. */
static const struct number_name names[] = {
    NAME(CKR_OK),
    NAME(CKR_CANCEL),
    NAME(CKR_HOST_MEMORY),
    NAME(CKR_SLOT_ID_INVALID),
    NAME(CKR_GENERAL_ERROR),
    NAME(CKR_FUNCTION_FAILED),
    NAME(CKR_ARGUMENTS_BAD),
    NAME(CKR_ATTRIBUTE_READ_ONLY),
    NAME(CKR_ATTRIBUTE_SENSITIVE),
    NAME(CKR_ATTRIBUTE_TYPE_INVALID),
    NAME(CKR_ATTRIBUTE_VALUE_INVALID),
    NAME(CKR_BUFFER_TOO_SMALL),
    NAME(CKR_CRYPTOKI_NOT_INITIALIZED),
    NAME(CKR_DATA_INVALID),
    NAME(CKR_DATA_LEN_RANGE),
    NAME(CKR_DEVICE_ERROR),
    NAME(CKR_DEVICE_MEMORY),
    NAME(CKR_DEVICE_REMOVED),
    NAME(CKR_ENCRYPTED_DATA_INVALID),
    NAME(CKR_ENCRYPTED_DATA_LEN_RANGE),
    NAME(CKR_FUNCTION_NOT_SUPPORTED),
    NAME(CKR_KEY_HANDLE_INVALID),
    NAME(CKR_KEY_NOT_WRAPPABLE),
    NAME(CKR_KEY_SIZE_RANGE),
    NAME(CKR_KEY_UNEXTRACTABLE),
    NAME(CKR_MECHANISM_INVALID),
    NAME(CKR_MECHANISM_PARAM_INVALID),
    NAME(CKR_OBJECT_HANDLE_INVALID),
    NAME(CKR_OPERATION_ACTIVE),
    NAME(CKR_OPERATION_NOT_INITIALIZED),
    NAME(CKR_PIN_EXPIRED),
    NAME(CKR_PIN_INCORRECT),
    NAME(CKR_PIN_LOCKED),
    NAME(CKR_SESSION_CLOSED),
    NAME(CKR_SESSION_COUNT),
    NAME(CKR_SESSION_HANDLE_INVALID),
    NAME(CKR_TEMPLATE_INCONSISTENT),
    NAME(CKR_TOKEN_NOT_PRESENT),
    NAME(CKR_UNWRAPPING_KEY_HANDLE_INVALID),
    NAME(CKR_USER_ALREADY_LOGGED_IN),
    NAME(CKR_USER_NOT_LOGGED_IN),
    NAME(CKR_USER_TOO_MANY_TYPES),
    NAME(CKR_VENDOR_DEFINED),
    NAME(CKR_WRAPPED_KEY_INVALID),
    NAME(CKR_WRAPPING_KEY_HANDLE_INVALID),
    NAME(CKA_ALLOWED_MECHANISMS),
    NAME(CKA_ALWAYS_SENSITIVE),
    NAME(CKA_CLASS),
    NAME(CKA_COPYABLE),
    NAME(CKA_DECRYPT),
    NAME(CKA_DERIVE),
    NAME(CKA_DESTROYABLE),
    NAME(CKA_EXTRACTABLE),
    NAME(CKA_ID),
    NAME(CKA_LABEL),
    NAME(CKA_LOCAL),
    NAME(CKA_MODIFIABLE),
    NAME(CKA_NEVER_EXTRACTABLE),
    NAME(CKA_PRIVATE),
    NAME(CKA_SENSITIVE),
    NAME(CKA_SIGN),
    NAME(CKA_TOKEN),
    NAME(CKA_TRUSTED),
    NAME(CKA_UNWRAP),
    NAME(CKA_UNWRAP_TEMPLATE),
    NAME(CKA_VALUE),
    NAME(CKA_VALUE_LEN),
    NAME(CKA_WRAP),
    NAME(CKA_WRAP_WITH_TRUSTED),
};

const char *const faulty_names[FAULTY_COUNT] = {
#define X(name) #name,
    FAULTY_FUNCTIONS(X)
#undef X
        "*",
};

static void refuse(const char *line, const char *why)
{
    fprintf(stderr, "faulty: %s: \"%s\"\n", why, line);
    abort();
}

static bool number_read(const char *text, unsigned long *ret)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, text) == 0) {
            *ret = names[i].number;
            return true;
        }
    }
    char *end = NULL;
    *ret = strtoul(text, &end, 0);
    return end != text && (*end == '\0' || strcmp(end, "ms") == 0);
}

static const struct {
    const char *name;
    enum faulty_action action;
    bool must_have_value;
} actions[] = {
    {"rv", FAULTY_RV, true},
    {"rv-after", FAULTY_RV_AFTER, true},
    {"hang", FAULTY_HANG, false},
    {"crash", FAULTY_CRASH, false},
    {"slow", FAULTY_SLOW, true},
    {"spend", FAULTY_SPEND, true},
    {"short", FAULTY_SHORT, false},
    {"long", FAULTY_LONG, false},
    {"lose-session", FAULTY_LOSE_SESSION, false},
    {"lose-login", FAULTY_LOSE_LOGIN, false},
    {"lose-token", FAULTY_LOSE_TOKEN, false},
    {"renumber", FAULTY_RENUMBER, false},
    {"count-objects", FAULTY_COUNT_OBJECTS, false},
};

/* "rv=CKR_DEVICE_ERROR", "hang" */
static bool action_read(char *word, struct faulty_rule *rule)
{
    char *value = strchr(word, '=');
    if (value != NULL) {
        *value++ = '\0';
    }
    rule->value = 1;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].name, word) == 0) {
            rule->action = actions[i].action;
            return value != NULL ? number_read(value, &rule->value) : !actions[i].must_have_value;
        }
    }
    return false;
}

static bool function_read(const char *word, enum faulty_function *ret)
{
    for (int i = 0; i < FAULTY_COUNT; i++) {
        if (strcmp(faulty_names[i], word) == 0) {
            *ret = (enum faulty_function)i;
            return true;
        }
    }
    return false;
}

/* "3", "3+" */
static bool calls_read(const char *word, struct faulty_rule *rule)
{
    char *end = NULL;
    rule->from = strtoul(word, &end, 10);
    rule->onwards = *end == '+';
    return rule->from != 0 && end[rule->onwards] == '\0';
}

static bool rule_read(char *const *words, size_t n, struct faulty_script *script)
{
    struct faulty_rule *rule = &script->rules[script->n_rules++];
    return n == 3 && function_read(words[0], &rule->function) && calls_read(words[1], rule) &&
           action_read(words[2], rule);
}

static const struct {
    const char *name;
    CK_OBJECT_CLASS class;
} classes[] = {{"secret", CKO_SECRET_KEY}, {"public", CKO_PUBLIC_KEY}, {"private", CKO_PRIVATE_KEY}};

/* "private", "C_CreateObject" */
static bool of_read(const char *word, struct faulty_attribute *ret)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (strcmp(classes[i].name, word) == 0) {
            ret->of_class = classes[i].class;
            return true;
        }
    }
    return function_read(word, &ret->of_function);
}

/* attribute CKA_SENSITIVE false, attribute CKA_TRUSTED drop public C_CreateObject */
static bool attribute_read(char *const *words, size_t n, struct faulty_script *script)
{
    static const char *const changes[] = {"drop", "true", "false", "flip", "hide", "lie"};
    struct faulty_attribute *attribute = &script->attributes[script->n_attributes++];
    attribute->of_function = FAULTY_ANY;
    attribute->of_class = FAULTY_ANY_CLASS;
    if (n < 3 || !number_read(words[1], &attribute->type)) {
        return false;
    }
    for (size_t i = 3; i < n; i++) {
        if (!of_read(words[i], attribute)) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (strcmp(changes[i], words[2]) == 0) {
            attribute->change = (enum faulty_change)i;
            return true;
        }
    }
    return false;
}

/* mechanism 0x210B as=0x2109, mechanism 0x210A hide, mechanism 0x1 wraps */
static bool mechanism_read(char *const *words, size_t n, struct faulty_script *script)
{
    struct faulty_mechanism *mechanism = &script->mechanisms[script->n_mechanisms++];
    if (n != 3 || !number_read(words[1], &mechanism->type)) {
        return false;
    }
    mechanism->as = mechanism->type;
    mechanism->hidden = strcmp(words[2], "hide") == 0;
    mechanism->wraps = strcmp(words[2], "wraps") == 0;
    mechanism->decrypts = strcmp(words[2], "decrypts") == 0;
    return mechanism->hidden || mechanism->wraps || mechanism->decrypts ||
           (strncmp(words[2], "as=", 3) == 0 && number_read(words[2] + 3, &mechanism->as));
}

/* token final-try, token 0x00040000, token silent */
static bool token_read(char *const *words, size_t n, struct faulty_script *script)
{
    if (n == 2 && strcmp(words[1], "silent") == 0) {
        script->token_is_silent = true;
        return true;
    }
    unsigned long flags = CKF_USER_PIN_FINAL_TRY;
    if (n != 2 || (strcmp(words[1], "final-try") != 0 && !number_read(words[1], &flags))) {
        return false;
    }
    script->token_flags |= flags;
    return true;
}

static bool command_read(char *const *words, size_t n, struct faulty_script *script)
{
    if (script->n_rules == FAULTY_MAX_RULES || script->n_attributes == FAULTY_MAX_RULES ||
        script->n_mechanisms == FAULTY_MAX_RULES) {
        return false;
    }
    if (strcmp(words[0], "attribute") == 0) {
        return attribute_read(words, n, script);
    }
    if (strcmp(words[0], "mechanism") == 0) {
        return mechanism_read(words, n, script);
    }
    if (strcmp(words[0], "token") == 0) {
        return token_read(words, n, script);
    }
    return rule_read(words, n, script);
}

static void line_read(const char *line, struct faulty_script *script)
{
    char copy[LINE_MAX_BYTES];
    char *words[WORDS_MAX + 1];
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", line);
    copy[strcspn(copy, "#")] = '\0';
    char *rest = copy;
    for (char *word; n <= WORDS_MAX && (word = strsep(&rest, " \t\r")) != NULL;) {
        if (*word != '\0') {
            words[n++] = word;
        }
    }
    if (n != 0 && (n > WORDS_MAX || !command_read(words, n, script))) {
        refuse(line, "not a command");
    }
}

void faulty_script_parse(const char *text, struct faulty_script *ret)
{
    *ret = (struct faulty_script){0};
    while (*text != '\0') {
        char line[LINE_MAX_BYTES];
        size_t len = strcspn(text, "\n");
        if (len >= sizeof line) {
            refuse(text, "a line is too long");
        }
        memcpy(line, text, len);
        line[len] = '\0';
        line_read(line, ret);
        text += len + (text[len] == '\n');
    }
}
