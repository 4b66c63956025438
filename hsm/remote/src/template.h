/*
 * Attribute templates as a byte string. CKA_UNWRAP_TEMPLATE and its like (PKCS#11 v2.40 section 4.9.1, v3.0 section
 * 4.10) are attributes whose value is a list of attributes, with pointers in it: p11-kit before 0.25.4 carries none. On
 * the wire each is an attribute of another type, whose value is
 *
 *     mark   8 bytes   REMOTE_TEMPLATE_MARK as the sender's CK_ULONG: a peer with other numbers than ours is refused
 *     count  u32       big-endian, as all that follows
 *     count times: type u32 ‖ length u32 ‖ value, the sender's bytes
 *
 * and nothing after it. Both sides hold what the other sends for hostile: every limit is checked before anything is
 * used.
 */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#include <p11-kit/pkcs11.h>
#include <stdalign.h>
#include <stddef.h>

/* Reads as "RWATMPL" and a version in a debugger's view of a little-endian machine. */
#define REMOTE_TEMPLATE_MARK 0x014c504d54415752UL

/* Twice what a key of ours forces on its payloads, and far more than any of their values has. */
#define REMOTE_TEMPLATE_MAX_ATTRIBUTES  32
#define REMOTE_TEMPLATE_MAX_VALUE_BYTES 2048
#define REMOTE_TEMPLATE_WIRE_MAX_BYTES  (8 + 4 + REMOTE_TEMPLATE_MAX_ATTRIBUTES * 8 + REMOTE_TEMPLATE_MAX_VALUE_BYTES)

/* A list of attributes with its values: what pValue of each points to is in it. Not to be copied or moved. */
struct remote_template {
    size_t n;
    size_t used; /* of values */
    CK_ATTRIBUTE list[REMOTE_TEMPLATE_MAX_ATTRIBUTES];
    alignas(CK_ULONG) uint8_t values[REMOTE_TEMPLATE_MAX_VALUE_BYTES];
};

/* Whether the value of an attribute of this type is, or may be, a list of attributes. */
bool remote_type_is_list(CK_ATTRIBUTE_TYPE type);

/*
 * The type under which a template travels, and back. False with *ret untouched for every other: lists of attributes
 * that PKCS#11 v3.0 does not know are not carried.
 */
REWRAP_MUST_USE bool remote_type_to_wire(CK_ATTRIBUTE_TYPE type, CK_ATTRIBUTE_TYPE *ret);
REWRAP_MUST_USE bool remote_type_from_wire(CK_ATTRIBUTE_TYPE type, CK_ATTRIBUTE_TYPE *ret);

/* Room for a value of len bytes, fit for a CK_ULONG; NULL when there is no more. */
void *remote_template_room(struct remote_template *t, size_t len);

/*
 * Writes n attributes to out, which has REMOTE_TEMPLATE_WIRE_MAX_BYTES. Returns how many bytes, or 0 for what is not
 * carried: too many or too long, a list within the list, a type twice or beyond 32 bits, a value that is not there.
 */
REWRAP_MUST_USE size_t remote_template_write(const CK_ATTRIBUTE *list, size_t n, uint8_t *out);

/* Reads exactly what remote_template_write writes. False, with *ret undefined, for anything else. */
REWRAP_MUST_USE bool remote_template_read(struct view wire, struct remote_template *ret);
