/*
 * The grants that were good for one use and have had it, each until it expires.
 * Per process: a restart forgets them, which is why they should be short-lived.
 * At most SL_ONCE_MAX; one lock inside, so that it may be used by any thread.  All
 * calls take time that grows with the logarithm of how many are remembered: a use
 * forgets a few of those that have expired, never all at once.
 *
 * A grant is told apart by `token`, all of the signed text, and `exp`, which stands
 * in that text and so is always the same for it.
 */
#ifndef SL_ONCE_H
#define SL_ONCE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"

/* 6 MB: each takes 64 bytes, for itself and for a node of the tree, both 24 and malloc's own 8. */
#define SL_ONCE_MAX 98304

struct sl_once;

/* NULL: no memory. */
struct sl_once *sl_once_new(void);

void sl_once_free(struct sl_once *once);

/* SL_TICKET_GONE when it has been used. */
int sl_once_check(struct sl_once *once, const char *token, int64_t exp,
                  struct sl_error *err) SL_MUSTCHECK;

/*
 * Uses it up until `exp`, in Unix seconds as `now` is.  SL_TICKET_GONE when somebody was
 * faster, SL_FORBIDDEN when it has expired, as from then on its use may be forgotten,
 * SL_BUSY when SL_ONCE_MAX are remembered that have not expired.
 */
int sl_once_use(struct sl_once *once, const char *token, int64_t exp, int64_t now,
                struct sl_error *err) SL_MUSTCHECK;

/* Whoever has used it got nothing for it: it is as good as before. */
void sl_once_give_back(struct sl_once *once, const char *token, int64_t exp);

#endif
