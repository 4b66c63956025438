/*
 * Turns: one change of a thing, a key or a user or role, is at the registry at a time. Those that come meanwhile wait,
 * in the order in which they came, and then decide on what the one before left: whether there is anything to do, too. A
 * turn is part of its operation's state, zeroes at first: it costs no memory of its own.
 */
#pragma once

#include "operation.h"

#include <sys/queue.h>

#define OPERATION_TURN_SUBJECT_BYTES 24 /* of the id of a key, or the unique id of a user or role */

struct operation_turn {
    LIST_ENTRY(operation_turn) entry; /* all of this while it writes or waits */
    struct operation_turns *turns;
    struct operation *operation;
    operation_run_fn again;
    uint8_t subject[OPERATION_TURN_SUBJECT_BYTES];
    size_t subject_len;
    bool writing; /* at the registry; otherwise it waits for the one of its subject that is */
    bool called;  /* it has waited, or written in vain, and is to go on before those that wait */
};

/* Of all keys, or of all users and roles; zeroes are an empty one. */
struct operation_turns {
    LIST_HEAD(, operation_turn) list;
    size_t n;
};

/*
 * True when it is the operation's turn: it decides now, and writes (operation_turn_begin) or not before the event loop
 * turns. False when it waits: `again` is called when those before it have ended; or when it was answered, since too
 * many are under way.
 */
REWRAP_MUST_USE bool operation_turn_come(struct operation_turns *turns, struct operation_turn *turn,
                                         struct operation *operation, struct view subject, operation_run_fn again);

/* It writes now, and operation_turn_end follows. */
void operation_turn_begin(struct operation_turns *turns, struct operation_turn *turn, struct operation *operation,
                          struct view subject);

/* The registry has answered: ends the turn, lets the operation go on with the result, then those that have waited. */
typedef void (*operation_written_fn)(struct operation *operation, struct registry_result result);
void operation_turn_end(struct operation_turn *turn, operation_written_fn go_on, struct registry_result result);
