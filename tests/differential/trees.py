"""Random commands on b+trees. A tree's keys are numbers or hexadecimal: the name of its key tells
which, mostly, so that most commands fit."""
from .lists_sets_maps import attributes, creating, drop, ending, taking, with_value
from .key_value import lengths_of_keys

BKEYS = [str(n) for n in range(12)]
HEX_BKEYS = ["0x00", "0x01", "0x02", "0x03", "0x0100", "0x0a", "0x0B", "0xff", "0x0001"]
ODD_BKEYS = ["-1", "18446744073709551615", "18446744073709551616", "0x", "0x0", "0x1", "0xgg",
             "x", "00", "0x" + "ab" * 31, "0x" + "ab" * 32, "1x"]
EFLAGS = ["0x00", "0x01", "0x0f", "0xff", "0x0102", "0xff00", "0x" + "11" * 31]
ODD_EFLAGS = ["0x", "0x0", "0xzz", "0", "1", "0x" + "11" * 32]


def bkey(w):
    usual = HEX_BKEYS if w.chance(w.hex_share) else BKEYS
    return w.draw(usual, ODD_BKEYS)


def tree_key(w):
    key = w.key()
    w.hex_share = 0.97 if "k2" in key else 0.03
    return key


def bkey_range(w):
    return bkey(w) if w.chance(0.3) else f"{bkey(w)}..{bkey(w)}"


def eflag(w):
    return w.draw(EFLAGS, ODD_EFLAGS)


def element_filter(w):
    if not w.chance(0.3):
        return []
    words = [w.draw(["0", "0", "1", "2", "30"], ["31", "-1", "x"])]
    if w.chance(0.3):
        words += [w.draw(["&", "|", "^"], ["%", "&&"]), eflag(w)]
    compare = w.draw(["EQ", "NE", "LT", "LE", "GT", "GE"], ["eq", "XX", "="])
    values = ",".join(eflag(w) for _ in range(w.choice(1, 1, 1, 2, 3)))
    return words + [compare, values]


def window(w):
    """[[offset] count]"""
    return w.optional(0.4, *w.optional(0.4, w.number()), w.number())


def insert(w):
    key = tree_key(w)
    return with_value(w, ["bop", w.choice("insert", "insert", "upsert"), key, bkey(w),
                          *w.optional(0.4, eflag(w))], w.value(),
                      creating(w) + (ending(w) or w.optional(0.15, "getrim")))


def update(w):
    key, words = tree_key(w), []
    if w.chance(0.4):
        words = [w.draw(["0", "1", "2"], ["31", "-1", "x"]), w.choice("&", "|", "^"), eflag(w)]
    elif w.chance(0.5):
        words = [w.choice(eflag(w), "0")]
    head = ["bop", "update", key, bkey(w), *words]
    if w.chance(0.2):
        return w.line(*head, "-1", *ending(w))
    return with_value(w, head, w.value(), ending(w))


def delete(w):
    return w.line("bop", "delete", tree_key(w), bkey_range(w), *element_filter(w),
                  *w.optional(0.3, w.number()), *drop(w), *ending(w))


def get(w):
    return w.line("bop", "get", tree_key(w), bkey_range(w), *element_filter(w), *window(w),
                  *taking(w))


def count(w):
    return w.line("bop", "count", tree_key(w), bkey_range(w), *element_filter(w))


def arithmetic(w):
    return w.line("bop", w.choice("incr", "decr"), tree_key(w), bkey(w), w.number(),
                  *w.optional(0.4, w.number(), *w.optional(0.4, eflag(w))), *ending(w))


def position(w):
    return w.line("bop", "position", tree_key(w), bkey(w), w.draw(["asc", "desc"], ["up", "ASC"]))


def by_position(w):
    def place():
        return w.draw(["0", "1", "2", "5"], ["-1", "x", "01", "", "2147483647"])
    where = place() if w.chance(0.5) else f"{place()}..{place()}"
    return w.line("bop", "gbp", tree_key(w), w.draw(["asc", "desc"], ["up"]), where)


def around(w):
    return w.line("bop", "pwg", tree_key(w), bkey(w), w.draw(["asc", "desc"], ["up"]),
                  *w.optional(0.6, w.draw(["0", "1", "2", "100"], ["101", "-1", "x"])))


def tree_keys(w):
    return [tree_key(w) for _ in range(w.choice(1, 2, 3, 5))]


def get_many(w):
    length, many, block = lengths_of_keys(w, tree_keys(w))
    return w.line("bop", "mget", length, many, bkey_range(w), *element_filter(w),
                  *w.optional(0.4, w.number()), w.draw(["1", "2", "50"], ["0", "51", "-1"])) + block


def merge(w):
    """Of different keys: the reference refuses equal ones only when they are there."""
    length, many, block = lengths_of_keys(w, list(dict.fromkeys(tree_keys(w))))
    mode = w.choice(["duplicate"], ["unique"], ["duplicate"], ["unique"], [], w.optional(0.1, "x"))
    offset = w.optional(0.4 if not mode else 0.05, w.number())
    return w.line("bop", "smget", length, many, bkey_range(w), *element_filter(w), *offset,
                  w.draw(["1", "2", "5", "100"], ["0", "2000", "2001", "-1"]), *mode) + block


def create(w):
    return w.line("bop", "create", w.key(), *attributes(w), *ending(w))


def set_range(w):
    """Of numbers: the reference has its own idea of how far hexadecimal keys of several lengths are
    apart, and lets an empty tree take its kind of key from its range."""
    key = tree_key(w)
    most = "0" if "k2" in key else w.choice("0", "3", "5")
    return w.line("setattr", key, f"maxbkeyrange={most}")


TREE = [(3, create), (30, insert), (8, update), (8, delete), (14, get), (6, count), (6, arithmetic),
        (5, position), (5, by_position), (5, around), (7, get_many), (9, merge), (2, set_range)]
