/*
 * Runs a fuzz target over its corpus where there is no libFuzzer: each seed as it is, cut short at every length, and
 * with single bits flipped. Usage: fuzz_NAME FOLDER. Fails when the folder holds no seed: a replay of nothing proves
 * nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SEED_BYTES   ((size_t)1024 * 1024)
#define MAX_VARIANTS     2048                      /* of each kind and seed: long seeds are sampled, evenly */
#define MAX_VARIED_BYTES ((size_t)8 * 1024 * 1024) /* read by all variants of a kind: long seeds get fewer of them */

static size_t runs;

/* In memory of its exact size, so that a sanitizer sees a read past the end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL) {
        fputs("replay: out of memory\n", stderr);
        exit(2);
    }
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    runs++;
}

/* The distance between variants that keeps to both limits. */
static size_t stride(size_t variants, size_t size)
{
    size_t most = MAX_VARIED_BYTES / (size + 1);
    most = most > MAX_VARIANTS ? MAX_VARIANTS : most < 16 ? 16 : most;
    return variants / most + 1;
}

static void run_variants(uint8_t *data, size_t size)
{
    run(data, size);
    for (size_t len = 0; len < size; len += stride(size, size)) {
        run(data, len);
    }
    size_t bits = size * 8;
    size_t step = stride(bits, size);
    step += step % 8 == 0; /* not the same bit of every byte */
    for (size_t bit = 0; bit < bits; bit += step) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        run(data, size);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* Returns the number of bytes read into data, or exits: a seed that cannot be read is a broken test. */
static size_t read_seed(int folder, const char *name, uint8_t *data)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    size_t size = 0;
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0) {
        if (size == MAX_SEED_BYTES) {
            errno = EFBIG;
            got = -1;
            break;
        }
        got = read(fd, data + size, MAX_SEED_BYTES - size);
        size += got > 0 ? (size_t)got : 0;
    }
    if (got < 0) {
        fprintf(stderr, "replay: cannot read seed %s: %s\n", name, strerror(errno));
        exit(2);
    }
    close(fd);
    return size;
}

static int is_seed(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent **entries = NULL;
    int n = folder < 0 ? -1 : scandir(argv[1], &entries, is_seed, alphasort);
    uint8_t *data = malloc(MAX_SEED_BYTES);
    if (n <= 0 || data == NULL) {
        fprintf(stderr, "replay: no seeds in %s\n", argv[1]);
        free(entries);
        free(data);
        return 2;
    }
    for (int i = 0; i < n; i++) {
        run_variants(data, read_seed(folder, entries[i]->d_name, data));
        free(entries[i]);
    }
    free(entries);
    free(data);
    close(folder);
    printf("replay: %d seeds, %zu runs\n", n, runs);
    return 0;
}
