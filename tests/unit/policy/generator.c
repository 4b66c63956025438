/* A small world; see generator.h. */
#include "generator.h"

#include "caller_of.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))
#define PICK(world, of) ((of)[world_below((world), COUNT(of))])

#define KEY "arn:aws:kms:eu-central-1:111122223333:key/k"

static const char *const callers[] = {
    "arn:aws:iam::111122223333:root",   "arn:aws:iam::111122223333:user/a",
    "arn:aws:iam::111122223333:user/b", "arn:aws:sts::111122223333:assumed-role/R/one",
    "arn:aws:iam::111122223333:role/R", "arn:aws:iam::444455556666:root",
    "arn:aws:iam::444455556666:user/a", "arn:aws:sts::444455556666:assumed-role/R/one",
};

static const char *const principals[] = {
    "\"*\"",
    "{\"AWS\":\"*\"}",
    "{\"AWS\":\"111122223333\"}",
    "{\"AWS\":\"arn:aws:iam::111122223333:root\"}",
    "{\"AWS\":[\"arn:aws:iam::111122223333:user/a\",\"arn:aws:iam::111122223333:root\"]}",
    "{\"AWS\":\"arn:aws:iam::111122223333:user/a\"}",
    "{\"AWS\":\"arn:aws:iam::111122223333:role/R\"}",
    "{\"AWS\":\"arn:aws:sts::111122223333:assumed-role/R/one\"}",
    "{\"AWS\":[\"444455556666\",\"arn:aws:iam::111122223333:user/b\"]}",
    "{\"AWS\":\"arn:aws:iam::444455556666:user/a\"}",
};

static const char *const actions[] = {
    "\"*\"",       "\"kms:*\"", "\"kms:ReEncrypt*\"", "[\"kms:Encrypt\",\"kms:ReEncryptTo\"]", "\"kms:ReEncryptFrom\"",
    "\"kms:Put*\""};

static const char *const resources[] = {"\"*\"", "\"" KEY "\"", "\"arn:aws:kms:*:111122223333:key/*\"",
                                        "\"arn:aws:kms:*:*:key/other\""};

static const char *const conditions[] = {
    "{}",
    "{\"StringEquals\":{\"kms:EncryptionContext:A\":\"1\"}}",
    "{\"StringNotEquals\":{\"kms:EncryptionContext:A\":[\"1\",\"2\"]}}",
    "{\"StringLikeIfExists\":{\"aws:x\":\"1*\"}}",
    "{\"ForAllValues:StringEquals\":{\"kms:EncryptionContextKeys\":[\"A\",\"B\"]}}",
    "{\"ForAnyValue:StringLike\":{\"kms:EncryptionContextKeys\":\"?\"}}",
    "{\"Null\":{\"aws:x\":true}}",
    "{\"NumericLessThan\":{\"aws:x\":2}}",
};

static const char *const asked[] = {"kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:PutKeyPolicy"};

static const char *const grantees[] = {"arn:aws:iam::111122223333:user/a", "arn:aws:iam::111122223333:role/R",
                                       "arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:user/a",
                                       "arn:aws:iam::444455556666:root"};

size_t world_below(struct world *world, size_t bound)
{
    world->seed ^= world->seed >> 12;
    world->seed ^= world->seed << 25;
    world->seed ^= world->seed >> 27;
    return (size_t)((world->seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % bound;
}

void world_statement(struct world *world, bool is_key, const char *effect, char out[WORLD_TEXT_BYTES])
{
    char principal[256] = "";
    if (effect == NULL) {
        effect = world_below(world, 4) == 0 ? "Deny" : "Allow";
    }
    if (is_key) {
        const char *element = world_below(world, 8) == 0 ? "NotPrincipal" : "Principal";
        snprintf(principal, sizeof(principal), "\"%s\":%s,", element, PICK(world, principals));
    }
    const char *action = world_below(world, 8) == 0 ? "NotAction" : "Action";
    const char *resource = world_below(world, 8) == 0 ? "NotResource" : "Resource";
    const char *condition = world_below(world, 2) == 0 ? "{}" : PICK(world, conditions);
    snprintf(out, WORLD_TEXT_BYTES, "{\"Effect\":\"%s\",%s\"%s\":%s,\"%s\":%s,\"Condition\":%s}", effect, principal,
             action, PICK(world, actions), resource, PICK(world, resources), condition);
}

static void make_document(struct world *world, bool is_key, struct world_document *out)
{
    out->count = 1 + world_below(world, WORLD_STATEMENTS_MAX - 1); /* room for one more */
    for (size_t i = 0; i < out->count; i++) {
        world_statement(world, is_key, NULL, out->statements[i]);
    }
}

static struct policy_grant make_grant(struct world *world, const char *grantee)
{
    return (struct policy_grant){.id = view_of_string("g"),
                                 .grantee = view_of_string(grantee),
                                 .operations = (uint32_t)world_below(world, 1 << 9),
                                 .constraints = {.has_equals = world_below(world, 4) == 0}};
}

struct policy_grant world_irrelevant_grant(struct world *world)
{
    return make_grant(world, world_below(world, 2) == 0 ? "arn:aws:iam::777788889999:root"
                                                        : "arn:aws:iam::111122223333:user/z");
}

static void make_context(struct world *world)
{
    static const char *const names[] = {"kms:EncryptionContext:A", "KMS:encryptioncontextkeys", "aws:x"};
    static const char *const values[] = {"1", "2", "A", "B"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct policy_context_key *entry = &world->context[world->request.context_count];
        size_t count = world_below(world, 3);
        if (i != 1 && count == 2) {
            count = 1;
        }
        for (size_t k = 0; k < count; k++) {
            world->values[world->request.context_count][k] = view_of_string(PICK(world, values));
        }
        if (count != 0) {
            *entry = (struct policy_context_key){.name = view_of_string(names[i]), .count = count};
            world->request.context_count++;
        }
    }
}

struct world world_make(uint64_t seed)
{
    struct world world = {.seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    make_document(&world, true, &world.key);
    world.identity_count = world_below(&world, WORLD_IDENTITIES_MAX + 1);
    for (size_t i = 0; i < world.identity_count; i++) {
        make_document(&world, false, &world.identities[i]);
    }
    world.grant_count = world_below(&world, WORLD_GRANTS_MAX); /* room for one more */
    for (size_t i = 0; i < world.grant_count; i++) {
        world.grants[i] = make_grant(&world, PICK(&world, grantees));
    }
    world.caller = PICK(&world, callers);
    world.request.action = view_of_string(PICK(&world, asked));
    world.request.resource = view_of_string(KEY);
    world.request.resource_account = view_of_string("111122223333");
    make_context(&world);
    return world;
}

static struct policy_document *compile(const struct world_document *source, enum policy_kind kind)
{
    static char text[WORLD_STATEMENTS_MAX * WORLD_TEXT_BYTES];
    size_t len = (size_t)snprintf(text, sizeof(text), "{\"Version\":\"2012-10-17\",\"Statement\":[");
    for (size_t i = 0; i < source->count; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i == 0 ? "" : ",", source->statements[i]);
    }
    len += (size_t)snprintf(text + len, sizeof(text) - len, "]}");
    struct policy_document *document = NULL;
    struct policy_result result = policy_document_parse(kind, view_of(text, len), &document);
    if (result.code != POLICY_OK) {
        fprintf(stderr, "%s: %s: %s\n", result.place, result.reason, text);
        abort();
    }
    return document;
}

struct world_decision world_decide(const struct world *world)
{
    struct world_decision decided = {.key = world->key.count == 0 ? NULL : compile(&world->key, POLICY_KIND_KEY)};
    struct policy_identity identities[WORLD_IDENTITIES_MAX];
    size_t identity_count = 0;
    for (size_t i = 0; i < world->identity_count; i++) {
        if (world->identities[i].count != 0) {
            decided.identities[i] = compile(&world->identities[i], POLICY_KIND_IDENTITY);
            identities[identity_count++] =
                (struct policy_identity){.name = view_of_string(i == 0 ? "0" : "1"), .document = decided.identities[i]};
        }
    }
    const struct policy_grant *grants[WORLD_GRANTS_MAX];
    for (size_t i = 0; i < world->grant_count; i++) {
        grants[i] = &world->grants[i];
    }
    struct policy_grant_list list = {.grants = grants, .count = world->grant_count};
    struct policy_request request = world->request;
    struct policy_context_key context[WORLD_CONTEXT_MAX];
    for (size_t i = 0; i < request.context_count; i++) {
        context[i] = world->context[i];
        context[i].values = world->values[i];
    }
    request.context = context;
    request.caller = caller_of(world->caller);
    struct policy_question question = {.request = &request,
                                       .key_policy = decided.key,
                                       .identities = identities,
                                       .identity_count = identity_count,
                                       .grant_lists = &list,
                                       .grant_list_count = 1};
    decided.decision = policy_decide(&question, decided.matches, WORLD_MATCHES_MAX);
    return decided;
}

void world_decision_clear(struct world_decision *decision)
{
    policy_document_free(decision->key);
    for (size_t i = 0; i < WORLD_IDENTITIES_MAX; i++) {
        policy_document_free(decision->identities[i]);
    }
}
