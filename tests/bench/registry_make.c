/* A large registry, written in one transaction; see registry_make.h. */
#include "registry_make.h"

#include "pairs.h"
#include "registry_policies.h"

#include "base/hex.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY, MATERIAL, TAG, ALIAS, PRINCIPAL, IDENTITY, GRANT, STATEMENTS };

static const char *const statements[STATEMENTS] = {
    [KEY] = ("INSERT INTO keys (key_id, account, token, description, spec, usage, state, boundary, created_ms, policy,"
             " policy_ms) VALUES (?1, ?2, 'main', 'made by the bench', 1, 1, 1, 1, ?3, ?4, ?3)"),
    [MATERIAL] = "INSERT INTO materials (key_id, version, material_id, created_ms) VALUES (?1, 1, ?2, ?3)",
    [TAG] = "INSERT INTO tags VALUES (?1, ?2, ?3)",
    [ALIAS] = "INSERT INTO aliases VALUES (?1, ?2, ?3, ?4, ?4)",
    [PRINCIPAL] = "INSERT INTO principals VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)",
    [IDENTITY] = "INSERT INTO identity_policies VALUES (?1, 'own', ?2)",
    [GRANT] = "INSERT INTO grants VALUES (?1, ?2, ?3, '', ?4, 0, '', 0, ?5, ?6, NULL, ?7, '')",
};

struct maker {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    uint64_t random;
    uint64_t unique; /* principals so far */
};

/* ------------------------------------------------------------------ names and numbers */

uint64_t make_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

unsigned make_random_below(uint64_t *state, unsigned limit)
{
    return (unsigned)(make_random(state) % limit);
}

void make_account(unsigned account, char out[ACCOUNT_TEXT_BYTES])
{
    snprintf(out, ACCOUNT_TEXT_BYTES, "%012u", 100000000u + account);
}

void make_role_arn(unsigned account, unsigned app, char out[MAKE_ARN_BYTES])
{
    char digits[ACCOUNT_TEXT_BYTES];
    make_account(account, digits);
    snprintf(out, MAKE_ARN_BYTES, "arn:aws:iam::%s:role/service/app-%u", digits, app);
}

void make_user_arn(unsigned account, unsigned app, char out[MAKE_ARN_BYTES])
{
    char digits[ACCOUNT_TEXT_BYTES];
    make_account(account, digits);
    snprintf(out, MAKE_ARN_BYTES, "arn:aws:iam::%s:user/app-%u", digits, app);
}

void make_crowded_grantee(unsigned number, char out[MAKE_ARN_BYTES])
{
    char digits[ACCOUNT_TEXT_BYTES];
    make_account(0, digits);
    snprintf(out, MAKE_ARN_BYTES, "arn:aws:iam::%s:role/crowd/member-%u", digits, number);
}

/* ------------------------------------------------------------------ rows */

static void check(struct maker *maker, bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench_policy: %s: %s\n", what, sqlite3_errmsg(maker->db));
        exit(1);
    }
}

static void run(struct maker *maker, const char *sql)
{
    check(maker, sqlite3_exec(maker->db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static void bind_bytes(struct maker *maker, int statement, int at, const void *data, size_t len)
{
    check(maker, sqlite3_bind_blob(maker->statements[statement], at, data, (int)len, SQLITE_STATIC) == SQLITE_OK,
          statements[statement]);
}

static void bind_text(struct maker *maker, int statement, int at, const char *text, size_t len)
{
    check(maker, sqlite3_bind_text(maker->statements[statement], at, text, (int)len, SQLITE_STATIC) == SQLITE_OK,
          statements[statement]);
}

static void bind_string(struct maker *maker, int statement, int at, const char *text)
{
    bind_text(maker, statement, at, text, strlen(text));
}

static void bind_number(struct maker *maker, int statement, int at, int64_t number)
{
    check(maker, sqlite3_bind_int64(maker->statements[statement], at, number) == SQLITE_OK, statements[statement]);
}

static void insert(struct maker *maker, int statement)
{
    sqlite3_stmt *handle = maker->statements[statement];
    check(maker, sqlite3_step(handle) == SQLITE_DONE, statements[statement]);
    sqlite3_reset(handle);
}

static void random_bytes(struct maker *maker, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
        uint64_t bits = make_random(&maker->random);
        memcpy(out + i, &bits, sizeof bits);
    }
}

/* ------------------------------------------------------------------ who */

static void put_principal(struct maker *maker, unsigned account, enum principal_kind kind, unsigned app)
{
    char digits[ACCOUNT_TEXT_BYTES];
    char unique_id[PRINCIPAL_ID_BYTES];
    char name[PRINCIPAL_NAME_MAX_BYTES];
    char policy[MAKE_IDENTITY_POLICY_BYTES];
    make_account(account, digits);
    snprintf(unique_id, sizeof unique_id, "%s%017llu", kind == PRINCIPAL_USER ? "AIDA" : "AROA",
             (unsigned long long)maker->unique++);
    snprintf(name, sizeof name, "app-%u", app);
    bind_string(maker, PRINCIPAL, 1, unique_id);
    bind_string(maker, PRINCIPAL, 2, digits);
    bind_number(maker, PRINCIPAL, 3, kind);
    bind_string(maker, PRINCIPAL, 4, name);
    bind_string(maker, PRINCIPAL, 5, kind == PRINCIPAL_USER ? "/" : "/service/");
    bind_number(maker, PRINCIPAL, 6, MAKE_CREATED_MS - 1); /* before the keys, whose policies mean them */
    insert(maker, PRINCIPAL);
    size_t len = make_identity_policy(account, app, policy);
    bind_string(maker, IDENTITY, 1, unique_id);
    bind_text(maker, IDENTITY, 2, policy, len);
    insert(maker, IDENTITY);
}

static void put_principals(struct maker *maker)
{
    for (unsigned account = 0; account < MAKE_ACCOUNTS; account++) {
        for (unsigned app = 0; app < MAKE_APPS; app++) {
            put_principal(maker, account, PRINCIPAL_USER, app);
            put_principal(maker, account, PRINCIPAL_ROLE, app);
        }
    }
}

/* ------------------------------------------------------------------ keys and grants */

static void put_key(struct maker *maker, const uint8_t key_id[KEY_ID_BYTES], unsigned key)
{
    uint8_t material[MATERIAL_ID_BYTES];
    char digits[ACCOUNT_TEXT_BYTES];
    char policy[MAKE_KEY_POLICY_BYTES];
    char team[16];
    char alias[32];
    make_account(key % MAKE_ACCOUNTS, digits);
    size_t len = make_key_policy(&maker->random, key, policy);
    bind_bytes(maker, KEY, 1, key_id, KEY_ID_BYTES);
    bind_string(maker, KEY, 2, digits);
    bind_number(maker, KEY, 3, MAKE_CREATED_MS);
    bind_text(maker, KEY, 4, policy, len);
    insert(maker, KEY);
    random_bytes(maker, material, sizeof material);
    bind_bytes(maker, MATERIAL, 1, key_id, KEY_ID_BYTES);
    bind_bytes(maker, MATERIAL, 2, material, sizeof material);
    bind_number(maker, MATERIAL, 3, MAKE_CREATED_MS);
    insert(maker, MATERIAL);
    snprintf(team, sizeof team, "team-%u", make_random_below(&maker->random, 8));
    bind_bytes(maker, TAG, 1, key_id, KEY_ID_BYTES);
    bind_string(maker, TAG, 2, "team");
    bind_string(maker, TAG, 3, team);
    insert(maker, TAG);
    snprintf(alias, sizeof alias, "alias/key-%u", key);
    bind_string(maker, ALIAS, 1, digits);
    bind_string(maker, ALIAS, 2, alias);
    bind_bytes(maker, ALIAS, 3, key_id, KEY_ID_BYTES);
    bind_number(maker, ALIAS, 4, MAKE_CREATED_MS);
    insert(maker, ALIAS);
}

/* Every other one with a constraint. */
static void put_grant(struct maker *maker, const uint8_t key_id[KEY_ID_BYTES], unsigned key, const char *grantee)
{
    uint8_t id[GRANT_ID_BYTES];
    char digits[ACCOUNT_TEXT_BYTES];
    char tenant[16];
    struct buffer subset = BUFFER_INIT(256);
    make_account(key % MAKE_ACCOUNTS, digits);
    random_bytes(maker, id, sizeof id);
    snprintf(tenant, sizeof tenant, "tenant-%u", make_random_below(&maker->random, MAKE_TENANTS));
    struct policy_pair pair = {.key = view_of_string("tenant"), .value = view_of_string(tenant)};
    if (make_random_below(&maker->random, 2) == 0 && !pairs_append(&subset, &pair, 1)) {
        check(maker, false, "no memory");
    }
    bind_bytes(maker, GRANT, 1, key_id, KEY_ID_BYTES);
    bind_bytes(maker, GRANT, 2, id, sizeof id);
    bind_number(maker, GRANT, 3, MAKE_CREATED_MS);
    bind_string(maker, GRANT, 4, grantee);
    bind_string(maker, GRANT, 5, digits);
    bind_number(maker, GRANT, 6, POLICY_GRANT_RE_ENCRYPT_FROM | POLICY_GRANT_RE_ENCRYPT_TO | POLICY_GRANT_DESCRIBE_KEY);
    bind_bytes(maker, GRANT, 7, subset.data, subset.len); /* without a byte: NULL, no constraint */
    insert(maker, GRANT);
    buffer_clear(&subset);
}

/* Between none and twice the average for each key; the last has the rest. */
static void put_grants(struct maker *maker, const struct make_wish *wish, const struct made *made, unsigned key,
                       unsigned *left)
{
    const unsigned keys_left = wish->keys - key;
    unsigned n = keys_left == 1 ? *left : make_random_below(&maker->random, 2 * (*left / keys_left) + 1);
    *left -= n;
    for (unsigned i = 0; i < n; i++) {
        char grantee[MAKE_ARN_BYTES];
        unsigned account = make_random_below(&maker->random, 2) == 0 ? key % MAKE_ACCOUNTS
                                                                     : make_random_below(&maker->random, MAKE_ACCOUNTS);
        make_role_arn(account, make_random_below(&maker->random, MAKE_APPS), grantee);
        put_grant(maker, made->key_ids[key], key, grantee);
    }
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, KEY_ID_BYTES);
}

/* In order, which is how the tables lie: random ids one after the other would take many times as long to insert. */
static void draw_key_ids(struct maker *maker, unsigned keys, struct made *ret)
{
    ret->keys = keys;
    ret->key_ids = calloc(keys, sizeof ret->key_ids[0]);
    check(maker, ret->key_ids != NULL, "no memory");
    for (unsigned i = 0; i < keys; i++) {
        random_bytes(maker, ret->key_ids[i], KEY_ID_BYTES);
    }
    qsort(ret->key_ids, keys, sizeof ret->key_ids[0], compare);
}

/* ------------------------------------------------------------------ all of it */

static void put_everything(struct maker *maker, const struct make_wish *wish, const struct made *made)
{
    unsigned left = wish->grants;
    put_principals(maker);
    for (unsigned key = 0; key < wish->keys; key++) {
        put_key(maker, made->key_ids[key], key);
        if (key != 0) {
            put_grants(maker, wish, made, key, &left);
        }
    }
    for (unsigned i = 0; i < wish->crowded_grants; i++) {
        char grantee[MAKE_ARN_BYTES];
        make_crowded_grantee(i, grantee);
        put_grant(maker, made->key_ids[0], 0, grantee);
    }
}

void registry_make(const char *path, const struct make_wish *wish, struct made *ret)
{
    struct maker maker = {.random = 1};
    check(&maker, sqlite3_open_v2(path, &maker.db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK, path);
    /* Nobody needs this file after a power cut. */
    run(&maker, "PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA foreign_keys = OFF; BEGIN");
    for (int i = 0; i < STATEMENTS; i++) {
        check(&maker, sqlite3_prepare_v2(maker.db, statements[i], -1, &maker.statements[i], NULL) == SQLITE_OK,
              statements[i]);
    }
    draw_key_ids(&maker, wish->keys, ret);
    put_everything(&maker, wish, ret);
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(maker.statements[i]);
    }
    run(&maker, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    check(&maker, sqlite3_close(maker.db) == SQLITE_OK, path);
}
