/* The default key policy; see policy/default_policy.h. */
#include "policy/default_policy.h"

static size_t append(char *out, size_t len, struct view text)
{
    if (text.len != 0) {
        memcpy(out + len, text.data, text.len);
    }
    return len + text.len;
}

size_t policy_default_write(struct view partition, struct view account, char out[POLICY_DEFAULT_BYTES])
{
    const struct view parts[] = {
        view_of_string("{\n"
                       "  \"Version\" : \"2012-10-17\",\n"
                       "  \"Id\" : \"key-default-1\",\n"
                       "  \"Statement\" : [ {\n"
                       "    \"Sid\" : \"Enable IAM User Permissions\",\n"
                       "    \"Effect\" : \"Allow\",\n"
                       "    \"Principal\" : { \"AWS\" : \"arn:"),
        partition,
        view_of_string(":iam::"),
        account,
        view_of_string(":root\" },\n"
                       "    \"Action\" : \"kms:*\",\n"
                       "    \"Resource\" : \"*\"\n"
                       "  } ]\n"
                       "}"),
    };
    size_t len = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        len = append(out, len, parts[i]);
    }
    out[len] = '\0';
    return len;
}
