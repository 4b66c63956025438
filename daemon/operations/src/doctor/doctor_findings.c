/* What the doctor found, and the answer made of it; see doctor.h. */
#include "doctor.h"

#include "request/specs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Paths and what a token or a library said may hold anything; an answer is text. */
static void clean(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7e) {
            *text = '?';
        }
    }
}

void doctor_find(struct doctor *doctor, Rewrap__DoctorVerdict__Value verdict, const char *check, const char *subject,
                 const char *advice, const char *format, ...)
{
    size_t *n = &doctor->n_findings[verdict];
    struct doctor_finding *finding = *n < DOCTOR_MAX_FINDINGS ? calloc(1, sizeof *finding) : NULL;
    if (finding == NULL) {
        doctor->n_left_out++;
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
    snprintf(finding->subject, sizeof finding->subject, "%s", subject);
    snprintf(finding->advice, sizeof finding->advice, "%s", advice == NULL ? "" : advice);
    clean(finding->subject);
    clean(finding->text);
    clean(finding->advice);
    rewrap__doctor_finding__init(&finding->message);
    finding->message.has_verdict = true;
    finding->message.verdict = verdict;
    finding->message.check = (char *)(uintptr_t)check; /* protobuf-c has no const; static */
    finding->message.subject = finding->subject;
    finding->message.text = finding->text;
    finding->message.advice = advice == NULL ? NULL : finding->advice;
    doctor->findings[verdict][(*n)++] = finding;
}

void doctor_findings_clear(struct doctor *doctor)
{
    for (size_t verdict = 0; verdict <= DOCTOR_VERDICTS; verdict++) {
        for (size_t i = 0; i < doctor->n_findings[verdict]; i++) {
            free(doctor->findings[verdict][i]);
        }
        doctor->n_findings[verdict] = 0;
    }
}

/* ------------------------------------------------------------------ the answer */

/* A token's row with what it points to. */
struct row {
    Rewrap__DoctorToken message;
    Rewrap__DoctorStock stock[DOCTOR_SPECS];
    Rewrap__DoctorStock *stock_list[DOCTOR_SPECS];
    Rewrap__EncryptionAlgorithmSpec__Value algorithms[DOCTOR_SPECS * OPERATION_SPEC_MAX_ALGORITHMS];
};

static void fill_stock(const struct doctor_token *token, struct row *row)
{
    for (size_t i = 0; i < DOCTOR_SPECS; i++) {
        const enum key_spec spec = (enum key_spec)(i + 1);
        rewrap__doctor_stock__init(&row->stock[i]);
        row->stock[i].has_key_spec = true;
        row->stock[i].key_spec = operation_spec_of(spec)->value;
        row->stock[i].has_spares = true;
        row->stock[i].spares = (uint32_t)token->spares[spec];
        row->stock_list[i] = &row->stock[i];
    }
    row->message.n_stock = token->listed ? DOCTOR_SPECS : 0;
    row->message.stock = row->stock_list;
}

static bool has_algorithm(const struct row *row, Rewrap__EncryptionAlgorithmSpec__Value value)
{
    for (size_t i = 0; i < row->message.n_encryption_algorithms; i++) {
        if (row->algorithms[i] == value) {
            return true;
        }
    }
    return false;
}

static bool offers(const struct workers_token_state *state, Hsm__Algorithm algorithm)
{
    for (size_t i = 0; i < state->n_algorithms; i++) {
        if (state->algorithms[i] == algorithm) {
            return true;
        }
    }
    return false;
}

static void fill_algorithms(const struct workers_token_state *state, struct row *row)
{
    row->message.encryption_algorithms = row->algorithms;
    for (size_t i = 1; i <= DOCTOR_SPECS; i++) {
        const struct operation_spec *spec = operation_spec_of((enum key_spec)i);
        for (size_t a = 0; a < spec->n_algorithms; a++) {
            const struct operation_algorithm *algorithm = &spec->algorithms[a];
            if (offers(state, algorithm->token_value) && !has_algorithm(row, algorithm->value)) {
                row->algorithms[row->message.n_encryption_algorithms++] = algorithm->value;
            }
        }
    }
}

/* protobuf-c has no const. An empty text is left out. */
static char *text_of(const char *text)
{
    return text == NULL || *text == '\0' ? NULL : (char *)(uintptr_t)text;
}

static void fill_row(const struct doctor *doctor, const struct doctor_token *token, struct row *row)
{
    Rewrap__DoctorToken *message = &row->message;
    struct workers_token_state state = {0};
    rewrap__doctor_token__init(message);
    message->name = token->name;
    if (!workers_state(doctor->operation->operations->workers, token->name, &state)) {
        return;
    }
    message->has_reachable = true;
    message->reachable = state.ready != 0;
    message->has_workers_ready = true;
    message->workers_ready = state.ready;
    message->has_workers_configured = true;
    message->workers_configured = state.configured;
    message->has_queued = true;
    message->queued = (uint32_t)state.queued;
    message->label = text_of(state.label);
    message->serial = text_of(state.serial);
    message->model = text_of(state.model);
    message->level_reason = text_of(state.level_reason);
    if (state.level == HSM__LEVEL__LEVEL_SEALED || state.level == HSM__LEVEL__LEVEL_SENSITIVE) {
        message->has_protection_level = true;
        message->protection_level = state.level == HSM__LEVEL__LEVEL_SEALED
                                        ? REWRAP__PROTECTION_LEVEL__VALUE__sealed
                                        : REWRAP__PROTECTION_LEVEL__VALUE__sensitive;
    }
    fill_algorithms(&state, row);
    fill_stock(token, row);
}

/* Worst first. */
static size_t list_findings(const struct doctor *doctor, Rewrap__DoctorFinding **list)
{
    static const Rewrap__DoctorVerdict__Value order[] = {REWRAP__DOCTOR_VERDICT__VALUE__FAULT,
                                                         REWRAP__DOCTOR_VERDICT__VALUE__WARNING,
                                                         REWRAP__DOCTOR_VERDICT__VALUE__OK};
    size_t n = 0;
    for (size_t i = 0; i < DOCTOR_VERDICTS; i++) {
        for (size_t j = 0; j < doctor->n_findings[order[i]]; j++) {
            list[n++] = &doctor->findings[order[i]][j]->message;
        }
    }
    return n;
}

void doctor_answer(struct doctor *doctor)
{
    struct operation *operation = doctor->operation;
    Rewrap__DoctorFinding *findings[DOCTOR_VERDICTS * DOCTOR_MAX_FINDINGS];
    Rewrap__DoctorResponse response = REWRAP__DOCTOR_RESPONSE__INIT;
    struct row *rows = calloc(doctor->n_tokens, sizeof *rows);
    Rewrap__DoctorToken **list = calloc(doctor->n_tokens, sizeof(Rewrap__DoctorToken *));
    if (rows == NULL || list == NULL) {
        free(rows);
        free(list);
        operation_fail_no_memory(operation);
        return;
    }
    for (size_t i = 0; i < doctor->n_tokens; i++) {
        fill_row(doctor, &doctor->tokens[i], &rows[i]);
        list[i] = &rows[i].message;
    }
    response.n_tokens = doctor->n_tokens;
    response.tokens = list;
    response.n_findings = list_findings(doctor, findings);
    response.findings = findings;
    response.has_findings_left_out = true;
    response.findings_left_out = (uint32_t)doctor->n_left_out;
    response.has_verdict = true;
    response.verdict = response.n_findings == 0 ? REWRAP__DOCTOR_VERDICT__VALUE__WARNING : findings[0]->verdict;
    operation_finish(operation, &response.base);
    free(rows);
    free(list);
}
