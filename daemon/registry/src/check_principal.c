/* What a user or role may contain; see check.h. */
#include "check.h"
#include "registry/principals.h"

#define ACCESS_KEY_PREFIX "AKIA"

/* [A-Za-z0-9_+=,.@-], of which names in IAM are made (types.h). */
static bool is_name_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_+=,.@-", c) != NULL);
}

static bool is_name(struct view name, size_t max_bytes)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!is_name_character(name.data[i])) {
            return false;
        }
    }
    return name.len != 0 && name.len <= max_bytes;
}

/* A prefix, then capital letters and digits to that length. */
static bool is_id(struct view id, const char *prefix, size_t len)
{
    const size_t prefix_len = strlen(prefix);
    if (id.len != len || memcmp(id.data, prefix, prefix_len) != 0) {
        return false;
    }
    for (size_t i = prefix_len; i < len; i++) {
        bool digit = id.data[i] >= '0' && id.data[i] <= '9';
        if (!digit && (id.data[i] < 'A' || id.data[i] > 'Z')) {
            return false;
        }
    }
    return true;
}

const char *check_principal_name(struct view name)
{
    return is_name(name, PRINCIPAL_NAME_MAX_BYTES) ? NULL : "name of a principal is empty, too long or not allowed";
}

/* "/", or folders that are not empty with a slash around each: so that the ARN is one. */
const char *check_principal_path(struct view path)
{
    static const char wrong[] = "path is not / or /folders/";
    if (path.len == 0 || path.len > PRINCIPAL_PATH_MAX_BYTES || path.data[0] != '/' || path.data[path.len - 1] != '/') {
        return wrong;
    }
    for (size_t i = 1; i < path.len; i++) {
        bool slash = path.data[i] == '/';
        if (slash ? path.data[i - 1] == '/' : !is_name_character(path.data[i])) {
            return wrong;
        }
    }
    return NULL;
}

const char *check_unique_id(struct view unique_id)
{
    return is_id(unique_id, "AIDA", PRINCIPAL_ID_BYTES - 1) || is_id(unique_id, "AROA", PRINCIPAL_ID_BYTES - 1)
               ? NULL
               : "unique id of a principal is none";
}

const char *check_identity_policy(struct view name, struct view text)
{
    if (!is_name(name, POLICY_NAME_MAX_BYTES)) {
        return "name of a policy is empty, too long or not allowed";
    }
    return check_policy_text(text, PRINCIPAL_POLICY_MAX_BYTES);
}

/* The secret is printable: it is shown once and typed into files. */
const char *check_access_key(struct view id, struct view secret, int status, int64_t created_ms)
{
    if (!is_id(id, ACCESS_KEY_PREFIX, ACCESS_KEY_ID_BYTES - 1)) {
        return "id of an access key is none";
    }
    if (secret.len != ACCESS_KEY_SECRET_BYTES - 1) {
        return "secret of an access key has not 40 characters";
    }
    for (size_t i = 0; i < secret.len; i++) {
        if (secret.data[i] < 0x21 || secret.data[i] > 0x7e) {
            return "secret of an access key is not printable";
        }
    }
    if (status != ACCESS_KEY_ACTIVE && status != ACCESS_KEY_INACTIVE) {
        return "status of an access key is unknown";
    }
    return check_time(created_ms);
}

static const char *check_policies(const struct registry_principal *principal)
{
    if (principal->n_policies > PRINCIPAL_MAX_POLICIES) {
        return "principal has too many policies";
    }
    for (size_t i = 0; i < principal->n_policies; i++) {
        const struct registry_identity_policy *policy = &principal->policies[i];
        const char *wrong = check_identity_policy(view_of_string(policy->name), view_of_string(policy->text));
        if (wrong != NULL) {
            return wrong;
        }
        if (i > 0 && strcmp(principal->policies[i - 1].name, policy->name) >= 0) {
            return "policy is there twice or out of order";
        }
    }
    return NULL;
}

static const char *check_access_keys(const struct registry_principal *principal)
{
    if (principal->n_access_keys > (principal->kind == PRINCIPAL_USER ? PRINCIPAL_MAX_ACCESS_KEYS : 0)) {
        return "principal has too many access keys";
    }
    for (size_t i = 0; i < principal->n_access_keys; i++) {
        const struct registry_access_key *key = &principal->access_keys[i];
        const char *wrong = check_access_key(view_of(key->id, strnlen(key->id, sizeof key->id)),
                                             view_of(key->secret, strnlen(key->secret, sizeof key->secret)),
                                             (int)key->status, key->created_ms);
        if (wrong != NULL) {
            return wrong;
        }
        if (i > 0 && strcmp(principal->access_keys[i - 1].id, key->id) >= 0) {
            return "access key is there twice or out of order";
        }
    }
    return NULL;
}

static const char *check_unique_id_of(const char unique_id[PRINCIPAL_ID_BYTES], enum principal_kind kind)
{
    const struct view id = view_of(unique_id, strnlen(unique_id, PRINCIPAL_ID_BYTES));
    return is_id(id, kind == PRINCIPAL_USER ? "AIDA" : "AROA", PRINCIPAL_ID_BYTES - 1)
               ? NULL
               : "unique id of a principal is not one of its kind";
}

const char *check_principal(const struct registry_principal *principal)
{
    const char *wrong = check_account(view_of(principal->account, strnlen(principal->account, ACCOUNT_TEXT_BYTES)));
    if (wrong == NULL && principal->kind != PRINCIPAL_USER && principal->kind != PRINCIPAL_ROLE) {
        wrong = "kind of a principal is unknown";
    }
    if (wrong == NULL) {
        wrong = check_principal_name(view_of_string(principal->name));
    }
    if (wrong == NULL) {
        wrong = check_principal_path(view_of_string(principal->path));
    }
    if (wrong == NULL) {
        wrong = check_unique_id_of(principal->unique_id, principal->kind);
    }
    if (wrong == NULL) {
        wrong = check_time(principal->created_ms);
    }
    if (wrong == NULL) {
        wrong = check_revision(principal->revision);
    }
    if (wrong == NULL) {
        wrong = check_policies(principal);
    }
    return wrong != NULL ? wrong : check_access_keys(principal);
}

const char *check_departure(const struct principal_departure *departure)
{
    const char *wrong = check_account(view_of(departure->account, strnlen(departure->account, ACCOUNT_TEXT_BYTES)));
    if (wrong == NULL && departure->kind != PRINCIPAL_USER && departure->kind != PRINCIPAL_ROLE) {
        wrong = "kind of a principal is unknown";
    }
    if (wrong == NULL) {
        wrong = check_principal_name(view_of(departure->name, strnlen(departure->name, sizeof departure->name)));
    }
    if (wrong == NULL && departure->unique_id[0] != '\0') {
        wrong = check_unique_id_of(departure->unique_id, departure->kind);
    }
    if (wrong == NULL && departure->departed_ms == 0) {
        wrong = "time of a departure is 0";
    }
    if (wrong == NULL && departure->kept_ids > REGISTRY_DEPARTED_IDS) {
        wrong = "too many ids of a name";
    }
    return wrong != NULL ? wrong : check_time(departure->departed_ms);
}

const char *check_principal_change(const struct registry_principal *from, const struct registry_principal *to)
{
    bool same = strcmp(from->account, to->account) == 0 && from->kind == to->kind &&
                strcmp(from->name, to->name) == 0 && strcmp(from->path, to->path) == 0 &&
                strcmp(from->unique_id, to->unique_id) == 0 && from->created_ms == to->created_ms;
    return same ? NULL : "name, path, unique id and time of creation of a principal do not change";
}
