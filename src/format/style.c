#include "format/style.h"

#include <string.h>

void sl_style_init(struct sl_style *style, enum sl_layout layout, enum sl_dialect dialect)
{
    *style = (struct sl_style){
        .layout = layout,
        .dialect = layout == SL_CSV ? dialect : SL_DIALECT_POSTGRES,
        .delimiter = layout == SL_TSV ? '\t' : ',',
        .decimal = '.',
    };
    style->crlf = style->dialect != SL_DIALECT_POSTGRES;
    style->bom = style->dialect == SL_DIALECT_EXCEL;
    if (layout == SL_TSV)
        memcpy(style->null, "\\N", sizeof("\\N"));
}
