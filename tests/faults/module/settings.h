/* Where the module finds what it needs: the environment, or C_Initialize's pReserved. */
#pragma once

#include <stdbool.h>

struct faulty_settings {
    const char *module;  /* that it stands before */
    const char *control; /* the script; NULL: it does not misbehave */
    const char *state;   /* the counters; NULL: none */
    const char *inner;   /* what the module behind gets as pReserved; NULL: nothing */
};

/* The same pointer for the life of the process. */
const struct faulty_settings *faulty_settings(void);

/* Reads `faulty: module=PATH control=PATH state=PATH init=REST`; false when it begins otherwise. */
bool faulty_settings_read(const char *reserved);
