/* A folder of a test's own, which is the working directory meanwhile, and file targets in it. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stdbool.h>
#include "sink/file.h"

extern char folder[64];
extern struct sl_error err;   /* of the last call that failed */
extern struct sl_watch watch; /* waits for nothing */

/* A checked fixture: makes the folder and goes there; removes it with what a test left. */
void scratch_setup(void);
void scratch_teardown(void);

void put_file(const char *path, const char *text);

/* Is the content of path exactly this? */
bool holds(const char *path, const char *text);

/* A target; fails the test when it cannot be made. */
struct sl_file *make(const char *path);

/* Writes text to it. */
int put(struct sl_file *file, const char *text);

/* The output is complete: the new file takes its place. */
int finish(struct sl_file *file);

#endif
