/* Documents from a stream; see policy_reader.h. */
#include "policy_reader.h"

#include "policy_framing.h"

#include <errno.h>
#include <jansson.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)128 * 1024)

static const char not_json[] = "this is not a JSON object";
static const char cut_off[] = "the document ends in the middle";
static const char more_behind[] = "something follows the document on its line";
static const char too_long[] = "the document is longer than 33554432 bytes";
static const char too_deep[] = "the document is nested more than 64 deep";
static const char too_many[] = "the document has more than 1000000 values";

void policy_reader_init(struct policy_reader *reader, int fd, FILE *flush)
{
    *reader = (struct policy_reader){.fd = fd,
                                     .flush = flush,
                                     .input = BUFFER_INIT(POLICY_READER_MAX_BYTES + CHUNK_BYTES),
                                     .document = BUFFER_INIT(POLICY_READER_MAX_BYTES)};
}

void policy_reader_clear(struct policy_reader *reader)
{
    buffer_clear(&reader->input);
    buffer_clear(&reader->document);
}

/* ---------------------------------------------------------------- lines */

static enum policy_read_code fill(struct policy_reader *reader)
{
    buffer_consume(&reader->input, reader->start);
    reader->scanned -= reader->start;
    reader->start = 0;
    if (!buffer_reserve(&reader->input, CHUNK_BYTES)) {
        return POLICY_READ_NO_MEMORY;
    }
    fflush(reader->flush); /* its errors stay with it: ferror tells */
    ssize_t got;
    do {
        got = read(reader->fd, reader->input.data + reader->input.len, CHUNK_BYTES);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return POLICY_READ_FAILED;
    }
    reader->input.len += (size_t)got;
    reader->at_end = got == 0;
    return POLICY_READ_DOCUMENT;
}

static const uint8_t *find_newline(struct policy_reader *reader)
{
    const uint8_t *from = reader->input.data + reader->scanned;
    size_t len = reader->input.len - reader->scanned;
    return len == 0 ? NULL : memchr(from, '\n', len);
}

static void take_line(struct policy_reader *reader, size_t end, size_t next)
{
    reader->line = view_of(reader->input.data + reader->start, end - reader->start);
    reader->start = reader->scanned = next;
    reader->number++;
}

/* Puts the next line, without its end, into reader->line. POLICY_READ_DOCUMENT, or why there is none. */
static enum policy_read_code next_line(struct policy_reader *reader)
{
    if (reader->give_again) {
        reader->give_again = false;
        return POLICY_READ_DOCUMENT;
    }
    reader->line_is_cut = false;
    for (;;) {
        const uint8_t *newline = find_newline(reader);
        if (newline != NULL) {
            size_t end = (size_t)(newline - reader->input.data);
            take_line(reader, end, end + 1);
            return POLICY_READ_DOCUMENT;
        }
        if (reader->at_end && reader->start == reader->input.len && !reader->line_is_cut) {
            return POLICY_READ_END;
        }
        if (reader->at_end) {
            take_line(reader, reader->input.len, reader->input.len);
            return POLICY_READ_DOCUMENT;
        }
        reader->scanned = reader->input.len;
        if (reader->input.len - reader->start > POLICY_READER_MAX_BYTES) {
            reader->line_is_cut = true;
            reader->start = reader->scanned; /* drops it, and reads on to the end of the line */
        }
        enum policy_read_code code = fill(reader);
        if (code != POLICY_READ_DOCUMENT) {
            return code;
        }
    }
}

static bool is_blank(struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != ' ' && text.data[i] != '\t' && text.data[i] != '\r') {
            return false;
        }
    }
    return true;
}

static bool begins_object(struct view line)
{
    return line.len != 0 && line.data[0] == '{';
}

/* How every printer of indented JSON begins. */
static bool is_brace(struct view line)
{
    return begins_object(line) && is_blank(view_of(line.data + 1, line.len - 1));
}

/* Windows likes to begin files with U+FEFF. */
static void skip_byte_order_mark(struct policy_reader *reader)
{
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};
    if (reader->number == 1 && reader->line.len >= sizeof mark && memcmp(reader->line.data, mark, sizeof mark) == 0) {
        reader->line = view_of(reader->line.data + sizeof mark, reader->line.len - sizeof mark);
    }
}

/* ---------------------------------------------------------------- documents */

/* Takes the line into the document. *ret_reason is set unless the outcome is MORE or COMPLETE. */
static enum policy_framing_code take_bytes(struct policy_framing *framing, struct view line, const char **ret_reason)
{
    static const char *const reasons[] = {
        [POLICY_FRAMING_BROKEN] = not_json,
        [POLICY_FRAMING_TOO_DEEP] = too_deep,
        [POLICY_FRAMING_TOO_MANY] = too_many,
    };
    for (size_t i = 0; i < line.len; i++) {
        enum policy_framing_code code = policy_framing_take(framing, line.data[i]);
        if (code == POLICY_FRAMING_COMPLETE && !is_blank(view_of(line.data + i + 1, line.len - i - 1))) {
            *ret_reason = more_behind;
            return POLICY_FRAMING_BROKEN;
        }
        if (code != POLICY_FRAMING_MORE) {
            *ret_reason = code == POLICY_FRAMING_COMPLETE ? NULL : reasons[code];
            return code;
        }
    }
    enum policy_framing_code code = policy_framing_take(framing, '\n');
    *ret_reason = code == POLICY_FRAMING_MORE ? NULL : cut_off;
    return code;
}

/* Nothing inside of a document has a member of this name, so such a line begins one. */
static bool is_request(struct view line)
{
    struct policy_framing framing = {0};
    const char *reason;
    if (take_bytes(&framing, line, &reason) != POLICY_FRAMING_COMPLETE) {
        return false;
    }
    json_error_t error;
    json_t *json = json_loadb((const char *)line.data, line.len, 0, &error);
    bool found = json_object_get(json, "request") != NULL;
    json_decref(json);
    return found;
}

static struct policy_read broken(struct policy_reader *reader, size_t first, const char *reason)
{
    struct policy_read read = {.code = POLICY_READ_BROKEN,
                               .line = first,
                               .reason = reason,
                               .fault_line = reader->number,
                               .too_large = reason == too_long || reason == too_deep || reason == too_many};
    bool over_several = first != reader->number;
    reader->give_again = over_several && begins_object(reader->line) && !reader->line_is_cut;
    reader->skipping = over_several;
    return read;
}

/* The lines of a document up to the reader's, which is its first. */
static struct policy_read read_document(struct policy_reader *reader)
{
    const size_t first = reader->number;
    struct policy_framing framing = {0};
    buffer_reset(&reader->document);
    for (;;) {
        if (reader->line_is_cut) {
            return broken(reader, first, too_long);
        }
        if (first != reader->number && begins_object(reader->line) && is_request(reader->line)) {
            return broken(reader, first, cut_off);
        }
        const char *reason;
        enum policy_framing_code code = take_bytes(&framing, reader->line, &reason);
        if (reason != NULL) {
            return broken(reader, first, reason);
        }
        if (code == POLICY_FRAMING_COMPLETE && first == reader->number) {
            reader->by_line = true;
            return (struct policy_read){.code = POLICY_READ_DOCUMENT, .text = reader->line, .line = first};
        }
        if (code == POLICY_FRAMING_MORE && reader->by_line && first == reader->number && !is_brace(reader->line)) {
            return broken(reader, first, cut_off);
        }
        if (!buffer_append(&reader->document, reader->line.data, reader->line.len) ||
            !buffer_append(&reader->document, "\n", 1)) {
            bool full = reader->document.len + reader->line.len + 1 > reader->document.max;
            return full ? broken(reader, first, too_long) : (struct policy_read){.code = POLICY_READ_NO_MEMORY};
        }
        if (code == POLICY_FRAMING_COMPLETE) {
            return (struct policy_read){
                .code = POLICY_READ_DOCUMENT, .text = buffer_view(&reader->document), .line = first};
        }
        enum policy_read_code line = next_line(reader);
        if (line == POLICY_READ_END) {
            reader->line = view_of(NULL, 0);
            return broken(reader, first, cut_off);
        }
        if (line != POLICY_READ_DOCUMENT) {
            return (struct policy_read){.code = line};
        }
    }
}

struct policy_read policy_reader_next(struct policy_reader *reader)
{
    for (;;) {
        enum policy_read_code code = next_line(reader);
        if (code != POLICY_READ_DOCUMENT) {
            return (struct policy_read){.code = code};
        }
        skip_byte_order_mark(reader);
        if (reader->line_is_cut || begins_object(reader->line)) {
            reader->skipping = false;
        }
        if (!reader->skipping && (reader->line_is_cut || !is_blank(reader->line))) {
            return read_document(reader);
        }
    }
}
