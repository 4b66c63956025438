/* Writing frames; see wire.h. */
#include "wire.h"

/* Starts a frame whose length is not yet known. */
static bool frame_begin(struct buffer *out, uint64_t sequence, enum wire_kind kind)
{
    return buffer_append_u32(out, 0) && buffer_append_u64(out, sequence) && buffer_append_u8(out, (uint8_t)kind);
}

/* Sets the length of the frame that begins at start, or takes back what there is of it. */
static bool frame_end(struct buffer *out, size_t start, bool good)
{
    size_t len = out->len - start;
    if (!good || len > WIRE_FRAME_MAX_BYTES) {
        out->len = start;
        return false;
    }
    size_t body = len - WIRE_LENGTH_BYTES;
    for (size_t i = 0; i < WIRE_LENGTH_BYTES; i++) {
        out->data[start + i] = (uint8_t)(body >> (8 * (WIRE_LENGTH_BYTES - 1 - i)));
    }
    return true;
}

static bool append_text(struct buffer *out, const char *text)
{
    size_t len = strlen(text);
    return len <= UINT16_MAX && buffer_append_u16(out, (uint16_t)len) && buffer_append(out, text, len);
}

static bool append_lists(struct buffer *out, const struct registry_key *key)
{
    if (key->n_materials > UINT16_MAX || key->n_tags > UINT16_MAX) {
        return false;
    }
    bool good = buffer_append_u16(out, (uint16_t)key->n_materials);
    for (size_t i = 0; good && i < key->n_materials; i++) {
        good = buffer_append(out, key->materials[i].id, MATERIAL_ID_BYTES) &&
               buffer_append_u64(out, (uint64_t)key->materials[i].created_ms);
    }
    good = good && buffer_append_u16(out, (uint16_t)key->n_tags);
    for (size_t i = 0; good && i < key->n_tags; i++) {
        good = append_text(out, key->tags[i].key) && append_text(out, key->tags[i].value);
    }
    return good;
}

bool wire_write_key(struct buffer *out, uint64_t sequence, enum wire_kind kind, const struct registry_key *key)
{
    size_t start = out->len;
    bool good = frame_begin(out, sequence, kind) && buffer_append(out, key->key_id, KEY_ID_BYTES) &&
                buffer_append(out, key->account, ACCOUNT_TEXT_BYTES - 1) && append_text(out, key->token) &&
                append_text(out, key->description) && buffer_append_u8(out, (uint8_t)key->spec) &&
                buffer_append_u8(out, (uint8_t)key->usage) && buffer_append_u8(out, (uint8_t)key->state) &&
                buffer_append_u8(out, (uint8_t)key->boundary) && buffer_append_u64(out, (uint64_t)key->created_ms) &&
                append_lists(out, key);
    return frame_end(out, start, good);
}

bool wire_write_alias(struct buffer *out, uint64_t sequence, enum wire_kind kind, const struct registry_alias *alias)
{
    size_t start = out->len;
    bool good = frame_begin(out, sequence, kind) && buffer_append(out, alias->account, ACCOUNT_TEXT_BYTES - 1) &&
                append_text(out, alias->name) && buffer_append(out, alias->key_id, KEY_ID_BYTES) &&
                buffer_append_u64(out, (uint64_t)alias->created_ms) &&
                buffer_append_u64(out, (uint64_t)alias->updated_ms);
    return frame_end(out, start, good);
}

bool wire_write_change(struct buffer *out, uint64_t sequence, const struct change *change)
{
    const enum wire_kind kind = (enum wire_kind)change->kind; /* the same numbers */
    if (change->kind == CHANGE_KEY_ADD) {
        return wire_write_key(out, sequence, kind, &change->key->key);
    }
    return wire_write_alias(out, sequence, kind, &change->alias->alias);
}

bool wire_write_key_read(struct buffer *out, uint64_t sequence, const uint8_t key_id[KEY_ID_BYTES])
{
    size_t start = out->len;
    return frame_end(out, start, frame_begin(out, sequence, WIRE_KEY_READ) && buffer_append(out, key_id, KEY_ID_BYTES));
}

bool wire_write_result(struct buffer *out, uint64_t sequence, enum wire_kind kind, const struct registry_result *result)
{
    size_t start = out->len;
    bool good = frame_begin(out, sequence, kind) && buffer_append_u8(out, (uint8_t)result->code) &&
                append_text(out, result->detail);
    return frame_end(out, start, good);
}

bool wire_write_empty(struct buffer *out, uint64_t sequence, enum wire_kind kind)
{
    size_t start = out->len;
    return frame_end(out, start, frame_begin(out, sequence, kind));
}
