/* ListKeys and ListAliases, page by page (KMS.md R-75). */
#include "fixture.h"

#define MANY 250

static void add_many(struct fixture *fixture, char (*ids)[UUID_TEXT_BYTES])
{
    for (size_t i = 0; i < MANY; i++) {
        struct fixture_key key = fixture_sealed(fixture);
        memcpy(ids[i], key.id, sizeof key.id);
    }
}

static size_t index_of(char (*ids)[UUID_TEXT_BYTES], const char *id)
{
    for (size_t i = 0; i < MANY; i++) {
        if (strcmp(ids[i], id) == 0) {
            return i;
        }
    }
    fail_msg("%s is no key of the test", id);
    return MANY;
}

/* Walks all pages; every key once, each page but the last full. */
static void walk_keys(struct fixture *fixture, int limit, char (*ids)[UUID_TEXT_BYTES])
{
    bool seen[MANY] = {false};
    size_t total = 0, page_size = limit == 0 ? 100 : (size_t)limit;
    char *marker = NULL;
    for (bool truncated = true; truncated;) {
        Rewrap__ListKeysRequest request = REWRAP__LIST_KEYS_REQUEST__INIT;
        request.has_limit = limit != 0;
        request.limit = limit;
        request.marker = marker;
        struct reply reply;
        assert_success(fixture, "ListKeys", &request.base, &reply);
        const Rewrap__ListKeysResponse *response = (const Rewrap__ListKeysResponse *)reply.body;
        for (size_t i = 0; i < response->n_keys; i++) {
            size_t index = index_of(ids, response->keys[i]->key_id);
            assert_false(seen[index]);
            seen[index] = true;
            assert_string_equal(response->keys[i]->key_arn, text(ARN("key/%s"), response->keys[i]->key_id));
        }
        total += response->n_keys;
        truncated = response->truncated;
        assert_true(response->has_truncated);
        assert_int_equal(truncated, total < MANY);
        assert_int_equal(response->n_keys, truncated || total % page_size == 0 ? page_size : total % page_size);
        assert_int_equal(response->next_marker != NULL, truncated);
        free(marker);
        marker = truncated ? strdup(response->next_marker) : NULL;
        reply_clear(&reply);
    }
    assert_int_equal(total, MANY);
}

static void keys_come_in_pages(void **state)
{
    struct fixture *fixture = *state;
    static char ids[MANY][UUID_TEXT_BYTES];
    fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT}); /* not in the list */
    add_many(fixture, ids);
    static const int limits[] = {0, 1, 7, 100, 125, 249, 250, 251, 1000};
    for (size_t i = 0; i < COUNT(limits); i++) {
        walk_keys(fixture, limits[i], ids);
    }
}

static void a_key_that_comes_between_pages_does_no_harm(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 5; i++) {
        fixture_sealed(fixture);
    }
    Rewrap__ListKeysRequest request = REWRAP__LIST_KEYS_REQUEST__INIT;
    request.has_limit = true;
    request.limit = 3;
    struct reply first, second;
    assert_success(fixture, "ListKeys", &request.base, &first);
    request.marker = ((const Rewrap__ListKeysResponse *)first.body)->next_marker;
    fixture_sealed(fixture);
    assert_success(fixture, "ListKeys", &request.base, &second);
    const Rewrap__ListKeysResponse *page = (const Rewrap__ListKeysResponse *)second.body;
    for (size_t i = 0; i < page->n_keys; i++) {
        for (size_t j = 0; j < 3; j++) {
            assert_string_not_equal(page->keys[i]->key_id,
                                    ((const Rewrap__ListKeysResponse *)first.body)->keys[j]->key_id);
        }
    }
    assert_true(page->n_keys >= 2);
    reply_clear(&first);
    reply_clear(&second);
}

static void an_account_without_keys_has_an_empty_list(void **state)
{
    struct fixture *fixture = *state;
    Rewrap__ListKeysRequest keys = REWRAP__LIST_KEYS_REQUEST__INIT;
    Rewrap__ListAliasesRequest aliases = REWRAP__LIST_ALIASES_REQUEST__INIT;
    struct reply reply;
    assert_success(fixture, "ListKeys", &keys.base, &reply);
    assert_int_equal(((const Rewrap__ListKeysResponse *)reply.body)->n_keys, 0);
    assert_false(((const Rewrap__ListKeysResponse *)reply.body)->truncated);
    reply_clear(&reply);
    assert_success(fixture, "ListAliases", &aliases.base, &reply);
    assert_int_equal(((const Rewrap__ListAliasesResponse *)reply.body)->n_aliases, 0);
    assert_false(((const Rewrap__ListAliasesResponse *)reply.body)->truncated);
    reply_clear(&reply);
}

static void markers_that_nobody_gave_out(void **state)
{
    struct fixture *fixture = *state;
    static const char *const bad[] = {
        "x",
        "K",
        "A",
        "K0",
        "Kzz",
        "K00112233445566778899aabbccddeef",
        "K00112233445566778899AABBCCDDEEFF",
        "K00112233445566778899aabbccddeeff00",
        "B00",
        "A6",
        "AzZ",
        " ",
        "00112233445566778899aabbccddeeff",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        char *marker = strdup(bad[i]);
        Rewrap__ListKeysRequest keys = REWRAP__LIST_KEYS_REQUEST__INIT;
        keys.marker = marker;
        assert_error(fixture, "ListKeys", &keys.base, "InvalidMarkerException",
                     "The marker is not one that this operation gave out.");
        Rewrap__ListAliasesRequest aliases = REWRAP__LIST_ALIASES_REQUEST__INIT;
        aliases.marker = marker;
        assert_error(fixture, "ListAliases", &aliases.base, "InvalidMarkerException",
                     "The marker is not one that this operation gave out.");
        free(marker);
    }
    /* In hexadecimal, but no name of an alias: "alias/a\0b", "alias/a\0", "aliasx", "alias/", "alias/a b", "b/a". */
    static const char *const no_names[] = {
        "A616c6961732f610062", "A616c6961732f6100", "A616c69617378", "A616c6961732f", "A616c6961732f612062", "A622f61",
    };
    for (size_t i = 0; i < COUNT(no_names); i++) {
        Rewrap__ListAliasesRequest request = REWRAP__LIST_ALIASES_REQUEST__INIT;
        request.marker = (char *)(uintptr_t)no_names[i];
        assert_error(fixture, "ListAliases", &request.base, "InvalidMarkerException",
                     "The marker is not one that this operation gave out.");
    }
    char *longest = repeated('a', 1024);
    longest[0] = 'A';
    Rewrap__ListAliasesRequest aliases = REWRAP__LIST_ALIASES_REQUEST__INIT;
    aliases.marker = longest;
    assert_error(fixture, "ListAliases", &aliases.base, "InvalidMarkerException",
                 "The marker is not one that this operation gave out.");
    free(longest);
}

/* Walks the aliases of a key (NULL: of all); how many there were. Names must rise, and every page but the last be full.
 */
static size_t walk_aliases(struct fixture *fixture, const char *key_id, int limit)
{
    size_t total = 0;
    char *marker = NULL;
    char last[300] = "";
    for (bool truncated = true; truncated;) {
        Rewrap__ListAliasesRequest request = REWRAP__LIST_ALIASES_REQUEST__INIT;
        request.key_id = (char *)(uintptr_t)key_id;
        request.has_limit = limit != 0;
        request.limit = limit;
        request.marker = marker;
        struct reply reply;
        assert_success(fixture, "ListAliases", &request.base, &reply);
        const Rewrap__ListAliasesResponse *response = (const Rewrap__ListAliasesResponse *)reply.body;
        for (size_t i = 0; i < response->n_aliases; i++) {
            const Rewrap__AliasListEntry *entry = response->aliases[i];
            assert_true(strcmp(entry->alias_name, last) > 0);
            memcpy(last, entry->alias_name, strlen(entry->alias_name) + 1);
            assert_string_equal(entry->alias_arn, text(ARN("%s"), entry->alias_name));
            assert_int_equal(entry->creation_date->seconds, 1700000000);
            assert_int_equal(entry->last_updated_date->seconds, 1700000000);
            if (key_id != NULL) {
                assert_non_null(strstr(key_id, entry->target_key_id));
            }
        }
        total += response->n_aliases;
        truncated = response->truncated;
        if (truncated) {
            assert_int_equal(response->n_aliases, limit == 0 ? 50 : limit);
        }
        free(marker);
        marker = truncated ? strdup(response->next_marker) : NULL;
        reply_clear(&reply);
    }
    return total;
}

static void aliases_come_in_pages_and_by_key(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key a = fixture_sealed(fixture), b = fixture_sealed(fixture), none = fixture_sealed(fixture);
    struct fixture_key theirs = fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT});
    fixture_alias(fixture, OTHER_ACCOUNT, "alias/5", &theirs);
    for (unsigned i = 0; i < 120; i++) {
        fixture_alias(fixture, ACCOUNT, text("alias/%03u", i), i % 3 == 0 ? &a : &b);
    }
    static const int limits[] = {0, 1, 7, 39, 40, 41, 80, 100};
    for (size_t i = 0; i < COUNT(limits); i++) {
        assert_int_equal(walk_aliases(fixture, NULL, limits[i]), 120);
        assert_int_equal(walk_aliases(fixture, a.id, limits[i]), 40);
        assert_int_equal(walk_aliases(fixture, b.arn, limits[i]), 80);
        assert_int_equal(walk_aliases(fixture, none.id, limits[i]), 0);
    }
}

static void the_longest_name_makes_a_marker_that_is_taken(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    char *longest = repeated('n', 256);
    memcpy(longest, "alias/", 6);
    fixture_alias(fixture, ACCOUNT, longest, &key);
    fixture_alias(fixture, ACCOUNT, "alias/o", &key);
    assert_int_equal(walk_aliases(fixture, NULL, 1), 2);
    free(longest);
}

static void filters_are_keys_of_the_account(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key theirs = fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT});
    Rewrap__ListAliasesRequest request = REWRAP__LIST_ALIASES_REQUEST__INIT;
    char alias[] = "alias/x", unknown[] = UNKNOWN_ID;
    request.key_id = alias;
    assert_error(fixture, "ListAliases", &request.base, "InvalidArnException",
                 "Key Aliases are not supported for this operation.");
    request.key_id = unknown;
    assert_error(fixture, "ListAliases", &request.base, "NotFoundException",
                 "Key '" ARN("key/" UNKNOWN_ID) "' does not exist");
    request.key_id = theirs.arn;
    assert_error(fixture, "ListAliases", &request.base, "AccessDeniedException",
                 "User: " ALICE
                 " is not authorized to perform: kms:ListAliases on this resource because the resource does "
                 "not exist in this Region, no resource-based policies allow access, or a resource-based policy "
                 "explicitly denies access");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_come_in_pages),
        TEST(a_key_that_comes_between_pages_does_no_harm),
        TEST(an_account_without_keys_has_an_empty_list),
        TEST(markers_that_nobody_gave_out),
        TEST(aliases_come_in_pages_and_by_key),
        TEST(the_longest_name_makes_a_marker_that_is_taken),
        TEST(filters_are_keys_of_the_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
