/* The page in which a worker says what it is at; see proto/progress.h. */
#include "internal.h"

#include "proto/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

int workers_progress_new(struct progress **ret_page, int *ret_fd)
{
    int fd = memfd_create("rewrapd-progress", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return errno;
    }
    void *page = MAP_FAILED;
    if (ftruncate(fd, PROGRESS_PAGE_BYTES) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0) {
        page = mmap(NULL, PROGRESS_PAGE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
    }
    if (page == MAP_FAILED) {
        int error = errno;
        close(fd);
        return error;
    }
    *ret_page = page;
    *ret_fd = fd;
    return 0;
}

void workers_progress_free(struct progress *page)
{
    if (page != NULL) {
        munmap(page, PROGRESS_PAGE_BYTES);
    }
}

/* The job the worker was at: the one it named, if it has it; otherwise the oldest. NULL without any. */
struct workers_job *workers_progress_job(const struct workers_worker *worker)
{
    uint64_t id =
        worker->progress == NULL ? 0 : atomic_load_explicit(&worker->progress->request_id, memory_order_acquire);
    struct workers_job *job;
    TAILQ_FOREACH(job, &worker->in_flight, link)
    {
        if (job->id == id) {
            return job;
        }
    }
    return TAILQ_FIRST(&worker->in_flight);
}
