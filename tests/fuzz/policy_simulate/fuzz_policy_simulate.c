/* The input of `policy simulate`: whatever it is, every answer is a line of JSON that is a decision or an error. */
#include "policy/policy_simulate.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static bool is_decision(const json_t *answer)
{
    const char *decision = json_string_value(json_object_get(answer, "decision"));
    const json_t *matched = json_object_get(answer, "matched");
    require(decision != NULL && json_object_size(answer) == 3);
    require(json_is_string(json_object_get(answer, "reason")) && json_is_array(matched));
    /* Only an implicit denial, and the root user without a key, have nothing that made them so. */
    bool implicit = strcmp(decision, "ImplicitlyDenied") == 0;
    require(!implicit || json_array_size(matched) == 0);
    require(strcmp(decision, "ExplicitlyDenied") != 0 || json_array_size(matched) != 0);
    require(implicit || strcmp(decision, "ExplicitlyDenied") == 0 || strcmp(decision, "Allowed") == 0);
    return true;
}

static bool check_answer(const char *line, size_t len)
{
    json_error_t error;
    json_t *answer = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    require(json_is_object(answer));
    const json_t *fault = json_object_get(answer, "error");
    if (fault != NULL) {
        require(json_object_size(answer) == 1 && json_object_size(fault) == 3);
        require(json_string_length(json_object_get(fault, "code")) != 0);
        require(json_string_length(json_object_get(fault, "message")) != 0);
        require(json_is_string(json_object_get(fault, "place")));
    }
    bool decided = fault == NULL && is_decision(answer);
    json_decref(answer);
    return decided;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("input", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* opened anew it begins at its beginning */
    char *answers = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&answers, &len);
    require(out != NULL);
    int exit_code = policy_simulate(path, out);
    require(fclose(out) == 0);
    close(fd);
    bool all_decided = true;
    for (size_t at = 0; at < len;) {
        const char *end = memchr(answers + at, '\n', len - at);
        require(end != NULL);
        all_decided &= check_answer(answers + at, (size_t)(end - answers) - at);
        at = (size_t)(end - answers) + 1;
    }
    require(exit_code == (all_decided ? 0 : POLICY_EXIT_FINDINGS));
    free(answers);
    return 0;
}
