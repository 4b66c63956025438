/* The configuration as a whole: what must hold between its parts, and its end; see settings.h. */
#include "settings.h"

#include "policy/arn.h"
#include "settings_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool settings_complain(struct settings_problem *problem, unsigned line, const char *format, ...)
{
    if (problem->text[0] == '\0') {
        problem->line = line;
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(problem->text, sizeof problem->text, format, arguments);
        va_end(arguments);
    }
    return false;
}

static bool account_known(const struct settings *settings, struct view account)
{
    for (size_t i = 0; i < settings->n_accounts; i++) {
        if (view_equal(view_of_string(settings->accounts[i]), account)) {
            return true;
        }
    }
    return false;
}

/* A principal of an account or partition that the daemon does not have could never do anything: a mistake in the file.
 */
static bool principal_fits(const struct settings *settings, const char *principal, char *why, size_t size)
{
    struct arn arn;
    if (!arn_parse_principal(view_of_string(principal), &arn)) {
        snprintf(why, size, "'%s' is not the ARN of a principal", principal);
        return false;
    }
    if (!view_equal(arn.partition, view_of_string(settings->partition))) {
        snprintf(why, size, "'%s' is not of partition %s", principal, settings->partition);
        return false;
    }
    if (!account_known(settings, arn.account)) {
        snprintf(why, size, "'%s' is of an account without a section [account %.*s]", principal, (int)arn.account.len,
                 (const char *)arn.account.data);
        return false;
    }
    return true;
}

static bool check_service(const struct settings *settings, struct settings_problem *problem)
{
    if (!settings->has_service || settings->region == NULL) {
        return settings_complain(problem, 0, "[service] region is not set");
    }
    if (settings->state_dir == NULL) {
        return settings_complain(problem, 0, "[service] state-dir is not set");
    }
    if (settings->worker == NULL) {
        return settings_complain(problem, 0, "[service] worker is not set");
    }
    if (settings->default_timeout_ms > settings->max_timeout_ms) {
        return settings_complain(problem, 0, "[service] default-timeout-ms is more than max-timeout-ms");
    }
    if (settings->n_accounts == 0) {
        return settings_complain(problem, 0, "there is no [account …] section");
    }
    if (settings->n_listeners == 0) {
        return settings_complain(problem, 0, "there is no [listen …] section");
    }
    if (settings->n_tokens == 0) {
        return settings_complain(problem, 0, "there is no [token …] section");
    }
    return true;
}

static bool check_listener(const struct settings *settings, size_t index, struct settings_problem *problem)
{
    const struct settings_listener *listener = &settings->listeners[index];
    char why[256];
    if (listener->path == NULL) {
        return settings_complain(problem, listener->line, "[listen %s] has no path", listener->name);
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(settings->listeners[i].path, listener->path) == 0) {
            return settings_complain(problem, listener->line, "[listen %s] has the path of [listen %s]", listener->name,
                                     settings->listeners[i].name);
        }
    }
    if (listener->principal == NULL && settings->n_peers == 0) {
        return settings_complain(problem, listener->line,
                                 "[listen %s] has no principal, and there is no [peer …] section", listener->name);
    }
    if (listener->principal != NULL && !principal_fits(settings, listener->principal, why, sizeof why)) {
        return settings_complain(problem, listener->line, "[listen %s] principal: %s", listener->name, why);
    }
    return true;
}

/* The first peer section that fits counts: one that comes after a wider one is never looked at. */
static bool covers(const struct settings_peer *first, const struct settings_peer *later)
{
    bool uid = !first->has_uid || (later->has_uid && later->uid == first->uid);
    bool gid = !first->has_gid || (later->has_gid && later->gid == first->gid);
    return uid && gid;
}

static bool check_peer(const struct settings *settings, size_t index, struct settings_problem *problem)
{
    const struct settings_peer *peer = &settings->peers[index];
    char why[256];
    if (!peer->has_uid && !peer->has_gid) {
        return settings_complain(problem, peer->line, "[peer %s] has neither uid nor gid", peer->name);
    }
    if (peer->principal == NULL) {
        return settings_complain(problem, peer->line, "[peer %s] has no principal", peer->name);
    }
    if (!principal_fits(settings, peer->principal, why, sizeof why)) {
        return settings_complain(problem, peer->line, "[peer %s] principal: %s", peer->name, why);
    }
    for (size_t i = 0; i < index; i++) {
        if (covers(&settings->peers[i], peer)) {
            return settings_complain(problem, peer->line, "[peer %s] is never looked at: [peer %s] comes first",
                                     peer->name, settings->peers[i].name);
        }
    }
    return true;
}

static bool check_token(const struct settings_token *token, struct settings_problem *problem)
{
    const struct {
        const char *key;
        const char *value;
    } needed[] = {{"module", token->module}, {"uri", token->uri}, {"pin-source", token->pin_file}};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (needed[i].value == NULL) {
            return settings_complain(problem, token->line, "[token %s] has no %s", token->name, needed[i].key);
        }
    }
    return true;
}

bool settings_check(const struct settings *settings, struct settings_problem *problem)
{
    if (!check_service(settings, problem)) {
        return false;
    }
    for (size_t i = 0; i < settings->n_listeners; i++) {
        if (!check_listener(settings, i, problem)) {
            return false;
        }
    }
    for (size_t i = 0; i < settings->n_peers; i++) {
        if (!check_peer(settings, i, problem)) {
            return false;
        }
    }
    for (size_t i = 0; i < settings->n_tokens; i++) {
        if (!check_token(&settings->tokens[i], problem)) {
            return false;
        }
    }
    return true;
}

void settings_free(struct settings *settings)
{
    if (settings == NULL) {
        return;
    }
    free(settings->partition);
    free(settings->region);
    free(settings->state_dir);
    free(settings->worker);
    for (size_t i = 0; i < settings->n_accounts; i++) {
        free(settings->accounts[i]);
    }
    for (size_t i = 0; i < settings->n_listeners; i++) {
        free(settings->listeners[i].path);
        free(settings->listeners[i].group);
        free(settings->listeners[i].principal);
    }
    for (size_t i = 0; i < settings->n_peers; i++) {
        free(settings->peers[i].principal);
    }
    for (size_t i = 0; i < settings->n_tokens; i++) {
        free(settings->tokens[i].module);
        free(settings->tokens[i].init_args);
        free(settings->tokens[i].uri);
        free(settings->tokens[i].pin_file);
    }
    free(settings);
}

static bool text_differs(const char *a, const char *b)
{
    return (a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0);
}

static const char *token_difference(const struct settings_token *old, const struct settings_token *fresh)
{
    const struct {
        const char *key;
        bool differs;
    } parts[] = {
        {"name", strcmp(old->name, fresh->name) != 0},
        {"module", text_differs(old->module, fresh->module)},
        {"init-args", text_differs(old->init_args, fresh->init_args)},
        {"uri", text_differs(old->uri, fresh->uri)},
        {"pin-source", text_differs(old->pin_file, fresh->pin_file)},
        {"require", old->require != fresh->require},
        {"workers", old->workers != fresh->workers},
        {"max-queue", old->max_queue != fresh->max_queue},
        {"deadline-ms", old->deadline_ms != fresh->deadline_ms},
        {"start-deadline-ms", old->start_deadline_ms != fresh->start_deadline_ms},
        {"max-objects", old->max_objects != fresh->max_objects},
        {"binding-root", old->has_binding_root != fresh->has_binding_root ||
                             memcmp(old->binding_root, fresh->binding_root, sizeof old->binding_root) != 0},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].differs) {
            return parts[i].key;
        }
    }
    return NULL;
}

const char *settings_fixed_difference(const struct settings *old, const struct settings *fresh)
{
    static char text[SETTINGS_NAME_BYTES + 32];
    const struct {
        const char *key;
        bool differs;
    } parts[] = {
        {"[service] partition", text_differs(old->partition, fresh->partition)},
        {"[service] region", text_differs(old->region, fresh->region)},
        {"[service] state-dir", text_differs(old->state_dir, fresh->state_dir)},
        {"[service] worker", text_differs(old->worker, fresh->worker)},
        {"the number of [token …] sections", old->n_tokens != fresh->n_tokens},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].differs) {
            return parts[i].key;
        }
    }
    for (size_t i = 0; i < old->n_tokens; i++) {
        const char *key = token_difference(&old->tokens[i], &fresh->tokens[i]);
        if (key != NULL) {
            snprintf(text, sizeof text, "[token %s] %s", old->tokens[i].name, key);
            return text;
        }
    }
    return NULL;
}
