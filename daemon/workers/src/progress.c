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

/* The job that the page names, if it is that one or one behind it; otherwise that one. */
static struct workers_job *named_from(const struct workers_worker *worker, struct workers_job *from)
{
    uint64_t id =
        worker->progress == NULL ? 0 : atomic_load_explicit(&worker->progress->request_id, memory_order_acquire);
    for (struct workers_job *job = from; job != NULL; job = TAILQ_NEXT(job, link)) {
        if (job->id == id) {
            return job;
        }
    }
    return from;
}

struct workers_job *workers_progress_job(const struct workers_worker *worker)
{
    return named_from(worker, TAILQ_FIRST(&worker->in_flight));
}

uint32_t workers_progress_waited_ms(const struct workers_worker *worker)
{
    return worker->progress == NULL ? 0 : atomic_load_explicit(&worker->progress->waited_ms, memory_order_acquire);
}

void workers_progress_look(struct workers_worker *worker)
{
    struct workers_job *at = named_from(worker, worker->at != NULL ? worker->at : TAILQ_FIRST(&worker->in_flight));
    if (at != worker->at) {
        worker->at = at;
        worker->at_since_ms = workers_now_ms();
    }
}
