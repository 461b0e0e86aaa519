/*
 * A filter's key and value, with a newline between them: whatever the key is read as must be
 * of the table, and no byte of the value may get into the SQL text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What begins each value, and is in no SQL text that we write. */
#define MARK "\x01\x02"

static struct sl_table_column columns[] = {
    {.name = (char[]){"id"}, .cast = (char[]){"integer"}, .kind = SL_TYPE_PLAIN},
    {.name = (char[]){"a__b"}, .cast = (char[]){"text"}, .kind = SL_TYPE_CITEXT},
    {.name = (char[]){"at"}, .cast = (char[]){"timestamptz"}, .kind = SL_TYPE_TIMESTAMPTZ},
    {.name = (char[]){"span"},
     .cast = (char[]){"int4range"},
     .element = (char[]){"integer"},
     .kind = SL_TYPE_RANGE},
    {.name = (char[]){"tags"}, .cast = (char[]){"jsonb"}, .kind = SL_TYPE_KEYED},
    {.name = (char[]){"to_id"},
     .cast = (char[]){"integer"},
     .to_table = (char[]){"t"},
     .to_column = (char[]){"id"}},
};
static const struct sl_table table = {.columns = columns,
                                      .n = sizeof(columns) / sizeof(columns[0])};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool is_inside(const char *part, const char *text)
{
    return part >= text && part <= text + strlen(text);
}

static void write_condition(const struct sl_key *key, const char *value)
{
    const struct sl_condition condition = {
        .expression = "t.\"c\"",
        .column = key->column,
        .lookup = key->lookup,
        .negated = value[0] == 'n',
        .nullable = true,
        .value = value,
        .parameter = "p",
        .timezone = "UTC",
    };
    struct sl_binds binds = {0};
    struct sl_buf sql;
    struct sl_error err;

    sl_buf_init(&sql, (size_t)1 << 20);
    if (sl_condition_put(&condition, &binds, &sql, &err) == 0) {
        require(strstr(sql.data, MARK) == NULL && binds.n <= strlen(value) + 3);
        if (key->lookup != SL_ISNULL)
            require(binds.n > 0);
    } else {
        require(err.kind == SL_BAD_PARAMETER);
    }
    sl_binds_free(&binds);
    sl_buf_free(&sql);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_key key = {0};
    char *text = malloc(size + sizeof(MARK));

    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    char *value = strchr(text, '\n');
    if (value != NULL) {
        *value++ = '\0';
        memmove(value + strlen(MARK), value, strlen(value) + 1);
        memcpy(value, MARK, strlen(MARK));
    }
    enum sl_key_result result = sl_key_read(&table, text, &key);
    if (result != SL_KEY_UNKNOWN)
        require(key.column >= columns && key.column < columns + table.n);
    if (result == SL_KEY_FOREIGN) {
        require(key.column->to_table != NULL && is_inside(key.rest, text));
        result = sl_key_read_rest(&table, key.column, key.rest, &key);
    }
    if (result == SL_KEY_FOUND)
        require(key.lookup < SL_LOOKUPS);
    if (result == SL_KEY_FOUND && value != NULL && sl_lookup_fits(key.lookup, key.column->kind))
        write_condition(&key, value);
    free(text);
    return 0;
}
