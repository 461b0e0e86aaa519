/* The first rows of an export as a table of a page: an ordinary run, kept small. */
#ifndef SL_PREVIEW_H
#define SL_PREVIEW_H

#include "export/run.h"
#include "http/request.h"

/* Rows that are shown. */
#define SL_PREVIEW_ROWS 20

/* The database gets this long (ms). */
#define SL_PREVIEW_MS 5000

/* The rows may have so many bytes, or half of [limits] memory where that is less. */
#define SL_PREVIEW_BYTES 1048576

/* Bytes of a value that are shown. */
#define SL_PREVIEW_CELL 400

/*
 * Runs the query in this thread, for SL_PREVIEW_ROWS rows at most, and appends its table.  Waits
 * for a slot as any run does; a client that leaves cancels it.  Takes query over.  -1: what kept it
 * from running; run_id is then the run's, "" when it left no receipt.
 */
int sl_preview(struct sl_request *request, const struct sl_run_as *as, struct sl_query *query,
               struct sl_buf *html, char run_id[40], struct sl_error *err) SL_MUSTCHECK;

/* The rows' table from CSV whose first two lines are names and types. Pure. */
int sl_preview_table(const char *csv, bool all, struct sl_buf *html) SL_MUSTCHECK;

#endif
