/* The operations of the service as commands: everything about them comes from the descriptors of rewrap.proto. */
#pragma once

#include "command_line.h"

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
};

/* Of the operation of that name in the service, or NULL. */
const struct operation_about *operation_about(const char *rpc);

/* Does what was typed after the command's name and prints the answer. Returns the exit code. */
int operation_run(const ProtobufCMethodDescriptor *method, const struct globals *globals, int argc, char **argv);

/* The help of one operation: what it does, its options with their types, and what it answers. */
void operation_help(const ProtobufCMethodDescriptor *method, FILE *file);

/* "rewrapctl 1.2.3". */
void operation_help_version(FILE *file);

/* The rows of the global options, for every help. */
void operation_help_globals(FILE *file);
