#include "windows.h"

#include <check.h>
#include <stddef.h>
#include <string.h>

#define GUARD 0x5A

void windows_collect(struct windows *w)
{
    if (w->base == NULL)
        return;
    if (w->out.pos > w->base + w->size)
        ck_abort_msg("wrote past the end of a window of %zu", w->size);
    for (size_t i = w->size; i < sizeof w->memory; i++)
        if (w->memory[i] != GUARD)
            ck_abort_msg("byte %zu behind a window of %zu was written", i - w->size, w->size);
    memcpy(w->got + w->n, w->base, (size_t)(w->out.pos - w->base));
    w->n += (size_t)(w->out.pos - w->base);
    w->base = w->out.pos = w->out.end = NULL;
}

static int more(struct sl_out *out)
{
    struct windows *w = (struct windows *)out;

    if (w->fail_at > 0 && w->calls >= w->fail_at)
        ck_abort_msg("asked for a window after a failure");
    if (out->pos != out->end)
        ck_abort_msg("asked for a window with %td bytes free", out->end - out->pos);
    windows_collect(w);
    if (++w->calls == w->fail_at)
        return -1;
    w->base = out->pos = w->memory;
    out->end = w->memory + w->size;
    return 0;
}

void windows_init(struct windows *w, size_t size)
{
    w->out = (struct sl_out){.more = more};
    w->size = size;
    w->calls = w->fail_at = 0;
    w->base = NULL;
    w->n = 0;
    memset(w->memory, GUARD, sizeof w->memory);
}

void windows_hold(struct windows *w, const char *wanted, size_t n)
{
    windows_collect(w);
    if (w->n != n || memcmp(w->got, wanted, n) != 0)
        ck_abort_msg("window %zu: wrote '%.*s', not '%.*s'", w->size, (int)w->n, w->got, (int)n,
                     wanted);
}

struct sl_cell cell_of(const char *text)
{
    return (struct sl_cell){text, text == NULL ? -1 : (int)strlen(text)};
}
