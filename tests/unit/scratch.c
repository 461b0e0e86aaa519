#include "scratch.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char folder[64];
struct sl_error err;

void scratch_setup(void)
{
    strcpy(folder, "/tmp/pgsluice_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    umask(022);
}

/* Removes what a test left, two levels deep. */
static void empty(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        char name[600];

        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlink(name) != 0)
            empty(name);
    }
    closedir(dir);
    rmdir(path);
}

void scratch_teardown(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    empty(folder);
}

void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* Is the content of path exactly this? */
bool holds(const char *path, const char *text)
{
    char bytes[256];
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return false;
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return n == strlen(text) && memcmp(bytes, text, n) == 0;
}

static int go_on(struct sl_watch *w, struct sl_error *e)
{
    (void)w;
    (void)e;
    return 0;
}

struct sl_watch watch = {.wake_fd = -1, .source_fd = -1, .check = go_on, .deadline_ms = INT64_MAX};

struct sl_file *make(const char *path)
{
    struct sl_file *file = sl_file_new(path, &watch, &err);

    ck_assert_msg(file != NULL, "%s", err.message);
    return file;
}

int put(struct sl_file *file, const char *text)
{
    struct sl_sink *sink = sl_file_sink(file);
    size_t size;
    char *data;

    ck_assert_int_eq(sl_sink_buffer(sink, &data, &size, &err), 0);
    ck_assert_uint_ge(size, strlen(text));
    memcpy(data, text, strlen(text));
    return sl_sink_write(sink, strlen(text), &err);
}

int finish(struct sl_file *file)
{
    if (sl_sink_end(sl_file_sink(file), &err) < 0)
        return -1;
    return sl_file_commit(file, &err);
}
