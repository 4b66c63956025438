/* What frames are made of. */
#pragma once

#include "base/reader.h"
#include "wire.h"

/* Starts a frame whose length is not yet known. */
bool wire_frame_begin(struct buffer *out, uint64_t sequence, enum wire_kind kind);

/* Sets the length of the frame that begins at start, or takes back what there is of it. */
bool wire_frame_end(struct buffer *out, size_t start, bool good);

/* Two bytes of length, and the text. */
bool wire_append_view(struct buffer *out, struct view text);
bool wire_append_text(struct buffer *out, const char *text);
struct view wire_read_text(struct reader *reader);

/* Bodies: what was allocated stays in the frame, whatever the answer. */
REWRAP_MUST_USE enum wire_code wire_read_principal(struct reader *reader, struct wire_frame *frame);
REWRAP_MUST_USE enum wire_code wire_read_principal_removal(struct reader *reader, struct wire_frame *frame);
REWRAP_MUST_USE enum wire_code wire_read_principal_question(struct reader *reader, struct wire_frame *frame);
REWRAP_MUST_USE enum wire_code wire_read_grant(struct reader *reader, struct wire_frame *frame);
REWRAP_MUST_USE enum wire_code wire_read_grant_place(struct reader *reader, struct wire_frame *frame);
