/*
 * An attribute template from the other side of p11-kit's protocol. What is read is written back to the same bytes; and
 * the client half, which a server answers with them, hands out what is in them or nothing.
 */
#include "remote.h"

#include <stdlib.h>

CK_FUNCTION_LIST *remote_inner;
static struct view answer;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* A server that answers with the input. */
static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG n)
{
    (void)session;
    (void)object;
    require(n == 1 && list[0].pValue != NULL && list[0].ulValueLen == REMOTE_TEMPLATE_WIRE_MAX_BYTES);
    if (answer.len > REMOTE_TEMPLATE_WIRE_MAX_BYTES) {
        list[0].ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    if (answer.len > 0) {
        memcpy(list[0].pValue, answer.data, answer.len);
    }
    list[0].ulValueLen = answer.len;
    return CKR_OK;
}

/* As a caller does: the length, the types and lengths, the values (PKCS#11 v2.40 section 5.7). */
static void ask(const struct remote_template *expected)
{
    CK_ATTRIBUTE found[REMOTE_TEMPLATE_MAX_ATTRIBUTES] = {0};
    CK_ATTRIBUTE asked = {CKA_UNWRAP_TEMPLATE, NULL, 0};
    const CK_RV rv = remote_half.read(1, 1, &asked, 1);
    if (expected == NULL) {
        require(rv != CKR_OK && asked.ulValueLen == CK_UNAVAILABLE_INFORMATION);
        return;
    }
    require(rv == CKR_OK && asked.ulValueLen == expected->n * sizeof found[0]);
    asked.pValue = found;
    require(remote_half.read(1, 1, &asked, 1) == CKR_OK);
    for (size_t i = 0; i < expected->n; i++) {
        require(found[i].type == expected->list[i].type && found[i].ulValueLen == expected->list[i].ulValueLen);
        found[i].pValue = malloc(found[i].ulValueLen + 1);
        require(found[i].pValue != NULL);
    }
    require(remote_half.read(1, 1, &asked, 1) == CKR_OK);
    for (size_t i = 0; i < expected->n; i++) {
        require(memcmp(found[i].pValue, expected->list[i].pValue, found[i].ulValueLen) == 0);
        free(found[i].pValue);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static CK_FUNCTION_LIST functions = {.C_GetAttributeValue = get_attribute_value};
    remote_inner = &functions;
    answer = view_of(data, size);
    struct remote_template template;
    const bool reads = remote_template_read(answer, &template);
    if (reads) {
        uint8_t wire[REMOTE_TEMPLATE_WIRE_MAX_BYTES];
        const size_t len = remote_template_write(template.list, template.n, wire);
        require(view_equal(view_of(wire, len), answer));
    }
    ask(reads ? &template : NULL);
    return 0;
}
