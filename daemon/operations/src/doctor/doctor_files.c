/* The doctor's look at files: who may read and write what the service rests on. stat(2) of local files only. */
#include "doctor.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK_FILES         "file modes"
#define CHECK_PIN           "PIN file modes"
#define CHECK_CONFIGURATION "configuration"

enum owner { OWNER_US, OWNER_US_OR_ROOT };

/* What each kind of file must be: bits of the mode, and how bad the wrong ones are. */
static const struct rule {
    const char *check;
    const char *what;
    mode_t type;
    enum owner owner;
    mode_t never;    /* a FAULT: others could change what the service does, or read a PIN */
    mode_t unwanted; /* a WARNING */
    const char *advice;
} rules[] = {
    [OPERATIONS_FILE_CONFIGURATION] = {CHECK_FILES, "the configuration", S_IFREG, OWNER_US_OR_ROOT, S_IWGRP | S_IWOTH,
                                       0, "chmod go-w, and let it belong to root."},
    [OPERATIONS_FILE_STATE_DIR] = {CHECK_FILES, "the state directory", S_IFDIR, OWNER_US, S_IWGRP | S_IWOTH,
                                   S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH, "chmod 0700"},
    [OPERATIONS_FILE_REGISTRY] = {CHECK_FILES, "the registry", S_IFREG, OWNER_US, S_IWGRP | S_IWOTH, S_IRGRP | S_IROTH,
                                  "chmod 0600: it shows who has which key."},
    [OPERATIONS_FILE_PIN] = {CHECK_PIN, "the PIN file", S_IFREG, OWNER_US_OR_ROOT, S_IRWXO | S_IWGRP, S_IRGRP,
                             "chmod 0400, and let it belong to the user of the service: whoever reads it can log in to "
                             "the token."},
    [OPERATIONS_FILE_SOCKET] = {CHECK_FILES, "the socket", S_IFSOCK, OWNER_US_OR_ROOT, 0, 0,
                                "Restart rewrapd, which makes it as the configuration says."},
};

static bool owner_is_good(enum owner owner, uid_t uid)
{
    return uid == geteuid() || (owner == OWNER_US_OR_ROOT && uid == 0);
}

/* Whom the bits of a mode let in. */
static const char *who(unsigned bits)
{
    return (bits & S_IRWXO) != 0 ? "others" : "its group";
}

/* True when it found something. */
static bool look_at_status(struct doctor *doctor, const struct operations_file *file, const struct rule *rule,
                           const struct stat *status)
{
    const unsigned mode = (unsigned)status->st_mode & 07777U;
    if ((status->st_mode & S_IFMT) != rule->type) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, rule->check, file->path, rule->advice,
                    "%s is another kind of file", rule->what);
        return true;
    }
    if (!owner_is_good(rule->owner, status->st_uid)) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, rule->check, file->path, rule->advice,
                    "%s belongs to user %u, the service runs as %u", rule->what, (unsigned)status->st_uid,
                    (unsigned)geteuid());
        return true;
    }
    if ((mode & rule->never) != 0) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, rule->check, file->path, rule->advice,
                    "%s has mode %04o: %s may %s it", rule->what, mode, who(mode & rule->never),
                    (mode & rule->never & (S_IWGRP | S_IWOTH)) != 0 ? "change" : "read");
        return true;
    }
    if (file->has_mode && mode != file->mode) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__WARNING, rule->check, file->path, rule->advice,
                    "%s has mode %04o, the configuration says %04o", rule->what, mode, file->mode);
        return true;
    }
    if ((mode & rule->unwanted) != 0) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__WARNING, rule->check, file->path, rule->advice,
                    "%s has mode %04o: %s may look into it", rule->what, mode, who(mode & rule->unwanted));
        return true;
    }
    return false;
}

static void look_at_file(struct doctor *doctor, const struct operations_file *file)
{
    const struct rule *rule = &rules[file->kind];
    struct stat status;
    if (stat(file->path, &status) != 0) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__FAULT, rule->check, file->path, "Put it back.",
                    "%s is not there: %s", rule->what, strerror(errno));
    } else if (!look_at_status(doctor, file, rule, &status)) {
        doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__OK, rule->check, file->path, NULL, "%s has mode %04o",
                    rule->what, (unsigned)status.st_mode & 07777U);
    }
}

/* Two tokens may have one PIN file, which is one thing to mend. */
static bool was_looked_at(const struct operations_settings *settings, size_t index)
{
    const struct operations_file *file = &settings->files[index];
    for (size_t i = 0; i < index; i++) {
        if (settings->files[i].kind == file->kind && strcmp(settings->files[i].path, file->path) == 0) {
            return true;
        }
    }
    return false;
}

static void look_at_reload(struct doctor *doctor, const struct operations_settings *settings)
{
    for (size_t i = 0; i < settings->n_files && settings->reload_refused; i++) {
        if (settings->files[i].kind == OPERATIONS_FILE_CONFIGURATION) {
            doctor_find(doctor, REWRAP__DOCTOR_VERDICT__VALUE__WARNING, CHECK_CONFIGURATION, settings->files[i].path,
                        "The log of rewrapd says why. Correct the file, or restart where that is what it takes.",
                        "the last reload was refused: what runs is the configuration of before");
        }
    }
}

void doctor_look_at_files(struct doctor *doctor)
{
    const struct operations_settings *settings = &doctor->operation->operations->settings;
    for (size_t i = 0; i < settings->n_files; i++) {
        if (!was_looked_at(settings, i)) {
            look_at_file(doctor, &settings->files[i]);
        }
    }
    look_at_reload(doctor, settings);
}
