/*
 * The bare loop that rewrapd is measured against: C_UnwrapKey, C_WrapKey, C_DestroyObject on one session, under two
 * sealed keys of the token's stock and with the template that rewrapd gives a payload. Nothing else: no envelope, no
 * queue, no socket.
 */
#include "objects/attributes.h"
#include "objects/objects.h"
#include "samples.h"

#include "base/secbuf.h"
#include "hsm/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define LABEL             "rewrapd:kek:SYMMETRIC_DEFAULT"
#define MAX_PAYLOAD_BYTES 4096
#define MAX_INNER_BYTES   (MAX_PAYLOAD_BYTES + 8) /* RFC 5649 */
#define MAX_STOCK         10000

struct bare {
    struct hsm_token *token;
    CK_OBJECT_HANDLE source;
    CK_OBJECT_HANDLE destination;
    CK_MECHANISM mechanism; /* the one that the keys allow */
    CK_ATTRIBUTE template[ATTRIBUTES_UNWRAP_MAX];
    CK_ULONG n_template;
    CK_BYTE wrapped[MAX_INNER_BYTES];
    CK_ULONG wrapped_len;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_bare: %s: %s\n", what, why);
    exit(1);
}

static void check(const char *what, struct hsm_result result)
{
    if (result.code != HSM_OK) {
        die(what, hsm_code_text(result.code));
    }
}

static void check_rv(const char *what, CK_RV rv)
{
    if (rv != CKR_OK) {
        die(what, hsm_rv_name(rv));
    }
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL || *value == '\0') {
        die(name, "not set (packaging/instance env)");
    }
    return value;
}

static void open_token(struct bare *bare)
{
    const struct hsm_token_config config = {.module = variable("REWRAP_MODULE"), .uri = variable("REWRAP_TOKEN_URI")};
    struct secbuf *pin = NULL;
    check("PIN", hsm_pin_read(variable("REWRAP_PIN_FILE"), &pin));
    check("token", hsm_token_open(&config, &bare->token));
    check("login", hsm_token_login(bare->token, HSM_USER, pin));
    secbuf_free(pin);
}

static void find_keys(struct bare *bare)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_BBOOL on_token = CK_TRUE;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class},
                             {CKA_TOKEN, &on_token, sizeof on_token},
                             {CKA_LABEL, (void *)(uintptr_t)LABEL, strlen(LABEL)}};
    struct object_list stock = {0};
    check("C_FindObjects", objects_find(bare->token, wanted, sizeof wanted / sizeof wanted[0], MAX_STOCK, &stock));
    if (stock.count < 2) {
        die(LABEL, "the token has no two of them: rewrapctl ceremony add");
    }
    bare->source = stock.handles[0];
    bare->destination = stock.handles[1];
    object_list_clear(&stock);

    CK_ATTRIBUTE allowed = {CKA_ALLOWED_MECHANISMS, &bare->mechanism.mechanism, sizeof bare->mechanism.mechanism};
    check_rv("CKA_ALLOWED_MECHANISMS",
             bare->token->functions->C_GetAttributeValue(bare->token->session, bare->source, &allowed, 1));
    bare->n_template = attributes_unwrap(HSM_LEVEL_SEALED, HSM_SEALED, true, bare->template, ATTRIBUTES_UNWRAP_MAX);
}

/* A random payload under the source key. */
static void make_wrapped(struct bare *bare, CK_ULONG size)
{
    CK_FUNCTION_LIST *functions = bare->token->functions;
    CK_SESSION_HANDLE session = bare->token->session;
    static CK_BYTE payload[MAX_PAYLOAD_BYTES];
    CK_ATTRIBUTE template[ATTRIBUTES_UNWRAP_MAX];
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    if (getrandom(payload, size, 0) != (ssize_t)size) {
        die("payload", "no random bytes");
    }
    const CK_ATTRIBUTE value = {CKA_VALUE, payload, size};
    CK_ULONG n = attributes_payload(HSM_LEVEL_SEALED, HSM_SEALED, true, &value, 1, template, ATTRIBUTES_UNWRAP_MAX);
    check_rv("C_CreateObject", functions->C_CreateObject(session, template, n, &object));
    bare->wrapped_len = sizeof bare->wrapped;
    check_rv("C_WrapKey",
             functions->C_WrapKey(session, &bare->mechanism, bare->source, object, bare->wrapped, &bare->wrapped_len));
    check_rv("C_DestroyObject", functions->C_DestroyObject(session, object));
}

static void turn(struct bare *bare)
{
    CK_FUNCTION_LIST *functions = bare->token->functions;
    CK_SESSION_HANDLE session = bare->token->session;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_BYTE out[MAX_INNER_BYTES];
    CK_ULONG out_len = sizeof out;
    check_rv("C_UnwrapKey", functions->C_UnwrapKey(session, &bare->mechanism, bare->source, bare->wrapped,
                                                   bare->wrapped_len, bare->template, bare->n_template, &object));
    check_rv("C_WrapKey", functions->C_WrapKey(session, &bare->mechanism, bare->destination, object, out, &out_len));
    check_rv("C_DestroyObject", functions->C_DestroyObject(session, object));
}

/* Turns for that long; the durations of each go into samples. Returns turns a second. */
static double turn_for(struct bare *bare, double seconds, struct samples *samples)
{
    uint64_t start = samples_now_ns();
    uint64_t end = start + (uint64_t)(seconds * 1e9);
    uint64_t now = start;
    uint64_t turns = 0;
    samples->n = 0;
    while (now < end) {
        turn(bare);
        uint64_t after = samples_now_ns();
        samples_add(samples, after - now);
        now = after;
        turns++;
    }
    return (double)turns / ((double)(now - start) / 1e9);
}

int main(int argc, char **argv)
{
    static struct bare bare;
    struct samples samples;
    unsigned long size = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
    double seconds = argc == 3 ? strtod(argv[2], NULL) : 0;
    if (size < 1 || size > MAX_PAYLOAD_BYTES || !(seconds > 0)) {
        die("usage", "bench_bare BYTES SECONDS");
    }
    open_token(&bare);
    find_keys(&bare);
    make_wrapped(&bare, size);
    samples_init(&samples);
    turn_for(&bare, seconds / 10, &samples); /* to warm up */
    const uint64_t cpu_ns = samples_cpu_ns();
    double ops = turn_for(&bare, seconds, &samples);
    const double cpu_us = (double)(samples_cpu_ns() - cpu_ns) / (double)samples.n / 1000;
    printf("{\"size\": %lu, \"ops\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"cpu_us\": %.1f}\n", size, ops,
           samples_percentile_us(&samples, 0.5), samples_percentile_us(&samples, 0.99), cpu_us);
    samples_clear(&samples);
    hsm_token_close(bare.token);
    return 0;
}
