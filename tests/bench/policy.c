/*
 * How long a decision takes, and how long a large registry takes to load: makes one, opens it as rewrapd does, and asks
 * as operations do, with every condition key that a ReEncrypt has. Prints one JSON object; tests/bench/policy makes a
 * table of several. Needs no token and no daemon.
 */
#include "registry_make.h"
#include "samples.h"

#include "access/question.h"
#include "operations/operation.h"
#include "registry/grants.h"

#include <event2/event.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PRINCIPAL_BYTES 160
#define MAX_DECISIONS   SAMPLES_MAX
#define CONTEXTS        256 /* distinct encryption contexts */
#define PAIRS           3
#define FIRST_DECISIONS 1000 /* on as many keys, at most */

struct options {
    const char *folder;
    struct make_wish wish;
    unsigned decisions;
};

/* One encryption context, as protobuf-c makes it of a request. */
struct context {
    char tenant[16];
    char app[16];
    Rewrap__ReEncryptRequest__SourceEncryptionContextEntry entries[PAIRS];
    const ProtobufCMessage *list[PAIRS];
};

/* All that there is to know of a decision before it is made. */
struct ask {
    uint8_t key_id[KEY_ID_BYTES];
    char principal[PRINCIPAL_BYTES];
    char account[ACCOUNT_TEXT_BYTES];
    const char *action;
    struct operation_facts facts;
};

struct bench {
    struct options options;
    struct made made;
    struct event_base *base;
    struct operations operations;
    struct context *contexts;
    uint64_t random;
    double load_seconds;
    double load_cpu_seconds;    /* on processors, of which it uses two: what a busy machine changes less */
    double before_mib;          /* resident */
    double load_rss_mib;        /* that opening has added */
    double compile_cpu_seconds; /* of all policies that are not compiled when the registry serves */
    double rss_mib;             /* that opening and compiling have added */
    double first_p50_us;        /* of decisions on keys whose policy is not compiled yet */
    double first_p99_us;
};

/* What one measurement has found, on the clock and then, of the same decisions once more, of a processor. */
struct outcome {
    double per_second;
    double p50_us;
    double p99_us;
    double max_us;
    double cpu_per_second;
    double cpu_p50_us;
    double cpu_p99_us;
    double allowed; /* share */
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_policy: %s: %s\n", what, why);
    exit(1);
}

static int64_t clock_ms(void *arg)
{
    rewrap_ignore(arg, "the time of every decision is the same");
    return MAKE_CREATED_MS + 1000;
}

/* ------------------------------------------------------------------ the registry */

static double rss_mib(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%*u %lu", &pages) != 1) {
        die("/proc/self/statm", "cannot be read");
    }
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* Of this process and of those it has waited for: the examiner of the registry. */
static double cpu_seconds(void)
{
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    double seconds = 0;
    for (size_t i = 0; i < sizeof whose / sizeof whose[0]; i++) {
        struct rusage usage;
        if (getrusage(whose[i], &usage) != 0) {
            die("getrusage", "failed");
        }
        seconds += (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    }
    return seconds;
}

static struct registry *open_registry(struct bench *bench, const char *path)
{
    struct registry *registry = NULL;
    struct registry_result result = registry_open(bench->base, path, &registry);
    if (result.code != REGISTRY_OK) {
        die(path, result.detail);
    }
    return registry;
}

static void make_and_load(struct bench *bench)
{
    char path[512];
    snprintf(path, sizeof path, "%s/registry.db", bench->options.folder);
    registry_free(open_registry(bench, path)); /* the schema */
    registry_make(path, &bench->options.wish, &bench->made);
    double before_mib = rss_mib();
    double cpu_before = cpu_seconds();
    uint64_t start = samples_now_ns();
    bench->operations.registry = open_registry(bench, path);
    bench->load_seconds = (double)(samples_now_ns() - start) / 1e9;
    bench->load_cpu_seconds = cpu_seconds() - cpu_before;
    bench->before_mib = before_mib;
    bench->load_rss_mib = rss_mib() - before_mib;
    bench->operations.settings = (struct operations_settings){.partition = "aws", .region = MAKE_REGION};
    bench->operations.clock = clock_ms;
}

/* ------------------------------------------------------------------ what is asked */

static void fill_context(struct context *context, uint64_t *random)
{
    static char names[PAIRS][8] = {"tenant", "app", "env"};
    static char production[] = "production";
    static char test[] = "test";
    snprintf(context->tenant, sizeof context->tenant, "tenant-%u", make_random_below(random, MAKE_TENANTS));
    snprintf(context->app, sizeof context->app, "app-%u", make_random_below(random, MAKE_APPS));
    char *values[PAIRS] = {context->tenant, context->app, make_random_below(random, 8) == 0 ? test : production};
    for (size_t i = 0; i < PAIRS; i++) {
        context->entries[i] = (Rewrap__ReEncryptRequest__SourceEncryptionContextEntry)
            REWRAP__RE_ENCRYPT_REQUEST__SOURCE_ENCRYPTION_CONTEXT_ENTRY__INIT;
        context->entries[i].key = names[i];
        context->entries[i].value = values[i];
        context->list[i] = &context->entries[i].base;
    }
}

/* A session of a role, which is how applications come. */
static void name_session(unsigned account, unsigned app, char out[PRINCIPAL_BYTES])
{
    char digits[ACCOUNT_TEXT_BYTES];
    make_account(account, digits);
    snprintf(out, PRINCIPAL_BYTES, "arn:aws:sts::%s:assumed-role/app-%u/host-1", digits, app);
}

static bool name_grantee(struct bench *bench, const uint8_t key_id[KEY_ID_BYTES], char out[PRINCIPAL_BYTES])
{
    uint8_t at[GRANT_ID_BYTES] = {0};
    at[0] = (uint8_t)make_random_below(&bench->random, 256);
    const struct registry_grant *grant = registry_grant_after(bench->operations.registry, key_id, at);
    if (grant != NULL) {
        snprintf(out, PRINCIPAL_BYTES, "%.*s", (int)grant->grant.grantee.len, grant->grant.grantee.data);
    }
    return grant != NULL;
}

/* A third has a grant; the others are somebody of the key's account, or of another, or its root user. */
static void name_somebody(struct bench *bench, unsigned key, char out[PRINCIPAL_BYTES])
{
    unsigned dice = make_random_below(&bench->random, 100);
    unsigned account = key % MAKE_ACCOUNTS;
    unsigned app = make_random_below(&bench->random, MAKE_APPS);
    if (dice < 33 && name_grantee(bench, bench->made.key_ids[key], out)) {
        return;
    }
    if (dice < 40) {
        char digits[ACCOUNT_TEXT_BYTES];
        make_account(account, digits);
        snprintf(out, PRINCIPAL_BYTES, "arn:aws:iam::%s:root", digits);
    } else if (dice < 55) {
        make_user_arn(account, app, out);
    } else {
        name_session(dice < 85 ? account : (account + 1) % MAKE_ACCOUNTS, app, out);
    }
}

static void fill_ask(struct bench *bench, unsigned key, struct ask *ask)
{
    const struct context *context = &bench->contexts[make_random_below(&bench->random, CONTEXTS)];
    memcpy(ask->key_id, bench->made.key_ids[key], KEY_ID_BYTES);
    memcpy(ask->account, ask->principal + strlen("arn:aws:iam::"), ACCOUNT_TEXT_BYTES - 1);
    ask->action = make_random_below(&bench->random, 2) == 0 ? "kms:ReEncryptFrom" : "kms:ReEncryptTo";
    ask->facts.texts[OPERATION_FACT_ENCRYPTION_ALGORITHM] = "SYMMETRIC_DEFAULT";
    ask->facts.texts[OPERATION_FACT_REQUEST_ALIAS] = make_random_below(&bench->random, 4) == 0 ? "alias/payroll" : NULL;
    ask->facts.context = context->list;
    ask->facts.n_context = PAIRS;
    ask->facts.has_other = true;
}

typedef void (*name_fn)(struct bench *bench, unsigned key, char out[PRINCIPAL_BYTES]);

static void name_crowded_grantee(struct bench *bench, unsigned key, char out[PRINCIPAL_BYTES])
{
    rewrap_ignore(key, "there is one crowded key");
    make_crowded_grantee(make_random_below(&bench->random, bench->options.wish.crowded_grants), out);
}

static void name_role_without_grant(struct bench *bench, unsigned key, char out[PRINCIPAL_BYTES])
{
    make_role_arn(key % MAKE_ACCOUNTS, make_random_below(&bench->random, MAKE_APPS), out);
}

/* ------------------------------------------------------------------ asking */

/* The whole of what authorize.c does for one permission, the lookup of the key included. */
static bool decide(const struct bench *bench, const struct ask *ask)
{
    struct operation_asking asking = {
        .operations = &bench->operations,
        .principal = ask->principal,
        .account = ask->account,
        .action = ask->action,
        .key = registry_key_find(bench->operations.registry, ask->key_id),
        .facts = &ask->facts,
    };
    struct operation_question question;
    if (!operation_question_make(&asking, &question)) {
        die(ask->principal, "cannot be asked about");
    }
    bool allowed = policy_decide(&question.question, NULL, 0).verdict == POLICY_ALLOWED;
    operation_question_clear(&question);
    return allowed;
}

static struct ask *make_asks(struct bench *bench, unsigned n, unsigned keys, name_fn name)
{
    struct ask *asks = calloc(n, sizeof *asks);
    if (asks == NULL) {
        die("decisions", "no memory");
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned key = make_random_below(&bench->random, keys);
        name(bench, key, asks[i].principal);
        fill_ask(bench, key, &asks[i]);
    }
    return asks;
}

/* How many were allowed. */
static size_t time_all(const struct bench *bench, const struct ask *asks, uint64_t (*clock)(void),
                       struct samples *samples)
{
    size_t allowed = 0;
    uint64_t before = clock();
    for (unsigned i = 0; i < bench->options.decisions; i++) {
        allowed += decide(bench, &asks[i]);
        uint64_t after = clock();
        samples_add(samples, after - before);
        before = after;
    }
    return allowed;
}

/* Over `keys` keys at random, callers as `name` says. */
static struct outcome measure(struct bench *bench, unsigned keys, name_fn name)
{
    const unsigned n = bench->options.decisions;
    struct ask *asks = make_asks(bench, n, keys, name);
    struct samples samples;
    samples_init(&samples);
    uint64_t start = samples_now_ns();
    size_t allowed = time_all(bench, asks, samples_now_ns, &samples);
    struct outcome outcome = {
        .per_second = n / ((double)(samples_now_ns() - start) / 1e9),
        .p50_us = samples_percentile_us(&samples, 0.5),
        .p99_us = samples_percentile_us(&samples, 0.99),
        .max_us = samples_percentile_us(&samples, 1),
        .allowed = (double)allowed / n,
    };
    samples_clear(&samples);
    samples_init(&samples);
    start = samples_cpu_ns();
    rewrap_ignore(time_all(bench, asks, samples_cpu_ns, &samples), "as many as before");
    outcome.cpu_per_second = n / ((double)(samples_cpu_ns() - start) / 1e9);
    outcome.cpu_p50_us = samples_percentile_us(&samples, 0.5);
    outcome.cpu_p99_us = samples_percentile_us(&samples, 0.99);
    samples_clear(&samples);
    free(asks);
    return outcome;
}

/* The first decision on each of some keys, before anything else was compiled. */
static void measure_first(struct bench *bench)
{
    const unsigned tenth = 1 + bench->options.wish.keys / 10; /* the others are for compile_all */
    const unsigned n = tenth < FIRST_DECISIONS ? tenth : FIRST_DECISIONS;
    struct samples samples;
    samples_init(&samples);
    for (unsigned key = 0; key < n; key++) {
        struct ask ask = {0};
        name_role_without_grant(bench, key, ask.principal);
        fill_ask(bench, key, &ask);
        uint64_t before = samples_cpu_ns();
        rewrap_ignore(decide(bench, &ask), "only its time is asked for");
        samples_add(&samples, samples_cpu_ns() - before);
    }
    bench->first_p50_us = samples_percentile_us(&samples, 0.5);
    bench->first_p99_us = samples_percentile_us(&samples, 0.99);
    samples_clear(&samples);
}

static void compile_all(struct bench *bench)
{
    double cpu_before = cpu_seconds();
    while (registry_compile_policies(bench->operations.registry, 1000000) != 0) {
    }
    bench->compile_cpu_seconds = cpu_seconds() - cpu_before;
    bench->rss_mib = rss_mib() - bench->before_mib;
}

static void print(const char *name, struct outcome outcome)
{
    printf(", \"%s\": {\"decisions_per_second\": %.0f, \"p50_us\": %.2f, \"p99_us\": %.2f, \"max_us\": %.1f, "
           "\"cpu_decisions_per_second\": %.0f, \"cpu_p50_us\": %.2f, \"cpu_p99_us\": %.2f, \"allowed\": %.2f}",
           name, outcome.per_second, outcome.p50_us, outcome.p99_us, outcome.max_us, outcome.cpu_per_second,
           outcome.cpu_p50_us, outcome.cpu_p99_us, outcome.allowed);
}

/* ------------------------------------------------------------------ options */

static unsigned number(const char *name, const char *text, unsigned least, unsigned most)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || value < least || value > most) {
        die(name, "out of range");
    }
    return (unsigned)value;
}

static void read_options(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {
        {"folder", required_argument, NULL, 'f'},    {"keys", required_argument, NULL, 'k'},
        {"grants", required_argument, NULL, 'g'},    {"crowded-grants", required_argument, NULL, 'c'},
        {"decisions", required_argument, NULL, 'd'}, {0},
    };
    *options = (struct options){.wish = {.keys = 1000, .crowded_grants = 1}, .decisions = 100000};
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (option) {
        case 'f':
            options->folder = optarg;
            break;
        case 'k':
            options->wish.keys = number("--keys", optarg, 2, MAKE_KEYS_MAX);
            break;
        case 'g':
            options->wish.grants = number("--grants", optarg, 0, MAKE_GRANTS_MAX);
            break;
        case 'c':
            options->wish.crowded_grants = number("--crowded-grants", optarg, 1, KEY_MAX_GRANTS);
            break;
        case 'd':
            options->decisions = number("--decisions", optarg, 1, MAX_DECISIONS);
            break;
        default:
            exit(2);
        }
    }
    if (options->folder == NULL || optind != argc) {
        die("usage", "bench_policy --folder EMPTY-FOLDER [--keys N] [--grants N] [--crowded-grants N] [--decisions N]");
    }
}

int main(int argc, char **argv)
{
    static struct bench bench = {.random = 2};
    read_options(argc, argv, &bench.options);
    bench.base = event_base_new();
    bench.contexts = calloc(CONTEXTS, sizeof bench.contexts[0]);
    if (bench.base == NULL || bench.contexts == NULL) {
        die("start", "no memory");
    }
    for (size_t i = 0; i < CONTEXTS; i++) {
        fill_context(&bench.contexts[i], &bench.random);
    }
    make_and_load(&bench);
    measure_first(&bench);
    compile_all(&bench);
    printf(
        "{\"keys\": %zu, \"grants\": %zu, \"crowded_grants\": %zu, \"load_seconds\": %.2f, "
        "\"load_cpu_seconds\": %.2f, \"load_rss_mib\": %.0f, \"first_cpu_p50_us\": %.1f, \"first_cpu_p99_us\": %.1f, "
        "\"compile_cpu_seconds\": %.2f, \"rss_mib\": %.0f",
        registry_keys(bench.operations.registry), registry_grants(bench.operations.registry),
        registry_key_grants(bench.operations.registry, bench.made.key_ids[0]), bench.load_seconds,
        bench.load_cpu_seconds, bench.load_rss_mib, bench.first_p50_us, bench.first_p99_us, bench.compile_cpu_seconds,
        bench.rss_mib);
    print("random", measure(&bench, bench.options.wish.keys, name_somebody));
    print("crowded_grantee", measure(&bench, 1, name_crowded_grantee));
    print("crowded_stranger", measure(&bench, 1, name_role_without_grant));
    printf("}\n");
    registry_free(bench.operations.registry);
    event_base_free(bench.base);
    free(bench.contexts);
    free(bench.made.key_ids);
    return 0;
}
