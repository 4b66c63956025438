/* Taking a caller apart; see caller.h and policy/caller.h. */
#include "caller.h"

#include "services.h"

static bool view_is(struct view text, const char *word)
{
    return view_equal(text, view_of_string(word));
}

/* Cuts "user" off "user/name". */
static struct view take_word(struct view *text)
{
    const uint8_t *slash = memchr(text->data, '/', text->len);
    size_t len = slash == NULL ? text->len : (size_t)(slash - text->data);
    struct view word = view_of(text->data, len);
    *text = slash == NULL ? view_of(text->data + len, 0) : view_of(slash + 1, text->len - len - 1);
    return word;
}

static const struct form {
    struct view word;
    enum policy_principal_kind kind;
} forms[] = {
    {VIEW_INIT("root"), POLICY_PRINCIPAL_ACCOUNT},
    {VIEW_INIT("user"), POLICY_PRINCIPAL_USER},
    {VIEW_INIT("role"), POLICY_PRINCIPAL_ROLE},
    {VIEW_INIT("assumed-role"), POLICY_PRINCIPAL_SESSION},
    {VIEW_INIT("federated-user"), POLICY_PRINCIPAL_FEDERATED},
};

enum policy_principal_kind policy_principal_kind_of(struct view *resource)
{
    struct view word = take_word(resource);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (view_equal(word, forms[i].word)) {
            return forms[i].kind;
        }
    }
    return POLICY_PRINCIPAL_OTHER;
}

static struct view join(const struct view *parts, size_t count, char out[POLICY_ARN_BYTES])
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len != 0) {
            memcpy(out + len, parts[i].data, parts[i].len);
        }
        len += parts[i].len;
    }
    out[len] = '\0';
    return view_of(out, len);
}

/* Shorter than any ARN that was parsed: partitions and accounts have bounds. */
struct view policy_root_arn(struct view partition, struct view account, char out[POLICY_ARN_BYTES])
{
    struct view parts[] = {view_of_string("arn:"), partition, view_of_string(":iam::"), account,
                           view_of_string(":root")};
    return join(parts, sizeof(parts) / sizeof(parts[0]), out);
}

/* What a session's ARN says of its role: everything but the path. Shorter than the session's. */
static struct view role_without_path(struct policy_caller *caller)
{
    struct view names = caller->names;
    struct view name = take_word(&names);
    struct view parts[] = {view_of_string("arn:"), caller->partition,        view_of_string(":iam::"),
                           caller->account,        view_of_string(":role/"), name};
    return join(parts, sizeof(parts) / sizeof(parts[0]), caller->role_text);
}

struct view policy_last_name(struct view text)
{
    size_t start = text.len;
    while (start > 0 && text.data[start - 1] != '/') {
        start--;
    }
    return view_of(text.data + start, text.len - start);
}

/* A role that is not the session's would let a caller be somebody else: a defect of whoever asks. */
static bool is_role_of(const struct policy_caller *caller, struct view role)
{
    struct arn arn;
    if (!arn_parse_principal(role, &arn)) {
        return false;
    }
    struct view role_names = arn.resource;
    struct view session_names = caller->names;
    return view_is(take_word(&role_names), "role") && view_equal(arn.account, caller->account) &&
           view_equal(arn.partition, caller->partition) &&
           view_equal(policy_last_name(role_names), take_word(&session_names));
}

static void put_grantees(struct policy_caller *caller)
{
    caller->grantee_count = 0;
    caller->grantees[caller->grantee_count++] = caller->arn;
    if (caller->kind == POLICY_PRINCIPAL_SESSION) {
        caller->grantees[caller->grantee_count++] = caller->role;
    }
    if (caller->account.len != 0 && caller->kind != POLICY_PRINCIPAL_ACCOUNT) {
        caller->grantees[caller->grantee_count++] =
            policy_root_arn(caller->partition, caller->account, caller->root_text);
    }
}

static bool read_service(struct view name, struct policy_caller *ret)
{
    ret->kind = POLICY_PRINCIPAL_SERVICE;
    ret->role = ret->account = ret->partition = ret->names = view_of(NULL, 0);
    put_grantees(ret);
    return policy_is_service(name);
}

bool policy_caller_read(struct view principal, struct policy_caller *ret)
{
    struct arn arn;
    ret->arn = principal;
    if (!arn_parse_principal(principal, &arn)) {
        return read_service(principal, ret);
    }
    ret->role = view_of(NULL, 0);
    ret->account = arn.account;
    ret->partition = arn.partition;
    ret->names = arn.resource;
    ret->kind = policy_principal_kind_of(&ret->names);
    if (ret->kind == POLICY_PRINCIPAL_ROLE) {
        ret->role = principal;
    }
    if (ret->kind == POLICY_PRINCIPAL_SESSION) {
        ret->role = role_without_path(ret);
    }
    put_grantees(ret);
    return true;
}

bool policy_caller_take_role(struct policy_caller *caller, struct view role)
{
    if (caller->kind != POLICY_PRINCIPAL_SESSION || !is_role_of(caller, role)) {
        return false;
    }
    caller->role = caller->grantees[1] = role; /* where put_grantees has put the one without a path */
    return true;
}

/* ---------------------------------------------------------------- condition keys */

/* As AWS spells them. */
static const struct view types[] = {
    [POLICY_PRINCIPAL_ACCOUNT] = VIEW_INIT("Account"),         [POLICY_PRINCIPAL_USER] = VIEW_INIT("User"),
    [POLICY_PRINCIPAL_ROLE] = VIEW_INIT("AssumedRole"),        [POLICY_PRINCIPAL_SESSION] = VIEW_INIT("AssumedRole"),
    [POLICY_PRINCIPAL_FEDERATED] = VIEW_INIT("FederatedUser"),
};

void policy_caller_keys(const struct policy_caller *caller, struct view singles[POLICY_KEYS])
{
    if (caller->kind == POLICY_PRINCIPAL_SERVICE) {
        return;
    }
    singles[POLICY_KEY_PRINCIPAL_ARN] = caller->role.len != 0 ? caller->role : caller->arn;
    singles[POLICY_KEY_PRINCIPAL_ACCOUNT] = caller->account;
    singles[POLICY_KEY_PRINCIPAL_TYPE] = types[caller->kind];
    singles[POLICY_KEY_CALLER_ACCOUNT] = caller->account;
    if (caller->kind == POLICY_PRINCIPAL_USER) {
        singles[POLICY_KEY_USER_NAME] = policy_last_name(caller->names);
    }
}
