/* Time, in one place: monotonic for durations, wall clock for people. Thread-safe. */
#ifndef SL_CLOCK_H
#define SL_CLOCK_H

#include <stdint.h>
#include <stddef.h>

/* Milliseconds and microseconds of CLOCK_MONOTONIC. */
int64_t sl_clock_ms(void);
int64_t sl_clock_us(void);

#define SL_TIME_TEXT 32

/* Now as RFC 3339 in UTC with milliseconds, 2026-01-02T03:04:05.678Z. */
void sl_clock_utc(char text[SL_TIME_TEXT]);

/* The same for a moment this many milliseconds from now. */
void sl_clock_utc_in(int64_t ms, char text[SL_TIME_TEXT]);

/* Now as the UTC day, 2026-01-02. */
void sl_clock_utc_day(char text[SL_TIME_TEXT]);

/* Milliseconds left until a deadline of sl_clock_ms(), 0 when past; fits poll(2). */
int sl_clock_left(int64_t deadline_ms);

#endif
