/* For the tests of what changes keys: calls with a key id, the key as it is stored, and letting the sweep work. */
#pragma once

#include "fixture.h"

#define DAY_MS INT64_C(86400000)

/* A request of that operation that has this in the member that names the key ("key_id", "target_key_id", …); to be
 * freed with free(), when nothing else was put into it. */
ProtobufCMessage *request_for(const char *operation, const char *key_id);

/* A call with such a request and nothing else in it: wants success, or exactly this error. */
void works(struct fixture *fixture, const char *operation, const char *key_id);
void works_with(struct fixture *fixture, const char *operation, const ProtobufCMessage *request);
void fails(struct fixture *fixture, const char *operation, const char *key_id, const char *code, const char *message);

/* Starts the first and then the second operation on the key, and waits for both. The replies are the caller's. */
void lives_call_both(struct fixture *fixture, const struct fixture_key *key, const char *first, struct reply *ret_first,
                     const char *second, struct reply *ret_second);

/* The key as the registry has it; fails the test when it is not there. */
const struct registry_key *stored(struct fixture *fixture, const struct fixture_key *key);

/* Sweeps until there is nothing left to do at this time of the fake clock. */
void sweep(struct fixture *fixture);

/* Starts the request, kills the registry's writer a little later, and gives the answer: success, or the error that says
 * that nobody knows. */
void lives_call_and_kill(struct fixture *fixture, const char *operation, const ProtobufCMessage *request,
                         int64_t after_us, struct reply *reply);

/* Waits until another writer is there, with changes of that key's description. */
void lives_recover(struct fixture *fixture, const struct fixture_key *spare);
