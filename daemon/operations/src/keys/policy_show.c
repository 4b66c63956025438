/* A key policy as GetKeyPolicy shows it; see policy_show.h. */
#include "policy_show.h"

#include "access/who.h"

#include "policy/rename.h"
#include "registry/principals.h"

#include <string.h>

struct showing {
    const struct operations *operations;
    int64_t policy_ms;
};

static const char *departed_id(void *arg, struct view arn)
{
    const struct showing *showing = arg;
    return operation_departed_id(showing->operations, arn, showing->policy_ms);
}

char *operation_policy_shown(const struct operations *operations, const char *text, int64_t policy_ms)
{
    if (registry_departures(operations->registry) == 0) {
        return strdup(text);
    }
    struct showing showing = {.operations = operations, .policy_ms = policy_ms};
    char *shown = NULL;
    return policy_rename(view_of_string(text), departed_id, &showing, &shown) ? shown : NULL;
}
