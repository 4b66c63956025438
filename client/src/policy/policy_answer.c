/* Lines of JSON; see policy_answer.h. Written by hand: thousands a second. */
#include "policy_answer.h"

#include "command/printable.h"

/* The longest: a sid, or a name, which policy_case.c holds to the same. */
#define TEXT_MAX_BYTES POLICY_STRING_MAX_BYTES

/* Control characters and cut characters are printable.h's affair, which escapes as JSON does. */
static void write_string(struct view text, FILE *file)
{
    char escaped[2 * TEXT_MAX_BYTES + 1];
    size_t len = 0;
    for (size_t i = 0; i < text.len && i < TEXT_MAX_BYTES; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            escaped[len++] = '\\';
        }
        escaped[len++] = (char)text.data[i];
    }
    escaped[len] = '\0';
    putc('"', file);
    rewrap_ignore(printable_write(escaped, PRINTABLE_ONE_LINE, file), "ferror tells");
    putc('"', file);
}

static void write_member(const char *before, const char *text, FILE *file)
{
    fputs(before, file);
    write_string(view_of_string(text), file);
}

static void write_match(const struct policy_case *policy_case, const struct policy_match *match, FILE *file)
{
    const bool is_grant = match->source == POLICY_SOURCE_GRANT;
    write_member("{\"source\":", policy_source_text(match->source), file);
    fputs(",\"name\":", file);
    write_string(match->name, file);
    fputs(",\"sid\":", file);
    if (match->sid.len == 0) {
        fputs("null", file);
    } else {
        write_string(match->sid, file);
    }
    fprintf(file, ",\"index\":%zu}", is_grant ? policy_case->grant_numbers[match->index] : match->index);
}

void policy_answer_decision(const struct policy_case *policy_case, const struct policy_decision *decision,
                            const struct policy_match *matches, FILE *file)
{
    char reason[POLICY_REASON_BYTES];
    policy_reason_write(decision->reason, policy_case->request.action, reason);
    write_member("{\"decision\":", policy_verdict_text(decision->verdict), file);
    write_member(",\"reason\":", reason, file);
    fputs(",\"matched\":[", file);
    for (size_t i = 0; i < decision->matched; i++) {
        fputs(i == 0 ? "" : ",", file);
        write_match(policy_case, &matches[i], file);
    }
    fputs("]}\n", file);
}

void policy_answer_fault(const struct policy_fault *fault, FILE *file)
{
    write_member("{\"error\":{\"code\":", fault->code, file);
    write_member(",\"message\":", fault->message, file);
    write_member(",\"place\":", fault->place, file);
    fputs("}}\n", file);
}

void policy_answer_findings(const struct policy_finding *findings, size_t count, FILE *file)
{
    fputs("{\"findings\":[", file);
    for (size_t i = 0; i < count; i++) {
        write_member(i == 0 ? "{\"severity\":" : ",{\"severity\":", policy_severity_text(findings[i].severity), file);
        write_member(",\"text\":", findings[i].text, file);
        write_member(",\"place\":", findings[i].place, file);
        putc('}', file);
    }
    fputs("]}\n", file);
}
