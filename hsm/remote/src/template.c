/* Attribute templates as a byte string; see template.h. */
#include "template.h"

#include "base/reader.h"

#include <assert.h>
#include <stdint.h>

static_assert(sizeof(CK_ULONG) == 8, "the mark has 8 bytes");

/* On the wire: of a vendor, a number of ours, and the low half of the type. Without CKF_ARRAY_ATTRIBUTE: it is bytes.
 */
#define WIRE(type) (CKA_VENDOR_DEFINED | 0x12570000UL | ((type)&0xffffUL))

static const struct carried {
    CK_ATTRIBUTE_TYPE type;
    CK_ATTRIBUTE_TYPE wire;
} carried[] = {
    {CKA_WRAP_TEMPLATE, WIRE(CKA_WRAP_TEMPLATE)},
    {CKA_UNWRAP_TEMPLATE, WIRE(CKA_UNWRAP_TEMPLATE)},
    {CKA_DERIVE_TEMPLATE, WIRE(CKA_DERIVE_TEMPLATE)},
};
#define N_CARRIED (sizeof carried / sizeof carried[0])

bool remote_type_is_list(CK_ATTRIBUTE_TYPE type)
{
    /* CKA_ALLOWED_MECHANISMS has the flag too, but its value is numbers: p11-kit carries it as it is. */
    return (type & CKF_ARRAY_ATTRIBUTE) != 0 && type != CKA_ALLOWED_MECHANISMS;
}

bool remote_type_to_wire(CK_ATTRIBUTE_TYPE type, CK_ATTRIBUTE_TYPE *ret)
{
    for (size_t i = 0; i < N_CARRIED; i++) {
        if (carried[i].type == type) {
            *ret = carried[i].wire;
            return true;
        }
    }
    return false;
}

bool remote_type_from_wire(CK_ATTRIBUTE_TYPE type, CK_ATTRIBUTE_TYPE *ret)
{
    for (size_t i = 0; i < N_CARRIED; i++) {
        if (carried[i].wire == type) {
            *ret = carried[i].type;
            return true;
        }
    }
    return false;
}

/* What a value of len bytes takes: tokens read numbers through pointers to CK_ULONG. */
static size_t aligned(size_t len)
{
    return (len + alignof(CK_ULONG) - 1) / alignof(CK_ULONG) * alignof(CK_ULONG);
}
static_assert(REMOTE_TEMPLATE_MAX_VALUE_BYTES % alignof(CK_ULONG) == 0, "what is left is aligned");

void *remote_template_room(struct remote_template *t, size_t len)
{
    if (len > sizeof t->values - t->used) {
        return NULL;
    }
    void *room = t->values + t->used;
    t->used += aligned(len);
    return room;
}

static bool has_type(const CK_ATTRIBUTE *list, size_t n, CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].type == type) {
            return true;
        }
    }
    return false;
}

/* Whether the i-th of a list may be in a template. */
static bool may_be_within(const CK_ATTRIBUTE *list, size_t i)
{
    CK_ATTRIBUTE_TYPE ignored;
    return list[i].type <= UINT32_MAX && !remote_type_is_list(list[i].type) &&
           !remote_type_from_wire(list[i].type, &ignored) && !has_type(list, i, list[i].type);
}

static uint8_t *put_u32(uint8_t *out, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        *out++ = (uint8_t)(value >> shift);
    }
    return out;
}

size_t remote_template_write(const CK_ATTRIBUTE *list, size_t n, uint8_t *out)
{
    const CK_ULONG mark = REMOTE_TEMPLATE_MARK;
    size_t values = 0;
    if (n > REMOTE_TEMPLATE_MAX_ATTRIBUTES || (n > 0 && list == NULL)) {
        return 0;
    }
    memcpy(out, &mark, sizeof mark);
    uint8_t *end = put_u32(out + sizeof mark, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        const CK_ULONG len = list[i].ulValueLen;
        if (!may_be_within(list, i) || len > REMOTE_TEMPLATE_MAX_VALUE_BYTES - values ||
            (len > 0 && list[i].pValue == NULL)) {
            return 0;
        }
        values += aligned(len);
        end = put_u32(end, (uint32_t)list[i].type);
        end = put_u32(end, (uint32_t)len);
        if (len > 0) {
            memcpy(end, list[i].pValue, len);
            end += len;
        }
    }
    return (size_t)(end - out);
}

static bool read_attribute(struct reader *reader, struct remote_template *t)
{
    CK_ATTRIBUTE *attribute = &t->list[t->n];
    attribute->type = reader_u32(reader);
    attribute->ulValueLen = reader_u32(reader);
    if (reader->failed || attribute->ulValueLen > reader->rest.len) {
        return false;
    }
    attribute->pValue = remote_template_room(t, attribute->ulValueLen);
    if (attribute->pValue == NULL) {
        return false;
    }
    reader_copy(reader, attribute->pValue, attribute->ulValueLen);
    return may_be_within(t->list, t->n++);
}

bool remote_template_read(struct view wire, struct remote_template *ret)
{
    struct reader reader = reader_of(wire);
    CK_ULONG mark = 0;
    ret->n = 0;
    ret->used = 0;
    reader_copy(&reader, &mark, sizeof mark);
    const uint32_t n = reader_u32(&reader);
    if (reader.failed || mark != REMOTE_TEMPLATE_MARK || n > REMOTE_TEMPLATE_MAX_ATTRIBUTES) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!read_attribute(&reader, ret)) {
            return false;
        }
    }
    return reader_finished(&reader);
}
