/* What the texts of conditions mean; see condition_values.h. */
#include "condition_values.h"

#include "base/base64.h"
#include "pattern.h"
#include "policy/document.h"
#include "scan.h"

#include <arpa/inet.h>

/* ---------------------------------------------------------------- numbers */

bool policy_number_read(struct view text, struct policy_number *ret)
{
    struct policy_number number = {.negative = scan_one(&text, '-')};
    if (!number.negative) {
        rewrap_ignore(scan_one(&text, '+'), "a plus changes nothing");
    }
    number.whole = scan_digits(&text);
    if (number.whole.len == 0) {
        return false;
    }
    if (scan_one(&text, '.')) {
        number.fraction = scan_digits(&text);
        if (number.fraction.len == 0) {
            return false;
        }
    }
    if (text.len != 0) {
        return false;
    }
    while (scan_one(&number.whole, '0')) {
    }
    while (number.fraction.len != 0 && number.fraction.data[number.fraction.len - 1] == '0') {
        number.fraction.len--;
    }
    if (number.whole.len == 0 && number.fraction.len == 0) {
        number.negative = false;
    }
    *ret = number;
    return true;
}

static int compare_bytes(struct view a, struct view b, size_t len)
{
    return len == 0 ? 0 : memcmp(a.data, b.data, len);
}

static int compare_sizes(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_magnitudes(const struct policy_number *a, const struct policy_number *b)
{
    int order = compare_sizes(a->whole.len, b->whole.len);
    if (order == 0) {
        order = compare_bytes(a->whole, b->whole, a->whole.len);
    }
    if (order == 0) {
        size_t common = a->fraction.len < b->fraction.len ? a->fraction.len : b->fraction.len;
        order = compare_bytes(a->fraction, b->fraction, common);
    }
    return order != 0 ? order : compare_sizes(a->fraction.len, b->fraction.len);
}

int policy_number_compare(const struct policy_number *a, const struct policy_number *b)
{
    if (a->negative != b->negative) {
        return a->negative ? -1 : 1;
    }
    int order = compare_magnitudes(a, b);
    return a->negative ? -order : order;
}

/* ---------------------------------------------------------------- addresses */

static bool read_address(struct view text, struct policy_network *ret)
{
    char address[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof(address) || memchr(text.data, '\0', text.len) != NULL) {
        return false;
    }
    memcpy(address, text.data, text.len);
    address[text.len] = '\0';
    bool is_v6 = memchr(text.data, ':', text.len) != NULL;
    ret->bytes = is_v6 ? 16 : 4;
    ret->bits = ret->bytes * 8;
    return inet_pton(is_v6 ? AF_INET6 : AF_INET, address, ret->address) == 1;
}

static bool read_prefix(struct view text, unsigned most, unsigned *ret)
{
    return text.len >= 1 && text.len <= 3 && scan_number(&text, text.len, 0, most, ret);
}

static void unmap(struct policy_network *network)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (network->bytes == 16 && network->bits >= 96 && memcmp(network->address, mapped, sizeof(mapped)) == 0) {
        memmove(network->address, network->address + sizeof(mapped), 4);
        network->bytes = 4;
        network->bits -= 96;
    }
}

bool policy_network_read(struct view text, struct policy_network *ret)
{
    const uint8_t *slash = text.len == 0 ? NULL : memchr(text.data, '/', text.len);
    struct view address = slash == NULL ? text : view_of(text.data, (size_t)(slash - text.data));
    struct policy_network network = {0};
    if (!read_address(address, &network) ||
        (slash != NULL && !read_prefix(scan_skip(text, address.len + 1), network.bits, &network.bits))) {
        return false;
    }
    unmap(&network);
    *ret = network;
    return true;
}

bool policy_network_contains(const struct policy_network *network, const struct policy_network *address)
{
    if (network->bytes != address->bytes || network->bits > address->bits) {
        return false;
    }
    unsigned whole = network->bits / 8;
    unsigned rest = network->bits % 8;
    if (memcmp(network->address, address->address, whole) != 0) {
        return false;
    }
    return rest == 0 || (network->address[whole] ^ address->address[whole]) >> (8 - rest) == 0;
}

/* ---------------------------------------------------------------- the others */

bool policy_boolean_read(struct view text, bool *ret)
{
    bool is_true = policy_equal_fold(text, view_of_string("true"));
    if (!is_true && !policy_equal_fold(text, view_of_string("false"))) {
        return false;
    }
    *ret = is_true;
    return true;
}

bool policy_base64_is_valid(struct view text)
{
    uint8_t bytes[POLICY_STRING_MAX_BYTES];
    size_t len;
    return base64_decode(text, bytes, sizeof(bytes), &len);
}
