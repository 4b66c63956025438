/* policy: which texts are ARNs and principals, and that nothing is decided on others. */
#include "caller_of.h"
#include "policy/arn.h"
#include "policy/evaluate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_view(struct view got, const char *wanted)
{
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.data, wanted, got.len);
}

static void arns_are_cut_into_their_parts(void **state)
{
    (void)state;
    struct arn arn;
    assert_true(arn_parse(
        view_of_string("arn:aws-us-gov:kms:us-gov-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        &arn));
    assert_view(arn.partition, "aws-us-gov");
    assert_view(arn.service, "kms");
    assert_view(arn.region, "us-gov-east-1");
    assert_view(arn.account, "111122223333");
    assert_view(arn.resource, "key/1234abcd-12ab-34cd-56ef-1234567890ab");

    assert_true(arn_parse(view_of_string("arn:aws:iam::111122223333:user/a:b"), &arn));
    assert_int_equal(arn.region.len, 0);
    assert_view(arn.resource, "user/a:b"); /* a resource may hold colons */
}

static void what_is_no_arn_leaves_the_result_alone(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "arn",
        "arn:aws:kms:us-east-1:111122223333",
        "arn:aws:kms:us-east-1:111122223333:",
        "ARN:aws:kms:us-east-1:111122223333:key/x",
        " arn:aws:kms:us-east-1:111122223333:key/x",
        "arn:AWS:kms:us-east-1:111122223333:key/x",
        "arn:awsx:kms:us-east-1:111122223333:key/x",
        "arn:aws-:kms:us-east-1:111122223333:key/x",
        "arn:aws--cn:kms:us-east-1:111122223333:key/x",
        "arn:-aws:kms:us-east-1:111122223333:key/x",
        "arn::kms:us-east-1:111122223333:key/x",
        "arn:aws::us-east-1:111122223333:key/x",
        "arn:aws:KMS:us-east-1:111122223333:key/x",
        "arn:aws:kms:useast1:111122223333:key/x",
        "arn:aws:kms:us-1:111122223333:key/x",
        "arn:aws:kms:us-a-b-c-1:111122223333:key/x",
        "arn:aws:kms:us-east-:111122223333:key/x",
        "arn:aws:kms:us-east-1a:111122223333:key/x",
        "arn:aws:kms:-east-1:111122223333:key/x",
        "arn:aws:kms:us-east-1:11112222333:key/x",
        "arn:aws:kms:us-east-1:1111222233334:key/x",
        "arn:aws:kms:us-east-1:11112222333a:key/x",
        "arn:aws:kms:us-east-1::key/x",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct arn arn = {.service = view_of_string("untouched")};
        if (arn_parse(view_of_string(bad[i]), &arn)) {
            fail_msg("taken for an ARN: %s", bad[i]);
        }
        assert_view(arn.service, "untouched");
        assert_int_equal(arn.resource.len, 0);
    }
}

static void an_arn_ends_at_its_maximum(void **state)
{
    (void)state;
    static const char head[] = "arn:aws:kms:us-east-1:111122223333:";
    char text[ARN_MAX_BYTES + 1];
    memset(text, 'x', sizeof(text));
    memcpy(text, head, sizeof(head) - 1);
    struct arn arn;
    assert_true(arn_parse(view_of(text, ARN_MAX_BYTES), &arn));
    assert_false(arn_parse(view_of(text, ARN_MAX_BYTES + 1), &arn));
    assert_true(arn_parse(view_of(text, sizeof(head)), &arn));
    assert_false(arn_parse(view_of(text, sizeof(head) - 1), &arn));
}

static void partitions_and_regions_have_bounds(void **state)
{
    (void)state;
    assert_true(arn_is_partition(view_of_string("aws")));
    assert_true(arn_is_partition(view_of_string("aws-iso-b")));
    assert_true(arn_is_partition(view_of_string("aws-aaaaaaaaaaaaaaaaaaaaaaaaaaaa")));   /* 32 */
    assert_false(arn_is_partition(view_of_string("aws-aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))); /* 33 */
    assert_false(arn_is_partition(view_of(NULL, 0)));
    assert_true(arn_is_region(view_of_string("eu-central-1")));
    assert_true(arn_is_region(view_of_string("us-iso-east-12")));
    assert_true(arn_is_region(view_of_string("aaaaaaaaaaaaaaaaaaa-aaaaaaaaaa-1")));   /* 32 */
    assert_false(arn_is_region(view_of_string("aaaaaaaaaaaaaaaaaaaa-aaaaaaaaaa-1"))); /* 33 */
    assert_false(arn_is_region(view_of_string("eu-central")));
    assert_false(arn_is_region(view_of_string("")));
    assert_true(arn_is_account(view_of_string("000000000000")));
    assert_false(arn_is_account(view_of_string("00000000000")));
    assert_false(arn_is_account(view_of_string("0000000000000")));
    assert_false(arn_is_account(view_of("00000000000\0", 12)));
}

static void principals_are_those_that_can_call(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_principal;
    } rows[] = {
        {"arn:aws:iam::111122223333:root", true},
        {"arn:aws:iam::111122223333:user/alice", true},
        {"arn:aws:iam::111122223333:user/team/a/alice+b=c,d.e@f-g_h", true},
        {"arn:aws:iam::111122223333:role/path/Deploy", true},
        {"arn:aws:sts::111122223333:assumed-role/Deploy/session", true},
        {"arn:aws:sts::111122223333:federated-user/bob", true},
        {"arn:aws-cn:iam::111122223333:root", true},
        {"arn:aws:iam::111122223333:root/x", false},
        {"arn:aws:iam::111122223333:ROOT", false},
        {"arn:aws:iam::111122223333:user", false},
        {"arn:aws:iam::111122223333:user/", false},
        {"arn:aws:iam::111122223333:user//alice", false},
        {"arn:aws:iam::111122223333:user/alice/", false},
        {"arn:aws:iam::111122223333:user/*", false},
        {"arn:aws:iam::111122223333:user/al ice", false},
        {"arn:aws:iam::111122223333:user/a:b", false},
        {"arn:aws:iam::111122223333:group/admins", false},
        {"arn:aws:iam::111122223333:assumed-role/a/b", false},
        {"arn:aws:iam:us-east-1:111122223333:user/alice", false},
        {"arn:aws:sts::111122223333:root", false},
        {"arn:aws:sts::111122223333:assumed-role/Deploy", false},
        {"arn:aws:sts::111122223333:assumed-role/a/b/c", false},
        {"arn:aws:sts::111122223333:federated-user/a/b", false},
        {"arn:aws:kms::111122223333:user/alice", false},
        {"111122223333", false},
        {"*", false},
        {"", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arn arn = {.service = view_of_string("untouched")};
        if (arn_parse_principal(view_of_string(rows[i].text), &arn) != rows[i].is_principal) {
            fail_msg("wrong about %s", rows[i].text);
        }
        if (!rows[i].is_principal) {
            assert_view(arn.service, "untouched");
        }
    }
}

/* The root user of an account, whom no policy limits where there is no key: what is denied him is malformed, or not
 * his. */
static void what_is_malformed_is_denied(void **state)
{
    (void)state;
#define ROOT  "arn:aws:iam::111122223333:root"
#define ALIAS "arn:aws:kms:eu-central-1:111122223333:alias/x"
    static const struct {
        const char *principal, *action, *resource, *account;
        enum policy_verdict verdict;
    } rows[] = {
        {ROOT, "kms:CreateKey", "*", "111122223333", POLICY_ALLOWED},
        {ROOT, "kms:CreateAlias", ALIAS, "111122223333", POLICY_ALLOWED},
        {"arn:aws:iam::444455556666:root", "kms:CreateKey", "*", "111122223333", POLICY_DENIED_IMPLICITLY},
        {ROOT, "kms:CreateAlias", ALIAS, "444455556666", POLICY_DENIED_IMPLICITLY},
        {ROOT, "kms:CreateAlias", "nonsense", "111122223333", POLICY_DENIED_IMPLICITLY},
        {ROOT, "kms:CreateAlias", "", "111122223333", POLICY_DENIED_IMPLICITLY},
        {ROOT, "kms:", "*", "111122223333", POLICY_DENIED_IMPLICITLY},
        {ROOT, "", "*", "111122223333", POLICY_DENIED_IMPLICITLY},
        {"", "kms:CreateKey", "*", "111122223333", POLICY_DENIED_IMPLICITLY},
        {"root", "kms:CreateKey", "*", "111122223333", POLICY_DENIED_IMPLICITLY},
        {ROOT, "kms:CreateKey", "*", "", POLICY_DENIED_IMPLICITLY},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy_request request = {.caller = caller_of(rows[i].principal),
                                         .action = view_of_string(rows[i].action),
                                         .resource = view_of_string(rows[i].resource),
                                         .resource_account = view_of_string(rows[i].account)};
        struct policy_question question = {.request = &request};
        if (policy_decide(&question, NULL, 0).verdict != rows[i].verdict) {
            fail_msg("row %zu", i);
        }
    }
    struct policy_request nothing = {0};
    struct policy_question question = {.request = &nothing};
    assert_int_equal(policy_decide(&question, NULL, 0).verdict, POLICY_DENIED_IMPLICITLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arns_are_cut_into_their_parts),      cmocka_unit_test(what_is_no_arn_leaves_the_result_alone),
        cmocka_unit_test(an_arn_ends_at_its_maximum),         cmocka_unit_test(partitions_and_regions_have_bounds),
        cmocka_unit_test(principals_are_those_that_can_call), cmocka_unit_test(what_is_malformed_is_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
