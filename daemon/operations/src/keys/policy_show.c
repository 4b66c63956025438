/* A key policy as GetKeyPolicy shows it; see policy_show.h. */
#include "policy_show.h"

#include "access/who.h"

#include <stdlib.h>
#include <string.h>

/* Where in a policy: by the objects around, and the last names in them. Arrays make no difference. */
enum { IN_STATEMENT = 2, IN_PRINCIPAL = 3 };

struct place {
    size_t objects;
    bool principal; /* the last member of a statement was Principal or NotPrincipal, */
    bool aws;       /* and the last of that one AWS */
};

/* Of the string that begins at the quote: the quote that ends it, or the end of a text that is cut off. */
static const char *string_end(const char *quote)
{
    const char *at = quote + 1;
    while (*at != '\0' && *at != '"') {
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    }
    return at;
}

static bool is_member_name(const char *end)
{
    const char *behind = *end == '"' ? end + 1 : end;
    return behind[strspn(behind, " \t\r\n")] == ':';
}

/* "\/" or "\u0061": what an ARN may be written with. The bytes that it takes; 0 for another escape. */
static size_t read_escape(struct view text, char *ret)
{
    if (text.len >= 2 && text.data[1] == '/') {
        *ret = '/';
        return 2;
    }
    char digits[5] = {0};
    if (text.len < 6 || text.data[1] != 'u') {
        return 0;
    }
    memcpy(digits, text.data + 2, 4);
    const unsigned long code = strspn(digits, "0123456789abcdefABCDEF") == 4 ? strtoul(digits, NULL, 16) : 0;
    *ret = (char)code;
    return code > 0 && code < 0x80 ? 6 : 0;
}

/* What a string between its quotes says, if it is a name of a member or could be an ARN; else an empty text. */
static struct view read_string(struct view text, char out[POLICY_ARN_BYTES])
{
    size_t len = 0;
    while (text.len != 0) {
        size_t taken = 1;
        char c = (char)text.data[0];
        if (c == '\\') {
            taken = read_escape(text, &c);
        }
        if (taken == 0 || len == POLICY_ARN_BYTES) {
            return view_of(out, 0);
        }
        out[len++] = c;
        text = view_of(text.data + taken, text.len - taken);
    }
    return view_of(out, len);
}

static void enter_member(struct place *place, struct view name)
{
    if (place->objects == IN_STATEMENT) {
        place->principal =
            view_equal(name, view_of_string("Principal")) || view_equal(name, view_of_string("NotPrincipal"));
    } else if (place->objects == IN_PRINCIPAL) {
        place->aws = view_equal(name, view_of_string("AWS"));
    }
}

static char *append(char *out, const char *text, size_t len)
{
    memcpy(out, text, len);
    return out + len;
}

char *operation_policy_shown(const struct operations *operations, const char *text, int64_t policy_ms)
{
    char *shown = malloc(strlen(text) + 1); /* an id is shorter than an ARN */
    if (shown == NULL) {
        return NULL;
    }
    struct place place = {0};
    char *out = shown;
    while (*text != '\0') {
        if (*text != '"') {
            place.objects += *text == '{' ? 1 : 0;
            place.objects -= *text == '}' ? 1 : 0;
            *out++ = *text++;
            continue;
        }
        char buffer[POLICY_ARN_BYTES];
        const char *id = NULL;
        const char *end = string_end(text);
        const struct view string = read_string(view_of(text + 1, (size_t)(end - text) - 1), buffer);
        if (is_member_name(end)) {
            enter_member(&place, string);
        } else if (place.objects == IN_PRINCIPAL && place.principal && place.aws) {
            id = operation_departed_id(operations, string, policy_ms);
        }
        const char *content = id != NULL ? id : text + 1;
        out = append(out, text, 1);
        out = append(out, content, id != NULL ? strlen(id) : (size_t)(end - text) - 1);
        text = end;
        if (*end == '"') {
            *out++ = *text++;
        }
    }
    *out = '\0';
    return shown;
}
