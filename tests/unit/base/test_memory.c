/* base/secbuf.h and base/wipe.h: secrets are locked, left out of dumps and erased. */
#include "base/secbuf.h"
#include "base/wipe.h"
#include "heap_witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
#define MLOCK_IS_REAL 0 /* ASan makes mlock(2) do nothing */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MLOCK_IS_REAL 0
#endif
#endif
#ifndef MLOCK_IS_REAL
#define MLOCK_IS_REAL 1
#endif

/* Whether the mapping that holds address has this flag in /proc/self/smaps (proc(5)). */
static bool mapping_has_flag(const void *address, const char *flag)
{
    FILE *maps = fopen("/proc/self/smaps", "re");
    assert_non_null(maps);
    char line[4096];
    bool inside = false;
    bool found = false;
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from;
        unsigned long to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
            inside = (uintptr_t)address >= from && (uintptr_t)address < to;
        } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            found = strstr(line, flag) != NULL;
        }
    }
    fclose(maps);
    return found;
}

static void test_secbuf_is_locked_and_not_dumped(void **state)
{
    (void)state;
    struct secbuf *secret = secbuf_new(32);
    assert_non_null(secret);
    assert_int_equal(secret->size, 32);
    static const uint8_t zeros[32];
    assert_memory_equal(secret->data, zeros, sizeof zeros);
    memset(secret->data, 0xa5, secret->size);
    assert_true(mapping_has_flag(secret->data, " dd"));
    if (MLOCK_IS_REAL) {
        assert_true(mapping_has_flag(secret->data, " lo"));
    }
    secbuf_free(secret);
}

static void test_secbuf_limits(void **state)
{
    (void)state;
    assert_null(secbuf_new(0));
    assert_null(secbuf_new(SECBUF_MAX_BYTES + 1));
    assert_null(secbuf_new(SIZE_MAX));
    secbuf_free(NULL);
    long before = heap_balance();
    heap_fail_at(1);
    assert_null(secbuf_new(1));
    heap_fail_at(0);
    struct secbuf *secret = secbuf_new(1);
    assert_non_null(secret);
    secret->data[0] = 1;
    secbuf_free(secret);
    assert_int_equal(heap_balance(), before);
}

/* In a process of its own: neither the limit nor the lost privilege can be taken back. */
static void test_secbuf_refuses_unlocked_memory(void **state)
{
    (void)state;
    if (!MLOCK_IS_REAL) {
        skip();
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit none = {0, 0};
        bool ready = setrlimit(RLIMIT_MEMLOCK, &none) == 0 && (geteuid() != 0 || setuid(65534) == 0);
        _exit(!ready ? 2 : secbuf_new(32) == NULL ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_wipe(void **state)
{
    (void)state;
    char secret[] = "a PIN";
    secret_wipe(secret, 3);
    assert_memory_equal(secret, "\0\0\0IN", 6);
    secret_wipe(NULL, 0);
}

static void test_equal(void **state)
{
    (void)state;
    uint8_t a[64];
    uint8_t b[64];
    memset(a, 7, sizeof a);
    memcpy(b, a, sizeof b);
    assert_true(secret_equal(a, b, sizeof a));
    assert_true(secret_equal(a, b, 0));
    for (unsigned bit = 0; bit < 8 * sizeof b; bit++) {
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(secret_equal(a, b, sizeof a));
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void test_wiping_allocator_erases(void **state)
{
    (void)state;
    long before = heap_balance();
    heap_watch_frees();
    char *text = wiping_malloc(100);
    assert_non_null(text);
    memset(text, 'x', 100);
    text = wiping_realloc(text, 5000);
    assert_non_null(text);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(text[i], 'x');
    }
    memset(text, 'y', 5000);
    text = wiping_realloc(text, 10); /* much smaller: moved, so that the rest does not stay behind */
    assert_non_null(text);
    assert_memory_equal(text, "yyyyyyyyyy", 10);
    assert_null(wiping_realloc(text, 0));
    text = wiping_realloc(NULL, 10);
    assert_non_null(text);
    memset(text, 'z', 10);
    wiping_free(text);
    wiping_free(NULL);
    assert_true(heap_frees_were_clean());
    assert_int_equal(heap_balance(), before);
}

static void test_wiping_realloc_without_memory(void **state)
{
    (void)state;
    char *text = wiping_malloc(16);
    assert_non_null(text);
    memcpy(text, "kept as it was.", 16);
    heap_fail_at(1);
    assert_null(wiping_realloc(text, 100000));
    assert_true(heap_failed());
    heap_fail_at(0);
    assert_string_equal(text, "kept as it was.");
    wiping_free(text);
}

/* The witness itself: a block freed with something in it is noticed. */
static void test_witness_sees_a_dirty_free(void **state)
{
    (void)state;
    heap_watch_frees();
    char *text = wiping_malloc(10);
    assert_non_null(text);
    memset(text, 'x', 10);
    __asm__ volatile("" : : "r"(text) : "memory"); /* or the optimiser leaves out what nobody reads */
    free(text);
    assert_false(heap_frees_were_clean());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secbuf_is_locked_and_not_dumped),
        cmocka_unit_test(test_secbuf_limits),
        cmocka_unit_test(test_secbuf_refuses_unlocked_memory),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_wiping_allocator_erases),
        cmocka_unit_test(test_wiping_realloc_without_memory),
        cmocka_unit_test(test_witness_sees_a_dirty_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
