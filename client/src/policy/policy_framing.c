/* Where a JSON document ends; see policy_framing.h. RFC 8259 section 2. */
#include "policy_framing.h"

enum {
    STATE_START = 0,
    STATE_VALUE,
    STATE_VALUE_OR_END, /* behind '[' */
    STATE_NAME,
    STATE_NAME_OR_END, /* behind '{' */
    STATE_COLON,
    STATE_COMMA_OR_END,
    STATE_STRING,
    STATE_ESCAPE,
    STATE_WORD, /* a number, true, false or null */
};

static enum policy_framing_code go_to(struct policy_framing *framing, unsigned state)
{
    framing->state = state;
    return POLICY_FRAMING_MORE;
}

static enum policy_framing_code count(struct policy_framing *framing, unsigned state)
{
    if (framing->values == POLICY_FRAMING_MAX_VALUES) {
        return POLICY_FRAMING_TOO_MANY;
    }
    framing->values++;
    return go_to(framing, state);
}

static enum policy_framing_code open_string(struct policy_framing *framing, bool is_name)
{
    framing->is_name = is_name;
    return count(framing, STATE_STRING);
}

static enum policy_framing_code open_container(struct policy_framing *framing, bool is_object)
{
    if (framing->depth == POLICY_FRAMING_MAX_DEPTH) {
        return POLICY_FRAMING_TOO_DEEP;
    }
    framing->is_object[framing->depth++] = is_object;
    return count(framing, is_object ? STATE_NAME_OR_END : STATE_VALUE_OR_END);
}

static bool is_in_object(const struct policy_framing *framing)
{
    return framing->is_object[framing->depth - 1];
}

static enum policy_framing_code close_container(struct policy_framing *framing, uint8_t c)
{
    if (is_in_object(framing) != (c == '}')) {
        return POLICY_FRAMING_BROKEN;
    }
    framing->depth--;
    framing->state = STATE_COMMA_OR_END;
    return framing->depth == 0 ? POLICY_FRAMING_COMPLETE : POLICY_FRAMING_MORE;
}

static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' ||
           c == '.';
}

static enum policy_framing_code take_value(struct policy_framing *framing, uint8_t c)
{
    if (c == '{' || c == '[') {
        return open_container(framing, c == '{');
    }
    if (c == '"') {
        return open_string(framing, false);
    }
    return is_word(c) ? count(framing, STATE_WORD) : POLICY_FRAMING_BROKEN;
}

static enum policy_framing_code take_string(struct policy_framing *framing, uint8_t c)
{
    if (c < 0x20) {
        return POLICY_FRAMING_BROKEN; /* a line break, for one: the text was cut */
    }
    if (framing->state == STATE_ESCAPE) {
        return go_to(framing, STATE_STRING);
    }
    if (c == '"') {
        return go_to(framing, framing->is_name ? STATE_COLON : STATE_COMMA_OR_END);
    }
    return c == '\\' ? go_to(framing, STATE_ESCAPE) : POLICY_FRAMING_MORE;
}

static enum policy_framing_code take_mark(struct policy_framing *framing, uint8_t c)
{
    switch (framing->state) {
    case STATE_START:
        return c == '{' ? open_container(framing, true) : POLICY_FRAMING_BROKEN;
    case STATE_VALUE_OR_END:
        return c == ']' ? close_container(framing, c) : take_value(framing, c);
    case STATE_VALUE:
        return take_value(framing, c);
    case STATE_NAME_OR_END:
        if (c == '}') {
            return close_container(framing, c);
        }
        return c == '"' ? open_string(framing, true) : POLICY_FRAMING_BROKEN;
    case STATE_NAME:
        return c == '"' ? open_string(framing, true) : POLICY_FRAMING_BROKEN;
    case STATE_COLON:
        return c == ':' ? go_to(framing, STATE_VALUE) : POLICY_FRAMING_BROKEN;
    default:
        break;
    }
    if (c == ',') {
        return go_to(framing, is_in_object(framing) ? STATE_NAME : STATE_VALUE);
    }
    return c == '}' || c == ']' ? close_container(framing, c) : POLICY_FRAMING_BROKEN;
}

enum policy_framing_code policy_framing_take(struct policy_framing *framing, uint8_t c)
{
    if (framing->state == STATE_STRING || framing->state == STATE_ESCAPE) {
        return take_string(framing, c);
    }
    if (framing->state == STATE_WORD) {
        if (is_word(c)) {
            return POLICY_FRAMING_MORE;
        }
        framing->state = STATE_COMMA_OR_END;
    }
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        return POLICY_FRAMING_MORE;
    }
    return take_mark(framing, c);
}
