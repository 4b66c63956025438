/* What the files of the misbehaving module share; README.md beside it says what it does. */
#pragma once

#include "function_names.h"

#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>

#define FAULTY_FUNCTIONS(X) REMOTE_FORWARDED(X) REMOTE_TRANSLATED(X) REMOTE_OWN(X)

enum faulty_function {
#define X(name) FAULTY_##name,
    FAULTY_FUNCTIONS(X)
#undef X
        FAULTY_ANY, /* `*`: counts all calls */
    FAULTY_COUNT
};

extern const char *const faulty_names[FAULTY_COUNT];

/* ---------------------------------------------------------------- the script */

enum faulty_action {
    FAULTY_RV,       /* answers value and does nothing */
    FAULTY_RV_AFTER, /* does it, and answers value all the same */
    FAULTY_HANG,     /* for ever */
    FAULTY_CRASH,    /* SIGSEGV */
    FAULTY_SLOW,     /* waits value milliseconds, then does it */
    FAULTY_SPEND,    /* makes the alarm(2) of the process go off value seconds earlier, and waits for it if it is due */
    FAULTY_SHORT,    /* the length that is written back is value less than the true one */
    FAULTY_LONG,     /* … more */
    FAULTY_LOSE_SESSION,  /* closes the caller's session behind its back, then goes on */
    FAULTY_LOSE_LOGIN,    /* logs the user out, likewise */
    FAULTY_LOSE_TOKEN,    /* the slots have no token until the script changes */
    FAULTY_COUNT_OBJECTS, /* tells in the counters how many session objects the caller sees, then goes on */
    FAULTY_RENUMBER,      /* every object has another handle from now on, in this process */
};

struct faulty_rule {
    enum faulty_function function;
    unsigned long from; /* the number of the call, from 1 */
    bool onwards;       /* also every later one */
    enum faulty_action action;
    unsigned long value;
};

enum faulty_change {
    FAULTY_DROP,  /* left out of templates */
    FAULTY_TRUE,  /* booleans of templates have this value, whatever was asked for */
    FAULTY_FALSE, /* likewise */
    FAULTY_FLIP,  /* likewise */
    FAULTY_HIDE,  /* cannot be read: CKR_ATTRIBUTE_TYPE_INVALID */
    FAULTY_LIE,   /* booleans read as their opposite */
};

#define FAULTY_ANY_CLASS CK_UNAVAILABLE_INFORMATION

struct faulty_attribute {
    CK_ATTRIBUTE_TYPE type;
    enum faulty_change change;
    enum faulty_function of_function; /* only in templates for it, or FAULTY_ANY */
    CK_OBJECT_CLASS of_class;         /* … of such objects, or FAULTY_ANY_CLASS */
};

struct faulty_mechanism {
    CK_MECHANISM_TYPE type;
    bool hidden;          /* else: claimed, and what is done is: */
    CK_MECHANISM_TYPE as; /* this mechanism of the token */
    bool wraps;           /* also what the token does not let out: C_WrapKey then gives other bytes */
    bool decrypts;        /* also with a key that may not: C_Decrypt then gives nothing */
};

#define FAULTY_MAX_RULES 64

struct faulty_script {
    struct faulty_rule rules[FAULTY_MAX_RULES];
    size_t n_rules;
    struct faulty_attribute attributes[FAULTY_MAX_RULES];
    size_t n_attributes;
    struct faulty_mechanism mechanisms[FAULTY_MAX_RULES];
    size_t n_mechanisms;
    CK_FLAGS token_flags; /* C_GetTokenInfo has these besides */
    bool token_is_silent; /* … and never tells of PINs that were refused */
};

/* Reads a script. One that cannot be read ends the process with a message: a test must not pass for a typing error. */
void faulty_script_parse(const char *text, struct faulty_script *ret);

/* ---------------------------------------------------------------- the state that all processes share */

struct faulty_state {
    unsigned long long script; /* a hash of its text */
    unsigned long lost;        /* 1 while the slots have no token */
    unsigned long losses;      /* how often that has happened */
    unsigned long objects;     /* of the session, at the last count-objects since the script is in force */
    unsigned long countings;   /* how many count-objects there were since then */
};

/* Opens and locks the file; -1 when there is none to be kept. Unlocked by closing it, also by the death of the process.
 */
int faulty_state_lock(const char *path, struct faulty_state *ret);
void faulty_state_write(int fd, const struct faulty_state *state);

/* A new script: the calls are counted from its beginning. */
void faulty_state_begin(int fd);

/* Counts a call; gives its number since the script is in force. */
unsigned long faulty_state_count(int fd, enum faulty_function function);

/* ---------------------------------------------------------------- one call */

enum faulty_needs { FAULTY_NEEDS_NOTHING, FAULTY_NEEDS_TOKEN, FAULTY_NEEDS_SESSION };

struct faulty_step {
    bool answered;  /* with rv, without the token */
    bool lost;      /* the slots have no token */
    bool overruled; /* rv is the answer after the token has done it */
    CK_RV rv;
    long length; /* is added to the length that is written back */
};

/* Counts the call and does what the script has for it. */
struct faulty_step faulty_begin(enum faulty_function function, enum faulty_needs needs, CK_SESSION_HANDLE session);

/* The answer to a call that the token has answered with rv. */
CK_RV faulty_end(const struct faulty_step *step, CK_RV rv);

/* faulty_end, and the length that was written back, when there was room to write to. */
CK_RV faulty_end_length(const struct faulty_step *step, CK_RV rv, const void *buffer, CK_ULONG *length);

/* The script in force at the last faulty_begin of this process. */
const struct faulty_script *faulty_script(void);

/* Object handles: the token's to the caller's and back. */
CK_OBJECT_HANDLE faulty_handle_out(CK_OBJECT_HANDLE token);
CK_OBJECT_HANDLE faulty_handle_in(CK_OBJECT_HANDLE caller);

/* The functions of the token; NULL before C_Initialize and after C_Finalize. */
extern CK_FUNCTION_LIST *faulty_token;

/* ---------------------------------------------------------------- templates and mechanisms */

/* What the token is given by function instead of list: a copy, freed with faulty_template_free. NULL when there is no
 * memory. class is what the function makes, where the list does not say it. */
CK_ATTRIBUTE *faulty_template_new(enum faulty_function function, CK_OBJECT_CLASS class, const CK_ATTRIBUTE *list,
                                  CK_ULONG count, CK_ULONG *ret_count);
void faulty_template_free(CK_ATTRIBUTE *list);

/* After C_GetAttributeValue: hides and lies; may change rv. */
CK_RV faulty_template_read(CK_RV rv, CK_ATTRIBUTE *list, CK_ULONG count);

/* NULL, or what the script says of a mechanism. */
const struct faulty_mechanism *faulty_mechanism_find(CK_MECHANISM_TYPE type);

/* The mechanism that the token is asked for; false when the script hides it. */
bool faulty_mechanism_in(const CK_MECHANISM *mechanism, CK_MECHANISM *ret);
