"""RulesService: which rules a server rates by, checking rules before they are used, and publishing them."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc

from dsl.diagnostics import Diagnostic, Severity, as_data, show
from dsl.parser import parse
from dsl.source import Source
from dsl.to_source import format_file
from service.errors import InvalidRequest
from service.loading import across, check_text
from service.registry import Version
from service.rpc.convert import timestamp_of
from service.rpc.paging import page_size, wrong_token
from service.rpc.published import CurrentRules
from vpi.v1 import rules_pb2 as pb
from vpi.v1 import rules_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]


class RulesService(rules_pb2_grpc.RulesServiceServicer):
    """The rpcs of `vpi.v1.RulesService`; `clock` gives now as an instant."""

    def __init__(self, rules: CurrentRules, clock: Callable[[], int]) -> None:
        self._rules = rules
        self._clock = clock

    async def ListVersions(self, request: pb.ListVersionsRequest, context: Context) -> pb.ListVersionsResponse:
        """Lists versions, a page at a time."""
        size = page_size(request.page_size)
        registry = await self._rules.registry()
        names = (request.ruleset,) if request.ruleset else registry.names()
        found = [version for name in names for version in registry.versions(name).by_number()]
        start = 0
        if request.page_token:
            # The token names the last version shown, so that a page stays right when versions are added meanwhile.
            last = _position(request)
            start = next((i for i, version in enumerate(found) if _key(version) > last), len(found))
        page = found[start : start + size]
        more = start + size < len(found)
        token = f"{request.ruleset}/{page[-1].ruleset.name}@{page[-1].ruleset.version}" if more else ""
        return pb.ListVersionsResponse(versions=[_info(version) for version in page], next_page_token=token)

    async def GetVersion(self, request: pb.GetVersionRequest, context: Context) -> pb.GetVersionResponse:
        """Gives one version with its text."""
        version = await self._find(request.ruleset, request.version)
        return pb.GetVersionResponse(version=_info(version), text=version.text)

    async def CheckRules(self, request: pb.CheckRulesRequest, context: Context) -> pb.CheckRulesResponse:
        """Checks files, each by itself and the versions of one ruleset together."""
        if not request.files:
            raise InvalidRequest("files", "give at least one rule file")
        paths = [file.path for file in request.files]
        if not all(paths):
            raise InvalidRequest("files", "every rule file needs a path, by which its errors name it")
        if len(set(paths)) < len(paths):
            raise InvalidRequest("files", "two rule files have the same path")
        # A large file takes seconds, in which other calls are answered.
        return await asyncio.to_thread(_checked, request)

    async def DescribeVersion(self, request: pb.DescribeVersionRequest, context: Context) -> pb.DescribeVersionResponse:
        """Gives one version in its canonical form."""
        version = await self._find(request.ruleset, request.version)
        # A published text may begin with a byte order mark, which is no part of the rules.
        file, _ = parse(Source(version.ruleset.name, version.text.removeprefix("\ufeff")))
        return pb.DescribeVersionResponse(text=format_file(file))

    async def PublishVersion(self, request: pb.PublishVersionRequest, context: Context) -> pb.PublishVersionResponse:
        """Publishes a rule file and serves it from now on."""
        file = request.file
        if not file.path:
            raise InvalidRequest("file.path", "a rule file needs a path, by which its errors name it")
        published, already, warnings = await self._rules.publish(file.path, file.text, self._clock)
        version = (await self._rules.registry()).versions(published.ruleset).number(published.version)
        return pb.PublishVersionResponse(
            version=_info(version),
            already_published=already,
            warnings=[_diagnostic(diagnostic, source) for diagnostic, source in warnings],
        )

    async def _find(self, ruleset: str, number: int) -> Version:
        versions = (await self._rules.registry()).versions(ruleset)
        if number:
            return versions.number(number)
        version = versions.in_force(self._clock())
        if version is None:
            raise versions.not_in_force()
        return version


def _checked(request: pb.CheckRulesRequest) -> pb.CheckRulesResponse:
    checked = [check_text(file.path, file.text) for file in request.files]
    crossed = across(checked)
    response = pb.CheckRulesResponse()
    for one in checked:
        for diagnostic in (*one.diagnostics, *crossed.get(one.source.name, ())):
            response.diagnostics.append(_diagnostic(diagnostic, one.source))
    return response


def _key(version: Version) -> tuple[str, int]:
    return version.ruleset.name, version.ruleset.version


def _position(request: pb.ListVersionsRequest) -> tuple[str, int]:
    asked, _, shown = request.page_token.partition("/")
    name, _, number = shown.partition("@")
    if asked != request.ruleset or not (number.isascii() and number.isdigit() and len(number) <= 10):
        raise wrong_token()
    return name, int(number)


def _info(version: Version) -> pb.VersionInfo:
    ruleset = version.ruleset
    return pb.VersionInfo(
        ruleset=ruleset.name,
        version=ruleset.version,
        effective_time=timestamp_of(ruleset.effective),
        currency=ruleset.currency,
        timezone=ruleset.zone,
        sha256=version.sha256,
    )


def _diagnostic(diagnostic: Diagnostic, source: Source) -> pb.Diagnostic:
    fields: dict[str, Any] = as_data(diagnostic, source)
    error = diagnostic.severity is Severity.ERROR
    fields["severity"] = pb.SEVERITY_ERROR if error else pb.SEVERITY_WARNING
    fields["help"] = fields["help"] or ""
    return pb.Diagnostic(**fields, snippet=show(diagnostic, source))
