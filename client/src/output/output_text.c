/* --output text: tab-separated lines, as the AWS CLI prints them; see output.h. */
#include "output.h"

#include "command/printable.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct line {
    FILE *file;
    bool started;
    bool failed;
};

static void line_add(struct line *line, const char *text)
{
    line->failed |= (line->started && fputc('\t', line->file) == EOF) || fputs(text, line->file) < 0;
    line->started = true;
}

static void line_add_scalar(struct line *line, const json_t *value)
{
    char *text = output_scalar(value);
    line->failed |= text == NULL;
    line_add(line, text == NULL ? "" : text);
    free(text);
}

/* "KEYMETADATA", for the lines of a structure or list inside. Nothing at the top, where name is NULL. */
static void line_add_name(struct line *line, const char *name)
{
    if (name == NULL) {
        return;
    }
    char capitals[128];
    size_t len = strlen(name) < sizeof capitals ? strlen(name) : sizeof capitals - 1;
    for (size_t i = 0; i < len; i++) {
        capitals[i] = (char)toupper((unsigned char)name[i]);
    }
    capitals[len] = '\0';
    line_add(line, capitals);
}

static bool line_end(struct line *line)
{
    return !line->failed && fputc('\n', line->file) != EOF;
}

static bool print_value(const char *name, const json_t *value, const char *const *columns, FILE *file);

/* Every member that is a scalar in some element: elements of a list have the same columns, empty where one has no such
 * member. */
static json_t *list_columns(const json_t *list)
{
    json_t *columns = json_object();
    for (size_t i = 0; columns != NULL && i < json_array_size(list); i++) {
        const char *key;
        json_t *value;
        json_object_foreach(json_array_get(list, i), key, value)
        {
            if (!output_is_nested(value) && json_object_set_new(columns, key, json_true()) != 0) {
                json_decref(columns);
                return NULL;
            }
        }
    }
    return columns;
}

static bool print_list_of_objects(const char *name, const json_t *list, FILE *file)
{
    json_t *columns = list_columns(list);
    const char **keys = columns == NULL ? NULL : output_sorted_keys(columns);
    bool printed = keys != NULL;
    for (size_t i = 0; printed && i < json_array_size(list); i++) {
        printed = print_value(name, json_array_get(list, i), keys, file);
    }
    free(keys);
    json_decref(columns);
    return printed;
}

/* A line for each with the name before it; at the top one line for all. */
static bool print_list_of_scalars(const char *name, const json_t *list, FILE *file)
{
    struct line line = {.file = file};
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (name != NULL) {
            line.started = false;
        }
        line_add_name(&line, name);
        line_add_scalar(&line, json_array_get(list, i));
        bool last = i + 1 == json_array_size(list);
        if ((name != NULL || last) && !line_end(&line)) {
            return false;
        }
    }
    return true;
}

static bool print_scalar_line(const char *name, const json_t *object, const char *const *columns, FILE *file)
{
    struct line line = {.file = file};
    bool any = false;
    for (size_t i = 0; columns[i] != NULL; i++) {
        const json_t *value = json_object_get(object, columns[i]);
        if (output_is_nested(value)) {
            continue;
        }
        if (!any) {
            line_add_name(&line, name);
            any = true;
        }
        if (value == NULL) {
            line_add(&line, "");
        } else {
            line_add_scalar(&line, value);
        }
    }
    return !any || line_end(&line);
}

static bool print_object(const char *name, const json_t *object, const char *const *columns, FILE *file)
{
    const char **keys = output_sorted_keys(object);
    if (keys == NULL) {
        return false;
    }
    bool printed = print_scalar_line(name, object, columns == NULL ? keys : columns, file);
    for (size_t i = 0; printed && keys[i] != NULL; i++) {
        const json_t *value = json_object_get(object, keys[i]);
        if (output_is_nested(value)) {
            printed = print_value(keys[i], value, NULL, file);
        }
    }
    free(keys);
    return printed;
}

static bool print_value(const char *name, const json_t *value, const char *const *columns, FILE *file)
{
    if (json_is_object(value)) {
        return print_object(name, value, columns, file);
    }
    if (json_is_array(value)) {
        return json_is_object(json_array_get(value, 0)) ? print_list_of_objects(name, value, file)
                                                        : print_list_of_scalars(name, value, file);
    }
    struct line line = {.file = file};
    line_add_scalar(&line, value);
    return line_end(&line);
}

bool output_text(const json_t *value, FILE *file)
{
    /* What --query picks alone, a policy for one, goes into a file as it was put: there are no columns to be forged. */
    if (json_is_string(value)) {
        return printable_write(json_string_value(value), PRINTABLE_TEXT, file) && fputc('\n', file) != EOF;
    }
    return print_value(NULL, value, NULL, file);
}
