#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "catalog/lexer.h"

static const struct sl_lex_param params[] = {{"p", "t"}, {"since", "date"}, {"ids", "int[]"}};
#define N_PARAMS (sizeof(params) / sizeof(params[0]))

/* What became of a text: the query, or the message. */
static char result[64 * 1024];
static bool used[N_PARAMS];

static int lex_bytes(const char *sql, size_t len)
{
    struct sl_buf out;
    struct sl_error err;
    int status;

    sl_buf_init(&out, sizeof(result) - 1);
    status = sl_lex_query("f.sql", 5, sql, len, params, N_PARAMS, used, &out, &err);
    if (status != 0)
        ck_assert_int_eq(err.kind, SL_CONFIG);
    ck_assert_uint_lt(strlen(out.data), sizeof(result));
    memcpy(result, status == 0 ? out.data : err.message,
           strlen(status == 0 ? out.data : err.message) + 1);
    sl_buf_free(&out);
    return status;
}

static const char *lex(const char *sql)
{
    /* On the heap with its exact size, so that a sanitizer sees a read past the end. */
    char *copy = malloc(strlen(sql) + 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, sql, strlen(sql));
    ck_assert_msg(lex_bytes(copy, strlen(sql)) == 0, "%s: %s", sql, result);
    free(copy);
    return result;
}

static const char *refused(const char *sql)
{
    ck_assert_msg(lex_bytes(sql, strlen(sql)) == -1, "%s: accepted as %s", sql, result);
    return result;
}

#define same(sql) ck_assert_str_eq(lex(sql), sql)
#define refuses(sql, start, advice)                                                                \
    do {                                                                                           \
        ck_assert_msg(strncmp(refused(sql), start, strlen(start)) == 0, "%s", result);             \
        ck_assert_msg(strstr(result, advice) != NULL, "%s", result);                               \
    } while (0)

START_TEST(both_spellings_become_the_bind_parameter)
{
    ck_assert_str_eq(lex("SELECT :p, :'p'"), "SELECT ($1::t), ($1::t)");
    ck_assert_str_eq(lex("SELECT * FROM o WHERE d >= :'since' AND id = ANY(:ids)"),
                     "SELECT * FROM o WHERE d >= ($2::date) AND id = ANY(($3::int[]))");
    ck_assert(!used[0] && used[1] && used[2]);
    ck_assert_str_eq(lex("SELECT :p"), "SELECT ($1::t)");
    ck_assert(used[0] && !used[1] && !used[2]);
}
END_TEST

START_TEST(a_parameter_ends_where_psql_ends_it)
{
    ck_assert_str_eq(lex("SELECT :p::text"), "SELECT ($1::t)::text");
    ck_assert_str_eq(lex("SELECT:p"), "SELECT($1::t)");
    ck_assert_str_eq(lex("SELECT (:p)+:p-:p"), "SELECT (($1::t))+($1::t)-($1::t)");
    ck_assert_str_eq(lex("SELECT a=:p,b<:p,c@>:p"), "SELECT a=($1::t),b<($1::t),c@>($1::t)");
    ck_assert_str_eq(lex("SELECT :p:p"), "SELECT ($1::t)($1::t)");
    ck_assert_str_eq(lex("SELECT :p--x\n+1"), "SELECT ($1::t)--x\n+1");
    ck_assert_str_eq(lex("SELECT :p/**/"), "SELECT ($1::t)");
    ck_assert_str_eq(lex("SELECT :'p''x'"), "SELECT ($1::t)'x'");
    ck_assert_str_eq(lex("SELECT a:::p"), "SELECT a::($1::t)");
    ck_assert_str_eq(lex("SELECT a:=:p"), "SELECT a:=($1::t)");
    ck_assert_str_eq(lex("SELECT 1:p"), "SELECT 1($1::t)");
    refuses("SELECT :pp", "f.sql:5: :pp is not declared", "did you mean :p?");
    refuses("SELECT :p1", "f.sql:5: :p1 is not declared", "");
    refuses("SELECT :p\xC3\xA9", "f.sql:5: :p\xC3\xA9 is not declared", "");
}
END_TEST

START_TEST(casts_assignments_and_slices_are_left_alone)
{
    same("SELECT a::int, '1'::text::date");
    same("SELECT f(a := 1, b :=2)");
    same("SELECT a[1:2], a[:2], a[1:], a[:], a[i:j], a[ i : j ]");
    same("SELECT a[b[1:n]:m][k:2]");
    same("SELECT a[(1):(2)]");
    same("SELECT a [1:p_1]");
    ck_assert_str_eq(lex("SELECT a[1:p]"), "SELECT a[1($1::t)]");
    ck_assert_str_eq(lex("SELECT a[:p]"), "SELECT a[($1::t)]");
    ck_assert_str_eq(lex("SELECT a[1: p]"), "SELECT a[1: p]");
    refuses("SELECT a[1:'n']", "f.sql:5: :n is not declared", "");
    refuses("SELECT a[1:n], :n", "f.sql:5: :n is not declared", "");
    refuses("SELECT a], :n", "f.sql:5: :n is not declared", "");
    refuses("SELECT 1 :2", "f.sql:5: :2 is not declared", "");
}
END_TEST

START_TEST(nothing_inside_a_literal_is_touched)
{
    same("SELECT ':p', ':''p''', 'it''s :p', '', '''', ''':p'");
    same("SELECT '\\', ':p'");
    same("SELECT ' ; -- :p /* ', '\n:p\n'");
    same("SELECT B'01:p', X'1F:p', N':p', b'', x'', n''");
    same("SELECT U&':p\\0041', U&'\\' UESCAPE '!', u&':p'");
    ck_assert_str_eq(lex("SELECT '\\' || :p || '\\'"), "SELECT '\\' || ($1::t) || '\\'");
}
END_TEST

START_TEST(a_backslash_escapes_in_e_literals_only)
{
    same("SELECT E'\\':p', e'\\\\', E'''\\''':p'");
    ck_assert_str_eq(lex("SELECT E'\\\\', :p"), "SELECT E'\\\\', ($1::t)");
    ck_assert_str_eq(lex("SELECT E'a\\\n:p', :p"), "SELECT E'a\\\n:p', ($1::t)");
    /* The E of a longer word, or apart from the quote, makes no such literal. */
    ck_assert_str_eq(lex("SELECT fe'\\', :p"), "SELECT fe'\\', ($1::t)");
    ck_assert_str_eq(lex("SELECT _e'\\', :p"), "SELECT _e'\\', ($1::t)");
    ck_assert_str_eq(lex("SELECT $$x$$e$e'\\', :p"), "SELECT $$x$$e$e'\\', ($1::t)");
    ck_assert_str_eq(lex("SELECT E '\\', :p"), "SELECT E '\\', ($1::t)");
    ck_assert_str_eq(lex("SELECT \"E\"'\\', :p"), "SELECT \"E\"'\\', ($1::t)");
    /* A number does not swallow it. */
    same("SELECT 1e'\\':p'");
    same("SELECT 1e5e'\\':p'");
}
END_TEST

START_TEST(a_literal_goes_on_after_a_newline)
{
    ck_assert_str_eq(lex("SELECT 'a'\n':p' || :p"), "SELECT 'a'\n':p' || ($1::t)");
    same("SELECT E'a'\n'\\':p'");
    same("SELECT E'a' \t\r ' \\':p'");
    same("SELECT E'a' -- it's :p\n'\\':p'");
    same("SELECT E'a' -- one\n\n -- two\r\n '\\':p'");
    same("SELECT E'a'\n'b'\n'\\':p'");
    /* Without a newline, or with another comment, it is a plain literal. */
    ck_assert_str_eq(lex("SELECT E'a' '\\', :p"), "SELECT E'a' '\\', ($1::t)");
    ck_assert_str_eq(lex("SELECT E'a' /*\n*/ '\\', :p"), "SELECT E'a' /*\n*/ '\\', ($1::t)");
    ck_assert_str_eq(lex("SELECT 'a'\n'\\', :p"), "SELECT 'a'\n'\\', ($1::t)");
    ck_assert_str_eq(lex("SELECT E'a'\n, '\\', :p"), "SELECT E'a'\n, '\\', ($1::t)");
    ck_assert_str_eq(lex("SELECT E'a'\n/**/'\\', :p"), "SELECT E'a'\n/**/'\\', ($1::t)");
    ck_assert_str_eq(lex("SELECT E'a'\n-- :p"), "SELECT E'a'");
}
END_TEST

START_TEST(nothing_inside_a_quoted_name_is_touched)
{
    same("SELECT \":p\", \"a\"\":p\", \"it's\", \"\\\", U&\":p\\0041\"");
    same("SELECT a AS \"x;y\", \"--\", \"/*\"");
    ck_assert_str_eq(lex("SELECT \"'\", :p, \"'\""), "SELECT \"'\", ($1::t), \"'\"");
}
END_TEST

START_TEST(nothing_inside_dollar_quotes_is_touched)
{
    same("SELECT $$:p'$$, $a$ $$ :p $b$ $A$ $a$, $_1$:p$_1$, $\xC3\xA9$:p$\xC3\xA9$");
    same("SELECT $a$$a$, $$$$");
    same("SELECT $a$x$$a$");
    same("SELECT 1$$:p$$");
    ck_assert_str_eq(lex("SELECT $a$ $a $a$ || :p"), "SELECT $a$ $a $a$ || ($1::t)");
    ck_assert_str_eq(lex("SELECT $a$x$aa$a$, :p"), "SELECT $a$x$aa$a$, ($1::t)");
}
END_TEST

START_TEST(a_dollar_inside_a_word_begins_nothing)
{
    ck_assert_str_eq(lex("SELECT a$b$, :p, c$b$"), "SELECT a$b$, ($1::t), c$b$");
    ck_assert_str_eq(lex("SELECT a$$, :p, b$$"), "SELECT a$$, ($1::t), b$$");
    ck_assert_str_eq(lex("SELECT a$1, :p"), "SELECT a$1, ($1::t)");
    ck_assert_str_eq(lex("SELECT \xC3\xA9$$, :p"), "SELECT \xC3\xA9$$, ($1::t)");
}
END_TEST

START_TEST(nothing_inside_a_comment_is_touched)
{
    same("SELECT 1 -- :p ' \" $$ /* \\ ;\n, 2");
    same("SELECT 1 /* :p ' \" $$ -- ; */, 2");
    same("SELECT 1 /* a /* :p */ :p */, 2");
    same("SELECT 1 /*/ :p */, 2");
    same("SELECT 1 /***/, 2 /**/, 3 /*/**/*/, 4 /* **/, 5");
    same("/* :p */ SELECT 1");
    same("-- :p\nSELECT 1");
    ck_assert_str_eq(lex("SELECT 1 /* /* */ */, :p"), "SELECT 1 /* /* */ */, ($1::t)");
    ck_assert_str_eq(lex("SELECT 1 -- x\r, :p"), "SELECT 1 -- x\r, ($1::t)");
    ck_assert_str_eq(lex("SELECT 1 -- x\\\n, :p"), "SELECT 1 -- x\\\n, ($1::t)");
    /* Inside a row of operator characters, too. */
    ck_assert_str_eq(lex("SELECT 1 +-- :p\n:p"), "SELECT 1 +-- :p\n($1::t)");
    ck_assert_str_eq(lex("SELECT 2 */* :p */:p"), "SELECT 2 */* :p */($1::t)");
    ck_assert_str_eq(lex("SELECT 2 - -:p"), "SELECT 2 - -($1::t)");
}
END_TEST

START_TEST(an_undeclared_variable_is_refused_with_advice)
{
    refuses("SELECT\n\n:sinse", "f.sql:7: :sinse is not declared", "did you mean :since?");
    refuses("SELECT :'sinse'", "f.sql:5: :sinse is not declared", "did you mean :since?");
    refuses("SELECT :Since", "f.sql:5: :Since is not declared", "");
    refuses("SELECT :country", "f.sql:5: :country is not declared", "-- param: country TYPE");
    refuses("SELECT a?b:c", "f.sql:5: :c is not declared", "");
    refuses("SELECT '\n:p\n', :x", "f.sql:7: :x is not declared", "");
    ck_assert_int_eq(sl_lex_query("f", 1, "SELECT :a", 9, NULL, 0, NULL,
                                  &(struct sl_buf){.data = (char[]){""}, .max = 0},
                                  &(struct sl_error){0}),
                     -1);
}
END_TEST

START_TEST(psqls_other_ways_are_refused_with_advice)
{
    refuses("SELECT :\"p\"", "f.sql:5: :\"", "cannot be a parameter");
    refuses("SELECT a[1:\"p\"]", "f.sql:5: :\"", "blank after the colon");
    refuses("SELECT :{?p}", "f.sql:5: :{?", "nullable");
    refuses("SELECT :'p", "f.sql:5: :'", ":'NAME'");
    refuses("SELECT :'p q'", "f.sql:5: :'", ":'NAME'");
    refuses("SELECT :''", "f.sql:5: :'", ":'NAME'");
    refuses("SELECT :'", "f.sql:5: :'", ":'NAME'");
    refuses("SELECT $1", "f.sql:5: $1", "param: NAME TYPE");
    refuses("SELECT 1\n+ $23", "f.sql:6: $2", "param: NAME TYPE");
    refuses("SELECT $", "f.sql:5: this $", "remove");
    refuses("SELECT $a", "f.sql:5: this $", "remove");
    refuses("SELECT $a-$", "f.sql:5: this $", "remove");
    refuses("\\set p 1\nSELECT :p", "f.sql:5: psql's", "remove");
    refuses("SELECT 1 \\gx", "f.sql:5: psql's", "remove");
    refuses("SELECT 1\n\\;", "f.sql:6: psql's", "remove");
    same("SELECT a[1: \"p\"]");
    same("SELECT '\\set', :{");
}
END_TEST

START_TEST(a_type_before_a_parameter_is_refused_with_the_cast)
{
    refuses("SELECT date :'since'", "f.sql:5: date :'since'", "write :'since'::date");
    refuses("SELECT DATE:'since'", "f.sql:5: DATE :'since'", "write :'since'::date");
    refuses("SELECT interval -- x\n :'p'", "f.sql:6: interval :'p'", "write :'p'::interval");
    refuses("SELECT Timestamp :p", "f.sql:5: Timestamp :p", "write :p::timestamp");
    refuses("SELECT double precision :'p'", "f.sql:5: precision", "write :'p'::double precision");
    refuses("SELECT character varying :'p'", "f.sql:5: varying", "write :'p'::varchar");
    refuses("SELECT bit varying :'p'", "f.sql:5: varying", "write :'p'::varbit");
    refuses("SELECT timestamp with time zone :'p'", "f.sql:5: zone", "write :'p'::timestamptz");
    refuses("SELECT time with time zone :'p'", "f.sql:5: zone", "write :'p'::timetz");
    refuses("SELECT timestamp without time zone :'p'", "f.sql:5: zone", "");
    ck_assert_str_eq(strstr(result, "write"), "write :'p'::timestamp");
    refuses("SELECT time without time zone :'p'", "f.sql:5: zone", "");
    ck_assert_str_eq(strstr(result, "write"), "write :'p'::time");
    refuses("SELECT pg_catalog.uuid :'p'", "f.sql:5: uuid", "::uuid");
    for (const char *const *type = (const char *const[]){"bigint", "xml", "int4range", "int8range",
                                                         "integer", "timestamptz", "bit", NULL};
         *type != NULL; type++) {
        char sql[64];
        snprintf(sql, sizeof(sql), "SELECT %s :'p'", *type);
        refuses(sql, "f.sql:5: ", *type);
    }
}
END_TEST

START_TEST(a_keyword_or_a_cast_before_a_parameter_is_fine)
{
    static const char *const before[] = {"AND",
                                         "OR",
                                         "NOT",
                                         "IN",
                                         "LIKE",
                                         "ILIKE",
                                         "THEN",
                                         "ELSE",
                                         "WHEN",
                                         "CASE",
                                         "LIMIT",
                                         "OFFSET",
                                         "ESCAPE",
                                         "AT TIME ZONE",
                                         "FROM",
                                         "TO",
                                         "ANY",
                                         "SELECT",
                                         "OPERATOR(pg_catalog.=)",
                                         "BETWEEN",
                                         "SYMMETRIC",
                                         "BY",
                                         "FIRST",
                                         "ROWS",
                                         "dated",
                                         "\"date\"",
                                         "::date",
                                         "date,",
                                         "date(",
                                         "date =",
                                         "'date'",
                                         "USING"};

    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        char sql[128];
        char expected[128];
        snprintf(sql, sizeof(sql), "SELECT a %s :'p' b", before[i]);
        snprintf(expected, sizeof(expected), "SELECT a %s ($1::t) b", before[i]);
        if (strcmp(before[i], "::date") == 0)
            refused(sql);
        else
            ck_assert_str_eq(lex(sql), expected);
    }
    ck_assert_str_eq(lex("SELECT x AT TIME\nZONE :'p'"), "SELECT x AT TIME\nZONE ($1::t)");
    /* Undeclared is the error to tell first. */
    refuses("SELECT date :'sinse'", "f.sql:5: :sinse is not declared", "");
}
END_TEST

START_TEST(the_end_is_cut_after_the_last_token)
{
    ck_assert_str_eq(lex("SELECT 1;"), "SELECT 1");
    ck_assert_str_eq(lex("SELECT 1 ; \n -- done\n /* ; */ \n"), "SELECT 1");
    ck_assert_str_eq(lex("SELECT 1 -- done"), "SELECT 1");
    ck_assert_str_eq(lex("SELECT 1 /* done */\n"), "SELECT 1");
    ck_assert_str_eq(lex("SELECT :p \t;\r\n"), "SELECT ($1::t)");
    ck_assert_str_eq(lex("SELECT ';'"), "SELECT ';'");
    ck_assert_str_eq(lex("SELECT 1 -- a\n, 2 -- b"), "SELECT 1 -- a\n, 2");
    ck_assert_str_eq(lex("-- a\nSELECT 1"), "-- a\nSELECT 1");
}
END_TEST

START_TEST(a_second_statement_is_refused)
{
    refuses("SELECT 1; SELECT 2", "f.sql:5: a second statement", "one query");
    refuses("SELECT 1;\n\n-- x\nDROP TABLE users", "f.sql:8: a second statement", "one query");
    refuses("SELECT 1;;", "f.sql:5: a second statement", "");
    refuses("SELECT 1; :p", "f.sql:5: a second statement", "");
    refuses("SELECT 1; 'x'", "f.sql:5: a second statement", "");
    refuses("SELECT 1;\\", "f.sql:5: psql's", "");
    refuses("SELECT 1; /* ", "f.sql:5: this comment", "");
    refuses("SELECT E'a'\n'\\'; DROP TABLE users --'; SELECT 1", "f.sql:6: a second", "");
    refuses("SELECT fe'\\'; DROP TABLE users; --'", "f.sql:5: a second", "");
    refuses("SELECT 1 -- x\r; DROP TABLE users", "f.sql:5: a second", "");
    refuses("SELECT a$b$; DROP TABLE users; --$b$", "f.sql:5: a second", "");
}
END_TEST

START_TEST(what_is_not_a_query_is_refused)
{
    static const char *const others[] = {"DELETE FROM t",
                                         "INSERT INTO t VALUES (1)",
                                         "UPDATE t SET a = 1",
                                         "COPY t TO STDOUT",
                                         "EXPLAIN SELECT 1",
                                         "SET x = 1",
                                         "BEGIN",
                                         "selects 1",
                                         "\"select\" 1",
                                         "'select' 1",
                                         ":p",
                                         "1",
                                         "/* SELECT */ DROP TABLE t",
                                         "-- SELECT\nCALL f()",
                                         "select$ 1",
                                         "\xC2\xA0SELECT 1",
                                         "EXECUTE x",
                                         "FETCH ALL FROM c",
                                         "SHOW ALL",
                                         ", SELECT 1",
                                         "$$SELECT$$",
                                         "E'SELECT'"};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        refused(others[i]);
        ck_assert_msg(strstr(result, "one SELECT, WITH, VALUES or TABLE") != NULL, "%s", result);
    }
    same("SELECT 1");
    same("sElEcT(1)");
    same("with x as (select 1) table x");
    same("VALUES (1)");
    same("TABLE t");
    same("(SELECT 1)");
    same("((TABLE t) UNION (SELECT 1))");
}
END_TEST

START_TEST(no_query_at_all_is_refused)
{
    refuses("", "f.sql:5: there is no query", "SELECT");
    refuses(" \n\t\r\n", "f.sql:5: there is no query", "SELECT");
    refuses("-- SELECT 1", "f.sql:5: there is no query", "SELECT");
    refuses("/* SELECT 1 */", "f.sql:5: there is no query", "SELECT");
    refuses(";", "f.sql:5: there is no query", "");
    refuses("\n;SELECT 1", "f.sql:6: there is no query", "");
}
END_TEST

START_TEST(what_does_not_end_is_refused_where_it_begins)
{
    refuses("SELECT\n'x\n\n", "f.sql:6: this literal", "'");
    refuses("SELECT '''", "f.sql:5: this literal", "'");
    refuses("SELECT 1,\n\n\"x", "f.sql:7: this quoted name", "\"");
    refuses("SELECT E'\\'", "f.sql:5: this E'...' literal", "'");
    refuses("SELECT E'\\", "f.sql:5: this E'...' literal", "'");
    refuses("SELECT E'a'\n'b\\'", "f.sql:5: this E'...' literal", "'");
    refuses("SELECT\n$a$ $b$ $A$", "f.sql:6: this literal", "$a$");
    refuses("SELECT $$x$", "f.sql:5: this literal", "$$");
    refuses("SELECT /* /* */", "f.sql:5: this comment", "*/");
    refuses("SELECT /*", "f.sql:5: this comment", "*/");
    refuses("SELECT /*/", "f.sql:5: this comment", "*/");
}
END_TEST

START_TEST(a_nul_byte_is_refused_with_its_line)
{
    ck_assert_int_eq(lex_bytes("SELECT 1\n\0", 10), -1);
    ck_assert_int_eq(strncmp(result, "f.sql:6: a NUL byte", 19), 0);
    ck_assert_int_eq(lex_bytes("SELECT '\0'", 10), -1);
}
END_TEST

START_TEST(every_cut_of_a_query_is_read_without_harm)
{
    static const char text[] =
        "SELECT :p, :'p', a[1:2], E'\\''\n'b', \"q\"\"\", $a$ $$ $a$, /* /* */ "
        "*/ 1e-5, a$b, U&'x', x::int, y := 1 -- c\n;";

    for (size_t len = 0; len <= strlen(text); len++) {
        char *copy = malloc(len + 1);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, text, len);
        (void)lex_bytes(copy, len);
        free(copy);
    }
}
END_TEST

START_TEST(a_query_larger_than_the_buffer_is_refused)
{
    struct sl_buf out;
    struct sl_error err;

    for (size_t max = 0; max < strlen("SELECT a[1:n], ($1::t)"); max++) {
        sl_buf_init(&out, max);
        ck_assert_int_eq(
            sl_lex_query("f", 1, "SELECT a[1:n], :p", 17, params, N_PARAMS, NULL, &out, &err), -1);
        ck_assert_ptr_nonnull(strstr(err.message, "too long"));
        sl_buf_free(&out);
    }
}
END_TEST

START_TEST(large_input_takes_no_time)
{
    static const char *const pieces[] = {"/*",    "[",   "(",       "E'a'\n",
                                         "'a'\n", ":p ", "$a$x$a$", "--\n"};
    static char sql[200000]; /* quadratic time would be minutes */

    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        size_t len = strlen("SELECT ");
        struct sl_buf out;
        struct sl_error err;

        memcpy(sql, "SELECT ", len);
        for (size_t j = 0; len < sizeof(sql); j = (j + 1) % strlen(pieces[i]))
            sql[len++] = pieces[i][j];
        sl_buf_init(&out, 8 * sizeof(sql));
        if (sl_lex_query("f", 1, sql, len, params, N_PARAMS, NULL, &out, &err) != 0)
            ck_assert_int_eq(err.kind, SL_CONFIG);
        sl_buf_free(&out);
    }
}
END_TEST

/* SQL of a caller: what it becomes, or the message. */
static int lex_foreign(const char *sql)
{
    struct sl_buf out;
    struct sl_error err;

    sl_buf_init(&out, sizeof(result) - 1);
    int status = sl_lex_foreign(sql, strlen(sql), &out, &err);
    ck_assert(status == 0 || err.kind == SL_BAD_QUERY);
    snprintf(result, sizeof(result), "%s", status == 0 ? out.data : err.message);
    sl_buf_free(&out);
    return status;
}

START_TEST(nothing_is_a_parameter_in_sql_of_a_caller)
{
    static const char *const queries[] = {
        "SELECT :p, :'p', :\"p\", :{?p}, a[:p], a[1:n], x::int, date :'p'",
        "SELECT json_object('a':b, 'c' : 1), ':p', $$ :p $1 $$, E'\\':p', \"a:b\"",
        "WITH a AS (SELECT 1) SELECT f(x := 1, y => :z)",
    };

    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        ck_assert_msg(lex_foreign(queries[i]) == 0, "%s: %s", queries[i], result);
        ck_assert_str_eq(result, queries[i]);
    }
    ck_assert_int_eq(lex_foreign("SELECT 1 ; -- :p"), 0);
    ck_assert_str_eq(result, "SELECT 1");
}
END_TEST

START_TEST(sql_of_a_caller_is_refused_with_its_line_and_unquoted)
{
    static const char *const queries[] = {
        "UPDATE hush SET x = 1",
        "SELECT hush; SELECT 2",
        "SELECT 'hush",
        "SELECT \"hush",
        "SELECT $hush$ x",
        "SELECT E'hush\\'",
        "SELECT $1 hush",
        "SELECT hush \\g",
        "/* hush",
        "-- hush",
        "; hush",
        "(analyze, hush) select 1",
        "( /* ( */ hush) select 1",
        "()",
        "hush",
    };

    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        ck_assert_msg(lex_foreign(queries[i]) == -1, "%s: accepted", queries[i]);
        ck_assert_msg(strncmp(result, "line 1 of the SQL: ", 19) == 0, "%s", result);
        ck_assert_msg(strstr(result, "hush") == NULL, "%s", result);
        ck_assert_msg(strstr(result, "param:") == NULL && strstr(result, "file") == NULL, "%s",
                      result);
    }
    ck_assert_int_eq(lex_foreign("SELECT 1\n\n;\nSELECT 2"), -1);
    ck_assert_msg(strncmp(result, "line 4 of the SQL: ", 19) == 0, "%s", result);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lexer");
    TCase *parameters = tcase_create("parameters");
    TCase *reading = tcase_create("reading");
    TCase *statement = tcase_create("statement");

    tcase_add_test(parameters, both_spellings_become_the_bind_parameter);
    tcase_add_test(parameters, a_parameter_ends_where_psql_ends_it);
    tcase_add_test(parameters, an_undeclared_variable_is_refused_with_advice);
    tcase_add_test(parameters, psqls_other_ways_are_refused_with_advice);
    tcase_add_test(parameters, a_type_before_a_parameter_is_refused_with_the_cast);
    tcase_add_test(parameters, a_keyword_or_a_cast_before_a_parameter_is_fine);
    tcase_add_test(reading, casts_assignments_and_slices_are_left_alone);
    tcase_add_test(reading, nothing_inside_a_literal_is_touched);
    tcase_add_test(reading, a_backslash_escapes_in_e_literals_only);
    tcase_add_test(reading, a_literal_goes_on_after_a_newline);
    tcase_add_test(reading, nothing_inside_a_quoted_name_is_touched);
    tcase_add_test(reading, nothing_inside_dollar_quotes_is_touched);
    tcase_add_test(reading, a_dollar_inside_a_word_begins_nothing);
    tcase_add_test(reading, nothing_inside_a_comment_is_touched);
    tcase_add_test(statement, the_end_is_cut_after_the_last_token);
    tcase_add_test(statement, a_second_statement_is_refused);
    tcase_add_test(statement, what_is_not_a_query_is_refused);
    tcase_add_test(statement, no_query_at_all_is_refused);
    tcase_add_test(statement, what_does_not_end_is_refused_where_it_begins);
    tcase_add_test(statement, a_nul_byte_is_refused_with_its_line);
    tcase_add_test(statement, every_cut_of_a_query_is_read_without_harm);
    tcase_add_test(statement, a_query_larger_than_the_buffer_is_refused);
    tcase_add_test(statement, nothing_is_a_parameter_in_sql_of_a_caller);
    tcase_add_test(statement, sql_of_a_caller_is_refused_with_its_line_and_unquoted);
    tcase_add_test(statement, large_input_takes_no_time);
    suite_add_tcase(suite, parameters);
    suite_add_tcase(suite, reading);
    suite_add_tcase(suite, statement);

    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
