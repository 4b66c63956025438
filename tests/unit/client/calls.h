/* Calls of DescribeKey as the tests of librewrap make them. */
#pragma once

#include "fake_daemon.h"
#include "rewrap/client.h"

#define WAIT_MS 20000 /* far beyond what anything here takes */

struct rewrap_client *connect_ok(const struct fake_daemon *daemon);
struct rewrap_client_result call_key(struct rewrap_client *client, const char *key_id, uint32_t timeout_ms,
                                     Rewrap__Response **ret);
struct rewrap_client_result send_key(struct rewrap_client *client, const char *key_id, uint32_t timeout_ms,
                                     uint64_t *ret_id);
void assert_echo(const Rewrap__Response *response, const char *key_id);
void assert_call_echo(struct rewrap_client *client, const char *key_id);
