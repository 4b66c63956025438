/* The functions of the module's table: remote_C_X is what C_X does. PKCS#11 v2.40 section 3.6 asks for all of them. */
#pragma once

#include "function_names.h"
#include "remote.h"

#define X(name) __typeof__(name) remote_##name;
REMOTE_FORWARDED(X)
REMOTE_TRANSLATED(X)
REMOTE_OWN(X)
#undef X
