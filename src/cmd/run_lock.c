#include "cmd/run_lock.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "sink/locked.h"

struct sl_run_lock {
    char *path;
    int fd;
};

/* Not $XDG_RUNTIME_DIR first: cron has none, and would not meet who runs the job by hand. */
static const char *common_folder(void)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");

    if (access("/run/lock", W_OK | X_OK) == 0)
        return "/run/lock";
    if (runtime != NULL && runtime[0] == '/' && access(runtime, W_OK | X_OK) == 0)
        return runtime;
    return "/tmp";
}

/* In the deepest folder that is the same at every time. */
static char *path_beside(const char *pattern)
{
    size_t len = strcspn(pattern, "%");
    struct sl_buf name;
    char *path = NULL;
    int rc = 0;

    while (len > 0 && pattern[len - 1] != '/')
        len--;
    sl_buf_init(&name, (size_t)2 * PATH_MAX);
    /* No conversion ends in a colon. */
    for (const char *p = pattern + len; *p != '\0' && rc == 0; p++)
        rc = *p == '/' ? sl_buf_puts(&name, "%:") : sl_buf_putc(&name, *p);
    if (rc == 0)
        path = sl_locked_name(pattern, len, name.data, ".pgsluice-lock");
    sl_buf_free(&name);
    return path;
}

static char *lock_path(const char *export, const char *pattern, const char *output)
{
    struct stat st;
    char *path;

    if (strcmp(output, "-") != 0 && (stat(output, &st) != 0 || S_ISREG(st.st_mode)))
        return path_beside(pattern);
    if (asprintf(&path, "%s/pgsluice-%lu-%s.lock", common_folder(), (unsigned long)geteuid(),
                 export) < 0)
        return NULL;
    return path;
}

struct sl_run_lock *sl_run_lock_take(const char *export, const char *pattern, const char *output,
                                     struct sl_error *err)
{
    struct sl_run_lock *lock = calloc(1, sizeof *lock);
    char *path = lock_path(export, pattern, output);

    if (lock == NULL || path == NULL) {
        sl_error_nomem(err);
        goto failed;
    }
    lock->path = path;
    lock->fd = sl_locked_open(path, 0600, geteuid());
    if (lock->fd >= 0)
        return lock;
    if (errno == EBUSY)
        sl_error_set(err, SL_BUSY, "another run is under way: it holds the lock %s", path);
    else {
        char why[PATH_MAX];

        sl_locked_why(path, errno, why, sizeof why);
        sl_error_set(err, SL_OUTPUT_CREATE, "cannot lock %s: %s", path, why);
    }
failed:
    free(path);
    free(lock);
    return NULL;
}

void sl_run_lock_release(struct sl_run_lock *lock)
{
    if (lock == NULL)
        return;
    unlink(lock->path); /* while it is held: who waits for the name looks at it again */
    close(lock->fd);
    free(lock->path);
    free(lock);
}
