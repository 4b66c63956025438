/* Requests of every kind to the worker, and whether their answers are right: the payload is looked at, not the status
 * alone. */
#pragma once

#include "world.h"

enum ask_kind {
    ASK_RE_ENCRYPT,
    ASK_RE_ENCRYPT_SEALED,
    ASK_CHECK_ONLY,
    ASK_ENCRYPT,
    ASK_DECRYPT,
    ASK_GENERATE,
    ASK_LIST,
    ASK_MAKE_KEY,
    ASK_FROM_RSA, /* ReEncrypt from an RSA key to an AES key */
    ASK_TO_RSA,   /* and back */
    ASK_GENERATE_PLAIN,
    ASK_RANDOM,
    ASK_PUBLIC_KEY,
    ASK_DESTROY_KEY,
    ASK_KINDS
};

extern const char *const ask_names[ASK_KINDS];

/* A request and all that it points to. */
struct asked {
    Hsm__Request request;
    union {
        Hsm__ReEncrypt re_encrypt;
        Hsm__Encrypt encrypt;
        Hsm__Decrypt decrypt;
        Hsm__GenerateDataKey generate;
        Hsm__ListObjects list;
        Hsm__MakeOpenKey make;
        Hsm__GenerateRandom random;
        Hsm__GetPublicKey public_key;
        Hsm__DestroyKey destroy;
    } body;
    const char *text;
    struct hsm_key from;
    struct hsm_key to;
    Hsm__Side side_from;
    Hsm__Side side_to;
    Hsm__Key key_from;
    Hsm__Key key_to;
    struct buffer ciphertext;
};

/* Fills in a request with keys that no worker has a binding key of yet; *asked must stay where it is. */
void ask_fill(struct world *world, enum ask_kind kind, struct asked *asked);
void ask_clear(struct asked *asked);

/* Asks with keys that the worker has no binding key of yet. The answer is freed by the caller (proto_free); one with
 * STATUS_OK was found right. */
Hsm__Response *ask(struct world *world, enum ask_kind kind);

/* Asks and wants STATUS_OK. */
void ask_well(struct world *world, enum ask_kind kind);
