/* Clauses of validation errors; see clauses.h. */
#include "clauses.h"

#include "patterns.h"

#include "proto/json.h"

#include <stdio.h>
#include <string.h>

static bool put(struct buffer *buffer, const char *text, size_t len)
{
    return buffer_append(buffer, text, len);
}

static bool put_text(struct buffer *buffer, const char *text)
{
    return put(buffer, text, strlen(text));
}

static bool put_value(struct buffer *buffer, const char *value)
{
    if (value == NULL) {
        return put_text(buffer, "Value");
    }
    size_t len = operation_text_cut(value, OPERATION_CLAUSE_VALUE_MAX_BYTES);
    return put_text(buffer, "Value '") && put(buffer, value, len) &&
           put_text(buffer, value[len] == '\0' ? "" : "...") && put_text(buffer, "'");
}

static bool put_path(struct buffer *buffer, const struct operation_path *path)
{
    char name[JSON_MAX_NAME];
    if (path->parent != NULL && (!put_path(buffer, path->parent) || !put_text(buffer, "."))) {
        return false;
    }
    if (path->field == NULL) {
        snprintf(name, sizeof name, "%zu.member", path->element);
    } else {
        json_camel_name(path->field, name);
    }
    return put_text(buffer, name);
}

/* Takes a new clause, or leaves the text as it was. */
static void add(struct operation_clauses *clauses, bool is_null, const char *value, const struct operation_path *path,
                const char *constraint, const char *detail)
{
    clauses->full = clauses->full || clauses->n == OPERATION_CLAUSES_MAX;
    if (clauses->full) {
        return;
    }
    struct buffer *text = &clauses->text;
    size_t before = text->len;
    if ((clauses->n != 0 && !put_text(text, "; ")) ||
        !(is_null ? put_text(text, "Value null") : put_value(text, value)) || !put_text(text, " at '") ||
        !put_path(text, path) || !put_text(text, "' failed to satisfy constraint: Member must ") ||
        !put_text(text, constraint) || !put_text(text, detail)) {
        text->len = before;
        clauses->full = true;
        return;
    }
    clauses->n++;
}

void operation_clauses_add(struct operation_clauses *clauses, const struct operation_path *path, const char *value,
                           const char *constraint, const char *detail)
{
    add(clauses, false, value, path, constraint, detail);
}

void operation_clauses_add_null(struct operation_clauses *clauses, const struct operation_path *path)
{
    add(clauses, true, NULL, path, "not be null", "");
}

char *operation_clauses_text(const struct operation_clauses *clauses)
{
    char *text = NULL;
    int len = asprintf(&text, "%u validation error%s detected: %.*s", clauses->n, clauses->n == 1 ? "" : "s",
                       (int)clauses->text.len, (const char *)clauses->text.data);
    return len < 0 ? NULL : text;
}
