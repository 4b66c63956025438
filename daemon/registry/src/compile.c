/* Compiling, from the event loop, the policies that nobody has asked for yet; and saying which row is damaged. */
#include "model.h"

#include <event2/event.h>
#include <stdio.h>
#include <time.h>

/* A tenth of one processor, in portions that no request notices, until all are compiled. */
#define PORTION_US  500
#define INTERVAL_US 5000

/* ------------------------------------------------------------------ damaged rows */

void registry_on_damaged_policy(struct registry *registry, registry_damaged_fn damaged, void *arg)
{
    registry->damaged = damaged;
    registry->damaged_arg = arg;
}

static bool name_key(const struct memory *memory, const struct registry_policy *policy, char *out, size_t cap)
{
    size_t cursor = 0;
    const struct key_entry *key = map_next(&memory->keys, &cursor);
    while (key != NULL && key->shared != policy) {
        key = map_next(&memory->keys, &cursor);
    }
    if (key != NULL) {
        snprintf(out, cap, "table keys, row %s: %s", key->key.key_id_text, policy->fault);
    }
    return key != NULL;
}

static bool name_principal(const struct memory *memory, const struct registry_policy *policy, char *out, size_t cap)
{
    size_t cursor = 0;
    const struct map *principals = &memory->principals;
    for (const struct principal_entry *p = map_next(principals, &cursor); p; p = map_next(principals, &cursor)) {
        for (size_t i = 0; i < p->principal.n_policies; i++) {
            if (p->shared[i] == policy) {
                snprintf(out, cap, "table identity_policies, row %s, %s: %s", p->principal.unique_id,
                         p->policies[i].name, policy->fault);
                return true;
            }
        }
    }
    return false;
}

/* Only what is in a row: a change that does not compile is refused, and its caller told. */
static void on_damaged(void *arg, const struct registry_policy *policy)
{
    const struct registry *registry = arg;
    char text[1024];
    bool is_named = policy->kind == POLICY_KIND_KEY ? name_key(&registry->memory, policy, text, sizeof text)
                                                    : name_principal(&registry->memory, policy, text, sizeof text);
    if (is_named && registry->damaged != NULL) {
        registry->damaged(registry->damaged_arg, text);
    }
}

/* ------------------------------------------------------------------ portions */

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

size_t registry_policies_left(const struct registry *registry)
{
    return registry->memory.policies.n_texts;
}

size_t registry_policies_damaged(const struct registry *registry)
{
    return registry->memory.policies.n_damaged;
}

size_t registry_compile_policies(struct registry *registry, unsigned budget_us)
{
    const struct policy_list *texts = &registry->memory.policies.texts;
    const uint64_t end = now_us() + budget_us;
    while (!TAILQ_EMPTY(texts) && now_us() < end) {
        if (registry_policy_document(TAILQ_FIRST(texts)) == NULL) {
            break; /* without memory: later */
        }
    }
    return registry_policies_left(registry);
}

static void on_compile(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    struct registry *registry = arg;
    const struct timeval interval = {.tv_usec = INTERVAL_US};
    if (registry_compile_policies(registry, PORTION_US) != 0) {
        rewrap_ignore(event_add(registry->compile, &interval), "else each is compiled when it is asked for");
    }
}

bool registry_begin_compiling(struct registry *registry, struct event_base *base)
{
    registry->memory.policies.on_damaged = on_damaged;
    registry->memory.policies.arg = registry;
    registry->compile = evtimer_new(base, on_compile, registry);
    return registry->compile != NULL &&
           (registry_policies_left(registry) == 0 || event_add(registry->compile, &(struct timeval){0}) == 0);
}
