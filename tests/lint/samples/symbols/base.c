/* Stands for a libbase that shares a name with libpolicy. */
int shared_name(void);

int shared_name(void)
{
    return 1;
}
