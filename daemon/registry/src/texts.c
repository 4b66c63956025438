/* Texts that many grants share; see texts.h. */
#include "texts.h"

#include <stdlib.h>

void texts_init(struct texts *texts)
{
    map_init(&texts->map);
}

void texts_clear(struct texts *texts)
{
    map_clear(&texts->map);
}

struct shared_text *texts_find(const struct texts *texts, struct view text)
{
    return map_find(&texts->map, text);
}

struct shared_text *texts_share(struct texts *texts, struct view text)
{
    struct shared_text *shared = texts_find(texts, text);
    if (shared != NULL) {
        shared->uses++;
        return shared;
    }
    shared = malloc(sizeof *shared + text.len);
    if (shared == NULL) {
        return NULL;
    }
    *shared = (struct shared_text){.texts = texts, .uses = 1, .len = text.len};
    memcpy(shared->text, text.data, text.len);
    if (map_add(&texts->map, view_of(shared->text, shared->len), shared) != MAP_ADDED) {
        free(shared);
        return NULL;
    }
    return shared;
}

void shared_text_drop(struct shared_text *shared)
{
    if (--shared->uses != 0) {
        return;
    }
    map_remove(&shared->texts->map, view_of(shared->text, shared->len));
    grant_list_clear(&shared->retirable);
    free(shared);
}
