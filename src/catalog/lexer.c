#include "catalog/lexer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/units.h"
#include "catalog/sqlchars.h"

/* `timestamp with time zone` is the longest type name that has to be recognised. */
#define WORDS 4

struct word {
    const char *at;
    size_t len; /* 0: the token was no word */
};

struct lex {
    const char *file; /* NULL: SQL of a caller, where nothing is a parameter */
    int line;
    const char *sql; /* without NUL bytes: refused before the first token */
    size_t len;
    size_t pos;
    const struct sl_lex_param *params;
    size_t n_params;
    bool *used;
    struct sl_buf *out;
    size_t kept;              /* of out: up to the latest token, without blanks and comments */
    struct word words[WORDS]; /* the latest tokens, newest first */
    size_t brackets;          /* open [ */
    bool begun;
    bool ended; /* the semicolon was seen */
    struct sl_error *err;
};

enum token { BLANK, WORD, VARIABLE, PLAIN, SEMICOLON };

/* The byte at pos; NUL past the end, which is no byte of the text. */
static char at(const struct lex *lex, size_t pos)
{
    return pos < lex->len ? lex->sql[pos] : '\0';
}

static int fail(struct lex *lex, size_t pos, const char *fmt, ...) SL_PRINTF(3, 4);

static int fail(struct lex *lex, size_t pos, const char *fmt, ...)
{
    char text[sizeof(lex->err->message)];
    int line = lex->line;
    va_list args;

    for (size_t i = 0; i < pos && i < lex->len; i++)
        line += lex->sql[i] == '\n';
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (lex->file == NULL)
        return sl_error_set(lex->err, SL_BAD_QUERY, "line %d of the SQL: %s", line, text);
    return sl_error_set(lex->err, SL_CONFIG, "%s:%d: %s", lex->file, line, text);
}

/* What to say of a caller's SQL, which a message never quotes, or of an export file's. */
static const char *either(const struct lex *lex, const char *of_caller, const char *of_file)
{
    return lex->file == NULL ? of_caller : of_file;
}

/* The scanner's newline is \n or \r, so a lone \r ends a comment, too. */
static size_t line_comment_end(const struct lex *lex, size_t pos)
{
    while (pos < lex->len && lex->sql[pos] != '\n' && lex->sql[pos] != '\r')
        pos++;
    return pos;
}

static int block_comment_end(struct lex *lex, size_t *pos)
{
    size_t depth = 0;
    size_t i = *pos;

    while (i < lex->len) {
        if (at(lex, i) == '/' && at(lex, i + 1) == '*') {
            depth++;
            i += 2;
        } else if (at(lex, i) == '*' && at(lex, i + 1) == '/') {
            i += 2;
            if (--depth == 0) {
                *pos = i;
                return 0;
            }
        } else {
            i++;
        }
    }
    return fail(lex, *pos, "this comment does not end; close it with */ (comments nest)");
}

/* '...' and "...": a doubled quote stands for one. */
static int quoted_end(struct lex *lex, size_t *pos)
{
    char quote = lex->sql[*pos];

    for (size_t i = *pos + 1; i < lex->len; i++) {
        if (lex->sql[i] != quote)
            continue;
        if (at(lex, i + 1) != quote) {
            *pos = i + 1;
            return 0;
        }
        i++;
    }
    return fail(lex, *pos, "this %s does not end; close it with %c",
                quote == '"' ? "quoted name" : "literal", quote);
}

/*
 * After a closing quote: the quote that goes on with the same literal, or 0.
 * SQL joins 'a' and 'b' when a newline lies between them.
 */
static size_t continuation(const struct lex *lex, size_t pos)
{
    bool newline = false;

    for (;;) {
        char c = at(lex, pos);

        if (c == '\n' || c == '\r') {
            newline = true;
            pos++;
        } else if (sl_sql_space(c)) {
            pos++;
        } else if (c == '-' && at(lex, pos + 1) == '-') {
            pos = line_comment_end(lex, pos);
        } else {
            return newline && c == '\'' ? pos : 0;
        }
    }
}

/* E'...': backslash escapes, which hold in its continuations as well. *pos is at the quote. */
static int escape_string_end(struct lex *lex, size_t *pos)
{
    size_t i = *pos + 1;

    while (i < lex->len) {
        char c = lex->sql[i];

        if (c == '\\' || (c == '\'' && at(lex, i + 1) == '\'')) {
            i += 2;
        } else if (c == '\'') {
            size_t next = continuation(lex, i + 1);
            if (next == 0) {
                *pos = i + 1;
                return 0;
            }
            i = next + 1;
        } else {
            i++;
        }
    }
    return fail(lex, *pos, "this E'...' literal does not end; close it with '");
}

/* $tag$...$tag$. A dollar inside a word never gets here. */
static int dollar_end(struct lex *lex, size_t *pos)
{
    size_t tag = *pos + 1;
    const char *end;

    if (at(lex, tag) >= '0' && at(lex, tag) <= '9')
        return lex->file == NULL
                   ? fail(lex, *pos, "$%c is a parameter; put the values in place, as literals",
                          at(lex, tag))
                   : fail(lex, *pos,
                          "$%c is not for export files; declare a parameter (-- param: NAME TYPE) "
                          "and write :NAME",
                          at(lex, tag));
    if (sl_sql_word_start(at(lex, tag)))
        while (sl_sql_name_char(at(lex, tag)))
            tag++;
    if (at(lex, tag) != '$')
        return fail(lex, *pos, "this $ begins neither a word nor a $tag$ literal; remove it");
    tag = tag + 1 - *pos;
    end = memmem(lex->sql + *pos + tag, lex->len - *pos - tag, lex->sql + *pos, tag);
    if (end == NULL)
        return fail(lex, *pos, "this literal does not end; close it with %.*s",
                    lex->file == NULL ? 1 : (int)(tag < 64 ? tag : 64), lex->sql + *pos);
    *pos = (size_t)(end - lex->sql) + tag;
    return 0;
}

/* Only as far as is needed to not mistake the e of 1e5 for a word. */
static size_t number_end(const struct lex *lex, size_t pos)
{
    size_t exponent;

    while ((at(lex, pos) >= '0' && at(lex, pos) <= '9') || at(lex, pos) == '.')
        pos++;
    if (at(lex, pos) != 'e' && at(lex, pos) != 'E')
        return pos;
    exponent = pos + 1;
    if (at(lex, exponent) == '+' || at(lex, exponent) == '-')
        exponent++;
    if (at(lex, exponent) < '0' || at(lex, exponent) > '9')
        return pos;
    while (at(lex, exponent) >= '0' && at(lex, exponent) <= '9')
        exponent++;
    return exponent;
}

/* A word, or a literal that a letter introduces. B'', X'', N'' and U&'' need no care: read as ''.
 */
static int word_end(struct lex *lex, size_t *pos, enum token *token)
{
    size_t i = *pos;

    while (sl_sql_word_char(at(lex, i)))
        i++;
    *token = WORD;
    if (i == *pos + 1 && (lex->sql[*pos] | 0x20) == 'e' && at(lex, i) == '\'') {
        *token = PLAIN;
        *pos = i;
        return escape_string_end(lex, pos);
    }
    *pos = i;
    return 0;
}

/* `::` and `:=` are operators, a colon that nothing of psql's follows is one of an array slice. */
static int colon_end(struct lex *lex, size_t *pos, enum token *token)
{
    char next = at(lex, *pos + 1);
    size_t name = *pos + 1 + (next == '\'');
    size_t end = name;

    *token = PLAIN;
    if (lex->file == NULL) {
        *pos += next == ':' || next == '=' ? 2 : 1;
        return 0;
    }
    if (next == '"')
        return fail(lex, *pos,
                    ":\"...\" is not for export files: a name cannot be a parameter; in an array "
                    "slice put a blank after the colon");
    if (next == '{' && at(lex, *pos + 2) == '?')
        return fail(lex, *pos,
                    ":{?...} is not for export files; declare the parameter nullable (TYPE?) and "
                    "write :NAME IS NULL");
    if (next == ':' || next == '=') {
        *pos += 2;
        return 0;
    }
    while (sl_sql_name_char(at(lex, end)))
        end++;
    if (next != '\'' && end == name) {
        *pos += 1;
        return 0;
    }
    if (next == '\'' && (end == name || at(lex, end) != '\''))
        return fail(lex, *pos, ":' begins no parameter; write :'NAME'");
    *token = VARIABLE;
    *pos = end + (next == '\'');
    return 0;
}

/* Finds the end of the token that begins at *pos. */
static int token_end(struct lex *lex, size_t *pos, enum token *token)
{
    char c = lex->sql[*pos];
    char next = at(lex, *pos + 1);

    *token = BLANK;
    if (sl_sql_space(c)) {
        while (sl_sql_space(at(lex, *pos)))
            ++*pos;
        return 0;
    }
    if (c == '-' && next == '-') {
        *pos = line_comment_end(lex, *pos);
        return 0;
    }
    if (c == '/' && next == '*')
        return block_comment_end(lex, pos);
    if (sl_sql_word_start(c))
        return word_end(lex, pos, token);
    if (c == ':')
        return colon_end(lex, pos, token);
    *token = c == ';' ? SEMICOLON : PLAIN;
    if (c == '\'' || c == '"')
        return quoted_end(lex, pos);
    if (c == '$')
        return dollar_end(lex, pos);
    if (c == '\\')
        return fail(lex, *pos, "%s",
                    either(lex, "a backslash outside of a literal",
                           "psql's backslash commands are not for export files; remove it"));
    *pos = c >= '0' && c <= '9' ? number_end(lex, *pos) : *pos + 1;
    return 0;
}

/* The type to write after :: when the word before a parameter makes it psql's TYPE 'constant'. */
static const char *type_before(const struct lex *lex)
{
    const struct word *words = lex->words;

    if (sl_sql_word_is(words[0].at, words[0].len, "zone")) {
        /* `AT TIME ZONE :'tz'` is an operator and its argument. */
        bool with = sl_sql_word_is(words[2].at, words[2].len, "with");
        bool time = sl_sql_word_is(words[3].at, words[3].len, "time");

        if (!sl_sql_word_is(words[1].at, words[1].len, "time") ||
            (!with && !sl_sql_word_is(words[2].at, words[2].len, "without")))
            return NULL;
        if (time)
            return with ? "timetz" : "time";
        return with ? "timestamptz" : "timestamp";
    }
    if (sl_sql_word_is(words[0].at, words[0].len, "varying") &&
        sl_sql_word_is(words[1].at, words[1].len, "bit"))
        return "varbit";
    return sl_sql_type_word(words[0].at, words[0].len);
}

static int undeclared(struct lex *lex, const char *name, size_t len)
{
    size_t pos = (size_t)(name - lex->sql);
    const char **names = calloc(lex->n_params + 1, sizeof(*names));
    const char *near = NULL;
    char word[80];

    snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len : sizeof(word) - 1), name);
    if (names != NULL) {
        for (size_t i = 0; i < lex->n_params; i++)
            names[i] = lex->params[i].name;
        near = sl_suggest(word, names);
    }
    if (near != NULL)
        fail(lex, pos, ":%s is not declared; did you mean :%s?", word, near);
    else
        fail(lex, pos,
             ":%s is not declared; add a line \"-- param: %s TYPE\" to the header, which ends at "
             "the first blank line",
             word, word);
    free(names);
    return -1;
}

static int too_long(struct lex *lex, size_t pos)
{
    return fail(lex, pos, "the query is too long, or memory ran out; shorten it");
}

static int copy(struct lex *lex, size_t start, size_t end)
{
    return sl_buf_add(lex->out, lex->sql + start, end - start) == 0 ? 0 : too_long(lex, start);
}

/* Writes the variable that lies in [start, end). */
static int substitute(struct lex *lex, size_t start, size_t end)
{
    bool quoted = lex->sql[start + 1] == '\'';
    const char *name = lex->sql + start + 1 + quoted;
    size_t len = end - start - 1 - 2 * (size_t)quoted;
    const char *type = type_before(lex);
    size_t i;

    for (i = 0; i < lex->n_params; i++)
        if (strlen(lex->params[i].name) == len && memcmp(lex->params[i].name, name, len) == 0)
            break;
    if (i == lex->n_params) {
        if (quoted || lex->brackets == 0)
            return undeclared(lex, name, len);
        /* An array slice, [1:n]. */
        return copy(lex, start, end);
    }
    if (type != NULL)
        return fail(lex, start, "%.*s %.*s needs a constant, not a parameter; write %.*s::%s",
                    (int)lex->words[0].len, lex->words[0].at, (int)(end - start), lex->sql + start,
                    (int)(end - start), lex->sql + start, type);
    if (lex->used != NULL)
        lex->used[i] = true;
    if (sl_buf_printf(lex->out, "($%zu::%s)", i + 1, lex->params[i].type) != 0)
        return too_long(lex, start);
    return 0;
}

/* The first token says whether this is a query at all. */
static int begin(struct lex *lex, size_t start, size_t end, enum token token)
{
    static const char *const queries[] = {"select", "with", "values", "table"};
    const char *text = lex->sql + start;
    size_t len = end - start;

    if (*text == '(') /* what follows is looked at as well: EXPLAIN would take it for its options */
        return 0;
    lex->begun = true;
    for (size_t i = 0; token == WORD && i < sizeof(queries) / sizeof(queries[0]); i++)
        if (sl_sql_word_is(text, len, queries[i]))
            return 0;
    if (lex->file == NULL)
        return fail(lex, start, "it is no query: that begins with SELECT, WITH, VALUES or TABLE");
    return fail(lex, start,
                "the query begins with %.*s; an export is one SELECT, WITH, VALUES or TABLE",
                (int)(len < 40 ? len : 40), text);
}

static int accept_token(struct lex *lex, size_t start, enum token token)
{
    const char *text = lex->sql + start;

    if (lex->ended)
        return fail(lex, start,
                    "a second statement begins here; %s is one query with at most one ; at "
                    "its end",
                    either(lex, "a ticket", "an export"));
    if (token == SEMICOLON) {
        lex->ended = true;
        return lex->begun ? 0 : fail(lex, start, "there is no query before this ;");
    }
    if (!lex->begun && begin(lex, start, lex->pos, token) != 0)
        return -1;
    if (token == VARIABLE) {
        if (substitute(lex, start, lex->pos) != 0)
            return -1;
    } else if (copy(lex, start, lex->pos) != 0) {
        return -1;
    }
    lex->brackets += *text == '[';
    lex->brackets -= *text == ']' && lex->brackets > 0;
    memmove(lex->words + 1, lex->words, (WORDS - 1) * sizeof(lex->words[0]));
    lex->words[0].at = text;
    lex->words[0].len = token == WORD ? lex->pos - start : 0;
    lex->kept = lex->out->len;
    return 0;
}

static int read_all(struct lex *lex)
{
    const char *nul = memchr(lex->sql, '\0', lex->len);

    if (nul != NULL)
        return fail(lex, (size_t)(nul - lex->sql), "a NUL byte cannot be in a query; remove it");
    while (lex->pos < lex->len) {
        size_t start = lex->pos;
        enum token token;

        if (token_end(lex, &lex->pos, &token) != 0)
            return -1;
        if (token != BLANK) {
            if (accept_token(lex, start, token) != 0)
                return -1;
        } else if (!lex->ended && copy(lex, start, lex->pos) != 0) {
            return -1;
        }
    }
    if (!lex->begun)
        return fail(lex, 0, "there is no query%s",
                    either(lex, "", "; write a SELECT after the header"));
    /* Trailing comments go, so that the text can be put between parentheses. */
    lex->out->len = lex->kept;
    lex->out->data[lex->kept] = '\0';
    return 0;
}

int sl_lex_query(const char *file, int line, const char *sql, size_t len,
                 const struct sl_lex_param *params, size_t n_params, bool *used, struct sl_buf *out,
                 struct sl_error *err)
{
    struct lex lex = {.file = file,
                      .line = line,
                      .sql = sql,
                      .len = len,
                      .params = params,
                      .n_params = n_params,
                      .used = used,
                      .out = out,
                      .kept = out->len,
                      .err = err};

    for (size_t i = 0; used != NULL && i < n_params; i++)
        used[i] = false;
    return read_all(&lex);
}

int sl_lex_foreign(const char *sql, size_t len, struct sl_buf *out, struct sl_error *err)
{
    struct lex lex = {.line = 1, .sql = sql, .len = len, .out = out, .kept = out->len, .err = err};

    return read_all(&lex);
}
