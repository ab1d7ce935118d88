#pragma once

/* Moments at which a test ends the program as SIGKILL would: nothing is flushed, no lock is given
 * back, no thread is asked. */
enum { KILLED = 99 };

/* The program ends at the k-th moment from now, with status KILLED. 0: never. */
void kill_point_set(int k);
/* One such moment. Any thread. */
void kill_point(void);
/* From sqlite's k-th write or sync from now on the disk takes nothing any more. 0: it always does.
 */
void kill_point_fill_disk(int k);
/* Makes a moment of every write, sync and delete of sqlite; a write that is cut leaves half of its
 * bytes. For the whole program, before a database is opened. */
void kill_point_watch_sqlite(void);
