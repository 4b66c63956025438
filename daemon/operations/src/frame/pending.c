/* What is on its way into the registry; see pending.h. */
#include "pending.h"

#include "base/view.h"

#include <string.h>
#include <strings.h>

void operation_pending_add(struct operations *operations, struct operation_pending *pending)
{
    if (!pending->listed) {
        LIST_INSERT_HEAD(&operations->state->pending, pending, entry);
        pending->listed = true;
    }
}

void operation_pending_remove(struct operation_pending *pending)
{
    if (pending->listed) {
        LIST_REMOVE(pending, entry);
        pending->listed = false;
    }
}

static bool is_of(const struct operation_pending *pending, const uint8_t key_id[KEY_ID_BYTES])
{
    return view_equal(view_of(pending->key_id, KEY_ID_BYTES), view_of(key_id, KEY_ID_BYTES));
}

size_t operation_pending_keys(const struct operations *operations, const char *account)
{
    size_t n = 0;
    const struct operation_pending *pending;
    LIST_FOREACH(pending, &operations->state->pending, entry)
    {
        n += pending->is_key && strcmp(pending->account, account) == 0;
    }
    return n;
}

size_t operation_pending_aliases(const struct operations *operations, const uint8_t key_id[KEY_ID_BYTES])
{
    size_t n = 0;
    const struct operation_pending *pending;
    LIST_FOREACH(pending, &operations->state->pending, entry)
    {
        n += !pending->is_key && !pending->is_rotation && pending->principal == 0 && is_of(pending, key_id);
    }
    return n;
}

const struct operation_pending *operation_pending_rotation(const struct operations *operations,
                                                           const uint8_t key_id[KEY_ID_BYTES])
{
    const struct operation_pending *pending;
    LIST_FOREACH(pending, &operations->state->pending, entry)
    {
        if (pending->is_rotation && is_of(pending, key_id)) {
            return pending;
        }
    }
    return NULL;
}

static bool is_principal(const struct operation_pending *pending, const char *account, enum principal_kind kind)
{
    return pending->principal == kind && strcmp(pending->account, account) == 0;
}

size_t operation_pending_principals(const struct operations *operations, const char *account, enum principal_kind kind)
{
    size_t n = 0;
    const struct operation_pending *pending;
    LIST_FOREACH(pending, &operations->state->pending, entry)
    {
        n += is_principal(pending, account, kind);
    }
    return n;
}

bool operation_pending_has_principal(const struct operations *operations, const char *account, enum principal_kind kind,
                                     const char *name)
{
    const struct operation_pending *pending;
    LIST_FOREACH(pending, &operations->state->pending, entry)
    {
        if (is_principal(pending, account, kind) && strcasecmp(pending->name, name) == 0) {
            return true;
        }
    }
    return false;
}

bool operation_pending_material(const struct operations *operations, const uint8_t material_id[MATERIAL_ID_BYTES])
{
    const struct operation_pending *pending;
    LIST_FOREACH(pending, &operations->state->pending, entry)
    {
        if (pending->has_material &&
            view_equal(view_of(pending->material_id, MATERIAL_ID_BYTES), view_of(material_id, MATERIAL_ID_BYTES))) {
            return true;
        }
    }
    return false;
}
