/* TagResource, UntagResource and ListResourceTags (KMS.md ). */
#include "lives.h"

#include <stdio.h>

#define RESERVED_AWS  "Tags beginning with aws: are reserved"
#define RESERVED_OURS "Tags beginning with rewrapd: are reserved"

#define MAX_TAGS 60

struct tagging {
    Rewrap__TagResourceRequest request;
    Rewrap__Tag tags[MAX_TAGS];
    Rewrap__Tag *list[MAX_TAGS];
    char names[MAX_TAGS][16];
};

static void tagging_init(struct tagging *tagging, const char *key_id)
{
    rewrap__tag_resource_request__init(&tagging->request);
    tagging->request.key_id = (char *)(uintptr_t)key_id;
    tagging->request.tags = tagging->list;
}

static void tagging_add(struct tagging *tagging, const char *key, const char *value)
{
    size_t i = tagging->request.n_tags++;
    rewrap__tag__init(&tagging->tags[i]);
    tagging->tags[i].tag_key = (char *)(uintptr_t)key;
    tagging->tags[i].tag_value = (char *)(uintptr_t)value;
    tagging->list[i] = &tagging->tags[i];
}

/* "first"… of n, with two digits. */
static void tagging_number(struct tagging *tagging, size_t first, size_t n, const char *value)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = tagging->request.n_tags;
        snprintf(tagging->names[at], sizeof tagging->names[at], "t%02zu", first + i);
        tagging_add(tagging, tagging->names[at], value);
    }
}

static void tag(struct fixture *fixture, const char *key_id, const char *key, const char *value)
{
    struct tagging tagging;
    tagging_init(&tagging, key_id);
    tagging_add(&tagging, key, value);
    works_with(fixture, "TagResource", &tagging.request.base);
}

static void tag_is_refused(struct fixture *fixture, const char *key_id, const char *key, const char *message)
{
    struct tagging tagging;
    tagging_init(&tagging, key_id);
    tagging_add(&tagging, key, "v");
    assert_error(fixture, "TagResource", &tagging.request.base, "TagException", message);
}

static Rewrap__UntagResourceRequest untag_of(const char *key_id, char **keys, size_t n)
{
    Rewrap__UntagResourceRequest request = REWRAP__UNTAG_RESOURCE_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    request.tag_keys = keys;
    request.n_tag_keys = n;
    return request;
}

static void assert_tag(struct fixture *fixture, const struct fixture_key *key, size_t index, const char *name,
                       const char *value)
{
    const struct registry_key *now = stored(fixture, key);
    assert_true(index < now->n_tags);
    assert_string_equal(now->tags[index].key, name);
    assert_string_equal(now->tags[index].value, value);
}

static void set_changed_and_taken_away(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    tag(fixture, key.id, "team", "payroll");
    tag(fixture, key.arn, "Team", "x"); /* letters count */
    assert_tag(fixture, &key, 0, "Team", "x");
    assert_tag(fixture, &key, 1, "team", "payroll");
    tag(fixture, key.id, "team", "");
    assert_tag(fixture, &key, 1, "team", "");
    uint64_t revision = stored(fixture, &key)->revision;
    tag(fixture, key.id, "team", "");
    assert_int_equal(stored(fixture, &key)->revision, revision);
    char team[] = "team", none[] = "none";
    char *keys[] = {none, team, team};
    Rewrap__UntagResourceRequest untag = untag_of(key.id, keys, 3);
    works_with(fixture, "UntagResource", &untag.base);
    assert_int_equal(stored(fixture, &key)->n_tags, 1);
    assert_tag(fixture, &key, 0, "Team", "x");
    revision = stored(fixture, &key)->revision;
    works_with(fixture, "UntagResource", &untag.base); /* none of them is there any more */
    assert_int_equal(stored(fixture, &key)->revision, revision);
}

static void limits(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    struct tagging tagging;
    tagging_init(&tagging, key.id);
    tagging_number(&tagging, 0, 51, "v");
    assert_error(fixture, "TagResource", &tagging.request.base, "TagException", "Too many tags");
    tagging_init(&tagging, key.id);
    tagging_number(&tagging, 0, 50, "v");
    works_with(fixture, "TagResource", &tagging.request.base);
    tag_is_refused(fixture, key.id, "one more", "Too many tags");
    tag(fixture, key.id, "t49", "another value"); /* of those it has, one may change */
    assert_tag(fixture, &key, 49, "t49", "another value");
    assert_int_equal(stored(fixture, &key)->n_tags, 50);

    tagging_init(&tagging, key.id);
    tagging_add(&tagging, "t01", "a");
    tagging_add(&tagging, "t01", "a");
    assert_error(fixture, "TagResource", &tagging.request.base, "TagException", "Duplicate tag keys");
    fails(fixture, "TagResource", key.id, "ValidationException",
          "1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not be null");
    fails(fixture, "UntagResource", key.id, "ValidationException",
          "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null");
    char empty[] = "";
    char *keys[] = {empty};
    Rewrap__UntagResourceRequest untag = untag_of(key.id, keys, 1);
    assert_error(
        fixture, "UntagResource", &untag.base, "ValidationException",
        "1 validation error detected: Value '' at 'tagKeys.1.member' failed to satisfy constraint: Member must "
        "have length greater than or equal to 1");
}

static void reserved_names(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    tag_is_refused(fixture, key.id, "aws:x", RESERVED_AWS);
    tag_is_refused(fixture, key.id, "AWS:", RESERVED_AWS);
    tag_is_refused(fixture, key.id, "rewrapd:boundary", RESERVED_OURS);
    tag_is_refused(fixture, key.id, "Rewrapd:x", RESERVED_OURS);
    char ours[] = "rewrapd:boundary", theirs[] = "aws:x";
    char *keys[] = {ours};
    Rewrap__UntagResourceRequest untag = untag_of(key.id, keys, 1);
    assert_error(fixture, "UntagResource", &untag.base, "TagException", RESERVED_OURS);
    keys[0] = theirs;
    assert_error(fixture, "UntagResource", &untag.base, "TagException", RESERVED_AWS);
    assert_int_equal(stored(fixture, &key)->revision, 1);
}

/* The tag that a key was made with stays, and is shown. */
static void the_tag_of_the_boundary(void **state)
{
    struct fixture *fixture = *state;
    char name[] = "rewrapd:boundary", value[] = "Open";
    Rewrap__Tag boundary = REWRAP__TAG__INIT;
    Rewrap__Tag *tags[] = {&boundary};
    boundary.tag_key = name;
    boundary.tag_value = value;
    Rewrap__CreateKeyRequest create = REWRAP__CREATE_KEY_REQUEST__INIT;
    create.n_tags = 1;
    create.tags = tags;
    struct reply made, reply;
    assert_success(fixture, "CreateKey", &create.base, &made);
    const char *key_id = ((const Rewrap__CreateKeyResponse *)made.body)->key_metadata->key_id;
    ProtobufCMessage *request = request_for("ListResourceTags", key_id);
    assert_success(fixture, "ListResourceTags", request, &reply);
    const Rewrap__ListResourceTagsResponse *listed = (const Rewrap__ListResourceTagsResponse *)reply.body;
    assert_int_equal(listed->n_tags, 1);
    assert_string_equal(listed->tags[0]->tag_key, name);
    assert_string_equal(listed->tags[0]->tag_value, value);
    assert_true(listed->has_truncated);
    assert_false(listed->truncated);
    assert_null(listed->next_marker);
    reply_clear(&reply);
    reply_clear(&made);
    free(request);
}

/* Page by page of that size; how many tags there were in all. */
static size_t walk(struct fixture *fixture, const char *key_id, int32_t limit, size_t *ret_pages)
{
    char *marker = NULL;
    char last[520] = "";
    size_t n = 0;
    for (*ret_pages = 1;; ++*ret_pages) {
        Rewrap__ListResourceTagsRequest request = REWRAP__LIST_RESOURCE_TAGS_REQUEST__INIT;
        request.key_id = (char *)(uintptr_t)key_id;
        request.has_limit = limit != 0;
        request.limit = limit;
        request.marker = marker;
        struct reply reply;
        assert_success(fixture, "ListResourceTags", &request.base, &reply);
        free(marker);
        const Rewrap__ListResourceTagsResponse *page = (const Rewrap__ListResourceTagsResponse *)reply.body;
        for (size_t i = 0; i < page->n_tags; i++) {
            assert_true(strcmp(last, page->tags[i]->tag_key) < 0);
            snprintf(last, sizeof last, "%s", page->tags[i]->tag_key);
        }
        n += page->n_tags;
        assert_int_equal(page->truncated, page->next_marker != NULL);
        marker = page->next_marker == NULL ? NULL : strdup(page->next_marker);
        reply_clear(&reply);
        if (marker == NULL) {
            return n;
        }
    }
}

static void listed_in_pages(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    size_t pages;
    assert_int_equal(walk(fixture, key.id, 0, &pages), 0);
    struct tagging tagging;
    tagging_init(&tagging, key.id);
    tagging_number(&tagging, 0, 45, "v");
    tagging_add(&tagging, "aa", "v"); /* the beginning of another, and of a third */
    tagging_add(&tagging, "aaa", "v");
    tagging_add(&tagging, "a", "v");
    works_with(fixture, "TagResource", &tagging.request.base);
    /* The longest keys there are, in bytes: a marker must hold as much of them as is needed. */
    char longest[2][128 * 4 + 1] = {"", ""};
    for (size_t i = 0; i < 128; i++) {
        memcpy(longest[0] + i * 4, "\xF0\x9F\x94\x91", 5);
        memcpy(longest[1] + i * 4, i == 126 ? "\xF0\x9F\x94\x92" : "\xF0\x9F\x94\x91", 5);
    }
    tag(fixture, key.id, longest[0], "v");
    tag(fixture, key.id, longest[1], "v");
    assert_int_equal(walk(fixture, key.id, 0, &pages), 50);
    assert_int_equal(pages, 1);
    assert_int_equal(walk(fixture, key.id, 1, &pages), 50);
    assert_int_equal(pages, 50);
    assert_int_equal(walk(fixture, key.id, 7, &pages), 50);
    assert_int_equal(pages, 8);
    assert_int_equal(walk(fixture, key.id, 50, &pages), 50);
    assert_int_equal(pages, 1);
}

static void markers_and_limits_of_the_list(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture);
    tag(fixture, key.id, "b", "v");
    static const char *const bad[] = {"x", "T", "T6", "Tzz", "K61"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        Rewrap__ListResourceTagsRequest request = REWRAP__LIST_RESOURCE_TAGS_REQUEST__INIT;
        request.key_id = key.id;
        request.marker = (char *)(uintptr_t)bad[i];
        assert_error(fixture, "ListResourceTags", &request.base, "InvalidMarkerException",
                     "The marker is not one that this operation gave out.");
    }
    static const struct {
        int32_t limit;
        const char *words;
    } rows[] = {
        {0, "greater than or equal to 1"}, {51, "less than or equal to 50"}, {1001, "less than or equal to 1000"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        Rewrap__ListResourceTagsRequest request = REWRAP__LIST_RESOURCE_TAGS_REQUEST__INIT;
        request.key_id = key.id;
        request.has_limit = true;
        request.limit = rows[i].limit;
        assert_error(
            fixture, "ListResourceTags", &request.base, "ValidationException",
            text("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must "
                 "have value %s",
                 rows[i].limit, rows[i].words));
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(set_changed_and_taken_away), TEST(limits),          TEST(reserved_names),
        TEST(the_tag_of_the_boundary),    TEST(listed_in_pages), TEST(markers_and_limits_of_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
