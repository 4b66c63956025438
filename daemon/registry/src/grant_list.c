/* Arrays of grants in an order; see grant_list.h. */
#include "grant_list.h"

#include "base/checked.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ orders */

static int compare_id(const struct registry_grant *a, const struct registry_grant *b)
{
    return memcmp(a->id, b->id, GRANT_ID_BYTES);
}

static int compare_grantee(const struct registry_grant *a, const struct registry_grant *b)
{
    const uintptr_t address_a = (uintptr_t)a->grant.grantee.data;
    const uintptr_t address_b = (uintptr_t)b->grant.grantee.data;
    if (address_a != address_b) {
        return address_a < address_b ? -1 : 1;
    }
    return compare_id(a, b);
}

static int compare_name(const struct registry_grant *a, const struct registry_grant *b)
{
    const struct view name_a = a->grant.name;
    const struct view name_b = b->grant.name;
    const size_t common = name_a.len < name_b.len ? name_a.len : name_b.len;
    int order = common == 0 ? 0 : memcmp(name_a.data, name_b.data, common);
    if (order == 0 && name_a.len != name_b.len) {
        order = name_a.len < name_b.len ? -1 : 1;
    }
    return order != 0 ? order : compare_id(a, b);
}

static int (*const compares[GRANT_ORDERS])(const struct registry_grant *, const struct registry_grant *) = {
    [GRANTS_BY_ID] = compare_id,
    [GRANTS_BY_GRANTEE] = compare_grantee,
    [GRANTS_BY_NAME] = compare_name,
};

/* qsort hands over addresses of the array's elements. */

static int sort_id(const void *a, const void *b)
{
    return compare_id(grant_around(*(const struct policy_grant *const *)a),
                      grant_around(*(const struct policy_grant *const *)b));
}

static int sort_grantee(const void *a, const void *b)
{
    return compare_grantee(grant_around(*(const struct policy_grant *const *)a),
                           grant_around(*(const struct policy_grant *const *)b));
}

static int sort_name(const void *a, const void *b)
{
    return compare_name(grant_around(*(const struct policy_grant *const *)a),
                        grant_around(*(const struct policy_grant *const *)b));
}

static int (*const sorts[GRANT_ORDERS])(const void *, const void *) = {
    [GRANTS_BY_ID] = sort_id,
    [GRANTS_BY_GRANTEE] = sort_grantee,
    [GRANTS_BY_NAME] = sort_name,
};

/* ------------------------------------------------------------------ lists */

bool grant_list_reserve(struct grant_list *list, size_t more)
{
    size_t needed;
    if (!size_add(list->n, more, &needed)) {
        return false;
    }
    if (needed <= list->room) {
        return true;
    }
    const size_t grown_room = list->room + list->room / 2; /* half: there are many lists, and most never grow again */
    const size_t room = grown_room > needed ? grown_room : needed;
    const struct policy_grant **grown = reallocarray(list->grants, room, sizeof(void *));
    if (grown == NULL) {
        return false;
    }
    list->grants = grown;
    list->room = room;
    return true;
}

/* The first whose comparison with probe is at least `least`. */
static size_t search(const struct grant_list *list, enum grant_order order, const struct registry_grant *probe,
                     int least)
{
    size_t low = 0;
    size_t high = list->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compares[order](grant_around(list->grants[middle]), probe) < least) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t grant_list_from(const struct grant_list *list, enum grant_order order, const struct registry_grant *probe)
{
    return search(list, order, probe, 0);
}

size_t grant_list_after(const struct grant_list *list, enum grant_order order, const struct registry_grant *probe)
{
    return search(list, order, probe, 1);
}

void grant_list_append(struct grant_list *list, const struct registry_grant *grant)
{
    list->grants[list->n++] = &grant->grant;
}

void grant_list_insert(struct grant_list *list, enum grant_order order, const struct registry_grant *grant)
{
    const size_t at = grant_list_after(list, order, grant);
    memmove(list->grants + at + 1, list->grants + at, (list->n - at) * sizeof(void *));
    list->grants[at] = &grant->grant;
    list->n++;
}

void grant_list_remove(struct grant_list *list, enum grant_order order, const struct registry_grant *grant)
{
    const size_t at = grant_list_from(list, order, grant);
    memmove(list->grants + at, list->grants + at + 1, (list->n - at - 1) * sizeof(void *));
    list->n--;
}

void grant_list_sort(struct grant_list *list, enum grant_order order)
{
    if (list->n > 1) {
        qsort(list->grants, list->n, sizeof(void *), sorts[order]);
    }
}

void grant_list_clear(struct grant_list *list)
{
    free(list->grants);
    *list = (struct grant_list){0};
}
