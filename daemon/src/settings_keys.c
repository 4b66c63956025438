/* The keys of each kind of section and how their values are read, by table; see settings_keys.h. */
#include "settings_keys.h"

#include "base/hex.h"
#include "base/view.h"
#include "policy/arn.h"
#include "settings.h"
#include "workers/workers.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <syslog.h>

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

/* One spelling for each path, so that two of them can be compared. */
static const char *read_path(const struct key_row *row, char *object, const char *value)
{
    if (value[0] != '/') {
        return "it is not an absolute path";
    }
    bool plain = strstr(value, "//") == NULL && strstr(value, "/./") == NULL && strstr(value, "/../") == NULL;
    return plain ? keep_text(text_field(row, object), value) : "it has an empty, . or .. part";
}

/* Which token. A PIN in it would be in the file, in the log and in every error: it is refused, and not repeated. */
static const char *read_uri(const struct key_row *row, char *object, const char *value)
{
    if (strstr(value, "pin-value") != NULL) {
        return "a PIN does not belong here; pin-source names the file that holds it";
    }
    if (strstr(value, "pin-source") != NULL) {
        return "pin-source is a key of its own";
    }
    return strncmp(value, "pkcs11:", strlen("pkcs11:")) == 0 ? keep_text(text_field(row, object), value)
                                                             : "it is not a URI of RFC 7512 (pkcs11:…)";
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

static const char *read_check_value(const struct key_row *row, char *object, const char *value)
{
    if (!hex_decode(value, (uint8_t *)object + row->offset, WORKERS_BINDING_CHECK_BYTES)) {
        return "it is not a check value: 32 hexadecimal digits in lower case, as rewrapctl ceremony list shows them";
    }
    *(bool *)(object + row->seen_offset) = true;
    return NULL;
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

#define HOUR_MS 3600000u

const struct key_row settings_service_keys[] = {
    {"partition", read_partition, offsetof(struct settings, partition), 0, 0, 0},
    {"region", read_region, offsetof(struct settings, region), 0, 0, 0},
    {"state-dir", read_path, offsetof(struct settings, state_dir), 0, 0, 0},
    {"worker", read_path, offsetof(struct settings, worker), 0, 0, 0},
    {"max-connections", read_number, offsetof(struct settings, max_connections), 1, 100000, 0},
    {"max-in-flight", read_number, offsetof(struct settings, max_in_flight), 1, 10000, 0},
    {"stall-timeout-ms", read_number, offsetof(struct settings, stall_timeout_ms), 10, HOUR_MS, 0},
    {"default-timeout-ms", read_number, offsetof(struct settings, default_timeout_ms), 1, HOUR_MS, 0},
    {"max-timeout-ms", read_number, offsetof(struct settings, max_timeout_ms), 1, HOUR_MS, 0},
    {"max-keys-per-account", read_number, offsetof(struct settings, max_keys_per_account), 1, 10000000, 0},
    {"log-level", read_log_level, offsetof(struct settings, log_level), 0, 0, 0},
    {0},
};

const struct key_row settings_no_keys[] = {{0}};

const struct key_row settings_listen_keys[] = {
    {"path", read_socket_path, offsetof(struct settings_listener, path), 0, 0, 0},
    {"mode", read_mode, offsetof(struct settings_listener, mode), 0, 0777, 0},
    {"group", read_text, offsetof(struct settings_listener, group), 0, 0, 0},
    {"principal", read_text, offsetof(struct settings_listener, principal), 0, 0, 0},
    {0},
};

/* The last id is "no id" to the kernel. */
const struct key_row settings_peer_keys[] = {
    {"uid", read_number, offsetof(struct settings_peer, uid), 0, UINT32_MAX - 1,
     offsetof(struct settings_peer, has_uid)},
    {"gid", read_number, offsetof(struct settings_peer, gid), 0, UINT32_MAX - 1,
     offsetof(struct settings_peer, has_gid)},
    {"principal", read_text, offsetof(struct settings_peer, principal), 0, 0, 0},
    {0},
};

const struct key_row settings_token_keys[] = {
    {"module", read_text, offsetof(struct settings_token, module), 0, 0, 0},
    {"init-args", read_optional_text, offsetof(struct settings_token, init_args), 0, 0, 0},
    {"uri", read_uri, offsetof(struct settings_token, uri), 0, 0, 0},
    {"pin-source", read_pin_source, offsetof(struct settings_token, pin_file), 0, 0, 0},
    {"require", read_level, offsetof(struct settings_token, require), 0, 0, 0},
    {"workers", read_number, offsetof(struct settings_token, workers), 1, 64, 0},
    {"max-queue", read_number, offsetof(struct settings_token, max_queue), 1, 100000, 0},
    {"deadline-ms", read_number, offsetof(struct settings_token, deadline_ms), 10, HOUR_MS, 0},
    {"start-deadline-ms", read_number, offsetof(struct settings_token, start_deadline_ms), 100, HOUR_MS, 0},
    {"max-objects", read_number, offsetof(struct settings_token, max_objects), 1, 1000000, 0},
    {"binding-root", read_check_value, offsetof(struct settings_token, binding_root), 0, 0,
     offsetof(struct settings_token, has_binding_root)},
    {0},
};
