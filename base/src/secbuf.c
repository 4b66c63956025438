/* Locked memory for secrets; see base/secbuf.h. */
#include "base/secbuf.h"

#include "base/wipe.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct secbuf *secbuf_new(size_t size)
{
    if (size == 0 || size > SECBUF_MAX_BYTES) {
        return NULL;
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t mapped = (size + page - 1) / page * page;
    struct secbuf *secret = calloc(1, sizeof *secret);
    if (secret == NULL) {
        return NULL;
    }
    void *pages = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        free(secret);
        return NULL;
    }
    if (mlock(pages, mapped) != 0 || madvise(pages, mapped, MADV_DONTDUMP) != 0) {
        munmap(pages, mapped);
        free(secret);
        return NULL;
    }
    *secret = (struct secbuf){.data = pages, .size = size, .mapped = mapped};
    return secret;
}

void secbuf_free(struct secbuf *secret)
{
    if (secret == NULL) {
        return;
    }
    secret_wipe(secret->data, secret->mapped);
    munmap(secret->data, secret->mapped);
    free(secret);
}
