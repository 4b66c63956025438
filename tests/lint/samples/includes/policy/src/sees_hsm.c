#include "hsm/token.h"

#include <jansson.h>
