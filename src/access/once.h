/*
 * The grants that were good for one use and have had it, each until it expires.
 * Per process: a restart forgets them, which is why they should be short-lived.
 * At most SL_ONCE_MAX; one lock inside, so that it may be used by any thread.
 */
#ifndef SL_ONCE_H
#define SL_ONCE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"

#define SL_ONCE_MAX 98304 /* 3 MB; three quarters of a power of two */

struct sl_once;

struct sl_once *sl_once_new(void);
void sl_once_free(struct sl_once *once);

/* SL_TICKET_GONE when it has been used.  `token` is all of the signed text. */
int sl_once_check(struct sl_once *once, const char *token, struct sl_error *err) SL_MUSTCHECK;

/*
 * Uses it up until `exp`, in Unix seconds as `now` is.  SL_TICKET_GONE when somebody was
 * faster, SL_FORBIDDEN when it has expired, as from then on its use may be forgotten,
 * SL_BUSY when SL_ONCE_MAX are remembered that have not expired.
 */
int sl_once_use(struct sl_once *once, const char *token, int64_t exp, int64_t now,
                struct sl_error *err) SL_MUSTCHECK;

/* Whoever has used it got nothing for it: it is as good as before. */
void sl_once_give_back(struct sl_once *once, const char *token);

#endif
