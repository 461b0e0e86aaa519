/*
 * JSON that others have made: one object, bounded before it is parsed, and what
 * its members may be.  Pure.
 */
#ifndef SL_DOCUMENT_H
#define SL_DOCUMENT_H

#include <jansson.h>

#include "base/error.h"
#include "catalog/query.h"

/* Nothing that is read here is deeper; jansson recurses, and a connection's stack is small. */
#define SL_DOCUMENT_DEPTH 8

/*
 * Parses text[0..len) as one object: UTF-8, no NUL, no name twice in an object.
 * `what` begins the message ("the ticket"), which tells the place and quotes
 * nothing.  Errors are of the given kind.  Give back with json_decref(); NULL on error.
 */
json_t *sl_document_load(const char *text, size_t len, const char *what, enum sl_kind kind,
                         struct sl_error *err);

/*
 * The position of `name` in names (NULL ends it), or -1 and an error of that kind
 * that suggests the nearest.
 */
int sl_document_find(const char *name, const char *const *names, const char *what,
                     enum sl_kind kind, struct sl_error *err) SL_MUSTCHECK;

/*
 * Appends the members of `object`, a document's `member`, to args: its params, filters or
 * options.  args has room for `max` in all.  A NULL object has none.  Each is a string or
 * null, which becomes "": left out, but its name must be right.  Options begin with
 * an underscore, and _run is not among them; params and filters do not.  Names and values
 * are borrowed.  Errors are SL_BAD_REQUEST.
 */
int sl_document_args(json_t *object, const char *what, const char *member, struct sl_args *args,
                     size_t max, struct sl_error *err) SL_MUSTCHECK;

#endif
