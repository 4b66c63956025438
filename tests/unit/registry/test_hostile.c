/* A database that is newer, or whose schema is made to hurt: refused with a text that names the place. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void versions_other_than_ours_are_refused(void **state)
{
    struct fixture *fixture = *state;
    make_database(fixture);
    run_sql(fixture, "PRAGMA user_version = 5");
    fixture_expect_refused(fixture, "schema version 5 is newer than this program knows (4)");
    run_sql(fixture, "PRAGMA user_version = 0");
    fixture_expect_refused(fixture, "schema version 0");
    run_sql(fixture, "PRAGMA user_version = -5");
    fixture_expect_refused(fixture, "schema version -5");
    run_sql(fixture, "PRAGMA user_version = 4");
    fixture_open(fixture);
    assert_int_equal(registry_keys(fixture->registry), 2);
}

/* What the file may carry besides content: code that would run, tables that lost their checks. */
static void other_schemas_are_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        const char *make, *undo, *named;
    } cases[] = {
        {"CREATE TRIGGER t AFTER INSERT ON aliases BEGIN DELETE FROM keys; END", "DROP TRIGGER t", "look at t"},
        {"CREATE VIEW v AS SELECT * FROM keys", "DROP VIEW v", "look at v"},
        {"CREATE TABLE more (x)", "DROP TABLE more", "look at more"},
        {"CREATE INDEX i ON keys (token)", "DROP INDEX i", "look at i"},
        {"ALTER TABLE keys ADD COLUMN extra TEXT", "ALTER TABLE keys DROP COLUMN extra", "look at keys"},
    };
    make_database(fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run_sql(fixture, cases[i].make);
        fixture_expect_refused(fixture, cases[i].named);
        run_sql(fixture, cases[i].undo);
    }
    run_sql(fixture, "ANALYZE"); /* an operator may do that */
    fixture_open(fixture);
    assert_int_equal(registry_keys(fixture->registry), 2);
    fixture_close(fixture);
    run_sql(fixture, "DROP TABLE tags");
    fixture_expect_refused(fixture, "look at tags");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(versions_other_than_ours_are_refused),
        TEST(other_schemas_are_refused),
    };
    return cmocka_run_group_tests_name("registry/hostile", tests, NULL, NULL);
}
