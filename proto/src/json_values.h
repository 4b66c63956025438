/* Private: from one JSON value to one member of a message. */
#pragma once

#include "json_place.h"

/*
 * Reads a value of any kind but OBJECT and MAP into slot, which is zeroed and has the field's type. On failure nothing
 * is left allocated; on success the message owns what slot points to.
 */
REWRAP_MUST_USE struct json_result json_read_value(const ProtobufCFieldDescriptor *field, const json_t *value,
                                                   const struct json_place *place, void *slot);

/* A value of a map<string, string>: numbers and booleans are taken by their spelling (KMS.md R-5). */
REWRAP_MUST_USE struct json_result json_read_map_value(const json_t *value, const struct json_place *place,
                                                       char **slot);

/* Copies len bytes and a NUL. */
REWRAP_MUST_USE struct json_result json_store_text(const char *text, size_t len, const struct json_place *place,
                                                   char **slot);
