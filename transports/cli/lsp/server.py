"""The server: which question of the protocol is answered by what.

A change is taken in at once, and what is wrong with the text is told a moment later: who goes on typing is not kept
waiting, and gets the proposals first.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Generator
from typing import Any, Protocol

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from engine import engine_version
from krl import Dialect, KRLSyntaxError, RenameRefused

from . import navigation
from .completion import completions
from .document import Document, Reading
from .findings import corrections, findings
from .formatting import formatted
from .library import Library
from .subject import subject_at

PAUSE_SECONDS = 0.01  # between a change and the diagnostics: what was asked with it is answered first
LANGUAGE = "pico-krl"


class OfDocument(Protocol):
    """A question about a document."""

    @property
    def text_document(self) -> types.TextDocumentIdentifier:
        """Which one."""
        ...


class AtPlace(OfDocument, Protocol):
    """A question about a place in a document."""

    @property
    def position(self) -> types.Position:
        """Where."""
        ...


class Wire(LanguageServerProtocol):
    """pygls's, without its copies of the documents: it ends lines where the protocol does not."""

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Generator[Any, Any, None]:
        """Leave it to the server."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Generator[Any, Any, None]:
        """Leave it to the server."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Generator[Any, Any, None]:
        """Leave it to the server."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE], (params,), None


class Server(LanguageServer):
    """A language server and the texts that it knows."""

    library: Library

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(
            "picoengine",
            engine_version(),
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            protocol_cls=Wire,
        )
        self.library = Library()
        self._dialect = dialect
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def begin(self, params: types.InitializeParams) -> None:
        """Know the folders of the workspace, and the units of positions that pygls has agreed on."""
        folders = [each.uri for each in params.workspace_folders or ()]
        if not folders and params.root_uri:
            folders = [params.root_uri]
        encoding = str(self.workspace.position_encoding or types.PositionEncodingKind.Utf16)
        self.library = Library(Reading(encoding, self._dialect), folders)

    def document(self, params: OfDocument) -> Document:
        """The document that a question is about."""
        uri = params.text_document.uri
        found = self.library.get(uri)
        if found is None:
            raise JsonRpcInvalidParams(f"no document {uri!r} is open")
        return found

    def at(self, params: AtPlace) -> tuple[Document, Library, int]:
        """The document, the library, and the offset that a question is about."""
        document = self.document(params)
        return document, self.library, document.lines.offset(params.position)

    def examine(self, uri: str, seconds: float) -> None:
        """Tell what is wrong with a document, after a pause in which nothing changes."""
        self.forget(uri)
        self._waiting[uri] = asyncio.get_running_loop().call_later(seconds, self._publish, uri)

    def forget(self, uri: str) -> None:
        """Do not tell any more."""
        if waiting := self._waiting.pop(uri, None):
            waiting.cancel()

    def _publish(self, uri: str) -> None:
        self._waiting.pop(uri, None)
        if document := self.library.get(uri):
            self.publish(uri, findings(document), document.version)
            gc.collect()  # now, while he reads: each key leaves a tree behind, in which objects point at each other

    def publish(self, uri: str, found: list[types.Diagnostic], version: int | None = None) -> None:
        """Show these diagnostics, and no others, with a document."""
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))


def make_server(dialect: Dialect = "1.x") -> Server:
    """The server with all its answers, ready to start."""
    server = Server(dialect)
    for register in (_documents, _questions, _changes):
        register(server, server.feature)
    return server


Feature = Callable[..., Callable[[Callable[..., Any]], Callable[..., Any]]]


def _documents(server: Server, feature: Feature) -> None:
    """What is told about documents, and asks for no answer."""

    @feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.begin(params)

    @feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        server.library.opened(item.uri, item.text, item.version)
        server.examine(item.uri, 0)

    @feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        known = server.library.get(params.text_document.uri)
        if known is not None:
            server.library.put(known.changed(params.content_changes, params.text_document.version))
            server.examine(known.uri, PAUSE_SECONDS)

    @feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.library.close(uri)
        server.forget(uri)
        server.publish(uri, [])


def _questions(server: Server, feature: Feature) -> None:
    """What is asked about a place or a document."""

    @feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:
        document, library, offset = server.at(params)
        subject = subject_at(document, library, offset)
        if subject is None:
            return None
        text = f"```{LANGUAGE}\n{subject.title}\n```" + (f"\n\n{subject.text}" if subject.text else "")
        content = types.MarkupContent(types.MarkupKind.Markdown, text)
        return types.Hover(content, document.lines.range(subject.span))

    @feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[":", "."]))
    def completion(params: types.CompletionParams) -> types.CompletionList:
        return types.CompletionList(is_incomplete=False, items=completions(*server.at(params)))

    @feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(params: types.DefinitionParams) -> types.Location | None:
        return navigation.definition(*server.at(params))

    @feature(types.TEXT_DOCUMENT_REFERENCES)
    def references(params: types.ReferenceParams) -> list[types.Location]:
        return navigation.references(*server.at(params), declaration=params.context.include_declaration)

    @feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    def highlight(params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
        document, _, offset = server.at(params)
        return [types.DocumentHighlight(document.lines.range(each)) for each in navigation.highlights(document, offset)]

    @feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        return navigation.outline(server.document(params))


def _changes(server: Server, feature: Feature) -> None:
    """What proposes to change a text."""

    @feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare(params: types.PrepareRenameParams) -> types.Range | None:
        document, library, offset = server.at(params)
        word = navigation.renamable(document, library, offset)
        return document.lines.range(word) if word else None

    @feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    def rename(params: types.RenameParams) -> types.WorkspaceEdit:
        try:
            return navigation.renaming(*server.at(params), params.new_name)
        except RenameRefused as refused:
            raise JsonRpcException(str(refused), types.LSPErrorCodes.RequestFailed.value) from refused

    @feature(types.TEXT_DOCUMENT_FORMATTING)
    def formatting(params: types.DocumentFormattingParams) -> list[types.TextEdit]:
        try:
            return formatted(server.document(params))
        except KRLSyntaxError as error:
            message = f"the text has mistakes: {error.diagnostics[0].message}"
            raise JsonRpcException(message, types.LSPErrorCodes.RequestFailed.value) from error

    @feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return list(corrections(server.document(params), params.range))
