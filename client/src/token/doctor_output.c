/* The findings of rewrapctl doctor, collected and printed; see doctor.h. */
#include "doctor.h"

#include "command/printable.h"

#include <string.h>

#define FINDING_MAX_BYTES ((size_t)1024 * 1024) /* more than the words of a process may have, escaped */

static const char *const names[] = {[DOCTOR_OK] = "OK", [DOCTOR_WARNING] = "WARNING", [DOCTOR_FAULT] = "FAULT"};

/* For a person: what is well is said quietly. */
static const char *const marks[] = {[DOCTOR_OK] = "ok", [DOCTOR_WARNING] = "warning", [DOCTOR_FAULT] = "FAULT"};

enum doctor_verdict doctor_verdict_of(const json_t *object)
{
    const char *verdict = json_string_value(json_object_get(object, "Verdict"));
    for (size_t i = 0; verdict != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], verdict) == 0) {
            return (enum doctor_verdict)i;
        }
    }
    return DOCTOR_FAULT;
}

json_t *doctor_answer_new(void)
{
    return json_pack("{s:s, s:[], s:[], s:i}", "Verdict", names[DOCTOR_OK], "Tokens", "Findings", "FindingsLeftOut", 0);
}

/* Before the first that is less bad. */
static size_t place_of(const json_t *findings, enum doctor_verdict verdict)
{
    size_t at = 0;
    while (at < json_array_size(findings) && doctor_verdict_of(json_array_get(findings, at)) >= verdict) {
        at++;
    }
    return at;
}

/* Paths and what others said may be any bytes; JSON takes text. NULL without memory. */
static json_t *string_of(const char *bytes)
{
    struct buffer text = BUFFER_INIT(FINDING_MAX_BYTES);
    json_t *string = NULL;
    if (printable_append(bytes, PRINTABLE_ONE_LINE, &text)) {
        string = json_stringn(text.len == 0 ? "" : (const char *)text.data, text.len);
    }
    buffer_clear(&text);
    return string;
}

bool doctor_add(json_t *answer, enum doctor_verdict verdict, const char *check, const char *subject, const char *text,
                const char *advice)
{
    json_t *findings = json_object_get(answer, "Findings");
    if (findings == NULL) {
        findings = json_array();
        if (json_object_set_new(answer, "Findings", findings) != 0) {
            return false;
        }
    }
    json_t *finding = json_pack("{s:s, s:s, s:o, s:o, s:s*}", "Verdict", names[verdict], "Check", check, "Subject",
                                string_of(subject), "Text", string_of(text), "Advice", advice);
    if (finding == NULL || json_array_insert_new(findings, place_of(findings, verdict), finding) != 0) {
        return false;
    }
    return verdict <= doctor_verdict_of(answer) ||
           json_object_set_new(answer, "Verdict", json_string(names[verdict])) == 0;
}

static bool print_member(const json_t *finding, const char *name, FILE *file)
{
    const char *text = json_string_value(json_object_get(finding, name));
    return printable_write(text == NULL ? "" : text, PRINTABLE_ONE_LINE, file);
}

static bool print_finding(const json_t *finding, FILE *file)
{
    bool good = fprintf(file, "%-8s ", marks[doctor_verdict_of(finding)]) > 0 && print_member(finding, "Check", file) &&
                fputs(": ", file) >= 0 && print_member(finding, "Subject", file) && fputs(": ", file) >= 0 &&
                print_member(finding, "Text", file) && fputc('\n', file) != EOF;
    if (good && json_object_get(finding, "Advice") != NULL) {
        good = fputs("         -> ", file) >= 0 && print_member(finding, "Advice", file) && fputc('\n', file) != EOF;
    }
    return good;
}

bool doctor_print(const json_t *answer, FILE *file)
{
    static const char *const verdicts[] = {
        [DOCTOR_OK] = "All is well.",
        [DOCTOR_WARNING] = "It serves, but something is to be done.",
        [DOCTOR_FAULT] = "Something does not work, or is not safe.",
    };
    size_t i;
    json_t *finding;
    json_array_foreach(json_object_get(answer, "Findings"), i, finding)
    {
        if (!print_finding(finding, file)) {
            return false;
        }
    }
    json_int_t left_out = json_integer_value(json_object_get(answer, "FindingsLeftOut"));
    if (left_out > 0 && fprintf(file, "and %lld more, which are not shown\n", (long long)left_out) < 0) {
        return false;
    }
    return fprintf(file, "%s\n", verdicts[doctor_verdict_of(answer)]) > 0;
}
