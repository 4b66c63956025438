/* A private SoftHSM token; see fixture.h. */
#include "fixture.h"

#include "base/secbuf.h"
#include "base/uuid.h"
#include "envelope/context.h"
#include "hsm/ceremony.h"
#include "objects/objects.h"
#include "p11/p11_call.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

void fixture_write_file(const char *path, const char *text, unsigned mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

void fixture_run(const char *program, const char *const *arguments)
{
    const char *argv[16] = {program};
    size_t n = 1;
    for (; *arguments != NULL; arguments++) {
        assert_true(n < 15);
        argv[n++] = *arguments;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t pid;
    assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    assert_int_equal(status, 0);
}

void fixture_softhsm(const char *const *arguments)
{
    fixture_run("softhsm2-util", arguments);
}

/* SOFTHSM2_CONF, a token folder and the user's PIN file in a folder of its own. */
static struct fixture *make_token(void)
{
    /* The leak checker names the frames of a library that is still loaded when the process ends. */
    assert_non_null(dlopen(FIXTURE_MODULE, RTLD_NOW | RTLD_NODELETE));
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->dir, sizeof fixture->dir, "%s/rewrapd-hsm-XXXXXX", "/tmp");
    assert_non_null(mkdtemp(fixture->dir));
    char path[128];
    char text[256];
    snprintf(path, sizeof path, "%s/tokens", fixture->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(text, sizeof text, "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
             fixture->dir);
    snprintf(path, sizeof path, "%s/softhsm2.conf", fixture->dir);
    fixture_write_file(path, text, 0600);
    assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
    snprintf(fixture->pin_file, sizeof fixture->pin_file, "%s/pin", fixture->dir);
    fixture_write_file(fixture->pin_file, FIXTURE_USER_PIN "\n", 0600);
    const char *const init[] = {"--init-token", "--free",       "--label", "rewrapd-test", "--pin", FIXTURE_USER_PIN,
                                "--so-pin",     FIXTURE_SO_PIN, NULL};
    fixture_softhsm(init);
    return fixture;
}

void fixture_login(struct fixture *fixture, enum hsm_user user, const char *pin)
{
    struct secbuf *secret = secbuf_new(strlen(pin));
    assert_non_null(secret);
    memcpy(secret->data, pin, strlen(pin));
    assert_hsm(HSM_OK, hsm_token_login(fixture->token, user, secret));
    secbuf_free(secret);
}

struct hsm_result fixture_renew(struct fixture *fixture)
{
    struct secbuf *pin = NULL;
    struct hsm_result result = hsm_token_reopen(fixture->token);
    if (result.code == HSM_OK) {
        result = hsm_pin_read(fixture->pin_file, &pin);
    }
    if (result.code == HSM_OK) {
        result = hsm_token_login(fixture->token, HSM_USER, pin);
    }
    secbuf_free(pin);
    return result;
}

void fixture_open(struct fixture *fixture)
{
    struct hsm_token_config config = {.module = FIXTURE_MODULE, .uri = FIXTURE_URI};
    assert_hsm(HSM_OK, hsm_token_open(&config, &fixture->token));
    fixture_login(fixture, HSM_USER, FIXTURE_USER_PIN);
}

void fixture_close(struct fixture *fixture)
{
    hsm_rewrap_free(fixture->rewrap);
    hsm_token_close(fixture->token);
    fixture->rewrap = NULL;
    fixture->token = NULL;
}

static void saw_nothing(void *state, const struct ceremony_object *object, bool made)
{
    (void)state;
    (void)object;
    assert_true(made);
}

static void hold_ceremony(struct fixture *fixture)
{
    const struct ceremony_watch watch = {.saw = saw_nothing};
    fixture_open(fixture);
    assert_hsm(HSM_OK, ceremony_init(fixture->token, &watch));
    assert_hsm(HSM_OK, hsm_token_logout(fixture->token));
    fixture_login(fixture, HSM_SO, FIXTURE_SO_PIN);
    assert_hsm(HSM_OK, ceremony_add(fixture->token, HSM_SPEC_AES_256, FIXTURE_SEALED, fixture->profile.kwp, &watch));
    fixture_close(fixture); /* its trial objects live as long as its session */
}

struct sealed_so_far {
    struct fixture *fixture;
    size_t count;
};

static bool take_sealed(void *state, const struct hsm_object *object)
{
    struct sealed_so_far *so_far = state;
    assert_int_equal(object->boundary, HSM_SEALED);
    assert_null(object->refused_for);
    assert_true(so_far->count < FIXTURE_SEALED);
    struct hsm_key *key = &so_far->fixture->sealed[so_far->count++];
    key->spec = object->spec;
    key->boundary = object->boundary;
    memcpy(key->material_id, object->material_id, sizeof key->material_id);
    uuid_random(key->key_id);
    return true;
}

static void make_open_key(struct fixture *fixture, struct hsm_key *key)
{
    *key = (struct hsm_key){.spec = HSM_SPEC_AES_256, .boundary = HSM_OPEN};
    uuid_random(key->key_id);
    assert_hsm(HSM_OK, hsm_rewrap_make_open(fixture->rewrap, HSM_SPEC_AES_256, key->material_id));
}

struct hsm_profile fixture_profile(void)
{
    return (struct hsm_profile){.kwp = CKM_AES_KEY_WRAP_PAD,
                                .pads_payloads = true,
                                .lengths = HSM_LENGTHS_BY_DIGEST,
                                .oaep_sha1 = true,
                                .payload_max_bytes = ENVELOPE_PAYLOAD_MAX_BYTES,
                                .level = HSM_LEVEL_SEALED};
}

int fixture_setup(void **state)
{
    struct fixture *fixture = make_token();
    *state = fixture;
    fixture->profile = fixture_profile();
    hold_ceremony(fixture);
    fixture_open(fixture);
    assert_hsm(HSM_OK, hsm_rewrap_new(fixture->token, &fixture->profile, 1000, NULL, &fixture->rewrap));
    struct sealed_so_far so_far = {.fixture = fixture};
    hsm_rewrap_objects(fixture->rewrap, take_sealed, &so_far);
    assert_int_equal(so_far.count, FIXTURE_SEALED);
    make_open_key(fixture, &fixture->open[0]);
    make_open_key(fixture, &fixture->open[1]);
    return 0;
}

int fixture_setup_bare(void **state)
{
    *state = make_token();
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *position)
{
    (void)status;
    (void)type;
    (void)position;
    return remove(path);
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    nftw(fixture->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

size_t fixture_session_objects(struct fixture *fixture)
{
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE session[] = {{CKA_TOKEN, &no, sizeof no}};
    struct object_list list = {0};
    assert_hsm(HSM_OK, objects_find(fixture->token, session, 1, 100000, &list));
    size_t count = list.count;
    object_list_clear(&list);
    return count;
}

struct hsm_side fixture_side(const struct hsm_key *key)
{
    static const uint8_t no_context[] = {CONTEXT_VERSION, 0, 0, 0, 0};
    return (struct hsm_side){
        .key = *key, .algorithm = HSM_SYMMETRIC_DEFAULT, .context = view_of(no_context, sizeof no_context)};
}
