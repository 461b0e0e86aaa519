/*
 * Files that one process at a time has open, held by flock(2): the lock goes with
 * the process, however that ends.
 */
#ifndef SL_LOCKED_H
#define SL_LOCKED_H

#include <sys/types.h>

/*
 * Opens path for writing, made if it is not there, and locks it without waiting.
 * Returns the descriptor (close() lets go), or -1 and errno: EBUSY when another
 * has it, EEXIST when it is no plain file of this user's or of `owner`, ELOOP for a
 * link, ENOLCK where files cannot be locked.
 */
int sl_locked_open(const char *path, mode_t mode, uid_t owner);

/* Why sl_locked_open() failed, from its errno: for a message about path. */
void sl_locked_why(const char *path, int error, char *text, size_t size);

/*
 * "FOLDER.NAMESUFFIX": the name of a file that belongs to `name`, of which only the
 * beginning and a hash are taken when it is too long for that; free() it.  `folder`
 * is empty or ends in a slash.  NULL: no memory.
 */
char *sl_locked_name(const char *folder, size_t folder_len, const char *name, const char *suffix);

#endif
