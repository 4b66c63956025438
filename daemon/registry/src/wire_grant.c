/* Frames with a grant; see wire.h. */
#include "check.h"
#include "pairs.h"
#include "wire_parts.h"

enum { FLAG_EQUALS = 1, FLAG_SUBSET = 2, FLAG_GRANTEE_SERVICE = 4, FLAG_RETIRING_SERVICE = 8, FLAGS_ALL = 15 };

/* Pairs are only there for a constraint that was given. */
static bool read_constraints(struct reader *reader, uint8_t flags, struct policy_pair *equals,
                             struct policy_pair *subset, struct policy_grant_constraints *ret)
{
    ret->has_equals = (flags & FLAG_EQUALS) != 0;
    ret->has_subset = (flags & FLAG_SUBSET) != 0;
    ret->equals = equals;
    ret->subset = subset;
    ret->source_arn = wire_read_text(reader);
    return (!ret->has_equals || pairs_read(reader, equals, &ret->equals_count)) &&
           (!ret->has_subset || pairs_read(reader, subset, &ret->subset_count));
}

enum wire_code wire_read_grant(struct reader *reader, struct wire_frame *frame)
{
    struct registry_grant grant = {0};
    struct policy_pair equals[POLICY_GRANT_PAIRS_MAX];
    struct policy_pair subset[POLICY_GRANT_PAIRS_MAX];
    struct policy_grant *terms = &grant.grant;
    reader_copy(reader, grant.id, GRANT_ID_BYTES);
    reader_copy(reader, grant.key_id, KEY_ID_BYTES);
    grant.created_ms = (int64_t)reader_u64(reader);
    const uint8_t flags = reader_u8(reader);
    grant.grantee_is_service = (flags & FLAG_GRANTEE_SERVICE) != 0;
    grant.retiring_is_service = (flags & FLAG_RETIRING_SERVICE) != 0;
    terms->name = wire_read_text(reader);
    terms->grantee = wire_read_text(reader);
    terms->retiring = wire_read_text(reader);
    terms->issuing_account = reader_take(reader, ACCOUNT_TEXT_BYTES - 1);
    terms->operations = reader_u32(reader);
    if (!read_constraints(reader, flags, equals, subset, &terms->constraints) || reader->failed || flags > FLAGS_ALL ||
        check_grant(&grant) != NULL) {
        return WIRE_MALFORMED;
    }
    frame->grant = grant_entry_copy(&grant, NULL);
    return frame->grant == NULL ? WIRE_NO_MEMORY : WIRE_OK;
}

enum wire_code wire_read_grant_place(struct reader *reader, struct wire_frame *frame)
{
    reader_copy(reader, frame->grant_place.key_id, KEY_ID_BYTES);
    reader_copy(reader, frame->grant_place.id, GRANT_ID_BYTES);
    return WIRE_OK;
}

static bool append_constraints(struct buffer *out, const struct policy_grant_constraints *constraints)
{
    return wire_append_view(out, constraints->source_arn) &&
           (!constraints->has_equals || pairs_append(out, constraints->equals, constraints->equals_count)) &&
           (!constraints->has_subset || pairs_append(out, constraints->subset, constraints->subset_count));
}

bool wire_write_grant(struct buffer *out, uint64_t sequence, enum wire_kind kind, const struct registry_grant *grant)
{
    const struct policy_grant *terms = &grant->grant;
    const int flags = (terms->constraints.has_equals ? FLAG_EQUALS : 0) |
                      (terms->constraints.has_subset ? FLAG_SUBSET : 0) |
                      (grant->grantee_is_service ? FLAG_GRANTEE_SERVICE : 0) |
                      (grant->retiring_is_service ? FLAG_RETIRING_SERVICE : 0);
    size_t start = out->len;
    bool good = wire_frame_begin(out, sequence, kind) && buffer_append(out, grant->id, GRANT_ID_BYTES) &&
                buffer_append(out, grant->key_id, KEY_ID_BYTES) &&
                buffer_append_u64(out, (uint64_t)grant->created_ms) && buffer_append_u8(out, (uint8_t)flags) &&
                wire_append_view(out, terms->name) && wire_append_view(out, terms->grantee) &&
                wire_append_view(out, terms->retiring) &&
                buffer_append(out, terms->issuing_account.data, terms->issuing_account.len) &&
                buffer_append_u32(out, terms->operations) && append_constraints(out, &terms->constraints);
    return wire_frame_end(out, start, good);
}

bool wire_write_grant_place(struct buffer *out, uint64_t sequence, enum wire_kind kind, const struct grant_place *place)
{
    size_t start = out->len;
    bool good = wire_frame_begin(out, sequence, kind) && buffer_append(out, place->key_id, KEY_ID_BYTES) &&
                buffer_append(out, place->id, GRANT_ID_BYTES);
    return wire_frame_end(out, start, good);
}
