/* The operations of the daemon's services as commands: everything about them comes from the descriptors of
 * rewrap.proto. */
#pragma once

#include "command/command_line.h"

#include <jansson.h>
#include <stdio.h>

#define OPERATION_MAX_NAME 128

/* "ReEncrypt" → "re-encrypt", "ListKeys" → "list-keys". */
void operation_command_name(const char *rpc, char out[OPERATION_MAX_NAME]);

/* The operation of that command name, or NULL. */
const ProtobufCMethodDescriptor *operation_find(const char *command);

/* For a person who asks for help; nothing else depends on it. */
struct operation_about {
    const char *rpc;
    const char *does;  /* one sentence */
    const char *needs; /* the options without which the daemon refuses, or "none" */
    const char *may;   /* those that matter besides, with what holds without them; NULL: none */
};

/* Of the operation of that name in the service, or NULL. */
const struct operation_about *operation_about(const char *rpc);

/* Does what was typed after the command's name and prints the answer. Returns the exit code. */
int operation_run(const ProtobufCMethodDescriptor *method, const struct globals *globals, int argc, char **argv);

/*
 * Calls the operation at the endpoint of --endpoint, $REWRAP_SOCKET, or the service, within --timeout-ms; of a list all
 * pages, unless one was asked for. As call_once and call_all_pages (operation_call.h). *ret_nobody, which may be NULL,
 * tells whether it failed because nobody listens there, or there is no socket at all.
 */
REWRAP_MUST_USE bool operation_ask(const ProtobufCMethodDescriptor *method, const struct globals *globals,
                                   json_t *request, json_t **ret, bool *ret_nobody, struct failure *failure);

/* The help of one operation: what it does, its options with their types, and what it answers. */
void operation_help(const ProtobufCMethodDescriptor *method, FILE *file);

/* "rewrapctl 1.2.3". */
void operation_help_version(FILE *file);

/* The rows of the global options, for every help. */
void operation_help_globals(FILE *file);
