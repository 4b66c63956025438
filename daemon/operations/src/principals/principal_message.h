/* Requests and answers that are the same for users and roles but for their types: their members by name. */
#pragma once

#include "request/marker.h"

#include "proto/rewrap.pb-c.h"

/* Room for any answer of PrincipalManagement, and for what lists are made of. */
union operation_principal_message {
    ProtobufCMessage base;
    Rewrap__User user;
    Rewrap__Role role;
    Rewrap__CreateUserResponse create_user;
    Rewrap__CreateRoleResponse create_role;
    Rewrap__GetUserResponse get_user;
    Rewrap__GetRoleResponse get_role;
    Rewrap__ListUsersResponse list_users;
    Rewrap__ListRolesResponse list_roles;
    Rewrap__GetUserPolicyResponse get_user_policy;
    Rewrap__GetRolePolicyResponse get_role_policy;
    Rewrap__ListUserPoliciesResponse list_user_policies;
    Rewrap__ListRolePoliciesResponse list_role_policies;
    Rewrap__CreateAccessKeyResponse create_access_key;
    Rewrap__ListAccessKeysResponse list_access_keys;
};

/* The text in that member of the request, which its type has; NULL when it is absent. protobuf-c has no const. */
char *operation_request_text(const struct operation *operation, const char *member);

/* Sets what is only packed, and neither changed nor freed. */
void operation_message_set_text(ProtobufCMessage *message, const char *member, const char *text);
void operation_message_set_message(ProtobufCMessage *message, const char *member, ProtobufCMessage *value);

/* An empty answer of the operation's own type. */
void operation_message_init_answer(const struct operation *operation, union operation_principal_message *out);

/* A page of a list in IAM's form. */
struct operation_page {
    const char *member; /* of the answer */
    void *list;         /* n texts or messages */
    size_t n;
    bool truncated;
    enum operation_marker marker;
    const char *last; /* of a page that is truncated: the name behind which the next begins */
};

void operation_answer_page(struct operation *operation, const struct operation_page *page);

/* How many the request wants, and behind which name: *ret_after NULL from the start, otherwise out. False when the
 * request was answered. */
REWRAP_MUST_USE bool operation_page_wish(struct operation *operation, enum operation_marker marker, size_t *ret_limit,
                                         uint8_t out[OPERATION_MARKER_MAX_BYTES + 1], const char **ret_after);
