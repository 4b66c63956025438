/*
 * Attacks on the choice of the worker: objects of an attacker who has the user PIN lie on the token beside the keys of
 * the ceremony, with their labels and ids, and the worker's own library is asked for an operation. The attacker's
 * object must never be the one that is used.
 */
#pragma once

#include "hsm/rewrap.h"
#include "hsm/token.h"
#include "p11/p11.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLANTS_MAX 2

/* What a plant has put on the token. */
struct planted {
    CK_OBJECT_HANDLE objects[PLANTS_MAX];
    size_t n;
};

/* A way to put an object beside a key: of that key's spec and boundary, under that id. With the label of a sealed key
 * it is as indestructible as one, and stays. */
struct plant {
    const char *name;
    enum hsm_spec spec;
    CK_RV (*put)(struct hsm_token *token, const struct hsm_key *beside, struct planted *ret);
    bool has_control; /* as an open key with an id of its own it is a key that the worker uses: it is refused for what
                         it lacks, and for nothing else */
};
extern const struct plant plants[];
extern const size_t n_plants;

/* A generic secret that the attacker knows, with the label of the binding root. */
CK_RV plant_binding_root(struct hsm_token *token, const struct hsm_key *beside, struct planted *ret);
/* An open key as the worker makes them, with an id of the attacker's choice. */
CK_RV plant_open_key(struct hsm_token *token, const struct hsm_key *beside, struct planted *ret);
