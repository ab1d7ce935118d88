"""This server and the reference get the same random commands and must give the same replies.

ARCUS_REFERENCE names the reference's program, with its engine and extensions in .libs beside it,
else ARCUS_REFERENCE_ENGINE names the engine. MEMCACHED_REFERENCE names a memcached, which gets the
meta commands. DIFFERENTIAL_SEED repeats a run; DIFFERENTIAL_STREAMS
and DIFFERENTIAL_STEPS say how much is tried of each family of commands."""
import os
import random

import pytest

from .search import run, show, shrink
from .server import MEMCACHED, REFERENCE
from .streams import FAMILIES, make

SEED = int(os.environ.get("DIFFERENTIAL_SEED") or random.randrange(1 << 32))
STREAMS = int(os.environ.get("DIFFERENTIAL_STREAMS", "3"))
STEPS = int(os.environ.get("DIFFERENTIAL_STEPS", "1500"))


@pytest.mark.parametrize("number", range(STREAMS))
@pytest.mark.parametrize("family", FAMILIES)
def test_both_servers_answer_alike(family, number):
    name, reference = (("MEMCACHED_REFERENCE", MEMCACHED) if family == "meta" else
                       ("ARCUS_REFERENCE", REFERENCE))
    if not reference:
        pytest.skip(f"{name} does not name a reference server")
    seed = SEED + number
    difference = run(make(family, seed, STEPS))
    if difference:
        pytest.fail(show(shrink(difference), f"{seed}, {family}"), pytrace=False)
