#include "sink/locked.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file may be renamed or removed by who has it while we open it. */
#define OPEN_TRIES 10

/* Hexadecimal digits of a name's hash, and the character before them. */
#define HASH_LEN 17

static bool same_file(int fd, const char *path)
{
    struct stat ours;
    struct stat there;

    return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

/* Whoever else could have put it there would own what we write. */
static bool may_write(int fd, uid_t owner)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink <= 1 &&
        (st.st_uid == geteuid() || st.st_uid == owner))
        return true;
    errno = EEXIST;
    return false;
}

/* 0 when it is ours now; EAGAIN: the name is that of another file by now. */
static int take(int fd, const char *path, uid_t owner)
{
    if (!may_write(fd, owner))
        return errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? EBUSY : errno;
    /* Once more: who had it may have given it away, as to the owner of the old file. */
    if (!may_write(fd, owner))
        return errno;
    return same_file(fd, path) ? 0 : EAGAIN;
}

int sl_locked_open(const char *path, mode_t mode, uid_t owner)
{
    for (int i = 0; i < OPEN_TRIES; i++) {
        /* O_NONBLOCK: a FIFO laid there would block. */
        int fd =
            open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode);

        if (fd < 0)
            return -1;
        int why = take(fd, path, owner);
        if (why == 0)
            return fd;
        close(fd);
        errno = why == EAGAIN ? EBUSY : why;
        if (why != EAGAIN)
            return -1;
    }
    return -1;
}

void sl_locked_why(const char *path, int error, char *text, size_t size)
{
    struct stat st;

    if (error == EBUSY)
        snprintf(text, size, "another run is writing it");
    else if ((error == EEXIST || error == EACCES) && lstat(path, &st) == 0 &&
             st.st_uid != geteuid())
        snprintf(text, size, "%s belongs to the user %lu", path, (unsigned long)st.st_uid);
    else if (error == EEXIST)
        snprintf(text, size, "%s is no plain file of its own", path);
    else
        snprintf(text, size, "%s", strerror(error));
}

/* FNV-1a. */
static uint64_t hash(const char *text)
{
    uint64_t sum = 0xcbf29ce484222325;

    for (; *text != '\0'; text++)
        sum = (sum ^ (unsigned char)*text) * 0x100000001b3;
    return sum;
}

char *sl_locked_name(const char *folder, size_t folder_len, const char *name, const char *suffix)
{
    size_t most = NAME_MAX - 1 - strlen(suffix);
    char end[HASH_LEN + 1] = "";
    size_t len = strlen(name);
    char *path;

    if (len > most) {
        len = most - HASH_LEN;
        snprintf(end, sizeof end, "~%016" PRIx64, hash(name));
    }
    if (asprintf(&path, "%.*s.%.*s%s%s", (int)folder_len, folder, (int)len, name, end, suffix) < 0)
        return NULL;
    return path;
}
