/* What the texts of conditions mean; see condition_values.h. */
#include "condition_values.h"

#include "base/base64.h"
#include "pattern.h"
#include "policy/document.h"

#include <arpa/inet.h>

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static struct view skip(struct view text, size_t len)
{
    return view_of(text.data + len, text.len - len);
}

static struct view take_digits(struct view *text)
{
    size_t len = 0;
    while (len < text->len && is_digit(text->data[len])) {
        len++;
    }
    struct view digits = view_of(text->data, len);
    *text = len == 0 ? *text : skip(*text, len);
    return digits;
}

static bool take(struct view *text, char wanted)
{
    if (text->len == 0 || text->data[0] != (uint8_t)wanted) {
        return false;
    }
    *text = skip(*text, 1);
    return true;
}

/* ---------------------------------------------------------------- numbers */

bool policy_number_read(struct view text, struct policy_number *ret)
{
    struct policy_number number = {.negative = take(&text, '-')};
    if (!number.negative) {
        rewrap_ignore(take(&text, '+'), "a plus changes nothing");
    }
    number.whole = take_digits(&text);
    if (number.whole.len == 0) {
        return false;
    }
    if (take(&text, '.')) {
        number.fraction = take_digits(&text);
        if (number.fraction.len == 0) {
            return false;
        }
    }
    if (text.len != 0) {
        return false;
    }
    while (take(&number.whole, '0')) {
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

/* ---------------------------------------------------------------- dates */

#define SECONDS_OF_DAY 86400

struct calendar {
    unsigned year;
    unsigned month;
    unsigned day;
    unsigned hour;
    unsigned minute;
    unsigned second;
    uint32_t nanoseconds;
    int offset_minutes;
};

/* Exactly so many digits, within bounds. */
static bool take_number(struct view *text, size_t digits, unsigned least, unsigned most, unsigned *ret)
{
    if (text->len < digits) {
        return false;
    }
    unsigned value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (!is_digit(text->data[i])) {
            return false;
        }
        value = value * 10 + (unsigned)(text->data[i] - '0');
    }
    if (value < least || value > most) {
        return false;
    }
    *text = skip(*text, digits);
    *ret = value;
    return true;
}

static uint32_t nanoseconds_of(struct view digits)
{
    uint32_t value = 0;
    for (size_t i = 0; i < 9; i++) {
        value = value * 10 + (i < digits.len ? (uint32_t)(digits.data[i] - '0') : 0);
    }
    return value;
}

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_of_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01 in the Gregorian calendar. */
static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
    int64_t past = (int64_t)year - 1;
    int64_t days = past * 365 + past / 4 - past / 100 + past / 400 - 719162;
    for (unsigned m = 1; m < month; m++) {
        days += days_of_month(year, m);
    }
    return days + (int64_t)day - 1;
}

static bool take_zone(struct view *text, struct calendar *calendar)
{
    if (text->len == 0 || take(text, 'Z')) {
        return true;
    }
    bool west = take(text, '-');
    if (!west && !take(text, '+')) {
        return false;
    }
    unsigned hours;
    unsigned minutes;
    if (!take_number(text, 2, 0, 23, &hours) || !take(text, ':') || !take_number(text, 2, 0, 59, &minutes)) {
        return false;
    }
    int offset = (int)(hours * 60 + minutes);
    calendar->offset_minutes = west ? -offset : offset;
    return true;
}

static bool take_time(struct view *text, struct calendar *calendar)
{
    if (!take_number(text, 2, 0, 23, &calendar->hour) || !take(text, ':') ||
        !take_number(text, 2, 0, 59, &calendar->minute)) {
        return false;
    }
    if (take(text, ':')) {
        if (!take_number(text, 2, 0, 59, &calendar->second)) {
            return false;
        }
        if (take(text, '.')) {
            struct view fraction = take_digits(text);
            if (fraction.len == 0) {
                return false;
            }
            calendar->nanoseconds = nanoseconds_of(fraction);
        }
    }
    return take_zone(text, calendar);
}

static bool read_calendar(struct view text, struct calendar *ret)
{
    struct calendar calendar = {.month = 1, .day = 1};
    if (!take_number(&text, 4, 1, 9999, &calendar.year)) {
        return false;
    }
    if (take(&text, '-')) {
        if (!take_number(&text, 2, 1, 12, &calendar.month)) {
            return false;
        }
        if (take(&text, '-')) {
            unsigned last = days_of_month(calendar.year, calendar.month);
            if (!take_number(&text, 2, 1, last, &calendar.day) || (take(&text, 'T') && !take_time(&text, &calendar))) {
                return false;
            }
        }
    }
    if (text.len != 0) {
        return false;
    }
    *ret = calendar;
    return true;
}

/* Digits that fit comfortably: year 9999 is twelve of them. */
#define EPOCH_MAX_DIGITS 15

static bool read_epoch(struct view text, struct policy_moment *ret)
{
    struct policy_number number;
    if (!policy_number_read(text, &number) || number.whole.len > EPOCH_MAX_DIGITS) {
        return false;
    }
    int64_t seconds = 0;
    for (size_t i = 0; i < number.whole.len; i++) {
        seconds = seconds * 10 + (number.whole.data[i] - '0');
    }
    uint32_t nanoseconds = nanoseconds_of(number.fraction);
    if (number.negative) {
        seconds = -seconds - (nanoseconds != 0);
        nanoseconds = nanoseconds == 0 ? 0 : 1000000000 - nanoseconds;
    }
    *ret = (struct policy_moment){.seconds = seconds, .nanoseconds = nanoseconds};
    return true;
}

bool policy_moment_read(struct view text, struct policy_moment *ret)
{
    struct calendar calendar;
    if (!read_calendar(text, &calendar)) {
        return read_epoch(text, ret);
    }
    int64_t minutes = (int64_t)calendar.hour * 60 + calendar.minute - calendar.offset_minutes;
    int64_t days = days_of(calendar.year, calendar.month, calendar.day);
    *ret = (struct policy_moment){.seconds = days * SECONDS_OF_DAY + minutes * 60 + calendar.second,
                                  .nanoseconds = calendar.nanoseconds};
    return true;
}

int policy_moment_compare(const struct policy_moment *a, const struct policy_moment *b)
{
    if (a->seconds != b->seconds) {
        return a->seconds < b->seconds ? -1 : 1;
    }
    return (a->nanoseconds > b->nanoseconds) - (a->nanoseconds < b->nanoseconds);
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
    return text.len >= 1 && text.len <= 3 && take_number(&text, text.len, 0, most, ret);
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
        (slash != NULL && !read_prefix(skip(text, address.len + 1), network.bits, &network.bits))) {
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
