/* Stands for a libpolicy that is not pure, declares a name of somebody else's and defines one of libbase. */
#include <stdio.h>
#include <time.h>

int p11_kit_something(void);
int hsm_stolen_name(void);
int shared_name(void);

int hsm_stolen_name(void)
{
    return puts("I/O") + (int)time(NULL) + p11_kit_something();
}

int shared_name(void)
{
    return 2;
}
