#include "catalog/sqlchars.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TYPE_WORD_MAX 16 /* longest of type_words, and its NUL */

/*
 * Types that `TYPE 'constant'` is written with, sorted.  Only type names: a
 * keyword such as LIKE or LIMIT may stand before a parameter.  `zone` is left
 * to the lexer, because of AT TIME ZONE.
 */
static const char *const type_words[] = {
    "bigint",   "bit",       "bool",     "boolean",   "box",       "bpchar",    "bytea",
    "char",     "character", "cidr",     "circle",    "citext",    "date",      "daterange",
    "dec",      "decimal",   "float",    "float4",    "float8",    "hstore",    "inet",
    "int",      "int2",      "int4",     "int4range", "int8",      "int8range", "integer",
    "interval", "json",      "jsonb",    "jsonpath",  "line",      "lseg",      "ltree",
    "macaddr",  "macaddr8",  "money",    "nchar",     "numeric",   "numrange",  "oid",
    "path",     "pg_lsn",    "point",    "polygon",   "precision", "real",      "regclass",
    "regproc",  "regtype",   "smallint", "text",      "time",      "timestamp", "timestamptz",
    "timetz",   "tsquery",   "tsrange",  "tstzrange", "tsvector",  "uuid",      "varbit",
    "varchar",  "varying",   "xml",
};

/* The types whose names are several words. */
static const char *const long_types[] = {
    "bit varying",
    "char varying",
    "character varying",
    "double precision",
    "interval day",
    "interval day to hour",
    "interval day to minute",
    "interval day to second",
    "interval hour",
    "interval hour to minute",
    "interval hour to second",
    "interval minute",
    "interval minute to second",
    "interval month",
    "interval second",
    "interval year",
    "interval year to month",
    "national char",
    "national char varying",
    "national character",
    "national character varying",
    "nchar varying",
    "time with time zone",
    "time without time zone",
    "timestamp with time zone",
    "timestamp without time zone",
};

bool sl_sql_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool sl_sql_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

bool sl_sql_name_char(char c)
{
    return sl_sql_word_start(c) || (c >= '0' && c <= '9');
}

bool sl_sql_word_char(char c)
{
    return sl_sql_name_char(c) || c == '$';
}

bool sl_sql_word_is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

static int compare_words(const void *key, const void *entry)
{
    return strcasecmp(key, *(const char *const *)entry);
}

const char *sl_sql_type_word(const char *text, size_t len)
{
    char word[TYPE_WORD_MAX];
    const char *const *found;

    if (len == 0 || len >= sizeof(word))
        return NULL;
    memcpy(word, text, len);
    word[len] = '\0';
    found = bsearch(word, type_words, sizeof(type_words) / sizeof(type_words[0]),
                    sizeof(type_words[0]), compare_words);
    if (found == NULL)
        return NULL;
    if (strcmp(*found, "precision") == 0)
        return "double precision";
    return strcmp(*found, "varying") == 0 ? "varchar" : *found;
}

/* The length of text[0..len) without what makes it an array: `[]`, `[3]` or ` array`. */
static size_t element_length(const char *text, size_t len)
{
    static const char array[] = " array";
    size_t word = sizeof(array) - 1;

    while (len > 0 && text[len - 1] == ']') {
        while (len > 0 && text[len - 1] != '[')
            len--;
        len -= len > 0;
        while (len > 0 && text[len - 1] == ' ')
            len--;
    }
    return len > word && sl_sql_word_is(text + len - word, word, array) ? len - word : len;
}

bool sl_sql_type_name(const char *text, size_t len)
{
    bool quoted = false;
    size_t spaces = 0;

    len = element_length(text, len);
    for (size_t i = 0; i < len; i++) {
        quoted ^= text[i] == '"';
        spaces += text[i] == ' ' && !quoted;
    }
    if (spaces == 0)
        return len > 0;
    for (size_t i = 0; i < sizeof(long_types) / sizeof(long_types[0]); i++)
        if (sl_sql_word_is(text, len, long_types[i]))
            return true;
    return false;
}
