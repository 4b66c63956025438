/* The heap under a test: makes allocations of our own code fail on demand, and looks at what is freed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The n-th malloc or calloc from now on fails, once; 0: none does. Only calls from code linked statically are counted.
 */
void heap_fail_at(size_t n);

/* Whether that allocation was reached. */
bool heap_failed(void);

/* malloc and calloc less free, since the program began: the same number before and after means nothing was left. */
long heap_balance(void);

/* Whether every block freed since heap_watch_frees was all zeros. */
void heap_watch_frees(void);
bool heap_frees_were_clean(void);
