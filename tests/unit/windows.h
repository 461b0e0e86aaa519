/* A receiver of formatted bytes whose windows are tiny, and the bytes behind them guarded. */
#ifndef WINDOWS_H
#define WINDOWS_H

#include "base/row.h"
#include "format/out.h"

#define MAX_WINDOW 40
#define MAX_GOT 40000

struct windows {
    struct sl_out out;
    size_t size;
    int calls;
    int fail_at; /* this call of more() fails; 0: none */
    char memory[MAX_WINDOW + 8];
    char *base;
    size_t n;
    char got[MAX_GOT];
};

/* As a run begins: without a window. */
void windows_init(struct windows *w, size_t size);

/* Takes what was written into `got`. */
void windows_collect(struct windows *w);

/* Collects, and compares all that was written with a text. */
void windows_hold(struct windows *w, const char *wanted, size_t n);

/* A cell of a text; NULL is NULL. */
struct sl_cell cell_of(const char *text);

#endif
