/* The life of an alias: CreateAlias, UpdateAlias, DeleteAlias (KMS.md ). */
#include "fixture.h"

#include <stdio.h>

#define PREFIX_TEXT                                                                                                    \
    "Alias must start with the prefix \"alias/\". Please see "                                                         \
    "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
#define DENIED_FORMAT                                                                                                  \
    "User: " ALICE                                                                                                     \
    " is not authorized to perform: kms:%s on this resource because the resource does not exist in this Region, no "   \
    "resource-based policies allow access, or a resource-based policy explicitly denies access"
#define NOT_ALLOWED_FORMAT                                                                                             \
    "User: arn:aws:iam::" ACCOUNT ":user/carol is not authorized to perform: kms:%s on resource: " ARN(                \
        "%s") " because no identity-based policy allows the kms:%s action"
#define LIMIT_TEXT "A key can have 50 aliases, and this one has them."

static Rewrap__CreateAliasRequest create_of(const char *name, const char *target)
{
    Rewrap__CreateAliasRequest request = REWRAP__CREATE_ALIAS_REQUEST__INIT;
    request.alias_name = (char *)(uintptr_t)name;
    request.target_key_id = (char *)(uintptr_t)target;
    return request;
}

static Rewrap__UpdateAliasRequest update_of(const char *name, const char *target)
{
    Rewrap__UpdateAliasRequest request = REWRAP__UPDATE_ALIAS_REQUEST__INIT;
    request.alias_name = (char *)(uintptr_t)name;
    request.target_key_id = (char *)(uintptr_t)target;
    return request;
}

static Rewrap__DeleteAliasRequest delete_of(const char *name)
{
    Rewrap__DeleteAliasRequest request = REWRAP__DELETE_ALIAS_REQUEST__INIT;
    request.alias_name = (char *)(uintptr_t)name;
    return request;
}

static void works(struct fixture *fixture, const char *operation, const ProtobufCMessage *request)
{
    struct reply reply;
    assert_success(fixture, operation, request, &reply);
    reply_clear(&reply);
}

static void assert_target(struct fixture *fixture, const char *name, const struct fixture_key *key)
{
    const struct registry_alias *alias = registry_alias_find(fixture->registry, ACCOUNT, name);
    assert_non_null(alias);
    assert_memory_equal(alias->key_id, key->key_id, KEY_ID_BYTES);
}

static void made_moved_and_deleted(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key a = fixture_sealed(fixture), b = fixture_open(fixture);
    Rewrap__CreateAliasRequest create = create_of("alias/x", a.id);
    works(fixture, "CreateAlias", &create.base);
    assert_target(fixture, "alias/x", &a);
    assert_error(fixture, "CreateAlias", &create.base, "AlreadyExistsException",
                 "An alias with the name " ARN("alias/x") " already exists");
    fixture->now_ms += 5000;
    Rewrap__UpdateAliasRequest update = update_of("alias/x", b.arn);
    works(fixture, "UpdateAlias", &update.base);
    assert_target(fixture, "alias/x", &b);
    works(fixture, "UpdateAlias", &update.base); /* to where it is already */
    const struct registry_alias *alias = registry_alias_find(fixture->registry, ACCOUNT, "alias/x");
    assert_int_equal(alias->updated_ms - alias->created_ms, 5000);
    Rewrap__DeleteAliasRequest delete = delete_of("alias/x");
    works(fixture, "DeleteAlias", &delete.base);
    assert_null(registry_alias_find(fixture->registry, ACCOUNT, "alias/x"));
    const char *missing = "Alias " ARN("alias/x") " is not found.";
    assert_error(fixture, "DeleteAlias", &delete.base, "NotFoundException", missing);
    assert_error(fixture, "UpdateAlias", &update.base, "NotFoundException", missing);
    works(fixture, "CreateAlias", &create.base); /* a name can be used again */
}

/* Whether there is such an alias is told to those who may change it. */
static void missing_is_told_to_who_may(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    static const char *const names[] = {"alias/x", "alias/missing"};
    fixture_alias(fixture, ACCOUNT, "alias/x", &key);
    fixture_principal(fixture, ACCOUNT, "user/carol", fixture->now_ms - 1, NULL);
    fixture->principal = "arn:aws:iam::" ACCOUNT ":user/carol";
    for (size_t i = 0; i < COUNT(names); i++) {
        Rewrap__UpdateAliasRequest update = update_of(names[i], key.id);
        assert_error(fixture, "UpdateAlias", &update.base, "AccessDeniedException",
                     text(NOT_ALLOWED_FORMAT, "UpdateAlias", names[i], "UpdateAlias"));
        Rewrap__DeleteAliasRequest delete = delete_of(names[i]);
        assert_error(fixture, "DeleteAlias", &delete.base, "AccessDeniedException",
                     text(NOT_ALLOWED_FORMAT, "DeleteAlias", names[i], "DeleteAlias"));
    }
    assert_target(fixture, "alias/x", &key);
}

static void names_have_rules(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    Rewrap__CreateAliasRequest create = create_of("payroll", key.id);
    Rewrap__UpdateAliasRequest update = update_of("Alias/payroll", key.id);
    Rewrap__DeleteAliasRequest delete = delete_of("aliaspayroll");
    assert_error(fixture, "CreateAlias", &create.base, "ValidationException", PREFIX_TEXT);
    assert_error(fixture, "UpdateAlias", &update.base, "ValidationException", PREFIX_TEXT);
    assert_error(fixture, "DeleteAlias", &delete.base, "ValidationException", PREFIX_TEXT);
    create = create_of("alias/aws/s3", key.id);
    update = update_of("alias/aws/s3", key.id);
    delete = delete_of("alias/aws/s3");
    assert_error(fixture, "CreateAlias", &create.base, "NotAuthorizedException", NULL);
    assert_error(fixture, "UpdateAlias", &update.base, "NotAuthorizedException", NULL);
    assert_error(fixture, "DeleteAlias", &delete.base, "NotAuthorizedException", NULL);
    const char *form = "After its prefix, an alias is made of letters, digits, '/', '_' and '-'.";
    create = create_of("alias/", key.id);
    assert_error(fixture, "CreateAlias", &create.base, "InvalidAliasNameException", form);
    create = create_of("alias/a:b", key.id);
    assert_error(fixture, "CreateAlias", &create.base, "InvalidAliasNameException", form);
    create = create_of("alias/a b", key.id);
    assert_error(
        fixture, "CreateAlias", &create.base, "ValidationException",
        "1 validation error detected: Value 'alias/a b' at 'aliasName' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$");
    /* The longest name there is, and its ARN whole. */
    char *longest = repeated('n', 256);
    memcpy(longest, "alias/", 6);
    create = create_of(longest, key.id);
    works(fixture, "CreateAlias", &create.base);
    assert_error(fixture, "CreateAlias", &create.base, "AlreadyExistsException",
                 text("An alias with the name " ARN("%s") " already exists", longest));
    free(longest);
}

static void targets_are_keys_of_the_account(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct fixture_key theirs = fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT});
    fixture_alias(fixture, ACCOUNT, "alias/x", &key);
    const struct {
        const char *target, *code, *text;
    } rows[] = {
        {"alias/x", "InvalidArnException", "Key Aliases are not supported for this operation."},
        {ARN("alias/x"), "InvalidArnException", "Key Aliases are not supported for this operation."},
        {UNKNOWN_ID, "NotFoundException", "Key '" ARN("key/" UNKNOWN_ID) "' does not exist"},
        {"nonsense", "NotFoundException", "Invalid keyId 'nonsense'"},
        {theirs.id, "NotFoundException", text("Key '" ARN("key/%s") "' does not exist", theirs.id)},
        {theirs.arn, "AccessDeniedException", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char wanted[512];
        Rewrap__CreateAliasRequest create = create_of("alias/new", rows[i].target);
        snprintf(wanted, sizeof wanted, DENIED_FORMAT, "CreateAlias");
        assert_error(fixture, "CreateAlias", &create.base, rows[i].code, rows[i].text == NULL ? wanted : rows[i].text);
        Rewrap__UpdateAliasRequest update = update_of("alias/x", rows[i].target);
        snprintf(wanted, sizeof wanted, DENIED_FORMAT, "UpdateAlias");
        assert_error(fixture, "UpdateAlias", &update.base, rows[i].code, rows[i].text == NULL ? wanted : rows[i].text);
    }
    /* The same name in another account is another alias. */
    fixture->principal = BOB;
    Rewrap__CreateAliasRequest create = create_of("alias/x", theirs.id);
    works(fixture, "CreateAlias", &create.base);
    fixture->principal = ALICE;
    assert_target(fixture, "alias/x", &key);
}

static void states_and_kinds_of_targets(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct fixture_key off = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_DISABLED});
    struct fixture_key gone = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_PENDING_DELETION});
    struct fixture_key rsa = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_RSA_2048});
    fixture_alias(fixture, ACCOUNT, "alias/x", &key);
    const char *pending = text("%s is pending deletion.", gone.arn);
    Rewrap__CreateAliasRequest create = create_of("alias/new", gone.id);
    assert_error(fixture, "CreateAlias", &create.base, "KMSInvalidStateException", pending);
    Rewrap__UpdateAliasRequest update = update_of("alias/x", gone.id);
    assert_error(fixture, "UpdateAlias", &update.base, "KMSInvalidStateException", pending);
    update = update_of("alias/x", rsa.id);
    assert_error(
        fixture, "UpdateAlias", &update.base, "ValidationException",
        "An alias can only move to a key of the same usage and kind, symmetric or asymmetric, as its present key.");
    create = create_of("alias/off", off.id);
    works(fixture, "CreateAlias", &create.base);
    update = update_of("alias/x", off.id);
    works(fixture, "UpdateAlias", &update.base);
    /* The key that loses the alias may be on its way out (R-63, n10). */
    fixture_alias(fixture, ACCOUNT, "alias/gone", &gone);
    update = update_of("alias/gone", key.id);
    works(fixture, "UpdateAlias", &update.base);
}

static void a_key_has_so_many_aliases(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key full = fixture_sealed(fixture), other = fixture_sealed(fixture);
    for (unsigned i = 0; i < 49; i++) {
        fixture_alias(fixture, ACCOUNT, text("alias/%u", i), &full);
    }
    fixture_alias(fixture, ACCOUNT, "alias/other", &other);
    /* Two at once for the last place: what is on its way counts. */
    Rewrap__CreateAliasRequest one = create_of("alias/one", full.id), two = create_of("alias/two", full.id);
    struct reply first, second;
    assert_non_null(fixture_start(fixture, "CreateAlias", &one.base, &first));
    assert_null(fixture_start(fixture, "CreateAlias", &two.base, &second));
    assert_string_equal(second.code, "LimitExceededException");
    assert_string_equal(second.message, LIMIT_TEXT);
    fixture_wait(fixture, &first);
    assert_null(first.code);
    reply_clear(&first);
    reply_clear(&second);
    assert_error(fixture, "CreateAlias", &two.base, "LimitExceededException", LIMIT_TEXT);
    Rewrap__UpdateAliasRequest update = update_of("alias/other", full.id);
    assert_error(fixture, "UpdateAlias", &update.base, "LimitExceededException", LIMIT_TEXT);
    update = update_of("alias/one", full.id); /* stays where it is */
    works(fixture, "UpdateAlias", &update.base);
    Rewrap__DeleteAliasRequest delete = delete_of("alias/7");
    works(fixture, "DeleteAlias", &delete.base);
    update = update_of("alias/other", full.id);
    works(fixture, "UpdateAlias", &update.base);
}

static void of_two_at_once_with_one_name_one_wins(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key a = fixture_sealed(fixture), b = fixture_sealed(fixture);
    Rewrap__CreateAliasRequest one = create_of("alias/x", a.id), two = create_of("alias/x", b.id);
    struct reply first, second;
    assert_non_null(fixture_start(fixture, "CreateAlias", &one.base, &first));
    assert_non_null(fixture_start(fixture, "CreateAlias", &two.base, &second));
    fixture_wait(fixture, &second);
    fixture_wait(fixture, &first);
    assert_null(first.code);
    assert_string_equal(second.code, "AlreadyExistsException");
    assert_string_equal(second.message, "An alias with the name " ARN("alias/x") " already exists");
    assert_target(fixture, "alias/x", &a);
    reply_clear(&first);
    reply_clear(&second);
    Rewrap__DeleteAliasRequest delete = delete_of("alias/x");
    Rewrap__UpdateAliasRequest update = update_of("alias/x", b.id);
    assert_non_null(fixture_start(fixture, "DeleteAlias", &delete.base, &first));
    assert_non_null(fixture_start(fixture, "UpdateAlias", &update.base, &second));
    fixture_wait(fixture, &second);
    fixture_wait(fixture, &first);
    assert_null(first.code);
    assert_string_equal(second.code, "NotFoundException");
    assert_string_equal(second.message, "Alias " ARN("alias/x") " is not found.");
    reply_clear(&first);
    reply_clear(&second);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(made_moved_and_deleted),
        TEST(missing_is_told_to_who_may),
        TEST(names_have_rules),
        TEST(targets_are_keys_of_the_account),
        TEST(states_and_kinds_of_targets),
        TEST(a_key_has_so_many_aliases),
        TEST(of_two_at_once_with_one_name_one_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
