/*
 * main() for a fuzz target without libFuzzer: feeds it every file of its corpus, so that any
 * compiler's `make check` covers what fuzzing has found. Prints TAP, one test per directory.
 *
 *   fuzz_csv [DIRECTORY...]     default: $srcdir/tests/fuzz/corpus/csv
 *
 * A crash ends the process before its line is printed; the TAP driver counts that as an error.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* libFuzzer's own default for inputs is 1 MiB at most; a larger corpus file is a mistake. */
#define REPLAY_MAX_INPUT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns 0, or -1 with errno set (EFBIG: over REPLAY_MAX_INPUT). */
static int replay_file(const char *path)
{
    struct stat info;
    uint8_t *data = NULL;
    size_t size = 0;
    int result = -1;
    FILE *file = fopen(path, "rb");

    if (file == NULL)
        return -1;
    if (fstat(fileno(file), &info) != 0)
        goto out;
    if (info.st_size < 0 || (size_t)info.st_size > REPLAY_MAX_INPUT) {
        errno = EFBIG;
        goto out;
    }
    size = (size_t)info.st_size;
    /* The exact size, so that a sanitizer sees a read past the end; never 0 for malloc. */
    data = malloc(size > 0 ? size : 1);
    if (data == NULL)
        goto out;
    if (fread(data, 1, size, file) != size)
        goto out;
    LLVMFuzzerTestOneInput(data, size);
    result = 0;
out:
    free(data);
    fclose(file);
    return result;
}

/* Replays every file of one directory. Returns how many, or -1 after printing what failed. */
static int replay_directory(const char *directory)
{
    char path[PATH_MAX];
    int count = 0;
    struct dirent *entry;
    DIR *stream = opendir(directory);

    if (stream == NULL) {
        printf("# %s: %s\n", directory, strerror(errno));
        return -1;
    }
    while ((entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        int length = snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        if (length < 0 || (size_t)length >= sizeof(path)) {
            printf("# %s/%s: name too long\n", directory, entry->d_name);
            count = -1;
            break;
        }
        /* Known before the crash, if it comes. */
        fprintf(stderr, "# %s\n", path);
        if (replay_file(path) != 0) {
            printf("# %s: %s\n", path, strerror(errno));
            count = -1;
            break;
        }
        count++;
    }
    closedir(stream);
    return count;
}

static int report(int number, const char *directory)
{
    int count = replay_directory(directory);

    /* An empty corpus is a forgotten one. */
    printf("%sok %d - %d files of %s\n", count > 0 ? "" : "not ", number, count, directory);
    fflush(stdout);
    return count > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    char path[PATH_MAX];
    const char *source = getenv("srcdir");
    const char *target;
    int failed = 0;

    if (argc > 1) {
        printf("1..%d\n", argc - 1);
        for (int i = 1; i < argc; i++)
            failed |= report(i, argv[i]);
        return failed;
    }
    target = strstr(argv[0], "fuzz_");
    for (const char *next = target; next != NULL; next = strstr(next + 1, "fuzz_"))
        target = next;
    if (target == NULL) {
        fprintf(stderr, "usage: %s DIRECTORY...\n", argv[0]);
        return 64;
    }
    int length = snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s",
                          source != NULL ? source : ".", target + strlen("fuzz_"));
    if (length < 0 || (size_t)length >= sizeof(path)) {
        fprintf(stderr, "%s: path too long\n", argv[0]);
        return 70;
    }
    printf("1..1\n");
    return report(1, path);
}
