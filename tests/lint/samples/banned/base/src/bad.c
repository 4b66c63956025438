/* strcpy(in, a_comment) does not count. */
#include <string.h>

const char *text = "nor does sprintf(in, a_string)";

void bad(char *to, const char *from)
{
    strcpy(to, from);
    sprintf(to, "%s", from);
    gets(to);
    (void)strtok(to, " ");
    (void)atoi(from);
    (void)alloca(3);
    usleep(1);
    sleep(1);
    (void)memcmp(to, from, 1);
    strncpy(to, from, 1);
    pthread_create(0, 0, 0, 0);
    system(from);
}

typedef struct bad bad_t;
