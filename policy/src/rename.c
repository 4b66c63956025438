/* Other names for principals; see policy/rename.h. */
#include "policy/rename.h"

#include <jansson.h>
#include <stdlib.h>

/* Compact, since what is longer than a policy may be could not be put again. In ASCII: an escape may stand for what no
 * policy may have as a character. Numbers with the digits that doubles keep. */
#define HOW_WRITTEN (JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15))

struct renaming {
    policy_rename_fn rename;
    void *arg;
    bool changed;
    bool failed; /* no memory */
};

/* The text for an ARN that gets another name; NULL for everything else. */
static json_t *new_name(struct renaming *renaming, const json_t *principal)
{
    if (!json_is_string(principal)) {
        return NULL;
    }
    struct view arn = view_of(json_string_value(principal), json_string_length(principal));
    const char *name = renaming->rename(renaming->arg, arn);
    json_t *text = name == NULL ? NULL : json_string(name);
    renaming->failed |= name != NULL && text == NULL;
    renaming->changed |= text != NULL;
    return text;
}

/* The value of Principal or NotPrincipal: one principal under AWS, or a list. */
static void rename_in(struct renaming *renaming, json_t *principals)
{
    json_t *aws = json_object_get(principals, "AWS");
    if (!json_is_array(aws)) {
        json_t *name = new_name(renaming, aws);
        renaming->failed |= name != NULL && json_object_set_new(principals, "AWS", name) != 0;
        return;
    }
    for (size_t i = 0; i < json_array_size(aws); i++) {
        json_t *name = new_name(renaming, json_array_get(aws, i));
        if (name != NULL) {
            renaming->failed |= json_array_set_new(aws, i, name) != 0;
        }
    }
}

static void rename_in_statement(struct renaming *renaming, json_t *statement)
{
    rename_in(renaming, json_object_get(statement, "Principal"));
    rename_in(renaming, json_object_get(statement, "NotPrincipal"));
}

bool policy_rename(struct view text, policy_rename_fn rename, void *arg, char **ret)
{
    struct renaming renaming = {.rename = rename, .arg = arg};
    json_error_t error = {0};
    json_t *document =
        text.len == 0 ? NULL : json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    renaming.failed = text.len != 0 && document == NULL && json_error_code(&error) == json_error_out_of_memory;
    json_t *statements = json_object_get(document, "Statement");
    rename_in_statement(&renaming, statements); /* one alone needs no list */
    for (size_t i = 0; i < json_array_size(statements); i++) {
        rename_in_statement(&renaming, json_array_get(statements, i));
    }
    char *shown = NULL;
    if (!renaming.failed) {
        shown = renaming.changed ? json_dumps(document, HOW_WRITTEN)
                                 : strndup(text.len == 0 ? "" : (const char *)text.data, text.len);
    }
    json_decref(document);
    if (shown != NULL) {
        *ret = shown;
    }
    return shown != NULL;
}
