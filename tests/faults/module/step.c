/* One call: it is counted, and meets what the script has for it. */
#include "faulty.h"
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRIPT_MAX_BYTES 16384
#define ACTIONS_MAX      8
#define RENUMBER_BY      0x100000 /* more than the handles a test comes by */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct faulty_script script;
static unsigned long long parsed; /* the hash of what is in script */
static unsigned long losses_seen;
static bool seen;
static CK_OBJECT_HANDLE renumbered;

/* What matched, to be done without the lock. */
struct plan {
    struct faulty_rule rules[ACTIONS_MAX];
    size_t n;
    bool lost;
    bool newly_lost;
};

const struct faulty_script *faulty_script(void)
{
    return &script;
}

CK_OBJECT_HANDLE faulty_handle_out(CK_OBJECT_HANDLE token)
{
    return token == CK_INVALID_HANDLE ? token : token + renumbered;
}

/* A handle of before becomes one that no token has given. */
CK_OBJECT_HANDLE faulty_handle_in(CK_OBJECT_HANDLE caller)
{
    return caller == CK_INVALID_HANDLE ? caller : caller - renumbered;
}

/* The whole of the file, NUL-terminated; one that is not there is empty. */
static void script_load(char out[SCRIPT_MAX_BYTES])
{
    size_t len = 0;
    int fd = faulty_settings()->control == NULL ? -1 : open(faulty_settings()->control, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && len < SCRIPT_MAX_BYTES) {
        ssize_t got = read(fd, out + len, SCRIPT_MAX_BYTES - len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (len == SCRIPT_MAX_BYTES) {
        fprintf(stderr, "faulty: the script is too long\n");
        abort();
    }
    out[len] = '\0';
}

/* FNV-1a: another text is another script, which file times are too coarse to tell. */
static unsigned long long hash_of(const char *text)
{
    unsigned long long hash = 0xcbf29ce484222325;
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    }
    return hash;
}

static void script_renew(int fd, struct faulty_state *state)
{
    char text[SCRIPT_MAX_BYTES];
    script_load(text);
    unsigned long long hash = hash_of(text);
    if (hash != parsed) {
        faulty_script_parse(text, &script);
        parsed = hash;
    }
    if (hash != state->script) {
        state->script = hash;
        state->lost = 0;
        state->objects = 0;
        state->countings = 0;
        faulty_state_begin(fd);
    }
}

static bool applies(const struct faulty_rule *rule, enum faulty_function function, unsigned long number,
                    unsigned long number_of_all)
{
    if (rule->function != FAULTY_ANY && rule->function != function) {
        return false;
    }
    unsigned long n = rule->function == FAULTY_ANY ? number_of_all : number;
    return rule->onwards ? n >= rule->from : n == rule->from;
}

/* Everything that needs the lock. */
static void plan_make(enum faulty_function function, struct plan *plan)
{
    struct faulty_state state;
    int fd = faulty_state_lock(faulty_settings()->state, &state);
    script_renew(fd, &state);
    unsigned long number = faulty_state_count(fd, function);
    unsigned long number_of_all = faulty_state_count(fd, FAULTY_ANY);
    for (size_t i = 0; i < script.n_rules && plan->n < ACTIONS_MAX; i++) {
        if (!applies(&script.rules[i], function, number, number_of_all)) {
            continue;
        }
        plan->rules[plan->n++] = script.rules[i];
        if (script.rules[i].action == FAULTY_LOSE_TOKEN && state.lost == 0) {
            state.lost = 1;
            state.losses++;
        }
    }
    plan->lost = state.lost != 0;
    plan->newly_lost = seen && state.losses != losses_seen;
    losses_seen = state.losses;
    seen = true;
    if (fd >= 0) {
        faulty_state_write(fd, &state);
        close(fd);
    }
}

/* A token that was drawn has closed its sessions. */
static void sessions_close(void)
{
    CK_SLOT_ID slots[64];
    CK_ULONG count = sizeof slots / sizeof slots[0];
    if (faulty_token == NULL || faulty_token->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK) {
        return;
    }
    for (CK_ULONG i = 0; i < count; i++) {
        faulty_token->C_CloseAllSessions(slots[i]);
    }
}

/* What the caller has left on the session, which no other process can see. */
static void objects_count(CK_SESSION_HANDLE session)
{
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE of_session = {CKA_TOKEN, &no, sizeof no};
    CK_OBJECT_HANDLE objects[64];
    CK_ULONG found = 0;
    unsigned long count = 0;
    if (faulty_token->C_FindObjectsInit(session, &of_session, 1) != CKR_OK) {
        return;
    }
    while (faulty_token->C_FindObjects(session, objects, 64, &found) == CKR_OK && found != 0) {
        count += found;
    }
    faulty_token->C_FindObjectsFinal(session);
    struct faulty_state state;
    int fd = faulty_state_lock(faulty_settings()->state, &state);
    if (fd >= 0) {
        state.objects = count;
        state.countings++;
        faulty_state_write(fd, &state);
        close(fd);
    }
}

static void crash(void)
{
    signal(SIGSEGV, SIG_DFL); /* a sanitizer would report it as if it were ours */
    raise(SIGSEGV);
}

static void hang(void)
{
    for (;;) {
        pause();
    }
}

static void spend(unsigned seconds, struct faulty_step *step)
{
    const unsigned left = alarm(0);
    if (left == 0) {
        step->answered = true;
        step->rv = CKR_FUNCTION_FAILED;
        return;
    }
    alarm(left > seconds ? left - seconds : 1);
    if (left <= seconds) {
        hang();
    }
}

static void act(const struct faulty_rule *rule, CK_SESSION_HANDLE session, struct faulty_step *step)
{
    switch (rule->action) {
    case FAULTY_RV:
        step->answered = true;
        step->rv = rule->value;
        break;
    case FAULTY_RV_AFTER:
        step->overruled = true;
        step->rv = rule->value;
        break;
    case FAULTY_HANG:
        hang();
        break;
    case FAULTY_CRASH:
        crash();
        break;
    case FAULTY_SLOW:
        poll(NULL, 0, (int)rule->value);
        break;
    case FAULTY_SPEND:
        spend((unsigned)rule->value, step);
        break;
    case FAULTY_SHORT:
        step->length -= (long)rule->value;
        break;
    case FAULTY_LONG:
        step->length += (long)rule->value;
        break;
    case FAULTY_LOSE_SESSION:
        faulty_token->C_CloseSession(session);
        break;
    case FAULTY_LOSE_LOGIN:
        faulty_token->C_Logout(session);
        break;
    case FAULTY_COUNT_OBJECTS:
        objects_count(session);
        break;
    case FAULTY_RENUMBER:
        renumbered += RENUMBER_BY;
        break;
    case FAULTY_LOSE_TOKEN:
        break; /* plan_make has */
    }
}

struct faulty_step faulty_begin(enum faulty_function function, enum faulty_needs needs, CK_SESSION_HANDLE session)
{
    struct faulty_step step = {.answered = false};
    struct plan plan = {.n = 0};
    pthread_mutex_lock(&mutex);
    plan_make(function, &plan);
    pthread_mutex_unlock(&mutex);
    step.lost = plan.lost;
    if (faulty_token == NULL && function != FAULTY_C_Initialize && function != FAULTY_C_GetFunctionList) {
        step.answered = true;
        step.rv = CKR_CRYPTOKI_NOT_INITIALIZED;
        return step;
    }
    if (plan.newly_lost) {
        sessions_close();
    }
    for (size_t i = 0; i < plan.n && !step.answered; i++) {
        act(&plan.rules[i], session, &step);
    }
    if (step.lost && !step.answered && needs != FAULTY_NEEDS_NOTHING) {
        step.answered = true;
        step.rv = needs == FAULTY_NEEDS_TOKEN ? CKR_TOKEN_NOT_PRESENT : CKR_DEVICE_REMOVED;
    }
    return step;
}

CK_RV faulty_end(const struct faulty_step *step, CK_RV rv)
{
    return step->overruled ? step->rv : rv;
}

CK_RV faulty_end_length(const struct faulty_step *step, CK_RV rv, const void *buffer, CK_ULONG *length)
{
    if (rv == CKR_OK && buffer != NULL && step->length != 0) {
        *length = step->length < 0 && *length < (CK_ULONG)-step->length ? 0 : *length + (CK_ULONG)step->length;
    }
    return faulty_end(step, rv);
}
