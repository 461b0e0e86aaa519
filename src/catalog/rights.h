/*
 * Which tables a caller may export, and which of their columns nobody may.  Patterns of the
 * configuration, from which all texts are borrowed; no database.  Pure.
 */
#ifndef SL_RIGHTS_H
#define SL_RIGHTS_H

#include <stdbool.h>

#define SL_IDENTIFIER_MAX 63 /* bytes of a name of PostgreSQL's (NAMEDATALEN - 1) */

/* "schema.table" and its NUL. */
#define SL_TABLE_NAME_MAX (2 * SL_IDENTIFIER_MAX + 2)

struct sl_table_rights {
    const char *open;   /* [exports] tables: schema.table patterns */
    const char *own;    /* the caller's own; NULL: all that is open */
    const char *hidden; /* [exports] hidden_columns: table.column patterns */
    bool regex;         /* are the lookups regex and iregex allowed? */
};

/* A table by its name. */
struct sl_table_name {
    char schema[SL_IDENTIFIER_MAX + 1];
    char table[SL_IDENTIFIER_MAX + 1];
};

/*
 * Takes `schema.table`, len bytes, apart at the first dot: the table's name may hold
 * further ones, the schema's none.  false: it is no such name.
 */
bool sl_table_name_read(const char *text, int len, struct sl_table_name *name);

/* Can no table be open to the caller? */
bool sl_rights_none(const struct sl_table_rights *rights);

/*
 * May the caller export this table, if there is one?  Never a table of the system
 * (schemas pg_* and information_schema), whatever the patterns say, nor of a schema whose
 * name holds a dot: a.* would open a.b, too, and no request can name it.
 */
bool sl_rights_table(const struct sl_table_rights *rights, const char *schema, const char *table);

/* Is the column kept from everyone?  A pattern may also name the schema: schema.table.column. */
bool sl_rights_hidden(const struct sl_table_rights *rights, const char *schema, const char *table,
                      const char *column);

#endif
