/*
 * How rows become bytes: the layout of the file and, for CSV and TSV, the small
 * choices within it.  A value, copied freely.
 */
#ifndef SL_STYLE_H
#define SL_STYLE_H

#include <stdbool.h>

enum sl_layout { SL_CSV, SL_TSV, SL_JSONL };

/*
 * postgres: as COPY prints it; django: as Python's csv.writer prints what psycopg2
 * returns; excel: for a spreadsheet program.
 */
enum sl_dialect { SL_DIALECT_POSTGRES, SL_DIALECT_DJANGO, SL_DIALECT_EXCEL };

/* Which values stand in quotes: those that need them, all but NULL, all. */
enum sl_quote { SL_QUOTE_MINIMAL, SL_QUOTE_NONNULL, SL_QUOTE_ALL };

#define SL_NULL_MAX 31 /* bytes of the text for NULL */

struct sl_style {
    enum sl_layout layout;
    enum sl_dialect dialect; /* postgres, unless the layout is CSV */
    enum sl_quote quote;     /* CSV */
    char delimiter;          /* one byte, neither CR, LF nor the quote */
    char decimal;            /* '.', or ',' of the excel dialect in some locales */
    bool crlf;               /* rows end with CR LF, else LF */
    bool bom;                /* the file begins with U+FEFF */
    char null[SL_NULL_MAX + 1];
};

/* What a layout and a dialect have when nothing else is said. */
void sl_style_init(struct sl_style *style, enum sl_layout layout, enum sl_dialect dialect);

#endif
