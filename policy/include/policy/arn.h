/* Amazon resource names: arn:partition:service:region:account:resource (KMS.md ). Parsing borrows, nothing is
 * copied. */
#pragma once

#include "base/attr.h"
#include "base/view.h"

#define ARN_MAX_BYTES      2048
#define ARN_ACCOUNT_DIGITS 12
#define ARN_PARTITION_MAX_BYTES                                                                                        \
    32                          /* AWS's longest is "aws-iso-b"; a bound so that an ARN fits where one is written      \
                                 */
#define ARN_REGION_MAX_BYTES 32 /* KMS.md R-49 */

struct arn {
    struct view partition; /* "aws", "aws-cn", … */
    struct view service;   /* "kms", "iam", "sts" */
    struct view region;    /* empty for iam and sts */
    struct view account;   /* 12 digits */
    struct view resource;  /* everything after the fifth colon: "key/…", "alias/…", "user/path/name", "root" */
};

/*
 * Reads text as an ARN with the patterns of KMS.md R-49: partition aws(-[a-z]+)*, service [a-z0-9-]+, account 12
 * digits, region empty or ([a-z]+-){2,3}[0-9]+, resource not empty. False, with *ret untouched, for anything else and
 * for more than ARN_MAX_BYTES. *ret borrows from text. Pure.
 */
REWRAP_MUST_USE bool arn_parse(struct view text, struct arn *ret);

/* True for 12 digits. */
REWRAP_MUST_USE bool arn_is_account(struct view text);

/* True for "aws" and its partitions, and for a region's name. For configuration. */
REWRAP_MUST_USE bool arn_is_partition(struct view text);
REWRAP_MUST_USE bool arn_is_region(struct view text);

/*
 * True when text names a principal that can call: iam root, user or role, sts assumed-role or federated-user (KMS.md
 * Names and the folders of a path are made of [A-Za-z0-9_+=,.@-] and not empty, so there is no wildcard. *ret
 * borrows from text.
 */
REWRAP_MUST_USE bool arn_parse_principal(struct view text, struct arn *ret);
