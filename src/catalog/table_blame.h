/* Whose fault an error of the server is, for the export of a table.  Pure. */
#ifndef SL_TABLE_BLAME_H
#define SL_TABLE_BLAME_H

#include "catalog/table_query.h"

/*
 * Makes the server's error that of the filter that is at fault, or of `_order`, where one
 * is: a value that is not of the type, a comparison or an order that the type does
 * not have, a malformed pattern.  false: it is none of these, and stays as it was.
 */
bool sl_table_blame(const struct sl_table_query *made, struct sl_error *err);

#endif
