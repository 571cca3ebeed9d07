"""The rules that rpcs answer by: those that are served, and what other processes have published since."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from service.access import Access
from service.errors import LedgerUnavailable, QueueFull, UnknownRuleset, UnknownVersion
from service.evaluator import Evaluator
from service.publishing import OutdatedRules, Publication, adopt, news, propose, publish
from service.registry import Registry

T = TypeVar("T")


class CurrentRules:
    """The evaluator's registry, brought up to date from the ledger where an answer depends on it.

    The evaluator adopts rules only where the ledger is written, so that no event is rated halfway.
    """

    def __init__(
        self, evaluator: Evaluator, access: Access, spread: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """`spread` has those adopt a publication who evaluate in the evaluator's place."""
        self._evaluator = evaluator
        self._access = access
        self._spread = spread

    async def registry(self) -> Registry:
        """All that is published now; what was known before where the ledger can't be used just now."""
        with suppress(LedgerUnavailable, QueueFull):
            await self.newer_than(self._evaluator.registry)
        return self._evaluator.registry

    async def newer_than(self, known: Registry) -> bool:
        """Serves what others have published since; whether another registry than the known one is served now.

        Raises LedgerUnavailable and QueueFull.
        """
        published = await self._access.read(self._evaluator.ledger.published)
        if news(self._evaluator.registry, published):
            await self._access.write(self._adopt)
        return self._evaluator.registry is not known

    async def known(self, work: Callable[[Registry], T]) -> T:
        """What `work` makes of the registry; asked again where it names rules that only others have published yet."""
        known = self._evaluator.registry
        try:
            return work(known)
        except (UnknownRuleset, UnknownVersion):
            if not await self.newer_than(known):
                raise
            return work(self._evaluator.registry)

    async def publish(self, path: str, text: str, clock: Callable[[], int]) -> Publication:
        """Publishes a rule text and serves it; raises as `publishing.publish_text`, and QueueFull."""
        proposal = await self._access.read(lambda: propose(path, text))

        def keep() -> Publication:
            try:
                publication = publish(self._evaluator.ledger, proposal, clock)
            except OutdatedRules as error:
                raise LedgerUnavailable(str(error)) from error
            self._adopt()
            return publication

        publication = await self._access.write(keep)
        if self._spread is not None:
            await self._spread()
        return publication

    def _adopt(self) -> None:
        adopt(self._evaluator, self._evaluator.ledger.published())
