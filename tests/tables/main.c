/*
 * tables FILE…                 runs the verdicts of decision tables
 * tables --dump FILE           prints the documents of a table in their compiled form
 * tables --dump FILE EXPECTED  compares that with what was committed
 */
#include "table.h"

#include <stdlib.h>

static void pass_over(struct table *table, char *line)
{
    (void)table;
    (void)line;
}

static int run(const char *path)
{
    static struct table table;
    table = (struct table){0};
    table_read(&table, path, table_run);
    printf("%s: %zu verdicts, %zu wrong\n", path, table.verdicts, table.failures);
    table_clear(&table);
    return table.failures == 0 && table.verdicts != 0 ? 0 : 1;
}

static char *read_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "re");
    ssize_t len = file == NULL ? -1 : getdelim(&text, &size, '\0', file);
    if (len < 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    fclose(file);
    return text;
}

static int compare(const char *got, const char *wanted, const char *path)
{
    size_t line = 1;
    size_t i = 0;
    for (; got[i] == wanted[i] && got[i] != '\0'; i++) {
        line += got[i] == '\n';
    }
    if (got[i] == wanted[i]) {
        return 0;
    }
    fprintf(stderr,
            "%s:%zu: the documents are not compiled as they were; after a look at what has changed, write it anew with "
            "--dump\n",
            path, line);
    return 1;
}

static int dump(const char *path, const char *expected)
{
    static struct table table;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return 2;
    }
    table_read(&table, path, pass_over);
    table_dump(&table, out);
    table_clear(&table);
    fclose(out);
    if (expected == NULL) {
        fputs(text, stdout);
        free(text);
        return 0;
    }
    char *wanted = read_file(expected);
    int differs = compare(text, wanted, expected);
    free(wanted);
    free(text);
    return differs;
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "--dump") == 0) {
        return dump(argv[2], argc > 3 ? argv[3] : NULL);
    }
    int status = argc < 2 ? 2 : 0;
    for (int i = 1; i < argc; i++) {
        status |= run(argv[i]);
    }
    return status;
}
