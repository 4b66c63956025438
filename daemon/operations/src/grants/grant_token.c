/* Grant tokens; see grant_token.h. */
#include "grant_token.h"

#include "base/hex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define VERSION     1
#define NONCE_BYTES 16
#define CHECK_BYTES 8
#define NONCE_AT    (1 + GRANT_ID_BYTES)
#define CHECK_AT    (NONCE_AT + NONCE_BYTES)

_Static_assert(CHECK_AT + CHECK_BYTES == OPERATION_GRANT_TOKEN_BYTES, "the parts make up a token");

/* No id is better than one that is not random, as for uuid_random. len is at most 256: all or nothing (getrandom(2)).
 */
static void fill_random(uint8_t *out, size_t len)
{
    ssize_t got;
    do {
        got = getrandom(out, len, 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)len) {
        abort();
    }
}

void operation_grant_id_make(uint8_t out[GRANT_ID_BYTES])
{
    fill_random(out, GRANT_ID_BYTES);
}

/* FNV-1a: it finds what was cut or mistyped. Against forging nothing is needed: a token is no right. */
static void check_of(const uint8_t *token, uint8_t out[CHECK_BYTES])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < CHECK_AT; i++) {
        hash = (hash ^ token[i]) * UINT64_C(0x100000001b3);
    }
    for (size_t i = 0; i < CHECK_BYTES; i++) {
        out[i] = (uint8_t)(hash >> (8 * i));
    }
}

void operation_grant_token_make(const uint8_t grant_id[GRANT_ID_BYTES], char out[OPERATION_GRANT_TOKEN_TEXT_BYTES])
{
    uint8_t token[OPERATION_GRANT_TOKEN_BYTES] = {VERSION};
    memcpy(token + 1, grant_id, GRANT_ID_BYTES);
    fill_random(token + NONCE_AT, NONCE_BYTES);
    check_of(token, token + CHECK_AT);
    hex_encode(view_of(token, sizeof token), out);
}

bool operation_grant_token_read(const char *text, uint8_t out[GRANT_ID_BYTES])
{
    uint8_t token[OPERATION_GRANT_TOKEN_BYTES], check[CHECK_BYTES];
    if (!hex_decode(text, token, sizeof token) || token[0] != VERSION) {
        return false;
    }
    check_of(token, check);
    if (!view_equal(view_of(check, sizeof check), view_of(token + CHECK_AT, CHECK_BYTES))) {
        return false;
    }
    memcpy(out, token + 1, GRANT_ID_BYTES);
    return true;
}

void operation_grant_token_refuse(struct operation *operation)
{
    operation_fail(operation, OPERATION_INVALID_GRANT_TOKEN, "The grant token is not valid.");
}

bool operation_grant_tokens_check(struct operation *operation, char *const *tokens, size_t n)
{
    uint8_t grant_id[GRANT_ID_BYTES];
    for (size_t i = 0; i < n; i++) {
        if (!operation_grant_token_read(tokens[i], grant_id)) {
            operation_grant_token_refuse(operation);
            return false;
        }
    }
    return true;
}
