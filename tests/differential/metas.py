"""Random meta commands, for a memcached. Without what versions of memcached do differently: keys in
base64, which come back as they are or decoded, and flags that only later ones have; and without
mistakes: memcached knows letters by command, this server takes all of them everywhere."""
_KEYS = ["k1", "k2", "p:k1"]


def _some(w, usual):
    """Flags in some order, each once."""
    drawn = [w.random.choice(one.split("|")) for one in usual if w.chance(0.25)]
    w.random.shuffle(drawn)
    return list(dict.fromkeys(drawn))


_ECHOED = ["k", "Oopaque|O1", "q"]


def get(w):
    flags = _some(w, [*_ECHOED, "v", "v", "f", "s", "t", "h", "u", "c", "T0|T1000", "N0|N1000",
                      "R30|R2000"])
    return w.line("mg", w.choice(*_KEYS), *flags)


def put(w):
    value = w.choice("", "a", "5", "99", "abc")
    flags = _some(w, [*_ECHOED, "F0|F7|F4294967295", "T0|T1000", "MS|ME|MA|MP|MR|MS|ME"])
    line = w.line("ms", w.choice(*_KEYS), str(len(value)), *flags)
    return line + f"{value}\r\n".encode()


def remove(w):
    return w.line("md", w.choice(*_KEYS), *_some(w, [*_ECHOED, "I", "T30|T1000"]))


def count(w):
    """Upwards: a number that gets shorter keeps its length in memcached. One that is made is said
    by memcached even when it is told to be quiet."""
    flags = _some(w, [*_ECHOED[:2], "v", "v", "t", "T0|T1000", "MI|M+", "D1|D7|D100", "J0|J13",
                      "N0|N1000"])
    return w.line("ma", w.choice(*_KEYS), *flags)


def classic(w):
    key = w.choice(*_KEYS)
    return w.choice(f"get {key}\r\n", f"set {key} 1 0 1\r\n5\r\n", f"delete {key}\r\n",
                    f"me {key}\r\n").encode()


META_TABLE = [(20, get), (14, put), (5, remove), (8, count), (4, classic)]
