void bad(CK_FUNCTION_LIST *f)
{
    (void)f->C_Finalize(0);
}
