/* rewrapctl policy (policy_command.h): its subcommands and their options. */
#include "policy_command.h"

#include "base/view.h"
#include "command/fail.h"
#include "output/output.h"
#include "policy/arn.h"
#include "policy_explain.h"
#include "policy_lint.h"
#include "policy_simulate.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char simulate_help[] =
    "Usage: rewrapctl policy simulate --input FILE\n"
    "\n"
    "Decides requests as rewrapd does, without rewrapd. FILE (- is the standard input) holds JSON documents, one a\n"
    "line or each over several lines; each is answered with one line. docs/policy.md explains decisions.\n"
    "\n"
    "  in   {\"request\": {\"principal\": ARN, \"action\": \"kms:ReEncryptFrom\", \"resource\": ARN,\n"
    "                    \"context\": {\"kms:EncryptionContext:app\": [\"payroll\"], …}},\n"
    "        \"keyPolicy\": {…}, \"identityPolicies\": [{\"name\": NAME, \"policy\": {…}}],\n"
    "        \"grants\": [{… as list-grants shows them}]}\n"
    "  out  {\"decision\": \"Allowed\" | \"ImplicitlyDenied\" | \"ExplicitlyDenied\", \"reason\": TEXT,\n"
    "        \"matched\": [{\"source\": \"keyPolicy\" | \"identityPolicy\" | \"grant\", \"name\", \"sid\", "
    "\"index\"}]}\n"
    "       {\"error\": {\"code\", \"message\", \"place\"}} for a document that cannot be decided on\n"
    "\n"
    "Policies are objects or strings of JSON. Condition keys that follow from the principal (kms:CallerAccount,\n"
    "aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType, aws:PrincipalIsAWSService, aws:username) are added\n"
    "where the context has not got them; no others are. \"role\" in the request is the ARN of a session's role, where\n"
    "that has a path.\n"
    "\n"
    "Exit codes: 0 every document was decided; 1 some were errors; 252 wrong usage, or no such file; 255 it could not\n"
    "be read, or the answers not be written.\n";

static const char lint_help[] =
    "Usage: rewrapctl policy lint --policy FILE [OPTIONS]\n"
    "\n"
    "Says what in a policy can never match, allows everyone, or locks everyone out. FILE may be -, the standard "
    "input.\n"
    "\n"
    "  --kind key|identity    the policy of a key (default), or of a user or role\n"
    "  --account ID           the account that owns the key, 12 digits: finds more\n"
    "  --output text|json     text (default): a line for each finding, PLACE: note|warning|danger: TEXT;\n"
    "                         json: {\"findings\": [{\"severity\", \"text\", \"place\"}]}, or\n"
    "                         {\"error\": {\"code\", \"message\", \"place\"}} for what is no policy\n"
    "  --help\n"
    "\n"
    "Exit codes: 0 nothing was found; 1 something was; 2 this is no policy, the reason and its place are printed; 252\n"
    "wrong usage, or a file that cannot be read; 255 the findings could not be written.\n";

enum option_id { OPTION_INPUT, OPTION_POLICY, OPTION_KIND, OPTION_ACCOUNT, OPTION_OUTPUT, OPTION_HELP };

struct options {
    const char *input;
    bool help;
    struct policy_lint_options lint;
};

static int simulate(const struct options *options)
{
    return policy_simulate(options->input, stdout);
}

static int lint(const struct options *options)
{
    return policy_lint_file(&options->lint);
}

static const struct option simulate_options[] = {
    {"input", required_argument, NULL, OPTION_INPUT},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static const struct option lint_options[] = {
    {"policy", required_argument, NULL, OPTION_POLICY},
    {"kind", required_argument, NULL, OPTION_KIND},
    {"account", required_argument, NULL, OPTION_ACCOUNT},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static const struct subcommand {
    const char *name;
    const struct option *options;
    int required; /* option */
    int (*run)(const struct options *options);
    const char *summary;
    const char *help;
    int (*command)(int argc, char **argv); /* reads its words itself: all between is not there */
} subcommands[] = {
    {"simulate", simulate_options, OPTION_INPUT, simulate, "decide requests that a file holds", simulate_help, NULL},
    {"lint", lint_options, OPTION_POLICY, lint, "find what in a policy is likely not meant so", lint_help, NULL},
    {.name = "explain", .summary = "ask rewrapd why a principal may or may not re-encrypt", .command = policy_explain},
};

#define SUBCOMMANDS (sizeof subcommands / sizeof subcommands[0])

/* subcommand is whose help has more, "" for what is of all. */
REWRAP_PRINTF(2, 3) static bool complain(const char *subcommand, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct failure failure;
    fail(&failure, EXIT_CODE_USAGE, "%s (rewrapctl policy%s%s --help)", text, subcommand[0] == '\0' ? "" : " ",
         subcommand);
    rewrap_ignore(failure_print(&failure), "the caller knows the exit code");
    return false;
}

static void print_summary(FILE *file)
{
    fputs("Usage: rewrapctl policy <subcommand> OPTIONS\n\n", file);
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        fprintf(file, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
    }
    fputs("\nrewrapctl policy <subcommand> --help says more, and docs/policy.md.\n", file);
}

static const struct subcommand *find(const char *name)
{
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(subcommands[i].name, name) == 0) {
            return &subcommands[i];
        }
    }
    return NULL;
}

/* Which of two words it is. */
static bool choose(const char *subcommand, const char *option, const char *word, const char *first, const char *second,
                   bool *ret_second)
{
    *ret_second = strcmp(word, second) == 0;
    return *ret_second || strcmp(word, first) == 0 ||
           complain(subcommand, "argument --%s: %s or %s, not '%s'", option, first, second, word);
}

static bool set(const struct subcommand *subcommand, struct options *options, enum option_id id, const char *word)
{
    bool second = false;
    switch (id) {
    case OPTION_INPUT:
        options->input = word;
        return true;
    case OPTION_POLICY:
        options->lint.file = word;
        return true;
    case OPTION_KIND:
        if (!choose(subcommand->name, "kind", word, "key", "identity", &second)) {
            return false;
        }
        options->lint.kind = second ? POLICY_KIND_IDENTITY : POLICY_KIND_KEY;
        return true;
    case OPTION_ACCOUNT:
        options->lint.account = word;
        return arn_is_account(view_of_string(word)) ||
               complain(subcommand->name, "argument --account: 12 digits, not '%s'", word);
    case OPTION_OUTPUT:
        return choose(subcommand->name, "output", word, "text", "json", &options->lint.json);
    case OPTION_HELP:
        options->help = true;
        return true;
    }
    return false;
}

/* argv[0] is the subcommand. */
static bool parse(const struct subcommand *subcommand, int argc, char **argv, struct options *ret)
{
    bool has_required = false;
    optind = 0; /* the words of rewrapctl may have been read before */
    opterr = 0;
    int id;
    while ((id = getopt_long(argc, argv, "", subcommand->options, NULL)) != -1) {
        if (id == '?' || id == ':') {
            return complain(subcommand->name, "'%s' is not an option, or has no value", argv[optind - 1]);
        }
        if (!set(subcommand, ret, (enum option_id)id, optarg)) {
            return false;
        }
        has_required |= id == subcommand->required;
    }
    if (optind != argc) {
        return complain(subcommand->name, "'%s' is not an option: the file is named by --%s", argv[optind],
                        subcommand->options[0].name);
    }
    return has_required || ret->help ||
           complain(subcommand->name, "argument --%s is required", subcommand->options[0].name);
}

static int print_help(const char *text)
{
    if (text == NULL) {
        print_summary(stdout);
    } else {
        fputs(text, stdout);
    }
    return output_end("help");
}

static bool asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "help") == 0;
}

int policy_command(int argc, char **argv)
{
    if (argc < 2) {
        print_summary(stderr);
        complain("", "a subcommand is required");
        return EXIT_CODE_USAGE;
    }
    if (asks_help(argv[1])) {
        return print_help(NULL);
    }
    const struct subcommand *subcommand = find(argv[1]);
    if (subcommand == NULL) {
        complain("", "unknown subcommand: %.128s", argv[1]);
        return EXIT_CODE_USAGE;
    }
    if (subcommand->command != NULL) {
        return subcommand->command(argc - 1, argv + 1);
    }
    if (argc == 3 && strcmp(argv[2], "help") == 0) {
        return print_help(subcommand->help);
    }
    struct options options = {.lint = {.kind = POLICY_KIND_KEY}};
    if (!parse(subcommand, argc - 1, argv + 1, &options)) {
        return EXIT_CODE_USAGE;
    }
    return options.help ? print_help(subcommand->help) : subcommand->run(&options);
}
