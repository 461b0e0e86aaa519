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
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "sink/locked.h"

/* How often a FIFO is tried until somebody reads it (ms): the system tells nobody when. */
#define READER_MS 100

/* How long a small file that another process is writing is waited for, and how often it is tried
 * (ms). */
#define SMALL_WAIT_MS 2000
#define SMALL_STEP_MS 10

struct sl_file {
    struct sl_sink base;
    int fd;
    bool waits;      /* a pipe, a terminal: writing may block */
    bool wrote;      /* bytes went out */
    char *path;      /* NULL for standard output */
    char *temporary; /* NULL when path is written directly */
    bool begun;      /* the temporary file is there, and ours */
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
        if (n > 0) {
            file->wrote = true;
            done += (size_t)n;
        }
    }
    return 0;
}

/* The folder that path is in; free() it. NULL: no memory. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Makes a rename or removal itself durable. */
static int sync_folder(const struct sl_file *file, struct sl_error *err)
{
    char *folder = folder_of(file->path);
    int rc = 0;

    if (folder == NULL)
        return sl_error_nomem(err);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* EACCES: a drop box, which may be written but not read. */
    int synced = fd >= 0 ? fsync(fd) : errno == EACCES ? syncfs(file->fd) : -1;
    /* EINVAL: a file system that has no such sync. */
    if (synced < 0 && (fd < 0 || errno != EINVAL))
        rc = write_error(file, err);
    if (fd >= 0)
        close(fd);
    free(folder);
    return rc;
}

static int file_end(struct sl_sink *sink, struct sl_error *err)
{
    struct sl_file *file = (struct sl_file *)sink;

    return file->temporary != NULL && fsync(file->fd) < 0 ? write_error(file, err) : 0;
}

static void file_abort(struct sl_sink *sink)
{
    struct sl_file *file = (struct sl_file *)sink;

    if (!file->begun)
        return;
    unlink(file->temporary);
    close(file->fd); /* after it: the lock says whose the name is */
    file->fd = -1;
    file->begun = false;
}

int sl_file_commit(struct sl_file *file, struct sl_error *err)
{
    if (!file->begun)
        return 0;
    if (rename(file->temporary, file->path) < 0)
        return write_error(file, err);
    file->begun = false;
    return sync_folder(file, err);
}

int sl_file_withdraw(struct sl_file *file, struct sl_error *err)
{
    if (unlink(file->path) < 0)
        return errno == ENOENT ? 0 : write_error(file, err);
    return sync_folder(file, err);
}

static size_t file_room(struct sl_sink *sink)
{
    (void)sink;
    return SIZE_MAX;
}

static size_t file_memory(const struct sl_sink *sink)
{
    (void)sink;
    return SL_BLOCK_SIZE;
}

static const struct sl_sink_ops file_ops = {
    .name = "file",
    .buffer = file_buffer,
    .write = file_write,
    .end = file_end,
    .abort = file_abort,
    .room = file_room,
    .memory = file_memory,
};

static char *temporary_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;

    return sl_locked_name(path, (size_t)(name - path), name, ".pgsluice-tmp");
}

static int create_error(const char *path, struct sl_error *err)
{
    return sl_error_set(err, SL_OUTPUT_CREATE, "cannot create %s: %s", path, strerror(errno));
}

static int lock_temporary(struct sl_file *file, mode_t mode, uid_t owner)
{
    /* Only a small file, which nobody writes for long, is waited for. */
    int64_t until = file->base.watch == NULL ? sl_clock_ms() + SMALL_WAIT_MS : 0;

    for (;;) {
        file->fd = sl_locked_open(file->temporary, mode, owner);
        if (file->fd >= 0 || errno != EBUSY || sl_clock_ms() >= until)
            return file->fd;
        (void)poll(NULL, 0, SMALL_STEP_MS);
    }
}

/*
 * The new file takes the old one's owner, group and mode, as far as we may give it away;
 * not what it may do when it is executed.
 */
static int take_after(int fd, const struct stat *old)
{
    if (fchown(fd, old->st_uid, old->st_gid) < 0)
        (void)!fchown(fd, (uid_t)-1, old->st_gid);
    return fchmod(fd, old->st_mode & 0777);
}

/*
 * A lock keeps other runs away from the temporary file until it is renamed.  What a
 * killed run left there has no lock and is overwritten.  The new file is as the old
 * one before a byte is in it.
 */
static int open_regular(struct sl_file *file, const char *path, struct sl_error *err)
{
    struct stat old;
    bool there = stat(file->path, &old) == 0;

    if (lock_temporary(file, there ? old.st_mode & 0777 : 0666, there ? old.st_uid : geteuid()) <
        0) {
        char why[PATH_MAX];

        sl_locked_why(file->temporary, errno, why, sizeof why);
        return sl_error_set(err, SL_OUTPUT_CREATE, "cannot create %s: %s", path, why);
    }
    file->begun = true;
    if (ftruncate(file->fd, 0) < 0 || (there && take_after(file->fd, &old) < 0))
        return create_error(path, err);
    return 0;
}

/* Opened as it is; a FIFO once it has a reader, for as long as the watch waits. */
static int open_direct(struct sl_file *file, bool fifo, struct sl_watch *watch,
                       struct sl_error *err)
{
    for (;;) {
        short revents;

        file->fd = open(file->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (file->fd >= 0)
            return 0;
        if (!fifo || errno != ENXIO)
            return create_error(file->path, err);
        if (sl_watch_wait(watch, -1, 0, READER_MS, &revents, err) < 0)
            return -1;
    }
}

/*
 * In a folder like /tmp somebody else may have laid a link or a file under our name, to
 * have us write elsewhere, or for him.
 */
static int check_trap(const char *path, struct sl_error *err)
{
    char *folder = folder_of(path);
    struct stat target;
    struct stat in;
    int rc = 0;

    if (folder == NULL)
        return sl_error_nomem(err);
    if (lstat(path, &target) == 0 && stat(folder, &in) == 0 && (in.st_mode & S_ISVTX) != 0 &&
        (in.st_mode & S_IWOTH) != 0 && target.st_uid != geteuid() && target.st_uid != in.st_uid)
        rc = sl_error_set(err, SL_OUTPUT_CREATE,
                          "cannot create %s: it belongs to the user %lu, in a folder where "
                          "everybody may lay a file",
                          path, (unsigned long)target.st_uid);
    free(folder);
    return rc;
}

static int open_target(struct sl_file *file, const char *path, struct sl_watch *watch,
                       struct sl_error *err)
{
    struct stat st;

    if (check_trap(path, err) < 0)
        return -1;
    if (stat(path, &st) < 0) {
        if (errno != ENOENT)
            return create_error(path, err);
    } else if (!S_ISREG(st.st_mode)) {
        file->path = strdup(path);
        return file->path == NULL ? sl_error_nomem(err)
                                  : open_direct(file, S_ISFIFO(st.st_mode), watch, err);
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
    return open_regular(file, path, err);
}

struct sl_file *sl_file_new(const char *path, struct sl_watch *watch, struct sl_error *err)
{
    struct sl_file *file = calloc(1, sizeof *file);
    struct stat st;

    if (file == NULL) {
        sl_error_nomem(err);
        return NULL;
    }
    file->base.ops = &file_ops;
    file->base.watch = watch;
    file->fd = -1;
    if (strcmp(path, "-") == 0) {
        file->fd = STDOUT_FILENO;
    } else if (open_target(file, path, watch, err) < 0) {
        sl_file_free(file);
        return NULL;
    }
    file->waits = fstat(file->fd, &st) == 0 && !S_ISREG(st.st_mode);
    return file;
}

int sl_file_again(struct sl_file *file, struct sl_error *err)
{
    if (file->temporary == NULL || file->begun)
        return 0;
    return open_regular(file, file->path, err);
}

bool sl_file_plain(const struct sl_file *file)
{
    return file->temporary != NULL;
}

bool sl_file_final(const struct sl_file *file)
{
    return file->temporary == NULL && file->wrote;
}

void sl_file_free(struct sl_file *file)
{
    if (file == NULL)
        return;
    file_abort(&file->base);
    if (file->fd > STDERR_FILENO)
        close(file->fd);
    free(file->temporary);
    free(file->path);
    free(file);
}

struct sl_sink *sl_file_sink(struct sl_file *file)
{
    return &file->base;
}
