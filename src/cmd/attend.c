#include "cmd/attend.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/progress.h"
#include "export/run.h"

#define TICK_MS 200

#define DEFAULT_COLUMNS 80
#define MOST_COLUMNS 200

struct sl_attendant {
    struct sl_watch watch; /* the command's; wake_fd is written by the thread */
    sigset_t signals;
    pthread_t thread;
    int terminal;      /* where the line is shown, -1: nowhere */
    atomic_int signal; /* the one that came, 0: none */
    atomic_bool done;  /* SIGUSR1 then ends the wait */

    pthread_mutex_t lock; /* guards all below, and the line on the terminal */
    struct sl_run *run;
    int64_t began_ms;
    int64_t row_ms; /* when the first row was seen, 0: not yet */
    size_t shown;   /* columns of the line that is there */
};

static int check(struct sl_watch *watch, struct sl_error *err)
{
    struct sl_attendant *attendant = (struct sl_attendant *)watch; /* its first member */

    if (atomic_load(&attendant->signal) == 0)
        return 0;
    return sl_error_set(err, SL_CANCELLED, "stopped by a signal");
}

static int columns(void)
{
    struct winsize window;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
        return DEFAULT_COLUMNS;
    return window.ws_col < MOST_COLUMNS ? window.ws_col : MOST_COLUMNS;
}

/*
 * Over the line before; in the last column some terminals would begin a new line.
 * What a terminal that was stopped (^S) does not take is left out.
 */
static void show(struct sl_attendant *attendant, const char *text, size_t len)
{
    char line[2 * MOST_COLUMNS + 3];
    size_t rest = attendant->shown > len ? attendant->shown - len : 0;
    int n = snprintf(line, sizeof line, "\r%s%*s%s", text, (int)rest, "", len == 0 ? "\r" : "");

    if (write(attendant->terminal, line, (size_t)n) == n || len > attendant->shown)
        attendant->shown = len;
}

static void draw(struct sl_attendant *attendant)
{
    struct sl_receipt receipt;
    char text[MOST_COLUMNS + 1];

    pthread_mutex_lock(&attendant->lock);
    if (attendant->run != NULL) {
        int64_t now = sl_clock_ms();

        sl_run_receipt(attendant->run, &receipt);
        if (attendant->row_ms == 0 && receipt.rows > 0)
            attendant->row_ms = now;
        const struct sl_progress progress = {
            .name = receipt.export,
            .rows = receipt.rows,
            .bytes = receipt.bytes,
            .estimated_rows = receipt.estimated_rows,
            .ms = now - attendant->began_ms,
            .rows_ms = attendant->row_ms == 0 ? 0 : now - attendant->row_ms,
        };
        size_t len = sl_progress_line(&progress, columns() - 1, text, sizeof text);
        show(attendant, text, len);
    }
    pthread_mutex_unlock(&attendant->lock);
}

static void stop_run(struct sl_attendant *attendant)
{
    pthread_mutex_lock(&attendant->lock);
    if (attendant->run != NULL)
        sl_run_abort(attendant->run, SL_CANCELLED, "stopped by a signal");
    pthread_mutex_unlock(&attendant->lock);
}

/* The next signal that means something, or -1 when the time for one is over. */
static int next_signal(struct sl_attendant *attendant)
{
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};

    return sigtimedwait(&attendant->signals, NULL, attendant->terminal >= 0 ? &tick : NULL);
}

static void *attend(void *arg)
{
    struct sl_attendant *attendant = arg;

    while (!atomic_load(&attendant->done)) {
        int number = next_signal(attendant);
        int none = 0;

        if (number < 0 && attendant->terminal >= 0)
            draw(attendant);
        if (number <= 0 || number == SIGUSR1)
            continue;
        if (atomic_compare_exchange_strong(&attendant->signal, &none, number)) {
            sl_wake(attendant->watch.wake_fd);
            stop_run(attendant);
        }
    }
    return NULL;
}

/* All that would end the process; what the caller has ignored, as nohup(1) does, stays so. */
static void block_signals(sigset_t *signals)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR2, SIGALRM, SIGXCPU};

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write(2) */
    sigemptyset(signals);
    sigaddset(signals, SIGUSR1);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct sigaction old;

        if (sigaction(ends[i], NULL, &old) != 0 || old.sa_handler != SIG_IGN)
            sigaddset(signals, ends[i]);
    }
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

/* An open file of its own: O_NONBLOCK on standard error would hold for the caller's shell too. */
static int open_terminal(void)
{
    return open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void release(struct sl_attendant *attendant)
{
    if (attendant->watch.wake_fd >= 0)
        close(attendant->watch.wake_fd);
    if (attendant->terminal >= 0)
        close(attendant->terminal);
    pthread_mutex_destroy(&attendant->lock);
    free(attendant);
}

struct sl_attendant *sl_attend_start(bool progress, struct sl_error *err)
{
    struct sl_attendant *attendant = calloc(1, sizeof *attendant);

    if (attendant == NULL) {
        sl_error_nomem(err);
        return NULL;
    }
    attendant->watch = (struct sl_watch){.source_fd = -1, .check = check, .deadline_ms = INT64_MAX};
    attendant->terminal = progress ? open_terminal() : -1;
    pthread_mutex_init(&attendant->lock, NULL);
    block_signals(&attendant->signals);
    attendant->watch.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (attendant->watch.wake_fd >= 0 &&
        pthread_create(&attendant->thread, NULL, attend, attendant) == 0)
        return attendant;
    sl_error_set(err, SL_INTERNAL, "no thread for signals");
    release(attendant);
    return NULL;
}

void sl_attend(struct sl_attendant *attendant, struct sl_run *run)
{
    pthread_mutex_lock(&attendant->lock);
    attendant->run = run;
    attendant->began_ms = sl_clock_ms();
    attendant->row_ms = 0;
    if (run == NULL && attendant->shown > 0)
        show(attendant, "", 0);
    pthread_mutex_unlock(&attendant->lock);
    if (run != NULL && atomic_load(&attendant->signal) != 0)
        stop_run(attendant);
}

struct sl_watch *sl_attend_watch(struct sl_attendant *attendant)
{
    return &attendant->watch;
}

int sl_attend_signal(struct sl_attendant *attendant)
{
    return atomic_load(&attendant->signal);
}

void sl_attend_stop(struct sl_attendant *attendant)
{
    if (attendant == NULL)
        return;
    atomic_store(&attendant->done, true);
    pthread_kill(attendant->thread, SIGUSR1);
    pthread_join(attendant->thread, NULL);
    release(attendant);
}
