/* Reading a decision table: lines, abbreviations, definitions; see README.md. */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>

#define LINE_BYTES (64 * 1024)

REWRAP_PRINTF(2, 0)
static void say(const struct table *table, const char *format, va_list arguments)
{
    fprintf(stderr, "%s:%zu: ", table->path, table->line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void table_die(const struct table *table, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(table, format, arguments);
    va_end(arguments);
    exit(2);
}

void table_fail(struct table *table, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(table, format, arguments);
    va_end(arguments);
    table->failures++;
}

static void *take_memory(const struct table *table, size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        table_die(table, "out of memory");
    }
    return memory;
}

char *table_cut(char *text, const char *separator, char **rest)
{
    char *found = strstr(text, separator);
    *rest = NULL;
    if (found != NULL) {
        *found = '\0';
        *rest = found + strlen(separator);
        *rest += strspn(*rest, " ");
    }
    text += strspn(text, " ");
    for (size_t len = strlen(text); len > 0 && text[len - 1] == ' '; len--) {
        text[len - 1] = '\0';
    }
    return text;
}

/* ---------------------------------------------------------------- abbreviations */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static const char *abbreviated(const struct table *table, const char *name, size_t len)
{
    for (size_t i = table->abbreviation_count; i > 0; i--) {
        const struct table_abbreviation *abbreviation = &table->abbreviations[i - 1];
        if (strlen(abbreviation->name) == len && memcmp(abbreviation->name, name, len) == 0) {
            return abbreviation->text;
        }
    }
    table_die(table, "no abbreviation $%.*s", (int)len, name);
}

/* "$name" becomes its text; "${" is a policy variable's. The result is the table's. */
static char *replace(struct table *table, const char *text)
{
    struct table_text *kept = take_memory(table, sizeof(*kept) + LINE_BYTES);
    char *out = kept->text;
    kept->next = table->texts;
    table->texts = kept;
    size_t len = 0;
    while (*text != '\0') {
        size_t name = 0;
        const char *piece = text;
        size_t size = 1;
        while (text[0] == '$' && is_letter(text[1 + name])) {
            name++;
        }
        if (name != 0) {
            piece = abbreviated(table, text + 1, name);
            size = strlen(piece);
        }
        if (len + size >= LINE_BYTES) {
            table_die(table, "the line is too long");
        }
        memcpy(out + len, piece, size);
        len += size;
        text += 1 + name;
    }
    return out;
}

/* ---------------------------------------------------------------- definitions */

static struct policy_document *parse(const struct table *table, enum policy_kind kind, const char *text)
{
    struct policy_document *document = NULL;
    struct policy_result result = policy_document_parse(kind, view_of_string(text), &document);
    if (result.code != POLICY_OK) {
        table_die(table, "%s at %s: %s", table_error_text(result.code), result.place, result.reason);
    }
    return document;
}

static void define(struct table *table, struct table_document *documents, size_t *count, enum policy_kind kind,
                   char *line)
{
    char *text;
    char *name = table_cut(line, " ", &text);
    if (*count == TABLE_MAX || text == NULL) {
        table_die(table, "too many documents, or one without a text");
    }
    documents[(*count)++] = (struct table_document){.name = name, .document = parse(table, kind, text)};
}

static void define_key(struct table *table, char *line)
{
    define(table, table->keys, &table->key_count, POLICY_KIND_KEY, line);
}

static void define_identity(struct table *table, char *line)
{
    define(table, table->identities, &table->identity_count, POLICY_KIND_IDENTITY, line);
}

static void define_abbreviation(struct table *table, char *line)
{
    char *text;
    char *name = table_cut(line, "=", &text);
    if (table->abbreviation_count == TABLE_MAX || text == NULL) {
        table_die(table, "too many abbreviations, or one without a text");
    }
    table->abbreviations[table->abbreviation_count++] = (struct table_abbreviation){.name = name, .text = text};
}

static size_t define_pairs(struct table *table, struct policy_pair *pairs, char *text)
{
    size_t count = 0;
    while (text != NULL && *text != '\0') {
        char *next;
        char *value;
        char *key = table_cut(text, ",", &next);
        key = table_cut(key, ":", &value);
        if (count == POLICY_GRANT_PAIRS_MAX || value == NULL) {
            table_die(table, "pairs are key:value,…");
        }
        pairs[count++] = (struct policy_pair){.key = view_of_string(key), .value = view_of_string(value)};
        text = next;
    }
    return count;
}

static uint32_t define_operations(struct table *table, char *text)
{
    uint32_t operations = 0;
    while (text != NULL) {
        char *next;
        uint32_t operation = policy_grant_operation_of_name(view_of_string(table_cut(text, ",", &next)));
        if (operation == 0) {
            table_die(table, "no operation of grants: %s", text);
        }
        operations |= operation;
        text = next;
    }
    return operations;
}

static void define_grant(struct table *table, char *line)
{
    char *rest;
    struct table_grant *made = take_memory(table, sizeof(*made));
    struct policy_grant *grant = &made->grant;
    made->name = table_cut(line, " ", &rest);
    grant->id = view_of_string(made->name);
    while (rest != NULL) {
        char *next;
        char *value;
        char *name = table_cut(table_cut(rest, " ", &next), "=", &value);
        if (strcmp(name, "grantee") == 0) {
            grant->grantee = view_of_string(value);
        } else if (strcmp(name, "operations") == 0) {
            grant->operations = define_operations(table, value);
        } else if (strcmp(name, "source") == 0) {
            grant->constraints.source_arn = view_of_string(value);
        } else if (strcmp(name, "equals") == 0) {
            grant->constraints.has_equals = true;
            grant->constraints.equals = made->equals;
            grant->constraints.equals_count = define_pairs(table, made->equals, value);
        } else if (strcmp(name, "subset") == 0) {
            grant->constraints.has_subset = true;
            grant->constraints.subset = made->subset;
            grant->constraints.subset_count = define_pairs(table, made->subset, value);
        } else {
            table_die(table, "a grant has no %s", name);
        }
        rest = next;
    }
    if (table->grant_count == TABLE_MAX) {
        table_die(table, "too many grants");
    }
    table->grants[table->grant_count++] = made;
}

static void clear_condition(struct table *table)
{
    policy_document_free(table->allow_when);
    policy_document_free(table->deny_when);
    table->allow_when = NULL;
    table->deny_when = NULL;
}

/* One policy that allows when it holds, one that allows unless it does. */
static void define_condition(struct table *table, char *line)
{
    char text[LINE_BYTES];
    clear_condition(table);
    const char *version = "2012-10-17";
    if (strncmp(line, "2008 ", 5) == 0) {
        version = "2008-10-17";
        line += 5;
    }
    snprintf(text, sizeof(text),
             "{\"Version\":\"%s\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
             "\"Resource\":\"*\",\"Condition\":%s}}",
             version, line);
    table->allow_when = parse(table, POLICY_KIND_KEY, text);
    snprintf(text, sizeof(text),
             "{\"Version\":\"%s\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
             "\"Resource\":\"*\"},{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\","
             "\"Condition\":%s}]}",
             version, line);
    table->deny_when = parse(table, POLICY_KIND_KEY, text);
}

static const struct definition {
    const char *word;
    void (*define)(struct table *table, char *line);
} definitions[] = {
    {"let ", define_abbreviation},    {"key ", define_key}, {"identity ", define_identity}, {"grant ", define_grant},
    {"condition ", define_condition},
};

static void take_line(struct table *table, char *line, void (*run)(struct table *table, char *line))
{
    for (size_t i = 0; i < sizeof(definitions) / sizeof(definitions[0]); i++) {
        size_t len = strlen(definitions[i].word);
        if (strncmp(line, definitions[i].word, len) == 0) {
            definitions[i].define(table, line + len);
            return;
        }
    }
    if (strncmp(line, "R-", 2) != 0) {
        table_die(table, "neither a definition nor a verdict, which begins with its rule: %s", line);
    }
    table->verdicts++;
    run(table, line);
}

/* A line that begins with a blank goes on with the one before it. */
static bool goes_on(FILE *file)
{
    int c = getc(file);
    ungetc(c, file);
    return c == ' ';
}

void table_read(struct table *table, const char *path, void (*run)(struct table *table, char *line))
{
    FILE *file = fopen(path, "re");
    table->path = path;
    if (file == NULL) {
        table_die(table, "cannot be opened");
    }
    char line[LINE_BYTES];
    size_t len = 0;
    while (fgets(line + len, (int)(sizeof(line) - len), file) != NULL) {
        table->line++;
        len = strlen(line);
        if (len + 1 == sizeof(line)) {
            table_die(table, "the line is too long");
        }
        len -= len > 0 && line[len - 1] == '\n';
        line[len] = '\0';
        if (len != 0 && line[0] != '#' && goes_on(file)) {
            continue;
        }
        if (len != 0 && line[0] != '#') {
            take_line(table, replace(table, line), run);
        }
        len = 0;
    }
    fclose(file);
}

const struct table_document *table_find(const struct table *table, const struct table_document *documents, size_t count,
                                        const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(documents[i].name, name) == 0) {
            return &documents[i];
        }
    }
    table_die(table, "no document %s", name);
}

void table_clear(struct table *table)
{
    for (size_t i = 0; i < table->key_count; i++) {
        policy_document_free(table->keys[i].document);
    }
    for (size_t i = 0; i < table->identity_count; i++) {
        policy_document_free(table->identities[i].document);
    }
    for (size_t i = 0; i < table->grant_count; i++) {
        free(table->grants[i]);
    }
    clear_condition(table);
    while (table->texts != NULL) {
        struct table_text *next = table->texts->next;
        free(table->texts);
        table->texts = next;
    }
}
