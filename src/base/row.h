/* One row as text, borrowed from whoever read it, valid until the next row. */
#ifndef SL_ROW_H
#define SL_ROW_H

struct sl_cell {
    const char *data;
    int len; /* bytes, -1 for NULL */
};

#endif
