/* The lines of the configuration: sections and keys by table, read with inih; see settings.h. */
#include "policy/arn.h"
#include "settings_private.h"
#include "workers/workers.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

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

/* ------------------------------------------------------------------ values */

struct key_row;
typedef const char *(*value_fn)(const struct key_row *row, char *object, const char *value);

/* One key of one kind of section. A value function returns NULL, or why the value is refused. */
struct key_row {
    const char *key;
    value_fn read;
    size_t offset;
    unsigned min;
    unsigned max;
    size_t seen_offset; /* a bool beside the value, or 0 */
};

static const char *keep_text(char **field, const char *value)
{
    *field = strdup(value);
    return *field == NULL ? "there is no memory" : NULL;
}

static char **text_field(const struct key_row *row, char *object)
{
    return (char **)(void *)(object + row->offset);
}

static const char *read_text(const struct key_row *row, char *object, const char *value)
{
    return value[0] == '\0' ? "it is empty" : keep_text(text_field(row, object), value);
}

static const char *read_optional_text(const struct key_row *row, char *object, const char *value)
{
    return value[0] == '\0' ? NULL : keep_text(text_field(row, object), value);
}

static const char *read_path(const struct key_row *row, char *object, const char *value)
{
    return value[0] != '/' ? "it is not an absolute path" : keep_text(text_field(row, object), value);
}

static const char *read_socket_path(const struct key_row *row, char *object, const char *value)
{
    struct sockaddr_un address;
    if (strlen(value) >= sizeof address.sun_path) {
        return "it is longer than the 107 bytes that the path of a Unix socket may have";
    }
    return read_path(row, object, value);
}

static const char *read_partition(const struct key_row *row, char *object, const char *value)
{
    if (!arn_is_partition(view_of_string(value))) {
        return "it is not a partition such as aws or aws-cn";
    }
    free(*text_field(row, object)); /* the default */
    return keep_text(text_field(row, object), value);
}

static const char *read_region(const struct key_row *row, char *object, const char *value)
{
    return arn_is_region(view_of_string(value)) ? keep_text(text_field(row, object), value)
                                                : "it is not a region such as eu-central-1";
}

/* RFC 7512 pin-source: a path, file:/path, or our credential:NAME, which systemd puts into $CREDENTIALS_DIRECTORY. */
static const char *read_pin_source(const struct key_row *row, char *object, const char *value)
{
    static const char file_scheme[] = "file:";
    static const char credential_scheme[] = "credential:";
    if (strncmp(value, file_scheme, strlen(file_scheme)) == 0) {
        return read_path(row, object, value + strlen(file_scheme));
    }
    if (strncmp(value, credential_scheme, strlen(credential_scheme)) != 0) {
        return value[0] == '/' ? read_path(row, object, value) : "it is not a path, file:/path or credential:NAME";
    }
    const char *name = value + strlen(credential_scheme);
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (name[0] == '\0' || strchr(name, '/') != NULL) {
        return "the credential has no name, or one with a slash";
    }
    if (folder == NULL) {
        return "there is no $CREDENTIALS_DIRECTORY: the unit needs LoadCredential= or LoadCredentialEncrypted=";
    }
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path) {
        return "its path is too long";
    }
    return read_path(row, object, path);
}

static const char *read_number_in_base(const struct key_row *row, char *object, const char *value, int base)
{
    static char why[80];
    char *end;
    errno = 0;
    unsigned long number = strtoul(value, &end, base);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0) {
        return base == 8 ? "it is not an octal number" : "it is not a number";
    }
    if (number < row->min || number > row->max) {
        snprintf(why, sizeof why, base == 8 ? "it is not between %o and %o" : "it is not between %u and %u", row->min,
                 row->max);
        return why;
    }
    *(unsigned *)(void *)(object + row->offset) = (unsigned)number;
    if (row->seen_offset != 0) {
        *(bool *)(object + row->seen_offset) = true;
    }
    return NULL;
}

static const char *read_number(const struct key_row *row, char *object, const char *value)
{
    return read_number_in_base(row, object, value, 10);
}

static const char *read_mode(const struct key_row *row, char *object, const char *value)
{
    return read_number_in_base(row, object, value, 8);
}

struct word {
    const char *text;
    unsigned value;
};

static const char *read_word(const struct key_row *row, char *object, const char *value, const struct word *words)
{
    for (const struct word *word = words; word->text != NULL; word++) {
        if (strcmp(word->text, value) == 0) {
            *(unsigned *)(void *)(object + row->offset) = word->value;
            return NULL;
        }
    }
    return "";
}

static const char *read_level(const struct key_row *row, char *object, const char *value)
{
    static const struct word levels[] = {
        {"sealed", HSM__LEVEL__LEVEL_SEALED}, {"sensitive", HSM__LEVEL__LEVEL_SENSITIVE}, {0}};
    return read_word(row, object, value, levels) == NULL ? NULL : "it is neither sealed nor sensitive";
}

static const char *read_log_level(const struct key_row *row, char *object, const char *value)
{
    static const struct word levels[] = {{"error", LOG_ERR}, {"warning", LOG_WARNING}, {"notice", LOG_NOTICE},
                                         {"info", LOG_INFO}, {"debug", LOG_DEBUG},     {0}};
    return read_word(row, object, value, levels) == NULL ? NULL : "it is not error, warning, notice, info or debug";
}

/* ------------------------------------------------------------------ keys, by section */

#define HOUR_MS 3600000u

static const struct key_row service_keys[] = {
    {"partition", read_partition, offsetof(struct settings, partition), 0, 0, 0},
    {"region", read_region, offsetof(struct settings, region), 0, 0, 0},
    {"state-dir", read_path, offsetof(struct settings, state_dir), 0, 0, 0},
    {"worker", read_path, offsetof(struct settings, worker), 0, 0, 0},
    {"max-connections", read_number, offsetof(struct settings, max_connections), 1, 100000, 0},
    {"max-in-flight", read_number, offsetof(struct settings, max_in_flight), 1, 10000, 0},
    {"default-timeout-ms", read_number, offsetof(struct settings, default_timeout_ms), 1, HOUR_MS, 0},
    {"max-timeout-ms", read_number, offsetof(struct settings, max_timeout_ms), 1, HOUR_MS, 0},
    {"max-keys-per-account", read_number, offsetof(struct settings, max_keys_per_account), 1, 10000000, 0},
    {"log-level", read_log_level, offsetof(struct settings, log_level), 0, 0, 0},
    {0},
};

static const struct key_row no_keys[] = {{0}};

static const struct key_row listen_keys[] = {
    {"path", read_socket_path, offsetof(struct settings_listener, path), 0, 0, 0},
    {"mode", read_mode, offsetof(struct settings_listener, mode), 0, 0777, 0},
    {"group", read_text, offsetof(struct settings_listener, group), 0, 0, 0},
    {"principal", read_text, offsetof(struct settings_listener, principal), 0, 0, 0},
    {0},
};

/* The last id is "no id" to the kernel. */
static const struct key_row peer_keys[] = {
    {"uid", read_number, offsetof(struct settings_peer, uid), 0, UINT32_MAX - 1,
     offsetof(struct settings_peer, has_uid)},
    {"gid", read_number, offsetof(struct settings_peer, gid), 0, UINT32_MAX - 1,
     offsetof(struct settings_peer, has_gid)},
    {"principal", read_text, offsetof(struct settings_peer, principal), 0, 0, 0},
    {0},
};

static const struct key_row token_keys[] = {
    {"module", read_text, offsetof(struct settings_token, module), 0, 0, 0},
    {"init-args", read_optional_text, offsetof(struct settings_token, init_args), 0, 0, 0},
    {"uri", read_text, offsetof(struct settings_token, uri), 0, 0, 0},
    {"pin-source", read_pin_source, offsetof(struct settings_token, pin_file), 0, 0, 0},
    {"require", read_level, offsetof(struct settings_token, require), 0, 0, 0},
    {"workers", read_number, offsetof(struct settings_token, workers), 1, 64, 0},
    {"max-queue", read_number, offsetof(struct settings_token, max_queue), 1, 100000, 0},
    {"deadline-ms", read_number, offsetof(struct settings_token, deadline_ms), 10, HOUR_MS, 0},
    {"start-deadline-ms", read_number, offsetof(struct settings_token, start_deadline_ms), 100, HOUR_MS, 0},
    {"max-objects", read_number, offsetof(struct settings_token, max_objects), 1, 1000000, 0},
    {0},
};

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

static char *begin_service(struct settings *settings, const char *name, unsigned line)
{
    (void)line;
    if (name != NULL || settings->has_service) {
        return NULL;
    }
    settings->has_service = true;
    return (char *)settings;
}

static char *begin_account(struct settings *settings, const char *name, unsigned line)
{
    (void)line;
    if (!arn_is_account(view_of_string(name)) || settings->n_accounts == SETTINGS_MAX_ACCOUNTS) {
        return NULL;
    }
    for (size_t i = 0; i < settings->n_accounts; i++) {
        if (strcmp(settings->accounts[i], name) == 0) {
            return NULL;
        }
    }
    char *copy = strdup(name);
    if (copy != NULL) {
        settings->accounts[settings->n_accounts++] = copy;
    }
    return copy;
}

static bool name_is_plain(const char *name)
{
    size_t len = name == NULL ? 0 : strlen(name);
    return len > 0 && len < SETTINGS_NAME_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

static char *begin_listener(struct settings *settings, const char *name, unsigned line)
{
    if (!name_is_plain(name) || settings->n_listeners == SETTINGS_MAX_LISTENERS) {
        return NULL;
    }
    for (size_t i = 0; i < settings->n_listeners; i++) {
        if (strcmp(settings->listeners[i].name, name) == 0) {
            return NULL;
        }
    }
    struct settings_listener *listener = &settings->listeners[settings->n_listeners++];
    *listener = (struct settings_listener){.line = line, .mode = 0600};
    memcpy(listener->name, name, strlen(name));
    return (char *)listener;
}

static char *begin_peer(struct settings *settings, const char *name, unsigned line)
{
    if (!name_is_plain(name) || settings->n_peers == SETTINGS_MAX_PEERS) {
        return NULL;
    }
    for (size_t i = 0; i < settings->n_peers; i++) {
        if (strcmp(settings->peers[i].name, name) == 0) {
            return NULL;
        }
    }
    struct settings_peer *peer = &settings->peers[settings->n_peers++];
    *peer = (struct settings_peer){.line = line};
    memcpy(peer->name, name, strlen(name));
    return (char *)peer;
}

static char *begin_token(struct settings *settings, const char *name, unsigned line)
{
    if (!name_is_plain(name) || settings->n_tokens == SETTINGS_MAX_TOKENS) {
        return NULL;
    }
    for (size_t i = 0; i < settings->n_tokens; i++) {
        if (strcmp(settings->tokens[i].name, name) == 0) {
            return NULL;
        }
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
    char *(*begin)(struct settings *settings, const char *name, unsigned line);
    const struct key_row *keys;
} sections[] = {
    {"service", begin_service, service_keys}, {"account", begin_account, no_keys},
    {"listen", begin_listener, listen_keys},  {"peer", begin_peer, peer_keys},
    {"token", begin_token, token_keys},
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
        parser->object = name == NULL && sections[i].begin != begin_service
                             ? NULL
                             : sections[i].begin(parser->settings, name, parser->line);
        parser->keys = sections[i].keys;
        parser->seen = 0;
        snprintf(parser->section, sizeof parser->section, "%s", section);
        return parser->object != NULL
                   ? true
                   : settings_complain(&parser->problem, parser->line,
                                       "[%s] is given twice, has a name that cannot be, or is one too many", section);
    }
    return settings_complain(&parser->problem, parser->line, "there is no section [%s]", section);
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
        return why == NULL ? true
                           : settings_complain(&parser->problem, parser->line, "[%s] %s = %s: %s", parser->section, key,
                                               value, why);
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
    struct parser parser = {.settings = settings, .rest = text, .keys = no_keys};
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
