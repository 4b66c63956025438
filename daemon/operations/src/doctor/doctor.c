/* The operation Doctor: the order of its steps; see doctor.h. */
#include "doctor.h"

#include "access/authorize.h"
#include "frame/pending.h"
#include "frame/start.h"
#include "frame/table.h"

#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

static void list_next(struct doctor *doctor);

/* ------------------------------------------------------------------ looking, in portions */

/* At most `portion` objects; how many of the portion are left. */
static size_t look_at_objects(struct doctor *doctor, size_t portion)
{
    while (portion != 0 && doctor->at_token < doctor->n_tokens) {
        struct doctor_token *token = &doctor->tokens[doctor->at_token];
        if (doctor->at_object == token->n_objects) {
            doctor->at_token++;
            doctor->at_object = 0;
            continue;
        }
        doctor_look_at_object(doctor, token, &token->objects[doctor->at_object++]);
        portion--;
    }
    return portion;
}

/* True when all have been looked at. */
static bool look_at_keys(struct doctor *doctor, size_t portion)
{
    const struct registry *registry = doctor->operation->operations->registry;
    for (; portion != 0; portion--) {
        const struct registry_key *key = registry_any_key_after(registry, doctor->keys_begun ? doctor->key_id : NULL);
        if (key == NULL) {
            return true;
        }
        doctor_look_at_key(doctor, key);
        doctor->keys_begun = true;
        memcpy(doctor->key_id, key->key_id, KEY_ID_BYTES);
    }
    return false;
}

/* Of keys it was told which: these may be of users and roles. */
static void look_at_policies(struct doctor *doctor)
{
    const struct registry *registry = doctor->operation->operations->registry;
    const size_t damaged = registry_policies_damaged(registry);
    const size_t left = registry_policies_left(registry);
    if (damaged != 0) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, "registry", "policies",
                    "Whoever has one is denied everything, until another is put in its place. The log of rewrapd names "
                    "the rows.",
                    "%zu policies, of keys or of users and roles, are damaged", damaged);
    }
    if (left != 0) { /* nobody's fault, and requests do not wait for it */
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__OK, "registry", "policies", NULL,
                    "%zu policies are still to be compiled after the start; a damaged one among them is told in some "
                    "minutes",
                    left);
    }
}

static void conclude(struct doctor *doctor)
{
    look_at_policies(doctor);
    for (size_t i = 0; i < doctor->n_tokens; i++) {
        const struct doctor_token *token = &doctor->tokens[i];
        doctor_look_at_stock(doctor, token);
        if (token->listed && token->troubles == 0) {
            doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__OK, "registry", token->name, NULL,
                        "%zu key%s, all of whose objects are on the token; %zu object%s there in all", token->keys,
                        token->keys == 1 ? "" : "s", token->n_objects, token->n_objects == 1 ? "" : "s");
        }
    }
    doctor_answer(doctor);
}

/* A portion; the end when nothing is left. The operation may have ended when this returns. */
static void go_on(struct doctor *doctor)
{
    size_t left = look_at_objects(doctor, DOCTOR_PORTION);
    if (left != 0 && look_at_keys(doctor, left)) {
        conclude(doctor);
    }
}

void operations_go_on(struct operations *operations)
{
    if (operations->state != NULL && operations->state->doctor != NULL && !operations->state->doctor->job) {
        go_on(operations->state->doctor->state);
    }
}

/* ------------------------------------------------------------------ reading the tokens' lists again */

static void look_at_everything(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->n_tokens; i++) {
        struct doctor_token *token = &doctor->tokens[i];
        doctor_look_at_token(doctor, token);
        if (token->listed && !doctor_take_objects(doctor, token)) {
            operation_fail_no_memory(doctor->operation);
            return;
        }
    }
    doctor_look_at_files(doctor);
    doctor->at_token = 0;
    go_on(doctor);
}

/* Not operation_submit: a token that does not answer is a finding, not the end. */
static void on_listed(void *arg, enum workers_status status, const Hsm__Response *response)
{
    struct operation *operation = arg;
    struct doctor *doctor = operation->state;
    struct doctor_token *token = &doctor->tokens[doctor->at_token++];
    operation->job = NULL;
    token->listed = status == WORKERS_ANSWERED && response->status == HSM__STATUS__STATUS_OK;
    if (!token->listed) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, "objects", token->name,
                    "Its objects and the keys on it were not looked at. The log of rewrapd says more.",
                    "the objects on the token cannot be read: %s",
                    status == WORKERS_ANSWERED ? (response->detail == NULL ? "no reason given" : response->detail)
                                               : operation_code_name(operation_failure_of_workers(status).code));
    }
    list_next(doctor);
}

static void submit(struct doctor *doctor, const char *token)
{
    struct operation *operation = doctor->operation;
    Hsm__ListObjects body = HSM__LIST_OBJECTS__INIT;
    Hsm__Request request = HSM__REQUEST__INIT;
    request.body_case = HSM__REQUEST__BODY_LIST_OBJECTS;
    request.list_objects = &body;
    operation->job =
        workers_submit(operation->operations->workers, token, &request, operation->timeout_ms, on_listed, operation);
}

/* A token without a worker is not asked: that it is not there is found without waiting for it. */
static void list_next(struct doctor *doctor)
{
    for (; doctor->at_token < doctor->n_tokens; doctor->at_token++) {
        const char *name = doctor->tokens[doctor->at_token].name;
        struct workers_token_state state;
        if (workers_state(doctor->operation->operations->workers, name, &state) && state.ready != 0) {
            submit(doctor, name);
            return;
        }
    }
    look_at_everything(doctor);
}

/* ------------------------------------------------------------------ the operation */

static bool name_tokens(struct doctor *doctor)
{
    const struct workers *workers = doctor->operation->operations->workers;
    const size_t n = workers_tokens(workers);
    doctor->tokens = calloc(n, sizeof *doctor->tokens);
    for (size_t i = 0; doctor->tokens != NULL && i < n; i++) {
        doctor->tokens[i].name = strdup(workers_token_name(workers, i));
        if (doctor->tokens[i].name == NULL) {
            return false;
        }
        map_init(&doctor->tokens[i].by_material);
        doctor->n_tokens++;
    }
    return doctor->tokens != NULL;
}

/* One at a time: reading a token's list keeps a worker busy. */
static void run(struct operation *operation)
{
    struct operations_state *state = operation->operations->state;
    struct doctor *doctor = operation->state;
    if (!operation_authorize(operation, OPERATION_MAY_DOCTOR)) {
        return;
    }
    if (state->doctor != NULL) {
        operation_fail(operation, OPERATION_THROTTLING, "Another Doctor is at work. Ask again when it is done.");
        return;
    }
    doctor->operation = operation;
    doctor->now_ms = operation_now_ms(operation);
    state->doctor = operation;
    if (name_tokens(doctor)) {
        list_next(doctor);
    } else {
        operation_fail_no_memory(operation);
    }
}

static void clear(struct operation *operation)
{
    struct operations_state *state = operation->operations->state;
    struct doctor *doctor = operation->state;
    if (state->doctor == operation) {
        state->doctor = NULL;
    }
    for (size_t i = 0; i < doctor->n_tokens; i++) {
        doctor_objects_clear(&doctor->tokens[i]);
        free(doctor->tokens[i].name);
    }
    free(doctor->tokens);
    doctor_findings_clear(doctor);
}

const struct operation_kind operation_kind_doctor = {
    .name = "Doctor", .run = run, .clear = clear, .state_bytes = sizeof(struct doctor)};
