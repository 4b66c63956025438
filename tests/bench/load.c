/*
 * A closed loop of ReEncrypt through librewrap: N requests in flight on each of C connections, the next one sent when
 * an answer comes. Prints one JSON object: answers a second, percentiles of the time from send to answer, and how many
 * requests there were in all and how many answers were errors.
 */
#include "samples.h"

#include "base/buffer.h"
#include "proto/message.h"
#include "rewrap/client.h"

#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MAX_CONNECTIONS   64
#define MAX_IN_FLIGHT     1024
#define MAX_PAYLOAD_BYTES 4096
#define WAIT_MS           20000
#define WINDOW            65536 /* times are kept by id; ids in flight are far closer together than this */

struct options {
    const char *socket;
    const char *source;
    const char *destination;
    unsigned size;
    unsigned connections;
    unsigned in_flight;
    double seconds;
};

struct lane {
    struct rewrap_client *client;
    uint64_t sent_ns[WINDOW];
};

struct load {
    struct options options;
    struct lane *lanes;
    Rewrap__ReEncryptRequest request;
    struct samples samples;
    uint64_t answers;  /* while measuring */
    uint64_t requests; /* all that were answered, the warm-up's too */
    uint64_t errors;
    char first_error[256];
    bool measuring; /* after the warm-up */
    bool stopping;  /* answers are awaited, nothing more is sent */
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_load: %s: %s\n", what, why);
    exit(1);
}

static void check(const char *what, struct rewrap_client_result result)
{
    if (result.code != REWRAP_CLIENT_OK) {
        die(what, rewrap_client_code_text(result.code));
    }
}

/* ------------------------------------------------------------------ the ciphertext that is re-encrypted */

/* Encrypts a random payload under the source key; the caller frees *ret with proto_free. */
static Rewrap__EncryptResponse *encrypt(struct rewrap_client *client, const struct options *options)
{
    static uint8_t payload[MAX_PAYLOAD_BYTES];
    Rewrap__EncryptRequest request = REWRAP__ENCRYPT_REQUEST__INIT;
    if (getrandom(payload, options->size, 0) != (ssize_t)options->size) {
        die("payload", "no random bytes");
    }
    request.key_id = (char *)(uintptr_t)options->source;
    request.has_plaintext = 1;
    request.plaintext = (ProtobufCBinaryData){.data = payload, .len = options->size};
    Rewrap__Response *response = NULL;
    check("Encrypt", rewrap_client_call(client, "Encrypt", &request.base, 0, &response));
    if (response->result_case != REWRAP__RESPONSE__RESULT_BODY) {
        die("Encrypt", response->error->code == NULL ? "an error" : response->error->code);
    }
    ProtobufCMessage *message = NULL;
    struct view body = view_of(response->body.data, response->body.len);
    if (proto_unpack(&rewrap__encrypt_response__descriptor, body, &message).code != PROTO_OK) {
        die("Encrypt", "not an EncryptResponse");
    }
    rewrap_client_response_free(response);
    return (Rewrap__EncryptResponse *)message;
}

/* ------------------------------------------------------------------ the loop */

static void send_one(struct load *load, struct lane *lane)
{
    uint64_t id = 0;
    uint64_t now = samples_now_ns();
    check("ReEncrypt", rewrap_client_send(lane->client, "ReEncrypt", &load->request.base, 0, &id));
    lane->sent_ns[id % WINDOW] = now;
}

static void note_error(struct load *load, const Rewrap__Error *error)
{
    if (load->errors++ == 0) {
        snprintf(load->first_error, sizeof load->first_error, "%s", error->code == NULL ? "" : error->code);
    }
}

static void take_answer(struct load *load, struct lane *lane, Rewrap__Response *response)
{
    if (!response->has_id) {
        die("ReEncrypt", "the daemon refuses the connection");
    }
    if (response->result_case != REWRAP__RESPONSE__RESULT_BODY) {
        note_error(load, response->error);
    } else if (load->measuring) {
        samples_add(&load->samples, samples_now_ns() - lane->sent_ns[response->id % WINDOW]);
        load->answers++;
    }
    load->requests++;
    rewrap_client_response_free(response);
    if (!load->stopping) {
        send_one(load, lane);
    }
}

/* Takes what the socket has, without waiting; false when there is nothing more. */
static bool take_next(struct load *load, struct lane *lane, uint32_t wait_ms)
{
    Rewrap__Response *response = NULL;
    struct rewrap_client_result result = rewrap_client_receive(lane->client, wait_ms, &response);
    if (result.code == REWRAP_CLIENT_TIMEOUT && wait_ms == 0) {
        return false;
    }
    check("ReEncrypt", result);
    take_answer(load, lane, response);
    return true;
}

static void serve_ready(struct load *load, struct pollfd *fds)
{
    int ready = poll(fds, load->options.connections, WAIT_MS);
    if (ready <= 0) {
        die("ReEncrypt", "no answer");
    }
    for (unsigned i = 0; i < load->options.connections; i++) {
        while (fds[i].revents != 0 && take_next(load, &load->lanes[i], 0)) {
        }
    }
}

/* Serves all connections until that time. One connection needs no poll: receiving waits. */
static void run_until(struct load *load, uint64_t end_ns)
{
    struct pollfd fds[MAX_CONNECTIONS];
    for (unsigned i = 0; i < load->options.connections; i++) {
        fds[i] = (struct pollfd){.fd = rewrap_client_fd(load->lanes[i].client), .events = POLLIN};
    }
    while (samples_now_ns() < end_ns) {
        if (load->options.connections == 1) {
            take_next(load, &load->lanes[0], WAIT_MS);
        } else {
            serve_ready(load, fds);
        }
    }
}

static double run(struct load *load)
{
    uint64_t whole_ns = (uint64_t)(load->options.seconds * 1e9);
    for (unsigned i = 0; i < load->options.connections; i++) {
        for (unsigned j = 0; j < load->options.in_flight; j++) {
            send_one(load, &load->lanes[i]);
        }
        check("ReEncrypt", rewrap_client_flush(load->lanes[i].client, WAIT_MS));
    }
    run_until(load, samples_now_ns() + whole_ns / 10);
    load->measuring = true;
    uint64_t start = samples_now_ns();
    run_until(load, start + whole_ns);
    uint64_t took = samples_now_ns() - start;
    load->measuring = false;
    load->stopping = true;
    for (unsigned i = 0; i < load->options.connections; i++) {
        while (rewrap_client_in_flight(load->lanes[i].client) > 0) {
            take_next(load, &load->lanes[i], WAIT_MS);
        }
    }
    return (double)took / 1e9;
}

/* ------------------------------------------------------------------ options */

static unsigned number(const char *name, const char *text, unsigned long max)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 1 || value > max) {
        die(name, "out of range");
    }
    return (unsigned)value;
}

static void read_options(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {
        {"source", required_argument, NULL, 's'},
        {"destination", required_argument, NULL, 'd'},
        {"size", required_argument, NULL, 'b'},
        {"connections", required_argument, NULL, 'c'},
        {"in-flight", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 't'},
        {0},
    };
    *options =
        (struct options){.socket = getenv("REWRAP_SOCKET"), .size = 32, .connections = 1, .in_flight = 1, .seconds = 1};
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (option) {
        case 's':
            options->source = optarg;
            break;
        case 'd':
            options->destination = optarg;
            break;
        case 'b':
            options->size = number("--size", optarg, MAX_PAYLOAD_BYTES);
            break;
        case 'c':
            options->connections = number("--connections", optarg, MAX_CONNECTIONS);
            break;
        case 'n':
            options->in_flight = number("--in-flight", optarg, MAX_IN_FLIGHT);
            break;
        case 't':
            options->seconds = strtod(optarg, NULL);
            break;
        default:
            exit(2);
        }
    }
    if (options->socket == NULL || options->source == NULL || options->destination == NULL || !(options->seconds > 0)) {
        die("usage", "REWRAP_SOCKET=PATH bench_load --source KEY --destination KEY [--size BYTES] [--connections C] "
                     "[--in-flight N] [--seconds S]");
    }
}

int main(int argc, char **argv)
{
    static struct load load;
    read_options(argc, argv, &load.options);
    load.lanes = calloc(load.options.connections, sizeof load.lanes[0]);
    if (load.lanes == NULL) {
        die("connections", "out of memory");
    }
    for (unsigned i = 0; i < load.options.connections; i++) {
        check(load.options.socket, rewrap_client_connect(load.options.socket, &load.lanes[i].client));
    }
    samples_init(&load.samples);
    Rewrap__EncryptResponse *encrypted = encrypt(load.lanes[0].client, &load.options);
    load.request = (Rewrap__ReEncryptRequest)REWRAP__RE_ENCRYPT_REQUEST__INIT;
    load.request.has_ciphertext_blob = 1;
    load.request.ciphertext_blob = encrypted->ciphertext_blob;
    load.request.destination_key_id = (char *)(uintptr_t)load.options.destination;

    double seconds = run(&load);
    printf("{\"size\": %u, \"connections\": %u, \"in_flight\": %u, \"ops\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
           "\"requests\": %llu, \"errors\": %llu, \"first_error\": \"%s\"}\n",
           load.options.size, load.options.connections, load.options.in_flight, (double)load.answers / seconds,
           samples_percentile_us(&load.samples, 0.5), samples_percentile_us(&load.samples, 0.99),
           (unsigned long long)load.requests, (unsigned long long)load.errors, load.first_error);

    proto_free(&encrypted->base);
    for (unsigned i = 0; i < load.options.connections; i++) {
        rewrap_client_free(load.lanes[i].client);
    }
    free(load.lanes);
    samples_clear(&load.samples);
    return 0;
}
