/* Which content codings a client takes (Accept-Encoding, RFC 9110 section 12.5.3). Pure. */
#ifndef SL_ENCODING_H
#define SL_ENCODING_H

#include "sink/compress.h"

/* By coding, what the client said: 0 nothing, else 1 + its weight in thousandths. */
struct sl_encodings {
    int gzip;
    int zstd;
    int identity;
    int others; /* "*": gzip where it did not name that */
};

/*
 * Takes one field line in; *encodings is all 0 before the first.  A coding whose weight
 * is malformed counts as refused; one that is not known here is left out.
 */
void sl_encodings_add(struct sl_encodings *encodings, const char *value);

/*
 * The coding with the largest weight; of two the one that compresses better, and any
 * before none.  zstd only where it is named: many who say "*" have never heard of it.
 * SL_PLAIN where the client takes nothing, not even that: a 406 would
 * help nobody, and the RFC leaves it to the server.
 */
enum sl_compression sl_encodings_choose(const struct sl_encodings *encodings);

/* The name for Content-Encoding; NULL for SL_PLAIN. */
const char *sl_encoding_name(enum sl_compression compression);

#endif
