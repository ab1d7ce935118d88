"""Few words, so that commands meet: keys, values and numbers, ordinary ones and those at the edges
of what is allowed."""

KEYS = ["k1", "k2", "k3", "p:k1", "p:k2", "q:k1", "p:q:k1"]
ODD_KEYS = ["k" * 250, "k" * 251, "arcus:k", "-:k", "bad/prefix:k", "p:", ":k", "k" * 16000,
            "k" * 16001, "a@b"]
NUMBERS = ["0", "1", "2", "3", "5"]
ODD_NUMBERS = ["-1", "-2", "0700", "1x", "x", "1.5", "--1", "0x1", "0x", "1..2", "..", "1..",
               "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296",
               "9223372036854775807", "9223372036854775808",
               "18446744073709551615", "18446744073709551616",
               "99999999999999999999999"]
# Never so large that a server would wait for a length of data that nobody sends.
ODD_LENGTHS = ["-1", "-2", "01", "1x", "x", "0x1", "2147483647", "2147483648",
               "4294967295", "4294967296", "9223372036854775807", "18446744073709551616"]
EXPTIMES = ["0", "0", "0", "1000", "5000"]
ODD_EXPTIMES = ["-2", "2592000", "@NOW(1000)@", "@NOW(-10)@", "2592001", "-1000"]
FLAGS = ["0", "1", "7", "4294967295"]
VALUES = ["", "a", "b", "abc", "0", "1", "10", "99", "18446744073709551615"]
FIELDS = ["f1", "f2", "f3", "f4", "f" * 250]
ODD_FIELDS = ["f" * 251, "0"]


class Words:
    """Draws words from a random generator; `oddity` is the share of odd ones. A step has one odd
    thing at most: which of two mistakes is told first is each server's choice."""

    def __init__(self, random, family, oddity=0.06):
        self.random, self.family, self.oddity = random, family, oddity
        self.is_odd = self.is_sticky = False
        self.may_expire = True

    def begin_step(self):
        self.is_odd = False

    def make_odd(self, share):
        if self.is_odd or not self.chance(share):
            return False
        self.is_odd = True
        return True

    def chance(self, share):
        return self.random.random() < share

    def choice(self, *words):
        return self.random.choice(words)

    def draw(self, usual, odd):
        return self.random.choice(odd if self.make_odd(self.oddity) else usual)

    def key(self, family=None):
        """Most keys are of the family, so that most commands meet the type that they want."""
        key = self.draw(KEYS, ODD_KEYS)
        if family == "any" or (not family and self.chance(0.03)):
            family = self.random.choice("klsmb")
        self.is_sticky = key.endswith("3")
        head, colon, tail = key.rpartition(":")
        return f"{head}{colon}{family or self.family}{tail}"

    def number(self):
        return self.draw(NUMBERS, ODD_NUMBERS)

    def exptime(self):
        """Items whose key ends in 3 are sticky, others never: the reference refuses to change that
        and counts wrongly when it changes all the same."""
        if self.is_sticky:
            return "-1"
        return self.draw(EXPTIMES, ODD_EXPTIMES if self.may_expire else ["2592000"])

    def flags(self):
        return self.draw(FLAGS, ODD_NUMBERS)

    def value(self):
        if self.chance(0.01):
            return self.random.choice("xy") * self.choice(4000, 16382, 16383, 32000, 1048576)
        return self.random.choice(VALUES)

    def field(self):
        return self.draw(FIELDS, ODD_FIELDS)

    def optional(self, share, *words):
        return list(words) if self.chance(share) else []

    def noreply(self, share=0.05):
        """Never with something odd: the reference suppresses some complaints and others not."""
        if self.is_odd or not self.chance(share):
            return []
        self.is_odd = True
        return ["noreply"]

    def mutate(self, words):
        """Sometimes leaves a word out, puts odd ones in or changes one; never makes a command that
        the stream did not mean. One word too many may stand where "noreply" could: the reference
        ignores it there."""
        if len(words) < 2 or words[-1] == "noreply" or not self.make_odd(self.oddity / 2):
            return words
        words, at = list(words), self.random.randrange(1, len(words))
        how = self.random.randrange(3)
        if how == 0:
            del words[at]
        elif how == 1:
            words[at:at] = [self.random.choice([*ODD_NUMBERS, "pipe", words[at]]), "extra"]
        else:
            words[at] = self.random.choice([*ODD_NUMBERS, "x"])
        return words

    def line(self, *words):
        return " ".join(self.mutate(words)).encode("latin1") + b"\r\n"

    def block(self, value):
        """A data block, sometimes without its end or with too much in it."""
        end = "\r\n"
        if self.make_odd(self.oddity / 4):
            end = self.choice("", "\n", "x\r\n", "\r", "yy\r\n")
        return (value + end).encode("latin1")

    def length(self, value):
        if self.make_odd(self.oddity / 4):
            return self.random.choice(ODD_LENGTHS)
        return str(len(value))
