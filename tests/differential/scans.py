"""Scans, each from its beginning to its end: where a single call stops is each server's choice."""


def pattern(w):
    return w.draw(["*", "p:*", "*1", "?k1", "*:*", "kk?", r"p\:kk1", "k*k*"],
                  ["****", "*****", "*a*b*c*d*", "x" * 64, "x" * 65, "\\", "\\*", "a\\b"])


def words(w, types):
    drawn = ["count", w.draw(["100", "700", "2000"], ["0", "-1", "2001", "x"]),
             *w.optional(0.4, "match", pattern(w))]
    if types:
        drawn += w.optional(0.4, "type", w.draw(list("AKLSMB"), ["X", "KL", "k", ""]))
    return drawn


def scan_keys(w):
    return w.line("scan", "key", "@CURSOR@", *words(w, True))


def scan_prefixes(w):
    return w.line("scan", "prefix", "@CURSOR@", *words(w, False))


SCAN = [(6, scan_keys), (6, scan_prefixes)]
