/* Reading Amazon resource names; see policy/arn.h. */
#include "policy/arn.h"

#define ARN_FIELDS 6 /* "arn", partition, service, region, account, resource */

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_service_character(uint8_t c)
{
    return is_lower(c) || is_digit(c) || c == '-';
}

/* IAM's characters of a name, without its ':' and '/'. */
static bool is_name_character(uint8_t c)
{
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == '@' ||
           c == '+' || c == '=' || c == ',';
}

static bool all_of(struct view text, bool (*is_member)(uint8_t c))
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_member(text.data[i])) {
            return false;
        }
    }
    return text.len != 0;
}

static bool view_is(struct view text, const char *word)
{
    return view_equal(text, view_of_string(word));
}

/* Cuts text at the first separator: *ret_head is what comes before it, *text what comes after. False when there is
 * none. */
static bool cut(struct view *text, uint8_t separator, struct view *ret_head)
{
    const uint8_t *end = text->len == 0 ? NULL : memchr(text->data, separator, text->len);
    if (end == NULL) {
        return false;
    }
    size_t head = (size_t)(end - text->data);
    *ret_head = view_of(text->data, head);
    *text = view_of(end + 1, text->len - head - 1);
    return true;
}

bool arn_is_account(struct view text)
{
    return text.len == ARN_ACCOUNT_DIGITS && all_of(text, is_digit);
}

bool arn_is_partition(struct view text)
{
    if (text.len > ARN_PARTITION_MAX_BYTES) {
        return false;
    }
    struct view rest = text;
    struct view word;
    if (!cut(&rest, '-', &word)) {
        return view_is(text, "aws");
    }
    if (!view_is(word, "aws")) {
        return false;
    }
    while (cut(&rest, '-', &word)) {
        if (!all_of(word, is_lower)) {
            return false;
        }
    }
    return all_of(rest, is_lower);
}

bool arn_is_region(struct view text)
{
    if (text.len > ARN_REGION_MAX_BYTES) {
        return false;
    }
    unsigned words = 0;
    struct view word;
    while (cut(&text, '-', &word)) {
        if (!all_of(word, is_lower)) {
            return false;
        }
        words++;
    }
    return (words == 2 || words == 3) && all_of(text, is_digit);
}

bool arn_parse(struct view text, struct arn *ret)
{
    if (text.len > ARN_MAX_BYTES) {
        return false;
    }
    struct view field[ARN_FIELDS];
    for (size_t i = 0; i < ARN_FIELDS - 1; i++) {
        if (!cut(&text, ':', &field[i])) {
            return false;
        }
    }
    field[ARN_FIELDS - 1] = text;
    struct arn arn = {
        .partition = field[1], .service = field[2], .region = field[3], .account = field[4], .resource = field[5]};
    if (!view_is(field[0], "arn") || !arn_is_partition(arn.partition) || !all_of(arn.service, is_service_character) ||
        (arn.region.len != 0 && !arn_is_region(arn.region)) || !arn_is_account(arn.account) || arn.resource.len == 0) {
        return false;
    }
    *ret = arn;
    return true;
}

/* The principals that can call (KMS.md R-84): how their resource begins and how many names follow it. */
static const struct principal_form {
    const char *service;
    const char *type;
    size_t min_names;
    size_t max_names;
} principal_forms[] = {
    {"iam", "root", 0, 0},        {"iam", "user", 1, SIZE_MAX}, /* a path may come before the name */
    {"iam", "role", 1, SIZE_MAX}, {"sts", "assumed-role", 2, 2}, {"sts", "federated-user", 1, 1},
};

static bool has_form(const struct arn *arn, const struct principal_form *form)
{
    if (!view_is(arn->service, form->service)) {
        return false;
    }
    struct view rest = arn->resource;
    struct view word;
    if (!cut(&rest, '/', &word)) {
        return form->max_names == 0 && view_is(rest, form->type);
    }
    if (!view_is(word, form->type)) {
        return false;
    }
    size_t names = 1;
    while (cut(&rest, '/', &word)) {
        if (!all_of(word, is_name_character)) {
            return false;
        }
        names++;
    }
    return all_of(rest, is_name_character) && names >= form->min_names && names <= form->max_names;
}

bool arn_parse_principal(struct view text, struct arn *ret)
{
    struct arn arn;
    if (!arn_parse(text, &arn) || arn.region.len != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(principal_forms) / sizeof(principal_forms[0]); i++) {
        if (has_form(&arn, &principal_forms[i])) {
            *ret = arn;
            return true;
        }
    }
    return false;
}
