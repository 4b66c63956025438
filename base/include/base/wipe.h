/* Erasing and comparing secrets. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Overwrites len bytes; the compiler cannot leave it out. NULL with len 0 is allowed. */
void secret_wipe(void *data, size_t len);

/* Compares in time that depends on len only. */
bool secret_equal(const void *a, const void *b, size_t len);

/*
 * malloc, calloc, realloc and free with the difference that every byte is erased before it goes back to the heap.
 * Given to the libraries that take an allocator (libevent, jansson, protobuf-c), so that a plaintext which passed
 * through one of their buffers does not stay behind. They fail as their libc namesakes do.
 */
void *wiping_malloc(size_t size);
void *wiping_realloc(void *old, size_t size);
void wiping_free(void *old);
