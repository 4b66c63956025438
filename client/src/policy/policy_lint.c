/* rewrapctl policy lint (policy_lint.h). */
#include "policy_lint.h"

#include "command/fail.h"
#include "command/printable.h"
#include "operation/param_file.h"
#include "policy/lint.h"
#include "policy_answer.h"
#include "policy_simulate.h"

#include <stdlib.h>

#define FILE_MAX_BYTES ((size_t)1024 * 1024) /* beyond what a policy may have, so that the engine says so */

static void print_line(const char *place, const char *word, const char *text)
{
    bool printed =
        (place[0] == '\0' || (printable_write(place, PRINTABLE_ONE_LINE, stdout) && fputs(": ", stdout) >= 0)) &&
        fputs(word, stdout) >= 0 && fputs(": ", stdout) >= 0 && printable_write(text, PRINTABLE_ONE_LINE, stdout) &&
        putchar('\n') != EOF;
    rewrap_ignore(printed, "ferror tells");
}

static int malformed(const struct policy_lint_options *options, const struct policy_result *result)
{
    struct policy_fault fault;
    policy_fault_of_document(&fault, "", result);
    if (options->json) {
        policy_answer_fault(&fault, stdout);
    } else {
        print_line(fault.place, fault.code, fault.message);
    }
    return POLICY_EXIT_MALFORMED;
}

static void print_findings(const struct policy_lint_options *options, const struct policy_finding *findings,
                           size_t count)
{
    if (options->json) {
        policy_answer_findings(findings, count, stdout);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        print_line(findings[i].place, policy_severity_text(findings[i].severity), findings[i].text);
    }
}

static int lint(const struct policy_lint_options *options, const struct policy_document *document)
{
    struct view account = view_of_string(options->account);
    size_t count = policy_lint(document, account, NULL, 0);
    struct policy_finding *findings = calloc(count + 1, sizeof *findings);
    if (findings == NULL) {
        struct failure failure;
        fail(&failure, EXIT_CODE_OTHER, "there is no memory for the findings");
        return failure_print(&failure);
    }
    count = policy_lint(document, account, findings, count);
    print_findings(options, findings, count);
    free(findings);
    return count == 0 ? EXIT_CODE_OK : POLICY_EXIT_FINDINGS;
}

static int lint_text(const struct policy_lint_options *options, struct view text)
{
    struct policy_document *document = NULL;
    struct policy_result result = policy_document_parse(options->kind, text, &document);
    if (result.code != POLICY_OK) {
        return malformed(options, &result);
    }
    int exit_code = lint(options, document);
    policy_document_free(document);
    return exit_code;
}

int policy_lint_file(const struct policy_lint_options *options)
{
    struct buffer text = BUFFER_INIT(FILE_MAX_BYTES);
    struct failure failure;
    if (!param_file_read(options->file, options->file, &text, &failure)) {
        buffer_clear(&text);
        return failure_print(&failure);
    }
    int exit_code = lint_text(options, buffer_view(&text));
    buffer_clear(&text);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fail(&failure, EXIT_CODE_OTHER, "the findings could not be written");
        return failure_print(&failure);
    }
    return exit_code;
}
