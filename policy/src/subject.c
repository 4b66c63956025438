/* Callers and the principals of statements; see subject.h. */
#include "subject.h"

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

#define WORD(text)                                                                                                     \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }

static const struct form {
    struct view word;
    enum policy_principal_kind kind;
} forms[] = {
    {WORD("root"), POLICY_PRINCIPAL_ACCOUNT},
    {WORD("user"), POLICY_PRINCIPAL_USER},
    {WORD("role"), POLICY_PRINCIPAL_ROLE},
    {WORD("assumed-role"), POLICY_PRINCIPAL_SESSION},
    {WORD("federated-user"), POLICY_PRINCIPAL_FEDERATED},
};

enum policy_principal_kind policy_subject_kind(struct view *resource)
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
static struct view role_without_path(struct policy_subject *subject)
{
    struct view names = subject->names;
    struct view name = take_word(&names);
    struct view parts[] = {view_of_string("arn:"), subject->partition,       view_of_string(":iam::"),
                           subject->account,       view_of_string(":role/"), name};
    return join(parts, sizeof(parts) / sizeof(parts[0]), subject->role_text);
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
static bool is_role_of(const struct policy_subject *subject, struct view role)
{
    struct arn arn;
    if (!arn_parse_principal(role, &arn)) {
        return false;
    }
    struct view role_names = arn.resource;
    struct view session_names = subject->names;
    return view_is(take_word(&role_names), "role") && view_equal(arn.account, subject->account) &&
           view_equal(arn.partition, subject->partition) &&
           view_equal(policy_last_name(role_names), take_word(&session_names));
}

bool policy_subject_read(struct view principal, struct view role, struct policy_subject *ret)
{
    struct arn arn;
    ret->is_namesake = false;
    if (!arn_parse_principal(principal, &arn)) {
        if (!policy_is_service(principal)) {
            return false;
        }
        ret->kind = POLICY_PRINCIPAL_SERVICE;
        ret->arn = principal;
        ret->role = ret->account = ret->partition = ret->names = view_of(NULL, 0);
        return true;
    }
    ret->arn = principal;
    ret->role = view_of(NULL, 0);
    ret->account = arn.account;
    ret->partition = arn.partition;
    ret->names = arn.resource;
    ret->kind = policy_subject_kind(&ret->names);
    if (ret->kind == POLICY_PRINCIPAL_ROLE) {
        ret->role = principal;
    }
    if (ret->kind == POLICY_PRINCIPAL_SESSION) {
        if (role.len != 0 && !is_role_of(ret, role)) {
            return false;
        }
        ret->role = role.len != 0 ? role : role_without_path(ret);
    }
    return true;
}

/* ---------------------------------------------------------------- statements */

static bool is_account(const struct policy_subject *subject, const struct policy_principal *principal)
{
    return view_equal(subject->account, principal->text) &&
           (principal->partition.len == 0 || view_equal(subject->partition, principal->partition));
}

static enum policy_cover covers(const struct policy_subject *subject, const struct policy_principal *principal)
{
    switch (principal->kind) {
    case POLICY_PRINCIPAL_ANYONE:
        return POLICY_COVERS_HIM;
    case POLICY_PRINCIPAL_ACCOUNT:
        return !is_account(subject, principal)             ? POLICY_COVERS_NOT
               : subject->kind == POLICY_PRINCIPAL_ACCOUNT ? POLICY_COVERS_HIM
                                                           : POLICY_COVERS_ACCOUNT;
    case POLICY_PRINCIPAL_ROLE:
        return !subject->is_namesake && view_equal(subject->role, principal->text) ? POLICY_COVERS_HIM
                                                                                   : POLICY_COVERS_NOT;
    case POLICY_PRINCIPAL_USER:
    case POLICY_PRINCIPAL_SESSION:
        return !subject->is_namesake && view_equal(subject->arn, principal->text) ? POLICY_COVERS_HIM
                                                                                  : POLICY_COVERS_NOT;
    case POLICY_PRINCIPAL_FEDERATED:
    case POLICY_PRINCIPAL_SERVICE:
        return view_equal(subject->arn, principal->text) ? POLICY_COVERS_HIM : POLICY_COVERS_NOT;
    case POLICY_PRINCIPAL_UNIQUE_ID:
    case POLICY_PRINCIPAL_OTHER:
        break;
    }
    return POLICY_COVERS_NOT;
}

/* What a caller is, each of which NotPrincipal has to name for him to be exempt. */
struct identities {
    bool himself;
    bool role;
    bool account;
};

static void note(struct identities *named, const struct policy_subject *subject,
                 const struct policy_principal *principal)
{
    enum policy_cover cover = covers(subject, principal);
    if (cover == POLICY_COVERS_NOT) {
        return;
    }
    bool anyone = principal->kind == POLICY_PRINCIPAL_ANYONE;
    named->account |= anyone || principal->kind == POLICY_PRINCIPAL_ACCOUNT;
    named->role |= anyone || principal->kind == POLICY_PRINCIPAL_ROLE;
    /* The root user is himself the account. */
    bool root = subject->kind == POLICY_PRINCIPAL_ACCOUNT && principal->kind == POLICY_PRINCIPAL_ACCOUNT;
    named->himself |= anyone || root || view_equal(subject->arn, principal->text);
}

static bool is_exempt(const struct policy_subject *subject, const struct identities *named, enum policy_effect effect)
{
    if (effect == POLICY_ALLOW) {
        /* To be named at all is enough to get nothing: nobody lists whom he wants to allow. */
        return named->himself || named->role || named->account;
    }
    bool is_session = subject->kind == POLICY_PRINCIPAL_SESSION;
    bool has_account = subject->kind != POLICY_PRINCIPAL_SERVICE;
    return named->himself && (named->role || !is_session) && (named->account || !has_account);
}

enum policy_cover policy_subject_covered(const struct policy_subject *subject, const struct policy_document *document,
                                         const struct policy_rule *rule)
{
    if (document->kind == POLICY_KIND_IDENTITY) {
        return POLICY_COVERS_HIM;
    }
    enum policy_cover best = POLICY_COVERS_NOT;
    struct identities named = {0};
    for (size_t i = 0; i < rule->principals.count; i++) {
        struct policy_principal principal =
            policy_principal_of_item(document, document->items[rule->principals.first + i]);
        if (rule->not_principal) {
            note(&named, subject, &principal);
            continue;
        }
        enum policy_cover cover = covers(subject, &principal);
        best = cover > best ? cover : best;
    }
    if (rule->not_principal) {
        return is_exempt(subject, &named, (enum policy_effect)rule->effect) ? POLICY_COVERS_NOT : POLICY_COVERS_HIM;
    }
    return best;
}

/* ---------------------------------------------------------------- grants */

enum policy_cover policy_subject_is(const struct policy_subject *subject, struct view principal)
{
    if (principal.len == 0) {
        return POLICY_COVERS_NOT;
    }
    if (view_equal(subject->arn, principal) || view_equal(subject->role, principal)) {
        return POLICY_COVERS_HIM;
    }
    struct arn arn;
    if (subject->account.len == 0 || !arn_parse_principal(principal, &arn) || !view_is(arn.resource, "root")) {
        return POLICY_COVERS_NOT;
    }
    bool own = view_equal(arn.account, subject->account) && view_equal(arn.partition, subject->partition);
    return own ? POLICY_COVERS_ACCOUNT : POLICY_COVERS_NOT;
}
