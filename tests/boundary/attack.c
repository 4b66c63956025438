/*
 * attack MODULE TOKEN-LABEL USER-PIN-FILE: tries every attack of the families on a token from the ceremony
 * (boundary.h), one line each. Exits 1 when the token lets one through that is not known, or when a control does not
 * succeed, and 2 when the test cannot be held. It needs two sealed AES keys, one RSA_2048 pair, the binding
 * root and the audit key of a ceremony, an open AES key and an open RSA_2048 pair, and nobody else on the token; what
 * it makes, it destroys.
 */
#include "boundary.h"

#include <stdio.h>
#include <string.h>

static const struct family *const families[] = {
    &family_read,  &family_change, &family_copy, &family_wrap,  &family_unwrap,  &family_pair,  &family_pose,
    &family_mixed, &family_derive, &family_use,  &family_guess, &family_destroy, &family_trust, &family_login,
};

struct score {
    size_t refused;
    size_t residual;
    size_t controls;
    size_t wrong;
};

/* Whether the objects of a run are still what they were: an attack that logs out takes session objects along. */
static void renew(struct world *world, struct target *target)
{
    const bool is_control = target->is_control;
    world_renew(world);
    if (is_control) {
        target_make_control(world, target);
    } else {
        target_find_sealed(world, target);
    }
}

static size_t count(const struct world *world, const struct family *family)
{
    return family->named != NULL ? family->n_named : family->count(world);
}

static struct attempt describe(const struct world *world, const struct family *family, size_t i)
{
    struct attempt attempt = {.name = ""};
    if (family->named == NULL) {
        family->describe(world, i, &attempt);
        return attempt;
    }
    snprintf(attempt.name, sizeof attempt.name, "%s", family->named[i].name);
    attempt.has_control = family->named[i].has_control;
    attempt.residual = family->named[i].residual;
    return attempt;
}

static bool run(struct world *world, const struct target *target, const struct family *family, size_t i, char *detail)
{
    return family->named != NULL ? family->named[i].run(world, target) : family->run(world, target, i, detail);
}

static void attack_sealed(struct world *world, struct target *target, const struct family *family, size_t i,
                          const struct attempt *attempt, struct score *score)
{
    char detail[NAME_MAX_BYTES] = "";
    const bool through = run(world, target, family, i, detail);
    const char *verdict = !through ? "refused" : attempt->residual != NULL ? "known" : "LET THROUGH";
    const char *why = !through || attempt->residual == NULL ? detail : attempt->residual;
    printf("%-11s %s: %s%s%s\n", verdict, family->name, attempt->name, why[0] == '\0' ? "" : ": ", why);
    score->refused += !through;
    score->residual += through && attempt->residual != NULL;
    score->wrong += through && attempt->residual == NULL;
}

static void attack_control(struct world *world, struct target *target, const struct family *family, size_t i,
                           const struct attempt *attempt, struct score *score)
{
    char detail[NAME_MAX_BYTES] = "";
    if (!attempt->has_control) {
        return;
    }
    score->controls++;
    if (!run(world, target, family, i, detail)) {
        printf("NO CONTROL  %s: %s: refused without protection too: the refusal means nothing\n", family->name,
               attempt->name);
        score->wrong++;
    }
}

static void run_family(struct world *world, const struct family *family, bool is_control, struct score *score)
{
    struct target target = {.is_control = is_control};
    renew(world, &target);
    const size_t n = count(world, family);
    for (size_t i = 0; i < n; i++) {
        const struct attempt attempt = describe(world, family, i);
        if (is_control) {
            attack_control(world, &target, family, i, &attempt, score);
        } else {
            attack_sealed(world, &target, family, i, &attempt, score);
        }
        /* Login attacks change the session; others may have spoiled the payload, or an object of the control run. */
        if (family == &family_login || (is_control && attempt.has_control && family == &family_destroy)) {
            renew(world, &target);
        } else if (!is_control || attempt.has_control) {
            discard(world, target.objects[OBJECT_PAYLOAD]);
            if (is_control) {
                discard(world, target.objects[OBJECT_PAYLOAD_CIPHER]);
            }
            target_fresh_payload(world, &target);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: attack MODULE TOKEN-LABEL USER-PIN-FILE\n");
        return 2;
    }
    static struct world world;
    struct score score = {0};
    world_open(&world, argv[1], argv[2], argv[3]);
    /* The control first sees which mechanism wraps: that of the ceremony's keys. */
    struct target sealed;
    target_find_sealed(&world, &sealed);
    for (size_t i = 0; i < COUNT(families); i++) {
        run_family(&world, families[i], false, &score);
        run_family(&world, families[i], true, &score);
    }
    world_close(&world);
    printf("%zu attacks refused, %zu known and in the threat model, %zu controls; %zu wrong\n", score.refused,
           score.residual, score.controls, score.wrong);
    return score.wrong == 0 ? 0 : 1;
}
