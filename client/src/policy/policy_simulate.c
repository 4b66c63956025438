/* rewrapctl policy simulate (policy_simulate.h). */
#include "policy_simulate.h"

#include "command/fail.h"
#include "policy_answer.h"
#include "policy_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define MATCHES 64 /* more are rare, and decided twice */

/* ---------------------------------------------------------------- one document */

static bool refuse_request(const struct policy_case *policy_case, struct policy_fault *fault)
{
    const struct policy_request *request = &policy_case->request;
    struct policy_request other = *request;
    other.action = view_of_string("kms:Decrypt");
    struct policy_question question = policy_case->question;
    question.request = &other;
    if (policy_decide(&question, NULL, 0).reason != POLICY_REASON_BAD_REQUEST) {
        return policy_fault_set(fault, POLICY_FAULT_VALUE, "request.action",
                                "an action is a service and a name, as in kms:ReEncryptFrom");
    }
    other.context_count = 0;
    if (policy_decide(&question, NULL, 0).reason != POLICY_REASON_BAD_REQUEST) {
        return policy_fault_set(fault, POLICY_FAULT_LIMIT, "request.context",
                                "there are more than 4096 keys or 8192 values, one is longer than 8192 bytes, or they "
                                "are too many for the values of the policies to be compared with");
    }
    return policy_fault_set(fault, POLICY_FAULT_VALUE, "request.resource", "this is no ARN of a key or alias");
}

static bool decide(const struct policy_case *policy_case, FILE *out, struct policy_fault *fault)
{
    struct policy_match some[MATCHES];
    struct policy_match *matches = some;
    struct policy_decision decision = policy_decide(&policy_case->question, matches, MATCHES);
    if (decision.reason == POLICY_REASON_BAD_REQUEST) {
        return refuse_request(policy_case, fault);
    }
    if (decision.matched > MATCHES) {
        matches = calloc(decision.matched, sizeof *matches);
        if (matches == NULL) {
            return policy_fault_set(fault, POLICY_FAULT_MEMORY, "", "there is no memory for the answer");
        }
        decision = policy_decide(&policy_case->question, matches, decision.matched);
    }
    policy_answer_decision(policy_case, &decision, matches, out);
    if (matches != some) {
        free(matches);
    }
    return true;
}

static bool decide_json(const json_t *json, FILE *out, struct policy_fault *fault)
{
    struct policy_case policy_case;
    bool decided = policy_case_read(json, &policy_case, fault) && decide(&policy_case, out, fault);
    policy_case_clear(&policy_case);
    return decided;
}

static void place_line(char *out, size_t size, size_t line)
{
    snprintf(out, size, "line %zu", line);
}

static bool decide_text(const struct policy_read *read, FILE *out, struct policy_fault *fault)
{
    json_error_t error;
    json_t *json = json_loadb((const char *)read->text.data, read->text.len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        char place[64];
        place_line(place, sizeof place, read->line + (size_t)(error.line > 0 ? error.line - 1 : 0));
        return policy_fault_set(fault, POLICY_FAULT_TYPE, place, error.text);
    }
    bool decided = decide_json(json, out, fault);
    json_decref(json);
    return decided;
}

/* ---------------------------------------------------------------- all of them */

static bool answer(const struct policy_read *read, FILE *out)
{
    struct policy_fault fault;
    if (read->code == POLICY_READ_DOCUMENT) {
        if (decide_text(read, out, &fault)) {
            return true;
        }
    } else {
        char place[64];
        place_line(place, sizeof place, read->fault_line);
        policy_fault_set(&fault, read->too_large ? POLICY_FAULT_LIMIT : POLICY_FAULT_TYPE, place, read->reason);
    }
    policy_answer_fault(&fault, out);
    return false;
}

static int other_failure(const char *text, int error)
{
    struct failure failure;
    fail(&failure, EXIT_CODE_OTHER, "%s%s%s", text, error == 0 ? "" : ": ", error == 0 ? "" : strerror(error));
    return failure_print(&failure);
}

static int run(struct policy_reader *reader, FILE *out)
{
    int exit_code = EXIT_CODE_OK;
    while (!ferror(out)) {
        struct policy_read read = policy_reader_next(reader);
        switch (read.code) {
        case POLICY_READ_DOCUMENT:
        case POLICY_READ_BROKEN:
            exit_code = answer(&read, out) ? exit_code : POLICY_EXIT_FINDINGS;
            break;
        case POLICY_READ_END:
            return fflush(out) == 0 && !ferror(out) ? exit_code : other_failure("the answers could not be written", 0);
        case POLICY_READ_FAILED:
            return other_failure("the input could not be read", errno);
        case POLICY_READ_NO_MEMORY:
            return other_failure("there is no memory for the input", 0);
        }
    }
    return other_failure("the answers could not be written", 0);
}

int policy_simulate(const char *input, FILE *out)
{
    const bool standard_input = strcmp(input, "-") == 0;
    int fd = standard_input ? STDIN_FILENO : open(input, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        struct failure failure;
        fail(&failure, EXIT_CODE_USAGE, "argument --input: %.512s: %s", input, strerror(errno));
        return failure_print(&failure);
    }
    struct policy_reader reader;
    policy_reader_init(&reader, fd, out);
    int exit_code = run(&reader, out);
    policy_reader_clear(&reader);
    if (!standard_input) {
        close(fd);
    }
    return exit_code;
}
