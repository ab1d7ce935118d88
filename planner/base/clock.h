#pragma once

#include <stdint.h>

/* Milliseconds of a clock that never jumps. Deadlines are values of this clock. */
int64_t clock_now_ms(void);

/* A deadline milliseconds from now; INT64_MAX milliseconds mean never. */
int64_t clock_deadline_ms(int64_t milliseconds);

/* What is left until the deadline, never negative, fit for poll(2). */
int clock_left_ms(int64_t deadline_ms);

/* The wall time as UTC "YYYY-MM-DDTHH:MM:SSZ". */
enum { CLOCK_TEXT_SIZE = 21 };
void clock_wall_text(char text[CLOCK_TEXT_SIZE]);
