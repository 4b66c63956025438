/* Keys and aliases from birth to the next start: what was answered is there, in order, whole. */
#include "fixture.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void key_comes_back_whole(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key plain;
    plain_key_init(&plain, 7);
    struct registry_tag tags[] = {{(char *)"zone", (char *)""}, {(char *)"caf\xc3\xa9", (char *)"\xe2\x82\xac"}};
    plain.key.description = (char *)"invoices \xe2\x80\x93 2024";
    plain.key.token = (char *)"second";
    plain.key.spec = KEY_SPEC_RSA_3072;
    plain.key.boundary = KEY_BOUNDARY_OPEN;
    plain.key.tags = tags;
    plain.key.n_tags = 2;
    plain.key.n_aliases = 99; /* not looked at */
    assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);

    for (int round = 0; round < 2; round++) {
        const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
        assert_non_null(key);
        assert_string_equal(key->key_id_text, "00000007-0000-0000-0000-000000000000");
        assert_string_equal(key->account, ACCOUNT);
        assert_string_equal(key->token, "second");
        assert_string_equal(key->description, plain.key.description);
        assert_int_equal(key->spec, KEY_SPEC_RSA_3072);
        assert_int_equal(key->usage, KEY_USAGE_ENCRYPT_DECRYPT);
        assert_int_equal(key->state, KEY_STATE_ENABLED);
        assert_int_equal(key->boundary, KEY_BOUNDARY_OPEN);
        assert_int_equal(key->created_ms, NOW_MS);
        assert_int_equal(key->n_materials, 1);
        assert_memory_equal(key->materials[0].id, plain.material.id, MATERIAL_ID_BYTES);
        assert_int_equal(key->materials[0].created_ms, NOW_MS);
        assert_int_equal(key->n_aliases, 0);
        assert_int_equal(key->n_tags, 2);
        assert_string_equal(key->tags[0].key, tags[1].key); /* byte order */
        assert_string_equal(key->tags[0].value, tags[1].value);
        assert_string_equal(key->tags[1].key, "zone");
        assert_string_equal(key->tags[1].value, "");
        assert_ptr_equal(registry_key_of_material(fixture->registry, plain.material.id), key);
        assert_int_equal(registry_keys(fixture->registry), 1);
        fixture_reopen(fixture);
    }
}

static void known_ids_are_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key first;
    struct plain_key same_id;
    struct plain_key same_material;
    plain_key_init(&first, 1);
    plain_key_init(&same_id, 1);
    plain_key_init(&same_material, 2);
    same_id.material.id[9] = 9;
    same_material.material = first.material;
    assert_int_equal(add_key(fixture, &first.key).code, REGISTRY_OK);
    struct registry_result result = add_key(fixture, &same_id.key);
    assert_int_equal(result.code, REGISTRY_EXISTS);
    assert_int_not_equal(result.detail[0], '\0');
    assert_int_equal(add_key(fixture, &same_material.key).code, REGISTRY_EXISTS);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(registry_keys(fixture->registry), 1);
        assert_null(registry_key_find(fixture->registry, same_material.key.key_id)); /* its row was taken back */
        assert_null(registry_key_of_material(fixture->registry, same_id.material.id));
        fixture_reopen(fixture);
    }
}

static void keys_are_paged_by_account(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    const uint32_t order[] = {5, 1, 9, 3, 7, 2, 8, 4, 6, 0};
    for (size_t i = 0; i < 10; i++) {
        struct plain_key plain;
        plain_key_init(&plain, order[i]);
        memcpy(plain.key.account, order[i] % 2 == 0 ? ACCOUNT : OTHER_ACCOUNT, ACCOUNT_TEXT_BYTES);
        assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);
    }
    for (int round = 0; round < 2; round++) {
        const uint8_t *after = NULL;
        for (uint8_t n = 0; n < 10; n += 2) {
            const struct registry_key *key = registry_key_after(fixture->registry, ACCOUNT, after);
            assert_non_null(key);
            assert_int_equal(key->key_id[3], n);
            after = key->key_id;
        }
        assert_null(registry_key_after(fixture->registry, ACCOUNT, after));
        uint8_t between[KEY_ID_BYTES] = {0, 0, 0, 3, 1};
        assert_int_equal(registry_key_after(fixture->registry, OTHER_ACCOUNT, between)->key_id[3], 5);
        assert_null(registry_key_after(fixture->registry, "999999999999", NULL));
        assert_int_equal(registry_account_keys(fixture->registry, ACCOUNT), 5);
        assert_int_equal(registry_account_keys(fixture->registry, "999999999999"), 0);
        assert_int_equal(registry_keys(fixture->registry), 10);
        fixture_reopen(fixture);
    }
}

/* Adds, finds, pages, retargets, removes an alias, with a restart after each step. */
static void alias_lives_and_dies(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key a;
    struct plain_key b;
    plain_key_init(&a, 1);
    plain_key_init(&b, 2);
    assert_int_equal(add_key(fixture, &a.key).code, REGISTRY_OK);
    assert_int_equal(add_key(fixture, &b.key).code, REGISTRY_OK);

    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/payroll", a.key.key_id).code, REGISTRY_OK);
    for (int round = 0; round < 2; round++) {
        const struct registry_alias *alias = registry_alias_find(fixture->registry, ACCOUNT, "alias/payroll");
        assert_non_null(alias);
        assert_string_equal(alias->name, "alias/payroll");
        assert_string_equal(alias->account, ACCOUNT);
        assert_memory_equal(alias->key_id, a.key.key_id, KEY_ID_BYTES);
        assert_int_equal(alias->created_ms, NOW_MS);
        assert_int_equal(alias->updated_ms, NOW_MS);
        assert_int_equal(registry_key_find(fixture->registry, a.key.key_id)->n_aliases, 1);
        assert_null(registry_alias_find(fixture->registry, OTHER_ACCOUNT, "alias/payroll"));
        assert_null(registry_alias_find(fixture->registry, ACCOUNT, "alias/Payroll"));
        fixture_reopen(fixture);
    }
    assert_int_equal(retarget_alias(fixture, "alias/payroll", b.key.key_id, NOW_MS + 5).code, REGISTRY_OK);
    for (int round = 0; round < 2; round++) {
        const struct registry_alias *alias = registry_alias_find(fixture->registry, ACCOUNT, "alias/payroll");
        assert_non_null(alias);
        assert_memory_equal(alias->key_id, b.key.key_id, KEY_ID_BYTES);
        assert_int_equal(alias->created_ms, NOW_MS);
        assert_int_equal(alias->updated_ms, NOW_MS + 5);
        assert_int_equal(registry_key_find(fixture->registry, a.key.key_id)->n_aliases, 0);
        assert_int_equal(registry_key_find(fixture->registry, b.key.key_id)->n_aliases, 1);
        assert_int_equal(registry_aliases(fixture->registry), 1);
        fixture_reopen(fixture);
    }
    assert_int_equal(remove_alias(fixture, "alias/payroll").code, REGISTRY_OK);
    for (int round = 0; round < 2; round++) {
        assert_null(registry_alias_find(fixture->registry, ACCOUNT, "alias/payroll"));
        assert_int_equal(registry_key_find(fixture->registry, b.key.key_id)->n_aliases, 0);
        assert_int_equal(registry_aliases(fixture->registry), 0);
        fixture_reopen(fixture);
    }
}

static void alias_failures(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key mine;
    struct plain_key foreign;
    plain_key_init(&mine, 1);
    plain_key_init(&foreign, 2);
    memcpy(foreign.key.account, OTHER_ACCOUNT, ACCOUNT_TEXT_BYTES);
    uint8_t nobody[KEY_ID_BYTES] = {9};
    assert_int_equal(add_key(fixture, &mine.key).code, REGISTRY_OK);
    assert_int_equal(add_key(fixture, &foreign.key).code, REGISTRY_OK);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/a", mine.key.key_id).code, REGISTRY_OK);

    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/a", mine.key.key_id).code, REGISTRY_EXISTS);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/b", nobody).code, REGISTRY_NOT_FOUND);
    assert_int_equal(add_alias(fixture, ACCOUNT, "alias/b", foreign.key.key_id).code, REGISTRY_NOT_FOUND);
    assert_int_equal(retarget_alias(fixture, "alias/b", mine.key.key_id, NOW_MS).code, REGISTRY_NOT_FOUND);
    assert_int_equal(retarget_alias(fixture, "alias/a", nobody, NOW_MS).code, REGISTRY_NOT_FOUND);
    assert_int_equal(retarget_alias(fixture, "alias/a", foreign.key.key_id, NOW_MS).code, REGISTRY_NOT_FOUND);
    assert_int_equal(remove_alias(fixture, "alias/b").code, REGISTRY_NOT_FOUND);
    /* The same name in another account is another alias. */
    assert_int_equal(add_alias(fixture, OTHER_ACCOUNT, "alias/a", foreign.key.key_id).code, REGISTRY_OK);

    for (int round = 0; round < 2; round++) {
        assert_int_equal(registry_aliases(fixture->registry), 2);
        assert_memory_equal(registry_alias_find(fixture->registry, ACCOUNT, "alias/a")->key_id, mine.key.key_id,
                            KEY_ID_BYTES);
        fixture_reopen(fixture);
    }
}

static void aliases_are_paged_by_name(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key keys[2];
    for (uint32_t i = 0; i < 2; i++) {
        plain_key_init(&keys[i], i);
        assert_int_equal(add_key(fixture, &keys[i].key).code, REGISTRY_OK);
    }
    /* Byte order: capitals before small letters, a prefix before what is longer. */
    const char *const sorted[] = {"alias/B", "alias/a", "alias/a/b", "alias/aa", "alias/b", "alias/c"};
    const size_t order[] = {3, 0, 5, 2, 4, 1};
    for (size_t i = 0; i < 6; i++) {
        size_t n = order[i];
        assert_int_equal(add_alias(fixture, ACCOUNT, sorted[n], keys[n % 2].key.key_id).code, REGISTRY_OK);
    }
    for (int round = 0; round < 2; round++) {
        const char *after = NULL;
        for (size_t i = 0; i < 6; i++) {
            const struct registry_alias *alias = registry_alias_after(fixture->registry, ACCOUNT, after);
            assert_non_null(alias);
            assert_string_equal(alias->name, sorted[i]);
            after = alias->name;
        }
        assert_null(registry_alias_after(fixture->registry, ACCOUNT, after));
        assert_string_equal(registry_alias_after(fixture->registry, ACCOUNT, "alias/a0")->name, "alias/aa");
        assert_null(registry_alias_after(fixture->registry, OTHER_ACCOUNT, NULL));

        for (size_t key = 0; key < 2; key++) {
            after = NULL;
            for (size_t i = key; i < 6; i += 2) {
                const struct registry_alias *alias =
                    registry_alias_of_key_after(fixture->registry, keys[key].key.key_id, after);
                assert_non_null(alias);
                assert_string_equal(alias->name, sorted[i]);
                after = alias->name;
            }
            assert_null(registry_alias_of_key_after(fixture->registry, keys[key].key.key_id, after));
            assert_int_equal(registry_key_find(fixture->registry, keys[key].key.key_id)->n_aliases, 3);
        }
        fixture_reopen(fixture);
    }
    assert_null(registry_alias_of_key_after(fixture->registry, (const uint8_t[KEY_ID_BYTES]){7}, NULL));
}

/* Texts at their limits are stored; one more is refused by the same rules that are used when reading. */
static void sizes_at_their_limits(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    static char description[4 * 8192 + 5];
    for (size_t i = 0; i < 8192; i++) {
        memcpy(description + 4 * i, "\xf0\x9f\x94\x91", 4);
    }
    struct registry_tag tags[51];
    static char names[51][129];
    static char value[257];
    memset(value, 'v', 256);
    for (size_t i = 0; i < 51; i++) {
        memset(names[i], 'k', 128);
        names[i][0] = (char)('0' + i);
        tags[i] = (struct registry_tag){names[i], value};
    }
    struct plain_key plain;
    plain_key_init(&plain, 1);
    plain.key.description = description;
    plain.key.tags = tags;
    plain.key.n_tags = 50;
    assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);
    char name[258];
    memset(name, 'n', sizeof name);
    memcpy(name, "alias/", 6);
    name[256] = '\0';
    assert_int_equal(add_alias(fixture, ACCOUNT, name, plain.key.key_id).code, REGISTRY_OK);
    fixture_reopen(fixture);
    const struct registry_key *key = registry_key_find(fixture->registry, plain.key.key_id);
    assert_string_equal(key->description, description);
    assert_int_equal(key->n_tags, 50);
    assert_non_null(registry_alias_find(fixture->registry, ACCOUNT, name));

    name[256] = 'n';
    name[257] = '\0';
    assert_int_equal(add_alias(fixture, ACCOUNT, name, plain.key.key_id).code, REGISTRY_STORE);
    assert_null(registry_alias_find(fixture->registry, ACCOUNT, name));
    plain_key_init(&plain, 2);
    plain.key.tags = tags;
    plain.key.n_tags = 51;
    struct registry_result result = add_key(fixture, &plain.key);
    assert_int_equal(result.code, REGISTRY_STORE);
    assert_non_null(strstr(result.detail, "too many tags"));
    assert_int_equal(registry_keys(fixture->registry), 1);
}

/* What would be refused at the next start is refused now. */
static void bad_values_are_not_written(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct registry_tag twice[] = {{(char *)"a", (char *)""}, {(char *)"b", (char *)""}, {(char *)"a", (char *)""}};
    struct plain_key keys[8];
    for (uint32_t i = 0; i < 8; i++) {
        plain_key_init(&keys[i], i + 1);
    }
    keys[0].key.description = (char *)"\xc0\x80";
    keys[1].key.account[3] = 'x';
    keys[2].key.token = (char *)"";
    keys[3].key.spec = (enum key_spec)5;
    keys[4].key.n_materials = 0;
    keys[5].key.created_ms = -1;
    keys[6].key.tags = twice;
    keys[6].key.n_tags = 3;
    keys[7].key.state = (enum key_state)0;
    for (size_t i = 0; i < 8; i++) {
        struct registry_result result = add_key(fixture, &keys[i].key);
        assert_int_equal(result.code, REGISTRY_STORE);
        assert_non_null(strstr(result.detail, "not written"));
    }
    struct plain_key good;
    plain_key_init(&good, 9);
    assert_int_equal(add_key(fixture, &good.key).code, REGISTRY_OK);
    const char *const names[] = {"alias/", "alia/x", "x", "", "alias/a b", "alias/\xc3\xa9", "Alias/x"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(add_alias(fixture, ACCOUNT, names[i], good.key.key_id).code, REGISTRY_STORE);
    }
    assert_int_equal(add_alias(fixture, "11112222333", "alias/x", good.key.key_id).code, REGISTRY_STORE);
    fixture_reopen(fixture);
    assert_int_equal(registry_keys(fixture->registry), 1);
    assert_int_equal(registry_aliases(fixture->registry), 0);
}

/* Of many who want one name at once, one gets it; order is the order of asking. */
static void one_name_many_askers(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key keys[20];
    struct answer answers[20] = {0};
    for (uint32_t i = 0; i < 20; i++) {
        plain_key_init(&keys[i], i);
        assert_int_equal(add_key(fixture, &keys[i].key).code, REGISTRY_OK);
    }
    for (size_t i = 0; i < 20; i++) {
        registry_alias_add(fixture->registry, ACCOUNT, "alias/one", keys[i].key.key_id, NOW_MS, on_answer, &answers[i]);
    }
    assert_int_equal(registry_waiting(fixture->registry), 20);
    assert_null(registry_alias_find(fixture->registry, ACCOUNT, "alias/one")); /* not before it is durable */
    fixture_run_until(fixture, &answers[19].calls, 1);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(answers[i].calls, 1);
        assert_int_equal(answers[i].result.code, i == 0 ? REGISTRY_OK : REGISTRY_EXISTS);
    }
    assert_int_equal(registry_waiting(fixture->registry), 0);
    fixture_reopen(fixture);
    assert_memory_equal(registry_alias_find(fixture->registry, ACCOUNT, "alias/one")->key_id, keys[0].key.key_id,
                        KEY_ID_BYTES);
}

/* A row of changes on one alias, asked for at once, has the outcome of one after the other. */
static void changes_keep_their_order(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct registry *registry = fixture->registry;
    struct plain_key a;
    struct plain_key b;
    plain_key_init(&a, 1);
    plain_key_init(&b, 2);
    struct answer answers[7] = {0};
    registry_alias_add(registry, ACCOUNT, "alias/x", a.key.key_id, NOW_MS, on_answer, &answers[0]); /* no key yet */
    registry_key_add(registry, &a.key, on_answer, &answers[1]);
    registry_alias_add(registry, ACCOUNT, "alias/x", a.key.key_id, NOW_MS, on_answer, &answers[2]);
    registry_alias_remove(registry, ACCOUNT, "alias/x", on_answer, &answers[3]);
    registry_key_add(registry, &b.key, on_answer, &answers[4]);
    registry_alias_add(registry, ACCOUNT, "alias/x", a.key.key_id, NOW_MS, on_answer, &answers[5]);
    registry_alias_retarget(registry, ACCOUNT, "alias/x", b.key.key_id, NOW_MS + 1, on_answer, &answers[6]);
    fixture_run_until(fixture, &answers[6].calls, 1);
    assert_int_equal(answers[0].result.code, REGISTRY_NOT_FOUND);
    for (size_t i = 1; i < 7; i++) {
        assert_int_equal(answers[i].result.code, REGISTRY_OK);
    }
    for (int round = 0; round < 2; round++) {
        const struct registry_alias *alias = registry_alias_find(fixture->registry, ACCOUNT, "alias/x");
        assert_memory_equal(alias->key_id, b.key.key_id, KEY_ID_BYTES);
        assert_int_equal(alias->updated_ms, NOW_MS + 1);
        fixture_reopen(fixture);
    }
}

/* What was handed to the writer before a stop is written, though nobody hears of it. */
static void stop_writes_what_was_given(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct plain_key plain;
    struct answer answers[101] = {0};
    for (uint32_t i = 0; i < 101; i++) {
        plain_key_init(&plain, i);
        registry_key_add(fixture->registry, &plain.key, on_answer, &answers[i]);
    }
    fixture_run_until(fixture, &answers[0].calls, 1); /* by now the socket has had them all: they fit into it */
    int answered = 0;
    for (size_t i = 0; i < 101; i++) {
        answered += answers[i].calls;
    }
    fixture_close(fixture);
    char log[120];
    snprintf(log, sizeof log, "%s-wal", fixture->path);
    assert_int_equal(access(log, F_OK), -1); /* checkpointed */
    for (size_t i = 0; i < 101; i++) {
        answered -= answers[i].calls;
    }
    assert_int_equal(answered, 0); /* nobody was called by the close */
    fixture_open(fixture);
    assert_int_equal(registry_keys(fixture->registry), 101);
}

static void limit_of_waiting_changes(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    enum { MORE = 10, ALL = REGISTRY_MAX_WAITING + MORE };
    static struct answer answers[ALL];
    memset(answers, 0, sizeof answers);
    for (uint32_t i = 0; i < ALL; i++) {
        struct plain_key plain;
        plain_key_init(&plain, i);
        registry_key_add(fixture->registry, &plain.key, on_answer, &answers[i]);
        assert_int_equal(answers[i].calls, 0);
    }
    assert_int_equal(registry_waiting(fixture->registry), ALL); /* the refused ones wait to be told */
    for (size_t i = 0; i < ALL; i++) {
        fixture_run_until(fixture, &answers[i].calls, 1);
        assert_int_equal(answers[i].result.code, i < REGISTRY_MAX_WAITING ? REGISTRY_OK : REGISTRY_LIMIT);
    }
    assert_int_equal(registry_waiting(fixture->registry), 0);
    struct plain_key again;
    plain_key_init(&again, ALL);
    assert_int_equal(add_key(fixture, &again.key).code, REGISTRY_OK);
    assert_int_equal(registry_keys(fixture->registry), REGISTRY_MAX_WAITING + 1);
}

static void limit_of_waiting_bytes(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    registry_set_patience(fixture->registry, 120000); /* 16 MiB in one transaction, perhaps under valgrind */
    static char description[4 * 8192 + 1];
    for (size_t i = 0; i < 8192; i++) {
        memcpy(description + 4 * i, "\xf0\x9f\x94\x91", 4);
    }
    static struct answer answers[600];
    memset(answers, 0, sizeof answers);
    for (uint32_t i = 0; i < 600; i++) {
        struct plain_key plain;
        plain_key_init(&plain, i);
        plain.key.description = description;
        registry_key_add(fixture->registry, &plain.key, on_answer, &answers[i]);
    }
    const size_t fit = REGISTRY_MAX_WAITING_BYTES / (4 * 8192);
    for (size_t i = 0; i < 600; i++) {
        fixture_run_until(fixture, &answers[i].calls, 1);
        if (i < fit - 5) {
            assert_int_equal(answers[i].result.code, REGISTRY_OK);
        } else if (i >= fit) {
            assert_int_equal(answers[i].result.code, REGISTRY_LIMIT);
        }
    }
}

struct chain {
    struct fixture *fixture;
    uint32_t n;
    int done;
};

static void ask_for_the_next(void *arg, struct registry_result result)
{
    struct chain *chain = arg;
    assert_int_equal(result.code, chain->n % 2 == 0 ? REGISTRY_OK : REGISTRY_EXISTS);
    if (++chain->n == 50) {
        chain->done = 1;
        return;
    }
    struct plain_key plain;
    plain_key_init(&plain, chain->n / 2);
    registry_key_add(chain->fixture->registry, &plain.key, ask_for_the_next, chain);
}

static void answer_may_ask_again(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct chain chain = {.fixture = fixture};
    struct plain_key plain;
    plain_key_init(&plain, 0);
    registry_key_add(fixture->registry, &plain.key, ask_for_the_next, &chain);
    fixture_run_until(fixture, &chain.done, 1);
    assert_int_equal(registry_keys(fixture->registry), 25);
}

static mode_t mode_of(const struct fixture *fixture, const char *suffix)
{
    char path[120];
    struct stat status;
    snprintf(path, sizeof path, "%s%s", fixture->path, suffix);
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void files_are_private(void **state)
{
    struct fixture *fixture = *state;
    mode_t before = umask(0);
    fixture_open(fixture);
    struct plain_key plain;
    plain_key_init(&plain, 1);
    assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK);
    assert_int_equal(mode_of(fixture, ""), 0600);
    assert_int_equal(mode_of(fixture, "-wal"), 0600);
    assert_int_equal(mode_of(fixture, "-shm"), 0600);
    assert_int_equal(mode_of(fixture, ".lock"), 0600);
    umask(before);
}

static void second_owner_is_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    struct registry *second = NULL;
    struct registry_result result = registry_open(fixture->base, fixture->path, &second);
    assert_int_equal(result.code, REGISTRY_STORE);
    assert_string_equal(result.detail, "another daemon has this database");
    assert_null(second);
    struct plain_key plain;
    plain_key_init(&plain, 1);
    assert_int_equal(add_key(fixture, &plain.key).code, REGISTRY_OK); /* the first did not notice */
}

/* The writer has nothing of the daemon's but its socket, its lock, the database and standard error. */
static void writer_keeps_no_descriptors(void **state)
{
    struct fixture *fixture = *state;
    int secret = open("/dev/zero", O_RDONLY); /* not even close-on-exec */
    fixture_open(fixture);
    char path[64];
    char target[256];
    for (int fd = 0; fd < 64; fd++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", writer_pid(), fd);
        ssize_t len = readlink(path, target, sizeof target - 1);
        if (len < 0) {
            continue;
        }
        target[len] = '\0';
        bool ours = fd == 2 || strncmp(target, "socket:", 7) == 0 || strcmp(target, "/dev/null") == 0 ||
                    strncmp(target, fixture->path, strlen(fixture->path)) == 0;
        if (!ours) {
            fail_msg("descriptor %d is %s", fd, target);
        }
    }
    close(secret);
}

/* Takes the right to look into any process away, or gives it back. Root has it; others have nothing to lose. */
static void set_tracing_right(bool on)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    assert_int_equal(syscall(SYS_capget, &header, sets), 0);
    uint32_t bit = CAP_TO_MASK(CAP_SYS_PTRACE) & sets[CAP_TO_INDEX(CAP_SYS_PTRACE)].permitted;
    uint32_t *effective = &sets[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective;
    *effective = on ? *effective | bit : *effective & ~bit;
    assert_int_equal(syscall(SYS_capset, &header, sets), 0);
}

/* Can a process of the same user read what a child of ours has at the address of a variable of ours? */
static bool may_look_into(pid_t pid)
{
    static char there = 's';
    char copy = 0;
    const struct iovec local = {.iov_base = &copy, .iov_len = 1};
    const struct iovec remote = {.iov_base = &there, .iov_len = 1};
    set_tracing_right(false);
    bool seen = process_vm_readv(pid, &local, 1, &remote, 1, 0) == 1;
    assert_true(seen || errno == EPERM);
    set_tracing_right(true);
    return seen;
}

/* The writer is forked from a daemon with secrets in its memory: no core file, and no look from beside. */
static void writer_keeps_its_memory_to_itself(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_CORE, &before), 0);
    const struct rlimit all = {.rlim_cur = before.rlim_max, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_CORE, &all), 0);
    fixture_open(fixture);
    assert_int_equal(setrlimit(RLIMIT_CORE, &before), 0);
    struct rlimit core;
    assert_int_equal(prlimit(writer_pid(), RLIMIT_CORE, NULL, &core), 0);
    assert_int_equal(core.rlim_cur, 0);
    assert_int_equal(core.rlim_max, 0);

    pid_t other = fork();
    assert_int_not_equal(other, -1);
    if (other == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    assert_true(may_look_into(other)); /* or the next line would say nothing */
    assert_false(may_look_into(writer_pid()));
    assert_int_equal(kill(other, SIGKILL), 0);
    assert_int_equal(waitpid(other, NULL, 0), other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(key_comes_back_whole),
        TEST(known_ids_are_refused),
        TEST(keys_are_paged_by_account),
        TEST(alias_lives_and_dies),
        TEST(alias_failures),
        TEST(aliases_are_paged_by_name),
        TEST(sizes_at_their_limits),
        TEST(bad_values_are_not_written),
        TEST(one_name_many_askers),
        TEST(changes_keep_their_order),
        TEST(stop_writes_what_was_given),
        TEST(limit_of_waiting_changes),
        TEST(limit_of_waiting_bytes),
        TEST(answer_may_ask_again),
        TEST(files_are_private),
        TEST(second_owner_is_refused),
        TEST(writer_keeps_no_descriptors),
        TEST(writer_keeps_its_memory_to_itself),
    };
    return cmocka_run_group_tests_name("registry/life", tests, NULL, NULL);
}
