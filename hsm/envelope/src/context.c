/* The canonical form of an encryption context; see envelope/context.h and docs/ciphertext.md. */
#include "envelope/context.h"

#include <stdlib.h>

/* By bytes, a prefix before what it begins: for UTF-8 that is the order of code points (KMS.md R-46). */
static int compare_keys(const void *a, const void *b)
{
    struct view left = (*(const struct context_pair *const *)a)->key;
    struct view right = (*(const struct context_pair *const *)b)->key;
    size_t shorter = left.len < right.len ? left.len : right.len;
    int order = shorter == 0 ? 0 : memcmp(left.data, right.data, shorter);
    if (order != 0) {
        return order;
    }
    return (left.len > right.len) - (left.len < right.len);
}

static bool fits(const struct context_pair *pairs, size_t n_pairs)
{
    if (n_pairs > CONTEXT_MAX_PAIRS) {
        return false;
    }
    size_t room = CONTEXT_MAX_BYTES;
    for (size_t i = 0; i < n_pairs; i++) {
        if (pairs[i].key.len > room || pairs[i].value.len > room - pairs[i].key.len) {
            return false;
        }
        room -= pairs[i].key.len + pairs[i].value.len;
    }
    return true;
}

static bool append_text(struct buffer *out, struct view text)
{
    return buffer_append_u32(out, (uint32_t)text.len) && buffer_append(out, text.data, text.len);
}

/* The lengths passed fits(), so that nothing here is cut by its 4 bytes. */
static bool append_all(const struct context_pair *const *sorted, size_t n_pairs, struct buffer *out)
{
    if (!buffer_append_u8(out, CONTEXT_VERSION) || !buffer_append_u32(out, (uint32_t)n_pairs)) {
        return false;
    }
    for (size_t i = 0; i < n_pairs; i++) {
        if (!append_text(out, sorted[i]->key) || !append_text(out, sorted[i]->value)) {
            return false;
        }
    }
    return true;
}

static enum context_code append_sorted(const struct context_pair **sorted, size_t n_pairs, struct buffer *out)
{
    qsort(sorted, n_pairs, sizeof *sorted, compare_keys);
    for (size_t i = 1; i < n_pairs; i++) {
        if (view_equal(sorted[i - 1]->key, sorted[i]->key)) {
            return CONTEXT_DUPLICATE;
        }
    }
    size_t before = out->len;
    if (!append_all(sorted, n_pairs, out)) {
        out->len = before;
        return CONTEXT_NO_MEMORY;
    }
    return CONTEXT_OK;
}

enum context_code context_canonical(const struct context_pair *pairs, size_t n_pairs, struct buffer *out)
{
    if (!fits(pairs, n_pairs)) {
        return CONTEXT_TOO_LARGE;
    }
    /* One more than needed, since calloc(0) may be NULL. */
    const struct context_pair **sorted = calloc(n_pairs + 1, sizeof *sorted);
    if (sorted == NULL) {
        return CONTEXT_NO_MEMORY;
    }
    for (size_t i = 0; i < n_pairs; i++) {
        sorted[i] = &pairs[i];
    }
    enum context_code code = append_sorted(sorted, n_pairs, out);
    free(sorted);
    return code;
}
