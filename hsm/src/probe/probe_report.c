/* What the probe tells (hsm/report.h): its rows. */
#include "hsm/report.h"

#include "p11/errors.h"
#include "probe_private.h"

#include <stdarg.h>
#include <stdio.h>

void probe_tell(struct probe *probe, const char *subject, enum hsm_counts counts, const char *tried, const char *format,
                ...)
{
    struct hsm_report *report = probe->report;
    if (report->n_rows == HSM_REPORT_MAX_ROWS) {
        return; /* there are fewer questions than rows */
    }
    struct hsm_report_row *row = &report->rows[report->n_rows++];
    row->subject = subject;
    row->counts = counts;
    snprintf(row->tried, sizeof row->tried, "%s", tried);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(row->found, sizeof row->found, format, arguments);
    va_end(arguments);
}

void probe_tell_failure(struct probe *probe, const char *subject, enum hsm_counts counts, const char *tried,
                        struct hsm_result result)
{
    probe_tell(probe, subject, counts, tried, "%s%s%s", result.what == NULL ? hsm_code_text(result.code) : result.what,
               result.rv == 0 ? "" : ": ", result.rv == 0 ? "" : hsm_rv_name(result.rv));
}

bool probe_must_end(struct hsm_result result)
{
    return result.code == HSM_TOKEN_UNAVAILABLE || result.code == HSM_NO_MEMORY || result.code == HSM_LIMIT;
}

bool probe_is_worth_another_try(struct hsm_result result)
{
    return result.code != HSM_OK && !probe_must_end(result);
}

const char *hsm_counts_name(enum hsm_counts counts)
{
    static const char *const names[] = {
        [HSM_COUNTS_TOLD] = "told",   [HSM_COUNTS_GOOD] = "good",       [HSM_COUNTS_LIMITS] = "limits",
        [HSM_COUNTS_LEVEL] = "level", [HSM_COUNTS_AGAINST] = "against",
    };
    return names[counts];
}
