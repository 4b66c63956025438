/* SQLite's own files that fail to order; see failing_files.h. */
#include "failing_files.h"

#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include <cmocka.h>

#define PAGE_LEAST_BYTES 512 /* headers of the log and of its frames are shorter */

struct orders *orders;

/* The methods of a kind of file, SQLite's and ours in their place. */
struct kind {
    int flag;
    const sqlite3_io_methods *real;
    sqlite3_io_methods ours;
};

static struct kind kinds[] = {{.flag = SQLITE_OPEN_WAL}, {.flag = SQLITE_OPEN_MAIN_DB}};
#define LOG (&kinds[0])

static bool wrote_page;
static sqlite3_vfs vfs;
static int (*real_open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);

static const struct kind *kind_of(const sqlite3_file *file)
{
    return file->pMethods == &LOG->ours ? LOG : LOG + 1;
}

static int take(int *order)
{
    int code = *order;
    *order = SQLITE_OK;
    return code;
}

/* True at the call that the countdown ends with. */
static bool counts_down(int *count)
{
    return *count != 0 && --*count == 0;
}

/* A new log has its header synced first: only a sync that follows a page is a commit's. */
static int on_sync(sqlite3_file *file, int flags)
{
    const struct kind *kind = kind_of(file);
    int code = kind->real->xSync(file, flags);
    return code == SQLITE_OK && kind == LOG && wrote_page ? take(&orders->after_sync) : code;
}

static int on_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    const struct kind *kind = kind_of(file);
    if (counts_down(&orders->kill_at)) {
        raise(SIGKILL);
    }
    if (counts_down(&orders->fail_at)) {
        return SQLITE_FULL;
    }
    int code = kind == LOG ? take(&orders->before_write) : SQLITE_OK;
    wrote_page = kind == LOG && len >= PAGE_LEAST_BYTES;
    return code == SQLITE_OK ? kind->real->xWrite(file, data, len, at) : code;
}

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    int code = real_open(self, name, file, flags, ret_flags);
    for (size_t i = 0; code == SQLITE_OK && i < sizeof kinds / sizeof kinds[0]; i++) {
        if ((flags & kinds[i].flag) != 0) {
            kinds[i].real = file->pMethods;
            kinds[i].ours = *kinds[i].real;
            kinds[i].ours.xSync = on_sync;
            kinds[i].ours.xWrite = on_write;
            file->pMethods = &kinds[i].ours;
        }
    }
    return code;
}

int failing_files_register(void **state)
{
    (void)state;
    orders = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(orders, MAP_FAILED);
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    assert_non_null(real);
    vfs = *real;
    real_open = real->xOpen;
    vfs.zName = "failing-files";
    vfs.xOpen = open_file;
    return sqlite3_vfs_register(&vfs, 1);
}

int failing_files_unregister(void **state)
{
    (void)state;
    assert_int_equal(sqlite3_vfs_unregister(&vfs), SQLITE_OK);
    return munmap(orders, sizeof *orders);
}
