"""Random commands on lists, sets and maps."""
from .key_value import ACTIONS, lengths_of_keys


def attributes(w):
    """What may follow "create"."""
    most_elements = w.draw(["0", "2", "4", "10"], ["-1", "1", "50000", "50001", "x"])
    words = [w.flags(), w.exptime(), most_elements]
    if w.chance(0.3):
        words.append(w.random.choice(ACTIONS))
    if w.chance(0.05):
        words.append("unreadable")
    return words[:w.random.randrange(3)] if w.make_odd(0.05) else words


def create(name):
    def draw(w):
        return w.line(name, "create", w.key(), *attributes(w), *w.noreply(0.05))
    return draw


def creating(w, share=0.6):
    return ["create", *attributes(w)] if w.chance(share) else []


def ending(w):
    return w.noreply(0.04)


def drop(w):
    return w.optional(0.08, "drop")


def taking(w):
    return w.optional(0.12, w.choice("delete", "delete", "drop"))


def with_value(w, words, value, tail):
    return w.line(*words, w.length(value), *tail) + w.block(value)


def index(w):
    return w.draw(["0", "1", "2", "-1", "-2", "3", "7", "-7"],
                  ["x", "1x", "2147483647", "-2147483648", "2147483648", "", "-"])


def index_range(w):
    return index(w) if w.chance(0.4) else f"{index(w)}..{index(w)}"


def list_insert(w):
    return with_value(w, ["lop", "insert", w.key(), index(w)], w.value(), creating(w) + ending(w))


def list_delete(w):
    return w.line("lop", "delete", w.key(), index_range(w), *drop(w), *ending(w))


def list_get(w):
    return w.line("lop", "get", w.key(), index_range(w), *taking(w))


def set_insert(w):
    return with_value(w, ["sop", "insert", w.key()], w.value(), creating(w) + ending(w))


def set_delete(w):
    return with_value(w, ["sop", "delete", w.key()], w.value(), drop(w) + ending(w))


def set_exist(w):
    return with_value(w, ["sop", "exist", w.key()], w.value(), [])


def set_get(w):
    """Which elements a smaller count takes is the server's choice, so none are deleted then."""
    if w.chance(0.3):
        count = w.draw(["1", "2", "3"], ["-1", "1001", "x", "4294967296"])
        return w.line("sop", "get", w.key(), count)
    return w.line("sop", "get", w.key(), w.choice("0", "1000"), *taking(w))


def map_insert(w):
    return with_value(w, ["mop", w.choice("insert", "insert", "upsert"), w.key(), w.field()],
                      w.value(), creating(w) + ending(w))


def map_update(w):
    return with_value(w, ["mop", "update", w.key(), w.field()], w.value(), ending(w))


def fields(w):
    """The two length words and the line of fields, which is absent when none are named."""
    if w.chance(0.3):
        return ["0", "0"], b""
    length, count, block = lengths_of_keys(w, [w.field() for _ in range(w.choice(1, 1, 2, 4))])
    return [length, count], block


def map_delete(w):
    words, block = fields(w)
    return w.line("mop", "delete", w.key(), *words, *drop(w), *ending(w)) + block


def map_get(w):
    words, block = fields(w)
    return w.line("mop", "get", w.key(), *words, *taking(w)) + block


LIST = [(2, create("lop")), (20, list_insert), (6, list_delete), (12, list_get)]
SET = [(2, create("sop")), (20, set_insert), (6, set_delete), (6, set_exist), (12, set_get)]
MAP = [(2, create("mop")), (20, map_insert), (5, map_update), (6, map_delete), (12, map_get)]
