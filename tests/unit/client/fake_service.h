/* The answers of the daemon that rewrapctl is tried against: good ones, errors, and some that no daemon should give. */
#pragma once

#define FAKE_LONG_ERROR_CHARACTERS 20000 /* of two bytes each: more than anything is cut to */

/*
 * A fake_serve_fn. ReEncrypt gives back the blob that came; its destination key id names an error to be answered:
 * alias/none, silent-error, silent-internal, hostile-error, long-error, or never (no answer). ListKeys has five keys,
 * two a page. ListAliases gives no ListAliasesResponse, and with a key pages without an end.
 */
void fake_service_serve(int fd);
