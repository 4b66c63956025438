/* What `rewrapctl token probe` prints: lines in columns, the same in a box, or one JSON document (token_output.h). */
#include "token_output.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const lengths_names[] = {
    [HSM_LENGTHS_UNKNOWN] = "UNKNOWN",
    [HSM_LENGTHS_BY_ATTRIBUTE] = "BY_ATTRIBUTE",
    [HSM_LENGTHS_BY_DIGEST] = "BY_DIGEST",
};

#define COLUMNS 4
static const char *const titles[COLUMNS] = {"COUNTS", "SUBJECT", "TRIED", "FOUND"};

struct line {
    const char *cells[COLUMNS];
};

static struct line line_of(const struct hsm_report_row *row)
{
    return (struct line){{hsm_counts_name(row->counts), row->subject, row->tried, row->found}};
}

static void find_widths(const struct hsm_report *report, int widths[COLUMNS])
{
    for (size_t column = 0; column < COLUMNS; column++) {
        widths[column] = (int)strlen(titles[column]);
        for (size_t i = 0; i < report->n_rows; i++) {
            const struct line line = line_of(&report->rows[i]);
            const int width = (int)strlen(line.cells[column]);
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
}

static void print_line(const struct line *line, const int widths[COLUMNS], bool boxed)
{
    for (size_t column = 0; column < COLUMNS; column++) {
        const bool last = column + 1 == COLUMNS;
        const char *after = boxed ? " " : last ? "" : "  ";
        printf("%s%-*s%s", boxed ? "| " : "", last && !boxed ? 0 : widths[column], line->cells[column], after);
    }
    printf(boxed ? "|\n" : "\n");
}

static void print_rule(const int widths[COLUMNS])
{
    for (size_t column = 0; column < COLUMNS; column++) {
        putchar('+');
        for (int i = 0; i < widths[column] + 2; i++) {
            putchar('-');
        }
    }
    printf("+\n");
}

static void print_rows(const struct hsm_report *report, bool boxed)
{
    int widths[COLUMNS];
    find_widths(report, widths);
    const struct line head = {{titles[0], titles[1], titles[2], titles[3]}};
    if (boxed) {
        print_rule(widths);
    }
    print_line(&head, widths, boxed);
    if (boxed) {
        print_rule(widths);
    }
    for (size_t i = 0; i < report->n_rows; i++) {
        const struct line line = line_of(&report->rows[i]);
        print_line(&line, widths, boxed);
    }
    if (boxed) {
        print_rule(widths);
    }
}

static void print_verdict(const struct token_finding *finding)
{
    const struct hsm_profile *profile = finding->profile;
    if (profile == NULL) {
        printf("level        none: %s\n", finding->reason);
        return;
    }
    printf("level        %s%s%s%s\n", token_level_name(profile->level), profile->level_reason == NULL ? "" : ": ",
           profile->level_reason == NULL ? "" : profile->level_reason,
           profile->level_reason == NULL ? "" : " is not enforced, or it cannot be told");
    printf("served       %s, with require = %s\n", finding->reason == NULL ? "yes" : "no",
           token_level_name(finding->require));
}

static bool print_text(const struct token_finding *finding, bool boxed)
{
    const struct hsm_token_info *token = finding->token;
    const struct hsm_report *report = finding->report;
    printf("token        %s: %s %s, serial number %s\n", token->label, token->manufacturer, token->model,
           token->serial);
    printf("module       %s, version %s\n\n", report->library, report->library_version);
    print_rows(report, boxed);
    printf("\n");
    for (size_t i = 0; i < report->n_quirks; i++) {
        printf("known of it  %s\n", report->quirks[i].text);
    }
    print_verdict(finding);
    return fflush(stdout) == 0;
}

static json_t *trials_json(const struct hsm_report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->n_rows; i++) {
        const struct hsm_report_row *row = &report->rows[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "Subject", row->subject, "Tried", row->tried,
                                              "Found", row->found, "Counts", hsm_counts_name(row->counts)));
    }
    return list;
}

static json_t *mechanism_json(const struct hsm_mechanism *mechanism)
{
    json_t *flags = json_array();
    const char *flag = NULL;
    for (size_t i = 0; (flag = hsm_mechanism_flag(mechanism->flags, i)) != NULL; i++) {
        json_array_append_new(flags, json_string(flag));
    }
    char type[24];
    snprintf(type, sizeof type, "0x%04lx", mechanism->type);
    return json_pack("{s:s, s:s*, s:o, s:I, s:I}", "Type", type, "Name", mechanism->name, "Flags", flags, "MinKeySize",
                     (json_int_t)mechanism->min_key, "MaxKeySize", (json_int_t)mechanism->max_key);
}

static json_t *mechanisms_json(const struct hsm_report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->n_mechanisms; i++) {
        json_array_append_new(list, mechanism_json(&report->mechanisms[i]));
    }
    return list;
}

static json_t *quirks_json(const struct hsm_report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->n_quirks; i++) {
        json_array_append_new(list,
                              json_pack("{s:s, s:s}", "Name", report->quirks[i].name, "Text", report->quirks[i].text));
    }
    return list;
}

static json_t *profile_json(const struct hsm_profile *profile)
{
    if (profile == NULL) {
        return json_null();
    }
    json_t *algorithms = json_array();
    json_array_append_new(algorithms, json_string("SYMMETRIC_DEFAULT"));
    if (profile->oaep_sha1) {
        json_array_append_new(algorithms, json_string("RSAES_OAEP_SHA_1"));
    }
    if (profile->oaep_sha256) {
        json_array_append_new(algorithms, json_string("RSAES_OAEP_SHA_256"));
    }
    char kwp[24];
    snprintf(kwp, sizeof kwp, "0x%04lx", profile->kwp);
    return json_pack("{s:s, s:b, s:i, s:s, s:o}", "KeyWrapMechanism", kwp, "PadsPayloads", (int)profile->pads_payloads,
                     "PayloadMaxBytes", (int)profile->payload_max_bytes, "PayloadLengths",
                     lengths_names[profile->lengths], "EncryptionAlgorithms", algorithms);
}

static bool print_json(const struct token_finding *finding)
{
    const struct hsm_token_info *token = finding->token;
    const struct hsm_report *report = finding->report;
    const struct hsm_profile *profile = finding->profile;
    json_t *document =
        json_pack("{s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s}, s:s?, s:s?, s:s, s:b, s:s?, s:o, s:o, s:o, s:i, s:o}",
                  "Token", "Label", token->label, "Manufacturer", token->manufacturer, "Model", token->model,
                  "SerialNumber", token->serial, "Module", "Description", report->library, "Version",
                  report->library_version, "Level", profile == NULL ? NULL : token_level_name(profile->level),
                  "LevelReason", profile == NULL ? NULL : profile->level_reason, "Required",
                  token_level_name(finding->require), "Servable", finding->reason == NULL, "Reason", finding->reason,
                  "Profile", profile_json(profile), "Trials", trials_json(report), "KnownQuirks", quirks_json(report),
                  "MechanismCount", (int)report->n_listed, "Mechanisms", mechanisms_json(report));
    const bool printed = document != NULL && json_dumpf(document, stdout, JSON_INDENT(4)) == 0 && putchar('\n') != EOF;
    json_decref(document);
    return fflush(stdout) == 0 && printed;
}

bool token_output(const struct token_finding *finding, enum token_format format)
{
    return format == TOKEN_JSON ? print_json(finding) : print_text(finding, format == TOKEN_TABLE);
}
