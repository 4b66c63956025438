/* Blobs as JSON strings, in the base64 that the codec reads (KMS.md R-145). */
#pragma once

#include "command/fail.h"

#include "base/view.h"
#include "proto/frame.h"
#include "proto/json.h"

/* No blob that is longer fits a request. */
#define BLOB_MAX_BYTES FRAME_MAX_BYTES

/* A file of base64 text may have line breaks; the codec reads no more than this anyway. */
#define BLOB_TEXT_MAX_BYTES JSON_MAX_BYTES

/* At most BLOB_MAX_BYTES bytes into base64; more are refused. The caller owns *ret. */
REWRAP_MUST_USE bool blob_encode(struct view bytes, json_t **ret, struct failure *failure);

/* Base64, with any white space in it, into one without. The text is not put into the failure. The caller owns *ret. */
REWRAP_MUST_USE bool blob_from_base64(struct view base64, json_t **ret, struct failure *failure);

/* White space in ASCII. */
bool blob_is_space(uint8_t byte);
