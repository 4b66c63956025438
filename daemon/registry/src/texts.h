/* Texts that many grants share: ARNs, accounts. Each is there once, with a count of its uses. */
#pragma once

#include "base/map.h"
#include "grant_list.h"

struct texts {
    struct map map; /* text → struct shared_text, owned by their users together */
};

struct shared_text {
    struct texts *texts;
    size_t uses;
    struct grant_list retirable; /* the grants that the principal of this name may retire, by id */
    size_t n_gone;               /* of those, while a key goes with its grants */
    size_t len;
    char text[];
};

void texts_init(struct texts *texts);

/* Every use was dropped before. */
void texts_clear(struct texts *texts);

/* A use of text, dropped with shared_text_drop. NULL without memory. */
REWRAP_MUST_USE struct shared_text *texts_share(struct texts *texts, struct view text);

/* NULL when nobody uses it. */
struct shared_text *texts_find(const struct texts *texts, struct view text);

/* Frees it with its last use. */
void shared_text_drop(struct shared_text *shared);

/* The shared text whose bytes a view is. */
static inline struct shared_text *shared_text_of(struct view text)
{
    return (struct shared_text *)(uintptr_t)(text.data - offsetof(struct shared_text, text));
}
