/* Requests to the worker; see ask.h. */
#include "ask.h"

#include "base/uuid.h"
#include "envelope/context.h"
#include "proto/message.h"

#include <stdio.h>
#include <string.h>

/* SoftHSM 2.6.1 pads payloads to a multiple of 8 before KWP, and what is padded is not given to an RSA key. */
static const char any_length[] = "a secret of 21 bytes.";
static const char whole_blocks[] = "a secret of 24 bytes ...";

#define DATA_KEY_BYTES 32

const char *const ask_names[ASK_KINDS] = {
    [ASK_RE_ENCRYPT] = "ReEncrypt",
    [ASK_RE_ENCRYPT_SEALED] = "ReEncrypt sealed",
    [ASK_CHECK_ONLY] = "ReEncrypt check_only",
    [ASK_ENCRYPT] = "Encrypt",
    [ASK_DECRYPT] = "Decrypt",
    [ASK_GENERATE] = "GenerateDataKey",
    [ASK_LIST] = "ListObjects",
    [ASK_MAKE_KEY] = "MakeOpenKey",
    [ASK_FROM_RSA] = "ReEncrypt from RSA",
    [ASK_TO_RSA] = "ReEncrypt to RSA",
    [ASK_GENERATE_PLAIN] = "GenerateDataKey with plaintext",
    [ASK_RANDOM] = "GenerateRandom",
    [ASK_PUBLIC_KEY] = "GetPublicKey",
    [ASK_DESTROY_KEY] = "DestroyKey",
};

static uint8_t no_context[] = {CONTEXT_VERSION, 0, 0, 0, 0};

static void side_fill(Hsm__Side *side, Hsm__Key *message, struct hsm_key *key)
{
    *message = (Hsm__Key)HSM__KEY__INIT;
    message->has_key_id = message->has_material_id = message->has_spec = message->has_boundary = true;
    message->key_id = (ProtobufCBinaryData){sizeof key->key_id, key->key_id};
    message->material_id = (ProtobufCBinaryData){sizeof key->material_id, key->material_id};
    message->spec = (Hsm__KeySpec)key->spec;
    message->boundary = (Hsm__Boundary)key->boundary;
    *side = (Hsm__Side)HSM__SIDE__INIT;
    side->key = message;
    side->has_algorithm = side->has_context = true;
    bool is_rsa = key->spec != HSM_SPEC_AES_256;
    side->algorithm = is_rsa ? HSM__ALGORITHM__ALGORITHM_RSAES_OAEP_SHA_1 : HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT;
    side->context = (ProtobufCBinaryData){is_rsa ? 0 : sizeof no_context, no_context};
}

/* The same side for the hsm library. */
static struct hsm_side direct_side(const struct hsm_key *key)
{
    struct hsm_side side = fixture_side(key);
    if (key->spec != HSM_SPEC_AES_256) {
        side.algorithm = HSM_RSAES_OAEP_SHA_1;
        side.context = view_of(NULL, 0);
    }
    return side;
}

static void keys_choose(struct world *world, enum ask_kind kind, struct asked *asked)
{
    const struct fixture *fixture = world->fixture;
    bool sealed = kind == ASK_RE_ENCRYPT_SEALED;
    asked->from = kind == ASK_FROM_RSA ? world->rsa : sealed ? fixture->sealed[0] : fixture->open[0];
    asked->to = kind == ASK_TO_RSA ? world->rsa : sealed ? fixture->sealed[1] : fixture->open[1];
    if (kind == ASK_PUBLIC_KEY) {
        asked->to = world->rsa;
    }
    if (kind == ASK_DESTROY_KEY) {
        assert_hsm(HSM_OK, hsm_rewrap_make_open(fixture->rewrap, HSM_SPEC_AES_256, asked->to.material_id));
    }
    uuid_random(asked->from.key_id);
    uuid_random(asked->to.key_id);
    side_fill(&asked->side_from, &asked->key_from, &asked->from);
    side_fill(&asked->side_to, &asked->key_to, &asked->to);
    struct hsm_side side = direct_side(&asked->from);
    asked->text = kind == ASK_TO_RSA ? whole_blocks : any_length;
    asked->ciphertext = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct view text = view_of((const uint8_t *)asked->text, strlen(asked->text));
    assert_hsm(HSM_OK, hsm_rewrap_encrypt(fixture->rewrap, &side, text, &asked->ciphertext));
}

static ProtobufCBinaryData bytes_of(const struct buffer *buffer)
{
    return (ProtobufCBinaryData){buffer->len, buffer->data};
}

static void re_encrypt_fill(struct asked *asked, bool check_only)
{
    asked->request.body_case = HSM__REQUEST__BODY_RE_ENCRYPT;
    asked->request.re_encrypt = &asked->body.re_encrypt;
    asked->body.re_encrypt = (Hsm__ReEncrypt)HSM__RE_ENCRYPT__INIT;
    asked->body.re_encrypt.has_ciphertext = true;
    asked->body.re_encrypt.ciphertext = bytes_of(&asked->ciphertext);
    asked->body.re_encrypt.source = &asked->side_from;
    asked->body.re_encrypt.destination = &asked->side_to;
    asked->body.re_encrypt.has_check_only = check_only;
    asked->body.re_encrypt.check_only = check_only;
}

static void encrypt_fill(struct asked *asked)
{
    asked->request.body_case = HSM__REQUEST__BODY_ENCRYPT;
    asked->request.encrypt = &asked->body.encrypt;
    asked->body.encrypt = (Hsm__Encrypt)HSM__ENCRYPT__INIT;
    asked->body.encrypt.has_plaintext = true;
    asked->body.encrypt.plaintext = (ProtobufCBinaryData){strlen(asked->text), (uint8_t *)(uintptr_t)asked->text};
    asked->body.encrypt.destination = &asked->side_to;
}

static void decrypt_fill(struct asked *asked)
{
    asked->request.body_case = HSM__REQUEST__BODY_DECRYPT;
    asked->request.decrypt = &asked->body.decrypt;
    asked->body.decrypt = (Hsm__Decrypt)HSM__DECRYPT__INIT;
    asked->body.decrypt.has_ciphertext = true;
    asked->body.decrypt.ciphertext = bytes_of(&asked->ciphertext);
    asked->body.decrypt.source = &asked->side_from;
}

static void generate_fill(struct asked *asked, bool with_plaintext)
{
    asked->request.body_case = HSM__REQUEST__BODY_GENERATE_DATA_KEY;
    asked->request.generate_data_key = &asked->body.generate;
    asked->body.generate = (Hsm__GenerateDataKey)HSM__GENERATE_DATA_KEY__INIT;
    asked->body.generate.has_length = true;
    asked->body.generate.length = DATA_KEY_BYTES;
    asked->body.generate.destination = &asked->side_to;
    asked->body.generate.has_with_plaintext = with_plaintext;
    asked->body.generate.with_plaintext = with_plaintext;
}

static void list_fill(struct asked *asked)
{
    asked->request.body_case = HSM__REQUEST__BODY_LIST_OBJECTS;
    asked->request.list_objects = &asked->body.list;
    asked->body.list = (Hsm__ListObjects)HSM__LIST_OBJECTS__INIT;
}

static void make_key_fill(struct asked *asked)
{
    asked->request.body_case = HSM__REQUEST__BODY_MAKE_OPEN_KEY;
    asked->request.make_open_key = &asked->body.make;
    asked->body.make = (Hsm__MakeOpenKey)HSM__MAKE_OPEN_KEY__INIT;
    asked->body.make.has_spec = true;
    asked->body.make.spec = HSM__KEY_SPEC__KEY_SPEC_AES_256;
}

static void random_fill(struct asked *asked)
{
    asked->request.body_case = HSM__REQUEST__BODY_GENERATE_RANDOM;
    asked->request.generate_random = &asked->body.random;
    asked->body.random = (Hsm__GenerateRandom)HSM__GENERATE_RANDOM__INIT;
    asked->body.random.has_length = true;
    asked->body.random.length = DATA_KEY_BYTES;
}

static void public_key_fill(struct asked *asked)
{
    asked->request.body_case = HSM__REQUEST__BODY_GET_PUBLIC_KEY;
    asked->request.get_public_key = &asked->body.public_key;
    asked->body.public_key = (Hsm__GetPublicKey)HSM__GET_PUBLIC_KEY__INIT;
    asked->body.public_key.key = &asked->key_to;
}

static void destroy_fill(struct asked *asked)
{
    asked->request.body_case = HSM__REQUEST__BODY_DESTROY_KEY;
    asked->request.destroy_key = &asked->body.destroy;
    asked->body.destroy = (Hsm__DestroyKey)HSM__DESTROY_KEY__INIT;
    asked->body.destroy.key = &asked->key_to;
}

void ask_fill(struct world *world, enum ask_kind kind, struct asked *asked)
{
    static uint64_t id = 1000;
    *asked = (struct asked){.request = HSM__REQUEST__INIT};
    asked->request.has_id = true;
    asked->request.id = ++id;
    keys_choose(world, kind, asked);
    switch (kind) {
    case ASK_RE_ENCRYPT:
    case ASK_RE_ENCRYPT_SEALED:
    case ASK_FROM_RSA:
    case ASK_TO_RSA:
    case ASK_CHECK_ONLY:
        re_encrypt_fill(asked, kind == ASK_CHECK_ONLY);
        break;
    case ASK_ENCRYPT:
        encrypt_fill(asked);
        break;
    case ASK_DECRYPT:
        decrypt_fill(asked);
        break;
    case ASK_GENERATE:
    case ASK_GENERATE_PLAIN:
        generate_fill(asked, kind == ASK_GENERATE_PLAIN);
        break;
    case ASK_LIST:
        list_fill(asked);
        break;
    case ASK_MAKE_KEY:
        make_key_fill(asked);
        break;
    case ASK_RANDOM:
        random_fill(asked);
        break;
    case ASK_PUBLIC_KEY:
        public_key_fill(asked);
        break;
    case ASK_DESTROY_KEY:
        destroy_fill(asked);
        break;
    case ASK_KINDS:
        fail();
    }
}

/* The ciphertext under the destination opens, on the token itself, to len bytes; to the plaintext when there is one. */
static void ciphertext_check(struct world *world, const struct asked *asked, ProtobufCBinaryData ciphertext, size_t len,
                             const char *plaintext)
{
    struct hsm_side side = direct_side(&asked->to);
    struct view blob = view_of(ciphertext.data, ciphertext.len);
    if (asked->to.boundary == HSM_SEALED) {
        struct buffer unused = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
        assert_hsm(HSM_OK, hsm_rewrap_re_encrypt(world->fixture->rewrap, &side, &side, blob, true, &unused));
        buffer_clear(&unused);
        return;
    }
    struct buffer plain = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    assert_hsm(HSM_OK, hsm_rewrap_decrypt(world->fixture->rewrap, &side, blob, false, &plain));
    assert_int_equal(plain.len, len);
    if (plaintext != NULL) {
        assert_memory_equal(plain.data, plaintext, len);
    }
    buffer_clear(&plain);
}

/* The same call on the token itself finds nothing to do. */
static void key_check_gone(struct world *world, const struct asked *asked)
{
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    struct hsm_side side = direct_side(&asked->to);
    assert_hsm(HSM_OK, hsm_rewrap_refresh(world->fixture->rewrap));
    assert_hsm(HSM_KEY_NOT_FOUND,
               hsm_rewrap_encrypt(world->fixture->rewrap, &side, view_of((const uint8_t *)"x", 1), &out));
    buffer_clear(&out);
}

static void answer_check(struct world *world, enum ask_kind kind, const struct asked *asked,
                         const Hsm__Response *response)
{
    switch (kind) {
    case ASK_RE_ENCRYPT:
    case ASK_RE_ENCRYPT_SEALED:
    case ASK_ENCRYPT:
    case ASK_FROM_RSA:
    case ASK_TO_RSA:
        ciphertext_check(world, asked, response->ciphertext, strlen(asked->text), asked->text);
        break;
    case ASK_GENERATE:
        ciphertext_check(world, asked, response->ciphertext, DATA_KEY_BYTES, NULL);
        break;
    case ASK_DECRYPT:
        assert_int_equal(response->plaintext.len, strlen(asked->text));
        assert_memory_equal(response->plaintext.data, asked->text, strlen(asked->text));
        break;
    case ASK_GENERATE_PLAIN:
        assert_int_equal(response->plaintext.len, DATA_KEY_BYTES);
        ciphertext_check(world, asked, response->ciphertext, DATA_KEY_BYTES, (const char *)response->plaintext.data);
        break;
    case ASK_RANDOM:
        assert_int_equal(response->plaintext.len, DATA_KEY_BYTES);
        break;
    case ASK_PUBLIC_KEY:
        assert_true(response->public_key.len > 256); /* it has the modulus */
        break;
    case ASK_DESTROY_KEY:
        key_check_gone(world, asked);
        break;
    case ASK_CHECK_ONLY:
        assert_false(response->has_ciphertext);
        break;
    case ASK_LIST:
        assert_true(response->n_objects >= FIXTURE_SEALED + 2);
        break;
    case ASK_MAKE_KEY:
        assert_int_equal(response->material_id.len, ENVELOPE_MATERIAL_ID_BYTES);
        break;
    case ASK_KINDS:
        fail();
    }
}

void ask_clear(struct asked *asked)
{
    buffer_clear(&asked->ciphertext);
}

Hsm__Response *ask(struct world *world, enum ask_kind kind)
{
    struct asked asked;
    ask_fill(world, kind, &asked);
    Hsm__Response *response = worker_client_ask(&world->client, &asked.request);
    if (response->status == HSM__STATUS__STATUS_OK) {
        answer_check(world, kind, &asked, response);
    } else {
        assert_false(response->has_ciphertext || response->has_plaintext || response->has_material_id);
        assert_int_equal(response->n_objects, 0);
        assert_non_null(response->detail);
    }
    ask_clear(&asked);
    return response;
}

void ask_well(struct world *world, enum ask_kind kind)
{
    Hsm__Response *response = ask(world, kind);
    if (response->status != HSM__STATUS__STATUS_OK) {
        fail_msg("%s: %s", ask_names[kind], response->detail);
    }
    proto_free(&response->base);
}
