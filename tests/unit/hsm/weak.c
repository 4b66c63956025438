/* A token that enforces less than SoftHSM does; see weak.h. */
#include "weak.h"

#include <string.h>

CK_FUNCTION_LIST *real;
CK_FUNCTION_LIST weak;
CK_ATTRIBUTE_TYPE ignored;

CK_ULONG weak_without(const CK_ATTRIBUTE *list, CK_ULONG n, CK_ATTRIBUTE *out)
{
    CK_ULONG kept = 0;
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type != ignored) {
            out[kept++] = list[i];
        }
    }
    return kept;
}

CK_ULONG weak_lessen(const CK_ATTRIBUTE *list, CK_ULONG n, CK_ATTRIBUTE *out,
                     CK_ATTRIBUTE unwrap[ATTRIBUTES_UNWRAP_MAX])
{
    if (ignored == CKA_UNWRAP_TEMPLATE || ignored == CKA_ALLOWED_MECHANISMS) {
        return weak_without(list, n, out);
    }
    memcpy(out, list, n * sizeof list[0]);
    for (CK_ULONG i = 0; i < n; i++) {
        if (list[i].type == CKA_UNWRAP_TEMPLATE) {
            CK_ULONG kept = weak_without(list[i].pValue, list[i].ulValueLen / sizeof unwrap[0], unwrap);
            out[i] = (CK_ATTRIBUTE){CKA_UNWRAP_TEMPLATE, unwrap, kept * sizeof unwrap[0]};
        }
    }
    return n;
}

CK_RV weak_generate_ignoring(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *list, CK_ULONG n,
                             CK_OBJECT_HANDLE *ret)
{
    CK_ATTRIBUTE kept[ATTRIBUTES_MAX];
    n = weak_without(list, n, kept);
    return real->C_GenerateKey(session, mechanism, kept, n, ret);
}

struct hsm_result weak_probe(struct fixture *fixture, struct hsm_profile *ret)
{
    fixture->token->functions = &weak;
    struct hsm_result result = hsm_probe(fixture->token, ret);
    fixture->token->functions = real;
    weak = *real;
    assert_int_equal(fixture_session_objects(fixture), 0);
    return result;
}

void weak_expect_not_sealed(struct fixture *fixture, const char *reason)
{
    struct hsm_profile profile = {0};
    assert_hsm(HSM_OK, weak_probe(fixture, &profile));
    if (profile.level != HSM_LEVEL_SENSITIVE) {
        print_error("sealed, although attribute 0x%lx is not enforced\n", ignored);
    }
    assert_int_equal(profile.level, HSM_LEVEL_SENSITIVE);
    assert_string_equal(profile.level_reason, reason);
}

int weak_setup(void **state)
{
    fixture_setup_bare(state);
    struct fixture *fixture = *state;
    fixture_open(fixture);
    real = fixture->token->functions;
    weak = *real;
    return 0;
}
