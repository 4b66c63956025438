/* A session, a login and handles that are lost behind the library's back, by real calls; and how they are renewed. */
#include "fixture.h"

#include "base/secbuf.h"
#include "base/uuid.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t payload[] = "sixteen byte key";

static struct buffer encrypted(struct fixture *fixture, const struct hsm_key *key)
{
    struct hsm_side side = fixture_side(key);
    struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_hsm(HSM_OK, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of(payload, sizeof payload), &blob));
    return blob;
}

static struct hsm_result decrypt(struct fixture *fixture, const struct hsm_key *key, const struct buffer *blob)
{
    struct hsm_side side = fixture_side(key);
    struct buffer plain = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct hsm_result result = hsm_rewrap_decrypt(fixture->rewrap, &side, buffer_view(blob), false, &plain);
    if (result.code == HSM_OK) {
        assert_int_equal(plain.len, sizeof payload);
        assert_memory_equal(plain.data, payload, sizeof payload);
    } else {
        assert_int_equal(plain.len, 0);
    }
    buffer_clear(&plain);
    return result;
}

static void renew(struct fixture *fixture)
{
    assert_hsm(HSM_OK, fixture_renew(fixture));
    assert_hsm(HSM_OK, hsm_rewrap_renew(fixture->rewrap));
}

/* Ways to lose something, with the token's own functions. */
static void lose_session(struct fixture *fixture)
{
    assert_int_equal(fixture->token->functions->C_CloseSession(fixture->token->session), CKR_OK);
}

static void lose_all_sessions(struct fixture *fixture)
{
    assert_int_equal(fixture->token->functions->C_CloseAllSessions(fixture->token->slot), CKR_OK);
}

static void lose_login(struct fixture *fixture)
{
    assert_int_equal(fixture->token->functions->C_Logout(fixture->token->session), CKR_OK);
}

/* In the same session: SoftHSM gives private objects other handles after a login. */
static void lose_private_handles(struct fixture *fixture)
{
    lose_login(fixture);
    fixture_login(fixture, HSM_USER, FIXTURE_USER_PIN);
}

/* A search that nobody ends: the session takes no other operation. */
static void leave_a_search(struct fixture *fixture)
{
    assert_int_equal(fixture->token->functions->C_FindObjectsInit(fixture->token->session, NULL, 0), CKR_OK);
}

typedef void loss(struct fixture *fixture);
static loss *const losses[] = {lose_session, lose_all_sessions, lose_login, lose_private_handles, leave_a_search};
#define N_LOSSES (sizeof losses / sizeof losses[0])

static void test_each_loss_is_told_and_renewed(void **state)
{
    struct fixture *fixture = *state;
    struct buffer blob = encrypted(fixture, &fixture->open[0]);
    for (size_t i = 0; i < N_LOSSES; i++) {
        struct hsm_key other = fixture->open[0];
        uuid_random(other.key_id); /* no binding key of it is in the cache: the root is needed */
        struct hsm_side side = fixture_side(&other);
        struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
        losses[i](fixture);
        assert_hsm(HSM_TOKEN_UNAVAILABLE,
                   hsm_rewrap_encrypt(fixture->rewrap, &side, view_of(payload, sizeof payload), &out));
        assert_int_equal(out.len, 0);
        renew(fixture);
        assert_hsm(HSM_OK, decrypt(fixture, &fixture->open[0], &blob));
        assert_hsm(HSM_OK, hsm_rewrap_encrypt(fixture->rewrap, &side, view_of(payload, sizeof payload), &out));
        assert_hsm(HSM_OK, decrypt(fixture, &other, &out));
        assert_hsm(HSM_OK, hsm_rewrap_refresh(fixture->rewrap));
        assert_int_equal(fixture_session_objects(fixture), 0);
        buffer_clear(&out);
    }
    buffer_clear(&blob);
}

/* What was made in the old session is gone with it, and not only forgotten. */
static void test_a_renewal_leaves_no_objects(void **state)
{
    struct fixture *fixture = *state;
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE data[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &no, sizeof no}};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    assert_int_equal(fixture->token->functions->C_CreateObject(fixture->token->session, data, 2, &object), CKR_OK);
    assert_int_equal(fixture_session_objects(fixture), 1);
    renew(fixture);
    assert_int_equal(fixture_session_objects(fixture), 0);
}

/* A key that was verified before is looked at again: one of another make that has its label and id does not pass. */
static void test_keys_are_verified_again(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_key key = {.spec = HSM_SPEC_AES_256, .boundary = HSM_OPEN};
    uuid_random(key.key_id);
    assert_hsm(HSM_OK, hsm_rewrap_make_open(fixture->rewrap, HSM_SPEC_AES_256, key.material_id));
    struct buffer blob = encrypted(fixture, &key);
    assert_hsm(HSM_OK, hsm_rewrap_destroy(fixture->rewrap, &key));
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_BBOOL yes = CK_TRUE;
    char label[] = "rewrapd:open:SYMMETRIC_DEFAULT";
    uint8_t value[32] = {7};
    CK_ATTRIBUTE forged[] = {{CKA_CLASS, &class, sizeof class},    {CKA_KEY_TYPE, &type, sizeof type},
                             {CKA_TOKEN, &yes, sizeof yes},        {CKA_PRIVATE, &yes, sizeof yes},
                             {CKA_WRAP, &yes, sizeof yes},         {CKA_UNWRAP, &yes, sizeof yes},
                             {CKA_LABEL, label, sizeof label - 1}, {CKA_ID, key.material_id, sizeof key.material_id},
                             {CKA_VALUE, value, sizeof value}};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    assert_int_equal(fixture->token->functions->C_CreateObject(fixture->token->session, forged,
                                                               sizeof forged / sizeof forged[0], &object),
                     CKR_OK);
    renew(fixture);
    assert_hsm(HSM_KEY_REFUSED, decrypt(fixture, &key, &blob));
    assert_hsm(HSM_OK, hsm_rewrap_destroy(fixture->rewrap, &key)); /* also what does not pass */
    assert_hsm(HSM_KEY_NOT_FOUND, decrypt(fixture, &key, &blob));
    buffer_clear(&blob);
}

/* The handle of one key is worthless, while the session and all others live. */
static void test_a_key_that_vanished(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_key key = {.spec = HSM_SPEC_AES_256, .boundary = HSM_OPEN};
    uuid_random(key.key_id);
    assert_hsm(HSM_OK, hsm_rewrap_make_open(fixture->rewrap, HSM_SPEC_AES_256, key.material_id));
    struct buffer blob = encrypted(fixture, &key);
    CK_ATTRIBUTE id = {CKA_ID, key.material_id, sizeof key.material_id};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_ULONG found = 0;
    CK_FUNCTION_LIST *functions = fixture->token->functions;
    CK_SESSION_HANDLE session = fixture->token->session;
    assert_int_equal(functions->C_FindObjectsInit(session, &id, 1), CKR_OK);
    assert_int_equal(functions->C_FindObjects(session, &object, 1, &found), CKR_OK);
    assert_int_equal(functions->C_FindObjectsFinal(session), CKR_OK);
    assert_int_equal(found, 1);
    assert_int_equal(functions->C_DestroyObject(session, object), CKR_OK);
    assert_hsm(HSM_KEY_NOT_FOUND, decrypt(fixture, &key, &blob));
    assert_int_equal(fixture_session_objects(fixture), 0);
    buffer_clear(&blob);
}

/* The PIN file is read anew; a PIN that is refused is tried once, and not again while the token remembers it. */
static void test_the_pin_of_a_renewal(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_file(fixture->pin_file, FIXTURE_USER_PIN "\n", 0604);
    assert_hsm(HSM_PIN_UNREADABLE, fixture_renew(fixture));
    assert_int_equal(unlink(fixture->pin_file), 0);
    assert_hsm(HSM_PIN_UNREADABLE, fixture_renew(fixture));
    fixture_write_file(fixture->pin_file, "not-the-pin\n", 0600);
    assert_hsm(HSM_PIN_WRONG, fixture_renew(fixture));
    struct hsm_result again = fixture_renew(fixture);
    assert_int_equal(again.code, HSM_TOKEN_UNAVAILABLE);
    assert_int_equal(again.rv, CKR_OK); /* no call has failed: none was made */
    /* Nor with a PIN that is right by now: it is the next start that may. */
    fixture_write_file(fixture->pin_file, FIXTURE_USER_PIN "\n", 0600);
    assert_hsm(HSM_TOKEN_UNAVAILABLE, fixture_renew(fixture));
    fixture_close(fixture);
    fixture_open(fixture);
    assert_hsm(HSM_OK, hsm_rewrap_new(fixture->token, &fixture->profile, 1000, NULL, &fixture->rewrap));
    renew(fixture);
}

/* Another token in the slot does not get the PIN. */
static void test_another_token(void **state)
{
    struct fixture *fixture = *state;
    struct hsm_token_info before = fixture->token->info;
    snprintf(fixture->token->info.serial, sizeof fixture->token->info.serial, "0123");
    assert_hsm(HSM_TOKEN_UNAVAILABLE, fixture_renew(fixture));
    fixture->token->info = before;
    fixture_close(fixture);
    fixture_open(fixture);
    assert_hsm(HSM_OK, hsm_rewrap_new(fixture->token, &fixture->profile, 1000, NULL, &fixture->rewrap));
}

/* The token's folder is away for a while: the renewal fails, and nothing crashes on the way out. */
static void test_the_token_is_away(void **state)
{
    struct fixture *fixture = *state;
    char from[128];
    char to[128];
    snprintf(from, sizeof from, "%s/tokens", fixture->dir);
    snprintf(to, sizeof to, "%s/elsewhere", fixture->dir);
    assert_int_equal(rename(from, to), 0);
    assert_int_not_equal(fixture_renew(fixture).code, HSM_OK);
    assert_int_equal(rename(to, from), 0);
    fixture_close(fixture);
    fixture_open(fixture);
    assert_hsm(HSM_OK, hsm_rewrap_new(fixture->token, &fixture->profile, 1000, NULL, &fixture->rewrap));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_loss_is_told_and_renewed),
        cmocka_unit_test(test_a_renewal_leaves_no_objects),
        cmocka_unit_test(test_keys_are_verified_again),
        cmocka_unit_test(test_a_key_that_vanished),
        cmocka_unit_test(test_the_pin_of_a_renewal),
        cmocka_unit_test(test_another_token),
        cmocka_unit_test(test_the_token_is_away),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
