#include "hsm/token.h"
