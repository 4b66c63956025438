#include "../../hsm/src/p11_call.h"
#include <p11-kit/pkcs11.h>
#include "someone_elses_private.h"
