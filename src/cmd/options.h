/* The options that commands share, read in one place so that every mistake reads the same. */
#ifndef SL_OPTIONS_H
#define SL_OPTIONS_H

#include <stdbool.h>

struct sl_options {
    const char *config; /* -c, NULL: not given */
    const char *output; /* -o, NULL: not given */
    bool json;          /* --json */
};

/*
 * Reads argv of a command (argv[0] is its name).  `letters` are the options that
 * it knows, of "coj"; -h, --help prints `usage`.  Leaves optind at the first
 * argument; `arguments` says whether the command takes any.  Returns -1 to go on,
 * or the exit code.
 */
int sl_options_read(int argc, char **argv, const char *letters, bool arguments, const char *usage,
                    struct sl_options *options);

#endif
