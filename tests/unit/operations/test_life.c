/* The life of an operation: who may start one, what it waits for, who goes away, and what tokens and workers say. */
#include "fixture.h"
#include "re_encrypt.h"

#include "base/buffer.h"

#include <event2/event.h>
#include <stdio.h>

static Rewrap__EncryptRequest encrypt_of(const char *key_id)
{
    static uint8_t plaintext[] = "secret";
    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    request.has_plaintext = true;
    request.plaintext = (ProtobufCBinaryData){.data = plaintext, .len = 6};
    return request;
}

struct refusal {
    unsigned calls;
    char code[64], message[512];
};

static void on_refusal(void *arg, const struct operation_error *error, struct view body)
{
    struct refusal *refusal = arg;
    refusal->calls++;
    assert_non_null(error);
    assert_int_equal(body.len, 0);
    snprintf(refusal->code, sizeof refusal->code, "%s", error->code);
    snprintf(refusal->message, sizeof refusal->message, "%s", error->message);
}

/* Starts with these bytes, which must be answered at once. */
static void bytes_are_refused(struct fixture *fixture, const char *operation, const void *bytes, size_t len,
                              const char *code, const char *message)
{
    struct refusal refusal = {0};
    struct operation_caller caller = {.principal = fixture->principal, .peer = "uid 1000, gid 1000"};
    assert_null(
        operation_start(&fixture->operations, &caller, operation, view_of(bytes, len), 0, on_refusal, &refusal));
    assert_int_equal(refusal.calls, 1);
    assert_string_equal(refusal.code, code);
    assert_non_null(strstr(refusal.message, message));
    assert_int_equal(operations_running(&fixture->operations), 0);
}

static void names_of_no_operation(void **state)
{
    struct fixture *fixture = *state;
    bytes_are_refused(fixture, "Reencrypt", "", 0, "UnknownOperationException",
                      "The operation 'Reencrypt' is not known.");
    bytes_are_refused(fixture, "", "", 0, "UnknownOperationException", "The operation '' is not known.");
    bytes_are_refused(fixture, NULL, "", 0, "UnknownOperationException", "The operation '' is not known.");
    char *endless = repeated('x', 100000);
    bytes_are_refused(fixture, endless, "", 0, "UnknownOperationException", "xxx' is not known.");
    /* 63 bytes and a character of two: cut before it, not inside it. */
    char umlauts[256];
    memset(umlauts, 'x', 63);
    memcpy(umlauts + 63, "\xC3\xB6\xC3\xB6", sizeof "\xC3\xB6\xC3\xB6");
    bytes_are_refused(fixture, umlauts, "", 0, "UnknownOperationException", "xx' is not known.");
    free(endless);
}

/* The same bytes n times; buffer_clear frees them. */
static struct buffer n_times(size_t n, const char *element, size_t len)
{
    struct buffer bytes = BUFFER_INIT((size_t)1024 * 1024);
    for (size_t i = 0; i < n; i++) {
        assert_true(buffer_append(&bytes, element, len));
    }
    return bytes;
}

/* What is too long even to be read is named as what is only too long. */
static void lists_without_an_end(void **state)
{
    struct fixture *fixture = *state;
    static const size_t lengths[] = {4096, 4097, 5000};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct buffer tokens = n_times(lengths[i], "\x22\x01t", 3); /* Encrypt's field 4 */
        bytes_are_refused(fixture, "Encrypt", tokens.data, tokens.len, "ValidationException",
                          "Value at 'grantTokens' failed to satisfy constraint: Member must have length less than or "
                          "equal to 10");
        buffer_clear(&tokens);
        struct buffer tags = n_times(lengths[i], "\x4A\x06\x0A\x01k\x12\x01v", 8); /* CreateKey's field 9 */
        bytes_are_refused(fixture, "CreateKey", tags.data, tags.len, "TagException", "Too many tags");
        buffer_clear(&tags);
    }
    /* A context has its own text; a list without a limit of its own is what cannot be read. */
    struct buffer context = n_times(5000, "\x1A\x00", 2);
    bytes_are_refused(fixture, "Encrypt", context.data, context.len, "ValidationException",
                      "Invalid EncryptionContext");
    buffer_clear(&context);
    struct buffer unknown = n_times(5000, "\xF8\x06\x01", 3);
    bytes_are_refused(fixture, "Encrypt", unknown.data, unknown.len, "SerializationException", "too many elements");
    buffer_clear(&unknown);
}

static void bytes_that_are_no_message(void **state)
{
    struct fixture *fixture = *state;
    bytes_are_refused(fixture, "Encrypt", "\xFF\xFF\xFF", 3, "SerializationException", "is not a Encrypt message");
    bytes_are_refused(fixture, "Encrypt", "\x0A\x03\x61\x00\x62", 5, "SerializationException", " in key_id");
    bytes_are_refused(fixture, "Encrypt", "\x0A\x02\xC3\x28", 4, "SerializationException", " in key_id");
    bytes_are_refused(fixture, "Encrypt", NULL, 0, "ValidationException", "2 validation errors detected");
    /* A context with one key twice: field 3, two entries {1: "k"}. */
    bytes_are_refused(fixture, "Encrypt", "\x1A\x03\x0A\x01k\x1A\x03\x0A\x01k", 10, "ValidationException",
                      "Invalid EncryptionContext");
}

static void callers_without_an_identity(void **state)
{
    struct fixture *fixture = *state;
    static const char *const principals[] = {NULL, "nobody", "arn:aws:iam::999999999999:user/mallory",
                                             "arn:aws:iam::" ACCOUNT ":group/g"};
    for (size_t i = 0; i < COUNT(principals); i++) {
        fixture->principal = principals[i];
        bytes_are_refused(
            fixture, "ListKeys", "", 0, "AccessDeniedException",
            text("User: %s is not authorized to perform: kms:ListKeys because no identity of an account that "
                 "is served here belongs to this caller",
                 principals[i] == NULL ? "uid 1000, gid 1000" : principals[i]));
        /* Nothing is said of the request, not even that it is malformed. */
        bytes_are_refused(fixture, "Encrypt", "\xFF", 1, "AccessDeniedException", "kms:Encrypt");
    }
}

static void what_tokens_and_workers_say(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    Rewrap__EncryptRequest request = encrypt_of(key.id);
    static const struct {
        bool is_answer; /* of the worker; otherwise of the module workers */
        int status;
        const char *code;
        bool retryable;
        bool logged;
    } rows[] = {
        {false, WORKERS_BUSY, "ThrottlingException", true, false},
        {false, WORKERS_DOWN, "KeyUnavailableException", true, false},
        {false, WORKERS_TIMEOUT, "DependencyTimeoutException", true, false},
        {false, WORKERS_CRASHED, "KeyUnavailableException", true, false},
        {false, WORKERS_NO_TOKEN, "KeyUnavailableException", true, true},
        {false, WORKERS_NO_MEMORY, "KMSInternalException", true, true},
        {true, HSM__STATUS__STATUS_BAD_REQUEST, "KMSInternalException", true, true},
        {true, HSM__STATUS__STATUS_INVALID_CIPHERTEXT, "InvalidCiphertextException", false, false},
        {true, HSM__STATUS__STATUS_KEY_NOT_FOUND, "KeyUnavailableException", true, true},
        {true, HSM__STATUS__STATUS_KEY_REFUSED, "KMSInvalidStateException", false, true},
        {true, HSM__STATUS__STATUS_NOT_WRAPPABLE, "UnsupportedOperationException", false, true},
        {true, HSM__STATUS__STATUS_TOO_LARGE, "ValidationException", false, false},
        {true, HSM__STATUS__STATUS_UNSUPPORTED, "UnsupportedOperationException", false, false},
        {true, HSM__STATUS__STATUS_LENGTH_NOT_KEPT, "UnsupportedOperationException", false, false},
        {true, HSM__STATUS__STATUS_TOKEN_UNAVAILABLE, "KeyUnavailableException", true, true},
        {true, HSM__STATUS__STATUS_INTERNAL, "KMSInternalException", true, true},
        {true, 4711, "KMSInternalException", true, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned before = fixture->logged;
        struct reply reply;
        if (rows[i].is_answer) {
            fake_workers_next_answer(fixture->workers, (Hsm__Status)rows[i].status);
        } else {
            fake_workers_next_status(fixture->workers, (enum workers_status)rows[i].status);
        }
        fixture_call(fixture, "Encrypt", &request.base, &reply);
        if (reply.code == NULL || strcmp(reply.code, rows[i].code) != 0) {
            fail_msg("row %zu: %s", i, reply.code);
        }
        assert_int_equal(reply.retryable, rows[i].retryable);
        assert_int_equal(fixture->logged - before, rows[i].logged);
        /* What the token said is for the log and not for the caller. */
        assert_true(reply.message == NULL || strstr(reply.message, "as the test said") == NULL);
        if (rows[i].logged && rows[i].is_answer) {
            assert_non_null(strstr(fixture->log, "as the test said (CKR 0x30), answering "));
        }
        reply_clear(&reply);
    }
}

static void answers_without_what_was_asked_for(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key open = fixture_open(fixture);
    ProtobufCBinaryData blob = fixture_encrypt(fixture, &open, "secret", NULL, NULL);
    Rewrap__EncryptRequest encrypt = encrypt_of(open.id);
    Rewrap__DecryptRequest decrypt = REWRAP__DECRYPT_REQUEST__INIT;
    decrypt.has_ciphertext_blob = true;
    decrypt.ciphertext_blob = blob;
    Rewrap__CreateKeyRequest create = REWRAP__CREATE_KEY_REQUEST__INIT;
    create.has_boundary = true;
    create.boundary = REWRAP__BOUNDARY_TYPE__VALUE__OPEN;
    struct request re_encrypt;
    request_make(&re_encrypt, &(struct wish){.blob = blob, .destination = open.id});
    const struct {
        const char *operation;
        const ProtobufCMessage *request;
    } rows[] = {{"Encrypt", &encrypt.base},
                {"Decrypt", &decrypt.base},
                {"CreateKey", &create.base},
                {"ReEncrypt", &re_encrypt.message.base}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (unsigned with_status = 0; with_status < 2; with_status++) {
            fake_workers_next_empty(fixture->workers, with_status != 0);
            assert_error(fixture, rows[i].operation, rows[i].request, "KMSInternalException", NULL);
        }
    }
    assert_int_equal(registry_keys(fixture->registry), 1);
    free(blob.data);
}

static void timeouts_are_wishes_within_limits(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    Rewrap__EncryptRequest request = encrypt_of(key.id);
    static const struct {
        unsigned wish, given;
    } rows[] = {{0, 10000}, {1, 1}, {59999, 59999}, {60000, 60000}, {60001, 60000}, {4294967295u, 60000}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reply reply;
        fixture->timeout_ms = rows[i].wish;
        assert_success(fixture, "Encrypt", &request.base, &reply);
        assert_int_equal(fake_workers_last_timeout_ms(fixture->workers), rows[i].given);
        reply_clear(&reply);
    }
}

static void nobody_waits_for_an_answer_any_more(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    Rewrap__EncryptRequest request = encrypt_of(key.id);
    struct reply reply;
    struct operation *operation = fixture_start(fixture, "Encrypt", &request.base, &reply);
    assert_int_equal(operations_running(&fixture->operations), 1);
    operation_abandon(operation);
    assert_int_equal(operations_running(&fixture->operations), 0); /* taken back */
    assert_int_equal(fake_workers_run(fixture->workers), 1);
    assert_false(reply.done);
}

static void until_idle(struct fixture *fixture)
{
    while (operations_running(&fixture->operations) != 0) {
        if (fake_workers_run(fixture->workers) == 0) {
            assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
        }
    }
}

static void changes_that_were_begun_are_finished(void **state)
{
    struct fixture *fixture = *state;
    struct reply replies[4];
    Rewrap__CreateKeyRequest sealed = REWRAP__CREATE_KEY_REQUEST__INIT, open = REWRAP__CREATE_KEY_REQUEST__INIT;
    open.has_boundary = true;
    open.boundary = REWRAP__BOUNDARY_TYPE__VALUE__OPEN;
    operation_abandon(fixture_start(fixture, "CreateKey", &sealed.base, &replies[0]));
    operation_abandon(fixture_start(fixture, "CreateKey", &open.base, &replies[1]));
    fixture->main->n_stock = 0; /* this one waits for the token to be read again */
    fake_token_add_spare(fixture->main, 77, true);
    operation_abandon(fixture_start(fixture, "CreateKey", &sealed.base, &replies[2]));
    until_idle(fixture);
    assert_int_equal(registry_keys(fixture->registry), 3);

    struct fixture_key key = fixture_sealed(fixture);
    char name[] = "alias/x";
    Rewrap__CreateAliasRequest alias = REWRAP__CREATE_ALIAS_REQUEST__INIT;
    alias.alias_name = name;
    alias.target_key_id = key.id;
    operation_abandon(fixture_start(fixture, "CreateAlias", &alias.base, &replies[3]));
    until_idle(fixture);
    assert_non_null(registry_alias_find(fixture->registry, ACCOUNT, name));
    for (size_t i = 0; i < COUNT(replies); i++) {
        assert_false(replies[i].done);
    }
}

static void a_key_whose_token_is_not_configured(void **state)
{
    struct fixture *fixture = *state;
    char gone[] = "gone";
    struct fixture_key key = fixture_key(fixture, &(struct registry_key){.token = gone});
    Rewrap__EncryptRequest request = encrypt_of(key.id);
    assert_error(fixture, "Encrypt", &request.base, "KeyUnavailableException",
                 "The token that holds the key is not in the configuration.");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_of_no_operation),
        TEST(bytes_that_are_no_message),
        TEST(lists_without_an_end),
        TEST(callers_without_an_identity),
        TEST(what_tokens_and_workers_say),
        TEST(answers_without_what_was_asked_for),
        TEST(timeouts_are_wishes_within_limits),
        TEST(nobody_waits_for_an_answer_any_more),
        TEST(changes_that_were_begun_are_finished),
        TEST(a_key_whose_token_is_not_configured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
