/*
 * A worker without a token, for the tests of the supervision: speaks hsm.proto on fd 3, and does at its start, at each
 * request and at its end what a test tells it: by Configure.module (or the file `mode` in the folder named by
 * init_args), and by the text of the request.
 */
#include "fake_worker.h"

#include "proto/frame.h"
#include "proto/message.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "fake worker: %s\n", what);
    _exit(99);
}

static int open_in(const struct fake *fake, const char *name, int flags)
{
    char path[600];
    snprintf(path, sizeof(path), "%s/%s", fake->dir, name);
    return open(path, flags | O_CLOEXEC, 0600);
}

void fake_trace(const struct fake *fake, const char *format, ...)
{
    char line[700];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof(line) - 1, format, arguments);
    va_end(arguments);
    line[len++] = '\n';
    int fd = open_in(fake, "trace", O_WRONLY | O_APPEND | O_CREAT);
    if (fd < 0 || write(fd, line, (size_t)len) != len) {
        die("no trace");
    }
    close(fd);
}

unsigned fake_mode_number(const struct fake *fake, const char *name, unsigned otherwise)
{
    const char *at = strstr(fake->mode, name);
    return at == NULL ? otherwise : (unsigned)strtoul(at + strlen(name), NULL, 10);
}

void fake_gate(const struct fake *fake)
{
    char byte;
    int fd = open_in(fake, "gate", O_RDONLY);
    if (fd < 0) {
        die("no gate");
    }
    while (read(fd, &byte, 1) > 0) {
    }
    close(fd);
}

static void leave_at_end(struct fake *fake)
{
    fake_trace(fake, "end");
    while (strstr(fake->mode, "stubborn") != NULL) {
        pause();
    }
    _exit(0);
}

Hsm__Request *fake_request_read(struct fake *fake)
{
    if (fake->ahead != NULL) {
        Hsm__Request *request = fake->ahead;
        fake->ahead = NULL;
        return request;
    }
    for (;;) {
        struct view message;
        if (frame_next(buffer_view(&fake->in), &message) == FRAME_COMPLETE) {
            ProtobufCMessage *request = NULL;
            if (proto_unpack(&hsm__request__descriptor, message, &request).code != PROTO_OK) {
                die("a request that cannot be read");
            }
            buffer_consume(&fake->in, FRAME_HEADER_BYTES + message.len);
            return (Hsm__Request *)request;
        }
        uint8_t bytes[4096];
        ssize_t n = read(CHANNEL_FD, bytes, sizeof(bytes));
        if (n <= 0) {
            leave_at_end(fake);
        }
        if (!buffer_append(&fake->in, bytes, (size_t)n)) {
            die("no memory");
        }
    }
}

void fake_send_raw(const void *bytes, size_t len)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t n = write(CHANNEL_FD, (const char *)bytes + sent, len - sent);
        if (n <= 0) {
            _exit(98);
        }
        sent += (size_t)n;
    }
}

void fake_send(const Hsm__Response *response)
{
    struct buffer out = BUFFER_INIT(FRAME_HEADER_BYTES + FRAME_MAX_BYTES);
    if (proto_pack_frame(&response->base, &out).code != PROTO_OK) {
        die("an answer that cannot be packed");
    }
    fake_send_raw(out.data, out.len);
    buffer_clear(&out);
}

size_t fake_objects(Hsm__StockEntry ***objects, unsigned first, unsigned count)
{
    enum { MAX = 4096 };
    static Hsm__StockEntry entries[MAX];
    static Hsm__StockEntry *pointers[MAX];
    static uint8_t ids[MAX][32];
    if (count > MAX) {
        die("too many objects");
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned number = first + i;
        memset(ids[i], 0, sizeof(ids[i]));
        memcpy(ids[i], &number, sizeof(number));
        entries[i] = (Hsm__StockEntry)HSM__STOCK_ENTRY__INIT;
        entries[i].has_spec = true;
        entries[i].spec = number % 2 == 0 ? HSM__KEY_SPEC__KEY_SPEC_AES_256 : HSM__KEY_SPEC__KEY_SPEC_RSA_2048;
        entries[i].has_boundary = true;
        entries[i].boundary = HSM__BOUNDARY__BOUNDARY_SEALED;
        entries[i].has_material_id = true;
        entries[i].material_id = (ProtobufCBinaryData){.data = ids[i], .len = sizeof(ids[i])};
        entries[i].refused_for = number % 5 == 4 ? (char *)"CKA_TRUSTED" : NULL;
        pointers[i] = &entries[i];
    }
    *objects = pointers;
    return count;
}

/* ------------------------------------------------------------------------------------------------ the start */

struct hello_mode {
    const char *mode;
    Hsm__HelloStatus status;
    bool ckr;
};

static const struct hello_mode hello_modes[] = {
    {"module-absent", HSM__HELLO_STATUS__HELLO_MODULE, false},
    {"module-fails", HSM__HELLO_STATUS__HELLO_MODULE, true},
    {"token-absent", HSM__HELLO_STATUS__HELLO_TOKEN_ABSENT, false},
    {"pin-unreadable", HSM__HELLO_STATUS__HELLO_PIN_UNREADABLE, false},
    {"pin-wrong", HSM__HELLO_STATUS__HELLO_PIN_WRONG, true},
    {"pin-locked", HSM__HELLO_STATUS__HELLO_PIN_LOCKED, true},
    {"no-ceremony", HSM__HELLO_STATUS__HELLO_NO_CEREMONY, false},
    {"low-level", HSM__HELLO_STATUS__HELLO_LEVEL, false},
    {"token-fault", HSM__HELLO_STATUS__HELLO_TOKEN_FAULT, true},
};

/* A Hello that says why it cannot serve, and leaves. */
static void refuse(Hsm__Response *response, Hsm__Hello *hello, const struct hello_mode *mode)
{
    hello->status = mode->status;
    hello->detail = (char *)"tried in vain\n\x1b[31m";
    hello->has_ckr = mode->ckr;
    hello->ckr = 0xa0;
    fake_send(response);
    _exit(3);
}

/* A Hello that a worker of ours would not send. */
static void hello_bend(const struct fake *fake, Hsm__Response *response, Hsm__Hello *hello)
{
    static Hsm__Algorithm many[17];
    static Hsm__Hello none = HSM__HELLO__INIT;
    if (strstr(fake->mode, "no-level") != NULL) {
        hello->has_level = false;
    } else if (strstr(fake->mode, "sensitive") != NULL) {
        hello->level = HSM__LEVEL__LEVEL_SENSITIVE;
    } else if (strstr(fake->mode, "odd-level") != NULL) {
        hello->level = (Hsm__Level)77;
    } else if (strstr(fake->mode, "no-algorithms") != NULL) {
        hello->n_algorithms = 0;
    } else if (strstr(fake->mode, "many-algorithms") != NULL) {
        for (size_t i = 0; i < 17; i++) {
            many[i] = HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT;
        }
        hello->n_algorithms = 17;
        hello->algorithms = many;
    } else if (strstr(fake->mode, "odd-algorithm") != NULL) {
        hello->algorithms[0] = (Hsm__Algorithm)9;
    } else if (strstr(fake->mode, "empty-hello") != NULL) {
        response->hello = &none;
    } else if (strstr(fake->mode, "no-hello") != NULL) {
        response->hello = NULL;
    } else if (strstr(fake->mode, "odd-hello-id") != NULL) {
        response->id++;
    } else if (strstr(fake->mode, "odd-object-spec") != NULL) {
        hello->objects[0]->spec = (Hsm__KeySpec)0;
    } else if (strstr(fake->mode, "odd-object-boundary") != NULL) {
        hello->objects[0]->boundary = (Hsm__Boundary)3;
    } else if (strstr(fake->mode, "short-object-id") != NULL) {
        hello->objects[0]->material_id.len = 31;
    } else if (strstr(fake->mode, "hello-twice") != NULL) {
        response->has_more = response->more = true;
        fake_send(response);
        response->has_more = false;
    }
}

/* The objects that did not fit into the Hello. */
static void send_rest(const struct fake *fake, uint64_t id, unsigned parts, unsigned per_part)
{
    for (unsigned part = 1; part < parts; part++) {
        Hsm__Response response = HSM__RESPONSE__INIT;
        response.has_id = response.has_status = true;
        response.id = id;
        response.n_objects = fake_objects(&response.objects, part * per_part, per_part);
        response.has_more = response.more = part + 1 < parts || strstr(fake->mode, "endless") != NULL;
        if (strstr(fake->mode, "rest-fails") != NULL) {
            response.status = HSM__STATUS__STATUS_INTERNAL;
            response.n_objects = 0;
        }
        if (strstr(fake->mode, "slow-hello") != NULL) {
            fake_gate(fake);
        }
        fake_send(&response);
    }
}

static void say_hello(struct fake *fake, uint64_t id)
{
    Hsm__Algorithm algorithms[] = {HSM__ALGORITHM__ALGORITHM_SYMMETRIC_DEFAULT};
    Hsm__Hello hello = HSM__HELLO__INIT;
    Hsm__Response response = HSM__RESPONSE__INIT;
    response.has_id = response.has_status = true;
    response.id = id;
    response.hello = &hello;
    hello.has_status = true;
    for (size_t i = 0; i < sizeof(hello_modes) / sizeof(hello_modes[0]); i++) {
        if (strstr(fake->mode, hello_modes[i].mode) != NULL) {
            refuse(&response, &hello, &hello_modes[i]);
        }
    }
    unsigned parts = fake_mode_number(fake, "hello-parts=", 1);
    unsigned per_part = fake_mode_number(fake, "objects=", 2);
    hello.token_label = (char *)"a label\x07";
    hello.token_serial = strstr(fake->mode, "other-serial") != NULL ? (char *)"0002" : (char *)"0001";
    hello.token_model = (char *)"a model";
    hello.level_reason = strstr(fake->mode, "sensitive") != NULL ? (char *)"CKA_WRAP_WITH_TRUSTED\n" : NULL;
    hello.has_level = true;
    hello.level = HSM__LEVEL__LEVEL_SEALED;
    hello.has_pads_payloads = hello.pads_payloads = true;
    hello.has_payload_max = true;
    hello.payload_max = 256;
    hello.n_algorithms = 1;
    hello.algorithms = algorithms;
    hello.n_objects = fake_objects(&hello.objects, 0, per_part);
    response.has_more = response.more = parts > 1;
    hello_bend(fake, &response, &hello);
    fake_send(&response);
    send_rest(fake, id, parts, per_part);
}

static void mode_read(struct fake *fake, const Hsm__Configure *configure)
{
    snprintf(fake->dir, sizeof(fake->dir), "%s", configure->init_args);
    snprintf(fake->mode, sizeof(fake->mode), "%s", configure->module);
    int fd = open_in(fake, "mode", O_RDONLY);
    if (fd >= 0) {
        ssize_t n = read(fd, fake->mode, sizeof(fake->mode) - 1);
        fake->mode[n < 0 ? 0 : n] = '\0';
        close(fd);
    }
}

static void start(struct fake *fake, const Hsm__Request *request)
{
    if (request->body_case != HSM__REQUEST__BODY_CONFIGURE) {
        die("no Configure first");
    }
    const Hsm__Configure *configure = request->configure;
    mode_read(fake, configure);
    fake_trace(fake, "start %s %s %s %u %u", configure->module, configure->token_uri, configure->pin_file,
               (unsigned)configure->require, configure->max_objects);
    if (configure->turn_folder != NULL) {
        fake_trace(fake, "turns in %s", configure->turn_folder);
    }
    if (configure->has_binding_check) {
        fake_trace(fake, "binding check of %zu bytes, the last is %u", configure->binding_check.len,
                   configure->binding_check.data[configure->binding_check.len - 1]);
    }
    if (strstr(fake->mode, "exits") != NULL) {
        _exit(5);
    }
    if (strstr(fake->mode, "garbage") != NULL) {
        fake_send_raw("\0\0\0\3abc", 7);
    }
    while (strstr(fake->mode, "silent") != NULL) {
        pause();
    }
    if (strstr(fake->mode, "gated") != NULL) {
        fake_gate(fake);
    }
    say_hello(fake, request->id);
    fake_trace(fake, "ready");
}

int main(void)
{
    static struct fake fake = {.in = {.max = FRAME_HEADER_BYTES + FRAME_MAX_BYTES + 4096}, .held = {.max = 65536}};
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    Hsm__Request *request = fake_request_read(&fake);
    start(&fake, request);
    for (;;) {
        proto_free(&request->base);
        request = fake_request_read(&fake);
        fake_serve(&fake, request);
    }
}
