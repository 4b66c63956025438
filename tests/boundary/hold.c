/*
 * hold MODULE TOKEN-LABEL USER-PIN-FILE: reads an OAEP ciphertext of the token's one sealed RSA_2048 key from standard
 * input, has the token unwrap it, says "held", and keeps the payload on the token until it is ended. It never sees what
 * is in it. Where MODULE talks to a token in another process, the payload is in that process's memory meanwhile.
 */
#include "boundary.h"

#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: hold MODULE TOKEN-LABEL USER-PIN-FILE <CIPHERTEXT\n");
        return 2;
    }
    static struct world world;
    static struct blob blob;
    world_open(&world, argv[1], argv[2], argv[3]);
    blob.len = fread(blob.bytes, 1, sizeof blob.bytes, stdin);

    /* A public object: what is private SoftHSM encrypts in memory too, and then there would be nothing to find. */
    CK_ATTRIBUTE template[PAYLOAD_TEMPLATE_MAX];
    const size_t n = payload_template(template);
    const CK_ATTRIBUTE public_object = FLAG(CKA_PRIVATE, no);
    template_set(template, n, &public_object);
    CK_OBJECT_HANDLE payload;
    must(world.p11->C_UnwrapKey(world.session, &world.oaep, find_key(&world, "rewrapd:rsa:RSA_2048", CKO_PRIVATE_KEY),
                                blob.bytes, blob.len, template, n, &payload),
         "C_UnwrapKey");
    puts("held");
    fflush(stdout);
    pause();
    return 0;
}
