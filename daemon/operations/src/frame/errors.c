/* The tables of errors; see errors.h. */
#include "errors.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *name;
    bool retryable;
} codes[] = {
    [OPERATION_ACCESS_DENIED] = {"AccessDeniedException", false},
    [OPERATION_ALREADY_EXISTS] = {"AlreadyExistsException", false},
    [OPERATION_CONFLICT] = {"ConflictException", false},
    [OPERATION_CUSTOM_KEY_STORE_NOT_FOUND] = {"CustomKeyStoreNotFoundException", false},
    [OPERATION_DELETE_CONFLICT] = {"DeleteConflictException", false},
    [OPERATION_DEPENDENCY_TIMEOUT] = {"DependencyTimeoutException", true},
    [OPERATION_DISABLED] = {"DisabledException", false},
    [OPERATION_DRY_RUN] = {"DryRunOperationException", false},
    [OPERATION_ENTITY_ALREADY_EXISTS] = {"EntityAlreadyExistsException", false},
    [OPERATION_INCORRECT_KEY] = {"IncorrectKeyException", false},
    [OPERATION_INTERNAL] = {"KMSInternalException", true},
    [OPERATION_INVALID_ALIAS_NAME] = {"InvalidAliasNameException", false},
    [OPERATION_INVALID_ARN] = {"InvalidArnException", false},
    [OPERATION_INVALID_CIPHERTEXT] = {"InvalidCiphertextException", false},
    [OPERATION_INVALID_GRANT_ID] = {"InvalidGrantIdException", false},
    [OPERATION_INVALID_GRANT_TOKEN] = {"InvalidGrantTokenException", false},
    [OPERATION_INVALID_KEY_USAGE] = {"InvalidKeyUsageException", false},
    [OPERATION_INVALID_MARKER] = {"InvalidMarkerException", false},
    [OPERATION_INVALID_STATE] = {"KMSInvalidStateException", false},
    [OPERATION_KEY_UNAVAILABLE] = {"KeyUnavailableException", true},
    [OPERATION_LIMIT_EXCEEDED] = {"LimitExceededException", false},
    [OPERATION_MALFORMED_POLICY] = {"MalformedPolicyDocumentException", false},
    [OPERATION_NOT_AUTHORIZED] = {"NotAuthorizedException", false},
    [OPERATION_NOT_FOUND] = {"NotFoundException", false},
    [OPERATION_NO_SUCH_ENTITY] = {"NoSuchEntityException", false},
    [OPERATION_SERIALIZATION] = {"SerializationException", false},
    [OPERATION_TAG] = {"TagException", false},
    [OPERATION_THROTTLING] = {"ThrottlingException", true},
    [OPERATION_TOO_LARGE] = {"RequestEntityTooLargeException", false},
    [OPERATION_UNKNOWN_OPERATION] = {"UnknownOperationException", false},
    [OPERATION_UNSUPPORTED] = {"UnsupportedOperationException", false},
    [OPERATION_VALIDATION] = {"ValidationException", false},
};

const char *operation_code_name(enum operation_code code)
{
    return codes[code].name;
}

bool operation_code_retryable(enum operation_code code)
{
    return codes[code].retryable;
}

/* KMS.md R-10. */
#define THROTTLING_TEXT "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."

static const struct operation_failure of_workers[] = {
    [WORKERS_BUSY] = {OPERATION_THROTTLING, THROTTLING_TEXT, NULL},
    [WORKERS_DOWN] = {OPERATION_KEY_UNAVAILABLE, "The token that holds the key cannot be reached at the moment.", NULL},
    [WORKERS_TIMEOUT] = {OPERATION_DEPENDENCY_TIMEOUT, "The token did not answer in time.", NULL},
    [WORKERS_CRASHED] = {OPERATION_KEY_UNAVAILABLE, "The token that holds the key failed during the request.", NULL},
    [WORKERS_NO_TOKEN] = {OPERATION_KEY_UNAVAILABLE, "The token that holds the key is not in the configuration.",
                          "no [token] section of that name"},
    [WORKERS_NO_MEMORY] = {OPERATION_INTERNAL, "There is no memory for the request.", "no memory"},
};

static const struct operation_failure of_token[] = {
    [HSM__STATUS__STATUS_BAD_REQUEST] = {OPERATION_INTERNAL, NULL, "the worker did not understand the request"},
    [HSM__STATUS__STATUS_INVALID_CIPHERTEXT] = {OPERATION_INVALID_CIPHERTEXT, NULL, NULL}, /* KMS.md R-31: no text */
    [HSM__STATUS__STATUS_KEY_NOT_FOUND] = {OPERATION_KEY_UNAVAILABLE, "The key's material is not on its token.",
                                           "no object with the key's material id is on the token"},
    [HSM__STATUS__STATUS_KEY_REFUSED] = {OPERATION_INVALID_STATE,
                                         "The key's object on the token lacks a protection that its boundary needs. "
                                         "The key is not used.",
                                         "the key's object lacks an attribute that its boundary needs"},
    [HSM__STATUS__STATUS_NOT_WRAPPABLE] = {OPERATION_UNSUPPORTED,
                                           "The token refuses to wrap this data under the destination key.",
                                           "the token refuses to wrap the payload"},
    [HSM__STATUS__STATUS_TOO_LARGE] = {OPERATION_VALIDATION, "The data is longer than the destination key can take.",
                                       NULL},
    [HSM__STATUS__STATUS_UNSUPPORTED] = {OPERATION_UNSUPPORTED, "The token has no mechanism for this.", NULL},
    [HSM__STATUS__STATUS_LENGTH_NOT_KEPT] = {OPERATION_UNSUPPORTED,
                                             "The token cannot keep the length of this data under the destination key.",
                                             NULL},
    [HSM__STATUS__STATUS_TOKEN_UNAVAILABLE] = {OPERATION_KEY_UNAVAILABLE,
                                               "The token that holds the key cannot be reached at the moment.",
                                               "the token is gone"},
    [HSM__STATUS__STATUS_INTERNAL] = {OPERATION_INTERNAL, NULL, "the worker failed"},
};

static const struct operation_failure of_registry[] = {
    [REGISTRY_EXISTS] = {OPERATION_INTERNAL, "The registry already holds that entry.", "the entry is already there"},
    [REGISTRY_NOT_FOUND] = {OPERATION_NOT_FOUND, "The key or alias is not there any more.", NULL},
    [REGISTRY_CONFLICT] = {OPERATION_INTERNAL, "The key is being changed by others at the same time.", NULL},
    [REGISTRY_LIMIT] = {OPERATION_THROTTLING, THROTTLING_TEXT, NULL},
    [REGISTRY_STORE] = {OPERATION_INTERNAL,
                        "The registry could not be written. Look whether the change was made before repeating it.",
                        "the registry could not be written"},
    [REGISTRY_NO_MEMORY] = {OPERATION_INTERNAL, "There is no memory for the request.", "no memory"},
};

static const struct operation_failure unknown = {OPERATION_INTERNAL, NULL, "an answer with an unknown status"};

/* The answers of other processes are not believed to be in the tables. */
static struct operation_failure look_up(const struct operation_failure *table, size_t n, size_t index)
{
    return index < n && table[index].code != 0 ? table[index] : unknown;
}

struct operation_failure operation_failure_of_workers(enum workers_status status)
{
    return look_up(of_workers, COUNT(of_workers), (size_t)status);
}

struct operation_failure operation_failure_of_token(Hsm__Status status)
{
    return look_up(of_token, COUNT(of_token), (size_t)status);
}

struct operation_failure operation_failure_of_registry(enum registry_code code)
{
    return look_up(of_registry, COUNT(of_registry), (size_t)code);
}
