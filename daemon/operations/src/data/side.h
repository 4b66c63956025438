/*
 * One key of a cryptographic operation with all that goes with it: which key, which of its materials, algorithm and
 * context. The checks of KMS.md R-39 steps 5 to 10 are here, once for every operation, in that order.
 */
#pragma once

#include "access/arn_text.h"
#include "access/authorize.h"
#include "frame/operation.h"
#include "token/token.h"

#include "base/buffer.h"

struct operation_side {
    const struct registry_key *key; /* until the event loop turns: not for callbacks */
    Rewrap__EncryptionAlgorithmSpec__Value algorithm;
    struct buffer context;                /* canonical; operation_side_clear frees it */
    bool has_context;                     /* at least one pair */
    const ProtobufCMessage *const *pairs; /* the request's own, for conditions and constraints */
    size_t n_pairs;
    const struct operation_spec *spec; /* of the key; these four are for the answer */
    uint8_t material_id[MATERIAL_ID_BYTES];
    char token[OPERATION_TOKEN_NAME_BYTES];
    char arn[OPERATION_ARN_KEY_BYTES];
};

void operation_side_clear(struct operation_side *side);

/* Puts the key in, with its current material. */
void operation_side_set(const struct operation *operation, struct operation_side *side, const struct registry_key *key);

/* Algorithm and context of a request into side: the first step, before any key is looked for. False when the request
 * was answered. */
REWRAP_MUST_USE bool operation_side_begin(struct operation *operation, struct operation_side *side, bool has_algorithm,
                                          Rewrap__EncryptionAlgorithmSpec__Value algorithm,
                                          const ProtobufCMessage *const *context, size_t n_context);

/* The request's members that a source key is found by. */
struct operation_source {
    struct view ciphertext;
    const char *key_id;      /* NULL: a symmetric ciphertext names its key */
    bool ignores_ciphertext; /* KMS.md R-43: key_id is set then, and the ciphertext is not looked at */
    enum operation_permission permission;
};

/* The key that a ciphertext is under, as its first steps find it. */
struct operation_found {
    const struct registry_key *key; /* until the event loop turns */
    bool has_material;              /* the ciphertext's header was read: it names this material */
    uint8_t material_id[MATERIAL_ID_BYTES];
};

/*
 * Finds that key (steps 5 to 7) and tells the facts of this side. False when the request was answered. Whether the
 * caller may use it is not asked, but where looking for a key of another account asks it.
 */
REWRAP_MUST_USE bool operation_side_find_source(struct operation *operation, const struct operation_source *source,
                                                const struct operation_side *side, struct operation_found *ret);
/* The same of the key to encrypt under. */
REWRAP_MUST_USE bool operation_side_find_destination(struct operation *operation, const char *key_id,
                                                     enum operation_permission permission,
                                                     const struct operation_side *side,
                                                     const struct registry_key **ret_key);

/*
 * Finds, authorises and checks the key that a ciphertext is under (steps 5 to 9). False when the request was answered.
 * Whether the material that the ciphertext names is that key's is left for operation_side_check_material, since to a
 * caller it is a part of decrypting.
 */
REWRAP_MUST_USE bool operation_side_source(struct operation *operation, const struct operation_source *source,
                                           struct operation_side *side);
REWRAP_MUST_USE bool operation_side_check_material(struct operation *operation, const struct operation_side *side);

/* Finds, authorises and checks the key to encrypt under (step 10); its material is the current one. False when the
 * request was answered. */
REWRAP_MUST_USE bool operation_side_destination(struct operation *operation, const char *key_id,
                                                enum operation_permission permission, struct operation_side *side);

/*
 * The members that concern dry runs and grants (step 4): modifiers without DryRun, IGNORE_CIPHERTEXT without a key id,
 * grant tokens, an asymmetric source without a key id. key_id_member is the name for texts, "SourceKeyId".
 */
struct operation_members {
    bool dry_run;
    size_t n_modifiers; /* their only value is IGNORE_CIPHERTEXT */
    char *const *grant_tokens;
    size_t n_grant_tokens;
    bool needs_key_id; /* for an operation on a ciphertext: the algorithm is asymmetric */
    const char *key_id;
    const char *key_id_member;
};
REWRAP_MUST_USE bool operation_check_members(struct operation *operation, const struct operation_members *members);

bool operation_algorithm_is_symmetric(Rewrap__EncryptionAlgorithmSpec__Value algorithm);

/* 64 digits and a NUL. */
#define OPERATION_MATERIAL_TEXT_BYTES (2 * MATERIAL_ID_BYTES + 1)

/* The material id for an answer, written into text; NULL for an asymmetric key, whose answers have none. */
char *operation_side_material(const struct operation_side *side, char text[OPERATION_MATERIAL_TEXT_BYTES]);
