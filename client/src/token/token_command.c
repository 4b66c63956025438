/* rewrapctl token probe (token_command.h): opens the token, probes it, and says whether it could be served. */
#include "token_command.h"

#include "base/secbuf.h"
#include "command/fail.h"
#include "token_options.h"
#include "token_output.h"
#include "token_watch.h"

#include <stdio.h>
#include <stdlib.h>

static int report_on(struct hsm_token *token, const struct token_options *options, struct hsm_report *report)
{
    struct hsm_profile profile;
    char reason[256];
    token_watch_begin(&options->access, "probing", report);
    const struct hsm_result result = hsm_probe_report(token, &profile, report);
    token_watch_end();
    if (result.code != HSM_OK && result.code != HSM_UNSUPPORTED && result.code != HSM_FAULT) {
        return token_access_failed(&options->access, "probing", result);
    }
    struct token_finding finding = {
        .token = hsm_token_info(token), .report = report, .require = options->access.require, .reason = reason};
    if (result.code != HSM_OK) {
        hsm_result_text(result, reason, sizeof reason);
    } else {
        finding.profile = &profile;
        snprintf(reason, sizeof reason, "its level is %s (%s), and %s is required", token_level_name(profile.level),
                 profile.level_reason == NULL ? "" : profile.level_reason, token_level_name(options->access.require));
        finding.reason = profile.level >= options->access.require ? NULL : reason;
    }
    if (!token_output(&finding, options->format)) {
        token_access_say(&options->access, "the output could not be written");
        return EXIT_CODE_OTHER;
    }
    if (finding.reason != NULL) {
        token_access_say(&options->access, "this token cannot be served: %s", finding.reason);
        return EXIT_CODE_OTHER;
    }
    return EXIT_CODE_OK;
}

static int probe(struct hsm_token *token, const struct secbuf *pin, const struct token_options *options)
{
    int exit_code = token_access_login(&options->access, token, HSM_USER, pin);
    if (exit_code != 0) {
        return exit_code;
    }
    struct hsm_report *report = calloc(1, sizeof *report);
    if (report == NULL) {
        return token_access_failed(&options->access, "report", (struct hsm_result){.code = HSM_NO_MEMORY});
    }
    exit_code = report_on(token, options, report);
    free(report);
    return exit_code;
}

static int open_and_probe(const struct secbuf *pin, const struct token_options *options)
{
    struct hsm_token *token = NULL;
    int exit_code = token_access_open(&options->access, &token);
    if (exit_code == 0) {
        exit_code = probe(token, pin, options);
        token_access_close(&options->access, token);
    }
    return exit_code;
}

int token_command(int argc, char **argv)
{
    struct token_options options;
    struct secbuf *pin = NULL;
    int exit_code;
    if (!token_options_parse(argc, argv, &options, &exit_code)) {
        return exit_code;
    }
    exit_code = token_access_read_pin(&options.access, options.access.user_pin_file, &pin);
    if (exit_code == 0) {
        exit_code = open_and_probe(pin, &options);
    }
    secbuf_free(pin);
    return exit_code;
}
