/*
 * The request target (RFC 9112 section 3.2.1, origin-form only): a path and a
 * query string, split first and decoded afterwards, so that an escaped
 * separator is never a separator.  Strict: a bad percent escape, %00, a raw
 * control character, space or '#', and bytes that are not UTF-8 are refused.
 * Pure; one target belongs to one request.
 */
#ifndef SL_TARGET_H
#define SL_TARGET_H

#include "base/error.h"
#include "catalog/query.h"

/* Longest raw target: every proxy takes this much, and it leaves half of a connection's pool. */
#define SL_TARGET_MAX 8192

/* No route is as deep as this. */
#define SL_TARGET_SEGMENTS 8

struct sl_target {
    char *text; /* what everything below points into */
    const char *segments[SL_TARGET_SEGMENTS];
    size_t n_segments;   /* "/" has one, empty; "/a/" has two, the second empty */
    struct sl_args args; /* of the query string, in order; `a` is `a=` */
    struct sl_arg arg[SL_MAX_ARGS];
};

/*
 * Parses len bytes.  In the query string '+' is a space.  Errors are
 * SL_BAD_REQUEST and never quote a value; a path deeper than any route is
 * SL_NOT_FOUND.  Free with sl_target_fini(), also after an error.
 */
int sl_target_parse(struct sl_target *target, const char *raw, size_t len,
                    struct sl_error *err) SL_MUSTCHECK;

void sl_target_fini(struct sl_target *target);

#endif
