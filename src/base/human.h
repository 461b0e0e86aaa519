/* Numbers as people read them. No state; text is room for SL_HUMAN_TEXT bytes. */
#ifndef SL_HUMAN_H
#define SL_HUMAN_H

#include <stdint.h>

#define SL_HUMAN_TEXT 32

/* 1234567 as 1,234,567; not negative. */
void sl_human_number(int64_t number, char text[SL_HUMAN_TEXT]);

/* Bytes in PostgreSQL's units, of 1024: 512 B, 1.5 MB. */
void sl_human_size(int64_t bytes, char text[SL_HUMAN_TEXT]);

/* Milliseconds as 0:07, 12:34 or 1:02:03. */
void sl_human_time(int64_t ms, char text[SL_HUMAN_TEXT]);

#endif
