/* Doctor: every kind of trouble is found, named and judged; a service that is well is said to be. */
#include "doctor/doctor.h"
#include "fixture.h"

#include <event2/event.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT      "arn:aws:iam::" ACCOUNT ":root"
#define HOUR_MS   INT64_C(3600000)
#define DAY_MS    (24 * HOUR_MS)
#define THE_FAULT REWRAP__DOCTOR_VERDICT__VALUE__FAULT
#define A_WARNING REWRAP__DOCTOR_VERDICT__VALUE__WARNING
#define FINE      REWRAP__DOCTOR_VERDICT__VALUE__OK

static const Rewrap__DoctorResponse *examine(struct fixture *fixture, struct reply *reply)
{
    Rewrap__DoctorRequest request = REWRAP__DOCTOR_REQUEST__INIT;
    fixture->principal = ROOT;
    assert_success(fixture, "Doctor", &request.base, reply);
    return (const Rewrap__DoctorResponse *)reply->body;
}

static const Rewrap__DoctorFinding *find(const Rewrap__DoctorResponse *response, const char *check, const char *subject)
{
    for (size_t i = 0; i < response->n_findings; i++) {
        if (strcmp(response->findings[i]->check, check) == 0 && strcmp(response->findings[i]->subject, subject) == 0) {
            return response->findings[i];
        }
    }
    return NULL;
}

/* There is such a finding, its text has the words, and the whole is as bad as it. */
static void expect(struct fixture *fixture, Rewrap__DoctorVerdict__Value verdict, const char *check,
                   const char *subject, const char *words)
{
    struct reply reply;
    const Rewrap__DoctorResponse *response = examine(fixture, &reply);
    const Rewrap__DoctorFinding *finding = find(response, check, subject);
    if (finding == NULL || finding->verdict != verdict || strstr(finding->text, words) == NULL) {
        fail_msg("%s %s: %s", check, subject, finding == NULL ? "nothing found" : finding->text);
    }
    assert_int_equal(response->verdict, verdict);
    assert_int_equal(response->findings[0]->verdict, verdict); /* worst first */
    assert_true(verdict == FINE || finding->advice != NULL);
    reply_clear(&reply);
}

static struct fake_object *put_object(struct fixture *fixture, const uint8_t *material_id, Hsm__Boundary boundary)
{
    struct fake_object *object = &fixture->main->objects[fixture->main->n_objects++];
    *object = (struct fake_object){.spec = HSM__KEY_SPEC__KEY_SPEC_AES_256, .boundary = boundary};
    memcpy(object->material_id, material_id, sizeof object->material_id);
    return object;
}

static struct fixture_key sealed_with_object(struct fixture *fixture)
{
    struct fixture_key key = fixture_sealed(fixture);
    put_object(fixture, key.material_id, HSM__BOUNDARY__BOUNDARY_SEALED);
    return key;
}

static void a_service_that_is_well(void **state)
{
    struct fixture *fixture = *state;
    sealed_with_object(fixture);
    struct fixture_key open = fixture_open(fixture);
    put_object(fixture, open.material_id, HSM__BOUNDARY__BOUNDARY_OPEN);
    struct reply reply;
    const Rewrap__DoctorResponse *response = examine(fixture, &reply);
    assert_int_equal(response->verdict, FINE);
    assert_int_equal(response->findings_left_out, 0);
    assert_int_equal(response->n_tokens, 1);
    const Rewrap__DoctorToken *token = response->tokens[0];
    assert_string_equal(token->name, "main");
    assert_true(token->reachable);
    assert_int_equal(token->protection_level, REWRAP__PROTECTION_LEVEL__VALUE__sealed);
    assert_int_equal(token->n_encryption_algorithms, 3);
    assert_int_equal(token->n_stock, 4);
    assert_int_equal(token->stock[0]->key_spec, REWRAP__KEY_SPEC__VALUE__SYMMETRIC_DEFAULT);
    assert_int_equal(token->stock[0]->spares, 8);
    assert_non_null(strstr(find(response, "registry", "main")->text,
                           "2 keys, all of whose objects are on the token; 10 objects there in all"));
    for (size_t i = 0; i < response->n_findings; i++) {
        assert_int_equal(response->findings[i]->verdict, FINE);
        assert_null(response->findings[i]->advice);
    }
    reply_clear(&reply);
}

static void root_principals_and_whom_an_identity_policy_lets_may(void **state)
{
    struct fixture *fixture = *state;
    Rewrap__DoctorRequest request = REWRAP__DOCTOR_REQUEST__INIT;
    fixture_principal_policy(fixture, ACCOUNT, "user/alice",
                             "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\"}}");
    fixture->principal = ALICE;
    assert_error(fixture, "Doctor", &request.base, "AccessDeniedException",
                 "User: " ALICE " is not authorized to perform: rewrapd:Doctor on resource: * because no "
                 "identity-based policy allows the rewrapd:Doctor action");
    assert_int_equal(fake_workers_submitted(fixture->workers), 0);
    fixture->principal = "arn:aws:iam::" OTHER_ACCOUNT ":root";
    struct reply reply;
    assert_success(fixture, "Doctor", &request.base, &reply);
    reply_clear(&reply);
    fixture->principal = ALICE;
    fixture_principal_policy(fixture, ACCOUNT, "user/alice",
                             "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"rewrapd:Doctor\",\"Resource\":\"*\"}}");
    assert_success(fixture, "Doctor", &request.base, &reply);
    reply_clear(&reply);
    fixture->principal = "arn:aws:iam::999999999999:root"; /* of an account that is not served */
    fixture_call(fixture, "Doctor", &request.base, &reply);
    assert_string_equal(reply.code, "AccessDeniedException");
    reply_clear(&reply);
}

static void tokens_in_trouble(void **state)
{
    struct fixture *fixture = *state;
    fixture->main->level = HSM__LEVEL__LEVEL_SENSITIVE;
    fixture->main->level_reason = "CKA_WRAP_WITH_TRUSTED";
    expect(fixture, FINE, "level", "main",
           "sensitive, as its section allows (require = sensitive), not sealed: CKA_WRAP_WITH_TRUSTED is not enforced");
    fixture->main->level = HSM__LEVEL__LEVEL_SEALED;
    fixture->main->n_stock = 1;
    expect(fixture, A_WARNING, "stock", "main", "1 spare sealed SYMMETRIC_DEFAULT key");
    fixture->main->n_stock = 0;
    expect(fixture, A_WARNING, "stock", "main", "0 spare sealed SYMMETRIC_DEFAULT keys");
    fake_workers_next_status(fixture->workers, WORKERS_TIMEOUT);
    expect(fixture, THE_FAULT, "objects", "main", "cannot be read: DependencyTimeoutException");
    fake_workers_next_answer(fixture->workers, HSM__STATUS__STATUS_TOKEN_UNAVAILABLE);
    expect(fixture, THE_FAULT, "objects", "main", "cannot be read");
    fixture->main->is_down = true;
    fixture->main->last_failure = "the token is not there\x1b[2J";
    size_t submitted = fake_workers_submitted(fixture->workers);
    expect(fixture, THE_FAULT, "token", "main", "no worker is ready: the token is not there?[2J");
    assert_int_equal(fake_workers_submitted(fixture->workers), submitted); /* nobody waits for it */
    fixture->main->starting = true;
    expect(fixture, THE_FAULT, "token", "main",
           "no worker is ready, a start is under way; before it: the token is not");
    fixture->main->stopped_by_pin = true;
    expect(fixture, THE_FAULT, "token", "main", "refused the PIN");
}

static void keys_and_objects_that_lack_their_other(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = fixture_sealed(fixture);
    char hex[2 * 32 + 1];
    expect(fixture, THE_FAULT, "registry", key.arn, "1 of its 1 materials has no object on token main");
    struct fake_object *object = put_object(fixture, key.material_id, HSM__BOUNDARY__BOUNDARY_SEALED);
    object->refused_for = "CKA_EXTRACTABLE";
    expect(fixture, THE_FAULT, "objects", key.arn, "not what it should be: CKA_EXTRACTABLE");
    object->refused_for = NULL;

    const uint8_t stranger[32] = {0xab};
    snprintf(hex, sizeof hex, "ab%062d", 0);
    object = put_object(fixture, stranger, HSM__BOUNDARY__BOUNDARY_OPEN);
    expect(fixture, A_WARNING, "objects", hex, "an open key (rewrapd:open:SYMMETRIC_DEFAULT) on token main belongs to");
    object->refused_for = "CKA_SENSITIVE";
    expect(fixture, A_WARNING, "objects", hex, "labelled rewrapd:open:SYMMETRIC_DEFAULT is not what it should be");
    fixture->main->n_objects--;

    struct registry_key elsewhere = {.token = (char *)"gone"};
    struct fixture_key lost = fixture_key(fixture, &elsewhere);
    expect(fixture, THE_FAULT, "registry", lost.arn, "its token gone has no section");
}

static void on_removed(void *arg, struct registry_result result)
{
    assert_int_equal(result.code, REGISTRY_OK);
    *(bool *)arg = true;
}

static void materials_of_deleted_keys(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key key = sealed_with_object(fixture);
    bool removed = false;
    registry_key_remove(fixture->registry, key.key_id, 1, fixture->now_ms, on_removed, &removed);
    struct reply reply;
    while (!removed) {
        assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0); /* the registry always answers */
    }
    const Rewrap__DoctorResponse *response = examine(fixture, &reply);
    assert_int_equal(response->verdict, A_WARNING);
    const Rewrap__DoctorFinding *finding = response->findings[0];
    assert_string_equal(finding->check, "deleted keys");
    assert_non_null(strstr(finding->text, key.id));
    assert_non_null(strstr(finding->advice, "CKA_LABEL rewrapd:kek:SYMMETRIC_DEFAULT"));
    assert_non_null(strstr(finding->advice, "rewrapctl ceremony destroy --material-id "));
    assert_non_null(strstr(finding->advice, finding->subject));
    assert_int_equal(response->tokens[0]->stock[0]->spares, 8); /* it is no spare */
    reply_clear(&reply);
}

/* A key that waits for its import has no object yet; nobody stocks HMAC keys. */
static void keys_that_this_version_does_not_make(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_key awaited = fixture_key(fixture, &(struct registry_key){.state = KEY_STATE_PENDING_IMPORT});
    struct fixture_key hmac = fixture_key(fixture, &(struct registry_key){.spec = KEY_SPEC_HMAC_256});
    struct reply reply;
    const Rewrap__DoctorResponse *response = examine(fixture, &reply);
    assert_null(find(response, "registry", awaited.arn));
    assert_non_null(find(response, "registry", hmac.arn)); /* enabled, and nothing on the token */
    for (size_t i = 0; i < response->tokens[0]->n_stock; i++) {
        assert_int_not_equal(response->tokens[0]->stock[i]->key_spec, REWRAP__KEY_SPEC__VALUE__HMAC_256);
    }
    reply_clear(&reply);
}

static void what_is_due_with_keys(void **state)
{
    struct fixture *fixture = *state;
    struct registry_key wish = {.state = KEY_STATE_PENDING_DELETION, .deletion_ms = fixture->now_ms + 4 * DAY_MS};
    struct fixture_key key = fixture_key(fixture, &wish);
    put_object(fixture, key.material_id, HSM__BOUNDARY__BOUNDARY_SEALED);
    struct reply reply;
    assert_int_equal(examine(fixture, &reply)->verdict, FINE);
    reply_clear(&reply);
    fixture->now_ms += 2 * DAY_MS;
    expect(fixture, A_WARNING, "deletion", key.arn, "it is deleted at 2023-11-18T22:13:20Z");
    fixture->now_ms += 4 * DAY_MS;
    expect(fixture, A_WARNING, "deletion", key.arn, "its deletion was due at 2023-11-18T22:13:20Z");
}

static void rotations_that_are_late(void **state)
{
    struct fixture *fixture = *state;
    struct registry_key wish = {.rotation_days = 90, .next_rotation_ms = fixture->now_ms};
    struct fixture_key key = fixture_key(fixture, &wish);
    put_object(fixture, key.material_id, HSM__BOUNDARY__BOUNDARY_SEALED);
    fixture->now_ms += DAY_MS;
    struct reply reply;
    assert_int_equal(examine(fixture, &reply)->verdict, FINE);
    reply_clear(&reply);
    fixture->now_ms += HOUR_MS;
    expect(fixture, A_WARNING, "rotation", key.arn, "its rotation was due at 2023-11-14T22:13:20Z");
}

static void modes_of_files(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/registry.db", fixture->folder);
    static const struct {
        enum operations_file_kind kind;
        mode_t mode;
        Rewrap__DoctorVerdict__Value verdict;
        const char *check, *words;
    } cases[] = {
        {OPERATIONS_FILE_REGISTRY, 0600, FINE, "file modes", "the registry has mode 0600"},
        {OPERATIONS_FILE_REGISTRY, 0640, A_WARNING, "file modes", "0640: its group may look into it"},
        {OPERATIONS_FILE_REGISTRY, 0602, THE_FAULT, "file modes", "0602: others may change it"},
        {OPERATIONS_FILE_PIN, 0400, FINE, "PIN file modes", "the PIN file has mode 0400"},
        {OPERATIONS_FILE_PIN, 0440, A_WARNING, "PIN file modes", "0440: its group may look into it"},
        {OPERATIONS_FILE_PIN, 0404, THE_FAULT, "PIN file modes", "0404: others may read it"},
        {OPERATIONS_FILE_PIN, 0420, THE_FAULT, "PIN file modes", "0420: its group may change it"},
        {OPERATIONS_FILE_CONFIGURATION, 0644, FINE, "file modes", "the configuration"},
        {OPERATIONS_FILE_CONFIGURATION, 0664, THE_FAULT, "file modes", "its group may change it"},
        {OPERATIONS_FILE_STATE_DIR, 0600, THE_FAULT, "file modes", "another kind of file"},
        {OPERATIONS_FILE_SOCKET, 0600, THE_FAULT, "file modes", "another kind of file"},
    };
    struct operations_file file = {.path = path};
    fixture->operations.settings.files = &file;
    fixture->operations.settings.n_files = 1;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reply reply;
        file.kind = cases[i].kind;
        assert_int_equal(chmod(path, cases[i].mode), 0);
        const Rewrap__DoctorResponse *response = examine(fixture, &reply);
        const Rewrap__DoctorFinding *finding = find(response, cases[i].check, path);
        if (finding == NULL || finding->verdict != cases[i].verdict || !strstr(finding->text, cases[i].words)) {
            fail_msg("case %zu: %s", i, finding == NULL ? "nothing" : finding->text);
        }
        assert_int_equal(response->verdict, cases[i].verdict);
        reply_clear(&reply);
    }
    assert_int_equal(chmod(path, 0600), 0);
    file.path = "/nonexistent/\xff\n";
    file.kind = OPERATIONS_FILE_PIN;
    expect(fixture, THE_FAULT, "PIN file modes", "/nonexistent/??", "is not there");
}

static void files_named_twice_and_a_refused_reload(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/registry.db", fixture->folder);
    const struct operations_file files[] = {{.kind = OPERATIONS_FILE_CONFIGURATION, .path = path},
                                            {.kind = OPERATIONS_FILE_PIN, .path = path},
                                            {.kind = OPERATIONS_FILE_PIN, .path = path}};
    fixture->operations.settings.files = files;
    fixture->operations.settings.n_files = COUNT(files);
    struct reply reply;
    const Rewrap__DoctorResponse *response = examine(fixture, &reply);
    size_t pins = 0;
    for (size_t i = 0; i < response->n_findings; i++) {
        pins += strcmp(response->findings[i]->check, "PIN file modes") == 0;
    }
    assert_int_equal(pins, 1);
    assert_null(find(response, "configuration", path));
    reply_clear(&reply);
    fixture->operations.settings.reload_refused = true;
    expect(fixture, A_WARNING, "configuration", path, "the last reload was refused");
}

/* More than fits: the worst are told, the others counted, and the answer fits into a frame. */
static void findings_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < DOCTOR_MAX_FINDINGS + 20; i++) {
        (void)fixture_sealed(fixture); /* without an object */
    }
    struct reply reply;
    const Rewrap__DoctorResponse *response = examine(fixture, &reply);
    assert_int_equal(response->verdict, THE_FAULT);
    assert_int_equal(response->findings_left_out, 20);
    size_t faults = 0;
    for (size_t i = 0; i < response->n_findings; i++) {
        assert_true(i == 0 || response->findings[i]->verdict <= response->findings[i - 1]->verdict);
        faults += response->findings[i]->verdict == THE_FAULT;
    }
    assert_int_equal(faults, DOCTOR_MAX_FINDINGS);
    reply_clear(&reply);
}

static void one_at_a_time(void **state)
{
    struct fixture *fixture = *state;
    Rewrap__DoctorRequest request = REWRAP__DOCTOR_REQUEST__INIT;
    struct reply first = {0};
    struct reply second = {0};
    fixture->principal = ROOT;
    (void)fixture_start(fixture, "Doctor", &request.base, &first);
    assert_false(first.done);
    fixture_call(fixture, "Doctor", &request.base, &second);
    assert_string_equal(second.code, "ThrottlingException");
    fixture_wait(fixture, &first);
    assert_null(first.code);
    reply_clear(&first);
    reply_clear(&second);
    /* The one that is left alone makes room too. */
    struct operation *operation = fixture_start(fixture, "Doctor", &request.base, &first);
    assert_non_null(operation);
    operation_abandon(operation);
    fake_workers_run(fixture->workers);
    assert_int_equal(operations_running(&fixture->operations), 0);
    assert_success(fixture, "Doctor", &request.base, &second);
    reply_clear(&second);
    reply_clear(&first);
}

/* After a start most policies wait for their turn, which is as it should be. These take many turns. */
static void policies_that_are_to_be_compiled(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 40; i++) {
        char policy[32768];
        size_t len = (size_t)snprintf(policy, sizeof policy, "{\"Id\":\"%u\",\"Statement\":[", i);
        for (unsigned n = 0; n < 200; n++) {
            len +=
                (size_t)snprintf(policy + len, sizeof policy - len,
                                 "%s{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\","
                                 "\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"true\"}}}",
                                 n == 0 ? "" : ",");
        }
        snprintf(policy + len, sizeof policy - len, "]}");
        struct fixture_key key =
            fixture_key(fixture, &(struct registry_key){.policy = policy, .policy_ms = fixture->now_ms});
        put_object(fixture, key.material_id, HSM__BOUNDARY__BOUNDARY_SEALED);
    }
    fixture_sql(fixture, "UPDATE principals SET path = path WHERE name = 'alice'");
    expect(fixture, FINE, "registry", "policies", "policies are still to be compiled after the start");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_service_that_is_well),
        TEST(root_principals_and_whom_an_identity_policy_lets_may),
        TEST(tokens_in_trouble),
        TEST(keys_and_objects_that_lack_their_other),
        TEST(materials_of_deleted_keys),
        TEST(keys_that_this_version_does_not_make),
        TEST(what_is_due_with_keys),
        TEST(rotations_that_are_late),
        TEST(modes_of_files),
        TEST(files_named_twice_and_a_refused_reload),
        TEST(findings_are_bounded),
        TEST(one_at_a_time),
        TEST(policies_that_are_to_be_compiled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
