/* policy: what must be so of every decision, on random policies, grants and requests. */
#include "generator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS 3000

static enum policy_verdict verdict_of(const struct world *world)
{
    struct world_decision decided = world_decide(world);
    world_decision_clear(&decided);
    return decided.decision.verdict;
}

static struct world_document *some_document(struct world *world, bool *ret_is_key)
{
    size_t which = world_below(world, 1 + world->identity_count);
    *ret_is_key = which == 0;
    return which == 0 ? &world->key : &world->identities[which - 1];
}

/* With one more statement, in some document of the world. */
static enum policy_verdict verdict_with_another(struct world *world, const char *effect)
{
    bool is_key;
    struct world_document *document = some_document(world, &is_key);
    world_statement(world, is_key, effect, document->statements[document->count++]);
    return verdict_of(world);
}

/* more denials, less is allowed; and what was denied explicitly stays so. */
static void adding_a_deny_never_allows(void **state)
{
    (void)state;
    size_t bit = 0;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct world world = world_make(seed);
        enum policy_verdict before = verdict_of(&world);
        enum policy_verdict after = verdict_with_another(&world, "Deny");
        if ((after == POLICY_ALLOWED && before != POLICY_ALLOWED) ||
            (before == POLICY_DENIED_EXPLICITLY && after != before)) {
            fail_msg("seed %llu: %d became %d", (unsigned long long)seed, (int)before, (int)after);
        }
        bit += before == POLICY_ALLOWED && after == POLICY_DENIED_EXPLICITLY;
    }
    assert_true(bit > ROUNDS / 100); /* or it would have been about nothing */
}

static void adding_an_allow_never_denies(void **state)
{
    (void)state;
    size_t bit = 0;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct world world = world_make(seed);
        enum policy_verdict before = verdict_of(&world);
        enum policy_verdict after = verdict_with_another(&world, "Allow");
        if (before != after && !(before == POLICY_DENIED_IMPLICITLY && after == POLICY_ALLOWED)) {
            fail_msg("seed %llu: %d became %d", (unsigned long long)seed, (int)before, (int)after);
        }
        bit += before != after;
    }
    assert_true(bit > ROUNDS / 100);
}

static void turn(struct world_document *document, struct world *world)
{
    for (size_t i = document->count; i > 1; i--) {
        size_t k = world_below(world, i);
        char text[WORLD_TEXT_BYTES];
        memcpy(text, document->statements[k], sizeof(text));
        memcpy(document->statements[k], document->statements[i - 1], sizeof(text));
        memcpy(document->statements[i - 1], text, sizeof(text));
    }
}

/* There is no order among statements, policies and grants. */
static void the_order_of_statements_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct world world = world_make(seed);
        struct world_decision before = world_decide(&world);
        turn(&world.key, &world);
        turn(&world.identities[0], &world);
        turn(&world.identities[1], &world);
        if (world.grant_count == 2) {
            struct policy_grant grant = world.grants[0];
            world.grants[0] = world.grants[1];
            world.grants[1] = grant;
        }
        struct world_decision after = world_decide(&world);
        if (before.decision.verdict != after.decision.verdict || before.decision.reason != after.decision.reason ||
            before.decision.matched != after.decision.matched) {
            fail_msg("seed %llu", (unsigned long long)seed);
        }
        world_decision_clear(&before);
        world_decision_clear(&after);
    }
}

static void an_irrelevant_grant_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct world world = world_make(seed);
        struct world_decision before = world_decide(&world);
        world.grants[world.grant_count++] = world_irrelevant_grant(&world);
        struct world_decision after = world_decide(&world);
        if (before.decision.verdict != after.decision.verdict || before.decision.reason != after.decision.reason ||
            before.decision.matched != after.decision.matched) {
            fail_msg("seed %llu", (unsigned long long)seed);
        }
        world_decision_clear(&before);
        world_decision_clear(&after);
    }
}

static void keep(struct world_document *document, const bool keeps[WORLD_STATEMENTS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < document->count; i++) {
        if (keeps[i]) {
            memmove(document->statements[count++], document->statements[i], WORLD_TEXT_BYTES);
        }
    }
    document->count = count;
}

/* Leaves what the matches name, or what they do not. */
static void leave(struct world *world, const struct world_decision *decided, bool named)
{
    bool key[WORLD_STATEMENTS_MAX];
    bool identities[WORLD_IDENTITIES_MAX][WORLD_STATEMENTS_MAX];
    bool grants[WORLD_GRANTS_MAX];
    memset(key, !named, sizeof(key));
    memset(identities, !named, sizeof(identities));
    memset(grants, !named, sizeof(grants));
    for (size_t i = 0; i < decided->decision.matched; i++) {
        const struct policy_match *match = &decided->matches[i];
        switch (match->source) {
        case POLICY_SOURCE_KEY_POLICY:
            key[match->index] = named;
            break;
        case POLICY_SOURCE_IDENTITY_POLICY:
            identities[match->name.data[0] - '0'][match->index] = named;
            break;
        case POLICY_SOURCE_GRANT:
            grants[match->index] = named;
            break;
        }
    }
    keep(&world->key, key);
    for (size_t i = 0; i < world->identity_count; i++) {
        keep(&world->identities[i], identities[i]);
    }
    size_t count = 0;
    for (size_t i = 0; i < world->grant_count; i++) {
        if (grants[i]) {
            world->grants[count++] = world->grants[i];
        }
    }
    world->grant_count = count;
}

/* What the matches name is enough for the decision; without it, it is another. */
static void the_matches_explain_the_decision(void **state)
{
    (void)state;
    size_t allowed = 0;
    size_t denied = 0;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct world world = world_make(seed);
        struct world_decision decided = world_decide(&world);
        assert_true(decided.decision.matched <= WORLD_MATCHES_MAX);
        if (decided.decision.verdict == POLICY_DENIED_IMPLICITLY) {
            assert_int_equal(decided.decision.matched, 0);
            world_decision_clear(&decided);
            continue;
        }
        struct world named = world;
        leave(&named, &decided, true);
        struct world others = world;
        leave(&others, &decided, false);
        enum policy_verdict verdict = decided.decision.verdict;
        if (verdict_of(&named) != verdict || verdict_of(&others) == verdict) {
            fail_msg("seed %llu: %d with what is named, %d with the others", (unsigned long long)seed,
                     (int)verdict_of(&named), (int)verdict_of(&others));
        }
        allowed += verdict == POLICY_ALLOWED;
        denied += verdict != POLICY_ALLOWED;
        world_decision_clear(&decided);
    }
    assert_true(allowed > ROUNDS / 20 && denied > ROUNDS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adding_a_deny_never_allows),
        cmocka_unit_test(adding_an_allow_never_denies),
        cmocka_unit_test(the_order_of_statements_changes_nothing),
        cmocka_unit_test(an_irrelevant_grant_changes_nothing),
        cmocka_unit_test(the_matches_explain_the_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
