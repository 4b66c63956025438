/*
 * Attacks on the boundary of sealed keys (docs/ceremony.md), made with the user PIN and raw PKCS#11 calls: what
 * somebody could try who has taken over a worker. Each attack is run on a token from the ceremony that holds open keys
 * of the worker beside the sealed ones, where it must be refused, and, where the token would let it through on keys
 * without protection, on such keys too: then it must succeed, so that a refusal means something.
 */
#pragma once

#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOB_MAX_BYTES 1024
#define PAYLOAD_BYTES  32
#define MECHANISMS_MAX 512
#define NAME_MAX_BYTES 160

/* What an attack aims at. Under the same name the protected object, or its unprotected stand-in in the control run. */
enum object {
    OBJECT_PAYLOAD,        /* a generic secret, unwrapped for this attack */
    OBJECT_PAYLOAD_CIPHER, /* the same in the sealed run; an AES key in the control run, where key types matter */
    OBJECT_KEK,
    OBJECT_RSA_PRIVATE,
    OBJECT_RSA_PUBLIC,
    OBJECT_ROOT,
    OBJECT_AUDIT_PRIVATE,
    OBJECT_OPEN_KEK,
    OBJECT_OPEN_RSA_PRIVATE,
    OBJECT_OPEN_RSA_PUBLIC,
    OBJECTS,
};
extern const char *const object_names[OBJECTS];

struct blob {
    CK_BYTE bytes[BLOB_MAX_BYTES];
    CK_ULONG len;
};

struct target {
    bool is_control;
    CK_OBJECT_HANDLE objects[OBJECTS];
    struct blob under_kek; /* the payload, wrapped */
    struct blob under_rsa;
};

/* The open keys that are on the token, in both runs: what they may do is the control of what sealed payloads may not.
 */
struct open_keys {
    CK_OBJECT_HANDLE kek;
    CK_OBJECT_HANDLE rsa_private;
    CK_OBJECT_HANDLE rsa_public;
};

struct world {
    CK_FUNCTION_LIST *p11;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    char pin[256]; /* the user's: all that the attacker has */
    CK_MECHANISM kwp;
    CK_MECHANISM oaep;
    CK_MECHANISM_TYPE mechanisms[MECHANISMS_MAX];
    CK_ULONG n_mechanisms;
    CK_OBJECT_HANDLE own_rsa;         /* kept for the session, as 0 until it is made */
    CK_BYTE plaintext[PAYLOAD_BYTES]; /* of every payload: the attacks that confirm a guess guess it */
};

/* One attempt, as its family describes it. */
struct attempt {
    char name[NAME_MAX_BYTES];
    bool has_control;     /* must succeed on unprotected objects */
    const char *residual; /* why it may succeed: known, and in the threat model; NULL: it may not */
};

/* One whose family is a list: a row each. */
struct named_attack {
    const char *name;
    bool (*run)(struct world *world, const struct target *target);
    bool has_control;
    const char *residual;
};

struct family {
    const char *name;
    /* Either this list, for attempts that have nothing in common but the family … */
    const struct named_attack *named;
    size_t n_named;
    /* … or these. run is true when the token let it through; detail, NAME_MAX_BYTES, may be filled with which of
     * several variants. */
    size_t (*count)(const struct world *world);
    void (*describe)(const struct world *world, size_t i, struct attempt *ret);
    bool (*run)(struct world *world, const struct target *target, size_t i, char *detail);
};

extern const struct family family_read, family_change, family_copy, family_wrap, family_unwrap, family_pair,
    family_pose, family_mixed, family_derive, family_use, family_guess, family_destroy, family_trust, family_login;

/* ---------------------------------------------------------------- the world (world.c) */

/* Ends the process with a message when rv is not CKR_OK: the test itself cannot go on. */
void must(CK_RV rv, const char *what);

/* Loads the module, finds the token by its label, opens a session and logs the user in. */
void world_open(struct world *world, const char *module, const char *token_label, const char *pin_file);
/* Makes a new session with the user logged in: the attack may have ended the last one. */
void world_renew(struct world *world);
void world_close(struct world *world);

/* The objects of the ceremony, and a payload wrapped under them; and the unprotected ones, made by the user. */
void target_find_sealed(struct world *world, struct target *ret);
void target_make_control(struct world *world, struct target *ret);
/* An object on the token by its label. */
CK_OBJECT_HANDLE find_key(struct world *world, const char *label, CK_OBJECT_CLASS class);
/* The open keys of the worker. */
struct open_keys find_open(struct world *world);
/* A new payload, whatever became of the last one. */
void target_fresh_payload(struct world *world, struct target *target);

/* The template of a sealed payload; CKA_MODIFIABLE is last. Returns its length. out has PAYLOAD_TEMPLATE_MAX. */
#define PAYLOAD_TEMPLATE_MAX 24
size_t payload_template(CK_ATTRIBUTE *out);
/* The same of an open payload: CKA_WRAP_WITH_TRUSTED is left out. */
size_t open_payload_template(CK_ATTRIBUTE *out);
/* Gives the attribute of that type another value. */
void template_set(CK_ATTRIBUTE *template, size_t n, const CK_ATTRIBUTE *attribute);

/* A mechanism with a parameter that it takes, so that it is not refused for that. Static memory, valid until the next
 * call. */
CK_MECHANISM with_parameter(CK_MECHANISM_TYPE type);
const char *mechanism_name(CK_MECHANISM_TYPE type);
const char *attribute_name(CK_ATTRIBUTE_TYPE type);

/* Keys of the attacker's own: session objects without protection. */
CK_OBJECT_HANDLE own_aes(struct world *world);          /* generated */
CK_OBJECT_HANDLE own_known_aes(struct world *world);    /* imported: he knows its value */
CK_OBJECT_HANDLE own_rsa(struct world *world);          /* the public half; kept, since it takes long to make */
CK_OBJECT_HANDLE own_imported_rsa(struct world *world); /* the public half, as an object of its own */
CK_OBJECT_HANDLE own_secret(struct world *world);       /* generic secret */
void own_pair(struct world *world, CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private);
void discard(struct world *world, CK_OBJECT_HANDLE object);

/* ---------------------------------------------------------------- around an RSA pair (attack_pair.c) */

/* A public key of the attacker's with the pair's numbers, label and id; CK_INVALID_HANDLE unless *ret_rv is CKR_OK. */
CK_OBJECT_HANDLE public_copy(struct world *world, const struct target *target, CK_BBOOL is_trusted, CK_RV *ret_rv);
/* What somebody outside makes with the public half. */
struct blob encrypted(struct world *world, const struct target *target, CK_MECHANISM_TYPE type, const CK_BYTE *data,
                      CK_ULONG len);
/* True when the private half unwraps it; what comes of it is destroyed. */
bool unwraps(struct world *world, const struct target *target, CK_MECHANISM *mechanism, const struct blob *blob,
             const CK_ATTRIBUTE *template, size_t n);

extern CK_BBOOL yes, no;
#define FLAG(type, value)                                                                                              \
    {                                                                                                                  \
        type, &(value), sizeof(value)                                                                                  \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
