/*
 * The sweep: goes through the keys that are due and the retired materials in portions, and starts what time has made
 * due. Keys at the end of their waiting period are removed, the objects of removed keys taken off their tokens, keys
 * rotated. All of it follows from the registry, so a restart only begins the walk again; what is remembered here is how
 * long something that failed is left alone. See docs/operations.md.
 */
#include "sweep.h"

#include "access/arn_text.h"
#include "frame/start.h"
#include "rotate.h"
#include "token/object.h"

#include "base/hex.h"
#include "registry/due.h"

#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define PORTION       256 /* entries that one call looks at: well under a millisecond */
#define MAX_UNDER_WAY 16  /* on the disk and at the tokens, beside the requests of callers */

#define KEPT_PAUSE_MS     INT64_C(3600000) /* the token leaves an object to the custodian, who may take days */
#define DESTROY_PAUSE_MS  INT64_C(60000)
#define REMOVE_PAUSE_MS   INT64_C(60000)
#define ROTATION_PAUSE_MS INT64_C(300000)

/* A material that was tried: of a key its current one, or a retired one. There are never more than materials. */
struct note {
    uint8_t material_id[MATERIAL_ID_BYTES]; /* first: what the tree compares */
    int64_t noted_ms;
    int64_t pause_ms;
    bool under_way;
    bool kept; /* by its token, which was logged */
};

struct task {
    LIST_ENTRY(task) entry;
    struct operation_sweep *sweep;
    struct note *note;
    char subject[OPERATION_ARN_KEY_BYTES]; /* of the log */
    char token[128 + 1];
};

struct operation_sweep {
    struct operations *operations;
    bool at_key, at_retired; /* the cursors say where to go on; else from the beginning */
    struct registry_due due;
    uint8_t material_id[MATERIAL_ID_BYTES];
    void *notes; /* a tree of tsearch(3) */
    LIST_HEAD(, task) tasks;
    size_t n_tasks;
};

/* ------------------------------------------------------------------ notes */

static int compare_notes(const void *a, const void *b)
{
    return memcmp(a, b, MATERIAL_ID_BYTES);
}

static struct note *note_find(const struct operation_sweep *sweep, const uint8_t material_id[MATERIAL_ID_BYTES])
{
    struct note *const *found = tfind(material_id, &sweep->notes, compare_notes);
    return found == NULL ? NULL : *found;
}

static struct note *note_get(struct operation_sweep *sweep, const uint8_t material_id[MATERIAL_ID_BYTES])
{
    struct note *note = note_find(sweep, material_id);
    if (note != NULL) {
        return note;
    }
    note = calloc(1, sizeof *note);
    if (note == NULL) {
        return NULL;
    }
    memcpy(note->material_id, material_id, MATERIAL_ID_BYTES);
    if (tsearch(note, &sweep->notes, compare_notes) == NULL) {
        free(note);
        return NULL;
    }
    return note;
}

static void note_remove(struct operation_sweep *sweep, struct note *note)
{
    tdelete(note, &sweep->notes, compare_notes);
    free(note);
}

static int64_t now_ms(const struct operation_sweep *sweep)
{
    return sweep->operations->clock(sweep->operations->clock_arg);
}

/* A clock that was set back does not prolong a pause. */
static bool may_try(const struct operation_sweep *sweep, const uint8_t material_id[MATERIAL_ID_BYTES])
{
    const struct note *note = note_find(sweep, material_id);
    if (note == NULL) {
        return true;
    }
    int64_t since_ms = now_ms(sweep) - note->noted_ms;
    return !note->under_way && (since_ms < 0 || since_ms >= note->pause_ms);
}

/* ------------------------------------------------------------------ tasks */

static struct task *task_new(struct operation_sweep *sweep, const uint8_t material_id[MATERIAL_ID_BYTES],
                             const char *token)
{
    struct note *note = note_get(sweep, material_id);
    struct task *task = note == NULL ? NULL : calloc(1, sizeof *task);
    if (task == NULL) {
        return NULL; /* without memory: the next walk comes by */
    }
    task->sweep = sweep;
    task->note = note;
    snprintf(task->token, sizeof task->token, "%s", token);
    note->under_way = true;
    LIST_INSERT_HEAD(&sweep->tasks, task, entry);
    sweep->n_tasks++;
    return task;
}

static void task_free(struct task *task)
{
    task->sweep->n_tasks--;
    LIST_REMOVE(task, entry);
    free(task);
}

static void task_succeeded(struct task *task)
{
    note_remove(task->sweep, task->note);
    task_free(task);
}

static void task_failed(struct task *task, int64_t pause_ms)
{
    task->note->under_way = false;
    task->note->noted_ms = now_ms(task->sweep);
    task->note->pause_ms = pause_ms;
    task_free(task);
}

REWRAP_PRINTF(3, 4) static void say(const struct task *task, int priority, const char *format, ...)
{
    const struct operations *operations = task->sweep->operations;
    if (operations->log == NULL) {
        return;
    }
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    operations->log(operations->log_arg, priority, line);
}

/* ------------------------------------------------------------------ keys whose waiting period has ended */

static void on_key_removed(void *arg, struct registry_result result)
{
    struct task *task = arg;
    switch (result.code) {
    case REGISTRY_OK:
        say(task, LOG_NOTICE, "key %s: deleted at the end of its waiting period; its objects on token %s go next",
            task->subject, task->token);
        task_succeeded(task);
        return;
    case REGISTRY_CONFLICT:  /* cancelled at the last moment, by the clock of that moment */
    case REGISTRY_NOT_FOUND: /* a new alias of its alias' name took it away */
        task_succeeded(task);
        return;
    case REGISTRY_LIMIT:
    case REGISTRY_STORE:
    case REGISTRY_NO_MEMORY:
    case REGISTRY_EXISTS:
    default:
        say(task, LOG_ERR, "key %s: its waiting period has ended, and it cannot be removed: %s; again in a minute",
            task->subject, result.detail);
        task_failed(task, REMOVE_PAUSE_MS);
        return;
    }
}

static void name_key(const struct operation_sweep *sweep, const struct registry_key *key, struct task *task)
{
    operation_arn_of_key(sweep->operations, key->account, key->key_id_text, task->subject);
}

static void remove_key(struct operation_sweep *sweep, const struct registry_key *key, struct task *task)
{
    name_key(sweep, key, task);
    registry_key_remove(sweep->operations->registry, key->key_id, key->revision, now_ms(sweep), on_key_removed, task);
}

/* ------------------------------------------------------------------ rotations that are due */

static void on_rotated(void *arg, const struct operation_error *error, struct view body)
{
    struct task *task = arg;
    (void)body;
    if (error == NULL) {
        task_succeeded(task);
        return;
    }
    say(task, LOG_WARNING, "key %s: its automatic rotation is due, and failed: %s%s%s; again in five minutes",
        task->subject, error->code, error->message == NULL ? "" : ": ", error->message == NULL ? "" : error->message);
    task_failed(task, ROTATION_PAUSE_MS);
}

static void rotate_key(struct operation_sweep *sweep, const struct registry_key *key, struct task *task)
{
    name_key(sweep, key, task);
    if (!operation_rotate_automatically(sweep->operations, key->key_id, on_rotated, task)) {
        task_failed(task, ROTATION_PAUSE_MS);
    }
}

/* ------------------------------------------------------------------ objects of deleted keys */

static void on_record_removed(void *arg, struct registry_result result)
{
    struct task *task = arg;
    if (result.code == REGISTRY_OK || result.code == REGISTRY_NOT_FOUND) {
        task_succeeded(task);
    } else { /* to be asked again for an object that is gone does no harm */
        task_failed(task, DESTROY_PAUSE_MS);
    }
}

static void on_destroyed(void *arg, enum workers_status status, const Hsm__Response *response)
{
    struct task *task = arg;
    bool answered = status == WORKERS_ANSWERED && response->has_status;
    if (answered && response->status == HSM__STATUS__STATUS_OK) {
        say(task, LOG_NOTICE, "token %s: the object of material %s, whose key was deleted, is destroyed", task->token,
            task->subject);
        registry_retired_remove(task->sweep->operations->registry, task->note->material_id, on_record_removed, task);
        return;
    }
    if (answered && response->status == HSM__STATUS__STATUS_KEY_KEPT) {
        if (!task->note->kept) {
            say(task, LOG_WARNING,
                "token %s: the object of material %s, whose key was deleted, can be destroyed by the custodian only; "
                "the key is dead to the service",
                task->token, task->subject);
        }
        task->note->kept = true;
        task_failed(task, KEPT_PAUSE_MS);
        return;
    }
    task_failed(task, DESTROY_PAUSE_MS); /* the token is down, or busy: which the workers have logged */
}

static void destroy_object(struct operation_sweep *sweep, const struct registry_retired *retired, struct task *task)
{
    hex_encode(view_of(retired->material_id, MATERIAL_ID_BYTES), task->subject);
    const struct operation_object object = {.key_id = retired->key_id,
                                            .material_id = retired->material_id,
                                            .spec = retired->spec,
                                            .boundary = retired->boundary};
    operation_object_destroy(sweep->operations, retired->token, &object, on_destroyed, task);
}

/* A material that a key has is never destroyed, whatever the records say. */
static bool can_destroy(const struct operation_sweep *sweep, const struct registry_retired *retired)
{
    const struct operations *operations = sweep->operations;
    struct workers_token_state token;
    return registry_key_of_material(operations->registry, retired->material_id) == NULL &&
           workers_state(operations->workers, retired->token, &token) && token.ready > 0;
}

/* ------------------------------------------------------------------ the walk */

static bool is_full(const struct operation_sweep *sweep)
{
    return sweep->n_tasks >= MAX_UNDER_WAY;
}

/* One that is due. */
static void look_at_key(struct operation_sweep *sweep, const struct registry_key *key)
{
    const uint8_t *current = key->materials[key->n_materials - 1].id;
    if (!may_try(sweep, current)) {
        return;
    }
    struct task *task = task_new(sweep, current, key->token);
    if (task == NULL) {
        return;
    }
    if (key->state == KEY_STATE_PENDING_DELETION) {
        remove_key(sweep, key, task);
    } else {
        rotate_key(sweep, key, task);
    }
}

static void walk_keys(struct operation_sweep *sweep)
{
    const struct registry *registry = sweep->operations->registry;
    for (size_t i = 0; i < PORTION && !is_full(sweep); i++) {
        const struct registry_key *key =
            registry_key_due_after(registry, now_ms(sweep), sweep->at_key ? &sweep->due : NULL);
        sweep->at_key = key != NULL;
        if (key == NULL) {
            return; /* the next call begins again */
        }
        sweep->due.due_ms = registry_key_due_ms(key);
        memcpy(sweep->due.key_id, key->key_id, KEY_ID_BYTES);
        look_at_key(sweep, key);
    }
}

static void look_at_retired(struct operation_sweep *sweep, const struct registry_retired *retired)
{
    if (!may_try(sweep, retired->material_id) || !can_destroy(sweep, retired)) {
        return;
    }
    struct task *task = task_new(sweep, retired->material_id, retired->token);
    if (task != NULL) {
        destroy_object(sweep, retired, task);
    }
}

static void walk_retired(struct operation_sweep *sweep)
{
    const struct registry *registry = sweep->operations->registry;
    for (size_t i = 0; i < PORTION && !is_full(sweep); i++) {
        const struct registry_retired *retired =
            registry_retired_after(registry, sweep->at_retired ? sweep->material_id : NULL);
        sweep->at_retired = retired != NULL;
        if (retired == NULL) {
            return;
        }
        memcpy(sweep->material_id, retired->material_id, MATERIAL_ID_BYTES);
        look_at_retired(sweep, retired);
    }
}

void operations_sweep(struct operations *operations)
{
    struct operations_state *state = operations_state_get(operations);
    if (state == NULL) {
        return;
    }
    if (state->sweep == NULL) {
        state->sweep = calloc(1, sizeof *state->sweep);
        if (state->sweep == NULL) {
            return;
        }
        state->sweep->operations = operations;
    }
    walk_keys(state->sweep);
    walk_retired(state->sweep);
}

void operation_sweep_free(struct operation_sweep *sweep)
{
    if (sweep == NULL) {
        return;
    }
    while (!LIST_EMPTY(&sweep->tasks)) {
        struct task *task = LIST_FIRST(&sweep->tasks);
        LIST_REMOVE(task, entry);
        free(task);
    }
    tdestroy(sweep->notes, free);
    free(sweep);
}
