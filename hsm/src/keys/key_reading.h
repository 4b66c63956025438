/* Reading wrapping keys from the token into a table: finding the objects, verifying them, counting them by key. */
#pragma once

#include "hsm/result.h"
#include "key_table.h"

struct key_reading {
    struct hsm_token *token;
    size_t max_objects;      /* of ours */
    struct key_table *table; /* is filled; on failure it has a part, and is to be cleared */
    /*
     * Objects that passed at an earlier look. Looking at them again would be most of the work, with nothing to find: an
     * object that passes is not CKA_MODIFIABLE, and its handle stands for it while it exists. (Should a token give the
     * handle of a destroyed one to another at once, then keys_find would not know it either.)
     */
    const struct key_index *passed;
    bool alone; /* one key is looked for: what cannot be read is an error */
};

/* Every key of ours. HSM_LIMIT beyond table->max keys, or with far more objects of others. Blocks as the token does. */
REWRAP_MUST_USE struct hsm_result key_reading_all(const struct key_reading *reading);

/* The objects of a class that bear this id, all of which are looked at: passed is not used. */
REWRAP_MUST_USE struct hsm_result key_reading_class(const struct key_reading *reading, const struct key_class *class,
                                                    const uint8_t id[MATERIAL_ID_BYTES]);

/* Why key_table_add has failed. */
struct hsm_result key_reading_no_room(const struct key_table *table);
