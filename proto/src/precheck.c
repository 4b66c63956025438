/* The look at a message's wire form before it is unpacked; see precheck.h. */
#include "precheck.h"

#include "base/wipe.h"
#include "reflect.h"
#include "utf8.h"
#include "wire.h"

#include <stdlib.h>

/* Up to this many map keys are compared pair by pair, on the stack; more are sorted. */
#define FEW_KEYS 16

struct map_key {
    const ProtobufCFieldDescriptor *map;
    struct view key;
};

/* What is remembered of the message being walked. */
struct walk {
    const ProtobufCMessageDescriptor *type;
    unsigned depth;
    uint16_t counts[PRECHECK_MAX_FIELDS]; /* elements so far, by the field's place in the descriptor */
    size_t unknown_fields;
    struct view entry_key; /* of a map entry: its key, empty when there is none */
    struct map_key few[FEW_KEYS];
    struct map_key *keys; /* few, or memory of its own */
    size_t n_keys;
    size_t key_cap;
    bool *partial_entries;
};

static struct proto_result fine(void)
{
    return (struct proto_result){.code = PROTO_OK};
}

static struct proto_result refuse(enum proto_code code, const ProtobufCFieldDescriptor *field)
{
    return (struct proto_result){.code = code, .field = field == NULL ? NULL : field->name};
}

static struct proto_result check_message(const ProtobufCMessageDescriptor *type, struct view bytes, unsigned depth,
                                         bool *partial_entries, struct view *ret_entry_key);

static bool remember_key(struct walk *walk, const ProtobufCFieldDescriptor *map, struct view key)
{
    if (walk->n_keys == walk->key_cap) {
        size_t cap = walk->key_cap * 4; /* at most PROTO_MAX_ELEMENTS for each map of a type: cannot overflow */
        struct map_key *keys = wiping_malloc(cap * sizeof *keys);
        if (keys == NULL) {
            return false;
        }
        memcpy(keys, walk->keys, walk->n_keys * sizeof *keys);
        if (walk->keys != walk->few) {
            wiping_free(walk->keys);
        }
        walk->keys = keys;
        walk->key_cap = cap;
    }
    walk->keys[walk->n_keys++] = (struct map_key){.map = map, .key = key};
    return true;
}

static int compare_keys(const void *left, const void *right)
{
    const struct map_key *a = left;
    const struct map_key *b = right;
    if (a->map != b->map) {
        return a->map < b->map ? -1 : 1;
    }
    if (a->key.len != b->key.len) {
        return a->key.len < b->key.len ? -1 : 1;
    }
    return a->key.len == 0 ? 0 : memcmp(a->key.data, b->key.data, a->key.len);
}

/* The map in which a key stands twice, or NULL. */
static const ProtobufCFieldDescriptor *find_duplicate_key(struct walk *walk)
{
    if (walk->n_keys > FEW_KEYS) {
        qsort(walk->keys, walk->n_keys, sizeof *walk->keys, compare_keys);
        for (size_t i = 1; i < walk->n_keys; i++) {
            if (compare_keys(&walk->keys[i - 1], &walk->keys[i]) == 0) {
                return walk->keys[i].map;
            }
        }
        return NULL;
    }
    for (size_t i = 1; i < walk->n_keys; i++) {
        for (size_t j = 0; j < i; j++) {
            if (compare_keys(&walk->keys[i], &walk->keys[j]) == 0) {
                return walk->keys[i].map;
            }
        }
    }
    return NULL;
}

/* Adds elements to a field's count: a singular field has one at most, and so has a oneof in all its members. */
static struct proto_result count_elements(struct walk *walk, const ProtobufCFieldDescriptor *field, size_t elements)
{
    size_t place = (size_t)(field - walk->type->fields);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        if (elements > (size_t)PROTO_MAX_ELEMENTS - walk->counts[place]) {
            return refuse(PROTO_TOO_MANY, field);
        }
    } else if (walk->counts[place] != 0) {
        return refuse(PROTO_DUPLICATE, field);
    } else if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        for (size_t i = 0; i < walk->type->n_fields; i++) {
            if (walk->counts[i] != 0 && walk->type->fields[i].quantifier_offset == field->quantifier_offset) {
                return refuse(PROTO_DUPLICATE, field);
            }
        }
    }
    walk->counts[place] = (uint16_t)(walk->counts[place] + elements);
    return fine();
}

static struct proto_result check_submessage(struct walk *walk, const ProtobufCFieldDescriptor *field, struct view bytes)
{
    struct view key = view_of(NULL, 0);
    struct proto_result result = check_message(field->descriptor, bytes, walk->depth + 1, walk->partial_entries, &key);
    if (result.code != PROTO_OK) {
        return result.field == NULL ? refuse(result.code, field) : result;
    }
    if (reflect_is_map(field) && !remember_key(walk, field, key)) {
        return refuse(PROTO_NO_MEMORY, field);
    }
    return fine();
}

static struct proto_result check_value(struct walk *walk, const ProtobufCFieldDescriptor *field, struct view payload)
{
    if (field->id == 1) {
        walk->entry_key = payload; /* read only when this message is a map entry */
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return check_submessage(walk, field, payload);
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        if (!utf8_is_text(payload)) {
            return refuse(PROTO_BAD_TEXT, field);
        }
    }
    return fine();
}

static struct proto_result check_field(struct walk *walk, const struct wire_field *wire)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(walk->type, wire->number);
    if (field == NULL) {
        /* Ignored, but protobuf-c keeps each of them. */
        return ++walk->unknown_fields > PROTO_MAX_ELEMENTS ? refuse(PROTO_TOO_MANY, NULL) : fine();
    }
    size_t elements = 1;
    if (wire->wire_type != wire_type_of(field->type)) {
        bool packed = field->label == PROTOBUF_C_LABEL_REPEATED &&
                      wire->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED &&
                      wire_count_packed(field->type, wire->payload, &elements);
        return packed ? count_elements(walk, field, elements) : refuse(PROTO_MALFORMED, field);
    }
    struct proto_result result = count_elements(walk, field, elements);
    return result.code == PROTO_OK ? check_value(walk, field, wire->payload) : result;
}

static struct proto_result check_fields(struct walk *walk, struct view bytes)
{
    while (bytes.len != 0) {
        struct wire_field wire;
        if (!wire_next(&bytes, &wire)) {
            return refuse(PROTO_MALFORMED, NULL);
        }
        struct proto_result result = check_field(walk, &wire);
        if (result.code != PROTO_OK) {
            return result;
        }
    }
    if (reflect_is_map_entry(walk->type) && (walk->counts[0] == 0 || walk->counts[1] == 0)) {
        *walk->partial_entries = true;
    }
    const ProtobufCFieldDescriptor *twice = find_duplicate_key(walk);
    return twice == NULL ? fine() : refuse(PROTO_DUPLICATE, twice);
}

static struct proto_result check_message(const ProtobufCMessageDescriptor *type, struct view bytes, unsigned depth,
                                         bool *partial_entries, struct view *ret_entry_key)
{
    if (depth > PRECHECK_MAX_DEPTH || type->n_fields > PRECHECK_MAX_FIELDS) {
        return refuse(PROTO_TOO_MANY, NULL);
    }
    struct walk walk; /* not initialized as a whole: this is run for every map entry of every request */
    walk.type = type;
    walk.depth = depth;
    memset(walk.counts, 0, type->n_fields * sizeof walk.counts[0]);
    walk.unknown_fields = 0;
    walk.entry_key = view_of(NULL, 0);
    walk.keys = walk.few;
    walk.n_keys = 0;
    walk.key_cap = FEW_KEYS;
    walk.partial_entries = partial_entries;

    struct proto_result result = check_fields(&walk, bytes);
    if (walk.keys != walk.few) {
        wiping_free(walk.keys);
    }
    if (result.code == PROTO_OK) {
        *ret_entry_key = walk.entry_key;
    }
    return result;
}

struct proto_result precheck(const ProtobufCMessageDescriptor *type, struct view bytes, bool *ret_partial_entries)
{
    struct view unused;
    bool partial_entries = false;
    struct proto_result result = check_message(type, bytes, 1, &partial_entries, &unused);
    if (result.code == PROTO_OK) {
        *ret_partial_entries = partial_entries;
    }
    return result;
}
