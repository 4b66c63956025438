/* Any bytes as a configuration file: refused with one line, or read and freed. */
#include "settings.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings *settings = NULL;
    char error[512] = "";
    if (settings_parse("f", view_of(data, size), &settings, error, sizeof error)) {
        if (settings_fixed_difference(settings, settings) != NULL) {
            abort();
        }
        settings_free(settings);
    } else if (settings != NULL || error[0] == '\0' || strchr(error, '\n') != NULL) {
        abort();
    }
    return 0;
}
