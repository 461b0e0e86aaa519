/*
 * The end of a chain on the command line: standard output, or a file that is
 * either the old one or the whole new one.  A regular target is written beside
 * itself as `.NAME.pgsluice-tmp`, synced and renamed when the output is complete;
 * until then, and after any failure before that, the old file stands.  The new one has the mode
 * of the old.  A second run into the same target is refused while the first is at
 * it.  A device or FIFO is written directly.
 */
#ifndef SL_FILE_H
#define SL_FILE_H

#include "sink/sink.h"

struct sl_file;

/* path "-": standard output. SL_OUTPUT_CREATE when it cannot be made. NULL on error. */
struct sl_file *sl_file_new(const char *path, struct sl_error *err);

/* Removes the temporary file if the output was not completed. */
void sl_file_free(struct sl_file *file);

struct sl_sink *sl_file_sink(struct sl_file *file);

#endif
