#include "cmd/run_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A receipt or a line with a file's name is far smaller. */
#define MOST_TEXT 16384

#define SHA256_DIGITS 64

int sl_run_file_check(const char *path, struct sl_error *err)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX] = ".";
    struct stat st;

    if (slash != NULL)
        snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    errno = 0;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return sl_error_set(err, SL_OUTPUT_CREATE, "cannot create %s: it is no plain file", path);
    if ((errno != 0 && errno != ENOENT) || access(folder, W_OK | X_OK) != 0)
        return sl_error_set(err, SL_OUTPUT_CREATE, "cannot create %s: %s", path, strerror(errno));
    return 0;
}

static int write_text(struct sl_sink *sink, const struct sl_buf *text, struct sl_error *err)
{
    for (size_t done = 0; done < text->len;) {
        size_t size;
        char *data;

        if (sl_sink_buffer(sink, &data, &size, err) < 0)
            return -1;
        if (size > text->len - done)
            size = text->len - done;
        memcpy(data, text->data + done, size);
        if (sl_sink_write(sink, size, err) < 0)
            return -1;
        done += size;
    }
    return sl_sink_end(sink, err);
}

/* A file with this text that only needs to be committed. NULL: see *err. */
static struct sl_file *make(const char *path, const struct sl_buf *text, struct sl_error *err)
{
    struct sl_file *file = sl_run_file_check(path, err) < 0 ? NULL : sl_file_new(path, NULL, err);

    if (file == NULL || write_text(sl_file_sink(file), text, err) == 0)
        return file;
    sl_file_free(file);
    return NULL;
}

int sl_run_file_receipt(const char *path, const struct sl_receipt *receipt, struct sl_error *err)
{
    struct sl_buf text;
    int rc = -1;

    sl_buf_init(&text, MOST_TEXT);
    if (sl_receipt_json(receipt, &text) < 0 || sl_buf_putc(&text, '\n') < 0) {
        sl_error_nomem(err);
    } else {
        struct sl_file *file = make(path, &text, err);

        if (file != NULL)
            rc = sl_file_commit(file, err);
        sl_file_free(file);
    }
    sl_buf_free(&text);
    return rc;
}

/* As sha256sum(1) prints it: a name with a backslash or line break has both escaped, and says so.
 */
static int sum_line(struct sl_buf *line, const char *path, const char *sha256)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    int rc = 0;

    if (strpbrk(name, "\\\n") != NULL)
        rc = sl_buf_putc(line, '\\');
    if (rc == 0)
        rc = sl_buf_printf(line, "%s  ", sha256);
    for (; *name != '\0' && rc == 0; name++) {
        if (*name == '\\' || *name == '\n')
            rc = sl_buf_puts(line, *name == '\n' ? "\\n" : "\\\\");
        else
            rc = sl_buf_putc(line, *name);
    }
    return rc == 0 ? sl_buf_putc(line, '\n') : -1;
}

char *sl_run_file_sum_path(const char *path)
{
    char *text;

    return asprintf(&text, "%s.sha256", path) < 0 ? NULL : text;
}

/* Is this a sum of `path`, as a run before has written it? */
static bool is_sum(const char *sum_path, const char *path)
{
    char old[MOST_TEXT] = "";
    char digits[SHA256_DIGITS + 1];
    struct sl_buf line;
    bool same = false;
    int fd = open(sum_path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, old, sizeof old - 1);

    if (fd >= 0)
        close(fd);
    snprintf(digits, sizeof digits, "%s", old + (old[0] == '\\'));
    if (len <= 0 || strspn(digits, "0123456789abcdef") != SHA256_DIGITS)
        return false;
    sl_buf_init(&line, MOST_TEXT);
    if (sum_line(&line, path, digits) == 0)
        same = line.len == (size_t)len && memcmp(line.data, old, line.len) == 0;
    sl_buf_free(&line);
    return same;
}

static int commit_without_sum(struct sl_file *file, const char *path, const char *sum_path,
                              struct sl_error *err)
{
    if (sl_file_plain(file) && is_sum(sum_path, path)) {
        struct sl_file *sum = sl_file_new(sum_path, NULL, err);
        int rc = sum == NULL ? -1 : sl_file_withdraw(sum, err);

        sl_file_free(sum);
        if (rc < 0)
            return -1;
    }
    return sl_file_commit(file, err);
}

int sl_run_file_commit(struct sl_file *file, const char *path, const char *sha256,
                       struct sl_error *err)
{
    char *sum_path = sl_run_file_sum_path(path);
    struct sl_file *sum = NULL;
    struct sl_buf line;
    int rc = -1;

    sl_buf_init(&line, MOST_TEXT);
    if (sum_path != NULL && sha256 == NULL) {
        rc = commit_without_sum(file, path, sum_path, err);
        goto out;
    }
    if (sum_path == NULL || sum_line(&line, path, sha256) < 0) {
        sl_error_nomem(err);
        goto out;
    }
    sum = make(sum_path, &line, err);
    if (sum == NULL || sl_file_withdraw(sum, err) < 0 || sl_file_commit(file, err) < 0)
        goto out;
    rc = sl_file_commit(sum, err);
out:
    sl_file_free(sum);
    sl_buf_free(&line);
    free(sum_path);
    return rc;
}
