/* Frames between the daemon and its writer: what is accepted follows the registry's rules and has one spelling. */
#include "check.h"
#include "wire.h"

#include <stdlib.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void require_good(const struct retired_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        require(check_retired(&list->entries[i]->retired) == NULL);
    }
}

static bool write_again(struct buffer *out, const struct wire_frame *frame)
{
    switch ((int)frame->kind) {
    case WIRE_KEY_ADD:
    case WIRE_KEY_REPLACE:
    case WIRE_KEY_ROW:
        require(check_key(&frame->key->key) == NULL);
        return wire_write_key(out, frame->sequence, frame->kind, &frame->key->key);
    case WIRE_KEY_READ:
        return wire_write_key_read(out, frame->sequence, frame->key_id);
    case WIRE_KEY_REMOVE:
        return wire_write_removal(out, frame->sequence, &frame->removal);
    case WIRE_RETIRED_REMOVE:
    case WIRE_RETIRED_READ:
        return wire_write_material_id(out, frame->sequence, frame->kind, frame->material_id);
    case WIRE_KEY_GONE:
        require_good(&frame->retired);
        return wire_write_key_gone(out, frame->sequence, frame->key_id, &frame->retired);
    case WIRE_RETIRED_ROW:
        require(frame->retired.n == 1);
        require_good(&frame->retired);
        return wire_write_retired(out, frame->sequence, &frame->retired.entries[0]->retired);
    case WIRE_PRINCIPAL_ADD:
    case WIRE_PRINCIPAL_REPLACE:
    case WIRE_PRINCIPAL_ROW:
        require(check_principal(&frame->principal->principal) == NULL);
        return wire_write_principal(out, frame->sequence, frame->kind, &frame->principal->principal);
    case WIRE_PRINCIPAL_REMOVE:
        require(check_departure(&frame->principal_removal.departure) == NULL);
        return wire_write_principal_removal(out, frame->sequence, &frame->principal_removal);
    case WIRE_PRINCIPAL_READ: {
        const struct principal_departure *departure = &frame->principal_removal.departure;
        const bool is_one = departure->departed_ms != 0;
        require(!is_one || check_departure(departure) == NULL);
        return wire_write_principal_read(out, frame->sequence, frame->principal_removal.unique_id,
                                         is_one ? departure : NULL);
    }
    case WIRE_GRANT_ADD:
    case WIRE_GRANT_ROW:
        require(check_grant(&frame->grant->grant) == NULL);
        return wire_write_grant(out, frame->sequence, frame->kind, &frame->grant->grant);
    case WIRE_GRANT_REMOVE:
    case WIRE_GRANT_READ:
        return wire_write_grant_place(out, frame->sequence, frame->kind, &frame->grant_place);
    case WIRE_DONE:
    case WIRE_FAILED:
        return wire_write_result(out, frame->sequence, frame->kind, &frame->result);
    case WIRE_NO_ROW:
    case WIRE_READY:
        return wire_write_empty(out, frame->sequence, frame->kind);
    default:
        require(check_alias(&frame->alias->alias) == NULL);
        return wire_write_alias(out, frame->sequence, frame->kind, &frame->alias->alias);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_of(data, size);
    struct buffer again = BUFFER_INIT(WIRE_FRAME_MAX_BYTES);
    struct wire_frame frame;
    size_t used;
    while (wire_read(rest, &frame, &used) == WIRE_OK) {
        require(used <= rest.len && used <= WIRE_FRAME_MAX_BYTES);
        require(write_again(&again, &frame));
        require(view_equal(buffer_view(&again), view_of(rest.data, used)));
        buffer_reset(&again);
        wire_frame_clear(&frame);
        rest = view_of(rest.data + used, rest.len - used);
    }
    buffer_clear(&again);
    return 0;
}
