/* Calling the daemon: one request in JSON, the answer in JSON; and all pages of a list. */
#pragma once

#include "fail.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "rewrap/client.h"

#include <stdint.h>

/* More elements than this in all pages together are refused: ten times the most keys an account may have. */
#define CALL_MAX_ELEMENTS 1000000

/* A list that comes in pages: the request has marker and limit, the answer next_marker and truncated (KMS.md appendix
 * A). */
bool call_is_paged(const ProtobufCMethodDescriptor *method);

/*
 * Calls the operation with a request checked by param_check, and waits. The caller owns *ret. When the daemon answers
 * an error, it has been printed to stderr whole, in the words of the AWS CLI (KMS.md R-152): "An error occurred (…)
 * when calling the … operation: …", and for an InvalidCiphertextException without a text a line with what it means. The
 * exit code is then EXIT_CODE_SERVICE, and there is no text.
 */
REWRAP_MUST_USE bool call_once(struct rewrap_client *client, const ProtobufCMethodDescriptor *method,
                               const json_t *request, uint32_t timeout_ms, json_t **ret, struct failure *failure);

/* Calls until the last page; *ret has the elements of all in its list and nothing else. `request` is changed. */
REWRAP_MUST_USE bool call_all_pages(struct rewrap_client *client, const ProtobufCMethodDescriptor *method,
                                    json_t *request, uint32_t timeout_ms, json_t **ret, struct failure *failure);
