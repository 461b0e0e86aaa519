#include "base/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* /proc/self/status is about 1.5 kB; what matters here stands in its first half. */
#define STATUS_MAX 8192

/* The number behind "\nKEY:", which is in kB there; in bytes. */
static int64_t of_status(const char *text, const char *key)
{
    const char *found = strstr(text, key);

    return found == NULL ? 0 : strtoll(found + strlen(key), NULL, 10) * 1024;
}

static void look_at_memory(struct sl_process *process)
{
    char text[STATUS_MAX];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        close(fd);
    text[n < 0 ? 0 : n] = '\0';
    process->resident = of_status(text, "\nVmRSS:");
    process->anonymous = of_status(text, "\nRssAnon:");
}

static int64_t count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    int64_t n = 0;

    if (folder == NULL)
        return 0;
    while ((entry = readdir(folder)) != NULL)
        n += entry->d_name[0] != '.';
    closedir(folder);
    return n - 1; /* the folder itself */
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void sl_process_look(struct sl_process *process)
{
    struct rlimit limit = {0};
    struct rusage usage = {0};

    look_at_memory(process);
    process->open_fds = count_fds();
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    process->max_fds = (int64_t)limit.rlim_cur;
    (void)getrusage(RUSAGE_SELF, &usage);
    process->cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
}
