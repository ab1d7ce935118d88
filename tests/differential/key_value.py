"""Random key-value commands, attributes, and what needs no key."""


def storage(w):
    name = w.choice("set", "set", "set", "add", "replace", "append", "prepend", "cas")
    # The reference takes an empty value for a number, or not, depending on what came before.
    key, value = w.key(), w.value() or "5"
    unique = []
    if name == "cas":
        unique = [f"@CAS({key})@"] if w.chance(0.8) else [w.number()]
    line = w.line(name, key, w.flags(), w.exptime(), w.length(value), *unique,
                  *w.noreply(0.1))
    return line + w.block(value)


def retrieval(w):
    keys = [w.key() for _ in range(w.choice(1, 1, 2, 5, 40))]
    return w.line(w.choice("get", "gets", "gets"), *keys)


def lengths_of_keys(w, keys):
    """The line of keys and the two words that say how long it is."""
    text = " ".join(keys)
    count = str(len(keys))
    if w.make_odd(w.oddity / 2):
        count = w.choice(str(len(keys) + 1), str(max(len(keys) - 1, 0)), "0", "x", "-1")
    length = str(len(text) + (w.choice(-1, 1) if w.make_odd(w.oddity / 2) else 0))
    return length, count, w.block(text)


def many(w):
    length, count, block = lengths_of_keys(w, [w.key() for _ in range(w.choice(1, 2, 5))])
    return w.line(w.choice("mget", "mgets"), length, count) + block


def arithmetic(w):
    key = w.key()
    initial = w.optional(0.3, w.flags(), w.exptime(), w.number())
    return w.line(w.choice("incr", "decr"), key, w.number(), *initial,
                  *w.noreply(0.05))


def delete(w):
    return w.line("delete", w.key(), *w.optional(0.05, w.number()), *w.noreply(0.05))


def touch(w):
    return w.line("touch", w.key(), w.exptime(), *w.noreply(0.05))


ATTRIBUTES = ["type", "flags", "expiretime", "count", "maxcount", "overflowaction", "readable",
              "maxbkeyrange", "minbkey", "maxbkey", "trimmed", "none", "expire", "Type"]


def get_attributes(w):
    """Of a key whose type is certain: of others the reference shows as a tree's ends what happens
    to lie in its memory."""
    key = w.key(w.family)
    names = ATTRIBUTES if w.family == "b" else set(ATTRIBUTES) - {"minbkey", "maxbkey", "trimmed"}
    drawn = [w.random.choice(sorted(names)) for _ in range(w.choice(0, 0, 1, 1, 2, 3, 12, 13))]
    return w.line("getattr", key, *drawn)


ACTIONS = ["error", "head_trim", "tail_trim", "smallest_trim", "largest_trim",
           "smallest_silent_trim", "largest_silent_trim", "trim", "ERROR"]


def set_attributes(w):
    key = w.key("any")
    values = {"expiretime": w.exptime(), "maxcount": w.number(), "readable": w.choice("on", "off"),
              "overflowaction": w.random.choice(ACTIONS), "flags": w.flags(),
              "maxbkeyrange": "0" if "k2" in key else w.choice("0", "5", "0x", "-1"), "type": "kv"}
    names = [w.random.choice(list(values)) for _ in range(w.choice(1, 1, 1, 2, 3, 6))]
    return w.line("setattr", key,
                  *(f"{name}={values[name]}" if w.chance(0.97) else name for name in names))


def flush(w):
    """Of a prefix that has an item, or never: one is found here until what was flushed is freed."""
    prefix = w.choice("p", "q", "p:q", "none", "<null>", "arcus")
    words = w.choice(["flush_all"], ["flush_prefix", prefix], ["flush_prefix", prefix])
    item = f"set {prefix}:k1 0 0 1\r\nx\r\n" if prefix != "none" else ""
    return (item + " ".join([*words, *w.noreply()])).encode() + b"\r\n"


_OTHERS = """ready||  |get|set|GET k|delete|nonsense|quit now|incr k|lop|sop none k|mop|bop|bop get
bop create|getattr|setattr k|stats none|stats detail|config|config none|scan|scan key|scan key x
  get   kk1  |  |touch k|mget|mget 1""".replace("\n", "|").split("|")


def others(w):
    return w.random.choice(_OTHERS).encode() + b"\r\n"


KEY_VALUE = [(30, storage), (20, retrieval), (5, many), (8, arithmetic), (5, delete), (4, touch),
             (5, get_attributes), (3, set_attributes), (1, others)]
