/* Tables of actions; see actions.h. */
#include "actions.h"

#include "pattern.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const crossing[] = {
    "kms:encrypt",
    "kms:decrypt",
    "kms:reencryptfrom",
    "kms:reencryptto",
    "kms:generatedatakey",
    "kms:generatedatakeywithoutplaintext",
    "kms:generatedatakeypair",
    "kms:generatedatakeypairwithoutplaintext",
    "kms:generatemac",
    "kms:verifymac",
    "kms:sign",
    "kms:verify",
    "kms:derivesharedsecret",
    "kms:getpublickey",
    "kms:describekey",
    "kms:getkeyrotationstatus",
    "kms:creategrant",
    "kms:listgrants",
    "kms:retiregrant",
    "kms:revokegrant",
};

/* The other actions of KMS. */
static const char *const staying[] = {
    "kms:cancelkeydeletion",
    "kms:connectcustomkeystore",
    "kms:createalias",
    "kms:createcustomkeystore",
    "kms:createkey",
    "kms:deletealias",
    "kms:deletecustomkeystore",
    "kms:deleteimportedkeymaterial",
    "kms:describecustomkeystores",
    "kms:disablekey",
    "kms:disablekeyrotation",
    "kms:disconnectcustomkeystore",
    "kms:enablekey",
    "kms:enablekeyrotation",
    "kms:generaterandom",
    "kms:getkeypolicy",
    "kms:getparametersforimport",
    "kms:importkeymaterial",
    "kms:listaliases",
    "kms:listkeypolicies",
    "kms:listkeyrotations",
    "kms:listkeys",
    "kms:listresourcetags",
    "kms:listretirablegrants",
    "kms:putkeypolicy",
    "kms:replicatekey",
    "kms:rotatekeyondemand",
    "kms:schedulekeydeletion",
    "kms:synchronizemultiregionkey",
    "kms:tagresource",
    "kms:untagresource",
    "kms:updatealias",
    "kms:updatecustomkeystore",
    "kms:updatekeydescription",
    "kms:updateprimaryregion",
};

static const char *const for_aliases[] = {"kms:createalias", "kms:updatealias", "kms:deletealias"};

static bool is_among(struct view action, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (view_equal(action, view_of_string(names[i]))) {
            return true;
        }
    }
    return false;
}

bool policy_action_crosses_accounts(struct view action)
{
    return is_among(action, crossing, COUNT(crossing));
}

bool policy_action_is_for_aliases(struct view action)
{
    return is_among(action, for_aliases, COUNT(for_aliases));
}

static bool matches_some(struct view pattern, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (policy_glob(pattern, view_of_string(names[i]))) {
            return true;
        }
    }
    return false;
}

bool policy_action_is_known(struct view pattern)
{
    return matches_some(pattern, crossing, COUNT(crossing)) || matches_some(pattern, staying, COUNT(staying));
}
