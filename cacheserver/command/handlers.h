#pragma once
#include "cacheserver/command/session.h"

/* One handler per command; table.c lists them. */
#define HANDLER(name)                                                                              \
    void command_##name(struct session *session, struct command_context *context,                  \
                        const struct words *words)

/* storage.c */
HANDLER(set);
HANDLER(add);
HANDLER(replace);
HANDLER(append);
HANDLER(prepend);
HANDLER(cas);

/* meta.c, meta_set.c */
HANDLER(mg);
HANDLER(ms);
HANDLER(md);
HANDLER(ma);
HANDLER(mn);
HANDLER(me);

/* keys.c */
HANDLER(incr);
HANDLER(decr);
HANDLER(delete);
HANDLER(touch);

/* admin.c */
HANDLER(flush_all);
HANDLER(version);
HANDLER(verbosity);
HANDLER(quit);
HANDLER(ready);
HANDLER(noop);
HANDLER(echo);
HANDLER(shutdown);
HANDLER(help);

/* config.c */
HANDLER(config);

/* zkensemble.c */
HANDLER(zkensemble);

/* stats.c */
HANDLER(stats);

/* login.c */
HANDLER(sasl_mech);
HANDLER(sasl_auth);
HANDLER(bad_format);

/* btree.c */
HANDLER(bop_create);
HANDLER(bop_insert);
HANDLER(bop_upsert);
HANDLER(bop_update);
HANDLER(bop_delete);
HANDLER(bop_count);
HANDLER(bop_position);
HANDLER(bop_incr);
HANDLER(bop_decr);

/* btree_get.c */
HANDLER(bop_get);
HANDLER(bop_gbp);
HANDLER(bop_pwg);

/* btree_mget.c, btree_smget.c */
HANDLER(bop_mget);
HANDLER(bop_smget);

/* list.c */
HANDLER(lop_create);
HANDLER(lop_insert);
HANDLER(lop_delete);
HANDLER(lop_get);

/* set.c */
HANDLER(sop_create);
HANDLER(sop_insert);
HANDLER(sop_delete);
HANDLER(sop_exist);
HANDLER(sop_get);

/* map.c */
HANDLER(mop_create);
HANDLER(mop_insert);
HANDLER(mop_upsert);
HANDLER(mop_update);
HANDLER(mop_delete);
HANDLER(mop_get);

/* attributes.c */
HANDLER(getattr);
HANDLER(setattr);

/* scan.c */
HANDLER(scan_key);
HANDLER(scan_prefix);

/* upkeep.c */
HANDLER(flush_prefix);
HANDLER(scrub);
HANDLER(dump_start);
HANDLER(dump_stop);

/* trace.c */
HANDLER(cmdlog);
HANDLER(cmdlog_start);
HANDLER(cmdlog_stop);
HANDLER(cmdlog_stats);
HANDLER(lqdetect);
HANDLER(lqdetect_start);
HANDLER(lqdetect_stop);
HANDLER(lqdetect_show);
HANDLER(lqdetect_stats);
