/* Writing frames; see wire.h. */
#include "wire_parts.h"

static bool append_lists(struct buffer *out, const struct registry_key *key)
{
    if (key->n_materials > UINT16_MAX || key->n_tags > UINT16_MAX) {
        return false;
    }
    bool good = buffer_append_u16(out, (uint16_t)key->n_materials);
    for (size_t i = 0; good && i < key->n_materials; i++) {
        good = buffer_append(out, key->materials[i].id, MATERIAL_ID_BYTES) &&
               buffer_append_u64(out, (uint64_t)key->materials[i].created_ms) &&
               buffer_append_u8(out, (uint8_t)key->materials[i].origin);
    }
    good = good && buffer_append_u16(out, (uint16_t)key->n_tags);
    for (size_t i = 0; good && i < key->n_tags; i++) {
        good = wire_append_text(out, key->tags[i].key) && wire_append_text(out, key->tags[i].value);
    }
    return good;
}

/* No text is none of its own: an empty one is not a policy. */
static bool append_policy(struct buffer *out, const struct registry_key *key)
{
    return buffer_append_u64(out, (uint64_t)key->policy_ms) &&
           wire_append_text(out, key->policy == NULL ? "" : key->policy);
}

bool wire_write_key(struct buffer *out, uint64_t sequence, enum wire_kind kind, const struct registry_key *key)
{
    size_t start = out->len;
    bool good = wire_frame_begin(out, sequence, kind) && buffer_append(out, key->key_id, KEY_ID_BYTES) &&
                buffer_append(out, key->account, ACCOUNT_TEXT_BYTES - 1) && wire_append_text(out, key->token) &&
                wire_append_text(out, key->description) && buffer_append_u8(out, (uint8_t)key->spec) &&
                buffer_append_u8(out, (uint8_t)key->usage) && buffer_append_u8(out, (uint8_t)key->state) &&
                buffer_append_u8(out, (uint8_t)key->boundary) && buffer_append_u64(out, (uint64_t)key->created_ms) &&
                buffer_append_u64(out, (uint64_t)key->deletion_ms) &&
                buffer_append_u16(out, (uint16_t)key->rotation_days) &&
                buffer_append_u64(out, (uint64_t)key->next_rotation_ms) && buffer_append_u64(out, key->revision) &&
                append_policy(out, key) && append_lists(out, key);
    return wire_frame_end(out, start, good);
}

bool wire_write_alias(struct buffer *out, uint64_t sequence, enum wire_kind kind, const struct registry_alias *alias)
{
    size_t start = out->len;
    bool good = wire_frame_begin(out, sequence, kind) && buffer_append(out, alias->account, ACCOUNT_TEXT_BYTES - 1) &&
                wire_append_text(out, alias->name) && buffer_append(out, alias->key_id, KEY_ID_BYTES) &&
                buffer_append_u64(out, (uint64_t)alias->created_ms) &&
                buffer_append_u64(out, (uint64_t)alias->updated_ms);
    return wire_frame_end(out, start, good);
}

bool wire_write_removal(struct buffer *out, uint64_t sequence, const struct key_removal *removal)
{
    size_t start = out->len;
    bool good = wire_frame_begin(out, sequence, WIRE_KEY_REMOVE) && buffer_append(out, removal->key_id, KEY_ID_BYTES) &&
                buffer_append_u64(out, removal->revision) && buffer_append_u64(out, (uint64_t)removal->retired_ms);
    return wire_frame_end(out, start, good);
}

bool wire_write_material_id(struct buffer *out, uint64_t sequence, enum wire_kind kind,
                            const uint8_t material_id[MATERIAL_ID_BYTES])
{
    size_t start = out->len;
    bool good = wire_frame_begin(out, sequence, kind) && buffer_append(out, material_id, MATERIAL_ID_BYTES);
    return wire_frame_end(out, start, good);
}

bool wire_write_key_read(struct buffer *out, uint64_t sequence, const uint8_t key_id[KEY_ID_BYTES])
{
    size_t start = out->len;
    return wire_frame_end(out, start,
                          wire_frame_begin(out, sequence, WIRE_KEY_READ) && buffer_append(out, key_id, KEY_ID_BYTES));
}

static bool append_retired(struct buffer *out, const struct registry_retired *retired)
{
    return buffer_append(out, retired->material_id, MATERIAL_ID_BYTES) &&
           buffer_append(out, retired->key_id, KEY_ID_BYTES) &&
           buffer_append(out, retired->account, ACCOUNT_TEXT_BYTES - 1) && wire_append_text(out, retired->token) &&
           buffer_append_u8(out, (uint8_t)retired->spec) && buffer_append_u8(out, (uint8_t)retired->boundary) &&
           buffer_append_u64(out, (uint64_t)retired->retired_ms);
}

bool wire_write_key_gone(struct buffer *out, uint64_t sequence, const uint8_t key_id[KEY_ID_BYTES],
                         const struct retired_list *retired)
{
    size_t start = out->len;
    bool good = retired->n <= UINT16_MAX && wire_frame_begin(out, sequence, WIRE_KEY_GONE) &&
                buffer_append(out, key_id, KEY_ID_BYTES) && buffer_append_u16(out, (uint16_t)retired->n);
    for (size_t i = 0; good && i < retired->n; i++) {
        good = append_retired(out, &retired->entries[i]->retired);
    }
    return wire_frame_end(out, start, good);
}

bool wire_write_retired(struct buffer *out, uint64_t sequence, const struct registry_retired *retired)
{
    size_t start = out->len;
    return wire_frame_end(out, start,
                          wire_frame_begin(out, sequence, WIRE_RETIRED_ROW) && append_retired(out, retired));
}

/* ------------------------------------------------------------------ changes, and the questions in their place */

static bool change_key(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_key(out, sequence, (enum wire_kind)change->kind, &change->key->key);
}

static bool change_alias(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_alias(out, sequence, (enum wire_kind)change->kind, &change->alias->alias);
}

static bool remove_key(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_removal(out, sequence, &change->removal);
}

static bool remove_retired(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_material_id(out, sequence, WIRE_RETIRED_REMOVE, change->material_id);
}

static bool ask_key(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_key_read(out, sequence, change->key->key.key_id);
}

static bool ask_removed_key(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_key_read(out, sequence, change->removal.key_id);
}

static bool ask_alias(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_alias(out, sequence, WIRE_ALIAS_READ, &change->alias->alias);
}

static bool change_principal(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_principal(out, sequence, (enum wire_kind)change->kind, &change->principal->principal);
}

static bool remove_principal(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_principal_removal(out, sequence, &change->principal_removal);
}

static bool add_grant(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_grant(out, sequence, WIRE_GRANT_ADD, &change->grant->grant);
}

static bool remove_grant(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_grant_place(out, sequence, WIRE_GRANT_REMOVE, &change->grant_place);
}

static bool ask_principal(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_principal_read(out, sequence, change->principal->principal.unique_id, NULL);
}

static bool ask_removed_principal(struct buffer *out, uint64_t sequence, const struct change *change)
{
    const struct principal_removal *removal = &change->principal_removal;
    return wire_write_principal_read(out, sequence, removal->unique_id, &removal->departure);
}

static bool ask_grant(struct buffer *out, uint64_t sequence, const struct change *change)
{
    struct grant_place place;
    memcpy(place.key_id, change->grant->grant.key_id, KEY_ID_BYTES);
    memcpy(place.id, change->grant->grant.id, GRANT_ID_BYTES);
    return wire_write_grant_place(out, sequence, WIRE_GRANT_READ, &place);
}

static bool ask_removed_grant(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_grant_place(out, sequence, WIRE_GRANT_READ, &change->grant_place);
}

static bool ask_retired(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return wire_write_material_id(out, sequence, WIRE_RETIRED_READ, change->material_id);
}

static const struct {
    bool (*change)(struct buffer *, uint64_t, const struct change *);
    bool (*question)(struct buffer *, uint64_t, const struct change *);
} kinds[] = {
    [CHANGE_KEY_ADD] = {change_key, ask_key},
    [CHANGE_KEY_REPLACE] = {change_key, ask_key},
    [CHANGE_KEY_REMOVE] = {remove_key, ask_removed_key},
    [CHANGE_RETIRED_REMOVE] = {remove_retired, ask_retired},
    [CHANGE_ALIAS_ADD] = {change_alias, ask_alias},
    [CHANGE_ALIAS_RETARGET] = {change_alias, ask_alias},
    [CHANGE_ALIAS_REMOVE] = {change_alias, ask_alias},
    [CHANGE_PRINCIPAL_ADD] = {change_principal, ask_principal},
    [CHANGE_PRINCIPAL_REPLACE] = {change_principal, ask_principal},
    [CHANGE_PRINCIPAL_REMOVE] = {remove_principal, ask_removed_principal},
    [CHANGE_GRANT_ADD] = {add_grant, ask_grant},
    [CHANGE_GRANT_REMOVE] = {remove_grant, ask_removed_grant},
};

bool wire_write_change(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return kinds[change->kind].change(out, sequence, change);
}

bool wire_write_question(struct buffer *out, uint64_t sequence, const struct change *change)
{
    return kinds[change->kind].question(out, sequence, change);
}

/* ------------------------------------------------------------------ answers */

bool wire_write_result(struct buffer *out, uint64_t sequence, enum wire_kind kind, const struct registry_result *result)
{
    size_t start = out->len;
    bool good = wire_frame_begin(out, sequence, kind) && buffer_append_u8(out, (uint8_t)result->code) &&
                wire_append_text(out, result->detail);
    return wire_frame_end(out, start, good);
}

bool wire_write_empty(struct buffer *out, uint64_t sequence, enum wire_kind kind)
{
    size_t start = out->len;
    return wire_frame_end(out, start, wire_frame_begin(out, sequence, kind));
}
