/* rewrapctl policy explain re-encrypt: its options and the call; see policy_explain.h. */
#include "policy_explain.h"

#include "operation.h"
#include "operation_call.h"
#include "operation_request.h"
#include "output.h"

#include "proto/service.h"

#include <stdlib.h>
#include <string.h>

#define PRINCIPAL_OPTION "--principal"

static const char usage[] =
    "Usage: rewrapctl policy explain re-encrypt --principal ARN OPTIONS\n"
    "\n"
    "Asks rewrapd why that principal may or may not re-encrypt: the decision on each key, the statements or grants "
    "that\n"
    "made it, and why the others do not match. For the root principal of an account, or whom an identity policy "
    "allows\n"
    "rewrapd:ExplainReEncrypt. Nothing is re-encrypted, and the token is not asked.\n"
    "\n"
    "  --principal ARN        who would ask: a user, a role's session, a root principal, …\n"
    "  --source-key-id KEY    and --destination-key-id KEY, --ciphertext-blob fileb://FILE, "
    "--source-encryption-context\n"
    "                         K=V,… and every other option of rewrapctl re-encrypt. Keys are found as the principal\n"
    "                         finds them: an alias is one of his account. Without a ciphertext --source-key-id says\n"
    "                         which key it would be under\n"
    "  --output text|json     lines for a person (the default), or the whole answer\n"
    "  --endpoint unix:PATH   the daemon's socket; else $REWRAP_SOCKET, or that of the service\n"
    "  --help\n"
    "\n"
    "Of a key of another account nothing but the decision is told; see docs/policy.md.\n"
    "\n"
    "Exit codes: 0 it is allowed; 1 it is not; 252 wrong usage; 253 to 255 there is no answer, as with every "
    "command.\n";

/* Takes --principal ARN and --principal=ARN out of argv. */
static bool take_principal(int *argc, char **argv, const char **ret, struct failure *failure)
{
    const size_t len = strlen(PRINCIPAL_OPTION);
    int kept = 0;
    *ret = NULL;
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], PRINCIPAL_OPTION) == 0) {
            if (++i == *argc) {
                return fail(failure, EXIT_CODE_USAGE, "argument " PRINCIPAL_OPTION ": expected one argument");
            }
            *ret = argv[i];
        } else if (strncmp(argv[i], PRINCIPAL_OPTION "=", len + 1) == 0) {
            *ret = argv[i] + len + 1;
        } else {
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    return true;
}

/* Without a ciphertext it is asked about the keys alone, as ReEncrypt has it (docs/operations.md). */
static bool excuse_ciphertext(json_t *request)
{
    return json_object_get(request, "CiphertextBlob") != NULL || json_object_get(request, "DryRunModifiers") != NULL ||
           (json_object_set_new(request, "DryRun", json_true()) == 0 &&
            json_object_set_new(request, "DryRunModifiers", json_pack("[s]", "IGNORE_CIPHERTEXT")) == 0);
}

static bool make_request(const struct command_line *line, const char *principal, json_t **ret, struct failure *failure)
{
    json_t *inner = NULL;
    if (!operation_request(service_method("ReEncrypt"), line, &inner, failure)) {
        return false;
    }
    json_t *request =
        excuse_ciphertext(inner) ? json_pack("{s:s, s:O}", "Principal", principal, "Request", inner) : NULL;
    json_decref(inner);
    if (request == NULL) {
        return fail(failure, EXIT_CODE_OTHER, "out of memory, or the principal is no UTF-8");
    }
    *ret = request;
    return true;
}

static bool ask(const struct globals *globals, const json_t *request, json_t **ret, struct failure *failure)
{
    struct rewrap_client *client = NULL;
    uint32_t timeout_ms = 0;
    bool nobody = false;
    if (!operation_timeout(globals, &timeout_ms, failure) || !operation_connect(globals, &client, &nobody, failure)) {
        return false;
    }
    bool asked = call_once(client, service_method("ExplainReEncrypt"), request, timeout_ms, ret, failure);
    rewrap_client_free(client);
    return asked;
}

static bool is_json(const struct globals *globals)
{
    return globals->output != NULL && strcmp(globals->output, "json") == 0;
}

static bool check_options(const struct globals *globals, const char *principal, struct failure *failure)
{
    if (principal == NULL || *principal == '\0') {
        return fail(failure, EXIT_CODE_USAGE, "argument " PRINCIPAL_OPTION " is required");
    }
    return globals->output == NULL || is_json(globals) || strcmp(globals->output, "text") == 0 ||
           fail(failure, EXIT_CODE_USAGE, "argument --output: policy explain has json and text");
}

static bool explain(const struct command_line *line, const char *principal, json_t **ret, struct failure *failure)
{
    json_t *request = NULL;
    if (!check_options(&line->globals, principal, failure) || !make_request(line, principal, &request, failure)) {
        return false;
    }
    bool asked = ask(&line->globals, request, ret, failure);
    json_decref(request);
    if (!asked) {
        return false;
    }
    bool printed = is_json(&line->globals) ? output_json(*ret, stdout) : policy_explain_print(*ret, stdout);
    return (printed && fflush(stdout) == 0) ||
           fail(failure, EXIT_CODE_OTHER, "The answer could not be written to the standard output");
}

static bool begin(int argc, char **argv, struct command_line *line, const char **ret_principal, struct failure *failure)
{
    if (argc < 1 || strcmp(argv[0], "re-encrypt") != 0) {
        return fail(failure, EXIT_CODE_USAGE, "policy explain: what is explained is re-encrypt");
    }
    int words = argc - 1;
    return take_principal(&words, argv + 1, ret_principal, failure) &&
           command_line_parse(service_method("ReEncrypt")->input, words, argv + 1, line, failure);
}

static bool asks_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return true;
        }
    }
    return argc > 0 && strcmp(argv[argc - 1], "help") == 0 && argc <= 2;
}

int policy_explain(int argc, char **argv)
{
    struct failure failure;
    struct command_line line = {0};
    const char *principal = NULL;
    json_t *answer = NULL;
    if (asks_help(argc - 1, argv + 1)) {
        return fputs(usage, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_CODE_OK : EXIT_CODE_OTHER;
    }
    bool parsed = begin(argc - 1, argv + 1, &line, &principal, &failure);
    bool done = parsed && explain(&line, principal, &answer, &failure);
    int exit_code = !done                               ? (int)failure.exit_code
                    : policy_explain_is_allowed(answer) ? POLICY_EXPLAIN_ALLOWED
                                                        : POLICY_EXPLAIN_NOT_ALLOWED;
    command_line_clear(&line);
    json_decref(answer);
    if (!done && exit_code != EXIT_CODE_SERVICE) { /* that one was printed by the call */
        if (!parsed) {
            fputs("\n", stderr);
            fputs(usage, stderr);
        }
        return failure_print(&failure);
    }
    return exit_code;
}
