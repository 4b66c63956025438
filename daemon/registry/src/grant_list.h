/* Arrays of grants in an order: pointers, so that a part of one is what policy_decide takes. */
#pragma once

#include "base/attr.h"
#include "registry/types.h"

enum grant_order {
    GRANTS_BY_ID,
    GRANTS_BY_GRANTEE, /* by the address of the text, of which there is one (texts.h); then by id */
    GRANTS_BY_NAME,    /* byte order, then by id */
    GRANT_ORDERS
};

struct grant_list {
    const struct policy_grant **grants; /* each in a struct registry_grant */
    size_t n;
    size_t room;
};

static inline const struct registry_grant *grant_around(const struct policy_grant *grant)
{
    return (const struct registry_grant *)((const char *)grant - offsetof(struct registry_grant, grant));
}

/* Room for that many more. False without memory. */
REWRAP_MUST_USE bool grant_list_reserve(struct grant_list *list, size_t more);

/* Where the first one stands that is greater than probe, or that is not less; n when there is none. Of probe only what
 * the order looks at need be set. */
size_t grant_list_after(const struct grant_list *list, enum grant_order order, const struct registry_grant *probe);
size_t grant_list_from(const struct grant_list *list, enum grant_order order, const struct registry_grant *probe);

/* Puts it in its place, or behind the others, in no order. There is room. */
void grant_list_insert(struct grant_list *list, enum grant_order order, const struct registry_grant *grant);
void grant_list_append(struct grant_list *list, const struct registry_grant *grant);

/* It is in the list. */
void grant_list_remove(struct grant_list *list, enum grant_order order, const struct registry_grant *grant);

/* After grants were appended. */
void grant_list_sort(struct grant_list *list, enum grant_order order);

/* Frees the array, not the grants. */
void grant_list_clear(struct grant_list *list);
