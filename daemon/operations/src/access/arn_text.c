/* Writing ARNs: a few copies, since every answer has one or two; see arn_text.h. */
#include "arn_text.h"

#include <string.h>

/* Copies text up to the room that is left, and moves on. The sizes in the header hold every text that comes here whole.
 */
static char *put(char *at, const char *end, const char *text)
{
    size_t len = strlen(text);
    size_t room = (size_t)(end - at) - 1;
    len = len > room ? room : len;
    memcpy(at, text, len);
    return at + len;
}

bool operation_text_join(const char *const *parts, size_t n, char *out, size_t size)
{
    const char *end = out + size;
    char *at = out;
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        at = put(at, end, parts[i]);
        len += strlen(parts[i]);
    }
    *at = '\0';
    return len < size;
}

static void write_arn(const struct operations *operations, const char *account, const char *prefix,
                      const char *resource, char *out, size_t size)
{
    const char *end = out + size;
    char *at = put(out, end, "arn:");
    at = put(at, end, operations->settings.partition);
    at = put(at, end, ":kms:");
    at = put(at, end, operations->settings.region);
    at = put(at, end, ":");
    at = put(at, end, account);
    at = put(at, end, prefix);
    at = put(at, end, resource);
    *at = '\0';
}

void operation_arn_of_key(const struct operations *operations, const char *account, const char *key_id,
                          char out[OPERATION_ARN_KEY_BYTES])
{
    write_arn(operations, account, ":key/", key_id, out, OPERATION_ARN_KEY_BYTES);
}

void operation_arn_of_alias(const struct operations *operations, const char *account, const char *name,
                            char out[OPERATION_ARN_ALIAS_BYTES])
{
    write_arn(operations, account, ":", name, out, OPERATION_ARN_ALIAS_BYTES);
}
