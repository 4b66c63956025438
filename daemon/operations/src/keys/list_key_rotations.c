/* ListKeyRotations: the materials of a key, oldest first, page by page (KMS.md R-139). */
#include "access/states.h"
#include "frame/table.h"
#include "request/marker.h"
#include "request/specs.h"

#include "base/hex.h"
#include "proto/rewrap.pb-c.h"

#include <stdlib.h>

#define LIST_ROTATIONS_DEFAULT 100 /* KMS.md R-75; the table of constraints has the most, 1000 */

struct rotation_entry {
    Rewrap__RotationsListEntry message;
    Rewrap__Timestamp date;
    char material[2 * MATERIAL_ID_BYTES + 1];
};

static const Rewrap__ListKeyRotationsRequest *request_of(const struct operation *operation)
{
    return (const Rewrap__ListKeyRotationsRequest *)operation->request;
}

/* The first material was not rotated to: it is listed only by whoever asks for all. */
static bool is_wanted(const struct operation *operation, const struct registry_material *material)
{
    const Rewrap__ListKeyRotationsRequest *request = request_of(operation);
    bool all = request->has_include_key_material &&
               request->include_key_material == REWRAP__INCLUDE_KEY_MATERIAL__VALUE__ALL_KEY_MATERIAL;
    return all || material->origin != MATERIAL_FIRST;
}

static void fill_entry(const struct operation *operation, const struct registry_key *key, size_t index,
                       struct rotation_entry *out)
{
    const struct registry_material *material = &key->materials[index];
    Rewrap__RotationsListEntry *message = &out->message;
    rewrap__rotations_list_entry__init(message);
    hex_encode(view_of(material->id, MATERIAL_ID_BYTES), out->material);
    message->key_id = request_of(operation)->key_id;
    message->key_material_id = out->material;
    message->has_key_material_state = true;
    message->key_material_state = index + 1 == key->n_materials ? REWRAP__KEY_MATERIAL_STATE__VALUE__CURRENT
                                                                : REWRAP__KEY_MATERIAL_STATE__VALUE__NON_CURRENT;
    if (material->origin == MATERIAL_FIRST) {
        return;
    }
    operation_timestamp_fill(material->created_ms, &out->date);
    message->rotation_date = &out->date;
    message->has_rotation_type = true;
    message->rotation_type = material->origin == MATERIAL_ROTATED_ON_DEMAND ? REWRAP__ROTATION_TYPE__VALUE__ON_DEMAND
                                                                            : REWRAP__ROTATION_TYPE__VALUE__AUTOMATIC;
}

/* Fills the page from the material of that index on, and answers. entries and list have room for limit. */
static void answer_page(struct operation *operation, const struct registry_key *key, size_t index, size_t limit,
                        struct rotation_entry *entries, Rewrap__RotationsListEntry **list)
{
    size_t n = 0, last = 0;
    bool truncated = false;
    for (; index < key->n_materials; index++) {
        if (!is_wanted(operation, &key->materials[index])) {
            continue;
        }
        if (n == limit) {
            truncated = true;
            break;
        }
        fill_entry(operation, key, index, &entries[n]);
        list[n] = &entries[n].message;
        last = index;
        n++;
    }
    char marker[OPERATION_MARKER_TEXT_BYTES];
    Rewrap__ListKeyRotationsResponse response = REWRAP__LIST_KEY_ROTATIONS_RESPONSE__INIT;
    response.n_rotations = n;
    response.rotations = list;
    response.has_truncated = true;
    response.truncated = truncated;
    if (truncated) {
        operation_marker_write(OPERATION_MARKER_ROTATIONS, view_of(key->materials[last].id, MATERIAL_ID_BYTES), marker);
        response.next_marker = marker;
    }
    operation_finish(operation, &response.base);
}

/* The index behind the material that a marker has; a key keeps its materials, so one that it has not was never given
 * out for it. */
static bool read_marker(struct operation *operation, const struct registry_key *key, const char *marker,
                        size_t *ret_index)
{
    *ret_index = 0;
    if (marker == NULL) {
        return true;
    }
    uint8_t last[OPERATION_MARKER_MAX_BYTES + 1];
    size_t len;
    if (!operation_marker_read(operation, OPERATION_MARKER_ROTATIONS, marker, last, &len)) {
        return false;
    }
    for (size_t i = 0; i < key->n_materials; i++) {
        if (view_equal(view_of(key->materials[i].id, MATERIAL_ID_BYTES), view_of(last, len))) {
            *ret_index = i + 1;
            return true;
        }
    }
    operation_marker_refuse(operation);
    return false;
}

static void run(struct operation *operation)
{
    const Rewrap__ListKeyRotationsRequest *request = request_of(operation);
    const enum operation_permission permission = OPERATION_MAY_LIST_KEY_ROTATIONS;
    const struct registry_key *key;
    size_t index;
    if (!operation_admit(operation, permission, request->key_id, &key) ||
        !read_marker(operation, key, request->marker, &index)) {
        return;
    }
    size_t limit = request->has_limit ? (size_t)request->limit : LIST_ROTATIONS_DEFAULT;
    struct rotation_entry *entries = calloc(limit, sizeof *entries);
    Rewrap__RotationsListEntry **list = calloc(limit, sizeof(Rewrap__RotationsListEntry *));
    if (entries != NULL && list != NULL) {
        answer_page(operation, key, index, limit, entries, list);
    } else {
        operation_fail_no_memory(operation);
    }
    free(list);
    free(entries);
}

const struct operation_kind operation_kind_list_key_rotations = {.name = "ListKeyRotations", .run = run};
