/* Readers of single header fields. Pure. */
#ifndef SL_FIELDS_H
#define SL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

/* Is it a token (RFC 9110 section 5.6.2), as every field name must be? */
bool sl_field_token(const char *name, size_t len);

/* Does a value of TE (RFC 9110 section 10.1.4) say that trailers are welcome? */
bool sl_field_te_trailers(const char *value);

/*
 * A qvalue (RFC 9110 section 12.4.2) in thousandths: 0 or 1, and up to three decimals,
 * which after 1 are zeros.  -1: it is none.
 */
int sl_field_weight(const char *text, size_t len);

/*
 * May a request with this Host reach the admin listener?  Yes for an IP literal,
 * `localhost`, and a name of the comma list `names`, each with or without a
 * port: a page of another site that has pointed its name at this machine (DNS
 * rebinding) carries that name here.
 */
bool sl_field_host_local(const char *host, const char *names);

#endif
