/* rewrapctl policy explain re-encrypt: its options and the call; see policy_explain.h. */
#include "policy_explain.h"

#include "operation/operation.h"
#include "operation/operation_request.h"
#include "output/output.h"

#include "proto/service.h"

#include <string.h>

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
    json_t *who = json_string(principal);
    if (who == NULL) {
        return fail(failure, EXIT_CODE_USAGE, "argument --principal: Not valid UTF-8");
    }
    if (!operation_request(service_method("ReEncrypt"), line, &inner, failure)) {
        json_decref(who);
        return false;
    }
    json_t *request = excuse_ciphertext(inner) ? json_pack("{s:O, s:O}", "Principal", who, "Request", inner) : NULL;
    json_decref(who);
    json_decref(inner);
    if (request == NULL) {
        return fail_memory(failure);
    }
    *ret = request;
    return true;
}

/* Asks and prints; whether it is allowed is the caller's to judge. */
static bool explain(const struct command_line *line, const char *principal, bool *ret_allowed, struct failure *failure)
{
    bool json = false;
    json_t *request = NULL;
    json_t *answer = NULL;
    if (principal == NULL || *principal == '\0') {
        return fail(failure, EXIT_CODE_USAGE, "argument --principal is required");
    }
    if (!globals_is_json(&line->globals, "policy explain", &json, failure) ||
        !make_request(line, principal, &request, failure)) {
        return false;
    }
    bool asked = operation_ask(service_method("ExplainReEncrypt"), &line->globals, request, &answer, NULL, failure);
    json_decref(request);
    if (!asked) {
        return false;
    }
    bool printed = json ? output_json(answer, stdout) : policy_explain_print(answer, stdout);
    *ret_allowed = policy_explain_is_allowed(answer);
    json_decref(answer);
    return output_finish(printed, "answer", failure);
}

static bool parse(int argc, char **argv, struct command_line *line, const char **ret_principal, struct failure *failure)
{
    if (argc < 1 || strcmp(argv[0], "re-encrypt") != 0) {
        return fail(failure, EXIT_CODE_USAGE, "policy explain: what is explained is re-encrypt");
    }
    int words = argc - 1;
    return command_line_take("--principal", &words, argv + 1, ret_principal, failure) &&
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
    bool allowed = false;
    if (asks_help(argc - 1, argv + 1)) {
        fputs(usage, stdout);
        return output_end("help");
    }
    bool parsed = parse(argc - 1, argv + 1, &line, &principal, &failure);
    if (parsed && line.globals.version != NULL) {
        command_line_clear(&line);
        operation_help_version(stdout);
        return output_end("version");
    }
    bool done = parsed && explain(&line, principal, &allowed, &failure);
    command_line_clear(&line);
    if (!done) {
        return parsed ? failure_print(&failure) : failure_print_usage(&failure, usage);
    }
    return allowed ? POLICY_EXPLAIN_ALLOWED : POLICY_EXPLAIN_NOT_ALLOWED;
}
