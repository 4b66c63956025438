/*
 * The frames between rewrapd and its writer process. Each: 4 bytes length of what follows, 8 bytes sequence, 1 byte
 * kind, body. Integers are big-endian. Both ends check what they read as if a stranger had sent it.
 *
 *   to the writer     changes, and questions for a row
 *   from the writer   one answer to each, in the same order and with its sequence; before the first READY or FAILED
 *                     with sequence 0, and FAILED also when the writer gives up
 */
#pragma once

#include "base/buffer.h"
#include "store.h"

/*
 * A key with every field at its limit has about 182 KiB: 32 KiB of description, 77 KiB of tags, 41 KiB of materials,
 * 32 KiB of policy. The retired materials of one key have 200 KiB at most. A principal with 20 policies of 10 KiB has
 * 203 KiB, a grant with 16 pairs at their limits 88 KiB.
 */
#define WIRE_FRAME_MAX_BYTES ((size_t)256 << 10)
#define WIRE_LENGTH_BYTES    4
#define WIRE_HEADER_BYTES    9 /* sequence and kind */
#define WIRE_TEXT_MAX_BYTES  199

#define WIRE_FIRST_QUESTION 64 /* smaller ones are changes */
#define WIRE_FIRST_ANSWER   128

enum wire_kind {
    WIRE_KEY_ADD = CHANGE_KEY_ADD,     /* body: a key */
    WIRE_ALIAS_ADD = CHANGE_ALIAS_ADD, /* body: an alias; the next two too */
    WIRE_ALIAS_RETARGET = CHANGE_ALIAS_RETARGET,
    WIRE_ALIAS_REMOVE = CHANGE_ALIAS_REMOVE,
    WIRE_KEY_REPLACE = CHANGE_KEY_REPLACE,       /* body: a key */
    WIRE_KEY_REMOVE = CHANGE_KEY_REMOVE,         /* body: a removal */
    WIRE_RETIRED_REMOVE = CHANGE_RETIRED_REMOVE, /* body: a material id */
    WIRE_PRINCIPAL_ADD = CHANGE_PRINCIPAL_ADD,   /* body: a principal; the next too */
    WIRE_PRINCIPAL_REPLACE = CHANGE_PRINCIPAL_REPLACE,
    WIRE_PRINCIPAL_REMOVE = CHANGE_PRINCIPAL_REMOVE, /* body: a principal's removal */
    WIRE_GRANT_ADD = CHANGE_GRANT_ADD,               /* body: a grant */
    WIRE_GRANT_REMOVE = CHANGE_GRANT_REMOVE,         /* body: a key id and a grant id */

    WIRE_KEY_READ = WIRE_FIRST_QUESTION, /* body: a key id */
    WIRE_ALIAS_READ = 65,                /* body: an alias, of which account and name count */
    WIRE_RETIRED_READ = 66,              /* body: a material id */
    WIRE_PRINCIPAL_READ = 67,            /* body: a unique id and the departure to be shown if he is gone */
    WIRE_GRANT_READ = 68,                /* body: a key id and a grant id */

    WIRE_DONE = WIRE_FIRST_ANSWER, /* body: code and text */
    WIRE_KEY_ROW = 129,            /* body: a key */
    WIRE_KEY_GONE = 130,           /* body: a key id, and the retired materials that it left */
    WIRE_ALIAS_ROW = 131,          /* body: an alias */
    WIRE_RETIRED_ROW = 132,        /* body: one retired material, as in WIRE_KEY_GONE */
    WIRE_NO_ROW = 133,             /* body: empty */
    WIRE_READY = 134,              /* body: empty */
    WIRE_FAILED = 135,             /* body: code and text */
    WIRE_PRINCIPAL_ROW = 136,      /* body: a principal */
    WIRE_GRANT_ROW = 137,          /* body: a grant */
};

/* A frame that was read. Owns its entries and what retired lists; cleared with wire_frame_clear. */
struct wire_frame {
    uint64_t sequence;
    enum wire_kind kind;
    uint8_t key_id[KEY_ID_BYTES];               /* WIRE_KEY_READ, WIRE_KEY_GONE */
    uint8_t material_id[MATERIAL_ID_BYTES];     /* WIRE_RETIRED_REMOVE, WIRE_RETIRED_READ */
    struct key_entry *key;                      /* WIRE_KEY_ADD, WIRE_KEY_REPLACE, WIRE_KEY_ROW */
    struct key_removal removal;                 /* WIRE_KEY_REMOVE */
    struct alias_entry *alias;                  /* WIRE_ALIAS_* */
    struct retired_list retired;                /* WIRE_KEY_GONE; WIRE_RETIRED_ROW: one */
    struct principal_entry *principal;          /* WIRE_PRINCIPAL_ADD, WIRE_PRINCIPAL_REPLACE, WIRE_PRINCIPAL_ROW */
    struct principal_removal principal_removal; /* WIRE_PRINCIPAL_REMOVE; but its revision: WIRE_PRINCIPAL_READ */
    struct grant_entry *grant;                  /* WIRE_GRANT_ADD, WIRE_GRANT_ROW */
    struct grant_place grant_place;             /* WIRE_GRANT_REMOVE, WIRE_GRANT_READ */
    struct registry_result result;              /* WIRE_DONE, WIRE_FAILED */
};

enum wire_code {
    WIRE_OK,
    WIRE_INCOMPLETE, /* more bytes are needed */
    WIRE_MALFORMED,  /* can never become a frame, or breaks a rule of check.h */
    WIRE_NO_MEMORY,
};

/*
 * Reads the frame at the start of bytes. On WIRE_OK *ret is set and *ret_used is the bytes it took; otherwise both are
 * untouched. Every accepted frame is the one spelling of its content. Does not block.
 */
REWRAP_MUST_USE enum wire_code wire_read(struct view bytes, struct wire_frame *ret, size_t *ret_used);
void wire_frame_clear(struct wire_frame *frame);

/* Each appends one frame to out; false, with out as it was, when there is no room or memory. */
REWRAP_MUST_USE bool wire_write_change(struct buffer *out, uint64_t sequence, const struct change *change);

/* The question for the row that change is about: never longer than the change's own frame. */
REWRAP_MUST_USE bool wire_write_question(struct buffer *out, uint64_t sequence, const struct change *change);
REWRAP_MUST_USE bool wire_write_key_read(struct buffer *out, uint64_t sequence, const uint8_t key_id[KEY_ID_BYTES]);
REWRAP_MUST_USE bool wire_write_removal(struct buffer *out, uint64_t sequence, const struct key_removal *removal);
REWRAP_MUST_USE bool wire_write_material_id(struct buffer *out, uint64_t sequence, enum wire_kind kind,
                                            const uint8_t material_id[MATERIAL_ID_BYTES]);
REWRAP_MUST_USE bool wire_write_key_gone(struct buffer *out, uint64_t sequence, const uint8_t key_id[KEY_ID_BYTES],
                                         const struct retired_list *retired);
REWRAP_MUST_USE bool wire_write_retired(struct buffer *out, uint64_t sequence, const struct registry_retired *retired);
REWRAP_MUST_USE bool wire_write_key(struct buffer *out, uint64_t sequence, enum wire_kind kind,
                                    const struct registry_key *key);
REWRAP_MUST_USE bool wire_write_alias(struct buffer *out, uint64_t sequence, enum wire_kind kind,
                                      const struct registry_alias *alias);
REWRAP_MUST_USE bool wire_write_principal(struct buffer *out, uint64_t sequence, enum wire_kind kind,
                                          const struct registry_principal *principal);
/* departure may be NULL: nobody asked for a removal. */
REWRAP_MUST_USE bool wire_write_principal_read(struct buffer *out, uint64_t sequence,
                                               const char unique_id[PRINCIPAL_ID_BYTES],
                                               const struct principal_departure *departure);
REWRAP_MUST_USE bool wire_write_principal_removal(struct buffer *out, uint64_t sequence,
                                                  const struct principal_removal *removal);
REWRAP_MUST_USE bool wire_write_grant(struct buffer *out, uint64_t sequence, enum wire_kind kind,
                                      const struct registry_grant *grant);
REWRAP_MUST_USE bool wire_write_grant_place(struct buffer *out, uint64_t sequence, enum wire_kind kind,
                                            const struct grant_place *place);
REWRAP_MUST_USE bool wire_write_result(struct buffer *out, uint64_t sequence, enum wire_kind kind,
                                       const struct registry_result *result);
REWRAP_MUST_USE bool wire_write_empty(struct buffer *out, uint64_t sequence, enum wire_kind kind);
