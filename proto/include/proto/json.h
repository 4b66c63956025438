/*
 * One codec by reflection between messages and AWS JSON 1.1 (KMS.md ): PascalCase member names, blobs in
 * base64, timestamps as seconds with a fraction, maps as objects, enumerations by name, absent and null the same,
 * unknown members ignored.
 */
#pragma once

#include "base/attr.h"
#include "proto/message.h"

#include <jansson.h>

/*
 * Limits of the JSON we read, beside those of proto/message.h. They keep what one text takes below 32 MiB; when the
 * heap has not even that while jansson parses, the program aborts, since jansson would go on with a broken string.
 */
#define JSON_MAX_BYTES  ((size_t)1024 * 1024)
#define JSON_MAX_DEPTH  16
#define JSON_MAX_VALUES 65536 /* in one text: a json_t of three bytes ("{},") takes 300 in memory */

/* Flags for json_dumps that print a timestamp as it was given: a double holds 15 digits exactly, and jansson prints 17.
 */
#define JSON_PRINT_FLAGS JSON_REAL_PRECISION(15)

/* Room for any member name of ours and its NUL. */
#define JSON_MAX_NAME 80

enum json_code {
    JSON_OK = 0,
    JSON_NOT_JSON,       /* no JSON object, too deep, a duplicate member, bad UTF-8, or a NUL character */
    JSON_WRONG_TYPE,     /* a member has the wrong JSON type (KMS.md R-10: SerializationException) */
    JSON_BAD_BASE64,     /* a blob is not padded standard base64 */
    JSON_UNKNOWN_VALUE,  /* an enumeration has no such value: a validation error, with the value set in text */
    JSON_UNKNOWN_MEMBER, /* only with JSON_STRICT_MEMBERS */
    JSON_OUT_OF_RANGE,   /* a number that does not fit */
    JSON_TOO_LARGE,      /* the text or the number of its values, or PROTO_MAX_ELEMENTS exceeded by a list or map */
    JSON_NO_MEMORY,
};

struct json_result {
    enum json_code code;
    char path[128]; /* the member at fault in validation spelling, "tags.1.member.tagKey"; empty when there is none */
    /*
     * JSON_UNKNOWN_VALUE: the value given, JSON_UNKNOWN_MEMBER: the member as given (path is the object that it stands
     * in), both cut to fit. JSON_NOT_JSON: "line 1, column 2" where that is known. Otherwise empty.
     */
    char value[128];
    const ProtobufCEnumDescriptor *value_set; /* JSON_UNKNOWN_VALUE: what it may be, static */
};

enum json_flags {
    JSON_STRICT_MEMBERS = 1, /* refuse members the type does not have: for a person's input, not for the wire */
};

/*
 * Reads a JSON object into a new message of the given type. On success *ret_message is owned by the caller
 * (proto_free); on failure it is untouched and nothing is left allocated. Does not block.
 */
REWRAP_MUST_USE struct json_result json_to_message(const ProtobufCMessageDescriptor *type, const json_t *object,
                                                   unsigned flags, ProtobufCMessage **ret_message);

/*
 * Makes jansson erase what it frees: blobs are plaintexts too. For the start of a program; reading JSON does it too.
 * What jansson gives out (json_dumps) holds the same bytes and is better freed with wiping_free than with free; both
 * work.
 */
void json_use_wiping_memory(void);

/*
 * From text to message at once. Unlike json_parse_object and json_to_message, which see 1.50 as the number 1.5, it
 * gives a number in a map of strings by its literal text (KMS.md R-5). Ownership and failures as theirs.
 */
REWRAP_MUST_USE struct json_result json_parse_message(const ProtobufCMessageDescriptor *type, struct view text,
                                                      unsigned flags, ProtobufCMessage **ret_message);

/* Parses text, with the limits above. The caller owns *ret_object (json_decref). Only objects are accepted. */
REWRAP_MUST_USE struct json_result json_parse_object(struct view text, json_t **ret_object);

/*
 * The message as a JSON object with members in the order of their field numbers; absent fields are left out, repeated
 * ones and maps are left out when empty unless the type is a List… response, whose list is its content (Keys, Aliases:
 * printed as []). An enumeration's number without a name is shown as that number. NULL when there is no memory, or when
 * a string of a message that did not come from proto_unpack is not UTF-8. The caller owns the result.
 */
json_t *json_from_message(const ProtobufCMessage *message);

/* The skeleton that `--generate-cli-skeleton` prints: every member with an empty value of its type, null for a blob
 * (KMS.md R-148), false for a boolean and nothing in a list of enumerations. */
json_t *json_skeleton(const ProtobufCMessageDescriptor *type);

/* "ciphertext_blob" → "CiphertextBlob", with AWS's exceptions ("aws_account_id" → "AWSAccountId"). */
void json_member_name(const char *field_name, char out[JSON_MAX_NAME]);

/* "ciphertext_blob" → "ciphertextBlob", the spelling of validation texts (KMS.md R-11). */
void json_camel_name(const char *field_name, char out[JSON_MAX_NAME]);

/* "ciphertext_blob" → "ciphertext-blob", the spelling of command-line options (KMS.md R-142). */
void json_option_name(const char *field_name, char out[JSON_MAX_NAME]);

/* What a field is to a person: protobuf-c knows maps and timestamps only as messages. */
enum json_kind {
    JSON_KIND_STRING,
    JSON_KIND_BLOB,
    JSON_KIND_BOOL,
    JSON_KIND_INTEGER,
    JSON_KIND_ENUM,
    JSON_KIND_TIMESTAMP,
    JSON_KIND_MAP,
    JSON_KIND_OBJECT
};
enum json_kind json_field_kind(const ProtobufCFieldDescriptor *field);
