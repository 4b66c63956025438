/* Calls as the tests of librewrap make them; see calls.h. */
#include "calls.h"

#include "proto/message.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct rewrap_client *connect_ok(const struct fake_daemon *daemon)
{
    struct rewrap_client *client = NULL;
    assert_int_equal(rewrap_client_connect(daemon->endpoint, &client).code, REWRAP_CLIENT_OK);
    return client;
}

struct rewrap_client_result call_key(struct rewrap_client *client, const char *key_id, uint32_t timeout_ms,
                                     Rewrap__Response **ret)
{
    Rewrap__DescribeKeyRequest request = REWRAP__DESCRIBE_KEY_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    return rewrap_client_call(client, "DescribeKey", &request.base, timeout_ms, ret);
}

struct rewrap_client_result send_key(struct rewrap_client *client, const char *key_id, uint32_t timeout_ms,
                                     uint64_t *ret_id)
{
    Rewrap__DescribeKeyRequest request = REWRAP__DESCRIBE_KEY_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    return rewrap_client_send(client, "DescribeKey", &request.base, timeout_ms, ret_id);
}

/* The echoed body is the request again. */
void assert_echo(const Rewrap__Response *response, const char *key_id)
{
    assert_int_equal(response->result_case, REWRAP__RESPONSE__RESULT_BODY);
    ProtobufCMessage *message = NULL;
    struct proto_result result = proto_unpack(&rewrap__describe_key_request__descriptor,
                                              view_of(response->body.data, response->body.len), &message);
    assert_int_equal(result.code, PROTO_OK);
    assert_string_equal(((Rewrap__DescribeKeyRequest *)message)->key_id, key_id);
    proto_free(message);
}

void assert_call_echo(struct rewrap_client *client, const char *key_id)
{
    Rewrap__Response *response = NULL;
    assert_int_equal(call_key(client, key_id, 0, &response).code, REWRAP_CLIENT_OK);
    assert_echo(response, key_id);
    rewrap_client_response_free(response);
}
