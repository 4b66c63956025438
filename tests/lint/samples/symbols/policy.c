/* Stands for a libpolicy that is not pure and gives out a name of somebody else's. */
#include <stdio.h>
#include <time.h>

int p11_kit_something(void);
int hsm_stolen_name(void);

int hsm_stolen_name(void)
{
    return puts("I/O") + (int)time(NULL) + p11_kit_something();
}
