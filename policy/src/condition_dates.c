/* Dates and times of conditions; see condition_values.h. */
#include "condition_values.h"

#include "scan.h"

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
    if (text->len == 0 || scan_one(text, 'Z')) {
        return true;
    }
    bool west = scan_one(text, '-');
    if (!west && !scan_one(text, '+')) {
        return false;
    }
    unsigned hours;
    unsigned minutes;
    if (!scan_number(text, 2, 0, 23, &hours) || !scan_one(text, ':') || !scan_number(text, 2, 0, 59, &minutes)) {
        return false;
    }
    int offset = (int)(hours * 60 + minutes);
    calendar->offset_minutes = west ? -offset : offset;
    return true;
}

static bool take_time(struct view *text, struct calendar *calendar)
{
    if (!scan_number(text, 2, 0, 23, &calendar->hour) || !scan_one(text, ':') ||
        !scan_number(text, 2, 0, 59, &calendar->minute)) {
        return false;
    }
    if (scan_one(text, ':')) {
        if (!scan_number(text, 2, 0, 59, &calendar->second)) {
            return false;
        }
        if (scan_one(text, '.')) {
            struct view fraction = scan_digits(text);
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
    if (!scan_number(&text, 4, 1, 9999, &calendar.year)) {
        return false;
    }
    if (scan_one(&text, '-')) {
        if (!scan_number(&text, 2, 1, 12, &calendar.month)) {
            return false;
        }
        if (scan_one(&text, '-')) {
            unsigned last = days_of_month(calendar.year, calendar.month);
            if (!scan_number(&text, 2, 1, last, &calendar.day) ||
                (scan_one(&text, 'T') && !take_time(&text, &calendar))) {
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
