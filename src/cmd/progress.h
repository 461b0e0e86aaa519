/* The line that shows on a terminal how a run stands. */
#ifndef SL_PROGRESS_H
#define SL_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct sl_progress {
    const char *name; /* of the export */
    int64_t rows;
    int64_t bytes;
    int64_t estimated_rows; /* the planner's; -1: not known */
    int64_t ms;             /* since the run began */
    int64_t rows_ms;        /* since the first row: what rates go by */
};

/*
 * Writes the line without a line break into text: at most `width` columns, so much of
 * it as fits.  Percent, bar and time left are there while the rows stay below the
 * estimate.  Returns its length.
 */
size_t sl_progress_line(const struct sl_progress *progress, int width, char *text, size_t size);

#endif
