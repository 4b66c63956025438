/* Markers; see marker.h. */
#include "marker.h"

#include "base/hex.h"

#include <string.h>

void operation_marker_write(enum operation_marker kind, struct view entry, char out[OPERATION_MARKER_TEXT_BYTES])
{
    out[0] = (char)kind;
    hex_encode(entry, out + 1);
}

void operation_marker_refuse(struct operation *operation)
{
    operation_fail(operation, OPERATION_INVALID_MARKER, "The marker is not one that this operation gave out.");
}

bool operation_marker_read(struct operation *operation, enum operation_marker kind, const char *text,
                           uint8_t out[OPERATION_MARKER_MAX_BYTES + 1], size_t *ret_len)
{
    size_t digits = text[0] == (char)kind ? strlen(text + 1) : 0;
    size_t len = digits / 2;
    if (digits % 2 != 0 || len == 0 || len > OPERATION_MARKER_MAX_BYTES || !hex_decode(text + 1, out, len)) {
        operation_marker_refuse(operation);
        return false;
    }
    out[len] = '\0';
    *ret_len = len;
    return true;
}
