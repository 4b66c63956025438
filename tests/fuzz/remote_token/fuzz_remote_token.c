/*
 * A token that answers C_GetAttributeValue of a template with whatever the input says: other lengths each time, types
 * twice, lengths that are none. It writes nothing beyond the room that it is given; the server half must neither, must
 * read nothing that was not written, and what it hands out must be a template.
 */
#include "remote.h"

#include "base/reader.h"

#include <stdlib.h>

CK_FUNCTION_LIST *remote_inner;
static struct reader input;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static CK_ULONG a_length(void)
{
    const uint16_t value = reader_u16(&input);
    return value == UINT16_MAX ? CK_UNAVAILABLE_INFORMATION : value;
}

/* An entry of the template: its length and, where there is memory behind it, its value. */
static void answer_entry(CK_ATTRIBUTE *entry)
{
    const CK_ULONG room = entry->pValue == NULL ? 0 : entry->ulValueLen;
    entry->type = reader_u32(&input);
    entry->ulValueLen = a_length();
    if (room > 0) {
        memset(entry->pValue, 0x5a, entry->ulValueLen < room ? entry->ulValueLen : room);
    }
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    static const CK_RV answers[] = {CKR_OK,          CKR_OK, CKR_OK, CKR_BUFFER_TOO_SMALL, CKR_ATTRIBUTE_TYPE_INVALID,
                                    CKR_DEVICE_ERROR};
    (void)session;
    (void)object;
    require(n == 1 && list[0].type == CKA_UNWRAP_TEMPLATE);
    const CK_RV rv = answers[reader_u8(&input) % (sizeof answers / sizeof answers[0])];
    const CK_ULONG room = list[0].pValue == NULL ? 0 : list[0].ulValueLen / sizeof(CK_ATTRIBUTE);
    CK_ATTRIBUTE *entries = list[0].pValue;
    list[0].ulValueLen = a_length();
    for (CK_ULONG i = 0; i < room; i++) {
        answer_entry(&entries[i]);
    }
    return rv;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static CK_FUNCTION_LIST functions = {.C_GetAttributeValue = get_attribute_value};
    remote_inner = &functions;
    input = reader_of(view_of(data, size));
    CK_ATTRIBUTE_TYPE wire;
    require(remote_type_to_wire(CKA_UNWRAP_TEMPLATE, &wire));
    const size_t room = reader_u16(&input) % (REMOTE_TEMPLATE_WIRE_MAX_BYTES + 1);
    uint8_t *answer = malloc(room + 1);
    require(answer != NULL);
    CK_ATTRIBUTE asked = {wire, answer, room};
    const CK_RV rv = remote_half.read(1, 1, &asked, 1);
    if (rv == CKR_OK) {
        struct remote_template template;
        require(asked.ulValueLen <= room && remote_template_read(view_of(answer, asked.ulValueLen), &template));
    } else {
        require(asked.ulValueLen == CK_UNAVAILABLE_INFORMATION);
    }
    free(answer);
    return 0;
}
