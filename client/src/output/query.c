/* --query; see query.h. */
#include "query.h"

#include "base/view.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS  "0123456789"

/* The length of the identifier at the front of text, 0 when there is none. */
static size_t identifier_len(const char *text)
{
    return strspn(text, LETTERS) == 0 ? 0 : strspn(text, LETTERS DIGITS);
}

bool query_check(const char *query, struct failure *failure)
{
    const char *at = query;
    for (;;) {
        size_t len = identifier_len(at);
        at += len;
        if (len != 0 && *at == '\0') {
            return true;
        }
        if (len == 0 || *at != '.') {
            return fail(
                failure, EXIT_CODE_USAGE,
                "Bad value for --query %.256s: only a member name or a dotted path, such as KeyMetadata.KeyId, is "
                "supported; use jq(1) for more",
                query);
        }
        at++;
    }
}

const json_t *query_select(const char *query, const json_t *value)
{
    while (value != NULL) {
        size_t len = identifier_len(query);
        const char *key;
        json_t *member;
        const json_t *found = NULL;
        json_object_foreach((json_t *)(uintptr_t)value, key, member)
        {
            if (view_equal(view_of_string(key), view_of(query, len))) {
                found = member;
            }
        }
        value = found;
        if (query[len] == '\0') {
            break;
        }
        query += len + 1;
    }
    return value;
}
