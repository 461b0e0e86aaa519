#include "sink/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

struct sl_file {
    struct sl_sink base;
    int fd;
    bool waits;      /* a pipe, a terminal: writing may block */
    char *path;      /* NULL for standard output */
    char *temporary; /* NULL when path is written directly */
    char window[SL_BLOCK_SIZE];
};

static int write_error(const struct sl_file *file, struct sl_error *err)
{
    const char *name = file->path == NULL ? "standard output" : file->path;

    return sl_error_set(err, SL_OUTPUT_WRITE, "cannot write %s: %s", name, strerror(errno));
}

static int file_buffer(struct sl_sink *sink, char **data, size_t *size, struct sl_error *err)
{
    struct sl_file *file = (struct sl_file *)sink;

    (void)err;
    *data = file->window;
    *size = sizeof file->window;
    return 0;
}

/* A pipe may be full for long: the run's deadlines and signals hold meanwhile. */
static int wait_writable(struct sl_file *file, struct sl_error *err)
{
    short revents = 0;

    while (revents == 0)
        if (sl_watch_wait(file->base.watch, file->fd, POLLOUT, -1, &revents, err) < 0)
            return -1;
    return 0;
}

static int file_write(struct sl_sink *sink, size_t len, struct sl_error *err)
{
    struct sl_file *file = (struct sl_file *)sink;

    for (size_t done = 0; done < len;) {
        size_t part = len - done;

        if (file->waits) {
            if (wait_writable(file, err) < 0)
                return -1;
            if (part > PIPE_BUF) /* so much goes without blocking (POSIX write) */
                part = PIPE_BUF;
        }
        ssize_t n = write(file->fd, file->window + done, part);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return write_error(file, err);
        if (n > 0)
            done += (size_t)n;
    }
    return 0;
}

/* Makes the rename itself durable. */
static int sync_folder(const struct sl_file *file, struct sl_error *err)
{
    const char *slash = strrchr(file->path, '/');
    char *folder = slash == NULL         ? strdup(".")
                   : slash == file->path ? strdup("/")
                                         : strndup(file->path, (size_t)(slash - file->path));
    int rc = 0;

    if (folder == NULL)
        return sl_error_nomem(err);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* EINVAL: a file system that has no such sync. */
    if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
        rc = write_error(file, err);
    if (fd >= 0)
        close(fd);
    free(folder);
    return rc;
}

static int file_end(struct sl_sink *sink, struct sl_error *err)
{
    struct sl_file *file = (struct sl_file *)sink;

    if (file->temporary == NULL)
        return 0;
    if (fsync(file->fd) < 0 || rename(file->temporary, file->path) < 0)
        return write_error(file, err);
    free(file->temporary);
    file->temporary = NULL;
    return sync_folder(file, err);
}

static void file_abort(struct sl_sink *sink)
{
    struct sl_file *file = (struct sl_file *)sink;

    if (file->temporary == NULL)
        return;
    unlink(file->temporary);
    free(file->temporary);
    file->temporary = NULL;
}

static size_t file_room(struct sl_sink *sink)
{
    (void)sink;
    return SIZE_MAX;
}

static const struct sl_sink_ops file_ops = {
    .name = "file",
    .buffer = file_buffer,
    .write = file_write,
    .end = file_end,
    .abort = file_abort,
    .room = file_room,
};

static char *temporary_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    char *temporary;

    if (asprintf(&temporary, "%.*s.%s.pgsluice-tmp", (int)(name - path), path, name) < 0)
        return NULL;
    return temporary;
}

/* The temporary file may be renamed by the run that has it while we open it. */
#define OPEN_TRIES 10

static bool same_file(int fd, const char *path)
{
    struct stat ours;
    struct stat there;

    /* Whoever else could have put it there would own what we write. */
    if (fstat(fd, &ours) == 0 &&
        (!S_ISREG(ours.st_mode) || ours.st_uid != geteuid() || ours.st_nlink > 1)) {
        errno = EEXIST;
        return false;
    }
    return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

/*
 * Opens the temporary file; a lock keeps other runs away from it until it is
 * renamed.  What a killed run left there has no lock and is overwritten.
 */
static int open_temporary(const char *path, mode_t mode)
{
    for (int i = 0; i < OPEN_TRIES; i++) {
        int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);

        if (fd < 0)
            return -1;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
            close(fd);
            errno = EBUSY;
            return -1;
        }
        errno = EBUSY;
        if (same_file(fd, path))
            return fd;
        int why = errno;
        close(fd);
        errno = why;
        if (why == EEXIST)
            return -1;
    }
    return -1;
}

/* The new file takes the place of the old one, so also its mode, before a byte is in it. */
static int open_regular(struct sl_file *file, const struct stat *old)
{
    file->fd = open_temporary(file->temporary, old == NULL ? 0666 : old->st_mode & 0777);
    if (file->fd < 0)
        return -1;
    if (old != NULL && fchmod(file->fd, old->st_mode & 07777) < 0)
        return -1;
    return ftruncate(file->fd, 0);
}

static int create_error(const char *path, struct sl_error *err)
{
    const char *why = errno == EBUSY ? "another run is writing it" : strerror(errno);

    return sl_error_set(err, SL_OUTPUT_CREATE, "cannot create %s: %s", path, why);
}

/* A target that exists and is no regular file is written as it is. */
static int open_target(struct sl_file *file, const char *path, struct sl_error *err)
{
    struct stat st;
    bool there = stat(path, &st) == 0;

    if (there && !S_ISREG(st.st_mode)) {
        file->path = strdup(path);
        file->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return file->path == NULL || file->fd < 0 ? create_error(path, err) : 0;
    }
    /* What a link points to is replaced, not the link; one that points to nothing is refused. */
    struct stat link;
    file->path = realpath(path, NULL);
    if (file->path == NULL && errno == ENOENT && path[0] != '\0' && lstat(path, &link) < 0)
        file->path = strdup(path);
    if (file->path == NULL)
        return create_error(path, err);
    if ((file->temporary = temporary_name(file->path)) == NULL)
        return sl_error_nomem(err);
    if (open_regular(file, there ? &st : NULL) == 0)
        return 0;
    create_error(path, err);
    if (file->fd < 0) { /* it is not ours */
        free(file->temporary);
        file->temporary = NULL;
    }
    return -1;
}

struct sl_file *sl_file_new(const char *path, struct sl_error *err)
{
    struct sl_file *file = calloc(1, sizeof *file);

    if (file == NULL) {
        sl_error_nomem(err);
        return NULL;
    }
    struct stat st;

    file->base.ops = &file_ops;
    file->fd = -1;
    if (strcmp(path, "-") == 0) {
        file->fd = STDOUT_FILENO;
    } else if (open_target(file, path, err) < 0) {
        sl_file_free(file);
        return NULL;
    }
    file->waits = fstat(file->fd, &st) == 0 && !S_ISREG(st.st_mode);
    return file;
}

void sl_file_free(struct sl_file *file)
{
    if (file == NULL)
        return;
    file_abort(&file->base);
    if (file->fd > STDERR_FILENO)
        close(file->fd);
    free(file->path);
    free(file);
}

struct sl_sink *sl_file_sink(struct sl_file *file)
{
    return &file->base;
}
