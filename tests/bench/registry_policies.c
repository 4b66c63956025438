/* Policies as real deployments write them; see registry_policies.h. */
#include "registry_policies.h"

#include <stdarg.h>

#include <stdio.h>
#include <stdlib.h>

struct names {
    char own[ACCOUNT_TEXT_BYTES];
    char other[ACCOUNT_TEXT_BYTES];
    unsigned apps[6];
    unsigned tenant;
};

/* One statement a format, so that no part of the text is longer than what is seen here. */
static size_t put(char *out, size_t cap, size_t len, const char *format, ...) __attribute__((format(printf, 4, 5)));

static size_t put(char *out, size_t cap, size_t len, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(out + len, cap - len, format, arguments);
    va_end(arguments);
    if (more < 0 || (size_t)more >= cap - len) {
        fprintf(stderr, "bench_policy: a policy is longer than its room\n");
        exit(1);
    }
    return len + (size_t)more;
}

static size_t put_administration(const struct names *names, unsigned key, char *out, size_t len)
{
    const char *own = names->own;
    len = put(out, MAKE_KEY_POLICY_BYTES, len,
              "{\n  \"Version\": \"2012-10-17\",\n  \"Id\": \"key-%u\",\n  \"Statement\": [\n"
              "    {\"Sid\": \"Enable IAM policies\", \"Effect\": \"Allow\","
              " \"Principal\": {\"AWS\": \"arn:aws:iam::%s:root\"}, \"Action\": \"kms:*\", \"Resource\": \"*\"},\n",
              key, own);
    len = put(out, MAKE_KEY_POLICY_BYTES, len,
              "    {\"Sid\": \"Administrators\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": ["
              "\"arn:aws:iam::%s:role/service/app-%u\", \"arn:aws:iam::%s:user/app-%u\"]},\n"
              "     \"Action\": [\"kms:Create*\", \"kms:Describe*\", \"kms:Enable*\", \"kms:List*\", \"kms:Put*\","
              " \"kms:Update*\", \"kms:Revoke*\", \"kms:Disable*\", \"kms:Get*\", \"kms:Delete*\","
              " \"kms:TagResource\", \"kms:UntagResource\", \"kms:ScheduleKeyDeletion\", \"kms:CancelKeyDeletion\"],"
              " \"Resource\": \"*\"},\n",
              own, names->apps[0], own, names->apps[1]);
    return put(out, MAKE_KEY_POLICY_BYTES, len,
               "    {\"Sid\": \"Grants for services\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": "
               "\"arn:aws:iam::%s:role/service/app-%u\"},\n     \"Action\": [\"kms:CreateGrant\", \"kms:ListGrants\","
               " \"kms:RevokeGrant\"], \"Resource\": \"*\","
               " \"Condition\": {\"Bool\": {\"kms:GrantIsForAWSResource\": \"true\"}}},\n",
               own, names->apps[2]);
}

static size_t put_use(const struct names *names, char *out, size_t len)
{
    const char *own = names->own;
    len = put(out, MAKE_KEY_POLICY_BYTES, len,
              "    {\"Sid\": \"Use\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": ["
              "\"arn:aws:iam::%s:role/service/app-%u\", \"arn:aws:iam::%s:role/service/app-%u\"]},\n     \"Action\": "
              "[\"kms:Encrypt\", \"kms:Decrypt\", \"kms:ReEncrypt*\", \"kms:GenerateDataKey*\", \"kms:DescribeKey\"],"
              " \"Resource\": \"*\",\n     \"Condition\": {\"StringEquals\": {\"kms:EncryptionContext:tenant\": "
              "[\"tenant-%u\", \"tenant-%u\"], \"kms:EncryptionAlgorithm\": \"SYMMETRIC_DEFAULT\"}}},\n",
              own, names->apps[3], own, names->apps[4], names->tenant, (names->tenant + 1) % MAKE_TENANTS);
    len = put(out, MAKE_KEY_POLICY_BYTES, len,
              "    {\"Sid\": \"Closed context\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": "
              "\"arn:aws:iam::%s:role/service/app-%u\"},\n     \"Action\": \"kms:ReEncrypt*\", \"Resource\": \"*\","
              " \"Condition\": {\"ForAllValues:StringEquals\": {\"kms:EncryptionContextKeys\": [\"tenant\", \"app\","
              " \"env\"]}, \"StringLike\": {\"kms:EncryptionContext:app\": \"app-*\"}}},\n",
              own, names->apps[5]);
    len = put(out, MAKE_KEY_POLICY_BYTES, len,
              "    {\"Sid\": \"Teams by name\", \"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": "
              "[\"kms:ReEncryptFrom\", \"kms:DescribeKey\"], \"Resource\": \"*\",\n     \"Condition\": "
              "{\"StringEquals\": {\"kms:CallerAccount\": \"%s\"}, \"ArnLike\": {\"aws:PrincipalArn\": "
              "\"arn:aws:iam::%s:role/service/app-%u*\"}}},\n",
              own, own, names->apps[0] % 10);
    return put(out, MAKE_KEY_POLICY_BYTES, len,
               "    {\"Sid\": \"The partner\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": "
               "\"arn:aws:iam::%s:root\"},\n     \"Action\": [\"kms:ReEncryptTo\", \"kms:DescribeKey\"], \"Resource\": "
               "\"*\", \"Condition\": {\"StringEquals\": {\"kms:EncryptionContext:env\": \"production\"},"
               " \"DateLessThan\": {\"aws:CurrentTime\": \"2099-01-01T00:00:00Z\"}}},\n",
               names->other);
}

static size_t put_limits(const struct names *names, char *out, size_t len)
{
    len = put(out, MAKE_KEY_POLICY_BYTES, len,
              "    {\"Sid\": \"From the office\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": "
              "\"arn:aws:iam::%s:user/app-%u\"},\n     \"Action\": [\"kms:Decrypt\", \"kms:ReEncryptFrom\"], "
              "\"Resource\": \"*\", \"Condition\": {\"IpAddressIfExists\": {\"aws:SourceIp\": [\"192.0.2.0/24\","
              " \"2001:db8::/32\"]}, \"NumericLessThan\": {\"aws:EpochTime\": 4070908800}}},\n",
              names->own, names->apps[1]);
    len = put(
        out, MAKE_KEY_POLICY_BYTES, len,
        "    {\"Sid\": \"Protected transport only\", \"Effect\": \"Deny\", \"Principal\": \"*\", \"Action\": "
        "\"kms:*\", \"Resource\": \"*\",\n     \"Condition\": {\"Bool\": {\"aws:SecureTransport\": \"false\"}}},\n");
    return put(out, MAKE_KEY_POLICY_BYTES, len,
               "    {\"Sid\": \"No tests\", \"Effect\": \"Deny\", \"Principal\": {\"AWS\": \"*\"}, \"Action\": "
               "[\"kms:ReEncryptFrom\", \"kms:ReEncryptTo\"], \"Resource\": \"*\",\n     \"Condition\": "
               "{\"StringEqualsIfExists\": {\"kms:EncryptionContext:env\": [\"test\", \"staging\"]}, \"Null\": "
               "{\"kms:EncryptionContext:env\": \"false\"}, \"StringNotLike\": {\"kms:RequestAlias\": "
               "\"alias/test/*\"}}}\n  ]\n}\n");
}

size_t make_key_policy(uint64_t *random, unsigned key, char out[MAKE_KEY_POLICY_BYTES])
{
    struct names names;
    make_account(key % MAKE_ACCOUNTS, names.own);
    make_account((key + 1) % MAKE_ACCOUNTS, names.other);
    for (size_t i = 0; i < sizeof names.apps / sizeof names.apps[0]; i++) {
        names.apps[i] = make_random_below(random, MAKE_APPS);
    }
    names.tenant = make_random_below(random, MAKE_TENANTS);
    size_t len = put_administration(&names, key, out, 0);
    len = put_use(&names, out, len);
    return put_limits(&names, out, len);
}

size_t make_identity_policy(unsigned account, unsigned app, char out[MAKE_IDENTITY_POLICY_BYTES])
{
    char own[ACCOUNT_TEXT_BYTES];
    char other[ACCOUNT_TEXT_BYTES];
    make_account(account, own);
    make_account((account + MAKE_ACCOUNTS - 1) % MAKE_ACCOUNTS, other);
    size_t len = put(out, MAKE_IDENTITY_POLICY_BYTES, 0,
                     "{\"Version\": \"2012-10-17\", \"Statement\": [\n"
                     " {\"Sid\": \"OwnKeys\", \"Effect\": \"Allow\", \"Action\": [\"kms:ReEncrypt*\","
                     " \"kms:DescribeKey\"], \"Resource\": \"arn:aws:kms:" MAKE_REGION ":%s:key/*\",\n  \"Condition\": "
                     "{\"StringEquals\": {\"aws:ResourceTag/team\": \"team-%u\"}}},\n",
                     own, app % 8);
    len = put(out, MAKE_IDENTITY_POLICY_BYTES, len,
              " {\"Sid\": \"PartnersKeys\", \"Effect\": \"Allow\", \"Action\": \"kms:ReEncryptTo\", \"Resource\": "
              "\"arn:aws:kms:*:%s:key/*\"},\n"
              " {\"Sid\": \"MyOwnUser\", \"Effect\": \"Allow\", \"Action\": \"iam:Get*\", \"Resource\": "
              "\"arn:aws:iam::%s:user/${aws:username}\"},\n",
              other, own);
    return put(out, MAKE_IDENTITY_POLICY_BYTES, len,
               " {\"Sid\": \"NeverDelete\", \"Effect\": \"Deny\", \"Action\": [\"kms:ScheduleKeyDeletion\","
               " \"kms:DisableKey\"], \"Resource\": \"*\"}\n]}");
}
