/* The errors that operations answer with: one table of their names, and one each for what workers, tokens and the
 * registry say. */
#pragma once

#include "proto/hsm.pb-c.h"
#include "registry/registry.h"
#include "workers/workers.h"

enum operation_code {
    OPERATION_ACCESS_DENIED = 1,
    OPERATION_ALREADY_EXISTS,
    OPERATION_CONFLICT,
    OPERATION_CUSTOM_KEY_STORE_NOT_FOUND,
    OPERATION_DELETE_CONFLICT,
    OPERATION_DEPENDENCY_TIMEOUT,
    OPERATION_DISABLED,
    OPERATION_DRY_RUN,
    OPERATION_ENTITY_ALREADY_EXISTS,
    OPERATION_INCORRECT_KEY,
    OPERATION_INTERNAL,
    OPERATION_INVALID_ALIAS_NAME,
    OPERATION_INVALID_ARN,
    OPERATION_INVALID_CIPHERTEXT,
    OPERATION_INVALID_GRANT_ID,
    OPERATION_INVALID_GRANT_TOKEN,
    OPERATION_INVALID_KEY_USAGE,
    OPERATION_INVALID_MARKER,
    OPERATION_INVALID_STATE,
    OPERATION_KEY_UNAVAILABLE,
    OPERATION_LIMIT_EXCEEDED,
    OPERATION_MALFORMED_POLICY,
    OPERATION_NOT_AUTHORIZED,
    OPERATION_NOT_FOUND,
    OPERATION_NO_SUCH_ENTITY,
    OPERATION_SERIALIZATION,
    OPERATION_TAG,
    OPERATION_THROTTLING,
    OPERATION_TOO_LARGE,
    OPERATION_UNKNOWN_OPERATION,
    OPERATION_UNSUPPORTED,
    OPERATION_VALIDATION,
};

/* "NotFoundException"; static. */
const char *operation_code_name(enum operation_code code);

/* True when the same request may succeed later: KMS.md. */
bool operation_code_retryable(enum operation_code code);

/* What a foreign code becomes for the caller. */
struct operation_failure {
    enum operation_code code;
    const char *text;       /* static; NULL when there is none to give */
    const char *log_reason; /* static; set for what the operator should see, NULL for what is the caller's own doing */
};

struct operation_failure operation_failure_of_workers(enum workers_status status);
struct operation_failure operation_failure_of_token(Hsm__Status status);
struct operation_failure operation_failure_of_registry(enum registry_code code);
