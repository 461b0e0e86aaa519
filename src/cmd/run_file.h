/* The files of `run`: the export, its sum and its receipt, each the old one or the whole new one.
 */
#ifndef SL_RUN_FILE_H
#define SL_RUN_FILE_H

#include "export/receipt.h"
#include "sink/file.h"

/*
 * Can a small file be put at `path` later?  For what should be known before an export
 * runs for an hour.  SL_OUTPUT_CREATE.
 */
int sl_run_file_check(const char *path, struct sl_error *err) SL_MUSTCHECK;

/* Writes the receipt as one line of JSON; waits a moment for another that is writing it. */
int sl_run_file_receipt(const char *path, const struct sl_receipt *receipt,
                        struct sl_error *err) SL_MUSTCHECK;

/*
 * Commits `file`, whose name is `path`, and puts its SHA-256 beside it as
 * `path`.sha256, for `sha256sum -c`.  In this order, each step durable before the
 * next: the new sum is written under its temporary name, the old sum is removed, the
 * new file takes its place, then the new sum.  So a sum that is there is always that
 * of the file beside it; whoever finds none knows nothing of the file.  sha256 NULL:
 * no new sum, but an old one that was written so is removed first.
 */
int sl_run_file_commit(struct sl_file *file, const char *path, const char *sha256,
                       struct sl_error *err) SL_MUSTCHECK;

/* "PATH.sha256"; free() it. NULL: no memory. */
char *sl_run_file_sum_path(const char *path);

#endif
