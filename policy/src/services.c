/* Names of services; see services.h. */
#include "services.h"

#include "pattern.h"

static bool is_word_character(uint8_t c)
{
    return (c >= '0' && c <= '9') || c == '-' || (policy_lower(c) >= 'a' && policy_lower(c) <= 'z');
}

bool policy_is_service(struct view text)
{
    if (text.len > POLICY_SERVICE_MAX_BYTES) {
        return false;
    }
    size_t words = 0;
    size_t len = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.data[i] != '.') {
            if (!is_word_character(text.data[i])) {
                return false;
            }
            len++;
            continue;
        }
        if (len == 0) {
            return false;
        }
        words++;
        len = 0;
    }
    return words >= 3;
}
