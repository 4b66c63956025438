/* A fault that only looking at both branches finds, and a suspicious one. */
#include <stdlib.h>
#include <string.h>

int bad(int n);

int bad(int n)
{
    char *p = malloc(4);
    if (n > 3) {
        return 1;
    }
    memset(p, sizeof(p), 0);
    free(p);
    return p[0];
}
