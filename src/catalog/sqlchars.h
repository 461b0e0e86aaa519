/* Characters and words of SQL, as PostgreSQL's scanner (scan.l) classes them. Pure. */
#ifndef SL_SQLCHARS_H
#define SL_SQLCHARS_H

#include <stdbool.h>
#include <stddef.h>

/* \v is a blank since PostgreSQL 16; before that it is a syntax error anyway. */
bool sl_sql_space(char c);

/* Unquoted words: bytes from 128 on are letters, and a dollar may follow the first character. */
bool sl_sql_word_start(char c);
bool sl_sql_word_char(char c);

/* What psql takes for a character of a variable's name; also those of a dollar quote's tag. */
bool sl_sql_name_char(char c);

/* Is text[0..len) this lower-case word, in any case? */
bool sl_sql_word_is(const char *text, size_t len, const char *word);

/*
 * When text[0..len) is a word that ends the name of a type, as in `date '2026-01-01'`:
 * the type's short name.  NULL otherwise.
 */
const char *sl_sql_type_word(const char *text, size_t len);

/*
 * Can text[0..len) name a type?  One word can, also with a schema or in quotes; of several
 * words (single spaces, any case) only those that SQL has: `timestamp with time zone`.
 */
bool sl_sql_type_name(const char *text, size_t len);

#endif
