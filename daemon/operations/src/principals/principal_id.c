/* Random ids and secrets; see principal_id.h. */
#include "principal_id.h"

#include "base/wipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Powers of two, so that a random byte gives every character equally often. */
static const char base32[32 + 1] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base64[64 + 1] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void draw(const char *alphabet, size_t letters, char *out, size_t n)
{
    uint8_t random[ACCESS_KEY_SECRET_BYTES];
    n = n < sizeof random ? n : sizeof random;
    ssize_t got;
    do {
        got = getrandom(random, n, 0); /* so few bytes come whole */
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)n) {
        abort();
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = alphabet[random[i] % letters];
    }
    secret_wipe(random, sizeof random);
}

void operation_random_id(const char *prefix, char *out, size_t size)
{
    size_t len = strlen(prefix);
    memcpy(out, prefix, len);
    draw(base32, sizeof base32 - 1, out + len, size - 1 - len);
    out[size - 1] = '\0';
}

void operation_random_secret(char out[ACCESS_KEY_SECRET_BYTES])
{
    draw(base64, sizeof base64 - 1, out, ACCESS_KEY_SECRET_BYTES - 1);
    out[ACCESS_KEY_SECRET_BYTES - 1] = '\0';
}
