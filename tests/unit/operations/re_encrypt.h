/* Making ReEncrypt requests, for the tests of its results and of its order of checks. */
#pragma once

#include "fixture.h"

#define PAIRS_MAX 4

#define IN_DOUBT_TEXT                                                                                                  \
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are "   \
    "not "                                                                                                             \
    "allowed to access."
#define INCORRECT_TEXT "The key ID in the request does not identify a CMK that can perform this operation."
#define FOREIGN_TEXT(principal, action)                                                                                \
    "User: " principal " is not authorized to perform: " action                                                        \
    " on this resource because the resource does not exist in this Region, no resource-based policies allow access, "  \
    "or "                                                                                                              \
    "a resource-based policy explicitly denies access"
#define DRY_RUN_TEXT "The request would have succeeded, but the DryRun option is set."

/* What a request says; zero members are left out. */
struct wish {
    ProtobufCBinaryData blob;
    const char *source; /* SourceKeyId */
    const char *destination;
    const char *source_context[2 * PAIRS_MAX]; /* key, value, key, value; NULL ends */
    const char *destination_context[2 * PAIRS_MAX];
    int source_algorithm; /* 0: left out */
    int destination_algorithm;
    bool dry_run;
    bool ignore_ciphertext;
};

/* A request with the memory of its maps. Not to be copied. */
struct request {
    Rewrap__ReEncryptRequest message;
    Rewrap__ReEncryptRequest__SourceEncryptionContextEntry source[PAIRS_MAX];
    Rewrap__ReEncryptRequest__SourceEncryptionContextEntry *source_list[PAIRS_MAX];
    Rewrap__ReEncryptRequest__DestinationEncryptionContextEntry destination[PAIRS_MAX];
    Rewrap__ReEncryptRequest__DestinationEncryptionContextEntry *destination_list[PAIRS_MAX];
    Rewrap__DryRunModifierType__Value modifier;
};

static inline void request_make(struct request *out, const struct wish *wish)
{
    Rewrap__ReEncryptRequest *message = &out->message;
    rewrap__re_encrypt_request__init(message);
    message->has_ciphertext_blob = wish->blob.data != NULL;
    message->ciphertext_blob = wish->blob;
    message->source_key_id = (char *)(uintptr_t)wish->source;
    message->destination_key_id = (char *)(uintptr_t)wish->destination;
    size_t n = 0;
    for (; n < PAIRS_MAX && wish->source_context[2 * n] != NULL; n++) {
        rewrap__re_encrypt_request__source_encryption_context_entry__init(&out->source[n]);
        out->source[n].key = (char *)(uintptr_t)wish->source_context[2 * n];
        out->source[n].value = (char *)(uintptr_t)wish->source_context[2 * n + 1];
        out->source_list[n] = &out->source[n];
    }
    message->n_source_encryption_context = n;
    message->source_encryption_context = out->source_list;
    for (n = 0; n < PAIRS_MAX && wish->destination_context[2 * n] != NULL; n++) {
        rewrap__re_encrypt_request__destination_encryption_context_entry__init(&out->destination[n]);
        out->destination[n].key = (char *)(uintptr_t)wish->destination_context[2 * n];
        out->destination[n].value = (char *)(uintptr_t)wish->destination_context[2 * n + 1];
        out->destination_list[n] = &out->destination[n];
    }
    message->n_destination_encryption_context = n;
    message->destination_encryption_context = out->destination_list;
    message->has_source_encryption_algorithm = wish->source_algorithm != 0;
    message->source_encryption_algorithm = (Rewrap__EncryptionAlgorithmSpec__Value)wish->source_algorithm;
    message->has_destination_encryption_algorithm = wish->destination_algorithm != 0;
    message->destination_encryption_algorithm = (Rewrap__EncryptionAlgorithmSpec__Value)wish->destination_algorithm;
    message->has_dry_run = wish->dry_run;
    message->dry_run = wish->dry_run;
    out->modifier = REWRAP__DRY_RUN_MODIFIER_TYPE__VALUE__IGNORE_CIPHERTEXT;
    message->n_dry_run_modifiers = wish->ignore_ciphertext ? 1 : 0;
    message->dry_run_modifiers = &out->modifier;
}

static inline void wish_error(struct fixture *fixture, struct wish wish, const char *code, const char *message)
{
    struct request request;
    request_make(&request, &wish);
    assert_error(fixture, "ReEncrypt", &request.message.base, code, message);
}

static inline const Rewrap__ReEncryptResponse *wish_success(struct fixture *fixture, struct wish wish,
                                                            struct reply *reply)
{
    struct request request;
    request_make(&request, &wish);
    assert_success(fixture, "ReEncrypt", &request.message.base, reply);
    return (const Rewrap__ReEncryptResponse *)reply->body;
}
