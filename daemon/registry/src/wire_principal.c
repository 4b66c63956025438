/* Frames with a principal; see wire.h. Secrets of access keys are in them: buffers of frames erase what they give back.
 */
#include "check.h"
#include "wire_parts.h"

/* ------------------------------------------------------------------ reading */

static enum wire_code read_policies(struct reader *reader, struct principal_entry *entry)
{
    const size_t n = reader_u8(reader);
    if (n > PRINCIPAL_MAX_POLICIES) {
        return WIRE_MALFORMED;
    }
    for (size_t i = 0; i < n; i++) {
        struct view name = wire_read_text(reader);
        struct view text = wire_read_text(reader);
        if (reader->failed || check_identity_policy(name, text) != NULL) {
            return WIRE_MALFORMED;
        }
        if (!principal_entry_add_policy(entry, name, text)) {
            return WIRE_NO_MEMORY;
        }
        /* Adding sorts, but a frame is the one spelling of its content. */
        if (!view_equal(view_of_string(entry->policies[i].name), name)) {
            return WIRE_MALFORMED;
        }
    }
    return reader->failed ? WIRE_MALFORMED : WIRE_OK;
}

/* Straight into the entry, which is erased with its end. */
static enum wire_code read_access_keys(struct reader *reader, struct principal_entry *entry)
{
    const size_t n = reader_u8(reader);
    if (n > PRINCIPAL_MAX_ACCESS_KEYS) {
        return WIRE_MALFORMED;
    }
    for (size_t i = 0; i < n; i++) {
        struct registry_access_key *key = &entry->access_keys[i];
        reader_copy(reader, key->id, ACCESS_KEY_ID_BYTES - 1);
        reader_copy(reader, key->secret, ACCESS_KEY_SECRET_BYTES - 1);
        key->status = reader_u8(reader);
        key->created_ms = (int64_t)reader_u64(reader);
    }
    entry->principal.n_access_keys = n;
    return reader->failed ? WIRE_MALFORMED : WIRE_OK;
}

enum wire_code wire_read_principal(struct reader *reader, struct wire_frame *frame)
{
    struct view account = reader_take(reader, ACCOUNT_TEXT_BYTES - 1);
    uint8_t kind = reader_u8(reader);
    struct view name = wire_read_text(reader);
    struct view path = wire_read_text(reader);
    struct view unique_id = reader_take(reader, PRINCIPAL_ID_TEXT_BYTES);
    if (reader->failed || check_account(account) != NULL || check_principal_name(name) != NULL ||
        check_principal_path(path) != NULL || check_unique_id(unique_id) != NULL ||
        (kind != PRINCIPAL_USER && kind != PRINCIPAL_ROLE)) {
        return WIRE_MALFORMED;
    }
    struct principal_entry *entry = principal_entry_new(account, kind, name, path, unique_id);
    frame->principal = entry;
    if (entry == NULL) {
        return WIRE_NO_MEMORY;
    }
    entry->principal.created_ms = (int64_t)reader_u64(reader);
    entry->principal.revision = reader_u64(reader);
    enum wire_code code = read_policies(reader, entry);
    if (code == WIRE_OK) {
        code = read_access_keys(reader, entry);
    }
    if (code != WIRE_OK) {
        return code;
    }
    return check_principal(&entry->principal) == NULL ? WIRE_OK : WIRE_MALFORMED;
}

static enum wire_code read_unique_id(struct reader *reader, struct wire_frame *frame)
{
    char *unique_id = frame->principal_removal.unique_id;
    reader_copy(reader, unique_id, PRINCIPAL_ID_TEXT_BYTES);
    return !reader->failed && check_unique_id(view_of(unique_id, PRINCIPAL_ID_TEXT_BYTES)) == NULL ? WIRE_OK
                                                                                                   : WIRE_MALFORMED;
}

/* His, whose unique id was read before. */
static enum wire_code read_departure(struct reader *reader, struct principal_removal *removal)
{
    struct principal_departure *departure = &removal->departure;
    reader_copy(reader, departure->account, ACCOUNT_TEXT_BYTES - 1);
    departure->kind = reader_u8(reader);
    struct view name = wire_read_text(reader);
    departure->departed_ms = (int64_t)reader_u64(reader);
    departure->kept_ids = reader_u8(reader);
    if (reader->failed || check_principal_name(name) != NULL) {
        return WIRE_MALFORMED;
    }
    memcpy(departure->name, name.data, name.len);
    memcpy(departure->unique_id, removal->unique_id, PRINCIPAL_ID_BYTES);
    return check_departure(departure) == NULL ? WIRE_OK : WIRE_MALFORMED;
}

/* With a departure or without. */
enum wire_code wire_read_principal_question(struct reader *reader, struct wire_frame *frame)
{
    enum wire_code code = read_unique_id(reader, frame);
    return code == WIRE_OK && !reader_finished(reader) ? read_departure(reader, &frame->principal_removal) : code;
}

enum wire_code wire_read_principal_removal(struct reader *reader, struct wire_frame *frame)
{
    enum wire_code code = read_unique_id(reader, frame);
    frame->principal_removal.revision = reader_u64(reader);
    if (code == WIRE_OK && check_revision(frame->principal_removal.revision) != NULL) {
        code = WIRE_MALFORMED;
    }
    return code == WIRE_OK ? read_departure(reader, &frame->principal_removal) : code;
}

/* ------------------------------------------------------------------ writing */

static bool append_policies(struct buffer *out, const struct registry_principal *principal)
{
    bool good = principal->n_policies <= UINT8_MAX && buffer_append_u8(out, (uint8_t)principal->n_policies);
    for (size_t i = 0; good && i < principal->n_policies; i++) {
        good = wire_append_text(out, principal->policies[i].name) && wire_append_text(out, principal->policies[i].text);
    }
    return good;
}

static bool append_access_keys(struct buffer *out, const struct registry_principal *principal)
{
    bool good = principal->n_access_keys <= UINT8_MAX && buffer_append_u8(out, (uint8_t)principal->n_access_keys);
    for (size_t i = 0; good && i < principal->n_access_keys; i++) {
        const struct registry_access_key *key = &principal->access_keys[i];
        good = buffer_append(out, key->id, ACCESS_KEY_ID_BYTES - 1) &&
               buffer_append(out, key->secret, ACCESS_KEY_SECRET_BYTES - 1) &&
               buffer_append_u8(out, (uint8_t)key->status) && buffer_append_u64(out, (uint64_t)key->created_ms);
    }
    return good;
}

bool wire_write_principal(struct buffer *out, uint64_t sequence, enum wire_kind kind,
                          const struct registry_principal *principal)
{
    size_t start = out->len;
    bool good =
        wire_frame_begin(out, sequence, kind) && buffer_append(out, principal->account, ACCOUNT_TEXT_BYTES - 1) &&
        buffer_append_u8(out, (uint8_t)principal->kind) && wire_append_text(out, principal->name) &&
        wire_append_text(out, principal->path) && buffer_append(out, principal->unique_id, PRINCIPAL_ID_TEXT_BYTES) &&
        buffer_append_u64(out, (uint64_t)principal->created_ms) && buffer_append_u64(out, principal->revision) &&
        append_policies(out, principal) && append_access_keys(out, principal);
    return wire_frame_end(out, start, good);
}

static bool append_departure(struct buffer *out, const struct principal_departure *departure)
{
    return buffer_append(out, departure->account, ACCOUNT_TEXT_BYTES - 1) &&
           buffer_append_u8(out, (uint8_t)departure->kind) && wire_append_text(out, departure->name) &&
           buffer_append_u64(out, (uint64_t)departure->departed_ms) && buffer_append_u8(out, departure->kept_ids);
}

bool wire_write_principal_read(struct buffer *out, uint64_t sequence, const char unique_id[PRINCIPAL_ID_BYTES],
                               const struct principal_departure *departure)
{
    size_t start = out->len;
    bool good = wire_frame_begin(out, sequence, WIRE_PRINCIPAL_READ) &&
                buffer_append(out, unique_id, PRINCIPAL_ID_TEXT_BYTES) &&
                (departure == NULL || append_departure(out, departure));
    return wire_frame_end(out, start, good);
}

bool wire_write_principal_removal(struct buffer *out, uint64_t sequence, const struct principal_removal *removal)
{
    size_t start = out->len;
    bool good = wire_frame_begin(out, sequence, WIRE_PRINCIPAL_REMOVE) &&
                buffer_append(out, removal->unique_id, PRINCIPAL_ID_TEXT_BYTES) &&
                buffer_append_u64(out, removal->revision) && append_departure(out, &removal->departure);
    return wire_frame_end(out, start, good);
}
