/* For the tests of users, roles, policies and access keys: requests whose members are texts, by name. */
#pragma once

#include "fixture.h"

#define ROOT "arn:aws:iam::" ACCOUNT ":root"

/* Whose calls the texts of the table in principals.c are: users, roles. */
struct kind_of_principal {
    const char *title;  /* "User", in names of operations and texts */
    const char *noun;   /* "user" */
    const char *member; /* "user_name" */
    enum principal_kind kind;
    const char *id_prefix;
};
extern const struct kind_of_principal kinds_of_principals[2];

/* "CreateUser" of "Create%s"; one of some static buffers, as text() has. */
const char *operation_of(const char *format, const struct kind_of_principal *kind);

/* A request of that operation with these members, pairs of name and text up to a NULL; free() frees it. */
ProtobufCMessage *iam_request(const char *operation, ...);

/* A call with such a request: wants success (and gives the answer, or not), or exactly this error. */
void iam_call(struct fixture *fixture, struct reply *reply, const char *operation, ...);
void iam_works(struct fixture *fixture, const char *operation, ...);
void iam_fails(struct fixture *fixture, const char *code, const char *message, const char *operation, ...);
