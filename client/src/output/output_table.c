/* --output table: a box with two columns; see output.h. */
#include "output.h"

#include <stdlib.h>
#include <string.h>

/* A row is a title (right is NULL and title set), one wide cell (right is NULL), or a pair. */
struct row {
    bool title;
    char *left;  /* owned */
    char *right; /* owned, or NULL */
};

struct table {
    struct row *rows; /* owned */
    size_t n;
    size_t cap;
    bool failed; /* out of memory: nothing is printed */
};

/* Takes the strings over. */
static void table_add(struct table *table, bool title, char *left, char *right, bool pair)
{
    if (table->n == table->cap && !table->failed) {
        size_t cap = table->cap == 0 ? 32 : table->cap * 2;
        struct row *rows = reallocarray(table->rows, cap, sizeof *rows);
        table->failed = rows == NULL;
        table->rows = rows == NULL ? table->rows : rows;
        table->cap = rows == NULL ? table->cap : cap;
    }
    table->failed |= left == NULL || (pair && right == NULL);
    if (table->failed) {
        free(left);
        free(right);
        return;
    }
    table->rows[table->n++] = (struct row){.title = title, .left = left, .right = right};
}

static void table_clear(struct table *table)
{
    for (size_t i = 0; i < table->n; i++) {
        free(table->rows[i].left);
        free(table->rows[i].right);
    }
    free(table->rows);
}

static void add_section(struct table *table, const char *title, const json_t *value);

static void add_object(struct table *table, const json_t *object)
{
    const char **keys = output_sorted_keys(object);
    if (keys == NULL) {
        table->failed = true;
        return;
    }
    for (size_t i = 0; keys[i] != NULL; i++) {
        const json_t *value = json_object_get(object, keys[i]);
        if (!output_is_nested(value)) {
            table_add(table, false, strdup(keys[i]), output_scalar(value), true);
        }
    }
    for (size_t i = 0; keys[i] != NULL; i++) {
        const json_t *value = json_object_get(object, keys[i]);
        if (output_is_nested(value)) {
            add_section(table, keys[i], value);
        }
    }
    free(keys);
}

/* A list of structures is a section each; of scalars, one section with a wide cell each. */
static void add_section(struct table *table, const char *title, const json_t *value)
{
    if (json_is_object(json_array_get(value, 0))) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            add_section(table, title, json_array_get(value, i));
        }
        return;
    }
    table_add(table, true, strdup(title), NULL, false);
    if (json_is_object(value)) {
        add_object(table, value);
    } else if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            table_add(table, false, output_scalar(json_array_get(value, i)), NULL, false);
        }
    } else {
        table_add(table, false, output_scalar(value), NULL, false);
    }
}

/* Columns on a terminal: characters, not bytes. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; text != NULL && *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

struct layout {
    size_t left;
    size_t right;
    size_t inner; /* between the outer bars */
};

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Each cell has two spaces on both sides; a pair has a bar between. */
static struct layout layout_of(const struct table *table)
{
    struct layout layout = {0};
    size_t wide = 0;
    for (size_t i = 0; i < table->n; i++) {
        const struct row *row = &table->rows[i];
        if (row->right == NULL) {
            wide = max_size(wide, width_of(row->left) + 4);
        } else {
            layout.left = max_size(layout.left, width_of(row->left) + 4);
            layout.right = max_size(layout.right, width_of(row->right) + 4);
        }
    }
    layout.inner = max_size(wide, layout.left == 0 ? 0 : layout.left + 1 + layout.right);
    if (layout.left != 0) {
        layout.right = layout.inner - 1 - layout.left;
    }
    return layout;
}

static void print_repeated(char character, size_t n, FILE *file)
{
    for (size_t i = 0; i < n; i++) {
        fputc(character, file);
    }
}

static void print_cell(const char *text, size_t before, size_t width, FILE *file)
{
    print_repeated(' ', before, file);
    fputs(text, file);
    print_repeated(' ', width - before - width_of(text), file);
    fputc('|', file);
}

static void print_row(const struct row *row, const struct layout *layout, FILE *file)
{
    fputc('|', file);
    if (row->right == NULL) {
        size_t before = row->title ? (layout->inner - width_of(row->left)) / 2 : 2;
        print_cell(row->left, before, layout->inner, file);
    } else {
        print_cell(row->left, 2, layout->left, file);
        print_cell(row->right, 2, layout->right, file);
    }
    fputc('\n', file);
}

/* The line between two rows, or around the table: a '+' where a bar of a neighbour meets it. */
static void print_rule(const struct row *above, const struct row *below, const struct layout *layout, FILE *file)
{
    bool split = (above != NULL && above->right != NULL) || (below != NULL && below->right != NULL);
    fputc('+', file);
    print_repeated('-', split ? layout->left : layout->inner, file);
    if (split) {
        fputc('+', file);
        print_repeated('-', layout->right, file);
    }
    fputs("+\n", file);
}

static void print_table(const struct table *table, FILE *file)
{
    struct layout layout = layout_of(table);
    print_repeated('-', layout.inner + 2, file);
    fputc('\n', file);
    for (size_t i = 0; i < table->n; i++) {
        const struct row *row = &table->rows[i];
        const struct row *above = i == 0 ? NULL : &table->rows[i - 1];
        bool boundary = above != NULL && (row->title || above->title || (row->right == NULL) != (above->right == NULL));
        if (boundary) {
            print_rule(above, row, &layout, file);
        }
        print_row(row, &layout, file);
    }
    print_rule(&table->rows[table->n - 1], NULL, &layout, file);
}

bool output_table(const char *title, const json_t *value, FILE *file)
{
    struct table table = {0};
    add_section(&table, title, value);
    if (!table.failed) {
        print_table(&table, file);
    }
    table_clear(&table);
    return !table.failed && ferror(file) == 0;
}
