#pragma once

#include "planner/base/str.h"

/* Shell functions that scripts for hosts share, to be put before such a script: POSIX sh and
 * coreutils only, no output of their own, no effect until called. The text is host_shell.sh.
 *
 * fail TEXT…: prints TEXT to standard error and ends the script with status 1.
 *
 * record_value FILE KEY: prints the value of the first line KEY=VALUE; status 1 without one.
 *
 * process_start PID: prints when the process started, in clock ticks since the boot (field 22 of
 * /proc/PID/stat); status 1 when there is no such process or it is a zombie.
 *
 * process_command PID: prints its command line, a blank after each argument.
 *
 * process_alive STARTED: whether the process of a `started` file lives, which means the same boot,
 * the same pid with the same start time, and the same command line if the file has one (it is added
 * once the server answers, because a launcher may exec through several programs). Sets process_pid,
 * empty when not alive.
 *
 * boot_id: prints the id of this boot.
 *
 * sha256_of FILE: prints 64 hex digits.
 *
 * write_atomically FILE MODE: copies standard input to FILE: all of it, on the disk, or nothing. */
extern const char host_shell_prelude[];

/* Adds NAME='VALUE' and a line end, quoted. */
void host_shell_set(struct str *script, const char *name, const char *value);
