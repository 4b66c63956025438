/* The lines and sections of the configuration, read with inih; see settings.h. */
#include "policy/arn.h"
#include "settings_keys.h"
#include "settings_private.h"
#include "workers/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

/* ------------------------------------------------------------------ sections */

struct parser {
    struct settings *settings;
    struct settings_problem problem;
    struct view rest; /* of the file */
    unsigned line;    /* number of the line read last */
    char section[SETTINGS_NAME_BYTES + 16];
    char *object; /* what the keys of the section fill */
    const struct key_row *keys;
    unsigned long seen; /* bit i: row i of keys was given */
};

#define TWICE     "is given twice"
#define TOO_MANY  "is one too many"
#define NOT_PLAIN "has a name that cannot be: letters, digits, and . - _ are, at most 63 of them"
_Static_assert(SETTINGS_NAME_BYTES == 63 + 1, "NOT_PLAIN says it");

/* Says why there is no such section; NULL, for a caller to return. */
static char *refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return NULL;
}

static char *begin_service(struct settings *settings, const char *name, unsigned line, const char **ret_why)
{
    (void)line;
    if (name != NULL) {
        return refuse(ret_why, "takes no name");
    }
    if (settings->has_service) {
        return refuse(ret_why, TWICE);
    }
    settings->has_service = true;
    return (char *)settings;
}

static char *begin_account(struct settings *settings, const char *name, unsigned line, const char **ret_why)
{
    (void)line;
    if (!arn_is_account(view_of_string(name))) {
        return refuse(ret_why, "is not an account: that is 12 digits");
    }
    for (size_t i = 0; i < settings->n_accounts; i++) {
        if (strcmp(settings->accounts[i], name) == 0) {
            return refuse(ret_why, TWICE);
        }
    }
    if (settings->n_accounts == SETTINGS_MAX_ACCOUNTS) {
        return refuse(ret_why, TOO_MANY);
    }
    char *copy = strdup(name);
    if (copy == NULL) {
        return refuse(ret_why, "finds no memory");
    }
    settings->accounts[settings->n_accounts++] = copy;
    return copy;
}

static bool name_is_plain(const char *name)
{
    size_t len = name == NULL ? 0 : strlen(name);
    return len > 0 && len < SETTINGS_NAME_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

static char *begin_listener(struct settings *settings, const char *name, unsigned line, const char **ret_why)
{
    if (!name_is_plain(name)) {
        return refuse(ret_why, NOT_PLAIN);
    }
    for (size_t i = 0; i < settings->n_listeners; i++) {
        if (strcmp(settings->listeners[i].name, name) == 0) {
            return refuse(ret_why, TWICE);
        }
    }
    if (settings->n_listeners == SETTINGS_MAX_LISTENERS) {
        return refuse(ret_why, TOO_MANY);
    }
    struct settings_listener *listener = &settings->listeners[settings->n_listeners++];
    *listener = (struct settings_listener){.line = line, .mode = 0600};
    memcpy(listener->name, name, strlen(name));
    return (char *)listener;
}

static char *begin_peer(struct settings *settings, const char *name, unsigned line, const char **ret_why)
{
    if (!name_is_plain(name)) {
        return refuse(ret_why, NOT_PLAIN);
    }
    for (size_t i = 0; i < settings->n_peers; i++) {
        if (strcmp(settings->peers[i].name, name) == 0) {
            return refuse(ret_why, TWICE);
        }
    }
    if (settings->n_peers == SETTINGS_MAX_PEERS) {
        return refuse(ret_why, TOO_MANY);
    }
    struct settings_peer *peer = &settings->peers[settings->n_peers++];
    *peer = (struct settings_peer){.line = line};
    memcpy(peer->name, name, strlen(name));
    return (char *)peer;
}

static char *begin_token(struct settings *settings, const char *name, unsigned line, const char **ret_why)
{
    if (!name_is_plain(name)) {
        return refuse(ret_why, NOT_PLAIN);
    }
    for (size_t i = 0; i < settings->n_tokens; i++) {
        if (strcmp(settings->tokens[i].name, name) == 0) {
            return refuse(ret_why, TWICE);
        }
    }
    if (settings->n_tokens == SETTINGS_MAX_TOKENS) {
        return refuse(ret_why, TOO_MANY);
    }
    struct settings_token *token = &settings->tokens[settings->n_tokens++];
    *token = (struct settings_token){.line = line,
                                     .require = HSM__LEVEL__LEVEL_SEALED,
                                     .workers = 1,
                                     .max_queue = 1024,
                                     .deadline_ms = 5000,
                                     .start_deadline_ms = 30000,
                                     .max_objects = 100000};
    memcpy(token->name, name, strlen(name));
    return (char *)token;
}

static const struct {
    const char *kind;
    char *(*begin)(struct settings *settings, const char *name, unsigned line, const char **ret_why);
    const struct key_row *keys;
} sections[] = {
    {"service", begin_service, settings_service_keys}, {"account", begin_account, settings_no_keys},
    {"listen", begin_listener, settings_listen_keys},  {"peer", begin_peer, settings_peer_keys},
    {"token", begin_token, settings_token_keys},
};

/* "token main" → kind "token", name "main". */
static bool begin_section(struct parser *parser, const char *section)
{
    const char *space = strchr(section, ' ');
    size_t kind_len = space == NULL ? strlen(section) : (size_t)(space - section);
    const char *name = space == NULL ? NULL : space + 1;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (strlen(sections[i].kind) != kind_len || strncmp(sections[i].kind, section, kind_len) != 0) {
            continue;
        }
        const char *why = "needs a name";
        const bool lacks_name = name == NULL && sections[i].begin != begin_service;
        parser->object = lacks_name ? NULL : sections[i].begin(parser->settings, name, parser->line, &why);
        parser->keys = sections[i].keys;
        parser->seen = 0;
        snprintf(parser->section, sizeof parser->section, "%s", section);
        return parser->object != NULL || settings_complain(&parser->problem, parser->line, "[%s] %s", section, why);
    }
    return settings_complain(&parser->problem, parser->line, "there is no section [%s]", section);
}

/* inih takes what follows a "#" in a line as a part of the value. */
static const char *comment_hint(const char *value)
{
    return strstr(value, " #") != NULL || strstr(value, "\t#") != NULL ? " (a comment stands on a line of its own)"
                                                                       : "";
}

static bool set_key(struct parser *parser, const char *key, const char *value)
{
    for (size_t i = 0; parser->keys[i].key != NULL; i++) {
        const struct key_row *row = &parser->keys[i];
        if (strcmp(row->key, key) != 0) {
            continue;
        }
        if ((parser->seen >> i & 1) != 0) {
            return settings_complain(&parser->problem, parser->line, "[%s] %s is given twice", parser->section, key);
        }
        parser->seen |= 1ul << i;
        const char *why = row->read(row, parser->object, value);
        return why == NULL || settings_complain(&parser->problem, parser->line, "[%s] %s: %s%s", parser->section, key,
                                                why, comment_hint(value));
    }
    return settings_complain(&parser->problem, parser->line, "[%s] has no key '%s'", parser->section, key);
}

/* ------------------------------------------------------------------ inih */

/* inih calls this for every key, with the section it stands in; we begin a section when its header line is read
 * (below). */
static int on_key(void *user, const char *section, const char *key, const char *value)
{
    struct parser *parser = user;
    if (parser->problem.text[0] != '\0') {
        return 0;
    }
    if (section[0] == '\0') {
        settings_complain(&parser->problem, parser->line, "'%s' stands before the first section", key);
        return 0;
    }
    return set_key(parser, key, value);
}

/* A section without keys is seen by its header only, and a header is where "given twice" shows: inih tells of neither.
 */
static void look_for_header(struct parser *parser, const char *line)
{
    const char *start = line + strspn(line, " \t");
    const char *end = strchr(start, ']');
    if (*start != '[' || end == NULL) {
        return;
    }
    char section[SETTINGS_LINE_BYTES + 2];
    snprintf(section, sizeof section, "%.*s", (int)(end - start - 1), start + 1);
    if (strlen(section) >= sizeof parser->section) {
        settings_complain(&parser->problem, parser->line, "the name of the section is too long");
        return;
    }
    rewrap_ignore(begin_section(parser, section), "the complaint is kept");
}

/* Like fgets, from the text in memory. Ends the file at the first problem: nothing after it matters. */
static char *read_line(char *out, int size, void *stream)
{
    struct parser *parser = stream;
    if (parser->rest.len == 0 || parser->problem.text[0] != '\0') {
        return NULL;
    }
    parser->line++;
    const uint8_t *newline = memchr(parser->rest.data, '\n', parser->rest.len);
    size_t len = newline == NULL ? parser->rest.len : (size_t)(newline - parser->rest.data);
    size_t taken = newline == NULL ? len : len + 1;
    if (len > SETTINGS_LINE_BYTES || len + 2 > (size_t)size) {
        settings_complain(&parser->problem, parser->line, "the line is longer than %d bytes", SETTINGS_LINE_BYTES);
        return NULL;
    }
    if (memchr(parser->rest.data, '\0', len) != NULL) {
        settings_complain(&parser->problem, parser->line, "there is a NUL byte");
        return NULL;
    }
    memcpy(out, parser->rest.data, len);
    out[len] = '\n';
    out[len + 1] = '\0';
    parser->rest.data += taken;
    parser->rest.len -= taken;
    look_for_header(parser, out);
    return parser->problem.text[0] != '\0' ? NULL : out;
}

static bool set_defaults(struct settings *settings)
{
    *settings = (struct settings){.max_connections = 16384,
                                  .max_in_flight = 64,
                                  .stall_timeout_ms = 30000,
                                  .default_timeout_ms = 10000,
                                  .max_timeout_ms = 60000,
                                  .max_keys_per_account = 100000, /* KMS.md R-79 */
                                  .log_level = LOG_INFO};
    settings->partition = strdup("aws");
    return settings->partition != NULL;
}

bool settings_parse(const char *name, struct view text, struct settings **ret, char *error, size_t error_size)
{
    struct settings *settings = malloc(sizeof *settings);
    if (settings == NULL || !set_defaults(settings)) {
        free(settings);
        snprintf(error, error_size, "%s: there is no memory", name);
        return false;
    }
    struct parser parser = {.settings = settings, .rest = text, .keys = settings_no_keys};
    int bad_line = ini_parse_stream(read_line, &parser, on_key, &parser);
    if (bad_line != 0) {
        settings_complain(&parser.problem, (unsigned)(bad_line > 0 ? bad_line : 0),
                          "this is neither [section] nor key = value");
    }
    if (parser.problem.text[0] == '\0' && settings_check(settings, &parser.problem)) {
        *ret = settings;
        return true;
    }
    if (parser.problem.line == 0) {
        snprintf(error, error_size, "%s: %s", name, parser.problem.text);
    } else {
        snprintf(error, error_size, "%s:%u: %s", name, parser.problem.line, parser.problem.text);
    }
    settings_free(settings);
    return false;
}

bool settings_read(const char *path, struct settings **ret, char *error, size_t error_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    char *text = NULL;
    bool good = false;
    if (!S_ISREG(status.st_mode) || status.st_size > SETTINGS_MAX_FILE_BYTES) {
        snprintf(error, error_size, "%s: not a regular file of at most %d bytes", path, SETTINGS_MAX_FILE_BYTES);
    } else if ((text = malloc((size_t)status.st_size + 1)) == NULL) {
        snprintf(error, error_size, "%s: there is no memory", path);
    } else {
        ssize_t got = read(fd, text, (size_t)status.st_size);
        if (got < 0) {
            snprintf(error, error_size, "%s: %s", path, strerror(errno));
        } else {
            good = settings_parse(path, view_of(text, (size_t)got), ret, error, error_size);
        }
    }
    free(text);
    close(fd);
    return good;
}
