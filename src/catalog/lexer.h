/*
 * Reads SQL text the way PostgreSQL's scanner (scan.l) and psql's variables do,
 * as far as needed to find parameters, statement ends and the first word.
 * Pure; standard_conforming_strings is on.
 */
#ifndef SL_LEXER_H
#define SL_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

/* A declared parameter, as the lexer needs it. */
struct sl_lex_param {
    const char *name;
    const char
        *type; /* as declared, already checked: letters, digits, _ . [ ] " and single spaces */
};

/*
 * Rewrites `sql` into `out`: each `:name` and `:'name'` of params[i] becomes
 * `($i+1::type)`, everything else is copied, a trailing `;` and what follows
 * (comments, blanks) is dropped.  Refuses: a second statement, an empty text, a
 * first word that is no query (SELECT, WITH, VALUES, TABLE or a parenthesis),
 * undeclared variables, :"name", :{?name}, $1, a backslash command, TYPE :'x',
 * an unterminated literal or comment.  Errors are SL_CONFIG, `file:line: ...`
 * with advice; `line` is the number of the first line of sql in file.
 * used[i] is set when params[i] occurs (used may be NULL).
 */
int sl_lex_query(const char *file, int line, const char *sql, size_t len,
                 const struct sl_lex_param *params, size_t n_params, bool *used, struct sl_buf *out,
                 struct sl_error *err) SL_MUSTCHECK;

/*
 * The same for SQL that a caller has made, with its literals in place: nothing is
 * a parameter, so every colon is left to PostgreSQL and $1 is refused.  Errors
 * are SL_BAD_QUERY, tell the line and the reason, and never quote the text.
 */
int sl_lex_foreign(const char *sql, size_t len, struct sl_buf *out,
                   struct sl_error *err) SL_MUSTCHECK;

#endif
