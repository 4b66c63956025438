/* Erasing and comparing secrets; see base/wipe.h. */
#include "base/wipe.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void secret_wipe(void *data, size_t len)
{
    if (len != 0) {
        explicit_bzero(data, len);
    }
}

bool secret_equal(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *left = a;
    const volatile uint8_t *right = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference = (uint8_t)(difference | (left[i] ^ right[i]));
    }
    return difference == 0;
}

void *wiping_malloc(size_t size)
{
    return malloc(size);
}

void wiping_free(void *old)
{
    if (old != NULL) {
        explicit_bzero(old, malloc_usable_size(old));
        free(old);
    }
}

/* Not realloc(3): that may move the block and leave the old copy behind. */
void *wiping_realloc(void *old, size_t size)
{
    if (old == NULL) {
        return wiping_malloc(size);
    }
    if (size == 0) {
        wiping_free(old);
        return NULL;
    }
    size_t usable = malloc_usable_size(old);
    if (size <= usable && size >= usable / 2) {
        return old;
    }
    void *moved = malloc(size);
    if (moved == NULL) {
        return NULL;
    }
    memcpy(moved, old, size < usable ? size : usable);
    wiping_free(old);
    return moved;
}
