/*
 * choice MODULE TOKEN-URI USER-PIN-FILE make|attack (choice.h). make puts an open AES key and an open RSA_2048 pair on
 * the token, as a worker does. attack says a line for each attack, as attack.c does, and exits 1 when one is let
 * through or when a control does not succeed, 2 when the test cannot be held. Of what it plants some cannot be
 * destroyed: the token is of no use afterwards.
 */
#include "choice.h"

#include "base/secbuf.h"
#include "base/uuid.h"
#include "envelope/header.h"
#include "p11/p11_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OBJECTS  1000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char payload[] = "attack at dawn, not before that";

struct bench {
    struct hsm_token *token;
    struct hsm_profile profile;
    struct hsm_rewrap *rewrap; /* as new, with what lies on the token now */
    struct hsm_key sealed_aes;
    struct hsm_key other_aes; /* sealed too */
    struct hsm_key sealed_rsa;
    struct hsm_key open_aes;
    struct hsm_key open_rsa;
    size_t refused;
    size_t controls;
    size_t wrong;
};

static void must(struct hsm_result result, const char *what)
{
    if (result.code != HSM_OK) {
        fprintf(stderr, "choice: %s: %s, %s: the test cannot go on\n", what, hsm_code_text(result.code),
                result.what == NULL ? "" : result.what);
        exit(2);
    }
}

static void open_token(struct bench *bench, char **argv)
{
    const struct hsm_token_config config = {.module = argv[1], .uri = argv[2]};
    struct secbuf *pin = NULL;
    must(hsm_token_open(&config, &bench->token), "the token");
    must(hsm_pin_read(argv[3], &pin), "the PIN");
    must(hsm_token_login(bench->token, HSM_USER, pin), "the login");
    secbuf_free(pin);
    must(hsm_probe(bench->token, &bench->profile), "the probe");
}

/* A worker that starts now. */
static struct hsm_result renew(struct bench *bench)
{
    hsm_rewrap_free(bench->rewrap);
    bench->rewrap = NULL;
    return hsm_rewrap_new(bench->token, &bench->profile, MAX_OBJECTS, NULL, &bench->rewrap);
}

static bool take_key(void *state, const struct hsm_object *object)
{
    struct bench *bench = state;
    const bool is_aes = object->spec == HSM_SPEC_AES_256;
    const bool is_sealed = object->boundary == HSM_SEALED;
    struct hsm_key *key =
        is_sealed ? (is_aes ? &bench->sealed_aes : &bench->sealed_rsa) : (is_aes ? &bench->open_aes : &bench->open_rsa);
    if (is_aes && is_sealed && key->spec != 0) {
        key = &bench->other_aes;
    }
    *key = (struct hsm_key){.spec = object->spec, .boundary = object->boundary};
    memcpy(key->material_id, object->material_id, sizeof key->material_id);
    uuid_random(key->key_id);
    return true;
}

static void find_keys(struct bench *bench)
{
    hsm_rewrap_objects(bench->rewrap, take_key, bench);
    const struct hsm_key *const keys[] = {&bench->sealed_aes, &bench->other_aes, &bench->sealed_rsa, &bench->open_aes,
                                          &bench->open_rsa};
    for (size_t i = 0; i < COUNT(keys); i++) {
        const struct hsm_result missing = {.code = HSM_KEY_NOT_FOUND};
        must(keys[i]->spec != 0 ? HSM_SUCCESS : missing, "the keys of the test");
    }
}

/* ---------------------------------------------------------------- operations */

static struct hsm_side side_of(const struct hsm_key *key)
{
    static const uint8_t no_context[] = {1, 0, 0, 0, 0};
    return (struct hsm_side){.key = *key,
                             .algorithm = key->spec == HSM_SPEC_AES_256 ? HSM_SYMMETRIC_DEFAULT : HSM_RSAES_OAEP_SHA_1,
                             .context = key->spec == HSM_SPEC_AES_256 ? view_of(no_context, sizeof no_context)
                                                                      : (struct view){0}};
}

static struct hsm_result encrypt(struct bench *bench, const struct hsm_key *key, struct buffer *out)
{
    const struct hsm_side side = side_of(key);
    *out = (struct buffer)BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    return hsm_rewrap_encrypt(bench->rewrap, &side, view_of(payload, sizeof payload), out);
}

static struct hsm_result re_encrypt(struct bench *bench, const struct hsm_key *from, const struct hsm_key *to,
                                    const struct buffer *blob)
{
    const struct hsm_side source = side_of(from);
    const struct hsm_side destination = side_of(to);
    struct buffer out = BUFFER_INIT(CIPHERTEXT_MAX_BYTES);
    const struct hsm_result result =
        hsm_rewrap_re_encrypt(bench->rewrap, &source, &destination, buffer_view(blob), false, &out);
    buffer_clear(&out);
    return result;
}

static struct hsm_result decrypt(struct bench *bench, const struct hsm_key *from, const struct buffer *blob)
{
    const struct hsm_side source = side_of(from);
    struct buffer out = BUFFER_INIT(ENVELOPE_PAYLOAD_MAX_BYTES);
    const struct hsm_result result = hsm_rewrap_decrypt(bench->rewrap, &source, buffer_view(blob), false, &out);
    buffer_clear(&out);
    return result;
}

static void say(struct bench *bench, const char *name, bool through, const char *detail)
{
    printf("%-11s choice: %s%s%s\n", through ? "LET THROUGH" : "refused", name, detail == NULL ? "" : ": ",
           detail == NULL ? "" : detail);
    bench->refused += !through;
    bench->wrong += through;
}

static void say_control(struct bench *bench, const char *name, struct hsm_result result)
{
    bench->controls++;
    if (result.code != HSM_OK) {
        printf("NO CONTROL  choice: %s: %s, %s\n", name, hsm_code_text(result.code),
               result.what == NULL ? "" : result.what);
        bench->wrong++;
    }
}

/* ---------------------------------------------------------------- objects beside a key */

static void destroy(struct bench *bench, const struct planted *planted)
{
    for (size_t i = 0; i < planted->n; i++) {
        if (p11_destroy_object(bench->token, planted->objects[i]) != CKR_OK) {
            must((struct hsm_result){.code = HSM_FAULT}, "C_DestroyObject of what was planted");
        }
    }
}

static void put(struct bench *bench, CK_RV (*plant)(struct hsm_token *, const struct hsm_key *, struct planted *),
                const struct hsm_key *beside, struct planted *ret)
{
    *ret = (struct planted){.n = 0};
    if (plant(bench->token, beside, ret) != CKR_OK) {
        must((struct hsm_result){.code = HSM_FAULT}, "planting an object");
    }
}

/*
 * What was made before is read beside the plant, so it is not the plant that unwraps; and what is made beside it is
 * read by the same key, so it is not the plant that wraps.
 */
static void attack_beside(struct bench *bench, const struct plant *plant)
{
    const struct hsm_key *key = plant->spec == HSM_SPEC_AES_256 ? &bench->sealed_aes : &bench->sealed_rsa;
    struct buffer before;
    struct buffer during;
    struct planted planted;
    char name[160];
    must(encrypt(bench, key, &before), "Encrypt without a plant");
    put(bench, plant->put, key, &planted);
    must(renew(bench), "a worker beside a plant");
    struct hsm_result result = encrypt(bench, key, &during);
    if (result.code == HSM_OK) {
        result = re_encrypt(bench, key, &bench->other_aes, &before);
    }
    if (result.code == HSM_OK) {
        result = re_encrypt(bench, key, &bench->other_aes, &during);
    }
    buffer_clear(&before);
    buffer_clear(&during);
    snprintf(name, sizeof name, "%s with the label and id of a sealed key", plant->name);
    say(bench, name, result.code != HSM_OK, result.code == HSM_OK ? NULL : hsm_code_text(result.code));
}

/* Encrypt with what was planted under an id of its own. */
static struct hsm_result use_planted(struct bench *bench, const struct plant *plant, enum hsm_boundary boundary)
{
    const struct hsm_key key = {
        .spec = plant->spec, .boundary = boundary, .material_id = {0xd7, (uint8_t)(plant - plants)}};
    struct planted planted;
    struct buffer out;
    put(bench, plant->put, &key, &planted);
    must(renew(bench), "a worker beside a plant");
    const struct hsm_result result = encrypt(bench, &key, &out);
    buffer_clear(&out);
    if (boundary == HSM_OPEN) {
        destroy(bench, &planted);
    }
    return result;
}

/* It is no sealed key; an open one only if the token has made it. */
static void attack_alone(struct bench *bench, const struct plant *plant)
{
    char name[160];
    struct hsm_result result = use_planted(bench, plant, HSM_SEALED);
    snprintf(name, sizeof name, "%s with the label of a sealed key", plant->name);
    say(bench, name, result.code == HSM_OK, result.what);
    result = use_planted(bench, plant, HSM_OPEN);
    if (plant->has_control) {
        say_control(bench, name, result);
        return;
    }
    snprintf(name, sizeof name, "%s with the label of an open key", plant->name);
    say(bench, name, result.code == HSM_OK, result.what);
}

static void attack_binding_root(struct bench *bench)
{
    struct buffer before;
    struct planted planted;
    must(encrypt(bench, &bench->sealed_aes, &before), "Encrypt");
    put(bench, plant_binding_root, &bench->sealed_aes, &planted);
    must(renew(bench), "a worker beside a binding root");
    const struct hsm_result result = re_encrypt(bench, &bench->sealed_aes, &bench->other_aes, &before);
    buffer_clear(&before);
    say(bench, "a known secret with the label of the binding root", result.code != HSM_OK, NULL);
}

/* ---------------------------------------------------------------- a key of one kind as one of another */

static void attack_claims(struct bench *bench)
{
    const struct {
        const char *name;
        const struct hsm_key *key;
        enum hsm_spec spec;
        enum hsm_boundary boundary;
    } claims[] = {
        {"a sealed AES key as an open one", &bench->sealed_aes, HSM_SPEC_AES_256, HSM_OPEN},
        {"an open AES key as a sealed one", &bench->open_aes, HSM_SPEC_AES_256, HSM_SEALED},
        {"a sealed RSA key as an open one", &bench->sealed_rsa, HSM_SPEC_RSA_2048, HSM_OPEN},
        {"an open RSA key as a sealed one", &bench->open_rsa, HSM_SPEC_RSA_2048, HSM_SEALED},
        {"a sealed RSA key as an AES key", &bench->sealed_rsa, HSM_SPEC_AES_256, HSM_SEALED},
        {"a sealed AES key as an RSA key", &bench->sealed_aes, HSM_SPEC_RSA_2048, HSM_SEALED},
        {"a sealed AES key as an open RSA key", &bench->sealed_aes, HSM_SPEC_RSA_2048, HSM_OPEN},
        {"a sealed RSA key as an open AES key", &bench->sealed_rsa, HSM_SPEC_AES_256, HSM_OPEN},
    };
    for (size_t i = 0; i < COUNT(claims); i++) {
        struct buffer out;
        struct hsm_key claimed = *claims[i].key;
        claimed.spec = claims[i].spec;
        claimed.boundary = claims[i].boundary;
        const struct hsm_result result = encrypt(bench, &claimed, &out);
        buffer_clear(&out);
        say(bench, claims[i].name, result.code == HSM_OK, result.what);
        const struct hsm_result control = encrypt(bench, claims[i].key, &out);
        buffer_clear(&out);
        say_control(bench, claims[i].name, control);
    }
}

/* An open key of the user's, whole, with the id of a sealed one: nothing of the sealed key's comes out by it. */
static void attack_with_open_twin(struct bench *bench)
{
    struct hsm_key twin = bench->sealed_aes; /* the same key id and material id: the header names both */
    twin.boundary = HSM_OPEN;
    struct planted planted;
    struct buffer sealed;
    struct buffer open;
    put(bench, plant_open_key, &bench->sealed_aes, &planted);
    must(renew(bench), "a worker beside an open twin");
    must(encrypt(bench, &bench->sealed_aes, &sealed), "Encrypt beside an open twin");
    struct hsm_result result = decrypt(bench, &twin, &sealed);
    say(bench, "Decrypt of a sealed ciphertext with an open key of the same id", result.code == HSM_OK,
        hsm_code_text(result.code));
    result = re_encrypt(bench, &twin, &bench->open_aes, &sealed);
    say(bench, "ReEncrypt of a sealed ciphertext with an open key of the same id", result.code == HSM_OK,
        hsm_code_text(result.code));
    result = re_encrypt(bench, &bench->sealed_aes, &twin, &sealed);
    say(bench, "ReEncrypt to an open key of the same id", result.code != HSM_NOT_WRAPPABLE, hsm_code_text(result.code));
    result = encrypt(bench, &twin, &open);
    say_control(bench, "Encrypt with an open key of the same id", result);
    say_control(bench, "Decrypt with an open key of the same id", decrypt(bench, &twin, &open));
    say_control(bench, "ReEncrypt with an open key of the same id", re_encrypt(bench, &twin, &bench->open_aes, &open));
    buffer_clear(&sealed);
    buffer_clear(&open);
    destroy(bench, &planted);
    must(renew(bench), "a worker after an open twin");
}

static int attack(struct bench *bench)
{
    find_keys(bench);
    for (size_t i = 0; i < n_plants; i++) {
        attack_beside(bench, &plants[i]);
        attack_alone(bench, &plants[i]);
    }
    attack_binding_root(bench);
    attack_claims(bench);
    attack_with_open_twin(bench);
    printf("%zu attacks on the worker's choice refused, %zu controls; %zu wrong\n", bench->refused, bench->controls,
           bench->wrong);
    return bench->wrong == 0 ? 0 : 1;
}

static int make(struct bench *bench)
{
    uint8_t id[ENVELOPE_MATERIAL_ID_BYTES];
    must(hsm_rewrap_make_open(bench->rewrap, HSM_SPEC_AES_256, id), "an open AES key");
    must(hsm_rewrap_make_open(bench->rewrap, HSM_SPEC_RSA_2048, id), "an open RSA key");
    return 0;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    if (argc != 5 || (strcmp(argv[4], "make") != 0 && strcmp(argv[4], "attack") != 0)) {
        fprintf(stderr, "usage: choice MODULE TOKEN-URI USER-PIN-FILE make|attack\n");
        return 2;
    }
    open_token(&bench, argv);
    must(renew(&bench), "a worker");
    const int status = strcmp(argv[4], "make") == 0 ? make(&bench) : attack(&bench);
    hsm_rewrap_free(bench.rewrap);
    hsm_token_close(bench.token);
    return status;
}
