/* malloc, calloc and free under a test's eyes; see heap_witness.h. Linked with --wrap. */
#include "heap_witness.h"

#include <malloc.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void __wrap_free(void *memory);

static size_t until_failure;
static bool failed;
static long balance;
static bool watching;
static bool clean;

void heap_fail_at(size_t n)
{
    until_failure = n;
    failed = false;
}

bool heap_failed(void)
{
    return failed;
}

long heap_balance(void)
{
    return balance;
}

void heap_watch_frees(void)
{
    watching = true;
    clean = true;
}

bool heap_frees_were_clean(void)
{
    watching = false;
    return clean;
}

static bool fails_now(void)
{
    if (until_failure == 0 || --until_failure > 0) {
        return false;
    }
    failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    void *memory = fails_now() ? NULL : __real_malloc(size);
    balance += memory != NULL;
    return memory;
}

void *__wrap_calloc(size_t n, size_t size)
{
    void *memory = fails_now() ? NULL : __real_calloc(n, size);
    balance += memory != NULL;
    return memory;
}

void __wrap_free(void *memory)
{
    if (memory != NULL) {
        balance--;
        const unsigned char *bytes = memory;
        for (size_t i = 0; watching && i < malloc_usable_size(memory); i++) {
            clean = clean && bytes[i] == 0;
        }
    }
    __real_free(memory);
}
