/* Decision tables: what README.md beside this describes, read into memory. */
#pragma once

#include "policy/evaluate.h"

#include <stdio.h>

#define TABLE_MAX 128 /* definitions of each kind, words of a line */

struct table_document {
    const char *name;
    struct policy_document *document;
};

struct table_grant {
    const char *name;
    struct policy_grant grant;
    struct policy_pair equals[POLICY_GRANT_PAIRS_MAX];
    struct policy_pair subset[POLICY_GRANT_PAIRS_MAX];
};

struct table_abbreviation {
    const char *name;
    const char *text;
};

/* A line with its abbreviations replaced: definitions point into it. */
struct table_text {
    struct table_text *next;
    char text[];
};

struct table {
    const char *path;
    struct table_text *texts;
    size_t line; /* the one being read */
    struct table_abbreviation abbreviations[TABLE_MAX];
    size_t abbreviation_count;
    struct table_document keys[TABLE_MAX];
    size_t key_count;
    struct table_document identities[TABLE_MAX];
    size_t identity_count;
    struct table_grant *grants[TABLE_MAX];
    size_t grant_count;
    struct policy_document *allow_when; /* of the last condition */
    struct policy_document *deny_when;
    size_t verdicts;
    size_t failures;
};

/* Ends the program with the line and the message: a table that cannot be read proves nothing. */
void table_die(const struct table *table, const char *format, ...) REWRAP_PRINTF(2, 3) __attribute__((noreturn));

/* Prints the line and the message, and counts. */
void table_fail(struct table *table, const char *format, ...) REWRAP_PRINTF(2, 3);

/* Calls run for each verdict of the file, with the abbreviations replaced; definitions are kept in the table. */
void table_read(struct table *table, const char *path, void (*run)(struct table *table, char *line));

void table_clear(struct table *table);

/* The text without surrounding blanks; cut at the first separator, what is behind it in *rest (NULL: none). */
char *table_cut(char *text, const char *separator, char **rest);

const struct table_document *table_find(const struct table *table, const struct table_document *documents, size_t count,
                                        const char *name);

/* Names of errors without POLICY_, as tables write them. */
const char *table_error_text(enum policy_error error);

void table_run(struct table *table, char *line); /* table_run.c */

/* All documents of the table, as people can compare them. dump.c */
void table_dump(const struct table *table, FILE *out);
