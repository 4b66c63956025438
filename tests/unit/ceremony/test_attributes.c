/* The table of attributes: what is made from it passes, and what lacks any one of its attributes does not. */
#include "fixture.h"
#include "objects/attributes.h"
#include "p11/p11_call.h"

#include <stdlib.h>
#include <string.h>

static const unsigned char id[32] = {1, 2, 3};

/* How each kind is made: by whom, and with which other half. */
static const struct {
    CK_MECHANISM_TYPE generate;
    enum hsm_user maker;
    int public_half; /* of a private one; -1: not a pair */
} kinds[ATTRIBUTES_KINDS] = {
    [ATTRIBUTES_SEALED_KEK] = {CKM_AES_KEY_GEN, HSM_SO, -1},
    [ATTRIBUTES_OPEN_KEK] = {CKM_AES_KEY_GEN, HSM_USER, -1},
    [ATTRIBUTES_SEALED_RSA_PRIVATE] = {CKM_RSA_PKCS_KEY_PAIR_GEN, HSM_SO, ATTRIBUTES_SEALED_RSA_PUBLIC},
    [ATTRIBUTES_SEALED_RSA_PUBLIC] = {0, HSM_SO, -1},
    [ATTRIBUTES_OPEN_RSA_PRIVATE] = {CKM_RSA_PKCS_KEY_PAIR_GEN, HSM_USER, ATTRIBUTES_OPEN_RSA_PUBLIC},
    [ATTRIBUTES_OPEN_RSA_PUBLIC] = {0, HSM_USER, -1},
    [ATTRIBUTES_BINDING_ROOT] = {CKM_GENERIC_SECRET_KEY_GEN, HSM_USER, -1},
    [ATTRIBUTES_AUDIT_PRIVATE] = {CKM_EC_KEY_PAIR_GEN, HSM_USER, ATTRIBUTES_AUDIT_PUBLIC},
    [ATTRIBUTES_AUDIT_PUBLIC] = {0, HSM_USER, -1},
};

static void start(struct fixture *fixture, enum hsm_user user)
{
    const struct hsm_token_config config = {.module = FIXTURE_MODULE, .uri = FIXTURE_URI};
    assert_hsm(HSM_OK, hsm_token_open(&config, &fixture->token));
    fixture_login(fixture, user, user == HSM_SO ? FIXTURE_SO_PIN : FIXTURE_USER_PIN);
}

static void wish_for(enum attributes_kind kind, struct attributes_template *out)
{
    const struct attributes_wish wish = {.on_token = false,
                                         .label = "test",
                                         .id = id,
                                         .id_len = sizeof id,
                                         .kwp = CKM_AES_KEY_WRAP_PAD,
                                         .modulus_bits = 1024}; /* a small one: there are many */
    attributes_create(kind, &wish, out);
}

/* What is made: one key, or two halves. Session objects: those that cannot be destroyed go with the session. */
struct key {
    enum attributes_kind kind;
    bool is_pair;
    struct attributes_template key;
    struct attributes_template public_half;
    CK_OBJECT_HANDLE handle;
    CK_OBJECT_HANDLE public_handle;
};

static void key_wish(struct key *key, enum attributes_kind kind)
{
    *key = (struct key){.kind = kind, .is_pair = kinds[kind].public_half >= 0};
    wish_for(kind, &key->key);
    if (key->is_pair) {
        wish_for((enum attributes_kind)kinds[kind].public_half, &key->public_half);
    }
}

static CK_RV key_generate(struct hsm_token *token, struct key *key)
{
    if (!key->is_pair) {
        return p11_generate_key(token, kinds[key->kind].generate, key->key.list, key->key.n, &key->handle);
    }
    return p11_generate_key_pair(token, kinds[key->kind].generate, key->public_half.list, key->public_half.n,
                                 key->key.list, key->key.n, &key->public_handle, &key->handle);
}

static struct hsm_result key_verify(struct hsm_token *token, const struct key *key, bool public_half)
{
    return public_half
               ? attributes_verify(token, key->public_handle, (enum attributes_kind)kinds[key->kind].public_half)
               : attributes_verify(token, key->handle, key->kind);
}

static void test_every_kind_passes(void **state)
{
    struct fixture *fixture = *state;
    for (int user = HSM_USER; user <= HSM_SO; user++) {
        start(fixture, (enum hsm_user)user);
        for (int kind = 0; kind < ATTRIBUTES_KINDS; kind++) {
            struct key key;
            if (kinds[kind].generate == 0 || kinds[kind].maker != (enum hsm_user)user) {
                continue;
            }
            key_wish(&key, (enum attributes_kind)kind);
            assert_int_equal(key_generate(fixture->token, &key), CKR_OK);
            assert_hsm(HSM_OK, key_verify(fixture->token, &key, false));
            if (key.is_pair) {
                assert_hsm(HSM_OK, key_verify(fixture->token, &key, true));
            }
        }
        fixture_close(fixture);
    }
}

static bool is_boolean(const CK_ATTRIBUTE *attribute)
{
    return attribute->ulValueLen == sizeof(CK_BBOOL) && attribute->type != CKA_TOKEN && attribute->type != CKA_PRIVATE;
}

/* Not checked in any kind, or (CKA_DESTROYABLE) not in the open ones. */
static bool is_free(enum attributes_kind kind, CK_ATTRIBUTE_TYPE type)
{
    return type == CKA_DESTROYABLE &&
           (kind == ATTRIBUTES_OPEN_KEK || kind == ATTRIBUTES_OPEN_RSA_PRIVATE || kind == ATTRIBUTES_OPEN_RSA_PUBLIC);
}

/* Makes the key with one boolean the other way round. Returns 1 when the token made such a key, which must be refused.
 */
static size_t refuses_inverted(struct hsm_token *token, enum attributes_kind kind, bool public_half, size_t at)
{
    struct key key;
    key_wish(&key, kind);
    struct attributes_template *half = public_half ? &key.public_half : &key.key;
    CK_ATTRIBUTE *attribute = &half->list[at];
    const enum attributes_kind half_kind = public_half ? (enum attributes_kind)kinds[kind].public_half : kind;
    if (!is_boolean(attribute) || is_free(half_kind, attribute->type)) {
        return 0;
    }
    CK_BBOOL inverted = !*(CK_BBOOL *)attribute->pValue;
    attribute->pValue = &inverted;
    if (key_generate(token, &key) != CKR_OK) {
        return 0;
    }
    assert_hsm(HSM_KEY_REFUSED, key_verify(token, &key, public_half));
    assert_non_null(strstr(key_verify(token, &key, public_half).what, "CKA_"));
    return 1;
}

static void test_every_boolean_counts(void **state)
{
    struct fixture *fixture = *state;
    for (int kind = 0; kind < ATTRIBUTES_KINDS; kind++) {
        if (kinds[kind].generate == 0) {
            continue;
        }
        struct key key;
        size_t refused = 0;
        size_t booleans = 0;
        key_wish(&key, (enum attributes_kind)kind);
        start(fixture, kinds[kind].maker);
        for (size_t half = 0; half <= (size_t)key.is_pair; half++) {
            const struct attributes_template *list = half == 1 ? &key.public_half : &key.key;
            for (size_t i = 0; i < list->n; i++) {
                const enum attributes_kind half_kind =
                    (enum attributes_kind)(half == 1 ? kinds[kind].public_half : kind);
                booleans += is_boolean(&list->list[i]) && !is_free(half_kind, list->list[i].type);
                refused += refuses_inverted(fixture->token, (enum attributes_kind)kind, half == 1, i);
            }
        }
        fixture_close(fixture);
        /* The user may not say CKA_TRUSTED=true, so that an open key with it cannot be made here. */
        assert_in_range(refused, booleans - 1, booleans);
        assert_true(booleans >= 10);
    }
}

/* Makes the key with one attribute of its template replaced, or (NULL) left out, and wants it refused for that. */
static void refuses_changed(struct fixture *fixture, enum attributes_kind kind, CK_ATTRIBUTE_TYPE type,
                            const CK_ATTRIBUTE *replacement, const char *what)
{
    struct key key;
    key_wish(&key, kind);
    size_t at = 0;
    while (key.key.list[at].type != type) {
        at++;
        assert_true(at < key.key.n);
    }
    if (replacement != NULL) {
        key.key.list[at] = *replacement;
    } else {
        memmove(&key.key.list[at], &key.key.list[at + 1], (key.key.n - at - 1) * sizeof key.key.list[0]);
        key.key.n--;
    }
    assert_int_equal(key_generate(fixture->token, &key), CKR_OK);
    const struct hsm_result result = key_verify(fixture->token, &key, false);
    assert_hsm(HSM_KEY_REFUSED, result);
    assert_string_equal(result.what, what);
}

static void test_mechanisms_count(void **state)
{
    struct fixture *fixture = *state;
    CK_MECHANISM_TYPE two[] = {CKM_AES_KEY_WRAP_PAD, CKM_AES_CBC_PAD};
    CK_MECHANISM_TYPE wrong[] = {CKM_AES_KEY_WRAP};
    CK_MECHANISM_TYPE kwp[] = {CKM_AES_KEY_WRAP_KWP};
    const CK_ATTRIBUTE more = {CKA_ALLOWED_MECHANISMS, two, sizeof two};
    const CK_ATTRIBUTE other = {CKA_ALLOWED_MECHANISMS, wrong, sizeof wrong};
    for (int kind = 0; kind < ATTRIBUTES_KINDS; kind++) {
        if (kinds[kind].generate == 0) {
            continue;
        }
        start(fixture, kinds[kind].maker);
        refuses_changed(fixture, (enum attributes_kind)kind, CKA_ALLOWED_MECHANISMS, NULL, "CKA_ALLOWED_MECHANISMS");
        refuses_changed(fixture, (enum attributes_kind)kind, CKA_ALLOWED_MECHANISMS, &more, "CKA_ALLOWED_MECHANISMS");
        refuses_changed(fixture, (enum attributes_kind)kind, CKA_ALLOWED_MECHANISMS, &other, "CKA_ALLOWED_MECHANISMS");
        fixture_close(fixture);
    }
    /* Both numbers of AES key wrap with padding are right. */
    struct key key;
    key_wish(&key, ATTRIBUTES_OPEN_KEK);
    key.key.allowed = kwp[0];
    start(fixture, HSM_USER);
    assert_int_equal(key_generate(fixture->token, &key), CKR_OK);
    assert_hsm(HSM_OK, key_verify(fixture->token, &key, false));
    fixture_close(fixture);
}

/* Each attribute of the unwrap template left out, changed; one more; another boundary's; none. */
static void refuses_templates(struct fixture *fixture, enum attributes_kind kind)
{
    struct key key;
    key_wish(&key, kind);
    size_t n = 0;
    while (key.key.unwrap[n].pValue != NULL) {
        n++;
    }
    assert_true(n >= 12);
    CK_ATTRIBUTE list[ATTRIBUTES_UNWRAP_MAX + 1];
    CK_ATTRIBUTE template = {CKA_UNWRAP_TEMPLATE, list, 0};
    CK_ULONG other = 0x77;
    for (size_t i = 0; i < n; i++) {
        memcpy(list, key.key.unwrap, n * sizeof list[0]);
        memmove(&list[i], &list[i + 1], (n - i - 1) * sizeof list[0]);
        template.ulValueLen = (n - 1) * sizeof list[0];
        refuses_changed(fixture, kind, CKA_UNWRAP_TEMPLATE, &template, "CKA_UNWRAP_TEMPLATE");

        memcpy(list, key.key.unwrap, n * sizeof list[0]);
        CK_BBOOL inverted = list[i].ulValueLen == 1 && !*(CK_BBOOL *)list[i].pValue;
        list[i].pValue = list[i].ulValueLen == 1 ? (void *)&inverted : (void *)&other;
        template.ulValueLen = n * sizeof list[0];
        refuses_changed(fixture, kind, CKA_UNWRAP_TEMPLATE, &template, "CKA_UNWRAP_TEMPLATE");
    }
    memcpy(list, key.key.unwrap, n * sizeof list[0]);
    list[n] = (CK_ATTRIBUTE){CKA_START_DATE, &other, 8};
    template.ulValueLen = (n + 1) * sizeof list[0];
    refuses_changed(fixture, kind, CKA_UNWRAP_TEMPLATE, &template, "CKA_UNWRAP_TEMPLATE");
    refuses_changed(fixture, kind, CKA_UNWRAP_TEMPLATE, NULL, "CKA_UNWRAP_TEMPLATE");
}

static void test_unwrap_templates_count(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, HSM_SO);
    refuses_templates(fixture, ATTRIBUTES_SEALED_KEK);
    fixture_close(fixture);
    start(fixture, HSM_USER);
    refuses_templates(fixture, ATTRIBUTES_OPEN_KEK);
    fixture_close(fixture);
}

static void test_the_rest_counts(void **state)
{
    struct fixture *fixture = *state;
    CK_ULONG short_len = 16;
    CK_BYTE value[32] = {7};
    const CK_ATTRIBUTE shorter = {CKA_VALUE_LEN, &short_len, sizeof short_len};
    const CK_ATTRIBUTE known = {CKA_VALUE, value, sizeof value};
    struct key key;

    start(fixture, HSM_USER);
    refuses_changed(fixture, ATTRIBUTES_OPEN_KEK, CKA_VALUE_LEN, &shorter, "CKA_VALUE_LEN");
    refuses_changed(fixture, ATTRIBUTES_BINDING_ROOT, CKA_VALUE_LEN, &shorter, "CKA_VALUE_LEN");

    /* Imported: somebody knows its value. */
    key_wish(&key, ATTRIBUTES_BINDING_ROOT);
    for (size_t i = 0; i < key.key.n; i++) {
        key.key.list[i] = key.key.list[i].type == CKA_VALUE_LEN ? known : key.key.list[i];
    }
    assert_int_equal(p11_create_object(fixture->token, key.key.list, key.key.n, &key.handle), CKR_OK);
    const struct hsm_result result = key_verify(fixture->token, &key, false);
    assert_hsm(HSM_KEY_REFUSED, result);

    /* One kind is not another. */
    key_wish(&key, ATTRIBUTES_OPEN_KEK);
    assert_int_equal(key_generate(fixture->token, &key), CKR_OK);
    for (int kind = 0; kind < ATTRIBUTES_KINDS; kind++) {
        assert_hsm(kind == ATTRIBUTES_OPEN_KEK ? HSM_OK : HSM_KEY_REFUSED,
                   attributes_verify(fixture->token, key.handle, (enum attributes_kind)kind));
    }

    /* No object at all is a fault, not a refusal. */
    assert_int_not_equal(attributes_verify(fixture->token, 987654, ATTRIBUTES_OPEN_KEK).code, HSM_OK);
    assert_int_not_equal(attributes_verify(fixture->token, 987654, ATTRIBUTES_OPEN_KEK).code, HSM_KEY_REFUSED);
    fixture_close(fixture);
}

static bool has(const CK_ATTRIBUTE *list, size_t n, CK_ATTRIBUTE_TYPE type, CK_BBOOL value)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].type == type) {
            return list[i].ulValueLen == 1 && *(CK_BBOOL *)list[i].pValue == value;
        }
    }
    return false;
}

static bool mentions(const CK_ATTRIBUTE *list, size_t n, CK_ATTRIBUTE_TYPE type)
{
    return has(list, n, type, CK_TRUE) || has(list, n, type, CK_FALSE);
}

static void test_payload_templates(void **state)
{
    (void)state;
    CK_ATTRIBUTE list[ATTRIBUTES_UNWRAP_MAX];
    CK_BYTE value[4] = {1};
    const CK_ATTRIBUTE extra = {CKA_VALUE, value, sizeof value};

    size_t n = attributes_unwrap(HSM_LEVEL_SEALED, HSM_SEALED, true, list, ATTRIBUTES_UNWRAP_MAX);
    assert_true(n > 0);
    assert_int_equal(list[n - 1].type, CKA_MODIFIABLE);
    assert_true(has(list, n, CKA_SENSITIVE, CK_TRUE));
    assert_true(has(list, n, CKA_WRAP_WITH_TRUSTED, CK_TRUE));
    assert_true(has(list, n, CKA_TOKEN, CK_FALSE));
    assert_int_equal(attributes_unwrap(HSM_LEVEL_SEALED, HSM_SEALED, true, list, n - 1), 0);

    assert_int_equal(attributes_payload(HSM_LEVEL_SEALED, HSM_SEALED, true, &extra, 1, list, n), 0);
    assert_int_equal(attributes_payload(HSM_LEVEL_SEALED, HSM_SEALED, true, &extra, 1, list, n + 1), n + 1);
    assert_int_equal(list[n].type, CKA_MODIFIABLE);
    assert_int_equal(list[n - 1].type, CKA_VALUE);

    n = attributes_unwrap(HSM_LEVEL_SEALED, HSM_OPEN, true, list, ATTRIBUTES_UNWRAP_MAX);
    assert_true(has(list, n, CKA_SENSITIVE, CK_TRUE));
    assert_false(mentions(list, n, CKA_WRAP_WITH_TRUSTED));
    n = attributes_unwrap(HSM_LEVEL_SEALED, HSM_OPEN, false, list, ATTRIBUTES_UNWRAP_MAX);
    assert_true(has(list, n, CKA_SENSITIVE, CK_FALSE));
    assert_false(mentions(list, n, CKA_WRAP_WITH_TRUSTED));
}

/* A key made as for a token without a boundary passes on none that has one; at level sensitive it does, and what is
 * demanded there still counts. */
static void test_a_weak_key_is_refused_on_a_sealed_token(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, HSM_USER);
    const struct attributes_wish wish = {
        .level = HSM_LEVEL_SENSITIVE, .label = "test", .id = id, .id_len = sizeof id, .kwp = CKM_AES_KEY_WRAP_PAD};
    struct attributes_template weak;
    CK_OBJECT_HANDLE key;
    attributes_create(ATTRIBUTES_SEALED_KEK, &wish, &weak);
    assert_int_equal(p11_generate_key(fixture->token, CKM_AES_KEY_GEN, weak.list, weak.n, &key), CKR_OK);
    static const enum hsm_level strict[] = {(enum hsm_level)0, HSM_LEVEL_SEALED};
    for (size_t i = 0; i < 2; i++) {
        fixture->token->level = strict[i];
        assert_hsm(HSM_KEY_REFUSED, attributes_verify(fixture->token, key, ATTRIBUTES_SEALED_KEK));
    }
    fixture->token->level = HSM_LEVEL_SENSITIVE;
    assert_hsm(HSM_OK, attributes_verify(fixture->token, key, ATTRIBUTES_SEALED_KEK));
    CK_BBOOL yes = CK_TRUE;
    for (CK_ULONG i = 0; i < weak.n; i++) {
        if (weak.list[i].type == CKA_DECRYPT) {
            weak.list[i].pValue = &yes;
        }
    }
    assert_int_equal(p11_generate_key(fixture->token, CKM_AES_KEY_GEN, weak.list, weak.n, &key), CKR_OK);
    assert_hsm(HSM_KEY_REFUSED, attributes_verify(fixture->token, key, ATTRIBUTES_SEALED_KEK));
    fixture_close(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_passes),
        cmocka_unit_test(test_every_boolean_counts),
        cmocka_unit_test(test_mechanisms_count),
        cmocka_unit_test(test_unwrap_templates_count),
        cmocka_unit_test(test_the_rest_counts),
        cmocka_unit_test(test_payload_templates),
        cmocka_unit_test(test_a_weak_key_is_refused_on_a_sealed_token),
    };
    return cmocka_run_group_tests(tests, fixture_setup_bare, fixture_teardown);
}
