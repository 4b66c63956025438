/* Reading Amazon resource names; see policy/arn.h. */
#include "policy/arn.h"

#define ARN_FIELDS 6 /* "arn", partition, service, region, account, resource */

/* What a character may be in; a table, since every decision reads several ARNs. */
enum class {
    CLASS_LOWER = 1 << 0,
    CLASS_DIGIT = 1 << 1,
    CLASS_SERVICE = 1 << 2,
    CLASS_NAME = 1 << 3, /* IAM's characters of a name, without its ':' and '/' */
};

#define LOWER (CLASS_LOWER | CLASS_SERVICE | CLASS_NAME)
#define DIGIT (CLASS_DIGIT | CLASS_SERVICE | CLASS_NAME)

static const uint8_t classes[UINT8_MAX + 1] = {
    ['a'] = LOWER,      ['b'] = LOWER,      ['c'] = LOWER,
    ['d'] = LOWER,      ['e'] = LOWER,      ['f'] = LOWER,
    ['g'] = LOWER,      ['h'] = LOWER,      ['i'] = LOWER,
    ['j'] = LOWER,      ['k'] = LOWER,      ['l'] = LOWER,
    ['m'] = LOWER,      ['n'] = LOWER,      ['o'] = LOWER,
    ['p'] = LOWER,      ['q'] = LOWER,      ['r'] = LOWER,
    ['s'] = LOWER,      ['t'] = LOWER,      ['u'] = LOWER,
    ['v'] = LOWER,      ['w'] = LOWER,      ['x'] = LOWER,
    ['y'] = LOWER,      ['z'] = LOWER,      ['A'] = CLASS_NAME,
    ['B'] = CLASS_NAME, ['C'] = CLASS_NAME, ['D'] = CLASS_NAME,
    ['E'] = CLASS_NAME, ['F'] = CLASS_NAME, ['G'] = CLASS_NAME,
    ['H'] = CLASS_NAME, ['I'] = CLASS_NAME, ['J'] = CLASS_NAME,
    ['K'] = CLASS_NAME, ['L'] = CLASS_NAME, ['M'] = CLASS_NAME,
    ['N'] = CLASS_NAME, ['O'] = CLASS_NAME, ['P'] = CLASS_NAME,
    ['Q'] = CLASS_NAME, ['R'] = CLASS_NAME, ['S'] = CLASS_NAME,
    ['T'] = CLASS_NAME, ['U'] = CLASS_NAME, ['V'] = CLASS_NAME,
    ['W'] = CLASS_NAME, ['X'] = CLASS_NAME, ['Y'] = CLASS_NAME,
    ['Z'] = CLASS_NAME, ['0'] = DIGIT,      ['1'] = DIGIT,
    ['2'] = DIGIT,      ['3'] = DIGIT,      ['4'] = DIGIT,
    ['5'] = DIGIT,      ['6'] = DIGIT,      ['7'] = DIGIT,
    ['8'] = DIGIT,      ['9'] = DIGIT,      ['_'] = CLASS_NAME,
    ['.'] = CLASS_NAME, ['@'] = CLASS_NAME, ['+'] = CLASS_NAME,
    ['='] = CLASS_NAME, [','] = CLASS_NAME, ['-'] = CLASS_SERVICE | CLASS_NAME,
};

/* Not for an empty text. */
static bool all_of(struct view text, enum class class)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((classes[text.data[i]] & class) == 0) {
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
    return text.len == ARN_ACCOUNT_DIGITS && all_of(text, CLASS_DIGIT);
}

bool arn_is_partition(struct view text)
{
    if (view_is(text, "aws")) {
        return true;
    }
    struct view rest = text;
    struct view word;
    if (text.len > ARN_PARTITION_MAX_BYTES || !cut(&rest, '-', &word) || !view_is(word, "aws")) {
        return false;
    }
    while (cut(&rest, '-', &word)) {
        if (!all_of(word, CLASS_LOWER)) {
            return false;
        }
    }
    return all_of(rest, CLASS_LOWER);
}

bool arn_is_region(struct view text)
{
    if (text.len > ARN_REGION_MAX_BYTES) {
        return false;
    }
    unsigned words = 0;
    struct view word;
    while (cut(&text, '-', &word)) {
        if (!all_of(word, CLASS_LOWER)) {
            return false;
        }
        words++;
    }
    return (words == 2 || words == 3) && all_of(text, CLASS_DIGIT);
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
    if (!view_is(field[0], "arn") || !arn_is_partition(arn.partition) || !all_of(arn.service, CLASS_SERVICE) ||
        (arn.region.len != 0 && !arn_is_region(arn.region)) || !arn_is_account(arn.account) || arn.resource.len == 0) {
        return false;
    }
    *ret = arn;
    return true;
}

/* The principals that can call (KMS.md R-84): how their resource begins and how many names follow it. */
static const struct principal_form {
    struct view service;
    struct view type;
    size_t min_names;
    size_t max_names;
} principal_forms[] = {
    {VIEW_INIT("iam"), VIEW_INIT("root"), 0, 0},
    {VIEW_INIT("iam"), VIEW_INIT("user"), 1, SIZE_MAX}, /* a path may come before the name */
    {VIEW_INIT("iam"), VIEW_INIT("role"), 1, SIZE_MAX},
    {VIEW_INIT("sts"), VIEW_INIT("assumed-role"), 2, 2},
    {VIEW_INIT("sts"), VIEW_INIT("federated-user"), 1, 1},
};

static const struct principal_form *find_form(struct view service, struct view type)
{
    for (size_t i = 0; i < sizeof(principal_forms) / sizeof(principal_forms[0]); i++) {
        const struct principal_form *form = &principal_forms[i];
        if (view_equal(type, form->type)) {
            return view_equal(service, form->service) ? form : NULL;
        }
    }
    return NULL;
}

/* "a/b/c", with a '/' before it: SIZE_MAX when a name is empty or has other characters. */
static size_t count_names(struct view text)
{
    size_t names = 1;
    bool is_empty = true;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '/' && !is_empty) {
            names++;
            is_empty = true;
        } else if ((classes[text.data[i]] & CLASS_NAME) != 0) {
            is_empty = false;
        } else {
            return SIZE_MAX;
        }
    }
    return is_empty ? SIZE_MAX : names;
}

bool arn_parse_principal(struct view text, struct arn *ret)
{
    struct arn arn;
    if (!arn_parse(text, &arn) || arn.region.len != 0) {
        return false;
    }
    struct view names = arn.resource;
    struct view type;
    bool has_names = cut(&names, '/', &type);
    const struct principal_form *form = find_form(arn.service, has_names ? type : arn.resource);
    size_t count = has_names ? count_names(names) : 0;
    if (form == NULL || count == SIZE_MAX || count < form->min_names || count > form->max_names) {
        return false;
    }
    *ret = arn;
    return true;
}
