/* What a key, an alias and a retired material may contain; see check.h. */
#include "check.h"

#include "policy/document.h"

#define ALIAS_PREFIX "alias/"

/* The bytes of the character at the start of text, or 0 when there is none in UTF-8. */
static size_t utf8_character(struct view text)
{
    static const struct {
        size_t bytes;
        uint32_t least; /* a smaller value has a shorter form; NUL is not taken at all */
        uint8_t mask, lead;
    } forms[] = {{1, 0x1, 0x80, 0x00}, {2, 0x80, 0xe0, 0xc0}, {3, 0x800, 0xf0, 0xe0}, {4, 0x10000, 0xf8, 0xf0}};

    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        if ((text.data[0] & forms[f].mask) != forms[f].lead) {
            continue;
        }
        if (text.len < forms[f].bytes) {
            return 0;
        }
        uint32_t value = text.data[0] & (uint8_t)~forms[f].mask;
        for (size_t i = 1; i < forms[f].bytes; i++) {
            if ((text.data[i] & 0xc0) != 0x80) {
                return 0;
            }
            value = value << 6 | (text.data[i] & 0x3f);
        }
        bool surrogate = value >= 0xd800 && value <= 0xdfff;
        return value < forms[f].least || surrogate || value > 0x10ffff ? 0 : forms[f].bytes;
    }
    return 0;
}

bool check_text(struct view text, size_t max_characters)
{
    for (size_t n = 0; text.len != 0; n++) {
        size_t bytes = utf8_character(text);
        if (bytes == 0 || n == max_characters) {
            return false;
        }
        text = view_of(text.data + bytes, text.len - bytes);
    }
    return true;
}

const char *check_account(struct view account)
{
    if (account.len != ACCOUNT_TEXT_BYTES - 1) {
        return "account is not 12 digits";
    }
    for (size_t i = 0; i < account.len; i++) {
        if (account.data[i] < '0' || account.data[i] > '9') {
            return "account is not 12 digits";
        }
    }
    return NULL;
}

static bool is_alias_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' || c == '/' ||
           c == '_' || c == '-';
}

/* The pattern of the API (KMS.md R-50). What is reserved or discouraged beyond it is for operations to refuse. */
const char *check_alias_name(struct view name)
{
    const size_t prefix = sizeof ALIAS_PREFIX - 1;
    if (name.len > ALIAS_NAME_MAX_BYTES) {
        return "alias name is too long";
    }
    if (name.len <= prefix || !view_equal(view_of(name.data, prefix), view_of(ALIAS_PREFIX, prefix))) {
        return "alias name does not start with alias/";
    }
    for (size_t i = prefix; i < name.len; i++) {
        if (!is_alias_character(name.data[i])) {
            return "alias name has a character that is not allowed";
        }
    }
    return NULL;
}

const char *check_token_name(struct view name)
{
    if (name.len == 0 || name.len > TOKEN_NAME_MAX_BYTES) {
        return "token name is empty or too long";
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] < 0x20 || name.data[i] > 0x7e) {
            return "token name is not printable ASCII";
        }
    }
    return NULL;
}

const char *check_description(struct view description)
{
    return check_text(description, DESCRIPTION_MAX_CHARACTERS) ? NULL : "description is not UTF-8 or too long";
}

const char *check_tag(struct view key, struct view value)
{
    if (key.len == 0 || !check_text(key, TAG_KEY_MAX_CHARACTERS)) {
        return "tag key is empty, not UTF-8 or too long";
    }
    return check_text(value, TAG_VALUE_MAX_CHARACTERS) ? NULL : "tag value is not UTF-8 or too long";
}

const char *check_time(int64_t time_ms)
{
    return time_ms >= 0 && time_ms <= TIME_MAX_MS ? NULL : "time is out of range";
}

const char *check_revision(uint64_t revision)
{
    return revision >= 1 && revision <= REVISION_MAX ? NULL : "revision is out of range";
}

/* Enumerations start at 1 and have no gaps (registry/types.h). */
struct number {
    int value, last;
    const char *wrong;
};

static const char *check_numbers(const struct number *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (numbers[i].value < 1 || numbers[i].value > numbers[i].last) {
            return numbers[i].wrong;
        }
    }
    return NULL;
}

static const char *check_enumerations(const struct registry_key *key)
{
    const struct number numbers[] = {
        {(int)key->spec, KEY_SPEC_HMAC_256, "key spec is unknown"},
        {(int)key->usage, KEY_USAGE_GENERATE_VERIFY_MAC, "key usage is unknown"},
        {(int)key->state, KEY_STATE_PENDING_IMPORT, "key state is unknown"},
        {(int)key->boundary, KEY_BOUNDARY_OPEN, "key boundary is unknown"},
    };
    return check_numbers(numbers, sizeof numbers / sizeof numbers[0]);
}

#define USAGE(name) (1u << KEY_USAGE_##name)

/* KMS.md R-67. Spec and usage are of their enumerations. */
static const char *check_usage(const struct registry_key *key)
{
    static const unsigned usages[] = {
        [KEY_SPEC_SYMMETRIC_DEFAULT] = USAGE(ENCRYPT_DECRYPT),
        [KEY_SPEC_RSA_2048] = USAGE(ENCRYPT_DECRYPT) | USAGE(SIGN_VERIFY),
        [KEY_SPEC_RSA_3072] = USAGE(ENCRYPT_DECRYPT) | USAGE(SIGN_VERIFY),
        [KEY_SPEC_RSA_4096] = USAGE(ENCRYPT_DECRYPT) | USAGE(SIGN_VERIFY),
        [KEY_SPEC_HMAC_256] = USAGE(GENERATE_VERIFY_MAC),
    };
    return (usages[key->spec] & 1u << (unsigned)key->usage) != 0 ? NULL : "key usage is none of its spec's";
}

static const char *check_times(const struct registry_key *key)
{
    const char *wrong = check_time(key->created_ms);
    if (wrong == NULL) {
        wrong = check_time(key->deletion_ms);
    }
    return wrong != NULL ? wrong : check_time(key->next_rotation_ms);
}

/* What depends on each other. */
static const char *check_life(const struct registry_key *key)
{
    if ((key->state == KEY_STATE_PENDING_DELETION) != (key->deletion_ms != 0)) {
        return "a time of deletion goes with the state of pending deletion, and only with it";
    }
    if (key->rotation_days != 0 && (key->rotation_days < ROTATION_DAYS_MIN || key->rotation_days > ROTATION_DAYS_MAX)) {
        return "rotation period is out of range";
    }
    if ((key->rotation_days != 0) != (key->next_rotation_ms != 0)) {
        return "a time of the next rotation goes with a rotation period, and only with it";
    }
    if (key->spec != KEY_SPEC_SYMMETRIC_DEFAULT && (key->rotation_days != 0 || key->n_materials > 1)) {
        return "an RSA or HMAC key has one material and no rotation";
    }
    if (key->state == KEY_STATE_PENDING_IMPORT && key->rotation_days != 0) {
        return "a key that is pending import has no rotation";
    }
    return check_revision(key->revision);
}

static const char *check_materials(const struct registry_key *key)
{
    if (key->n_materials == 0) {
        return "key has no material";
    }
    if (key->n_materials > KEY_MAX_MATERIALS) {
        return "key has too many materials";
    }
    for (size_t i = 0; i < key->n_materials; i++) {
        const struct registry_material *material = &key->materials[i];
        const char *wrong = check_time(material->created_ms);
        if (wrong != NULL) {
            return wrong;
        }
        if (i == 0 ? material->origin != MATERIAL_FIRST
                   : material->origin != MATERIAL_ROTATED_AUTOMATICALLY &&
                         material->origin != MATERIAL_ROTATED_ON_DEMAND) {
            return "origin of a material is not the first's, or not a rotation's";
        }
        for (size_t j = 0; j < i; j++) {
            if (view_equal(view_of(material->id, MATERIAL_ID_BYTES),
                           view_of(key->materials[j].id, MATERIAL_ID_BYTES))) {
                return "key has a material twice";
            }
        }
    }
    return NULL;
}

static const char *check_tags(const struct registry_key *key)
{
    if (key->n_tags > KEY_MAX_TAGS) {
        return "key has too many tags";
    }
    for (size_t i = 0; i < key->n_tags; i++) {
        const struct registry_tag *tag = &key->tags[i];
        const char *wrong = check_tag(view_of_string(tag->key), view_of_string(tag->value));
        if (wrong != NULL) {
            return wrong;
        }
        if (i > 0 && strcmp(key->tags[i - 1].key, tag->key) >= 0) {
            return "tag key is there twice or out of order";
        }
    }
    return NULL;
}

const char *check_policy_text(struct view text, size_t max_bytes)
{
    if (text.len == 0 || text.len > max_bytes) {
        return "policy is empty or too long";
    }
    if (memchr(text.data, '\0', text.len) != NULL) {
        return "policy has a NUL";
    }
    return policy_document_has_its_characters(text) ? NULL : "policy has a character that none has";
}

static const char *check_key_policy(const struct registry_key *key)
{
    const char *wrong = check_time(key->policy_ms);
    if (wrong != NULL) {
        return wrong;
    }
    if (key->policy == NULL) {
        return key->policy_ms == key->created_ms ? NULL : "the default policy has another time than its key";
    }
    return check_policy_text(view_of_string(key->policy), POLICY_DOCUMENT_MAX_BYTES);
}

const char *check_key(const struct registry_key *key)
{
    const char *wrong = check_account(view_of_string(key->account));
    if (wrong == NULL) {
        wrong = check_token_name(view_of_string(key->token));
    }
    if (wrong == NULL) {
        wrong = check_description(view_of_string(key->description));
    }
    if (wrong == NULL) {
        wrong = check_enumerations(key);
    }
    if (wrong == NULL) {
        wrong = check_usage(key);
    }
    if (wrong == NULL) {
        wrong = check_times(key);
    }
    if (wrong == NULL) {
        wrong = check_life(key);
    }
    if (wrong == NULL) {
        wrong = check_materials(key);
    }
    if (wrong == NULL) {
        wrong = check_key_policy(key);
    }
    return wrong != NULL ? wrong : check_tags(key);
}

const char *check_alias(const struct registry_alias *alias)
{
    const char *wrong = check_account(view_of_string(alias->account));
    if (wrong == NULL) {
        wrong = check_alias_name(view_of_string(alias->name));
    }
    if (wrong == NULL) {
        wrong = check_time(alias->created_ms);
    }
    return wrong != NULL ? wrong : check_time(alias->updated_ms);
}

const char *check_retired(const struct registry_retired *retired)
{
    const struct number numbers[] = {
        {(int)retired->spec, KEY_SPEC_HMAC_256, "key spec is unknown"},
        {(int)retired->boundary, KEY_BOUNDARY_OPEN, "key boundary is unknown"},
    };
    const char *wrong = check_account(view_of_string(retired->account));
    if (wrong == NULL) {
        wrong = check_token_name(view_of_string(retired->token));
    }
    if (wrong == NULL) {
        wrong = check_numbers(numbers, sizeof numbers / sizeof numbers[0]);
    }
    return wrong != NULL ? wrong : check_time(retired->retired_ms);
}

static bool same_material(const struct registry_material *a, const struct registry_material *b)
{
    return memcmp(a->id, b->id, MATERIAL_ID_BYTES) == 0 && a->created_ms == b->created_ms && a->origin == b->origin;
}

const char *check_key_change(const struct registry_key *from, const struct registry_key *to)
{
    if (memcmp(from->key_id, to->key_id, KEY_ID_BYTES) != 0 || strcmp(from->account, to->account) != 0 ||
        strcmp(from->token, to->token) != 0 || from->spec != to->spec || from->usage != to->usage ||
        from->boundary != to->boundary || from->created_ms != to->created_ms) {
        return "account, token, spec, usage, boundary and time of creation of a key do not change";
    }
    if (to->n_materials < from->n_materials || to->n_materials > from->n_materials + 1) {
        return "a change of a key adds at most one material and takes none away";
    }
    for (size_t i = 0; i < from->n_materials; i++) {
        if (!same_material(&from->materials[i], &to->materials[i])) {
            return "a material that a key has does not change";
        }
    }
    return NULL;
}
