/* A target with planted defects: reached by a seed as it is, by one cut short and by one with a flipped bit. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is(const char *text, const uint8_t *data, size_t size)
{
    return size == strlen(text) && memcmp(text, data, size) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (is("whole", data, size)) {
        puts("planted defect: whole seed");
    }
    if (is("cut he", data, size)) {
        puts("planted defect: truncation");
    }
    if (is("flip mE", data, size)) { /* 'e' with bit 5 flipped */
        puts("planted defect: flipped bit");
        exit(1); /* not abort(): ctest counts a signal as a failure even where a failure is wanted */
    }
    return 0;
}
