#pragma once
#include <stdbool.h>

/*
 * Going into the background: the caller's process waits until the server listens (or could not),
 * so that whoever started it sees errors and the exit status.
 */

/* In the child it returns 0; in the waiting process it does not return, and gives up when the child
 * says nothing for timeout_ms. -1: fork failed. */
int daemon_begin(int timeout_ms);
/* The child is still starting and gets on with it. */
void daemon_progress(void);
/* The child is ready: gives up the terminal and lets the waiting process exit with 0. Nothing when
 * there is no such process. */
void daemon_ready(void);
/* The child cannot start: the waiting process exits with this status. */
void daemon_failed(int status);

/* Writes the process id beside the path and renames it into place; -1: errno says why. */
int pid_file_write(const char *path);
/* Removes the file if it still names this process. */
void pid_file_remove(const char *path);
