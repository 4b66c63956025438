/* Calling the daemon: one request in JSON, the answer in JSON; and all pages of a list. */
#pragma once

#include "command/fail.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "rewrap/client.h"

#include <stdint.h>

/* More elements than this in all pages together are refused: ten times the most keys an account may have. */
#define CALL_MAX_ELEMENTS 1000000

/* How a list comes in pages: the request has Marker and a limit, the answer a marker and whether there are more. */
struct call_paging {
    const char *limit;
    const char *next_marker;
    const char *truncated;
};

/* That of KMS (KMS.md appendix A) or of IAM; NULL for what has no pages. */
const struct call_paging *call_paging_of(const ProtobufCMethodDescriptor *method);

/*
 * Calls the operation with a request checked by param_check, and waits. The caller owns *ret. When the daemon answers
 * an error, it has been printed to stderr whole, in the words of the AWS CLI (KMS.md R-152): "An error occurred (…)
 * when calling the … operation: …", and for an InvalidCiphertextException without a text a line with what it means. The
 * exit code is then EXIT_CODE_SERVICE, and there is no text.
 */
REWRAP_MUST_USE bool call_once(struct rewrap_client *client, const ProtobufCMethodDescriptor *method,
                               const json_t *request, uint32_t timeout_ms, json_t **ret, struct failure *failure);

/* Calls a method that has pages until the last; *ret has the elements of all in its list and nothing else. `request` is
 * changed. */
REWRAP_MUST_USE bool call_all_pages(struct rewrap_client *client, const ProtobufCMethodDescriptor *method,
                                    json_t *request, uint32_t timeout_ms, json_t **ret, struct failure *failure);
