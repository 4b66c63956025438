/*
 * Users and roles (docs/principals.md): one implementation of their operations, with a table for what differs. Names,
 * limits, errors and texts are AWS IAM's, API version 2010-05-08.
 */
#pragma once

#include "access/authorize.h"
#include "principal_message.h"

#include "registry/principals.h"

/* AWS has 5000 users in an account, and 1000 roles that can become 5000. */
#define OPERATION_PRINCIPALS_PER_ACCOUNT 5000
#define OPERATION_PAGE_DEFAULT           100 /* MaxItems when it is left out; the table of constraints has the most */
/* A page ends when this much is in it, so that it fits into a frame; IAM too may give fewer than were asked for. */
#define OPERATION_PAGE_MAX_BYTES ((size_t)192 * 1024)

struct operation_principals {
    enum principal_kind kind;
    const char *noun;      /* "user": in ARNs and texts */
    const char *title;     /* "User" */
    const char *id_prefix; /* of unique ids */
    const char *quota;     /* "UsersPerAccount" */
    const ProtobufCMessageDescriptor *entry;
    const char *entry_member; /* of the answers that have one: "user" */
    const char *list_member;  /* "users" */
    const char *name_member;  /* "user_name" */
    const char *id_member;    /* "user_id" */
    enum operation_marker marker;
    enum operation_permission may_create;
    enum operation_permission may_get;
    enum operation_permission may_delete;
    enum operation_permission may_list;
    enum operation_permission may_put_policy;
    enum operation_permission may_get_policy;
    enum operation_permission may_delete_policy;
    enum operation_permission may_list_policies;
};

/* Which of the two an operation is about, its operation_kind says. */
extern const struct operation_principals operation_users;
extern const struct operation_principals operation_roles;

/*
 * The user or role of the caller's account that the request names, once the permission for its ARN is there; without a
 * name the caller himself. NULL when the request was answered: AccessDenied before NoSuchEntity, so that names are not
 * disclosed. Valid until the event loop turns.
 */
REWRAP_MUST_USE const struct registry_principal *operation_principal_resolve(struct operation *operation,
                                                                             enum operation_permission permission);

/* A user or role as the answers have it. Not to be copied: it points into itself; and valid as long as the registry's
 * is. */
struct operation_principal_entry {
    union operation_principal_message message;
    Rewrap__Timestamp created;
    char *arn; /* owned; NULL without memory */
};

REWRAP_MUST_USE bool operation_principal_entry_fill(const struct operation *operation,
                                                    const struct registry_principal *principal,
                                                    struct operation_principal_entry *out);
void operation_principal_entry_clear(struct operation_principal_entry *entry);

/* Answers CreateUser, GetUser and their likes. */
void operation_principal_answer(struct operation *operation, const struct registry_principal *principal);

/* Each answers "The user policy with name X cannot be found." and its likes: noun "user policy". */
void operation_principal_refuse_missing(struct operation *operation, const char *noun, const char *name);
