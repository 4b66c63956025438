/* The answers of the daemon that rewrapctl is tried against; see fake_service.h. */
#include "fake_service.h"

#include "fake_daemon.h"

#include "proto/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answer(int fd, uint64_t id, const ProtobufCMessage *body)
{
    struct buffer packed = BUFFER_INIT(65536);
    struct buffer out = BUFFER_INIT(65536 * 2);
    if (proto_pack(body, &packed).code == PROTO_OK) {
        fake_frame_body(&out, id, buffer_view(&packed));
        fake_write(fd, out.data, out.len);
    }
    buffer_clear(&packed);
    buffer_clear(&out);
}

static void answer_error(int fd, uint64_t id, const char *code, const char *message)
{
    struct buffer out = BUFFER_INIT(65536);
    fake_frame_error(&out, &id, code, message);
    fake_write(fd, out.data, out.len);
    buffer_clear(&out);
}

/* protobuf-c has no const strings. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

/* The blob comes back as it was sent, so that a test sees what arrived. */
static void answer_re_encrypt(int fd, const Rewrap__Request *frame, const Rewrap__ReEncryptRequest *request)
{
    Rewrap__ReEncryptResponse response = REWRAP__RE_ENCRYPT_RESPONSE__INIT;
    const char *destination = request->destination_key_id == NULL ? "" : request->destination_key_id;
    if (strcmp(destination, "alias/none") == 0) {
        answer_error(fd, frame->id, "NotFoundException",
                     "Alias arn:aws:kms:eu-central-1:111122223333:alias/none is not found.");
        return;
    }
    if (strcmp(destination, "silent-error") == 0) {
        answer_error(fd, frame->id, "InvalidCiphertextException", NULL);
        return;
    }
    if (strcmp(destination, "silent-internal") == 0) {
        answer_error(fd, frame->id, "KMSInternalException", NULL);
        return;
    }
    if (strcmp(destination, "hostile-error") == 0) {
        answer_error(fd, frame->id, "X\x1b[2J", "\x1b]0;title\x07\nb\xc2\x9b\xe2\x80\xae");
        return;
    }
    if (strcmp(destination, "long-error") == 0) {
        char message[2 * FAKE_LONG_ERROR_CHARACTERS + 1] = "";
        for (size_t i = 0; i < FAKE_LONG_ERROR_CHARACTERS; i++) {
            memcpy(message + 2 * i, "\xc3\xb6", sizeof "\xc3\xb6");
        }
        answer_error(fd, frame->id, "ValidationException", message);
        return;
    }
    if (strcmp(destination, "never") == 0) {
        return;
    }
    response.has_ciphertext_blob = request->has_ciphertext_blob;
    response.ciphertext_blob = request->ciphertext_blob;
    response.source_key_id = text("arn:s");
    response.key_id = text("arn:d");
    response.has_source_encryption_algorithm = 1;
    response.source_encryption_algorithm = REWRAP__ENCRYPTION_ALGORITHM_SPEC__VALUE__SYMMETRIC_DEFAULT;
    answer(fd, frame->id, &response.base);
}

/* Five keys, two a page; the last marker is the number of the next one. */
static void answer_list_keys(int fd, const Rewrap__Request *frame, const Rewrap__ListKeysRequest *request)
{
    char ids[5][8];
    char marker[8];
    Rewrap__KeyListEntry entries[2] = {REWRAP__KEY_LIST_ENTRY__INIT, REWRAP__KEY_LIST_ENTRY__INIT};
    Rewrap__KeyListEntry *keys[2] = {&entries[0], &entries[1]};
    Rewrap__ListKeysResponse response = REWRAP__LIST_KEYS_RESPONSE__INIT;
    size_t first = request->marker == NULL ? 0 : (size_t)strtoul(request->marker, NULL, 10);
    for (size_t i = 0; i < 2 && first + i < 5; i++) {
        snprintf(ids[i], sizeof ids[i], "key-%zu", first + i);
        entries[i].key_id = ids[i];
        response.n_keys++;
    }
    response.keys = keys;
    response.has_truncated = 1;
    response.truncated = first + 2 < 5;
    snprintf(marker, sizeof marker, "%zu", first + 2);
    response.next_marker = response.truncated ? marker : NULL;
    answer(fd, frame->id, &response.base);
}

static void answer_describe_key(int fd, const Rewrap__Request *frame)
{
    Rewrap__DescribeKeyResponse response = REWRAP__DESCRIBE_KEY_RESPONSE__INIT;
    Rewrap__KeyMetadata metadata = REWRAP__KEY_METADATA__INIT;
    Rewrap__Timestamp created = REWRAP__TIMESTAMP__INIT;
    created.has_seconds = 1;
    created.seconds = 1714564800;
    metadata.aws_account_id = text("111122223333");
    metadata.key_id = text("k1");
    metadata.creation_date = &created;
    response.key_metadata = &metadata;
    answer(fd, frame->id, &response.base);
}

/* With a key, pages without an end; without, bytes that are no ListAliasesResponse. */
static void answer_list_aliases(int fd, const Rewrap__Request *frame, const Rewrap__ListAliasesRequest *request)
{
    Rewrap__ListAliasesResponse response = REWRAP__LIST_ALIASES_RESPONSE__INIT;
    response.has_truncated = 1;
    response.truncated = 1;
    response.next_marker = text("again");
    if (request->key_id != NULL) {
        answer(fd, frame->id, &response.base);
        return;
    }
    struct buffer out = BUFFER_INIT(64);
    fake_frame_body(&out, frame->id, view_of("\xff\xff", 2));
    fake_write(fd, out.data, out.len);
    buffer_clear(&out);
}

static void answer_request(int fd, const Rewrap__Request *frame)
{
    ProtobufCMessage *body = NULL;
    struct view bytes = view_of(frame->body.data, frame->body.len);
    if (strcmp(frame->operation, "ReEncrypt") == 0 &&
        proto_unpack(&rewrap__re_encrypt_request__descriptor, bytes, &body).code == PROTO_OK) {
        answer_re_encrypt(fd, frame, (const Rewrap__ReEncryptRequest *)body);
    } else if (strcmp(frame->operation, "ListKeys") == 0 &&
               proto_unpack(&rewrap__list_keys_request__descriptor, bytes, &body).code == PROTO_OK) {
        answer_list_keys(fd, frame, (const Rewrap__ListKeysRequest *)body);
    } else if (strcmp(frame->operation, "DescribeKey") == 0) {
        answer_describe_key(fd, frame);
    } else if (strcmp(frame->operation, "CreateAlias") == 0) {
        Rewrap__CreateAliasResponse response = REWRAP__CREATE_ALIAS_RESPONSE__INIT;
        answer(fd, frame->id, &response.base);
    } else if (strcmp(frame->operation, "ListAliases") == 0 &&
               proto_unpack(&rewrap__list_aliases_request__descriptor, bytes, &body).code == PROTO_OK) {
        answer_list_aliases(fd, frame, (const Rewrap__ListAliasesRequest *)body);
    } else {
        answer_error(fd, frame->id, "UnknownOperationException", NULL);
    }
    proto_free(body);
}

void fake_service_serve(int fd)
{
    for (Rewrap__Request *frame; (frame = fake_read_request(fd)) != NULL;) {
        answer_request(fd, frame);
        proto_free(&frame->base);
    }
}
