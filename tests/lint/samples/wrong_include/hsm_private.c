#include "p11/p11_call.h"
