/* Users and roles: made, shown, listed, deleted; names, limits, permissions (docs/principals.md). */
#include "principals.h"

#include <stdio.h>

#define INVALID_PATH                                                                                                   \
    "The specified value for path is invalid. It must begin and end with / and between its slashes have letters, "     \
    "digits and _+=,.@- only."

static const char *denied(const char *who, const char *action, const char *resource)
{
    return text("User: %s is not authorized to perform: iam:%s on resource: %s because no identity-based policy allows "
                "the iam:%s action",
                who, action, resource, action);
}

/* The one entry of a CreateUser or GetUser answer, as a user: roles have the same members at the same places. */
static void check_entry(const struct reply *reply, const struct kind_of_principal *kind, const char *path,
                        const char *name, int64_t created_s)
{
    if (kind->kind == PRINCIPAL_USER) {
        const Rewrap__User *user = ((const Rewrap__GetUserResponse *)reply->body)->user;
        assert_string_equal(user->path, path);
        assert_string_equal(user->user_name, name);
        assert_string_equal(user->arn, text("arn:aws:iam::" ACCOUNT ":user%s%s", path, name));
        assert_int_equal(strlen(user->user_id), 21);
        assert_memory_equal(user->user_id, "AIDA", 4);
        assert_int_equal(user->create_date->seconds, created_s);
    } else {
        const Rewrap__Role *role = ((const Rewrap__GetRoleResponse *)reply->body)->role;
        assert_string_equal(role->path, path);
        assert_string_equal(role->role_name, name);
        assert_string_equal(role->arn, text("arn:aws:iam::" ACCOUNT ":role%s%s", path, name));
        assert_int_equal(strlen(role->role_id), 21);
        assert_memory_equal(role->role_id, "AROA", 4);
        assert_int_equal(role->create_date->seconds, created_s);
    }
}

static void made_shown_and_deleted(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(kinds_of_principals); i++) {
        const struct kind_of_principal *kind = &kinds_of_principals[i];
        const char *create = operation_of("Create%s", kind), *get = operation_of("Get%s", kind);
        const char *delete = operation_of("Delete%s", kind);
        struct reply reply;
        iam_call(fixture, &reply, create, kind->member, "carol", "path", "/ops/night/", NULL);
        check_entry(&reply, kind, "/ops/night/", "carol", 1700000000);
        reply_clear(&reply);
        iam_call(fixture, &reply, get, kind->member, "carol", NULL);
        check_entry(&reply, kind, "/ops/night/", "carol", 1700000000);
        reply_clear(&reply);
        char first[PRINCIPAL_ID_BYTES];
        memcpy(first, registry_principal_find(fixture->registry, ACCOUNT, kind->kind, "carol")->unique_id,
               sizeof first);
        const char *exists = text("%s with name carol already exists.", kind->title);
        iam_fails(fixture, "EntityAlreadyExistsException", exists, create, kind->member, "carol", NULL);
        iam_fails(fixture, "EntityAlreadyExistsException", text("%s with name CAROL already exists.", kind->title),
                  create, kind->member, "CAROL", NULL);
        iam_works(fixture, delete, kind->member, "carol", NULL);
        const char *missing = text("The %s with name carol cannot be found.", kind->noun);
        iam_fails(fixture, "NoSuchEntityException", missing, get, kind->member, "carol", NULL);
        iam_fails(fixture, "NoSuchEntityException", missing, delete, kind->member, "carol", NULL);
        iam_works(fixture, create, kind->member, "carol", NULL); /* a namesake is another */
        assert_string_not_equal(first,
                                registry_principal_find(fixture->registry, ACCOUNT, kind->kind, "carol")->unique_id);
    }
}

static void names_and_paths_have_rules(void **state)
{
    struct fixture *fixture = *state;
    char *longest = repeated('n', 64), *longer = repeated('n', 65), *deep = repeated('d', 512),
         *deeper = repeated('d', 513);
    deep[0] = deep[511] = deeper[0] = deeper[512] = '/';
    iam_works(fixture, "CreateUser", "user_name", longest, "path", deep, NULL);
    iam_works(fixture, "CreateRole", "role_name", "_+=,.@-aZ09", "path", "/_+=,.@-/", NULL);
    iam_fails(fixture, "ValidationException",
              text("1 validation error detected: Value '%s' at 'userName' failed to satisfy constraint: Member must "
                   "have length less than or equal to 64",
                   longer),
              "CreateUser", "user_name", longer, NULL);
    iam_fails(fixture, "ValidationException",
              text("1 validation error detected: Value '%s' at 'path' failed to satisfy constraint: Member must have "
                   "length less than or equal to 512",
                   deeper),
              "CreateUser", "user_name", "carol", "path", deeper, NULL);
    iam_fails(fixture, "ValidationException",
              "2 validation errors detected: Value 'a/b' at 'path' failed to satisfy constraint: Member must satisfy "
              "regular expression pattern: (\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F); Value 'a b' at 'roleName' "
              "failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+",
              "CreateRole", "role_name", "a b", "path", "a/b", NULL);
    iam_fails(fixture, "ValidationException",
              "1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be "
              "null",
              "CreateUser", NULL);
    static const char *const paths[] = {"/a//b/", "///", "/a*/", "/a:b/"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        iam_fails(fixture, "ValidationException", INVALID_PATH, "CreateUser", "user_name", "dave", "path", paths[i],
                  NULL);
    }
    /* Of users who are only looked up, IAM's model allows longer names: there are none. */
    iam_fails(fixture, "NoSuchEntityException", text("The user with name %s cannot be found.", longer), "GetUser",
              "user_name", longer, NULL);
    free(longest);
    free(longer);
    free(deep);
    free(deeper);
}

static void what_has_something_stays(void **state)
{
    struct fixture *fixture = *state;
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    iam_works(fixture, "PutUserPolicy", "user_name", "carol", "policy_name", "p", "policy_document", EVERYTHING, NULL);
    iam_works(fixture, "CreateAccessKey", "user_name", "carol", NULL);
    const char *keys = "Cannot delete entity, must delete access keys first.";
    const char *policies = "Cannot delete entity, must delete policies first.";
    iam_fails(fixture, "DeleteConflictException", keys, "DeleteUser", "user_name", "carol", NULL);
    const struct registry_principal *carol =
        registry_principal_find(fixture->registry, ACCOUNT, PRINCIPAL_USER, "carol");
    char id[ACCESS_KEY_ID_BYTES];
    memcpy(id, carol->access_keys[0].id, sizeof id);
    iam_works(fixture, "DeleteAccessKey", "user_name", "carol", "access_key_id", id, NULL);
    iam_fails(fixture, "DeleteConflictException", policies, "DeleteUser", "user_name", "carol", NULL);
    iam_works(fixture, "DeleteUserPolicy", "user_name", "carol", "policy_name", "p", NULL);
    iam_works(fixture, "DeleteUser", "user_name", "carol", NULL);
    iam_works(fixture, "CreateRole", "role_name", "night", NULL);
    iam_works(fixture, "PutRolePolicy", "role_name", "night", "policy_name", "p", "policy_document", EVERYTHING, NULL);
    iam_fails(fixture, "DeleteConflictException", policies, "DeleteRole", "role_name", "night", NULL);
}

/* ------------------------------------------------------------------ who may */

static void each_needs_its_permission(void **state)
{
    struct fixture *fixture = *state;
    fixture_principal(fixture, ACCOUNT, "user/ops/carol", fixture->now_ms, NULL);
    fixture_principal_policy(fixture, ACCOUNT, "user/alice",
                             "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"iam:*\",\"Resource\":"
                             "\"arn:aws:iam::" ACCOUNT ":*/dev/*\"}}");
    const struct {
        const char *action, *resource, *member, *value;
    } rows[] = {
        {"CreateUser", "user/dave", "user_name", "dave"},
        {"GetUser", "user/ops/carol", "user_name", "carol"},
        {"DeleteUser", "user/ops/carol", "user_name", "carol"},
        {"GetUser", "user/nobody", "user_name", "nobody"}, /* not disclosed */
        {"GetRole", "role/nobody", "role_name", "nobody"},
        {"ListUsers", "user/", "path_prefix", NULL},
        {"ListRoles", "role/ops/", "path_prefix", "/ops/"},
        {"ListUserPolicies", "user/ops/carol", "user_name", "carol"},
        {"CreateAccessKey", "user/ops/carol", "user_name", "carol"},
        {"ListAccessKeys", "user/ops/carol", "user_name", "carol"},
        {"CreateAccessKey", "user/alice", "user_name", NULL}, /* his own: a permission all the same */
        {"GetUser", "user/alice", "user_name", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *arn = text("arn:aws:iam::" ACCOUNT ":%s", rows[i].resource);
        iam_fails(fixture, "AccessDeniedException", denied(ALICE, rows[i].action, arn), rows[i].action, rows[i].member,
                  rows[i].value, NULL);
    }
    iam_fails(fixture, "AccessDeniedException",
              denied(ALICE, "PutUserPolicy", "arn:aws:iam::" ACCOUNT ":user/ops/carol"), "PutUserPolicy", "user_name",
              "carol", "policy_name", "p", "policy_document", "no document", NULL);
    iam_works(fixture, "CreateUser", "user_name", "dave", "path", "/dev/", NULL);
    iam_works(fixture, "PutUserPolicy", "user_name", "dave", "policy_name", "p", "policy_document", EVERYTHING, NULL);
    iam_works(fixture, "ListUsers", "path_prefix", "/dev/", NULL);
}

static void root_may_unless_denied_and_nobody_elsewhere(void **state)
{
    struct fixture *fixture = *state;
    fixture->principal = ROOT;
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    iam_fails(fixture, "ValidationException", "Must specify userName when calling with non-User credentials", "GetUser",
              NULL);
    iam_fails(fixture, "ValidationException", "Must specify userName when calling with non-User credentials",
              "CreateAccessKey", NULL);
    fixture->principal = BOB; /* another account: the same names are others */
    iam_fails(fixture, "NoSuchEntityException", "The user with name carol cannot be found.", "GetUser", "user_name",
              "carol", NULL);
    iam_works(fixture, "CreateUser", "user_name", "carol", NULL);
    fixture->principal = NULL;
    iam_fails(fixture, "AccessDeniedException",
              "User: uid 1000, gid 1000 is not authorized to perform: iam:ListUsers because no identity of an account "
              "that is served here belongs to this caller",
              "ListUsers", NULL);
}

static void the_caller_himself(void **state)
{
    struct fixture *fixture = *state;
    struct reply reply;
    iam_call(fixture, &reply, "GetUser", NULL);
    assert_string_equal(((const Rewrap__GetUserResponse *)reply.body)->user->arn, ALICE);
    reply_clear(&reply);
    /* Mapped, and of no name here: a principal without identity policies. */
    fixture->principal = "arn:aws:iam::" ACCOUNT ":user/stranger";
    iam_fails(fixture, "AccessDeniedException", denied(fixture->principal, "GetUser", fixture->principal), "GetUser",
              NULL);
    /* A namesake under another path is not he. */
    fixture->principal = "arn:aws:iam::" ACCOUNT ":user/elsewhere/alice";
    iam_fails(fixture, "AccessDeniedException", denied(fixture->principal, "GetUser", fixture->principal), "GetUser",
              NULL);
}

/* A deleted user's socket, and a deleted role's sessions, are principals without identity policies again. */
static void nothing_is_left_of_the_deleted(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *who, *title, *member;
    } rows[] = {
        {"arn:aws:iam::" ACCOUNT ":user/carol", "User", "user_name"},
        {"arn:aws:sts::" ACCOUNT ":assumed-role/carol/shift-1", "Role", "role_name"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *list = denied(rows[i].who, "ListUsers", "arn:aws:iam::" ACCOUNT ":user/");
        fixture->principal = rows[i].who;
        iam_fails(fixture, "AccessDeniedException", list, "ListUsers", NULL);
        fixture->principal = ALICE;
        iam_works(fixture, text("Create%s", rows[i].title), rows[i].member, "carol", NULL);
        iam_works(fixture, text("Put%sPolicy", rows[i].title), rows[i].member, "carol", "policy_name", "all",
                  "policy_document", EVERYTHING, NULL);
        fixture->principal = rows[i].who;
        iam_works(fixture, "ListUsers", NULL); /* at once */
        fixture->principal = ALICE;
        iam_works(fixture, text("Delete%sPolicy", rows[i].title), rows[i].member, "carol", "policy_name", "all", NULL);
        iam_works(fixture, text("Delete%s", rows[i].title), rows[i].member, "carol", NULL);
        fixture->principal = rows[i].who;
        iam_fails(fixture, "AccessDeniedException", list, "ListUsers", NULL);
        fixture->principal = ALICE;
    }
}

/* ------------------------------------------------------------------ lists */

static size_t count_users(struct fixture *fixture, const char *prefix, int32_t max_items, char *seen, size_t *ret_pages)
{
    size_t n = 0;
    char *marker = NULL;
    bool more = true;
    seen[0] = '\0';
    for (*ret_pages = 0; more; ++*ret_pages) {
        Rewrap__ListUsersRequest *request =
            (Rewrap__ListUsersRequest *)iam_request("ListUsers", "path_prefix", prefix, "marker", marker, NULL);
        request->has_max_items = max_items != 0;
        request->max_items = max_items;
        struct reply reply;
        assert_success(fixture, "ListUsers", &request->base, &reply);
        const Rewrap__ListUsersResponse *response = (const Rewrap__ListUsersResponse *)reply.body;
        for (size_t i = 0; i < response->n_users; i++, n++) {
            assert_true(strcmp(seen, response->users[i]->user_name) < 0); /* in order, none twice */
            snprintf(seen, 128, "%s", response->users[i]->user_name);
        }
        more = response->is_truncated;
        assert_true(more == (response->marker != NULL));
        free(marker);
        marker = more ? strdup(response->marker) : NULL;
        reply_clear(&reply);
        free(request);
    }
    return n;
}

static void listed_in_pages(void **state)
{
    struct fixture *fixture = *state;
    char seen[128];
    size_t pages;
    for (unsigned i = 0; i < 120; i++) {
        fixture_principal(fixture, ACCOUNT, text("user/%s/u%03u", i % 3 == 0 ? "dev" : "ops", i), fixture->now_ms,
                          NULL);
    }
    assert_int_equal(count_users(fixture, NULL, 0, seen, &pages), 121); /* and alice */
    assert_int_equal(pages, 2);
    assert_int_equal(count_users(fixture, "/dev/", 20, seen, &pages), 40);
    assert_int_equal(pages, 2); /* the last says that it is the last */
    assert_int_equal(count_users(fixture, "/dev/", 1000, seen, &pages), 40);
    assert_int_equal(pages, 1);
    assert_int_equal(count_users(fixture, "/no", 1, seen, &pages), 0);
    iam_fails(fixture, "InvalidMarkerException", "The marker is not one that this operation gave out.", "ListUsers",
              "marker", "O6100", NULL);
    iam_fails(fixture, "InvalidMarkerException", "The marker is not one that this operation gave out.", "ListUsers",
              "marker", "U610062", NULL); /* a NUL in it */
    iam_works(fixture, "ListRoles", NULL);
}

/* As many as asked for may be more than a frame has room for. */
static void long_pages_end_early(void **state)
{
    struct fixture *fixture = *state;
    char seen[128];
    size_t pages;
    char *path = repeated('p', 511);
    path[0] = path[510] = '/';
    for (unsigned i = 0; i < 400; i++) {
        iam_works(fixture, "CreateUser", "user_name", text("u%03u", i), "path", path, NULL);
    }
    assert_int_equal(count_users(fixture, NULL, 1000, seen, &pages), 401);
    assert_true(pages >= 3);
    free(path);
}

/* ------------------------------------------------------------------ limits, and what comes at once */

static void an_account_has_so_many(void **state)
{
    struct fixture *fixture = *state;
    static struct fixture_change changes[1000];
    for (unsigned batch = 0; batch < 5; batch++) { /* all but the last, which is alice's place */
        for (unsigned i = 0; i < 1000; i++) {
            char name[16], path[] = "/", id[PRINCIPAL_ID_BYTES];
            snprintf(name, sizeof name, "u%u-%u", batch, i);
            snprintf(id, sizeof id, "AIDAX%016u", batch * 1000 + i);
            struct registry_principal principal = {
                .account = ACCOUNT, .kind = PRINCIPAL_USER, .name = name, .path = path, .created_ms = 1};
            memcpy(principal.unique_id, id, sizeof id);
            changes[i] = (struct fixture_change){0};
            if (batch * 1000 + i < 4998) {
                registry_principal_add(fixture->registry, &principal, fixture_on_change, &changes[i]);
            } else {
                changes[i].done = true;
            }
        }
        for (unsigned i = 0; i < 1000; i++) {
            fixture_wait_for_change(fixture, &changes[i]);
        }
    }
    const char *limit = "Cannot exceed quota for UsersPerAccount: 5000";
    struct reply first, second, same;
    ProtobufCMessage *one = iam_request("CreateUser", "user_name", "one", NULL);
    ProtobufCMessage *two = iam_request("CreateUser", "user_name", "two", NULL);
    ProtobufCMessage *also = iam_request("CreateUser", "user_name", "ONE", NULL);
    assert_non_null(fixture_start(fixture, "CreateUser", one, &first));
    assert_null(fixture_start(fixture, "CreateUser", two, &second)); /* what is on its way counts */
    assert_null(fixture_start(fixture, "CreateUser", also, &same));
    assert_string_equal(second.code, "LimitExceededException");
    assert_string_equal(second.message, limit);
    assert_string_equal(same.code, "EntityAlreadyExistsException");
    fixture_wait(fixture, &first);
    assert_null(first.code);
    iam_fails(fixture, "LimitExceededException", limit, "CreateUser", "user_name", "two", NULL);
    iam_works(fixture, "CreateRole", "role_name", "two", NULL); /* they have a limit of their own */
    reply_clear(&first);
    reply_clear(&second);
    reply_clear(&same);
    free(one);
    free(two);
    free(also);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(made_shown_and_deleted),
        TEST(names_and_paths_have_rules),
        TEST(what_has_something_stays),
        TEST(each_needs_its_permission),
        TEST(root_may_unless_denied_and_nobody_elsewhere),
        TEST(the_caller_himself),
        TEST(nothing_is_left_of_the_deleted),
        TEST(listed_in_pages),
        TEST(long_pages_end_early),
        TEST(an_account_has_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
