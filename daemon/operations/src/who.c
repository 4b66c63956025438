/* Principals by their ARNs; see who.h. */
#include "who.h"

#include "arn_text.h"

struct named {
    enum principal_kind kind;
    struct view account;
    struct view path; /* "/" or "/a/b/"; empty of a session, which does not tell its role's */
    struct view name;
};

static bool cut(struct view *text, const char *word)
{
    size_t len = strlen(word);
    if (text->len <= len || memcmp(text->data, word, len) != 0) {
        return false;
    }
    *text = view_of(text->data + len, text->len - len);
    return true;
}

/* "/path/name": both. */
static void cut_path(struct view rest, struct named *ret)
{
    size_t len = rest.len;
    while (rest.data[len - 1] != '/') {
        len--;
    }
    ret->path = view_of(rest.data, len);
    ret->name = view_of(rest.data + len, rest.len - len);
}

/* False for what no registry could have: other kinds of principals, other partitions. */
static bool read_arn(const struct operations *operations, struct view text, struct named *ret)
{
    struct arn arn;
    if (!arn_parse_principal(text, &arn) ||
        !view_equal(arn.partition, view_of_string(operations->settings.partition))) {
        return false;
    }
    struct view rest = arn.resource;
    ret->account = arn.account;
    if (cut(&rest, "assumed-role/")) {
        const uint8_t *slash = memchr(rest.data, '/', rest.len);
        ret->kind = PRINCIPAL_ROLE;
        ret->path = view_of(NULL, 0);
        ret->name = view_of(rest.data, slash == NULL ? rest.len : (size_t)(slash - rest.data));
        return true;
    }
    if (cut(&rest, "user")) {
        ret->kind = PRINCIPAL_USER;
    } else if (cut(&rest, "role")) {
        ret->kind = PRINCIPAL_ROLE;
    } else {
        return false;
    }
    cut_path(rest, ret);
    return true;
}

/* As the registry wants them. */
struct texts {
    char account[ACCOUNT_TEXT_BYTES];
    char name[PRINCIPAL_NAME_MAX_BYTES + 1];
};

static bool read_texts(const struct operations *operations, struct view arn, struct named *named, struct texts *ret)
{
    if (!read_arn(operations, arn, named) || named->name.len >= sizeof ret->name) {
        return false;
    }
    *ret = (struct texts){0};
    memcpy(ret->account, named->account.data, ARN_ACCOUNT_DIGITS);
    memcpy(ret->name, named->name.data, named->name.len);
    return true;
}

static const struct registry_principal *find(const struct operations *operations, const struct named *named,
                                             const struct texts *texts)
{
    const struct registry_principal *found =
        registry_principal_find(operations->registry, texts->account, named->kind, texts->name);
    bool is_he = found != NULL && (named->path.len == 0 || view_equal(named->path, view_of_string(found->path)));
    return is_he ? found : NULL;
}

const struct registry_principal *operation_principal_of(const struct operations *operations, struct view arn)
{
    struct named named;
    struct texts texts;
    return read_texts(operations, arn, &named, &texts) ? find(operations, &named, &texts) : NULL;
}

const struct registry_principal *operation_principal_and_departure(const struct operations *operations, struct view arn,
                                                                   int64_t *ret_departed_ms)
{
    struct named named;
    struct texts texts;
    *ret_departed_ms = 0;
    if (!read_texts(operations, arn, &named, &texts)) {
        return NULL;
    }
    *ret_departed_ms = registry_principal_departed_ms(operations->registry, texts.account, named.kind, texts.name);
    return find(operations, &named, &texts);
}

int64_t operation_departed_ms(const struct operations *operations, struct view arn)
{
    int64_t departed_ms;
    rewrap_ignore(operation_principal_and_departure(operations, arn, &departed_ms), "only the time is asked for");
    return departed_ms;
}

const char *operation_departed_id(const struct operations *operations, struct view arn, int64_t written_ms)
{
    struct named named;
    struct texts texts;
    return read_texts(operations, arn, &named, &texts)
               ? registry_principal_departed_id(operations->registry, texts.account, named.kind, texts.name, written_ms)
               : NULL;
}

/* Shorter than an ARN may be: the parts have bounds. */
void operation_principal_arn(const struct operations *operations, const struct registry_principal *principal,
                             char out[POLICY_ARN_BYTES])
{
    const char *parts[] = {"arn:",
                           operations->settings.partition,
                           ":iam::",
                           principal->account,
                           principal->kind == PRINCIPAL_USER ? ":user" : ":role",
                           principal->path,
                           principal->name};
    rewrap_ignore(operation_text_join(parts, sizeof parts / sizeof parts[0], out, POLICY_ARN_BYTES), "they fit");
}

/* ------------------------------------------------------------------ the configuration */

/* A session is one of the role with its name, whose path nobody knows here. */
static bool is_session_of(const struct operations *operations, struct view session, struct view role)
{
    struct named of_session, of_role;
    return read_arn(operations, session, &of_session) && of_session.path.len == 0 &&
           read_arn(operations, role, &of_role) && of_role.kind == PRINCIPAL_ROLE && of_role.path.len != 0 &&
           view_equal(of_session.account, of_role.account) && view_equal(of_session.name, of_role.name);
}

bool operation_principal_is_known(const struct operations *operations, struct view arn)
{
    if (operation_principal_of(operations, arn) != NULL) {
        return true;
    }
    for (size_t i = 0; i < operations->settings.n_principals; i++) {
        struct view configured = view_of_string(operations->settings.principals[i]);
        if (view_equal(configured, arn) || is_session_of(operations, configured, arn)) {
            return true;
        }
    }
    return false;
}
