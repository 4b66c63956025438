/* What time does to keys: see operations_sweep in operations/operation.h. */
#pragma once

#include "frame/pending.h"

/* Forgets what the sweep remembers; what it has under way will not be heard of any more. NULL is allowed. */
void operation_sweep_free(struct operation_sweep *sweep);
