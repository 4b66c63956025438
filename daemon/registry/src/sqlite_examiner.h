/* The examination of the whole file, which takes seconds for a large one, in a process of its own beside the loading.
 */
#pragma once

#include "sqlite_process.h"
#include "wire.h"

#include <sqlite3.h>

#define SQLITE_EXAMINER_VERDICT_MAX_BYTES 512 /* a frame with a result (wire.h): a longer one would never be sent */
_Static_assert(WIRE_LENGTH_BYTES + WIRE_HEADER_BYTES + 1 + 2 + sizeof((struct registry_result){0}.detail) <=
                   SQLITE_EXAMINER_VERDICT_MAX_BYTES,
               "a verdict has a code, and a text with two bytes of length before it");

/* Holds what has arrived: do not copy once it was started. */
struct sqlite_examiner {
    struct sqlite_process process;
    uint8_t in[SQLITE_EXAMINER_VERDICT_MAX_BYTES];
    size_t in_len;
    bool heard;
    struct registry_result verdict; /* once it was heard */
};

/*
 * Starts the examination (sqlite_database_examine) of the database at path, which must be of today's schema, and must
 * not be open in this process. Others may read it meanwhile. On failure *ret is untouched.
 */
REWRAP_MUST_USE struct registry_result sqlite_examiner_start(const char *path, struct sqlite_examiner *ret);

/*
 * Has whatever reads from db fail soon after damage was found: pages that point to each other may have more rows than
 * anyone can read. The examiner must outlive db.
 */
void sqlite_examiner_guard(struct sqlite_examiner *examiner, sqlite3 *db);

/* Waits for the verdict, and ends the process. REGISTRY_STORE when the file is damaged, or when there is no verdict;
 * REGISTRY_NO_MEMORY when the examination had none. Blocks for as long as the disk needs. */
REWRAP_MUST_USE struct registry_result sqlite_examiner_finish(struct sqlite_examiner *examiner);
