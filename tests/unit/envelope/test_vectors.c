/* The test vectors of docs/ciphertext.md, read from that page: what it says is what we do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/hex.h"
#include "envelope/context.h"
#include "envelope/envelope.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#define MAX_BYTES 512
#define MAX_PAIRS 4

struct bytes {
    uint8_t data[MAX_BYTES];
    size_t len;
};

enum field { ROOT, KEK, KEY_ID, MATERIAL_ID, BINDING_KEY, CONTEXT, PAYLOAD, SALT, INNER, PRK, KEY, IV, BLOB, FIELDS };

static const char *const names[FIELDS] = {"binding-root", "kek",     "key-id", "material-id", "binding-key",
                                          "context",      "payload", "salt",   "inner",       "prk",
                                          "key",          "iv",      "blob"};

struct vector {
    struct bytes fields[FIELDS];
    struct bytes keys[MAX_PAIRS];
    struct bytes values[MAX_PAIRS];
    size_t n_pairs;
};

static void read_hex(const char *text, struct bytes *out)
{
    out->len = strlen(text) / 2;
    assert_true(out->len <= MAX_BYTES);
    assert_true(hex_decode(text, out->data, out->len));
}

static void read_field(struct vector *vector, const char *name, char *value)
{
    if (strcmp(name, "pair") == 0) {
        char *colon = strchr(value, ':');
        assert_non_null(colon);
        *colon = '\0';
        assert_true(vector->n_pairs < MAX_PAIRS);
        read_hex(value, &vector->keys[vector->n_pairs]);
        read_hex(colon + 1, &vector->values[vector->n_pairs]);
        vector->n_pairs++;
        return;
    }
    for (size_t i = 0; i < FIELDS; i++) {
        if (strcmp(name, names[i]) == 0) {
            read_hex(value, &vector->fields[i]);
            return;
        }
    }
    fail_msg("a vector with an unknown field: %s", name);
}

static struct view view(const struct vector *vector, enum field field)
{
    return view_of(vector->fields[field].data, vector->fields[field].len);
}

static void check_context(const struct vector *vector)
{
    struct context_pair pairs[MAX_PAIRS];
    for (size_t i = 0; i < vector->n_pairs; i++) {
        pairs[i].key = view_of(vector->keys[i].data, vector->keys[i].len);
        pairs[i].value = view_of(vector->values[i].data, vector->values[i].len);
    }
    struct buffer out = BUFFER_INIT(CONTEXT_CANONICAL_MAX_BYTES);
    assert_int_equal(context_canonical(pairs, vector->n_pairs, &out), CONTEXT_OK);
    assert_true(view_equal(buffer_view(&out), view(vector, CONTEXT)));
    buffer_clear(&out);
}

/* What the token does: the inner blob, and the binding key. */
static void check_token(const struct vector *vector)
{
    uint8_t message[256];
    static const char label[] = "rewrapd binding key 1";
    size_t len = sizeof label - 1;
    memcpy(message, label, len);
    memcpy(message + len, vector->fields[KEY_ID].data, ENVELOPE_KEY_ID_BYTES);
    len += ENVELOPE_KEY_ID_BYTES;
    memcpy(message + len, vector->fields[MATERIAL_ID].data, ENVELOPE_MATERIAL_ID_BYTES);
    len += ENVELOPE_MATERIAL_ID_BYTES;
    uint8_t mac[32];
    unsigned mac_len = 0;
    assert_non_null(HMAC(EVP_sha256(), vector->fields[ROOT].data, 32, message, len, mac, &mac_len));
    assert_true(view_equal(view_of(mac, mac_len), view(vector, BINDING_KEY)));

    EVP_CIPHER_CTX *kwp = EVP_CIPHER_CTX_new();
    EVP_CIPHER_CTX_set_flags(kwp, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    uint8_t payload[MAX_BYTES];
    int out = 0;
    assert_int_equal(EVP_DecryptInit_ex(kwp, EVP_aes_256_wrap_pad(), NULL, vector->fields[KEK].data, NULL), 1);
    assert_int_equal(EVP_DecryptUpdate(kwp, payload, &out, vector->fields[INNER].data, (int)vector->fields[INNER].len),
                     1);
    EVP_CIPHER_CTX_free(kwp);
    size_t true_len = vector->fields[PAYLOAD].len;
    assert_true((size_t)out == true_len || (size_t)out == (true_len + 7) / 8 * 8);
    assert_memory_equal(payload, vector->fields[PAYLOAD].data, true_len);
}

static void check_envelope(struct envelope_crypto *crypto, const struct vector *vector)
{
    struct envelope_header header = {.payload_length = (uint16_t)vector->fields[PAYLOAD].len};
    memcpy(header.key_id, vector->fields[KEY_ID].data, sizeof header.key_id);
    memcpy(header.material_id, vector->fields[MATERIAL_ID].data, sizeof header.material_id);
    memcpy(header.salt, vector->fields[SALT].data, sizeof header.salt);
    struct buffer blob = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    const uint8_t *binding_key = vector->fields[BINDING_KEY].data;
    assert_int_equal(envelope_seal(crypto, binding_key, &header, view(vector, CONTEXT), view(vector, INNER), &blob),
                     ENVELOPE_OK);
    assert_true(view_equal(buffer_view(&blob), view(vector, BLOB)));
    buffer_clear(&blob);

    uint8_t inner[ENVELOPE_INNER_MAX_BYTES];
    size_t len = 0;
    struct envelope_header found;
    assert_int_equal(envelope_open(crypto, binding_key, view(vector, BLOB), view(vector, CONTEXT), &found, inner, &len),
                     ENVELOPE_OK);
    assert_memory_equal(&found, &header, sizeof found);
    assert_true(view_equal(view_of(inner, len), view(vector, INNER)));
}

static void check(struct envelope_crypto *crypto, const struct vector *vector)
{
    check_context(vector);
    check_token(vector);
    check_envelope(crypto, vector);
}

static void test_vectors_of_the_page(void **state)
{
    (void)state;
    struct envelope_crypto *crypto = envelope_crypto_new();
    assert_non_null(crypto);
    FILE *page = fopen(VECTORS_FILE, "re");
    assert_non_null(page);
    static struct vector vector;
    char line[2 * MAX_BYTES + 64];
    bool inside = false;
    size_t checked = 0;
    while (fgets(line, sizeof line, page) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *equals = strstr(line, " = ");
        if (!inside) {
            inside = strcmp(line, "```vectors") == 0;
        } else if (equals != NULL) {
            *equals = '\0';
            read_field(&vector, line, equals + 3);
        } else if (line[0] == '\0' || strcmp(line, "```") == 0) {
            check(crypto, &vector);
            checked++;
            vector.n_pairs = 0;
            inside = line[0] == '\0';
        }
    }
    fclose(page);
    envelope_crypto_free(crypto);
    assert_int_equal(checked, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors_of_the_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
