/* rewrapctl ceremony destroy (ceremony_run.h): first everything is looked at, then it is shown or destroyed. */
#include "base/hex.h"
#include "ceremony_run.h"
#include "command/fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the token has under each of the ids, in their order. */
struct plan {
    struct ceremony_remnants of[CEREMONY_MAX_IDS];
    size_t n;
};

static void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        ceremony_remnants_clear(&plan->of[i]);
    }
    free(plan);
}

static int plan_make(struct ceremony_run *run, struct plan *plan)
{
    const struct ceremony_options *options = run->options;
    for (; plan->n < options->n_material_ids; plan->n++) {
        ceremony_run_begin(run, "looking at the token");
        const int exit_code =
            ceremony_run_end(run, ceremony_remnants(run->token, options->material_ids[plan->n], &plan->of[plan->n]));
        if (exit_code != 0) {
            return exit_code;
        }
    }
    return 0;
}

typedef bool (*remnant_fn)(struct ceremony_run *run, struct ceremony_remnant *remnant, int *ret_exit);

/* Does it to each until one says false; its exit code is the answer. */
static int each(struct ceremony_run *run, struct plan *plan, remnant_fn does)
{
    int exit_code = 0;
    for (size_t i = 0; i < plan->n; i++) {
        for (size_t j = 0; j < plan->of[i].n; j++) {
            if (!does(run, &plan->of[i].list[j], &exit_code)) {
                return exit_code;
            }
        }
    }
    return exit_code;
}

/* ------------------------------------------------------------------ before anything is destroyed */

/* One wrong id is reason enough to do nothing at all. */
static bool refuse_what_is_kept(struct ceremony_run *run, struct ceremony_remnant *remnant, int *ret_exit)
{
    if (!ceremony_remnant_is_kept(remnant)) {
        return true;
    }
    char id[2 * CEREMONY_ID_BYTES + 1];
    hex_encode(view_of(remnant->material_id, sizeof remnant->material_id), id);
    token_access_say(&run->options->access,
                     "nothing was destroyed: %s is %s. It is never destroyed one by one, only with the "
                     "whole token",
                     id,
                     remnant->role == CEREMONY_BINDING_ROOT
                         ? "a binding root, on which all ciphertexts of the token depend"
                         : "an audit key, which what was signed depends on");
    *ret_exit = EXIT_CODE_OTHER;
    return false;
}

static bool show(struct ceremony_run *run, struct ceremony_remnant *remnant, int *ret_exit)
{
    (void)ret_exit;
    ceremony_output_remnant(run->output, remnant, remnant->is_ours ? CEREMONY_WOULD_DESTROY : CEREMONY_NOT_OURS);
    return true;
}

static void show_missing(struct ceremony_run *run, const struct plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (plan->of[i].n == 0) {
            struct ceremony_remnant nothing = {.is_ours = false};
            memcpy(nothing.material_id, run->options->material_ids[i], CEREMONY_ID_BYTES);
            ceremony_output_remnant(run->output, &nothing, CEREMONY_NOT_THERE);
        }
    }
}

/* ------------------------------------------------------------------ destroying */

static bool is_left(const struct ceremony_remnant *remnant)
{
    return remnant->is_ours && remnant->left > 0;
}

static bool destroy(struct ceremony_run *run, struct ceremony_remnant *remnant, int *ret_exit)
{
    if (!is_left(remnant)) {
        return true;
    }
    ceremony_run_begin(run, "destroying");
    *ret_exit = ceremony_run_end(run, ceremony_destroy(run->token, remnant));
    if (*ret_exit != 0) {
        return false;
    }
    if (remnant->left == 0) {
        ceremony_output_remnant(run->output, remnant, CEREMONY_DESTROYED);
    }
    return true;
}

static bool find_left(struct ceremony_run *run, struct ceremony_remnant *remnant, int *ret_exit)
{
    (void)run;
    *ret_exit = is_left(remnant) ? EXIT_CODE_OTHER : 0;
    return *ret_exit == 0;
}

static bool show_left(struct ceremony_run *run, struct ceremony_remnant *remnant, int *ret_exit)
{
    if (!remnant->is_ours) {
        ceremony_output_remnant(run->output, remnant, CEREMONY_NOT_OURS);
    } else if (is_left(remnant)) {
        ceremony_output_remnant(run->output, remnant, CEREMONY_KEPT_BY_TOKEN);
        *ret_exit = EXIT_CODE_OTHER;
    }
    return true;
}

/* First the user, whose open keys are; then the SO, whose the sealed ones are, if anything is left for him. */
static int destroy_all(struct ceremony_run *run, struct plan *plan)
{
    int exit_code = each(run, plan, destroy);
    if (exit_code != 0 || run->so_pin == NULL || each(run, plan, find_left) == 0) {
        return exit_code;
    }
    exit_code = ceremony_run_logout(run);
    if (exit_code == 0) {
        exit_code = ceremony_run_login(run, HSM_SO, run->so_pin);
    }
    return exit_code == 0 ? each(run, plan, destroy) : exit_code;
}

static int carry_out(struct ceremony_run *run, struct plan *plan)
{
    const int exit_code = destroy_all(run, plan);
    const int left = each(run, plan, show_left);
    show_missing(run, plan);
    if (left != 0) {
        ceremony_output_next(run->output,
                             run->so_pin == NULL
                                 ? "the user may not destroy what is kept; with --so-pin-file the SO tries too."
                                 : "neither user nor SO may destroy what is kept. The token's own tool may; else "
                                   "it goes when the token is initialised (docs/ceremony.md).");
    }
    return exit_code != 0 ? exit_code : left;
}

/* ------------------------------------------------------------------ the action */

int ceremony_run_destroy(struct ceremony_run *run)
{
    struct plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        return ceremony_run_failed(run, "looking at the token", (struct hsm_result){.code = HSM_NO_MEMORY});
    }
    int exit_code = plan_make(run, plan);
    if (exit_code == 0) {
        exit_code = each(run, plan, refuse_what_is_kept);
    }
    if (exit_code == 0 && run->options->yes) {
        exit_code = carry_out(run, plan);
    } else if (exit_code == 0) {
        exit_code = each(run, plan, show);
        show_missing(run, plan);
        ceremony_output_next(run->output, "nothing was destroyed; say --yes");
        ceremony_output_next(run->output, "What is encrypted under a destroyed key is lost. rewrapctl doctor names the "
                                          "keys that no KMS key needs any more.");
    }
    plan_free(plan);
    return exit_code;
}
