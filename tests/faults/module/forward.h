/* The functions as they stand in the module's function list: faulty_C_X has the type of C_X. */
#pragma once

#include "faulty.h"

#define X(name) __typeof__(name) faulty_##name;
FAULTY_FUNCTIONS(X)
#undef X
