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

/* Asks with keys that the worker has no binding key of yet. The answer is freed by the caller (proto_free); one with
 * STATUS_OK was found right. */
Hsm__Response *ask(struct world *world, enum ask_kind kind);

/* Asks and wants STATUS_OK. */
void ask_well(struct world *world, enum ask_kind kind);
