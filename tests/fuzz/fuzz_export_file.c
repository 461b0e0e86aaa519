/* A whole export file of any bytes. What is accepted keeps the promises of its struct. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/units.h"
#include "catalog/export_file.h"
#include "catalog/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
    if (!truth)
        abort();
}

static void check(const struct sl_export *export)
{
    struct sl_query query = {0};
    struct sl_error err = {0};

    require(export->sql_line >= 1 && export->n_params <= SL_MAX_PARAMS);
    require(export->parallel >= 1 && export->max_rows >= 0 && export->max_bytes >= 0);
    require(export->sql[0] != '\0' && sl_utf8_valid(export->sql, strlen(export->sql)));
    for (size_t i = 0; i < export->n_params; i++) {
        const struct sl_param *param = &export->params[i];
        require(param->name[0] >= 'a' && param->name[0] <= 'z');
        /* It goes into the SQL text. */
        require(param->type[0] != '\0' && strpbrk(param->type, "()':;$\\-/") == NULL);
        require(param->text != NULL);
    }
    for (size_t i = 0; i < export->n_labels; i++)
        require(export->labels[i].column[0] != '\0' && export->labels[i].label[0] != '\0');
    if (sl_query_bind(export, sl_formats, &(struct sl_args){NULL, 0}, &query, &err) != 0)
        require(err.kind == SL_BAD_PARAMETER);
    sl_query_fini(&query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_export *export;
    struct sl_error err;

    if (sl_export_parse("name", "f", (const char *)data, size, &export, &err) == 0) {
        check(export);
        sl_export_free(export);
    } else {
        require(export == NULL && err.kind == SL_CONFIG && strncmp(err.message, "f:", 2) == 0);
    }
    return 0;
}
