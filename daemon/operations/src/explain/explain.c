/* The operation ExplainReEncrypt: the order of its steps; see explain.h. */
#include "explain.h"

#include "access/authorize.h"
#include "access/resolve.h"
#include "data/re_encrypt.h"
#include "frame/table.h"

#include <stdio.h>
#include <string.h>

#define REASON_BYTES 1024

/* What is answered of one side. */
struct side {
    Rewrap__ExplainSide message;
    const struct registry_key *key; /* NULL: none that may be told of */
    char arn[OPERATION_ARN_KEY_BYTES];
    char reason[REASON_BYTES];
    bool refused; /* by the code that looks for keys: reason has what it answered, */
    bool denied;  /* which was AccessDenied */
    struct explain_list deciding;
    struct explain_list statements;
};

struct explain {
    struct operation_re_encrypt parts;
    struct side source;
    struct side destination;
};

/* ------------------------------------------------------------------ in the principal's place */

/* Takes what would be answered to the principal, instead of answering it. */
static void on_refusal(void *arg, const struct operation_error *error, struct view body)
{
    struct side *side = arg;
    rewrap_ignore(body.len, "looking for a key answers errors alone");
    side->refused = true;
    side->denied = strcmp(error->code, operation_code_name(OPERATION_ACCESS_DENIED)) == 0;
    if (side->denied) {
        snprintf(side->reason, sizeof side->reason, "%s", error->message);
    } else {
        snprintf(side->reason, sizeof side->reason, "%s: %s", error->code,
                 error->message == NULL ? "" : error->message);
    }
}

/*
 * An operation of the principal, so that keys are found and questions put by the code that does it for ReEncrypt. It is
 * never started and never ends by itself: `starting` leaves it to who made it.
 */
static struct operation in_place_of(const struct operation *operation, const char *principal, const struct arn *arn,
                                    struct side *side)
{
    struct operation other = {
        .operations = operation->operations,
        .kind = &operation_kind_re_encrypt,
        .principal = principal,
        .done = on_refusal,
        .arg = side,
        .for_another = true,
        .starting = true,
    };
    memcpy(other.account, arn->account.data, ARN_ACCOUNT_DIGITS);
    other.facts.has_other = true;
    return other;
}

/* ------------------------------------------------------------------ one side */

static bool is_of(const char *account, const struct registry_key *key)
{
    return key != NULL && strcmp(key->account, account) == 0;
}

static void set_decision(struct side *side, enum policy_verdict verdict)
{
    side->message.decision = (char *)(uintptr_t)policy_verdict_text(verdict);
}

/* The decision in full, as far as this caller may know it. */
static void explain_key(const struct operation *caller, const struct operation *other,
                        enum operation_permission permission, const struct registry_key *key, struct side *side)
{
    struct explain_view view = {.key = is_of(caller->account, key),
                                .identity = strcmp(caller->account, other->account) == 0};
    struct operation_question question;
    struct policy_match matches[EXPLAIN_MAX_DECIDING];
    struct policy_decision decision = {0};
    if (operation_ask(other, permission, key, NULL, &question)) {
        decision = policy_decide(&question.question, matches, EXPLAIN_MAX_DECIDING);
        size_t n = decision.matched < EXPLAIN_MAX_DECIDING ? decision.matched : EXPLAIN_MAX_DECIDING;
        explain_deciding(matches, n, decision.verdict, view, &side->deciding);
        explain_statements(&question.question, view, &side->statements);
        operation_question_clear(&question);
    }
    operation_arn_of_key(caller->operations, key->account, key->key_id_text, side->arn);
    side->message.key_arn = side->arn;
    set_decision(side, decision.verdict);
    char why[POLICY_REASON_BYTES];
    policy_reason_write(decision.reason, view_of_string(operation_permission_row(permission)->action), why);
    snprintf(side->reason, sizeof side->reason, "%s", why);
}

/*
 * A key of another account that the principal may not use, or that does not exist: which of both, nobody is told. The
 * principal's own policies are shown against the ARN as it was given, where nothing is known of the key.
 */
static void explain_unknown(const struct operation *caller, const struct operation *other,
                            enum operation_permission permission, const char *text, struct side *side)
{
    struct arn arn;
    struct operation_question question;
    set_decision(side, POLICY_DENIED_IMPLICITLY);
    bool is_key = text != NULL && arn_parse(view_of_string(text), &arn) &&
                  strncmp((const char *)arn.resource.data, "key/", strlen("key/")) == 0;
    if (!is_key || strcmp(caller->account, other->account) != 0 ||
        !operation_ask(other, permission, NULL, text, &question)) {
        return;
    }
    question.request.resource_account = arn.account;
    explain_statements(&question.question, (struct explain_view){.identity = true}, &side->statements);
    operation_question_clear(&question);
}

/* Neither is the caller's: he is told nothing, whatever was found. */
static void explain_nothing(struct side *side)
{
    side->message.key_arn = NULL;
    side->message.decision = NULL;
    snprintf(side->reason, sizeof side->reason,
             "Neither the principal nor the key is of your account: ask the administrator of one of them.");
}

/* found: the key as the principal finds it, or NULL; peeked: the key that is meant, whoever may use it, or NULL. */
static void explain_side(const struct operation *caller, struct operation *other, enum operation_permission permission,
                         const struct registry_key *found, const struct registry_key *peeked, const char *text,
                         struct side *side)
{
    bool own_principal = strcmp(caller->account, other->account) == 0;
    /* Whose key it is decides what may be told, not whether the principal has got as far as to find it. */
    const struct registry_key *own = is_of(caller->account, found)                    ? found
                                     : side->denied && is_of(caller->account, peeked) ? peeked
                                                                                      : NULL;
    if (own != NULL) {
        explain_key(caller, other, permission, own, side);
        return;
    }
    if (!own_principal) {
        explain_nothing(side);
        return;
    }
    if (found != NULL && operation_may_use_key(other, permission, found)) {
        explain_key(caller, other, permission, found, side);
        return;
    }
    if (found != NULL) { /* by its id in the ciphertext */
        operation_refuse_ciphertext(other);
    }
    if (side->denied) {
        explain_unknown(caller, other, permission, text, side);
    }
}

/* ------------------------------------------------------------------ both */

/* The key that a ciphertext's header or a text means. */
static const struct registry_key *peek(const struct operation *other, const char *text)
{
    return text == NULL ? NULL : operation_peek_key(other, text);
}

static void explain_source(const struct operation *caller, const struct arn *arn, struct explain *explain)
{
    const Rewrap__ExplainReEncryptRequest *asked = (const Rewrap__ExplainReEncryptRequest *)caller->request;
    const Rewrap__ReEncryptRequest *request = asked->request;
    struct side *side = &explain->source;
    struct operation other = in_place_of(caller, asked->principal, arn, side);
    struct operation_source source = operation_re_encrypt_source(request);
    struct operation_found found = {0};
    other.facts.other = operation_peek_key(&other, request->destination_key_id);
    if (!operation_side_find_source(&other, &source, &explain->parts.source, &found)) {
        found.key = NULL;
    }
    side->key = found.key != NULL ? found.key : peek(&other, request->source_key_id);
    explain_side(caller, &other, OPERATION_MAY_RE_ENCRYPT_FROM, found.key, side->key, request->source_key_id, side);
}

static void explain_destination(const struct operation *caller, const struct arn *arn, struct explain *explain)
{
    const Rewrap__ExplainReEncryptRequest *asked = (const Rewrap__ExplainReEncryptRequest *)caller->request;
    const char *text = asked->request->destination_key_id;
    struct side *side = &explain->destination;
    struct operation other = in_place_of(caller, asked->principal, arn, side);
    const struct registry_key *key = NULL;
    other.facts.other = explain->source.key;
    if (!operation_side_find_destination(&other, text, OPERATION_MAY_RE_ENCRYPT_TO, &explain->parts.destination,
                                         &key)) {
        key = NULL;
    }
    explain_side(caller, &other, OPERATION_MAY_RE_ENCRYPT_TO, key, peek(&other, text), text, side);
}

/* ------------------------------------------------------------------ the answer */

static bool side_init(struct side *side, enum operation_permission permission)
{
    rewrap__explain_side__init(&side->message);
    side->message.action = (char *)(uintptr_t)operation_permission_row(permission)->action;
    return explain_list_init(&side->deciding, EXPLAIN_MAX_DECIDING) &&
           explain_list_init(&side->statements, EXPLAIN_MAX_STATEMENTS);
}

static void side_clear(struct side *side)
{
    explain_list_clear(&side->deciding);
    explain_list_clear(&side->statements);
}

static Rewrap__ExplainSide *side_message(struct side *side)
{
    Rewrap__ExplainSide *message = &side->message;
    message->reason = side->reason;
    message->decided_by = side->deciding.messages;
    message->n_decided_by = side->deciding.n;
    message->statements = side->statements.messages;
    message->n_statements = side->statements.n;
    message->has_statements_left_out = side->statements.left_out != 0;
    message->statements_left_out = (uint32_t)side->statements.left_out;
    return message;
}

static void run(struct operation *operation)
{
    const Rewrap__ExplainReEncryptRequest *request = (const Rewrap__ExplainReEncryptRequest *)operation->request;
    struct explain *explain = operation->state;
    struct arn arn;
    if (!operation_authorize(operation, OPERATION_MAY_EXPLAIN_RE_ENCRYPT)) {
        return;
    }
    if (!arn_parse_principal(view_of_string(request->principal), &arn)) {
        operation_fail(operation, OPERATION_INVALID_ARN, "'%s' is not the ARN of a principal.", request->principal);
        return;
    }
    if (!operation_re_encrypt_begin(operation, request->request, &explain->parts)) {
        return;
    }
    if (!side_init(&explain->source, OPERATION_MAY_RE_ENCRYPT_FROM) ||
        !side_init(&explain->destination, OPERATION_MAY_RE_ENCRYPT_TO)) {
        operation_fail_no_memory(operation);
        return;
    }
    explain_source(operation, &arn, explain);
    explain_destination(operation, &arn, explain);
    Rewrap__ExplainReEncryptResponse response = REWRAP__EXPLAIN_RE_ENCRYPT_RESPONSE__INIT;
    response.source = side_message(&explain->source);
    response.destination = side_message(&explain->destination);
    operation_finish(operation, &response.base);
}

static void clear(struct operation *operation)
{
    struct explain *explain = operation->state;
    operation_re_encrypt_clear(&explain->parts);
    side_clear(&explain->source);
    side_clear(&explain->destination);
}

const struct operation_kind operation_kind_explain_re_encrypt = {
    .name = "ExplainReEncrypt", .run = run, .clear = clear, .state_bytes = sizeof(struct explain)};
