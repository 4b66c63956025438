/* Materials of deleted keys: finding, paging, forgetting. */
#include "model.h"

const struct registry_retired *registry_retired_find(const struct registry *registry,
                                                     const uint8_t material_id[MATERIAL_ID_BYTES])
{
    const struct retired_entry *entry = memory_retired(&registry->memory, material_id);
    return entry == NULL ? NULL : &entry->retired;
}

const struct registry_retired *registry_retired_after(const struct registry *registry,
                                                      const uint8_t after[MATERIAL_ID_BYTES])
{
    const struct memory *memory = &registry->memory;
    size_t at = memory_retired_after(memory, after);
    return at < map_count(&memory->retired) ? &memory->retirement[at]->retired : NULL;
}

size_t registry_retired_materials(const struct registry *registry)
{
    return map_count(&registry->memory.retired);
}

/* Whether there is one the store says: a removal of its key may be waiting before this. */
void registry_retired_remove(struct registry *registry, const uint8_t material_id[MATERIAL_ID_BYTES],
                             registry_done_fn done, void *arg)
{
    struct change change = {.kind = CHANGE_RETIRED_REMOVE};
    memcpy(change.material_id, material_id, MATERIAL_ID_BYTES);
    registry_submit(registry, &change, registry_ok(), done, arg);
}
