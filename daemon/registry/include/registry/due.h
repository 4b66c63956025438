/* Keys for which something is due: the end of a waiting period, an automatic rotation. */
#pragma once

#include "registry/registry.h"

/* When the key is due: when its waiting period ends if it is pending deletion, when it rotates next if it is enabled. 0
 * for never. */
int64_t registry_key_due_ms(const struct registry_key *key);

/* The place of a key in the order in which keys are due: by that time, then by their ids. */
struct registry_due {
    int64_t due_ms;
    uint8_t key_id[KEY_ID_BYTES];
};

/* The first key, of any account, that is due at now_ms or was before, and stands behind `after` (NULL: of all). NULL
 * when there is none. With `after` a binary search among all that are ever due, also later. */
const struct registry_key *registry_key_due_after(const struct registry *registry, int64_t now_ms,
                                                  const struct registry_due *after);
