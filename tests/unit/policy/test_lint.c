/* policy: what lint finds, and what it lets pass. */
#include "policy/lint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROOT                                                                                                           \
    "{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::111122223333:root\"},\"Action\":\"kms:*\","           \
    "\"Resource\":\"*\"}"
#define WITH(s)     "{\"Version\":\"2012-10-17\",\"Statement\":[" ROOT "," s "]}"
#define ALLOW(more) WITH("{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::111122223333:user/a\"}," more "}")
#define WHEN(c)     ALLOW("\"Action\":\"kms:Encrypt\",\"Resource\":\"*\",\"Condition\":" c)
#define ANYONE_WHEN(c)                                                                                                 \
    WITH("{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:Encrypt\",\"Resource\":\"*\",\"Condition\":" c "}")
#define IDENTITY_WHEN(c)                                                                                               \
    "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\",\"Condition\":" c "}}"

struct row {
    enum policy_kind kind;
    const char *text;
    enum policy_severity severity;
    const char *place;
    const char *words; /* NULL: nothing is found */
};

static void check(const struct row *row, size_t number)
{
    struct policy_document *document = NULL;
    struct policy_result result = policy_document_parse(row->kind, view_of_string(row->text), &document);
    if (result.code != POLICY_OK) {
        fail_msg("row %zu: %s: %s", number, result.place, result.reason);
    }
    struct policy_finding findings[4];
    size_t count = policy_lint(document, view_of_string("111122223333"), findings, 4);
    assert_int_equal(policy_lint(document, view_of_string("111122223333"), NULL, 0), count);
    if (row->words == NULL ? count != 0 : count != 1) {
        fail_msg("row %zu: %zu findings, the first at %s: %s", number, count, count == 0 ? "" : findings[0].place,
                 count == 0 ? "" : findings[0].text);
    }
    if (row->words != NULL && (findings[0].severity != row->severity || strcmp(findings[0].place, row->place) != 0 ||
                               strstr(findings[0].text, row->words) == NULL)) {
        fail_msg("row %zu: %s at %s: %s", number, policy_severity_text(findings[0].severity), findings[0].place,
                 findings[0].text);
    }
    policy_document_free(document);
}

static void what_is_found(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {POLICY_KIND_KEY, "{\"Statement\":[" ROOT "]}", 0, NULL, NULL},
        {POLICY_KIND_KEY, ALLOW("\"Action\":[\"kms:ReEncrypt*\",\"kms:Encrypt\"],\"Resource\":\"*\""), 0, NULL, NULL},
        /* never matches */
        {POLICY_KIND_KEY, ALLOW("\"Action\":\"kms:Encrypt\""), POLICY_SEVERITY_WARNING, "Statement[1]",
         "never matches"},
        {POLICY_KIND_KEY, ALLOW("\"NotAction\":\"*\",\"Resource\":\"*\""), POLICY_SEVERITY_WARNING,
         "Statement[1].NotAction", "never matches"},
        {POLICY_KIND_KEY, ALLOW("\"Action\":\"kms:Encrypt\",\"NotResource\":\"*\""), POLICY_SEVERITY_WARNING,
         "Statement[1].NotResource", "never matches"},
        {POLICY_KIND_KEY, ALLOW("\"Action\":\"kms:ReEncrypt\",\"Resource\":\"*\""), POLICY_SEVERITY_WARNING,
         "Statement[1].Action", "ReEncryptFrom"},
        {POLICY_KIND_KEY, ALLOW("\"Action\":\"kms:Frobnicate\",\"Resource\":\"*\""), POLICY_SEVERITY_WARNING,
         "Statement[1].Action", "no action"},
        {POLICY_KIND_KEY, ALLOW("\"Action\":\"s3:*\",\"Resource\":\"*\""), POLICY_SEVERITY_WARNING,
         "Statement[1].Action", "another service"},
        {POLICY_KIND_KEY,
         ALLOW("\"Action\":\"kms:Encrypt\",\"Resource\":\"arn:aws:kms:eu-central-1:444455556666:key/k\""),
         POLICY_SEVERITY_WARNING, "Statement[1].Resource", "not this key"},
        {POLICY_KIND_KEY,
         ALLOW("\"Action\":\"kms:Encrypt\",\"Resource\":\"arn:aws:kms:eu-central-1:111122223333:key/k\""), 0, NULL,
         NULL},
        {POLICY_KIND_KEY, ALLOW("\"Action\":\"kms:Encrypt\",\"Resource\":\"arn:aws:kms:*:111122223333:alias/x\""),
         POLICY_SEVERITY_WARNING, "Statement[1].Resource", "kms:ResourceAliases"},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"AIDACKCEVSQ6C2EXAMPLE\"},\"Action\":\"kms:Encrypt\","
              "\"Resource\":\"*\"}"),
         POLICY_SEVERITY_WARNING, "Statement[1].Principal", "deleted"},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Allow\",\"Principal\":{\"Federated\":\"x\"},\"Action\":\"kms:Encrypt\",\"Resource\":\"*"
              "\"}"),
         POLICY_SEVERITY_WARNING, "Statement[1].Principal", "nobody"},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":\"arn:aws:iam::111122223333:user/"
              "a\"},\"Action\":\"kms:Encrypt\",\"Resource\":\"*\"}"),
         POLICY_SEVERITY_WARNING, "Statement[1].NotPrincipal", "no user, role or session is exempt"},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":\"arn:aws:iam::111122223333:user/a\","
              "\"Service\":\"logs.amazonaws.com\"},\"Action\":\"kms:Encrypt\",\"Resource\":\"*\"}"),
         POLICY_SEVERITY_WARNING, "Statement[1].NotPrincipal", "no user, role or session is exempt"},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":[\"111122223333\","
              "\"arn:aws:iam::111122223333:user/a\"],\"Service\":\"logs.amazonaws.com\"},"
              "\"Action\":\"kms:Encrypt\",\"Resource\":\"*\"}"),
         0, NULL, NULL},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":[\"111122223333\",\"arn:aws:iam::111122223333:role/"
              "R\"]},\"Action\":\"kms:Encrypt\",\"Resource\":\"*\"}"),
         POLICY_SEVERITY_WARNING, "Statement[1].NotPrincipal", "no session of the role"},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":[\"111122223333\",\"arn:aws:iam::111122223333:role/R\","
              "\"arn:aws:sts::111122223333:assumed-role/R/s\"]},\"Action\":\"kms:Encrypt\",\"Resource\":\"*\"}"),
         0, NULL, NULL},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Deny\",\"NotPrincipal\":\"*\",\"Action\":\"kms:Encrypt\",\"Resource\":\"*\"}"),
         POLICY_SEVERITY_WARNING, "Statement[1].NotPrincipal", "exempts everyone"},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Deny\",\"NotPrincipal\":{\"Service\":\"logs.amazonaws.com\"},\"Action\":\"kms:Encrypt\","
              "\"Resource\":\"*\"}"),
         0, NULL, NULL},
        /* everyone */
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:Encrypt\",\"Resource\":\"*\"}"),
         POLICY_SEVERITY_DANGER, "Statement[1].Principal", "everyone"},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:Encrypt\",\"Resource\":\"*\",\"Condition\":{"
              "\"Bool\":{\"aws:SecureTransport\":true}}}"),
         POLICY_SEVERITY_DANGER, "Statement[1].Principal", "everyone"},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:Encrypt\",\"Resource\":\"*\",\"Condition\":{"
              "\"StringEquals\":{\"kms:CallerAccount\":\"111122223333\"}}}"),
         POLICY_SEVERITY_NOTE, "Statement[1].Principal", "conditions"},
        {POLICY_KIND_KEY, ANYONE_WHEN("{\"StringLike\":{\"aws:PrincipalArn\":\"arn:aws:iam::111122223333:*\"}}"),
         POLICY_SEVERITY_NOTE, "Statement[1].Principal", "conditions"},
        {POLICY_KIND_KEY, ANYONE_WHEN("{\"StringLike\":{\"aws:PrincipalArn\":[\"x\",\"*\"]}}"), POLICY_SEVERITY_DANGER,
         "Statement[1].Principal", "everyone"},
        {POLICY_KIND_KEY, ANYONE_WHEN("{\"StringNotEquals\":{\"kms:CallerAccount\":\"444455556666\"}}"),
         POLICY_SEVERITY_DANGER, "Statement[1].Principal", "everyone"},
        {POLICY_KIND_KEY, ANYONE_WHEN("{\"StringEqualsIfExists\":{\"aws:username\":\"a\"}}"), POLICY_SEVERITY_DANGER,
         "Statement[1].Principal", "everyone"},
        {POLICY_KIND_KEY, ANYONE_WHEN("{\"Null\":{\"aws:PrincipalArn\":\"false\"}}"), POLICY_SEVERITY_DANGER,
         "Statement[1].Principal", "everyone"},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:Encrypt\",\"Resource\":\"*\"}"), 0, NULL,
         NULL},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Allow\",\"NotPrincipal\":{\"AWS\":\"111122223333\"},\"Action\":\"kms:Encrypt\","
              "\"Resource\":\"*\"}"),
         POLICY_SEVERITY_DANGER, "Statement[1].NotPrincipal", "everyone"},
        /* locked out */
        {POLICY_KIND_KEY, WITH("{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:Put*\",\"Resource\":\"*\"}"),
         POLICY_SEVERITY_DANGER, "Statement[1]", "locks everyone out"},
        {POLICY_KIND_KEY,
         "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"444455556666\"},\"Action\":\"kms:*\","
         "\"Resource\":\"*\"}}",
         POLICY_SEVERITY_DANGER, "", "locks everyone out"},
        {POLICY_KIND_KEY,
         "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"kms:Encrypt\","
         "\"Resource\":\"*\"}}",
         POLICY_SEVERITY_DANGER, "", "locks everyone out"},
        {POLICY_KIND_KEY,
         "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::111122223333:user/"
         "a\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}}",
         POLICY_SEVERITY_NOTE, "", "account itself"},
        {POLICY_KIND_KEY,
         "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\"}}",
         POLICY_SEVERITY_DANGER, "Statement[0].Principal", "everyone"},
        {POLICY_KIND_KEY,
         "{\"Statement\":{\"Effect\":\"Allow\",\"NotPrincipal\":{\"AWS\":\"444455556666\"},\"Action\":\"kms:*\","
         "\"Resource\":\"*\"}}",
         POLICY_SEVERITY_DANGER, "Statement[0].NotPrincipal", "everyone"},
        /* conditions */
        {POLICY_KIND_KEY, WHEN("{\"StringEquals\":{\"kms:EncryptionContextKeys\":\"App\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.StringEquals.kms:encryptioncontextkeys", "several values"},
        {POLICY_KIND_KEY, WHEN("{\"ForAnyValue:StringEquals\":{\"kms:EncryptionContextKeys\":\"App\"}}"), 0, NULL,
         NULL},
        {POLICY_KIND_KEY, WHEN("{\"ForAllValues:StringEquals\":{\"kms:EncryptionContextKeys\":\"App\"}}"),
         POLICY_SEVERITY_WARNING, "Statement[1].Condition.ForAllValues:StringEquals.kms:encryptioncontextkeys",
         "not there"},
        {POLICY_KIND_KEY, WHEN("{\"ForAnyValue:StringEqualsIfExists\":{\"aws:TagKeys\":\"App*\"}}"),
         POLICY_SEVERITY_WARNING, "Statement[1].Condition.ForAnyValue:StringEqualsIfExists.aws:tagkeys", "StringLike"},
        {POLICY_KIND_KEY, WHEN("{\"StringEquals\":{\"kms:RequestAlias\":\"alias/*\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.StringEquals.kms:requestalias", "StringLike"},
        {POLICY_KIND_KEY, WHEN("{\"StringEquals\":{\"kms:Colour\":\"red\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.StringEquals.kms:colour", "no such condition key"},
        {POLICY_KIND_KEY, WHEN("{\"StringNotEquals\":{\"kms:Colour\":\"red\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.StringNotEquals.kms:colour", "always holds"},
        {POLICY_KIND_KEY, WHEN("{\"ForAllValues:Null\":{\"kms:ResourceAliases\":\"true\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.ForAllValues:Null.kms:resourcealiases", "leave it away"},
        /* keys that are never there */
        {POLICY_KIND_KEY, WHEN("{\"Bool\":{\"kms:GrantIsForAWSResource\":true}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.Bool.kms:grantisforawsresource", "never matches"},
        {POLICY_KIND_KEY, WHEN("{\"NotIpAddress\":{\"aws:SourceIp\":\"10.0.0.0/8\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.NotIpAddress.aws:sourceip", "always holds"},
        {POLICY_KIND_KEY, WHEN("{\"Null\":{\"aws:MultiFactorAuthAge\":\"false\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.Null.aws:multifactorauthage", "never matches"},
        {POLICY_KIND_KEY, WHEN("{\"BoolIfExists\":{\"aws:MultiFactorAuthPresent\":\"true\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.BoolIfExists.aws:multifactorauthpresent", "always holds"},
        {POLICY_KIND_KEY, ANYONE_WHEN("{\"StringEquals\":{\"aws:PrincipalOrgID\":\"o-1\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.StringEquals.aws:principalorgid", "never matches"},
        /* keys that are always the same */
        {POLICY_KIND_KEY, WHEN("{\"Bool\":{\"aws:ViaAWSService\":\"true\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.Bool.aws:viaawsservice", "is always false here: the statement never matches"},
        {POLICY_KIND_KEY, ANYONE_WHEN("{\"Bool\":{\"aws:ViaAWSService\":\"true\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.Bool.aws:viaawsservice", "is always false here: the statement never matches"},
        {POLICY_KIND_KEY, WHEN("{\"Bool\":{\"aws:ViaAWSService\":[\"true\",\"false\"]}}"), 0, NULL, NULL},
        {POLICY_KIND_KEY, WHEN("{\"Null\":{\"aws:SecureTransport\":\"true\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.Null.aws:securetransport", "is always true here: the statement never matches"},
        {POLICY_KIND_KEY, WHEN("{\"Null\":{\"aws:SecureTransport\":\"false\"}}"), 0, NULL, NULL},
        {POLICY_KIND_KEY, WHEN("{\"Bool\":{\"kms:MultiRegion\":\"true\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.Bool.kms:multiregion", "is always false here: the statement never matches"},
        {POLICY_KIND_KEY, WHEN("{\"Bool\":{\"kms:MultiRegion\":\"false\"}}"), 0, NULL, NULL},
        {POLICY_KIND_KEY, WHEN("{\"StringEquals\":{\"kms:KeyOrigin\":\"EXTERNAL\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.StringEquals.kms:keyorigin", "is always AWS_KMS here: the statement never matches"},
        {POLICY_KIND_KEY, WHEN("{\"StringEquals\":{\"kms:KeyUsage\":\"SIGN_VERIFY\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.StringEquals.kms:keyusage", "is always ENCRYPT_DECRYPT here"},
        {POLICY_KIND_KEY, WHEN("{\"StringNotEquals\":{\"kms:KeyOrigin\":\"AWS_KMS\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.StringNotEquals.kms:keyorigin", "is always AWS_KMS here"},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\","
              "\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}}"),
         0, NULL, NULL},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\","
              "\"Condition\":{\"Bool\":{\"kms:MultiRegion\":\"true\"}}}"),
         0, NULL, NULL},
        {POLICY_KIND_KEY,
         WITH("{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\","
              "\"Condition\":{\"Bool\":{\"kms:MultiRegion\":\"false\"}}}"),
         POLICY_SEVERITY_DANGER, "Statement[1]", "locks everyone out"},
        {POLICY_KIND_KEY, WHEN("{\"StringEquals\":{\"kms:KeyOrigin\":\"${aws:ResourceTag/origin}\"}}"), 0, NULL, NULL},
        /* ListKeys is about no key, and has no origin */
        {POLICY_KIND_IDENTITY, IDENTITY_WHEN("{\"StringNotEquals\":{\"kms:KeyOrigin\":\"AWS_KMS\"}}"), 0, NULL, NULL},
        {POLICY_KIND_IDENTITY, IDENTITY_WHEN("{\"StringEquals\":{\"kms:KeyOrigin\":\"EXTERNAL\"}}"),
         POLICY_SEVERITY_WARNING, "Statement[0].Condition.StringEquals.kms:keyorigin", "is always AWS_KMS here"},
        /* sets that are there */
        {POLICY_KIND_KEY,
         WHEN("{\"StringEquals\":{\"kms:EncryptionContext:App\":\"a\"},"
              "\"ForAllValues:StringEquals\":{\"kms:EncryptionContextKeys\":\"App\"}}"),
         0, NULL, NULL},
        {POLICY_KIND_IDENTITY,
         IDENTITY_WHEN("{\"StringEquals\":{\"aws:RequestTag/a\":\"1\"},"
                       "\"ForAllValues:StringEquals\":{\"aws:TagKeys\":[\"a\",\"b\"]}}"),
         0, NULL, NULL},
        {POLICY_KIND_IDENTITY, /* of the key, not of the request */
         IDENTITY_WHEN("{\"StringEquals\":{\"aws:ResourceTag/a\":\"1\"},"
                       "\"ForAllValues:StringEquals\":{\"aws:TagKeys\":\"a\"}}"),
         POLICY_SEVERITY_WARNING, "Statement[0].Condition.ForAllValues:StringEquals.aws:tagkeys", "not there"},
        {POLICY_KIND_IDENTITY, /* holds without the tag too */
         IDENTITY_WHEN("{\"StringEqualsIfExists\":{\"aws:RequestTag/a\":\"1\"},"
                       "\"ForAllValues:StringEquals\":{\"aws:TagKeys\":\"a\"}}"),
         POLICY_SEVERITY_WARNING, "Statement[0].Condition.ForAllValues:StringEquals.aws:tagkeys", "not there"},
        {POLICY_KIND_IDENTITY,
         IDENTITY_WHEN("{\"StringEquals\":{\"kms:EncryptionContext:a\":\"1\"},"
                       "\"ForAllValues:StringEquals\":{\"aws:TagKeys\":\"a\"}}"),
         POLICY_SEVERITY_WARNING, "Statement[0].Condition.ForAllValues:StringEquals.aws:tagkeys", "not there"},
        {POLICY_KIND_KEY,
         WHEN("{\"Null\":{\"kms:ResourceAliases\":false},"
              "\"ForAllValues:StringEquals\":{\"kms:ResourceAliases\":\"alias/a\"}}"),
         0, NULL, NULL},
        {POLICY_KIND_KEY,
         ALLOW("\"Action\":\"kms:CreateGrant\",\"Resource\":\"*\",\"Condition\":{\"ForAllValues:StringEquals\":{"
               "\"kms:GrantOperations\":\"Decrypt\"}}"),
         0, NULL, NULL},
        {POLICY_KIND_KEY,
         ALLOW("\"Action\":\"kms:*\",\"Resource\":\"*\",\"Condition\":{\"ForAllValues:StringEquals\":{"
               "\"kms:GrantOperations\":\"Decrypt\"}}"),
         POLICY_SEVERITY_WARNING, "Statement[1].Condition.ForAllValues:StringEquals.kms:grantoperations", "not there"},
        {POLICY_KIND_KEY, WHEN("{\"StringEquals\":{\"kms:EncryptionContext:Any\":\"red\"}}"), 0, NULL, NULL},
        {POLICY_KIND_KEY, WHEN("{\"StringEquals\":{\"kms:RequestAlias\":[]}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.StringEquals.kms:requestalias", "without values"},
        {POLICY_KIND_KEY, WHEN("{\"ArnLike\":{\"aws:PrincipalArn\":\"*role/x\"}}"), POLICY_SEVERITY_WARNING,
         "Statement[1].Condition.ArnLike.aws:principalarn", "six parts"},
        {POLICY_KIND_IDENTITY,
         "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:Encrypt\",\"Resource\":\"*\",\"Condition\":{"
         "\"StringEquals\":{\"kms:KeySpec\":\"${aws:username}\"}}}}",
         POLICY_SEVERITY_WARNING, "Statement[0].Condition.StringEquals.kms:keyspec", "2012-10-17"},
        /* identity policies */
        {POLICY_KIND_IDENTITY,
         "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":[\"kms:Encrypt\",\"s3:*\"],\"Resource\":\"*\"}}", 0, NULL,
         NULL},
        {POLICY_KIND_IDENTITY,
         "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:PutObject\",\"Resource\":\"*\",\"Condition\":{"
         "\"StringEquals\":{\"s3:x-amz-acl\":\"private\"}}}}",
         0, NULL, NULL},
        {POLICY_KIND_IDENTITY,
         "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:Encrypt\",\"Resource\":\"arn:aws:kms:*:111122223333:"
         "alias/x\"}}",
         POLICY_SEVERITY_WARNING, "Statement[0].Resource", "kms:ResourceAliases"},
        {POLICY_KIND_IDENTITY,
         "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:*Alias\",\"Resource\":\"arn:aws:kms:*:111122223333:"
         "alias/x\"}}",
         0, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(&rows[i], i);
    }
}

/* What is never there makes a Deny hold for everyone, and an Allow for nobody. */
static void who_is_locked_out_by_what_is_never_there(void **state)
{
    (void)state;
    static const char *const texts[] = {
        WITH("{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\","
             "\"Condition\":{\"StringNotEquals\":{\"aws:SourceVpce\":\"vpce-1\"}}}"),
        WITH("{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\","
             "\"Condition\":{\"NotIpAddressIfExists\":{\"aws:SourceIp\":\"203.0.113.0/24\"},"
             "\"BoolIfExists\":{\"aws:ViaAWSService\":\"false\"}}}"),
        ("{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"kms:*\","
         "\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"aws:MultiFactorAuthPresent\":\"true\"}}}}"),
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct policy_document *document = NULL;
        struct policy_result result = policy_document_parse(POLICY_KIND_KEY, view_of_string(texts[i]), &document);
        assert_int_equal(result.code, POLICY_OK);
        struct policy_finding findings[2];
        assert_int_equal(policy_lint(document, view_of_string("111122223333"), findings, 2), 2);
        assert_non_null(strstr(findings[0].text, "no request to rewrapd has this condition key"));
        assert_int_equal(findings[1].severity, POLICY_SEVERITY_DANGER);
        assert_non_null(strstr(findings[1].text, "locks everyone out"));
        policy_document_free(document);
    }
}

/* Who is listed in the NotPrincipal of an Allow gets nothing by it, nor does anybody of an account that is. */
static void an_account_that_alone_is_not_allowed(void **state)
{
    (void)state;
    static const char text[] = "{\"Statement\":{\"Effect\":\"Allow\",\"NotPrincipal\":{\"AWS\":\"111122223333\"},"
                               "\"Action\":\"kms:*\",\"Resource\":\"*\"}}";
    struct policy_document *document = NULL;
    assert_int_equal(policy_document_parse(POLICY_KIND_KEY, view_of_string(text), &document).code, POLICY_OK);
    struct policy_finding findings[2];
    assert_int_equal(policy_lint(document, view_of_string("111122223333"), findings, 2), 2);
    assert_string_equal(findings[0].place, "Statement[0].NotPrincipal");
    assert_int_equal(findings[1].severity, POLICY_SEVERITY_DANGER);
    assert_non_null(strstr(findings[1].text, "locks everyone out"));
    assert_int_equal(policy_lint(document, view_of_string("444455556666"), NULL, 0), 1);
    assert_int_equal(policy_lint(document, view_of_string(""), NULL, 0), 1); /* whose key it is is not known */
    policy_document_free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_found),
                                       cmocka_unit_test(who_is_locked_out_by_what_is_never_there),
                                       cmocka_unit_test(an_account_that_alone_is_not_allowed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
