"""One whole random program from one source of chance."""

from random import Random
from zoneinfo import ZoneInfo

from tests.programs.declarations import event_types, header
from tests.programs.examples import example
from tests.programs.interactions import NAMES, interaction
from tests.programs.layout import BREAK, Layout, Tokens
from tests.programs.literals import ZONES
from tests.programs.model import Program, Size
from tests.programs.scope import Workshop

LARGEST = 5


def random_program(rng: Random, step: int | None = None) -> Program:
    """A random well-typed program; `step` from 0 (tiny) to 5 (large) fixes its size, else it is random."""
    size = Size.of(rng.randint(0, LARGEST) if step is None else step)
    zone = rng.choice(ZONES)
    shop = Workshop(rng, ZoneInfo(zone), size)
    tokens: Tokens = [*header(shop, rng.choice(("proptech", "a", "r2_d2")), rng.randint(1, 12), zone), BREAK]
    declarations, types = event_types(shop)
    tokens += declarations
    names = rng.sample(NAMES, rng.randint(1, min(len(NAMES), size.interactions)))
    interactions = [interaction(shop, name, types) for name in names]
    blocks = [each.tokens for each in interactions]
    numbers = range(rng.randint(0, size.examples))
    blocks += [[*example(shop, f"example {number}", types, interactions)] for number in numbers]
    tokens += [token for block in blocks for token in (BREAK, *block)]
    landmarks = {name: tuple(values) for name, values in shop.landmarks.items()}
    return Program(Layout(rng).text(tokens), zone, types, landmarks)
