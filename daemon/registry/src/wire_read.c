/* Reading frames; see wire.h. */
#include "check.h"
#include "wire_parts.h"

/* How the body of a kind is read into the frame. What was allocated stays there, whatever the answer. */
struct body {
    enum wire_kind kind;
    enum wire_code (*read)(struct reader *reader, struct wire_frame *frame);
};

static enum wire_code read_materials(struct reader *reader, struct key_entry *entry)
{
    size_t n = reader_u16(reader);
    for (size_t i = 0; i < n && !reader->failed; i++) {
        struct registry_material material = {0};
        reader_copy(reader, material.id, sizeof material.id);
        material.created_ms = (int64_t)reader_u64(reader);
        material.origin = reader_u8(reader);
        if (!reader->failed && !key_entry_add_material(entry, &material)) {
            return WIRE_NO_MEMORY;
        }
    }
    return reader->failed ? WIRE_MALFORMED : WIRE_OK;
}

static enum wire_code read_tags(struct reader *reader, struct key_entry *entry)
{
    size_t n = reader_u16(reader);
    for (size_t i = 0; i < n && !reader->failed; i++) {
        struct view key = wire_read_text(reader);
        struct view value = wire_read_text(reader);
        if (reader->failed || check_tag(key, value) != NULL) {
            return WIRE_MALFORMED;
        }
        if (!key_entry_add_tag(entry, key, value)) {
            return WIRE_NO_MEMORY;
        }
    }
    return reader->failed ? WIRE_MALFORMED : WIRE_OK;
}

static enum wire_code read_policy(struct reader *reader, struct key_entry *entry)
{
    entry->key.policy_ms = (int64_t)reader_u64(reader);
    struct view policy = wire_read_text(reader);
    if (reader->failed) {
        return WIRE_MALFORMED;
    }
    if (policy.len == 0) {
        return WIRE_OK;
    }
    if (check_policy_text(policy, POLICY_DOCUMENT_MAX_BYTES) != NULL) {
        return WIRE_MALFORMED;
    }
    return key_entry_set_policy(entry, policy) ? WIRE_OK : WIRE_NO_MEMORY;
}

static enum wire_code read_key(struct reader *reader, struct wire_frame *frame)
{
    struct view key_id = reader_take(reader, KEY_ID_BYTES);
    struct view account = reader_take(reader, ACCOUNT_TEXT_BYTES - 1);
    struct view token = wire_read_text(reader);
    struct view description = wire_read_text(reader);
    if (reader->failed || check_account(account) != NULL || check_token_name(token) != NULL ||
        check_description(description) != NULL) {
        return WIRE_MALFORMED;
    }
    frame->key = key_entry_new(key_id.data, account, token, description);
    if (frame->key == NULL) {
        return WIRE_NO_MEMORY;
    }
    struct registry_key *key = &frame->key->key;
    key->spec = reader_u8(reader);
    key->usage = reader_u8(reader);
    key->state = reader_u8(reader);
    key->boundary = reader_u8(reader);
    key->created_ms = (int64_t)reader_u64(reader);
    key->deletion_ms = (int64_t)reader_u64(reader);
    key->rotation_days = reader_u16(reader);
    key->next_rotation_ms = (int64_t)reader_u64(reader);
    key->revision = reader_u64(reader);
    enum wire_code code = read_policy(reader, frame->key);
    if (code == WIRE_OK) {
        code = read_materials(reader, frame->key);
    }
    if (code == WIRE_OK) {
        code = read_tags(reader, frame->key);
    }
    if (code != WIRE_OK) {
        return code;
    }
    return check_key(key) == NULL ? WIRE_OK : WIRE_MALFORMED;
}

static enum wire_code read_alias(struct reader *reader, struct wire_frame *frame)
{
    struct view account = reader_take(reader, ACCOUNT_TEXT_BYTES - 1);
    struct view name = wire_read_text(reader);
    struct view key_id = reader_take(reader, KEY_ID_BYTES);
    int64_t created_ms = (int64_t)reader_u64(reader);
    int64_t updated_ms = (int64_t)reader_u64(reader);
    if (reader->failed || check_account(account) != NULL || check_alias_name(name) != NULL ||
        check_time(created_ms) != NULL || check_time(updated_ms) != NULL) {
        return WIRE_MALFORMED;
    }
    frame->alias = alias_entry_new(account, name, key_id.data);
    if (frame->alias == NULL) {
        return WIRE_NO_MEMORY;
    }
    frame->alias->alias.created_ms = created_ms;
    frame->alias->alias.updated_ms = updated_ms;
    return WIRE_OK;
}

static enum wire_code read_key_id(struct reader *reader, struct wire_frame *frame)
{
    reader_copy(reader, frame->key_id, KEY_ID_BYTES);
    return WIRE_OK;
}

static enum wire_code read_material_id(struct reader *reader, struct wire_frame *frame)
{
    reader_copy(reader, frame->material_id, MATERIAL_ID_BYTES);
    return WIRE_OK;
}

static enum wire_code read_removal(struct reader *reader, struct wire_frame *frame)
{
    struct key_removal *removal = &frame->removal;
    reader_copy(reader, removal->key_id, KEY_ID_BYTES);
    removal->revision = reader_u64(reader);
    removal->retired_ms = (int64_t)reader_u64(reader);
    return check_revision(removal->revision) == NULL && check_time(removal->retired_ms) == NULL ? WIRE_OK
                                                                                                : WIRE_MALFORMED;
}

static enum wire_code read_retired(struct reader *reader, struct wire_frame *frame)
{
    struct view material_id = reader_take(reader, MATERIAL_ID_BYTES);
    struct view key_id = reader_take(reader, KEY_ID_BYTES);
    struct view account = reader_take(reader, ACCOUNT_TEXT_BYTES - 1);
    struct view token = wire_read_text(reader);
    if (reader->failed || check_account(account) != NULL || check_token_name(token) != NULL) {
        return WIRE_MALFORMED;
    }
    struct retired_entry *entry = retired_entry_new(material_id.data, key_id.data, account, token);
    if (entry == NULL || !retired_list_add(&frame->retired, entry)) {
        retired_entry_free(entry);
        return WIRE_NO_MEMORY;
    }
    entry->retired.spec = reader_u8(reader);
    entry->retired.boundary = reader_u8(reader);
    entry->retired.retired_ms = (int64_t)reader_u64(reader);
    return check_retired(&entry->retired) == NULL ? WIRE_OK : WIRE_MALFORMED;
}

static enum wire_code read_key_gone(struct reader *reader, struct wire_frame *frame)
{
    reader_copy(reader, frame->key_id, KEY_ID_BYTES);
    size_t n = reader_u16(reader);
    enum wire_code code = reader->failed || n > KEY_MAX_MATERIALS ? WIRE_MALFORMED : WIRE_OK;
    for (size_t i = 0; i < n && code == WIRE_OK; i++) {
        code = read_retired(reader, frame);
    }
    return code;
}

static enum wire_code read_result(struct reader *reader, struct wire_frame *frame)
{
    uint8_t code = reader_u8(reader);
    struct view text = wire_read_text(reader);
    if (reader->failed || code > REGISTRY_NO_MEMORY || text.len > WIRE_TEXT_MAX_BYTES ||
        memchr(text.data, '\0', text.len) != NULL) {
        return WIRE_MALFORMED;
    }
    frame->result.code = (enum registry_code)code;
    memcpy(frame->result.detail, text.data, text.len);
    return WIRE_OK;
}

static enum wire_code read_nothing(struct reader *reader, struct wire_frame *frame)
{
    (void)reader;
    (void)frame;
    return WIRE_OK;
}

static const struct body *body_of(uint8_t kind)
{
    static const struct body bodies[] = {
        {WIRE_KEY_ADD, read_key},
        {WIRE_KEY_REPLACE, read_key},
        {WIRE_KEY_REMOVE, read_removal},
        {WIRE_RETIRED_REMOVE, read_material_id},
        {WIRE_ALIAS_ADD, read_alias},
        {WIRE_ALIAS_RETARGET, read_alias},
        {WIRE_ALIAS_REMOVE, read_alias},
        {WIRE_PRINCIPAL_ADD, wire_read_principal},
        {WIRE_PRINCIPAL_REPLACE, wire_read_principal},
        {WIRE_PRINCIPAL_REMOVE, wire_read_principal_removal},
        {WIRE_GRANT_ADD, wire_read_grant},
        {WIRE_GRANT_REMOVE, wire_read_grant_place},

        {WIRE_KEY_READ, read_key_id},
        {WIRE_ALIAS_READ, read_alias},
        {WIRE_RETIRED_READ, read_material_id},
        {WIRE_PRINCIPAL_READ, wire_read_principal_question},
        {WIRE_GRANT_READ, wire_read_grant_place},

        {WIRE_DONE, read_result},
        {WIRE_KEY_ROW, read_key},
        {WIRE_KEY_GONE, read_key_gone},
        {WIRE_ALIAS_ROW, read_alias},
        {WIRE_RETIRED_ROW, read_retired},
        {WIRE_PRINCIPAL_ROW, wire_read_principal},
        {WIRE_GRANT_ROW, wire_read_grant},
        {WIRE_NO_ROW, read_nothing},
        {WIRE_READY, read_nothing},
        {WIRE_FAILED, read_result},
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        if ((uint8_t)bodies[i].kind == kind) {
            return &bodies[i];
        }
    }
    return NULL;
}

enum wire_code wire_read(struct view bytes, struct wire_frame *ret, size_t *ret_used)
{
    struct reader outer = reader_of(bytes);
    size_t len = reader_u32(&outer);
    if (outer.failed) {
        return WIRE_INCOMPLETE;
    }
    if (len < WIRE_HEADER_BYTES || len > WIRE_FRAME_MAX_BYTES - WIRE_LENGTH_BYTES) {
        return WIRE_MALFORMED;
    }
    struct view content = reader_take(&outer, len);
    if (outer.failed) {
        return WIRE_INCOMPLETE;
    }
    struct reader reader = reader_of(content);
    struct wire_frame frame = {.sequence = reader_u64(&reader)};
    uint8_t kind = reader_u8(&reader);
    const struct body *body = body_of(kind);
    if (body == NULL) {
        return WIRE_MALFORMED;
    }
    frame.kind = body->kind;
    enum wire_code code = body->read(&reader, &frame);
    if (code == WIRE_OK && !reader_finished(&reader)) {
        code = WIRE_MALFORMED;
    }
    if (code != WIRE_OK) {
        wire_frame_clear(&frame);
        return code;
    }
    *ret = frame;
    *ret_used = WIRE_LENGTH_BYTES + len;
    return WIRE_OK;
}

void wire_frame_clear(struct wire_frame *frame)
{
    key_entry_free(frame->key);
    alias_entry_free(frame->alias);
    retired_list_clear(&frame->retired);
    principal_entry_free(frame->principal);
    grant_entry_free(frame->grant);
    frame->key = NULL;
    frame->alias = NULL;
    frame->principal = NULL;
    frame->grant = NULL;
}
