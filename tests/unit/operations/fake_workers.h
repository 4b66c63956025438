/*
 * Tokens that do what a test says, behind the interface of module workers. They make and open ciphertexts of the real
 * layout, with a checksum in place of the cipher: another context, another key or a changed byte is
 * STATUS_INVALID_CIPHERTEXT, as on a token. Those of RSA keys have the length of the modulus, and fake_rsa_encrypt
 * makes them as anybody with the public key can.
 */
#pragma once

#include "workers/workers.h"

#define FAKE_MAX_STOCK     64
#define FAKE_RSA_MAX_BYTES 512

struct fake_spare {
    uint8_t material_id[32];
    Hsm__KeySpec spec;
    bool hidden; /* until the next ListObjects: what a ceremony has added meanwhile */
};

/* Another object on it than a spare: for those who look at all of them. */
struct fake_object {
    uint8_t material_id[32];
    Hsm__KeySpec spec;
    Hsm__Boundary boundary;
    const char *refused_for; /* NULL: usable */
};

struct fake_token {
    const char *name;
    Hsm__Level level;
    const char *model;
    bool pads_payloads;           /* does not keep lengths on the way from a symmetric key to an RSA one */
    uint32_t payload_max_bytes;   /* what it says of itself; it does not act so */
    Hsm__Algorithm algorithms[4]; /* all at first */
    size_t n_algorithms;
    bool keeps_keys; /* leaves it to the custodian to destroy one */
    bool is_down;    /* no worker of it is ready */
    unsigned destroyed;
    uint8_t last_destroyed[32];
    struct fake_spare stock[FAKE_MAX_STOCK];
    size_t n_stock;
    struct fake_object objects[FAKE_MAX_STOCK];
    size_t n_objects;
    const char *level_reason;
    const char *last_failure;
    bool stopped_by_pin;
    bool starting;
};

/* No token at all until a test adds some. The caller frees with fake_workers_free, which drops jobs without a call. */
struct workers *fake_workers_new(void);
void fake_workers_free(struct workers *workers);

/* The token stays the fake's; its fields may be changed at any time. */
struct fake_token *fake_workers_add_token(struct workers *workers, const char *name);

/* A spare sealed key; the number makes its material id. The first is for SYMMETRIC_DEFAULT keys. */
void fake_token_add_spare(struct fake_token *token, unsigned number, bool hidden);
void fake_token_add_spare_of(struct fake_token *token, Hsm__KeySpec spec, unsigned number, bool hidden);

/* A ciphertext of that pair; how long it is, 0 for a payload that is too long. */
size_t fake_rsa_encrypt(Hsm__KeySpec spec, Hsm__Algorithm algorithm, const uint8_t *material_id, const uint8_t *payload,
                        size_t len, uint8_t out[FAKE_RSA_MAX_BYTES]);

/* How the next job ends, in place of what the token would say: a status of the workers, or one of the worker. */
void fake_workers_next_status(struct workers *workers, enum workers_status status);
void fake_workers_next_answer(struct workers *workers, Hsm__Status status);
/* The next job is STATUS_OK without any output, or without a status at all. */
void fake_workers_next_empty(struct workers *workers, bool with_status);

/* The next open key gets the material id of the last one: a token that is broken. */
void fake_workers_make_again(struct workers *workers);

/* Ends the jobs that wait, first in, first out, those submitted meanwhile too. How many. */
size_t fake_workers_run(struct workers *workers);

/* What was submitted, since birth: how many jobs, of which kind the last one was, for which token, how long it might
 * take. */
size_t fake_workers_submitted(const struct workers *workers);
size_t fake_workers_waiting(const struct workers *workers);
size_t fake_workers_lists(const struct workers *workers);
Hsm__Request__BodyCase fake_workers_last_kind(const struct workers *workers);
const char *fake_workers_last_token(const struct workers *workers);
unsigned fake_workers_last_timeout_ms(const struct workers *workers);
bool fake_workers_last_check_only(const struct workers *workers);
/* What the last request asked for, of MakeOpenKey. */
Hsm__KeySpec fake_workers_last_made(const struct workers *workers);
