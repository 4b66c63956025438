/* Principals by their ARNs; see who.h. */
#include "who.h"

#include "arn_text.h"

struct named {
    enum principal_kind kind;
    struct view account;
    struct view path; /* "/" or "/a/b/"; empty of a session, which does not tell its role's */
    struct view name;
};

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
static bool read_named(const struct operations *operations, const struct policy_caller *principal, struct named *ret)
{
    const struct view names = principal->names;
    const bool is_user = principal->kind == POLICY_PRINCIPAL_USER;
    if (!view_equal(principal->partition, view_of_string(operations->settings.partition))) {
        return false;
    }
    ret->kind = is_user ? PRINCIPAL_USER : PRINCIPAL_ROLE;
    ret->account = principal->account;
    if (principal->kind == POLICY_PRINCIPAL_SESSION) {
        const uint8_t *slash = memchr(names.data, '/', names.len);
        ret->path = view_of(NULL, 0);
        ret->name = view_of(names.data, slash == NULL ? names.len : (size_t)(slash - names.data));
        return true;
    }
    if (!is_user && principal->kind != POLICY_PRINCIPAL_ROLE) {
        return false;
    }
    cut_path(view_of(names.data - 1, names.len + 1), ret); /* with the '/' behind "user" or "role" */
    return true;
}

static bool read_arn(const struct operations *operations, struct view text, struct named *ret)
{
    struct policy_caller principal;
    return policy_caller_read(text, &principal) && read_named(operations, &principal, ret);
}

/* As the registry wants them. */
struct texts {
    char account[ACCOUNT_TEXT_BYTES];
    char name[PRINCIPAL_NAME_MAX_BYTES + 1];
};

static bool copy_texts(const struct named *named, struct texts *ret)
{
    if (named->name.len >= sizeof ret->name) {
        return false;
    }
    memcpy(ret->account, named->account.data, ARN_ACCOUNT_DIGITS);
    ret->account[ARN_ACCOUNT_DIGITS] = '\0';
    memcpy(ret->name, named->name.data, named->name.len);
    ret->name[named->name.len] = '\0';
    return true;
}

static bool read_texts(const struct operations *operations, struct view arn, struct named *named, struct texts *ret)
{
    return read_arn(operations, arn, named) && copy_texts(named, ret);
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

const struct registry_principal *operation_principal_of_caller(const struct operations *operations,
                                                               const struct policy_caller *caller,
                                                               int64_t *ret_departed_ms)
{
    struct named named;
    struct texts texts;
    *ret_departed_ms = 0;
    if (!read_named(operations, caller, &named) || !copy_texts(&named, &texts)) {
        return NULL;
    }
    *ret_departed_ms = registry_principal_departed_ms(operations->registry, texts.account, named.kind, texts.name);
    return find(operations, &named, &texts);
}

int64_t operation_departed_ms(const struct operations *operations, struct view arn)
{
    struct named named;
    struct texts texts;
    return read_texts(operations, arn, &named, &texts)
               ? registry_principal_departed_ms(operations->registry, texts.account, named.kind, texts.name)
               : 0;
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
