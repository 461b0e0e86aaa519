/*
 * The end of a chain on the command line: standard output, or a file that is
 * either the old one or the whole new one.  A regular target is written beside
 * itself as `.NAME.pgsluice-tmp`, synced when the output is complete, and renamed by
 * sl_file_commit(); until then the old file stands.  The new one has the
 * owner, group and mode of the old, as far as we may give it away.  In a sticky folder that
 * everybody may write, somebody else's link or file is refused.  A second run into the same target
 * is refused while the first is at it.  A device or FIFO is written directly.  One thread.
 */
#ifndef SL_FILE_H
#define SL_FILE_H

#include <stdbool.h>

#include "sink/sink.h"

struct sl_file;

/*
 * path "-": standard output.  A FIFO is opened once it has a reader, waited for as
 * `watch` allows; it is the sink's watch until another is set.  NULL: for a small plain
 * file, which waits a moment for another process that is writing it.  SL_OUTPUT_CREATE
 * when the target cannot be made.  NULL on error.
 */
struct sl_file *sl_file_new(const char *path, struct sl_watch *watch, struct sl_error *err);

/* Removes the temporary file if the output was not committed. */
void sl_file_free(struct sl_file *file);

struct sl_sink *sl_file_sink(struct sl_file *file);

/*
 * After end(): the new file takes the old one's place, durably.  Nothing to do for a
 * target that is written directly.  SL_OUTPUT_WRITE.
 */
int sl_file_commit(struct sl_file *file, struct sl_error *err) SL_MUSTCHECK;

/* Removes the old file, durably; one that is not there is removed.  For a regular target. */
int sl_file_withdraw(struct sl_file *file, struct sl_error *err) SL_MUSTCHECK;

/* After an abort: ready to be written from the beginning. */
int sl_file_again(struct sl_file *file, struct sl_error *err) SL_MUSTCHECK;

/* A plain target, which is replaced as a whole? */
bool sl_file_plain(const struct sl_file *file);

/* Has somebody got bytes that cannot be taken back: a pipe, a terminal, a device? */
bool sl_file_final(const struct sl_file *file);

#endif
