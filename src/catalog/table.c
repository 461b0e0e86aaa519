#include "catalog/table.h"

#include <stdlib.h>
#include <string.h>

/*
 * One row for each column; a row of NULLs for a table without any, none when there is no
 * table.  Operators are qualified, so that no search_path matters; types are written as
 * the search_path wants them, since the statement is read under it.
 *
 *   k   the type, below its domains     r   of a range: what it is a range of
 *   f   the first foreign key of that column alone; where its target is a partitioned table,
 *       there are further ones for the partitions, which have a parent
 */
static const char question[] =
    "SELECT pg_catalog.current_setting('TimeZone'), a.attname,"
    " pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.format_type(k.oid, -1),"
    " pg_catalog.format_type(r.rngsubtype, -1), k.oid, k.typname, k.typtype,"
    " k.typcategory OPERATOR(pg_catalog.=) 'A' AND k.typlen OPERATOR(pg_catalog.=) -1,"
    " a.attnotnull, pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'),"
    " f.nspname, f.relname, f.attname"
    " FROM pg_catalog.pg_namespace AS n"
    " JOIN pg_catalog.pg_class AS c ON c.relnamespace OPERATOR(pg_catalog.=) n.oid"
    " LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) c.oid"
    " AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped"
    " LEFT JOIN LATERAL (WITH RECURSIVE d AS ("
    "SELECT t.oid, t.typname, t.typtype, t.typcategory, t.typlen, t.typbasetype"
    " FROM pg_catalog.pg_type AS t WHERE t.oid OPERATOR(pg_catalog.=) a.atttypid"
    " UNION ALL SELECT t.oid, t.typname, t.typtype, t.typcategory, t.typlen, t.typbasetype"
    " FROM d JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) d.typbasetype)"
    " SELECT * FROM d WHERE d.typbasetype OPERATOR(pg_catalog.=) 0) AS k ON true"
    " LEFT JOIN pg_catalog.pg_range AS r ON r.rngtypid OPERATOR(pg_catalog.=) k.oid"
    " LEFT JOIN LATERAL (SELECT tn.nspname, tc.relname, ta.attname"
    " FROM pg_catalog.pg_constraint AS o"
    " JOIN pg_catalog.pg_class AS tc ON tc.oid OPERATOR(pg_catalog.=) o.confrelid"
    " JOIN pg_catalog.pg_namespace AS tn ON tn.oid OPERATOR(pg_catalog.=) tc.relnamespace"
    " JOIN pg_catalog.pg_attribute AS ta ON ta.attrelid OPERATOR(pg_catalog.=) tc.oid"
    " AND ta.attnum OPERATOR(pg_catalog.=) o.confkey[1]"
    " WHERE o.contype OPERATOR(pg_catalog.=) 'f' AND o.conrelid OPERATOR(pg_catalog.=) c.oid"
    " AND pg_catalog.array_length(o.conkey, 1) OPERATOR(pg_catalog.=) 1"
    " AND o.conkey[1] OPERATOR(pg_catalog.=) a.attnum"
    " AND pg_catalog.has_schema_privilege(tn.oid, 'USAGE')"
    " AND pg_catalog.has_column_privilege(tc.oid, ta.attnum, 'SELECT')"
    " ORDER BY o.conparentid OPERATOR(pg_catalog.<>) 0, o.oid LIMIT 1) AS f ON true"
    " WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name"
    " AND c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.name"
    " AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}'::pg_catalog.\"char\"[])"
    " ORDER BY a.attnum";

/* Its columns, in that order. */
enum answer {
    TIMEZONE,
    NAME,
    TYPE,
    CAST,
    ELEMENT,
    OID,
    TYPNAME,
    TYPTYPE,
    IS_ARRAY,
    NOT_NULL,
    SELECTABLE,
    TO_SCHEMA,
    TO_TABLE,
    TO_COLUMN
};

int sl_table_not_found(struct sl_error *err)
{
    return sl_error_set(err, SL_NOT_FOUND, "there is no such table");
}

/* Types that are built in by their numbers, which are fixed; those of extensions by name. */
static enum sl_type_kind kind_of(const struct sl_answer *answer, int row, unsigned oid)
{
    static const struct {
        unsigned oid;
        enum sl_type_kind kind;
    } built_in[] = {
        {869, SL_TYPE_INET},         {650, SL_TYPE_INET},  {114, SL_TYPE_JSON},
        {3802, SL_TYPE_KEYED},       {1082, SL_TYPE_DATE}, {1114, SL_TYPE_TIMESTAMP},
        {1184, SL_TYPE_TIMESTAMPTZ},
    };
    const char *name = sl_answer_text(answer, row, TYPNAME);
    const char *typtype = sl_answer_text(answer, row, TYPTYPE);

    for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
        if (built_in[i].oid == oid)
            return built_in[i].kind;
    if (typtype != NULL && typtype[0] == 'r')
        return SL_TYPE_RANGE;
    if (typtype != NULL && typtype[0] == 'm')
        return SL_TYPE_MULTIRANGE;
    if (sl_answer_true(answer, row, IS_ARRAY))
        return SL_TYPE_ARRAY;
    if (name != NULL && strcmp(name, "citext") == 0)
        return SL_TYPE_CITEXT;
    return name != NULL && strcmp(name, "hstore") == 0 ? SL_TYPE_KEYED : SL_TYPE_PLAIN;
}

/* A copy of a text of the answer; NULL for NULL. */
static int keep(const struct sl_answer *answer, int row, int column, char **text,
                struct sl_error *err)
{
    const char *value = sl_answer_text(answer, row, column);

    if (value == NULL)
        return 0;
    *text = strdup(value);
    return *text != NULL ? 0 : sl_error_nomem(err);
}

/* A foreign key is one to the caller when he may export what it leads to. */
static int keep_foreign(const struct sl_answer *answer, int row,
                        const struct sl_table_rights *rights, struct sl_table_column *column,
                        struct sl_error *err)
{
    const char *schema = sl_answer_text(answer, row, TO_SCHEMA);
    const char *table = sl_answer_text(answer, row, TO_TABLE);

    if (schema == NULL || !sl_rights_table(rights, schema, table))
        return 0;
    if (keep(answer, row, TO_SCHEMA, &column->to_schema, err) != 0 ||
        keep(answer, row, TO_TABLE, &column->to_table, err) != 0)
        return -1;
    return keep(answer, row, TO_COLUMN, &column->to_column, err);
}

static int keep_column(const struct sl_answer *answer, int row,
                       const struct sl_table_rights *rights, struct sl_table_column *column,
                       struct sl_error *err)
{
    const char *oid = sl_answer_text(answer, row, OID);

    column->oid = oid != NULL ? (unsigned)strtoul(oid, NULL, 10) : 0;
    column->kind = kind_of(answer, row, column->oid);
    column->nullable = !sl_answer_true(answer, row, NOT_NULL);
    if (keep(answer, row, NAME, &column->name, err) != 0 ||
        keep(answer, row, TYPE, &column->type, err) != 0 ||
        keep(answer, row, CAST, &column->cast, err) != 0 ||
        keep(answer, row, ELEMENT, &column->element, err) != 0)
        return -1;
    return keep_foreign(answer, row, rights, column, err);
}

static int keep_columns(const struct sl_answer *answer, const struct sl_table_rights *rights,
                        struct sl_table *table, struct sl_error *err)
{
    int rows = sl_answer_rows(answer);

    table->columns = calloc((size_t)rows + 1, sizeof(*table->columns));
    if (table->columns == NULL)
        return sl_error_nomem(err);
    for (int i = 0; i < rows; i++) {
        const char *name = sl_answer_text(answer, i, NAME);

        if (name == NULL || !sl_answer_true(answer, i, SELECTABLE) ||
            sl_rights_hidden(rights, table->schema, table->name, name))
            continue;
        if (keep_column(answer, i, rights, &table->columns[table->n++], err) != 0)
            return -1;
    }
    table->closed = table->n == 0 && sl_answer_text(answer, 0, NAME) != NULL;
    return 0;
}

int sl_table_describe(struct sl_session *session, const struct sl_table_rights *rights,
                      const char *schema, const char *name, struct sl_watch *watch,
                      struct sl_table *table, struct sl_error *err)
{
    const char *const values[] = {schema, name};
    struct sl_answer *answer = sl_ask(session, question, 2, values, watch, err);
    int rc = -1;

    if (answer == NULL)
        return -1;
    table->schema = strdup(schema);
    table->name = strdup(name);
    if (table->schema == NULL || table->name == NULL)
        sl_error_nomem(err);
    else if (sl_answer_rows(answer) == 0)
        sl_table_not_found(err);
    else if (keep(answer, 0, TIMEZONE, &table->timezone, err) == 0)
        rc = keep_columns(answer, rights, table, err);
    sl_answer_free(answer);
    return rc;
}

void sl_table_free(struct sl_table *table)
{
    for (size_t i = 0; i < table->n; i++) {
        struct sl_table_column *column = &table->columns[i];

        free(column->name);
        free(column->type);
        free(column->cast);
        free(column->element);
        free(column->to_schema);
        free(column->to_table);
        free(column->to_column);
    }
    free(table->columns);
    free(table->schema);
    free(table->name);
    free(table->timezone);
    *table = (struct sl_table){0};
}
