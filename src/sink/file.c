#include "sink/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

struct sl_file {
    struct sl_sink base;
    int fd;
    char *path;      /* NULL for standard output */
    char *temporary; /* NULL when path is written directly */
    char window[SL_BLOCK_SIZE];
};

static int write_error(const struct sl_file *file, struct sl_error *err)
{
    const char *name = file->path == NULL ? "standard output" : file->path;

    if (errno == EINTR) /* only the command's own signals interrupt */
        return sl_error_set(err, SL_CANCELLED, "interrupted while writing %s", name);
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

static int file_write(struct sl_sink *sink, size_t len, struct sl_error *err)
{
    struct sl_file *file = (struct sl_file *)sink;

    for (size_t done = 0; done < len;) {
        ssize_t n = write(file->fd, file->window + done, len - done);

        if (n < 0)
            return write_error(file, err);
        done += (size_t)n;
    }
    return 0;
}

/* Makes the rename itself durable. */
static int sync_folder(const struct sl_file *file, struct sl_error *err)
{
    const char *slash = strrchr(file->path, '/');
    char *folder = slash == NULL           ? strdup(".")
                   : slash == file->path   ? strdup("/")
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

/* A target that exists and is no regular file is written as it is. */
static int open_target(struct sl_file *file, const char *path, struct sl_error *err)
{
    struct stat st;
    bool special = stat(path, &st) == 0 && !S_ISREG(st.st_mode);

    /* What a link points to is replaced, not the link. */
    file->path = special ? strdup(path) : realpath(path, NULL);
    if (file->path == NULL && errno == ENOENT)
        file->path = strdup(path);
    if (file->path == NULL)
        return sl_error_set(err, SL_OUTPUT_CREATE, "cannot create %s: %s", path, strerror(errno));
    if (!special && (file->temporary = temporary_name(file->path)) == NULL)
        return sl_error_nomem(err);

    const char *opened = special ? file->path : file->temporary;
    int flags = O_WRONLY | O_CLOEXEC | (special ? O_NOCTTY : O_CREAT | O_TRUNC);
    file->fd = open(opened, flags, 0666);
    if (file->fd < 0) {
        sl_error_set(err, SL_OUTPUT_CREATE, "cannot create %s: %s", path, strerror(errno));
        free(file->temporary);
        file->temporary = NULL;
        return -1;
    }
    return 0;
}

struct sl_file *sl_file_new(const char *path, struct sl_error *err)
{
    struct sl_file *file = calloc(1, sizeof *file);

    if (file == NULL) {
        sl_error_nomem(err);
        return NULL;
    }
    file->base.ops = &file_ops;
    file->fd = -1;
    if (strcmp(path, "-") == 0) {
        file->fd = STDOUT_FILENO;
    } else if (open_target(file, path, err) < 0) {
        sl_file_free(file);
        return NULL;
    }
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
