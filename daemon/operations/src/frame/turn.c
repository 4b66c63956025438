/* Turns of changes; see turn.h. */
#include "turn.h"

#include "registry/registry.h"

#include <assert.h>
#include <string.h>

static_assert(OPERATION_TURN_SUBJECT_BYTES >= KEY_ID_BYTES && OPERATION_TURN_SUBJECT_BYTES >= PRINCIPAL_ID_BYTES,
              "there is room for either id");

static struct view subject_of(const struct operation_turn *turn)
{
    return view_of(turn->subject, turn->subject_len);
}

/* The one of the subject that is at the registry, or of those that wait the one that has waited longest; NULL: none. */
static struct operation_turn *find(const struct operation_turns *turns, struct view subject, bool writing)
{
    struct operation_turn *found = NULL;
    struct operation_turn *turn;
    LIST_FOREACH(turn, &turns->list, entry)
    {
        if (turn->writing == writing && view_equal(subject_of(turn), subject)) {
            found = turn; /* the newest is the first of the list */
        }
    }
    return found;
}

static bool is_busy(const struct operation_turns *turns, struct view subject)
{
    return find(turns, subject, true) != NULL || find(turns, subject, false) != NULL;
}

static void enter(struct operation_turns *turns, struct operation_turn *turn, struct view subject)
{
    turn->turns = turns;
    memcpy(turn->subject, subject.data, subject.len);
    turn->subject_len = subject.len;
    LIST_INSERT_HEAD(&turns->list, turn, entry);
    turns->n++;
}

static void leave(struct operation_turn *turn)
{
    LIST_REMOVE(turn, entry);
    turn->turns->n--;
    turn->called = true;
}

bool operation_turn_come(struct operation_turns *turns, struct operation_turn *turn, struct operation *operation,
                         struct view subject, operation_run_fn again)
{
    bool called = turn->called && view_equal(subject_of(turn), subject);
    turn->called = false;
    if (called || !is_busy(turns, subject)) {
        return true;
    }
    if (turns->n >= REGISTRY_MAX_WAITING) {
        operation_fail_with(operation, operation_failure_of_registry(REGISTRY_LIMIT), NULL);
        return false;
    }
    turn->operation = operation;
    turn->again = again;
    turn->writing = false;
    enter(turns, turn, subject);
    return false;
}

void operation_turn_begin(struct operation_turns *turns, struct operation_turn *turn, struct operation *operation,
                          struct view subject)
{
    assert(find(turns, subject, true) == NULL);
    turn->operation = operation;
    turn->writing = true;
    enter(turns, turn, subject);
}

void operation_turn_end(struct operation_turn *turn, operation_written_fn go_on, struct registry_result result)
{
    const struct operation_turn ended = *turn; /* which may be gone with its operation when go_on returns */
    leave(turn);
    go_on(ended.operation, result);
    while (find(ended.turns, subject_of(&ended), true) == NULL) {
        struct operation_turn *next = find(ended.turns, subject_of(&ended), false);
        if (next == NULL) {
            return;
        }
        leave(next);
        next->again(next->operation);
    }
}
