/* What follows from a principal; see policy/request.h. */
#include "policy/request.h"

#include "subject.h"

#define KEY(text)                                                                                                      \
    {                                                                                                                  \
        .data = (const uint8_t *)(text), .len = sizeof(text) - 1                                                       \
    }

static const struct view principal_arn = KEY("aws:PrincipalArn");
static const struct view principal_account = KEY("aws:PrincipalAccount");
static const struct view principal_type = KEY("aws:PrincipalType");
static const struct view user_name = KEY("aws:username");
static const struct view caller_account = KEY("kms:CallerAccount");

static void add(struct policy_principal_keys *keys, struct view name, struct view value)
{
    struct view *place = &keys->values[keys->count];
    *place = value;
    keys->keys[keys->count++] = (struct policy_context_key){.name = name, .values = place, .count = 1};
}

/* As AWS spells them. */
static const char *const types[] = {
    [POLICY_PRINCIPAL_ACCOUNT] = "Account",         [POLICY_PRINCIPAL_USER] = "User",
    [POLICY_PRINCIPAL_ROLE] = "AssumedRole",        [POLICY_PRINCIPAL_SESSION] = "AssumedRole",
    [POLICY_PRINCIPAL_FEDERATED] = "FederatedUser",
};

/* Views into the subject's own text are of the copy that goes back. */
static struct view keep(struct view text, const struct policy_subject *subject, char out[POLICY_ARN_BYTES])
{
    if ((const char *)text.data != subject->role_text) {
        return text;
    }
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return view_of(out, text.len);
}

static void put_keys(const struct policy_subject *subject, struct policy_principal_keys *ret)
{
    ret->count = 0;
    bool has_role = subject->role.len != 0;
    add(ret, principal_arn, has_role ? keep(subject->role, subject, ret->role) : subject->arn);
    add(ret, principal_account, subject->account);
    add(ret, principal_type, view_of_string(types[subject->kind]));
    add(ret, caller_account, subject->account);
    if (subject->kind == POLICY_PRINCIPAL_USER) {
        add(ret, user_name, policy_last_name(subject->names));
    }
}

static void put_grantees(const struct policy_subject *subject, struct policy_grantees *ret)
{
    ret->count = 0;
    ret->names[ret->count++] = subject->arn;
    if (subject->kind == POLICY_PRINCIPAL_SESSION) {
        ret->names[ret->count++] = keep(subject->role, subject, ret->role);
    }
    if (subject->account.len != 0 && subject->kind != POLICY_PRINCIPAL_ACCOUNT) {
        ret->names[ret->count++] = policy_root_arn(subject->partition, subject->account, ret->account);
    }
}

bool policy_principal_keys(struct view principal, struct view role, struct policy_principal_keys *ret)
{
    struct policy_subject subject;
    if (!policy_subject_read(principal, role, &subject) || subject.kind == POLICY_PRINCIPAL_SERVICE) {
        return false;
    }
    put_keys(&subject, ret);
    return true;
}

bool policy_grantees(struct view principal, struct view role, struct policy_grantees *ret)
{
    struct policy_subject subject;
    if (!policy_subject_read(principal, role, &subject)) {
        return false;
    }
    put_grantees(&subject, ret);
    return true;
}

bool policy_principal_names(struct view principal, struct view role, struct policy_principal_keys *ret_keys,
                            struct policy_grantees *ret_grantees)
{
    struct policy_subject subject;
    if (!policy_subject_read(principal, role, &subject) || subject.kind == POLICY_PRINCIPAL_SERVICE) {
        return false;
    }
    put_keys(&subject, ret_keys);
    put_grantees(&subject, ret_grantees);
    return true;
}
