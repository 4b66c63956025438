/* What the fake worker does with a request: the text of an Encrypt or Decrypt says it. */
#include "fake_worker.h"

#include "proto/message.h"
#include "proto/progress.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static Hsm__Response answer_of(const Hsm__Request *request, const char *text)
{
    Hsm__Response response = HSM__RESPONSE__INIT;
    response.has_id = response.has_status = true;
    response.id = request->id;
    ProtobufCBinaryData data = {.data = (uint8_t *)text, .len = strlen(text)};
    if (request->body_case == HSM__REQUEST__BODY_DECRYPT) {
        response.has_plaintext = true;
        response.plaintext = data;
    } else {
        response.has_ciphertext = true;
        response.ciphertext = data;
    }
    return response;
}

/* What a child of ours should find of us: nothing. */
static void inspect(char *out, size_t size)
{
    unsigned fds = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir != NULL && readdir(dir) != NULL) {
        fds++;
    }
    closedir(dir);
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    struct sigaction action;
    sigaction(SIGPIPE, NULL, &action);
    char input[64] = "";
    ssize_t len = readlink("/proc/self/fd/0", input, sizeof(input) - 1);
    input[len < 0 ? 0 : len] = '\0';
    snprintf(out, size, "fds %u, stdin %s, SIGUSR1 %s, SIGPIPE %s, NOTIFY_SOCKET %s, FAKE %s, group %s",
             fds - 3 /* ".", ".." and that of the folder itself */, input,
             sigismember(&blocked, SIGUSR1) == 1 ? "blocked" : "open",
             action.sa_handler == SIG_DFL ? "default" : "ignored", getenv("NOTIFY_SOCKET") == NULL ? "unset" : "set",
             getenv("FAKE") == NULL ? "unset" : "set", getpgrp() == getpid() ? "own" : "ours");
}

/* Each of these sends what a worker must not. */
static void lie(struct fake *fake, const Hsm__Request *request, const char *text)
{
    Hsm__Response answer = answer_of(request, text);
    Hsm__Hello hello = HSM__HELLO__INIT;
    uint8_t id[32] = {0};
    if (strcmp(text, "lie wrong id") == 0) {
        answer.id += 1000;
    } else if (strcmp(text, "lie no id") == 0) {
        answer.has_id = false;
    } else if (strcmp(text, "lie no status") == 0) {
        answer.has_status = false;
    } else if (strcmp(text, "lie odd status") == 0) {
        answer.status = (Hsm__Status)99;
    } else if (strcmp(text, "lie no content") == 0) {
        answer.has_ciphertext = false;
    } else if (strcmp(text, "lie empty content") == 0) {
        answer.ciphertext.len = 0;
    } else if (strcmp(text, "lie plaintext") == 0) {
        answer.has_plaintext = true;
        answer.plaintext = answer.ciphertext;
    } else if (strcmp(text, "lie failed with content") == 0) {
        answer.status = HSM__STATUS__STATUS_INTERNAL;
    } else if (strcmp(text, "lie material id") == 0) {
        answer.has_material_id = true;
        answer.material_id = (ProtobufCBinaryData){.data = id, .len = sizeof(id)};
    } else if (strcmp(text, "lie objects") == 0) {
        answer.n_objects = fake_objects(&answer.objects, 0, 1);
    } else if (strcmp(text, "lie more") == 0) {
        answer.has_more = answer.more = true;
    } else if (strcmp(text, "lie public key") == 0) {
        answer.has_public_key = true;
        answer.public_key = answer.ciphertext;
    } else if (strcmp(text, "lie leaving") == 0) {
        answer.has_leaving = true;
        answer.leaving = HSM__HELLO_STATUS__HELLO_PIN_WRONG;
    } else if (strcmp(text, "lie odd leaving") == 0) {
        answer.has_ciphertext = false;
        answer.status = HSM__STATUS__STATUS_TOKEN_UNAVAILABLE;
        answer.has_leaving = true;
        answer.leaving = HSM__HELLO_STATUS__HELLO_LEVEL;
    } else if (strcmp(text, "lie hello") == 0) {
        answer.hello = &hello;
    } else if (strcmp(text, "lie garbage") == 0) {
        fake_send_raw("\0\0\0\4\xff\xff\xff\xff", 8);
    } else if (strcmp(text, "lie oversized") == 0) {
        fake_send_raw("\x7f\xff\xff\xff", 4);
    } else if (strcmp(text, "lie empty frame") == 0) {
        fake_send_raw("\0\0\0\0", 4);
    } else if (strcmp(text, "lie early") == 0) {
        fake_send(&answer);
        answer.id++;
        fake_send(&answer);
        for (;;) { /* reading on would make it true after all */
            pause();
        }
    } else if (strcmp(text, "lie out of order") == 0) {
        fake->ahead = fake_request_read(fake);
        answer.id = fake->ahead->id;
    }
    fake_send(&answer);
}

/* The page that rewrapd shares with us. */
static struct progress *progress_page(void)
{
    static struct progress *page = NULL;
    if (page == NULL) {
        page = mmap(NULL, PROGRESS_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, PROGRESS_FD, 0);
    }
    if (page == MAP_FAILED || ftruncate(PROGRESS_FD, 0) == 0) {
        _exit(95); /* no page, or one that we could take away from under rewrapd */
    }
    return page;
}

/* Which request we are at. */
static void say_progress(uint64_t request_id)
{
    atomic_store(&progress_page()->request_id, request_id);
    atomic_store(&progress_page()->waited_ms, 0);
}

/* True the first time a request of this text comes, over all workers of a test: each leaves a line in the trace. */
static bool is_first(const struct fake *fake, const char *text)
{
    char path[600];
    char wanted[80];
    char line[700];
    unsigned found = 0;
    snprintf(path, sizeof(path), "%s/trace", fake->dir);
    snprintf(wanted, sizeof(wanted), "request %s", text);
    FILE *trace = fopen(path, "re");
    while (trace != NULL && fgets(line, sizeof(line), trace) != NULL) {
        found += strncmp(line, wanted, strlen(wanted)) == 0;
    }
    if (trace != NULL) {
        fclose(trace);
    }
    return found == 1;
}

static void crash(void)
{
    signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would take its time */
    raise(SIGSEGV);
}

static void answer_in_bytes(const Hsm__Response *response)
{
    struct buffer out = BUFFER_INIT(4096);
    if (proto_pack_frame(&response->base, &out).code != PROTO_OK) {
        _exit(97);
    }
    for (size_t i = 0; i < out.len; i++) {
        fake_send_raw(out.data + i, 1);
    }
    buffer_clear(&out);
}

/* The page says what we are at, and answers wait: that of a "late" one goes out with that of the next "slow" one. */
static void answer_slowly(struct fake *fake, const Hsm__Response *answer, bool late)
{
    say_progress(answer->id);
    fake_gate(fake);
    if (proto_pack_frame(&answer->base, &fake->held).code != PROTO_OK) {
        _exit(97);
    }
    if (!late) {
        fake_send_raw(fake->held.data, fake->held.len);
        buffer_reset(&fake->held);
    }
}

/* Says in turn that it is at this one and at the one behind it. */
static void hang_back_and_forth(uint64_t request_id)
{
    for (uint64_t turn = 0;; turn++) {
        say_progress(request_id + turn % 2);
    }
}

static void serve_text(struct fake *fake, const Hsm__Request *request, const char *text)
{
    char inspected[512];
    Hsm__Response answer = answer_of(request, text);
    if (strncmp(text, "lie", 3) == 0) {
        lie(fake, request, text);
        return;
    }
    if (strncmp(text, "hold", 4) == 0 && is_first(fake, text)) {
        return; /* as if the answer was to go out with the next one */
    }
    if (strncmp(text, "late", 4) == 0 || strncmp(text, "slow", 4) == 0) {
        answer_slowly(fake, &answer, text[0] == 'l');
        return;
    }
    if (strcmp(text, "gate after a wait") == 0 || strcmp(text, "hang after a wait") == 0) {
        say_progress(request->id);
        atomic_store(&progress_page()->waited_ms, UINT32_MAX);
    } else if (strcmp(text, "crash named") == 0 || strcmp(text, "hang named") == 0) {
        say_progress(request->id);
    } else if (strcmp(text, "hang back and forth") == 0) {
        hang_back_and_forth(request->id);
    } else if (strcmp(text, "crash misnamed") == 0) {
        say_progress(UINT64_MAX);
    }
    if (strncmp(text, "crash", 5) == 0) {
        crash();
    } else if (strcmp(text, "exit") == 0) {
        _exit(7);
    } else if (strcmp(text, "half") == 0) {
        fake_send_raw("\0\0\0\x20half", 8);
        _exit(8);
    } else if (strcmp(text, "hang up") == 0) {
        close(CHANNEL_FD);
        for (;;) {
            pause();
        }
    } else if (strncmp(text, "unavailable", 11) == 0 || strncmp(text, "leave", 5) == 0) {
        answer = (Hsm__Response)HSM__RESPONSE__INIT;
        answer.has_id = answer.has_status = true;
        answer.id = request->id;
        answer.status = HSM__STATUS__STATUS_TOKEN_UNAVAILABLE;
        answer.detail = (char *)"lost\x1b[1m";
        answer.has_renewed = answer.renewed = strstr(text, "renewed") != NULL;
        answer.has_leaving = text[0] == 'l';
        answer.leaving = strcmp(text, "leave wrong") == 0 ? HSM__HELLO_STATUS__HELLO_PIN_WRONG
                                                          : HSM__HELLO_STATUS__HELLO_PIN_UNREADABLE;
        fake_send(&answer);
        _exit(0);
    } else if (strncmp(text, "gate", 4) == 0) {
        fake_gate(fake);
    } else if (strcmp(text, "inspect") == 0) {
        inspect(inspected, sizeof(inspected));
        answer = answer_of(request, inspected);
    } else if (strcmp(text, "renewed") == 0) {
        answer.has_renewed = answer.renewed = true;
    } else if (strcmp(text, "last words") == 0) {
        fake_send(&answer);
        _exit(6);
    } else if (strcmp(text, "twice") == 0) {
        fake_send(&answer);
    } else if (strcmp(text, "bytes") == 0) {
        answer_in_bytes(&answer);
        return;
    } else if (strcmp(text, "refuse") == 0) {
        answer = (Hsm__Response)HSM__RESPONSE__INIT;
        answer.has_id = answer.has_status = true;
        answer.id = request->id;
        answer.status = HSM__STATUS__STATUS_KEY_NOT_FOUND;
    }
    while (strncmp(text, "hang", 4) == 0) {
        pause();
    }
    fake_send(&answer);
}

static void serve_list(struct fake *fake, const Hsm__Request *request)
{
    static unsigned lists = 0;
    bool breaks = strstr(fake->mode, "list-breaks") != NULL && lists++ == 0;
    unsigned parts = fake_mode_number(fake, "list-parts=", 1);
    unsigned per_part = fake_mode_number(fake, "list=", 10);
    for (unsigned part = 0; part < parts; part++) {
        Hsm__Response response = HSM__RESPONSE__INIT;
        response.has_id = response.has_status = true;
        response.id = request->id;
        response.n_objects = fake_objects(&response.objects, part * per_part, per_part);
        response.has_more = response.more = part + 1 < parts;
        if (breaks && part + 1 == parts) {
            response.status = HSM__STATUS__STATUS_INTERNAL;
            response.n_objects = 0;
        }
        if (strstr(fake->mode, "slow-list") != NULL) {
            fake_gate(fake);
        }
        fake_send(&response);
    }
}

static void serve_make(struct fake *fake, const Hsm__Request *request)
{
    uint8_t id[32] = {0x4d};
    Hsm__Response response = HSM__RESPONSE__INIT;
    response.has_id = response.has_status = true;
    response.id = request->id;
    response.has_material_id = strstr(fake->mode, "no-material") == NULL;
    response.material_id =
        (ProtobufCBinaryData){.data = id, .len = strstr(fake->mode, "short-material") == NULL ? sizeof(id) : 31};
    if (strstr(fake->mode, "slow-make") != NULL) {
        fake_gate(fake);
    }
    fake_send(&response);
}

/* Bytes that did not exist before: one too few or too many when the number asked for says so. */
static void serve_fresh(const Hsm__Request *request, unsigned length)
{
    static uint8_t bytes[2000];
    Hsm__Response response = HSM__RESPONSE__INIT;
    response.has_id = response.has_status = response.has_plaintext = true;
    response.id = request->id;
    response.plaintext = (ProtobufCBinaryData){.data = bytes, .len = length};
    response.plaintext.len += length == 13;
    response.plaintext.len -= length == 14;
    response.has_plaintext = length != 15;
    response.has_ciphertext = request->body_case == HSM__REQUEST__BODY_GENERATE_DATA_KEY;
    response.ciphertext = (ProtobufCBinaryData){.data = bytes, .len = 40};
    fake_send(&response);
}

/* With a public key of as many bytes as the first byte of the material id says, times eight. */
static void serve_public_key(const Hsm__Request *request)
{
    static uint8_t bytes[8 * 255];
    Hsm__Response response = HSM__RESPONSE__INIT;
    response.has_id = response.has_status = response.has_public_key = true;
    response.id = request->id;
    response.public_key =
        (ProtobufCBinaryData){.data = bytes, .len = 8U * request->get_public_key->key->material_id.data[0]};
    fake_send(&response);
}

/* Sealed keys are kept. */
static void serve_destroy(const Hsm__Request *request)
{
    Hsm__Response response = HSM__RESPONSE__INIT;
    response.has_id = response.has_status = true;
    response.id = request->id;
    if (request->destroy_key->key->boundary == HSM__BOUNDARY__BOUNDARY_SEALED) {
        response.status = HSM__STATUS__STATUS_KEY_KEPT;
    }
    fake_send(&response);
}

void fake_serve(struct fake *fake, const Hsm__Request *request)
{
    if (request->body_case == HSM__REQUEST__BODY_GENERATE_RANDOM) {
        serve_fresh(request, request->generate_random->length);
        return;
    }
    if (request->body_case == HSM__REQUEST__BODY_GENERATE_DATA_KEY) {
        serve_fresh(request, request->generate_data_key->length);
        return;
    }
    if (request->body_case == HSM__REQUEST__BODY_GET_PUBLIC_KEY) {
        serve_public_key(request);
        return;
    }
    if (request->body_case == HSM__REQUEST__BODY_DESTROY_KEY) {
        serve_destroy(request);
        return;
    }
    if (request->body_case == HSM__REQUEST__BODY_LIST_OBJECTS) {
        serve_list(fake, request);
        return;
    }
    if (request->body_case == HSM__REQUEST__BODY_MAKE_OPEN_KEY) {
        serve_make(fake, request);
        return;
    }
    bool encrypt = request->body_case == HSM__REQUEST__BODY_ENCRYPT;
    if (!encrypt && request->body_case != HSM__REQUEST__BODY_DECRYPT) {
        _exit(96);
    }
    ProtobufCBinaryData data = encrypt ? request->encrypt->plaintext : request->decrypt->ciphertext;
    char text[64];
    snprintf(text, sizeof(text), "%.*s", (int)(data.len > 40 ? 40 : data.len), (const char *)data.data);
    if (strncmp(text, "quiet", 5) != 0) {
        fake_trace(fake, "request %s", text);
    }
    if (data.len > 40) { /* long ones come back as they are */
        Hsm__Response response = answer_of(request, "");
        response.ciphertext = data;
        fake_send(&response);
        return;
    }
    serve_text(fake, request, text);
}
