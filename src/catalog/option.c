#include "catalog/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/units.h"
#include "catalog/checks.h"
#include "format/excel.h"
#include "format/locale.h"
#include "sink/encode.h"

#define UUID_LEN 36
#define MAX_LISTED 300 /* of the list of options in a message, which is cut at 512 bytes */

/* Layouts as bits. */
#define CSV (1U << SL_CSV)
#define TSV (1U << SL_TSV)
#define JSONL (1U << SL_JSONL)
#define ANY (CSV | TSV | JSONL)

struct option {
    const char *name;
    unsigned layouts; /* where it means something */
    int (*read)(struct sl_query *query, const char *value,
                struct sl_error *err); /* NULL: not yet */
};

static int read_header(struct sl_query *query, const char *value, struct sl_error *err)
{
    static const char *const values[] = {
        [SL_HEADER_OFF] = "off",
        [SL_HEADER_NAMES] = "names",
        [SL_HEADER_LABELS] = "labels",
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (strcmp(value, values[i]) == 0) {
            query->header = (enum sl_header)i;
            return 0;
        }
    return sl_error_param(err, "_header", "_header is names, labels or off");
}

static int read_dialect(struct sl_query *query, const char *value, struct sl_error *err)
{
    enum sl_dialect dialect;
    const char *problem = sl_dialect_read(value, &dialect);

    if (problem != NULL)
        return sl_error_param(err, "_dialect", "_dialect %s", problem);
    sl_style_init(&query->style, query->format->layout, dialect);
    query->dialect_asked = true;
    return 0;
}

/* A decimal comma takes the comma away from the values. */
static int read_locale(struct sl_query *query, const char *value, struct sl_error *err)
{
    if (query->style.dialect != SL_DIALECT_EXCEL)
        return sl_error_param(err, "_locale", "_locale belongs to _dialect=excel");
    if (!sl_locale_decimal(value, &query->style.decimal))
        return sl_error_param(err, "_locale",
                              "_locale is a language, such as de, or one with a region, such as "
                              "de_CH or pt-BR");
    query->style.delimiter = query->style.decimal == ',' ? ';' : ',';
    return 0;
}

static int read_timezone(struct sl_query *query, const char *value, struct sl_error *err)
{
    if (!sl_timezone_plausible(value))
        return sl_error_param(err, "_timezone",
                              "_timezone is the name of a time zone, such as Europe/Berlin or UTC");
    return sl_query_replace(&query->timezone, value, err);
}

static int read_filename(struct sl_query *query, const char *value, struct sl_error *err)
{
    const char *problem = sl_filename_problem(value);

    if (problem != NULL)
        return sl_error_param(err, "_filename", "_filename %s", problem);
    return sl_query_replace(&query->filename, value, err);
}

static bool hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* A version 4 UUID in lower case (RFC 9562 section 5.4). */
static bool uuid4(const char *text)
{
    if (strlen(text) != UUID_LEN)
        return false;
    for (size_t i = 0; i < UUID_LEN; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !hex(text[i]))
            return false;
    }
    return text[14] == '4' && strchr("89ab", text[19]) != NULL;
}

static int read_run(struct sl_query *query, const char *value, struct sl_error *err)
{
    char **id = &query->run_id;

    if (sl_query_replace(id, value, err) != 0)
        return -1;
    for (char *p = *id; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'F')
            *p = (char)(*p - 'A' + 'a');
    if (!uuid4(*id))
        return sl_error_param(err, "_run", "_run is a version 4 UUID of the caller's own");
    return 0;
}

/* The delimiter is one byte that no value's quotes or line ends could be taken for. */
static int read_delimiter(struct sl_query *query, const char *value, struct sl_error *err)
{
    char delimiter = value[0] != '\0' && value[1] == '\0' ? value[0] : '\0';

    if (strcmp(value, "tab") == 0)
        delimiter = '\t';
    if (delimiter != '\t' && (delimiter < ' ' || delimiter > '~' || delimiter == '"'))
        return sl_error_param(err, "_delimiter",
                              "_delimiter is one character of ASCII, such as ; or |, or tab");
    query->style.delimiter = delimiter;
    return 0;
}

/* What COPY takes, so that no value can be taken for NULL. */
static int read_null(struct sl_query *query, const char *value, struct sl_error *err)
{
    const struct sl_style *style = &query->style;
    size_t len = strlen(value);

    if (style->dialect == SL_DIALECT_DJANGO)
        return sl_error_param(err, "_null", "the django dialect has no text for NULL");
    if (len > SL_NULL_MAX || strpbrk(value, "\r\n") != NULL || !sl_utf8_valid(value, len))
        return sl_error_param(
            err, "_null", "_null is a text of at most %d bytes, without line ends", SL_NULL_MAX);
    if (strchr(value, style->delimiter) != NULL ||
        (style->layout == SL_CSV && strchr(value, '"') != NULL))
        return sl_error_param(err, "_null", "_null holds neither the delimiter nor a quote");
    if (style->dialect == SL_DIALECT_EXCEL && sl_excel_formula(value, len))
        return sl_error_param(err, "_null",
                              "_null of the excel dialect does not begin like a formula");
    memcpy(query->style.null, value, len + 1);
    return 0;
}

static int read_quote(struct sl_query *query, const char *value, struct sl_error *err)
{
    if (strcmp(value, "minimal") == 0)
        query->style.quote = SL_QUOTE_MINIMAL;
    else if (strcmp(value, "all") == 0)
        query->style.quote = SL_QUOTE_ALL;
    else if (strcmp(value, "nonnull") != 0)
        return sl_error_param(err, "_quote", "_quote is minimal, nonnull or all");
    else if (query->style.dialect == SL_DIALECT_DJANGO)
        return sl_error_param(err, "_quote", "_quote of the django dialect is minimal or all");
    else
        query->style.quote = SL_QUOTE_NONNULL;
    return 0;
}

static int read_eol(struct sl_query *query, const char *value, struct sl_error *err)
{
    query->style.crlf = strcmp(value, "crlf") == 0;
    if (query->style.crlf || strcmp(value, "lf") == 0)
        return 0;
    return sl_error_param(err, "_eol", "_eol is lf or crlf");
}

static int read_bom(struct sl_query *query, const char *value, struct sl_error *err)
{
    if (sl_parse_bool(value, &query->style.bom) != 0)
        return sl_error_param(err, "_bom", "_bom is on or off");
    query->bom_asked = query->style.bom;
    return 0;
}

static bool is_utf8(const char *encoding)
{
    return strcasecmp(encoding, "UTF-8") == 0 || strcasecmp(encoding, "UTF8") == 0;
}

static int read_encoding(struct sl_query *query, const char *value, struct sl_error *err)
{
    enum sl_bom bom;

    if (is_utf8(value))
        return 0;
    if (!sl_encode_knows(value, &bom))
        return sl_error_param(err, "_encoding",
                              "_encoding is the name of a character encoding that the server "
                              "knows, such as windows-1252, ISO-8859-15 or UTF-16LE");
    if (bom == SL_BOM_NONE && query->bom_asked)
        return sl_error_param(err, "_bom", "there is no byte order mark in the _encoding %s",
                              value);
    query->style.bom = query->style.bom && bom == SL_BOM_ASKED;
    return sl_query_replace(&query->encoding, value, err);
}

static int read_columns(struct sl_query *query, const char *value, struct sl_error *err)
{
    return sl_names_read("_columns", value, false, &query->columns, err);
}

static int read_order(struct sl_query *query, const char *value, struct sl_error *err)
{
    return sl_names_read("_order", value, true, &query->order, err);
}

static int read_limit(struct sl_query *query, const char *value, struct sl_error *err)
{
    if (sl_parse_int(value, 0, INT64_MAX, &query->limit) == 0)
        return 0;
    return sl_error_param(err, "_limit", "_limit is a number of rows, 0 or more");
}

/* In the order in which they are read: a dialect is the ground for what follows. */
static const struct option options[] = {
    {"_dialect", CSV, read_dialect},
    {"_locale", CSV, read_locale},
    {"_header", CSV | TSV, read_header},
    {"_delimiter", CSV, read_delimiter},
    {"_null", CSV | TSV, read_null},
    {"_quote", CSV, read_quote},
    {"_eol", CSV, read_eol},
    {"_bom", CSV | TSV, read_bom},
    {"_encoding", ANY, read_encoding},
    {"_columns", ANY, read_columns},
    {"_order", ANY, read_order},
    {"_limit", ANY, read_limit},
    {"_timezone", ANY, read_timezone},
    {"_filename", ANY, read_filename},
    {"_run", ANY, read_run},
    {"_parallel", ANY, NULL},
};
#define N_OPTIONS (sizeof(options) / sizeof(options[0]))
_Static_assert(N_OPTIONS <= SL_OPTION_MAX, "room for all options");

static int unknown_option(const char *name, struct sl_error *err)
{
    const char *names[N_OPTIONS + 1] = {NULL};
    struct sl_buf list;
    size_t n = 0;

    sl_buf_init(&list, MAX_LISTED);
    /* Only what there is: nobody is helped by the name of an option that is to come. */
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (options[i].read == NULL)
            continue;
        if (sl_buf_printf(&list, "%s%s", n > 0 ? ", " : "", options[i].name) != 0)
            break;
        names[n++] = options[i].name;
    }
    const char *near = sl_suggest(name, names);
    if (near != NULL)
        sl_error_set(err, SL_BAD_REQUEST, "there is no option %.*s; did you mean %s?",
                     sl_utf8_fit(name, SL_NAME_SHOWN), name, near);
    else
        sl_error_set(err, SL_BAD_REQUEST, "there is no option %.*s; the options are %s",
                     sl_utf8_fit(name, SL_NAME_SHOWN), name, list.data != NULL ? list.data : "");
    sl_buf_free(&list);
    return -1;
}

int sl_option_take(struct sl_asked *asked, const struct sl_arg *arg, struct sl_error *err)
{
    size_t i;

    for (i = 0; i < N_OPTIONS; i++)
        if (strcmp(options[i].name, arg->name) == 0)
            break;
    if (i == N_OPTIONS)
        return unknown_option(arg->name, err);
    if (options[i].read == NULL)
        return sl_error_set(err, SL_BAD_REQUEST, "option %s is not available in this version",
                            arg->name);
    if (asked->values[i] != NULL)
        return sl_error_param(err, arg->name, "option %s is given twice", arg->name);
    asked->values[i] = arg->value;
    return 0;
}

int sl_option_read(const struct sl_asked *asked, struct sl_query *query, struct sl_error *err)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const char *value = asked->values[i];

        if (value == NULL || value[0] == '\0')
            continue;
        if ((options[i].layouts & 1U << query->format->layout) == 0)
            return sl_error_param(err, options[i].name, "option %s means nothing in a .%s file",
                                  options[i].name, query->format->name);
        if (options[i].read(query, value, err) != 0)
            return -1;
    }
    return 0;
}
