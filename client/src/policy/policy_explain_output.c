/* What policy explain prints for a person; see policy_explain.h. */
#include "policy_explain.h"

#include "command/printable.h"

#include <string.h>

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static bool print(const char *before, const char *text, const char *behind, FILE *file)
{
    return fputs(before, file) >= 0 && printable_write(text, PRINTABLE_ONE_LINE, file) && fputs(behind, file) >= 0;
}

static bool is_allowed(const json_t *side)
{
    return strcmp(member(side, "Decision"), "Allowed") == 0;
}

bool policy_explain_is_allowed(const json_t *answer)
{
    return is_allowed(json_object_get(answer, "Source")) && is_allowed(json_object_get(answer, "Destination"));
}

/* "key policy, statement 2 (Use)", "identity policy payroll, statement 0", "grant 0123…" */
static bool print_where(const json_t *entry, FILE *file)
{
    const char *source = member(entry, "Source");
    const char *sid = member(entry, "Sid");
    if (strcmp(source, "grant") == 0) {
        return print("grant ", member(entry, "Name"), "", file);
    }
    bool of_key = strcmp(source, "keyPolicy") == 0;
    bool good = of_key ? fputs("key policy", file) >= 0 : print("identity policy ", member(entry, "Name"), "", file);
    json_int_t index = json_integer_value(json_object_get(entry, "Index"));
    good = good && fprintf(file, ", statement %" JSON_INTEGER_FORMAT, index) > 0;
    return good && (*sid == '\0' || print(" (", sid, ")", file));
}

static bool print_deciding(const json_t *entry, FILE *file)
{
    bool denies = strcmp(member(entry, "Effect"), "Deny") == 0;
    return fputs(denies ? "  denied by  " : "  allowed by ", file) >= 0 && print_where(entry, file) &&
           fputc('\n', file) != EOF;
}

static bool print_statement(const json_t *entry, FILE *file)
{
    bool good =
        print("    ", member(entry, "Effect"), strcmp(member(entry, "Effect"), "Deny") == 0 ? "   " : "  ", file) &&
        print_where(entry, file);
    if (!good || json_is_true(json_object_get(entry, "Matched"))) {
        bool delegates = json_is_true(json_object_get(entry, "Delegates"));
        return good &&
               fputs(delegates ? ": matches, and leaves it to the account's identity policies\n" : ": matches\n",
                     file) >= 0;
    }
    const char *condition = member(entry, "Condition");
    good = print(": does not match by its ", member(entry, "StoppedAt"), "", file);
    return good && (*condition == '\0' || print(" ", condition, "", file)) && fputc('\n', file) != EOF;
}

static bool print_side(const json_t *side, FILE *file)
{
    const char *arn = member(side, "KeyArn");
    const char *decision = member(side, "Decision");
    size_t i;
    json_t *entry;
    bool good = print("", member(side, "Action"), " on ", file) &&
                print("", *arn == '\0' ? "a key that is not told" : arn, ": ", file) &&
                print("", *decision == '\0' ? "no decision" : decision, "\n", file) &&
                print("  ", member(side, "Reason"), "\n", file);
    json_array_foreach(json_object_get(side, "DecidedBy"), i, entry)
    {
        good = good && print_deciding(entry, file);
    }
    const json_t *statements = json_object_get(side, "Statements");
    if (good && json_array_size(statements) != 0) {
        good = fputs("  looked at:\n", file) >= 0;
    }
    json_array_foreach(statements, i, entry)
    {
        good = good && print_statement(entry, file);
    }
    json_int_t left_out = json_integer_value(json_object_get(side, "StatementsLeftOut"));
    return good && (left_out == 0 ||
                    fprintf(file, "    and %" JSON_INTEGER_FORMAT " more, which are not shown\n", left_out) > 0);
}

bool policy_explain_print(const json_t *answer, FILE *file)
{
    return print_side(json_object_get(answer, "Source"), file) && fputc('\n', file) != EOF &&
           print_side(json_object_get(answer, "Destination"), file) &&
           fprintf(file, "\nReEncrypt is %s.\n", policy_explain_is_allowed(answer) ? "allowed" : "not allowed") > 0;
}
