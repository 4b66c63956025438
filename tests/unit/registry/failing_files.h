/* SQLite's own files, of which a write or a sync can be made to fail, or to kill the process. */
#pragma once

/* Shared with every process forked from this one; each order is used up by the first call that it is for. */
struct orders {
    int after_sync;   /* the log was synced after a page was written into it, and this is answered */
    int before_write; /* nothing is written into the log, and this is answered */
    int kill_at;      /* the process dies before so manieth write, of the log or the database; 0: it does not */
    int fail_at;      /* that one is not made, and SQLITE_FULL is answered; 0: none */
};

extern struct orders *orders;

/* For cmocka's groups. */
int failing_files_register(void **state);
int failing_files_unregister(void **state);
