/* ListGrants and ListRetirableGrants: entries, filters, pages, who may (KMS.md ). */
#include "grants.h"

#include "lives.h"

#include "proto/frame.h"

#include <stdio.h>

#define NO_MARKER "The marker is not one that this operation gave out."
#define NO_ID     "The key has no grant with that GrantId."
#define EITHER    "Specify either RetiringPrincipal or RetiringServicePrincipal, and not both."

/* Of either operation: what the answers have in common. */
struct listing {
    const char *operation;
    const char *key, *grant_id, *grantee, *grantee_service;
    const char *retiring, *retiring_service;
    const char *marker;
    int limit; /* 0: none */
};

struct page {
    struct reply reply;
    Rewrap__GrantListEntry **grants;
    size_t n;
    bool truncated;
    const char *next_marker;
};

static char *loose(const char *text)
{
    return (char *)(uintptr_t)text;
}

union list_request {
    Rewrap__ListGrantsRequest grants;
    Rewrap__ListRetirableGrantsRequest retirable;
};

static const ProtobufCMessage *request_of(const struct listing *listing, union list_request *request)
{
    if (strcmp(listing->operation, "ListGrants") == 0) {
        rewrap__list_grants_request__init(&request->grants);
        request->grants.key_id = loose(listing->key);
        request->grants.grant_id = loose(listing->grant_id);
        request->grants.grantee_principal = loose(listing->grantee);
        request->grants.grantee_service_principal = loose(listing->grantee_service);
        request->grants.marker = loose(listing->marker);
        request->grants.has_limit = listing->limit != 0;
        request->grants.limit = listing->limit;
        return &request->grants.base;
    }
    rewrap__list_retirable_grants_request__init(&request->retirable);
    request->retirable.retiring_principal = loose(listing->retiring);
    request->retirable.retiring_service_principal = loose(listing->retiring_service);
    request->retirable.marker = loose(listing->marker);
    request->retirable.has_limit = listing->limit != 0;
    request->retirable.limit = listing->limit;
    return &request->retirable.base;
}

static struct page list(struct fixture *fixture, const struct listing *listing)
{
    union list_request request;
    struct page page;
    assert_success(fixture, listing->operation, request_of(listing, &request), &page.reply);
    if (strcmp(listing->operation, "ListGrants") == 0) {
        const Rewrap__ListGrantsResponse *response = (const Rewrap__ListGrantsResponse *)page.reply.body;
        page.grants = response->grants;
        page.n = response->n_grants;
        page.truncated = response->truncated;
        page.next_marker = response->next_marker;
        assert_true(response->has_truncated);
    } else {
        const Rewrap__ListRetirableGrantsResponse *response =
            (const Rewrap__ListRetirableGrantsResponse *)page.reply.body;
        page.grants = response->grants;
        page.n = response->n_grants;
        page.truncated = response->truncated;
        page.next_marker = response->next_marker;
        assert_true(response->has_truncated);
    }
    assert_int_equal(page.next_marker != NULL, page.truncated);
    return page;
}

static void refused(struct fixture *fixture, const struct listing *listing, const char *code, const char *message)
{
    union list_request request;
    assert_error(fixture, listing->operation, request_of(listing, &request), code, message);
}

/* How many there are on all pages; each is greater than the one before, so that none comes twice. */
static size_t walk(struct fixture *fixture, const struct listing *listing, size_t *ret_pages)
{
    struct listing next = *listing;
    char *marker = NULL, last[2 * GRANT_ID_BYTES + 1] = "";
    size_t total = 0, pages = 0;
    for (bool truncated = true; truncated;) {
        next.marker = marker;
        struct page page = list(fixture, &next);
        for (size_t i = 0; i < page.n; i++) {
            assert_true(strcmp(page.grants[i]->grant_id, last) > 0);
            snprintf(last, sizeof last, "%s", page.grants[i]->grant_id);
        }
        assert_true(page.n <= (listing->limit == 0 ? 50 : (size_t)listing->limit));
        total += page.n;
        pages++;
        truncated = page.truncated;
        free(marker);
        marker = truncated ? strdup(page.next_marker) : NULL;
        reply_clear(&page.reply);
    }
    if (ret_pages != NULL) {
        *ret_pages = pages;
    }
    return total;
}

/* ------------------------------------------------------------------ */

static void an_entry_in_full(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    struct made made =
        grant_make(fixture, &(struct wish){.key = key.id,
                                           .grantee = BOB,
                                           .retiring = CAROL,
                                           .operations = USES | POLICY_GRANT_RE_ENCRYPT_TO | POLICY_GRANT_DESCRIBE_KEY,
                                           .equals = PAIRS("a", "1"),
                                           .subset = PAIRS("b", "", "", "\xC3\xBC"),
                                           .source = SOURCE,
                                           .name = "n"});
    struct page page = list(fixture, &(struct listing){.operation = "ListGrants", .key = key.id});
    assert_int_equal(page.n, 1);
    assert_false(page.truncated);
    const Rewrap__GrantListEntry *entry = page.grants[0];
    assert_string_equal(entry->key_id, key.arn);
    assert_string_equal(entry->grant_id, made.id);
    assert_string_equal(entry->name, "n");
    assert_int_equal(entry->creation_date->seconds, fixture->now_ms / 1000);
    assert_string_equal(entry->grantee_principal, BOB);
    assert_string_equal(entry->retiring_principal, CAROL);
    assert_null(entry->grantee_service_principal);
    assert_null(entry->retiring_service_principal);
    assert_string_equal(entry->issuing_account, ROOT);
    static const Rewrap__GrantOperation__Value operations[] = {
        REWRAP__GRANT_OPERATION__VALUE__Decrypt, REWRAP__GRANT_OPERATION__VALUE__Encrypt,
        REWRAP__GRANT_OPERATION__VALUE__ReEncryptTo, REWRAP__GRANT_OPERATION__VALUE__DescribeKey};
    assert_int_equal(entry->n_operations, COUNT(operations));
    for (size_t i = 0; i < COUNT(operations); i++) {
        assert_int_equal(entry->operations[i], operations[i]);
    }
    assert_int_equal(entry->constraints->n_encryption_context_equals, 1);
    assert_string_equal(entry->constraints->encryption_context_equals[0]->key, "a");
    assert_string_equal(entry->constraints->encryption_context_equals[0]->value, "1");
    assert_int_equal(entry->constraints->n_encryption_context_subset, 2);
    assert_string_equal(entry->constraints->encryption_context_subset[0]->key, "b");
    assert_string_equal(entry->constraints->encryption_context_subset[0]->value, "");
    assert_string_equal(entry->constraints->encryption_context_subset[1]->key, "");
    assert_string_equal(entry->constraints->encryption_context_subset[1]->value, "\xC3\xBC");
    assert_string_equal(entry->constraints->source_arn, SOURCE);
    reply_clear(&page.reply);
}

static void what_was_not_given(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture), service = fixture_sealed(fixture);
    grant_make(fixture, &(struct wish){.key = key.id, .grantee = BOB, .operations = POLICY_GRANT_ENCRYPT});
    struct page page = list(fixture, &(struct listing){.operation = "ListGrants", .key = key.arn});
    assert_int_equal(page.n, 1);
    assert_string_equal(page.grants[0]->name, "");
    assert_null(page.grants[0]->retiring_principal);
    assert_null(page.grants[0]->constraints);
    reply_clear(&page.reply);
    grant_make(fixture, &(struct wish){.key = service.id,
                                       .service = SERVICE,
                                       .retiring_service = "x.y.amazonaws.com",
                                       .source = SOURCE,
                                       .operations = USES});
    page = list(fixture, &(struct listing){.operation = "ListGrants", .key = service.arn});
    assert_string_equal(page.grants[0]->grantee_service_principal, SERVICE);
    assert_string_equal(page.grants[0]->grantee_principal, SERVICE);
    assert_string_equal(page.grants[0]->retiring_service_principal, "x.y.amazonaws.com");
    assert_string_equal(page.grants[0]->constraints->source_arn, SOURCE);
    reply_clear(&page.reply);
}

static void pages_and_filters(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture), other = fixture_sealed(fixture), none = fixture_sealed(fixture);
    for (unsigned i = 0; i < 120; i++) {
        fixture_grant(fixture, i % 10 == 9 ? &other : &key, i % 3 == 0 ? CAROL : BOB, USES, NULL);
    }
    static const int limits[] = {0, 1, 7, 53, 54, 55, 99, 100};
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct listing listing = {.operation = "ListGrants", .key = key.id, .limit = limits[i]};
        assert_int_equal(walk(fixture, &listing, NULL), 108);
        listing.grantee = CAROL;
        assert_int_equal(walk(fixture, &listing, NULL), 36);
        listing.grantee = BOB;
        assert_int_equal(walk(fixture, &listing, NULL), 72);
        listing.grantee = ROLE;
        assert_int_equal(walk(fixture, &listing, NULL), 0);
        listing.grantee = NULL;
        listing.grantee_service = SERVICE;
        assert_int_equal(walk(fixture, &listing, NULL), 0);
        listing = (struct listing){.operation = "ListGrants", .key = other.arn, .limit = limits[i]};
        assert_int_equal(walk(fixture, &listing, NULL), 12);
        listing.key = none.id;
        assert_int_equal(walk(fixture, &listing, NULL), 0);
    }
}

static void one_by_its_id(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture), other = fixture_sealed(fixture);
    struct made made = grant_make(fixture, &(struct wish){.key = key.id, .grantee = BOB, .operations = USES});
    fixture_grant(fixture, &key, CAROL, USES, NULL);
    struct listing listing = {.operation = "ListGrants", .key = key.id, .grant_id = made.id};
    assert_int_equal(walk(fixture, &listing, NULL), 1);
    listing.grantee = BOB;
    assert_int_equal(walk(fixture, &listing, NULL), 1);
    listing.grantee = CAROL;
    assert_int_equal(walk(fixture, &listing, NULL), 0);
    listing.grantee = NULL;
    listing.key = other.id;
    refused(fixture, &listing, "InvalidGrantIdException", NO_ID);
    listing.key = key.id;
    listing.grant_id = "x";
    refused(fixture, &listing, "InvalidGrantIdException", NO_ID);
}

/* A page with the longest constraints there are fits into a frame. */
static void long_pages_are_cut(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    static char keys[8][4097], value[4 * 384 + 1];
    struct policy_pair pairs[8];
    for (size_t i = 0; i < 384; i++) {
        memcpy(value + 4 * i, "\xF0\x9F\x98\x80", 4);
    }
    for (size_t i = 0; i < COUNT(pairs); i++) {
        memset(keys[i], 'k', sizeof keys[i] - 1);
        keys[i][0] = (char)('0' + i);
        pairs[i] = (struct policy_pair){.key = view_of_string(keys[i]), .value = view_of_string(value)};
    }
    struct policy_grant_constraints constraints = {.has_equals = true,
                                                   .equals = pairs,
                                                   .equals_count = COUNT(pairs),
                                                   .has_subset = true,
                                                   .subset = pairs,
                                                   .subset_count = COUNT(pairs)};
    for (unsigned i = 0; i < 12; i++) {
        fixture_grant(fixture, &key, BOB, USES, &constraints);
    }
    size_t pages;
    assert_int_equal(walk(fixture, &(struct listing){.operation = "ListGrants", .key = key.id, .limit = 100}, &pages),
                     12);
    assert_int_equal(pages, 6);
}

static void who_may_list(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    fixture_alias(fixture, ACCOUNT, "alias/x", &key);
    struct listing listing = {.operation = "ListGrants", .key = key.arn};
    fixture->principal = CAROL;
    refused(fixture, &listing, "AccessDeniedException", denied_text(CAROL, "kms:ListGrants", key.arn));
    fixture->principal = BOB;
    refused(fixture, &listing, "AccessDeniedException", foreign_text(BOB, "kms:ListGrants"));
    listing.key = ARN("key/" UNKNOWN_ID);
    refused(fixture, &listing, "AccessDeniedException", foreign_text(BOB, "kms:ListGrants"));
    fixture->principal = ALICE;
    refused(fixture, &listing, "NotFoundException", "Key '" ARN("key/" UNKNOWN_ID) "' does not exist");
    listing.key = "alias/x";
    refused(fixture, &listing, "InvalidArnException", "Key Aliases are not supported for this operation.");
    listing.key = NULL;
    refused(fixture, &listing, "ValidationException",
            "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null");
    listing.key = key.id;
    listing.limit = 101;
    refused(fixture, &listing, "ValidationException",
            "1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: Member must have value "
            "less than or equal to 100");
    listing.limit = 0;
    static const char *const bad[] = {"x",
                                      "G",
                                      "G00",
                                      "Gzz",
                                      "K00112233445566778899aabbccddeeff",
                                      "E0000000000000000000000000000000000000000000000000000000000000000"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        listing.marker = bad[i];
        refused(fixture, &listing, "InvalidMarkerException", NO_MARKER);
    }
    listing = (struct listing){.operation = "ListGrants", .key = key.id, .grantee = BOB, .grantee_service = SERVICE};
    refused(fixture, &listing, "ValidationException",
            "Specify either GranteePrincipal or GranteeServicePrincipal, not both.");
    static const enum key_state states[] = {KEY_STATE_DISABLED, KEY_STATE_PENDING_DELETION};
    for (size_t i = 0; i < COUNT(states); i++) {
        struct fixture_key off = fixture_key(fixture, &(struct registry_key){.state = states[i]});
        assert_int_equal(walk(fixture, &(struct listing){.operation = "ListGrants", .key = off.id}, NULL), 0);
    }
}

/* ------------------------------------------------------------------ */

static void retirable(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture), other = fixture_sealed(fixture);
    struct fixture_key theirs = fixture_key(fixture, &(struct registry_key){.account = OTHER_ACCOUNT});
    for (unsigned i = 0; i < 12; i++) {
        grant_make(fixture, &(struct wish){.key = i % 2 == 0 ? key.id : other.id,
                                           .grantee = CAROL,
                                           .retiring = i % 3 == 0 ? CAROL : BOB,
                                           .operations = USES});
    }
    grant_make(fixture, &(struct wish){.key = key.id, .grantee = CAROL, .operations = USES});
    fixture->principal = BOB;
    grant_make(fixture, &(struct wish){.key = theirs.id, .grantee = BOB, .retiring = BOB, .operations = USES});
    struct listing listing = {.operation = "ListRetirableGrants", .retiring = BOB};
    static const int limits[] = {0, 1, 4, 8, 9, 100};
    for (size_t i = 0; i < COUNT(limits); i++) {
        listing.limit = limits[i];
        assert_int_equal(walk(fixture, &listing, NULL), 9); /* of his own account's key, and of others' */
    }
    struct page page = list(fixture, &listing);
    for (size_t i = 0; i < page.n; i++) {
        assert_string_equal(page.grants[i]->retiring_principal, BOB);
        assert_true(strcmp(page.grants[i]->key_id, key.arn) == 0 || strcmp(page.grants[i]->key_id, other.arn) == 0 ||
                    strcmp(page.grants[i]->key_id, theirs.arn) == 0);
    }
    reply_clear(&page.reply);
    listing.retiring = ROLE;
    assert_int_equal(walk(fixture, &listing, NULL), 0);
    listing.retiring = CAROL; /* of another account */
    refused(fixture, &listing, "AccessDeniedException", foreign_text(BOB, "kms:ListRetirableGrants"));
    fixture->principal = ALICE;
    listing.limit = 0;
    assert_int_equal(walk(fixture, &listing, NULL), 4);
    listing.retiring = "carol";
    refused(fixture, &listing, "InvalidArnException", "ARN does not refer to a valid principal: carol");
    listing.retiring = NULL;
    refused(fixture, &listing, "ValidationException", EITHER);
    listing.retiring = CAROL;
    listing.retiring_service = SERVICE;
    refused(fixture, &listing, "ValidationException", EITHER);
    listing.retiring_service = NULL;
    listing.marker = "G0000000000000000000000000000000000000000000000000000000000000000";
    refused(fixture, &listing, "InvalidMarkerException", NO_MARKER);
    listing.marker = NULL;
    fixture->principal = CAROL; /* by identity policies alone */
    refused(fixture, &listing, "AccessDeniedException",
            "User: " CAROL " is not authorized to perform: kms:ListRetirableGrants on resource: * because no "
            "identity-based policy allows the kms:ListRetirableGrants action");
}

/* ------------------------------------------------------------------ who is gone */

/* Shown is the id of the one whom the grant meant, and what is shown is what a filter finds. */
static void shows(struct fixture *fixture, const char *key, const struct made *made, const char *grantee,
                  const char *retiring)
{
    struct listing listing = {.operation = "ListGrants", .key = key, .grant_id = made->id};
    struct page page = list(fixture, &listing);
    assert_int_equal(page.n, 1);
    assert_string_equal(page.grants[0]->grantee_principal, grantee);
    assert_string_equal(page.grants[0]->retiring_principal, retiring);
    reply_clear(&page.reply);
    listing.grantee = grantee;
    assert_int_equal(walk(fixture, &listing, NULL), 1);
    listing.grantee = strcmp(grantee, CAROL) == 0 ? "AIDA99999999999999999" : CAROL;
    assert_int_equal(walk(fixture, &listing, NULL), 0);
}

static void who_departed_is_shown_by_his_id(void **state)
{
    struct fixture *fixture = *state;
    enum { LIVES = 3 };
    struct fixture_key key = fixture_sealed(fixture);
    struct wish wish = {.key = key.id, .grantee = CAROL, .retiring = BOB, .operations = USES};
    struct made made[LIVES], retired_by_her, last;
    char ids[LIVES][PRINCIPAL_ID_BYTES];
    for (int i = 0; i < LIVES; i++) {
        made[i] = grant_make(fixture, &wish);
        if (i == 0) {
            retired_by_her = grant_make(
                fixture, &(struct wish){.key = key.id, .grantee = BOB, .retiring = CAROL, .operations = USES});
        }
        shows(fixture, key.id, &made[i], CAROL, BOB);
        fixture->now_ms += 10;
        fixture_principal_depart(fixture, ACCOUNT, "user/carol", ids[i]);
        shows(fixture, key.id, &made[i], ids[i], BOB); /* though nobody has the name */
        fixture->now_ms += 10;
        fixture_principal(fixture, ACCOUNT, "user/carol", fixture->now_ms, NULL);
    }
    last = grant_make(fixture, &wish);
    for (int i = 0; i < LIVES; i++) {
        shows(fixture, key.id, &made[i], ids[i], BOB);
    }
    shows(fixture, key.id, &last, CAROL, BOB);
    shows(fixture, key.id, &retired_by_her, BOB, ids[0]);
    assert_int_equal(walk(fixture, &(struct listing){.operation = "ListGrants", .key = key.id, .grantee = CAROL}, NULL),
                     1);
}

/* A session by the id of its role; what is no user or role stays as it is. */
static void sessions_of_who_departed(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    static const char federated[] = "arn:aws:sts::" OTHER_ACCOUNT ":federated-user/worker";
    struct made of_role, of_session, of_federated, of_root;
    char id[PRINCIPAL_ID_BYTES];
    struct wish wish = {.key = key.id, .grantee = ROLE, .retiring = BOB, .operations = USES};
    of_role = grant_make(fixture, &wish);
    wish.grantee = SESSION;
    of_session = grant_make(fixture, &wish);
    wish.grantee = federated;
    of_federated = grant_make(fixture, &wish);
    wish.grantee = BOBS_ROOT;
    of_root = grant_make(fixture, &wish);
    fixture_principal_depart(fixture, OTHER_ACCOUNT, "role/team/worker", id);
    shows(fixture, key.id, &of_role, id, BOB);
    shows(fixture, key.id, &of_session, id, BOB);
    shows(fixture, key.id, &of_federated, federated, BOB);
    shows(fixture, key.id, &of_root, BOBS_ROOT, BOB);
}

/* A service is of no account: each sees those on its own keys. */
static void retirable_by_services(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    grant_make(fixture, &(struct wish){.key = key.id, .grantee = BOB, .retiring_service = SERVICE, .operations = USES});
    struct listing listing = {.operation = "ListRetirableGrants", .retiring_service = SERVICE};
    assert_int_equal(walk(fixture, &listing, NULL), 1);
    fixture->principal = BOB;
    assert_int_equal(walk(fixture, &listing, NULL), 0);
}

/* Not those of another who had his name before, nor of keys that are gone. */
static void retirable_no_more(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_open(fixture), dying = fixture_open(fixture);
    struct wish wish = {.key = key.id, .grantee = BOB, .retiring = CAROL, .operations = USES};
    grant_make(fixture, &wish);
    wish.key = dying.id;
    grant_make(fixture, &wish);
    struct listing listing = {.operation = "ListRetirableGrants", .retiring = CAROL};
    assert_int_equal(walk(fixture, &listing, NULL), 2);
    works(fixture, "ScheduleKeyDeletion", dying.id);
    assert_int_equal(walk(fixture, &listing, NULL), 2);
    fixture->now_ms += 31 * DAY_MS;
    assert_int_equal(walk(fixture, &listing, NULL), 1);
    fixture_principal_remove(fixture, ACCOUNT, "user/carol");
    assert_int_equal(walk(fixture, &listing, NULL), 0);
    fixture_principal(fixture, ACCOUNT, "user/carol", fixture->now_ms, NULL);
    assert_int_equal(walk(fixture, &listing, NULL), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, grants_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_entry_in_full),
        TEST(what_was_not_given),
        TEST(pages_and_filters),
        TEST(one_by_its_id),
        TEST(long_pages_are_cut),
        TEST(who_may_list),
        TEST(retirable),
        TEST(retirable_by_services),
        TEST(retirable_no_more),
        TEST(who_departed_is_shown_by_his_id),
        TEST(sessions_of_who_departed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
