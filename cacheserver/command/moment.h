#pragma once
#include <stdint.h>

/* A Unix time as yyyymmddhhmmss, in local time. Returns `text`. */
#define MOMENT_TEXT 32
char *moment_text(int64_t unix_s, char text[MOMENT_TEXT]);
/* The same as yyyymmdd_hmmss, as the reports of cmdlog and lqdetect have it; 0 is "0_0". */
char *moment_numbers(int64_t unix_s, char text[MOMENT_TEXT]);
/* This moment as hh:mm:ss.uuuuuu. */
char *moment_now(char text[MOMENT_TEXT]);
