#include "hsm/token.h"

#include <sqlite3.h>
