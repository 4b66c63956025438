/*
 * What each operation asks of policy, and that nothing is done when policy says no.
 */
#include "re_encrypt.h"

#include "asked.h"

#include <stdio.h>

/* One call of each operation that would succeed, and what it must ask, in this order. */
struct call {
    const char *operation;
    const ProtobufCMessage *request;
    const char *asks[4];
};

struct scene {
    struct fixture_key a, b;
    ProtobufCBinaryData blob; /* under a, an open key */
    struct request re_encrypt, re_encrypt_named;
    Rewrap__EncryptRequest encrypt;
    Rewrap__DecryptRequest decrypt, decrypt_named;
    Rewrap__GenerateDataKeyWithoutPlaintextRequest data_key;
    Rewrap__CreateKeyRequest create_key;
    Rewrap__DescribeKeyRequest describe_key;
    Rewrap__ListKeysRequest list_keys;
    Rewrap__CreateAliasRequest create_alias;
    Rewrap__UpdateAliasRequest update_alias;
    Rewrap__DeleteAliasRequest delete_alias;
    Rewrap__ListAliasesRequest list_aliases;
    struct call calls[13];
};

static char alias_x[] = "alias/x", alias_new[] = "alias/new";

static void make_messages(struct scene *scene)
{
    request_make(&scene->re_encrypt, &(struct wish){.blob = scene->blob, .destination = scene->b.id});
    request_make(&scene->re_encrypt_named,
                 &(struct wish){.blob = scene->blob, .source = alias_x, .destination = scene->b.arn});
    rewrap__encrypt_request__init(&scene->encrypt);
    scene->encrypt.key_id = scene->a.id;
    scene->encrypt.has_plaintext = true;
    scene->encrypt.plaintext = (ProtobufCBinaryData){.data = scene->a.key_id, .len = 16};
    rewrap__decrypt_request__init(&scene->decrypt);
    scene->decrypt.has_ciphertext_blob = true;
    scene->decrypt.ciphertext_blob = scene->blob;
    scene->decrypt_named = scene->decrypt;
    scene->decrypt_named.key_id = scene->a.arn;
    rewrap__generate_data_key_without_plaintext_request__init(&scene->data_key);
    scene->data_key.key_id = alias_x;
    scene->data_key.has_number_of_bytes = true;
    scene->data_key.number_of_bytes = 16;
    rewrap__create_key_request__init(&scene->create_key);
    rewrap__describe_key_request__init(&scene->describe_key);
    scene->describe_key.key_id = scene->b.id;
    rewrap__list_keys_request__init(&scene->list_keys);
    rewrap__create_alias_request__init(&scene->create_alias);
    scene->create_alias.alias_name = alias_new;
    scene->create_alias.target_key_id = scene->a.id;
    rewrap__update_alias_request__init(&scene->update_alias);
    scene->update_alias.alias_name = alias_x;
    scene->update_alias.target_key_id = scene->b.id;
    rewrap__delete_alias_request__init(&scene->delete_alias);
    scene->delete_alias.alias_name = alias_x;
    rewrap__list_aliases_request__init(&scene->list_aliases);
}

/* The calls that change something come last: each works on what the ones before have left. */
static void scene_make(struct fixture *fixture, struct scene *scene)
{
    asked_denied = NULL;
    n_asked = 0;
    scene->a = fixture_open(fixture);
    scene->b = fixture_open(fixture);
    fixture_alias(fixture, ACCOUNT, alias_x, &scene->a);
    scene->blob = fixture_encrypt(fixture, &scene->a, "secret", NULL, NULL);
    make_messages(scene);
    static char asks[16][256];
    const char *a = scene->a.arn, *b = scene->b.arn;
    const char *const formats[] = {"kms:ReEncryptFrom %s",
                                   "kms:ReEncryptTo %s",
                                   "kms:Encrypt %s",
                                   "kms:Decrypt %s",
                                   "kms:GenerateDataKeyWithoutPlaintext %s",
                                   "kms:DescribeKey %s",
                                   "kms:CreateAlias %s",
                                   "kms:UpdateAlias %s",
                                   "kms:UpdateAlias %s",
                                   "kms:DeleteAlias %s"};
    const char *const keys[] = {a, b, a, a, a, b, a, a, b, b};
    for (size_t i = 0; i < COUNT(formats); i++) {
        size_t action = strcspn(formats[i], "%");
        snprintf(asks[i], sizeof asks[i], "%.*s%s", (int)action, formats[i], keys[i]);
    }
    const struct call calls[] = {
        {"ReEncrypt", &scene->re_encrypt.message.base, {asks[0], asks[1]}},
        {"ReEncrypt", &scene->re_encrypt_named.message.base, {asks[0], asks[1]}},
        {"Encrypt", &scene->encrypt.base, {asks[2]}},
        {"Decrypt", &scene->decrypt.base, {asks[3]}},
        {"Decrypt", &scene->decrypt_named.base, {asks[3]}},
        {"GenerateDataKeyWithoutPlaintext", &scene->data_key.base, {asks[4]}},
        {"DescribeKey", &scene->describe_key.base, {asks[5]}},
        {"ListKeys", &scene->list_keys.base, {"kms:ListKeys *"}},
        {"ListAliases", &scene->list_aliases.base, {"kms:ListAliases *"}},
        {"CreateKey", &scene->create_key.base, {"kms:CreateKey *"}},
        {"CreateAlias", &scene->create_alias.base, {"kms:CreateAlias " ARN("alias/new"), asks[6]}},
        {"UpdateAlias", &scene->update_alias.base, {"kms:UpdateAlias " ARN("alias/x"), asks[7], asks[8]}},
        {"DeleteAlias", &scene->delete_alias.base, {"kms:DeleteAlias " ARN("alias/x"), asks[9]}},
    };
    memcpy(scene->calls, calls, sizeof calls);
}

static void every_operation_asks_for_each_key(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    for (size_t i = 0; i < COUNT(scene.calls); i++) {
        const struct call *call = &scene.calls[i];
        n_asked = 0;
        struct reply reply;
        assert_success(fixture, call->operation, call->request, &reply);
        reply_clear(&reply);
        size_t n = 0;
        for (; call->asks[n] != NULL; n++) {
            assert_true(n < n_asked);
            assert_string_equal(asked[n].what, call->asks[n]);
        }
        assert_int_equal(n_asked, n);
    }
    free(scene.blob.data);
}

/* Each question of each call denied, once by nobody's allowing it and once explicitly: the same text but for the
 * reason. */
static void what_is_denied_is_not_done(void **state)
{
    struct fixture *fixture = *state;
    struct scene scene;
    scene_make(fixture, &scene);
    size_t submitted = fake_workers_submitted(fixture->workers);
    size_t keys = registry_keys(fixture->registry), aliases = registry_aliases(fixture->registry);
    for (size_t i = 0; i < COUNT(scene.calls); i++) {
        for (size_t j = 0; scene.calls[i].asks[j] != NULL; j++) {
            /* By now DeleteAlias would find the alias where it was at first. */
            asked_denied = scene.calls[i].asks[j];
            bool moved = strcmp(scene.calls[i].operation, "DeleteAlias") == 0 && j == 1;
            char instead[256];
            if (moved) {
                snprintf(instead, sizeof instead, "kms:DeleteAlias %s", scene.a.arn);
                asked_denied = instead;
            }
            const char *resource = strchr(asked_denied, ' ') + 1;
            int action = (int)(resource - asked_denied - 1);
            for (asked_denial = POLICY_DENIED_IMPLICITLY; asked_denial <= POLICY_DENIED_EXPLICITLY; asked_denial++) {
                n_asked = 0;
                const char *reason =
                    asked_denial == POLICY_DENIED_EXPLICITLY
                        ? "with an explicit deny in a resource-based policy"
                        : text("because no resource-based policy allows the %.*s action", action, asked_denied);
                assert_error(fixture, scene.calls[i].operation, scene.calls[i].request, "AccessDeniedException",
                             text("User: " ALICE " is not authorized to perform: %.*s on resource: %s %s", action,
                                  asked_denied, resource, reason));
                assert_string_equal(asked[n_asked - 1].what, asked_denied); /* the first no is the last question */
            }
        }
    }
    assert_int_equal(fake_workers_submitted(fixture->workers), submitted);
    assert_int_equal(registry_keys(fixture->registry), keys);
    assert_int_equal(registry_aliases(fixture->registry), aliases);
    free(scene.blob.data);
}

static void permission_comes_before_state(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key off = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_DISABLED});
    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    request.key_id = off.id;
    request.has_plaintext = true;
    request.plaintext = (ProtobufCBinaryData){.data = off.key_id, .len = 16};
    asked_denied = NULL;
    n_asked = 0;
    assert_error(fixture, "Encrypt", &request.base, "DisabledException", text("%s is disabled.", off.arn));
    asked_denied = text("kms:Encrypt %s", off.arn);
    asked_denial = POLICY_DENIED_IMPLICITLY;
    assert_error(fixture, "Encrypt", &request.base, "AccessDeniedException",
                 text("User: " ALICE " is not authorized to perform: kms:Encrypt on resource: %s because no "
                      "resource-based policy allows the kms:Encrypt action",
                      off.arn));
    asked_denied = NULL;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_operation_asks_for_each_key),
        TEST(what_is_denied_is_not_done),
        TEST(permission_comes_before_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
