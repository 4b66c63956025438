/* What a token really does; see hsm/probe.h: the order of the questions. */
#include "p11/errors.h"
#include "p11/p11_call.h"
#include "p11/quirks.h"
#include "probe_private.h"

#include <stdlib.h>

static struct hsm_result ask(struct probe *probe, struct hsm_profile *profile)
{
    probe_mechanisms(probe);
    struct hsm_result result = probe_end(probe, probe_choose_kwp(probe, &profile->pads_payloads));
    if (result.code == HSM_OK) {
        profile->kwp = probe->kwp;
        result = probe_end(probe, probe_suite(probe, profile));
    }
    if (result.code == HSM_OK) {
        result = probe_end(probe, probe_oaep(probe, profile));
    }
    return result.code == HSM_OK ? probe_level(probe, profile) : result;
}

struct hsm_result hsm_probe_report(struct hsm_token *token, struct hsm_profile *ret, struct hsm_report *report)
{
    struct probe probe = {.token = token, .report = report};
    struct hsm_profile profile = {0};
    *report = (struct hsm_report){0};
    const struct hsm_result result = ask(&probe, &profile);
    if (result.code == HSM_OK) {
        token->level = profile.level;
        *ret = profile;
    }
    return result;
}

struct hsm_result hsm_probe(struct hsm_token *token, struct hsm_profile *ret)
{
    struct hsm_report *report = malloc(sizeof *report);
    if (report == NULL) {
        return hsm_failure(HSM_NO_MEMORY, "report of the probe");
    }
    const struct hsm_result result = hsm_probe_report(token, ret, report);
    free(report);
    return result;
}
