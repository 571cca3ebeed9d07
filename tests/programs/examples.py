"""Random examples: steps that fit their declarations, and outcomes that need not be right."""

from tests.programs import literals
from tests.programs.declarations import literal_value
from tests.programs.interactions import Interaction
from tests.programs.layout import BREAK, Tokens, commas
from tests.programs.literals import number_text
from tests.programs.model import EventType, chance, quoted
from tests.programs.scope import Workshop


def example(shop: Workshop, title: str, types: tuple[EventType, ...], interactions: list[Interaction]) -> Tokens:
    """One example of one to three steps."""
    tokens: Tokens = ["example", quoted(title), BREAK]
    for _ in range(shop.rng.choice((1, 1, 2, 3))):
        tokens += [*_step(shop, shop.rng.choice(types), interactions), BREAK]
    return tokens


def _step(shop: Workshop, event: EventType, interactions: list[Interaction]) -> Tokens:
    rng = shop.rng
    given = [attribute for attribute in event.attributes if attribute.required or chance(rng, 40)]
    rng.shuffle(given)
    values = [[attribute.name, ":", *literal_value(shop, attribute)] for attribute in given]
    tokens = [event.name, "(", *commas(values), ")"]
    if chance(rng, 40):
        day = literals.midnight(rng, shop.zone).date().isoformat()
        tokens += ["at", day if chance(rng, 40) else literals.timestamp_text(rng, shop.zone)]
    if chance(rng, 30):
        tokens += ["by", quoted(rng.choice(("acme", "b", "Zoë")))]
    return [*tokens, "=>", *_outcome(shop, interactions)]


def _outcome(shop: Workshop, interactions: list[Interaction]) -> Tokens:
    rng = shop.rng
    if chance(rng, 50):
        return [rng.choice(("nothing", "limited", "refused"))]
    bills: list[Tokens] = []
    main = [each for each in interactions if not each.also]
    also = [each for each in interactions if each.also]
    billed = [*rng.sample(main, min(len(main), rng.choice((0, 1)))), *rng.sample(also, min(len(also), 2))]
    for each in billed or [rng.choice(interactions)]:
        units = number_text(rng, rng.choice((0, 1, 3, 12)))
        price = number_text(rng, rng.choice((literals.rate(rng), literals.flat(rng))))
        bills.append([each.name, ",", units, rng.choice(each.noun), ",", price])
    return [token for number, bill in enumerate(bills) for token in (["and", *bill] if number else bill)]
