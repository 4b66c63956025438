/* A database of NSS softokn in a fixture's folder: a token of level sensitive. */
#pragma once

#include "fixture.h"

#define SOFTOKN_MODULE          "/usr/lib/x86_64-linux-gnu/libsoftokn3.so"
#define SOFTOKN_URI             "pkcs11:token=NSS%20Certificate%20DB"
#define SOFTOKN_INIT_ARGS_BYTES 256

/* Makes it, with FIXTURE_USER_PIN; its SO has no PIN. ret_init_args is what C_Initialize wants for it. */
void softokn_make(const struct fixture *fixture, char ret_init_args[SOFTOKN_INIT_ARGS_BYTES]);
