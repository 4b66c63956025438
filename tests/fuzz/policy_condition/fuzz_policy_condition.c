/*
 * Any bytes as the two values that an operator compares, after its name: "DateLessThan\n2026\n2025". No document stands
 * in between, so that values reach the comparison which JSON would not let through.
 */
#include "condition.h"
#include "condition_values.h"
#include "pattern.h"
#include "variables.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static struct view take_line(struct view *rest)
{
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->data, '\n', rest->len);
    struct view line = view_of(rest->data, end == NULL ? rest->len : (size_t)(end - rest->data));
    *rest = end == NULL ? view_of(NULL, 0) : view_of(end + 1, rest->len - line.len - 1);
    return line;
}

/* Each order has its mirror. */
static void check_orders(struct view a, struct view b)
{
    struct policy_number n;
    struct policy_number m;
    if (policy_number_read(a, &n) && policy_number_read(b, &m)) {
        require((policy_number_compare(&n, &m) < 0) == (policy_number_compare(&m, &n) > 0));
        require(policy_number_compare(&n, &n) == 0);
    }
    struct policy_moment s;
    struct policy_moment t;
    if (policy_moment_read(a, &s) && policy_moment_read(b, &t)) {
        require(policy_moment_compare(&s, &t) == -policy_moment_compare(&t, &s));
        require(s.nanoseconds < 1000000000);
    }
    struct policy_network net;
    if (policy_network_read(a, &net)) {
        require(policy_network_contains(&net, &net) && net.bits <= net.bytes * 8 &&
                (net.bytes == 4 || net.bytes == 16));
    }
}

/* A text becomes a pattern, its variables the other text, and the whole is compared. */
static void check_pattern(struct view wanted, struct view given, bool wildcards)
{
    struct buffer bytes = BUFFER_INIT(1 << 20);
    struct policy_encoding encoding = {.wildcards = wildcards, .variables = true};
    uint8_t flags = 0;
    enum policy_error error =
        wanted.len > POLICY_STRING_MAX_BYTES ? POLICY_TEXT_TOO_LONG : policy_encode(wanted, encoding, &bytes, &flags);
    if (error == POLICY_OK && given.len <= POLICY_CONTEXT_MAX_VALUE_BYTES) {
        const struct policy_context_key context = {.name = view_of_string("aws:a"), .values = &given, .count = 1};
        struct policy_request request = {.context = &context, .context_count = 1};
        struct policy_context looked;
        size_t work = POLICY_WORK_MAX;
        require(policy_context_init(&looked, &request, &work));
        uint8_t expanded[POLICY_EXPANDED_BYTES];
        size_t len;
        if (policy_expand(buffer_view(&bytes), &looked, expanded, &len)) {
            bool all = wildcards && len == 1 && expanded[0] == POLICY_UNIT_STAR;
            require(policy_glob(view_of(expanded, len), given) || !all);
            rewrap_ignore(policy_glob_arn(view_of(expanded, len), given), "it is enough that it ends");
        }
        char text[32];
        require(policy_decode(buffer_view(&bytes), true, text, sizeof(text)) >= strlen(text));
    }
    buffer_clear(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_of(data, size);
    struct view name = take_line(&rest);
    struct view wanted = take_line(&rest);
    struct view given = rest;
    uint8_t index;
    enum policy_set set;
    bool if_exists;
    check_orders(wanted, given);
    check_pattern(wanted, given, true);
    check_pattern(wanted, given, false);
    if (!policy_operator_read(name, &index, &set, &if_exists)) {
        return 0;
    }
    const struct policy_operator *operator= policy_operator_at(index);
    bool valid = policy_value_is_valid(operator->class, wanted);
    bool matches = policy_value_matches(operator, wanted, false, given);
    bool typed = operator->class != POLICY_CLASS_BINARY; /* which is compared as text, once the document's is valid */
    require(!matches || !typed || (valid && policy_value_is_valid(operator->class, given)));
    return 0;
}
