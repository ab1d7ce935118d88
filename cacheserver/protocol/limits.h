#pragma once

/* What the protocol allows; all in bytes unless the name says otherwise. */
#define LIMIT_LINE           (24 * 1024) /* longest request line; get and gets may go on */
#define LIMIT_LEADING_BLANKS 100
#define LIMIT_WORDS          30    /* words of one request, get and gets may have more */
#define LIMIT_MGET_KEYS      10000 /* keys of one mget */
#define LIMIT_KEYS_LINE      (16 * 1024 * 1024) /* the line of keys that follows mget */
#define LIMIT_BLOCK          32768              /* data of a collection element with its CRLF */
#define LIMIT_PIPE_REQUESTS  500                /* requests of one pipelined batch */
#define LIMIT_PIPE_LINE      40 /* what a status line may take of a batch, on average */
/* Large replies of one worker that their clients do not take away. */
#define LIMIT_LARGE_REPLIES   ((size_t)512 << 20)
#define LIMIT_REPLY_BUFFERED  (64 * 1024)   /* replies of one connection before they must be sent */
#define LIMIT_JOURNALED       (1024 * 1024) /* changes of one connection before others go on */
#define LIMIT_REPLY_PIECES    512
#define LIMIT_REPLY_PINNED    (8 * 1024 * 1024) /* values that unsent replies keep in memory */
#define LIMIT_BOP_MGET_KEYS   200
#define LIMIT_BOP_MGET_COUNT  50 /* elements of each key */
#define LIMIT_BOP_SMGET_KEYS  10000
#define LIMIT_BOP_SMGET_COUNT 2000 /* elements altogether, those skipped included */
