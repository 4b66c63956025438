#include "p11_call.h"
