/* The rules of tags; see tag_rules.h. */
#include "tag_rules.h"

#include <string.h>
#include <strings.h>

bool operation_tag_key_check(struct operation *operation, const char *key, const char *allowed)
{
    if (strncasecmp(key, "aws:", 4) == 0) {
        operation_fail(operation, OPERATION_TAG, "Tags beginning with aws: are reserved");
        return false;
    }
    if (strncasecmp(key, "rewrapd:", 8) != 0 || (allowed != NULL && strcmp(key, allowed) == 0)) {
        return true;
    }
    /* A slip in such a tag's name must not make a key of another kind than was meant. */
    if (allowed != NULL) {
        operation_fail(operation, OPERATION_TAG,
                       "Tags beginning with rewrapd: are reserved; the only one that %s takes is %s",
                       operation->kind->name, allowed);
    } else {
        operation_fail(operation, OPERATION_TAG, "Tags beginning with rewrapd: are reserved");
    }
    return false;
}

void operation_tags_refuse_too_many(struct operation *operation)
{
    operation_fail(operation, OPERATION_TAG, "Too many tags");
}

static bool is_repeated(Rewrap__Tag *const *tags, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(tags[i]->tag_key, tags[index]->tag_key) == 0) {
            return true;
        }
    }
    return false;
}

bool operation_tags_check(struct operation *operation, Rewrap__Tag *const *tags, size_t n, const char *allowed)
{
    if (n > OPERATION_TAGS_MAX) {
        operation_tags_refuse_too_many(operation);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!operation_tag_key_check(operation, tags[i]->tag_key, allowed)) {
            return false;
        }
        if (is_repeated(tags, i)) {
            operation_fail(operation, OPERATION_TAG, "Duplicate tag keys");
            return false;
        }
    }
    return true;
}
