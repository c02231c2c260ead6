"""An RSGI application: polls are answered on the event loop, all else by Flask in threads."""

import asyncio
import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from functools import lru_cache, partial
from io import BytesIO
from queue import SimpleQueue
from tempfile import SpooledTemporaryFile
from time import monotonic, perf_counter
from typing import IO, Any

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from feedserver.errors import StoreError
from feedserver.model.grant import masked
from feedserver.parsers.documents import NDJSON
from feedserver.services.followers import Followers
from feedserver.services.indexing import FacetIndex
from feedserver.web.following import Following, wait_of
from feedserver.web.front import PATH, READING, Front, close, whole
from feedserver.web.hot import SELECTED, Answer, Header, Headers, Key
from feedserver.web.posting import MOST, Environ, Post

THREADS = 16  # requests that Flask answers at once; more wait
MAX_REQUEST = 1024**3  # bytes of a body of lines, which is kept in a file until all of it is there
WRITERS = 14  # of them that write: where nobody can write, who reads has threads left
WOKEN = 2  # of those who waited that are answered at once: who polls has the loop meanwhile
CLIENTS = 4096  # whose addresses are remembered, as many as there may be connections
_IN_MEMORY = 1024**2  # bytes of a body that are kept in memory
SILENCE = 30.0  # seconds in which a body has to go on
_SLOWEST = 1000  # bytes a second in which a short one may come

_REFUSED = {
    400: b"The body has less than its Content-Length says. Send it again.\n",
    408: b"The rest of the body did not come. Send it again.\n",
    413: b"The body is too long. Send it in parts.\n",
}

logger = logging.getLogger(__name__)
access_log = logging.getLogger("feedserver.access")


class Bridge:
    """Answers requests as RSGI has them (the interface of granian).

    `front` answers from memory, or makes the answer; `limit` is how many bytes a body may have that
    is no stream of lines, `silence` for how many seconds one may stop coming.
    """

    def __init__(
        self,
        front: Front,
        index: FacetIndex,
        host: str,
        port: int,
        limit: int,
        silence: float = SILENCE,
        followers: Followers | None = None,
    ) -> None:
        self._front = front
        self._hot = front.hot
        self._threads = Threads(THREADS)
        # In a thread of its own: what was recorded is read however many others are at work.
        self.following = Following(front.hot, index, Threads(1), followers)
        self._server = (host, str(port))
        self._limit = limit
        self._silence = silence
        self._is_checked = False
        self._is_leaving = False
        self._writing = asyncio.Semaphore(WRITERS)
        self._woken = asyncio.Semaphore(WOKEN)
        self._making: dict[Key, asyncio.Future[None]] = {}
        self._posts: deque[tuple[Post, asyncio.Future[Answer | None]]] = deque()
        self._recorder = Threads(1)  # what comes while it commits is committed together next
        self._recording: asyncio.Task[None] | None = None
        self.in_hand = 0
        """Requests that are not answered yet."""

    def leave(self) -> None:
        """Let nobody wait any more for what may come."""
        self._is_leaving = True
        self.following.stop()

    def answers(self, scope: Any, protocol: Any) -> bool:
        """Answer the request if that needs nothing but memory; in whichever thread it comes."""
        try:
            answer = self._at_once(scope, self._hot.is_fresh) if scope.method in READING else None
            if answer is not None:
                self._send(protocol, answer)
        except (ProtocolClosed, StoreError):
            return False  # what comes by the event loop meets it again, and tells it
        except Exception:
            told = scope.method, masked(scope.path)
            logger.exception("%s %s could not be answered from memory at once", *told)
            return False
        return answer is not None

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        self.in_hand += 1
        try:
            is_read = scope.method in READING
            answer = self._at_once(scope, self._is_fresh) if is_read else None
            if answer is not None:
                self._send(protocol, answer)
                return
            await self._answer(scope, protocol, partial(_joined, scope.headers.get_all))
        except ProtocolClosed:
            logger.info("%s %s: the client has hung up", scope.method, masked(scope.path))
        except Exception:
            logger.exception("%s %s could not be answered", scope.method, masked(scope.path))
            raise
        finally:
            self.in_hand -= 1

    def _at_once(self, scope: Any, is_fresh: Callable[[], bool]) -> Answer | None:
        """The answer from memory, None where there is none, or who asks may have to wait for it."""
        headers = scope.headers
        header, lines = headers.get, headers.get_all
        accept, encodings = lines("accept"), lines("accept-encoding")
        if len(accept) > 1 or len(encodings) > 1:
            return None  # they are joined in the way of all others
        if len(lines("if-none-match")) > 1 or len(lines("authorization")) > 1:
            return None  # likewise
        key = (
            scope.path,
            scope.query_string,
            accept[0] if accept else None,
            encodings[0] if encodings else None,
        )
        polled = self._hot.kept(key)
        if polled is None or not is_fresh() or header("prefer"):
            return None
        return self._hot.answer(polled, scope.method, header, lambda: _client_of(scope.client))

    def _is_fresh(self) -> bool:
        """Whether nothing was committed, before the request began, that is not known."""
        if self._is_checked:
            return True
        # One look is enough for all requests that began before it: those that the loop has in its
        # queue already. What is queued from here on comes behind this call, and is looked at anew.
        asyncio.get_running_loop().call_soon(self._check_again)
        try:
            self._is_checked = self._hot.is_fresh()
        except Exception:  # noqa: BLE001 - catching up meets it again, and tells it
            return False
        return self._is_checked

    def _check_again(self) -> None:
        self._is_checked = False

    async def _catch_up(self) -> bool:
        try:
            await self.following.catch_up()
        except StoreError:
            return False  # whoever makes the answer is told the same, and tells it
        except Exception:
            logger.exception("the index could not be brought up to date")
            return False
        return True

    async def _answer(self, scope: Any, protocol: Any, header: Header) -> None:
        environ = self._environ(scope)
        body = await self._body(environ, protocol)
        if isinstance(body, int):
            told = scope.method, masked(scope.path), body
            access_log.info(
                "%s %s %s %d, before it was taken up", _client_of(scope.client)[0], *told
            )
            refusal = [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")]
            self._send(protocol, Answer(body, refusal, _REFUSED[body]))
            return
        with body:
            environ["wsgi.input"] = body
            await self._answered(environ, protocol, header)

    async def _answered(self, environ: Environ, protocol: Any, header: Header) -> None:
        if environ["REQUEST_METHOD"] not in READING:
            created = await self._created(environ)
            if created is not None:
                self._send(protocol, created)
            else:
                await self._stream(environ, protocol)
            return
        seconds = wait_of(header("prefer"))
        answer = await self._whole(environ, header)
        if seconds and not answer.is_news:
            gone = asyncio.ensure_future(protocol.client_disconnect())
            try:
                answer = await self._news(environ, header, answer, seconds, gone)
            finally:
                gone.cancel()
        self._send(protocol, answer)

    async def _news(
        self,
        environ: Environ,
        header: Header,
        answer: Answer,
        seconds: int,
        gone: "asyncio.Future[None]",
    ) -> Answer:
        """The answer as soon as it is another one, or after so many seconds (RFC 7240, 4.3)."""
        until = monotonic() + seconds
        while (selected := answer.selected) is not None and not answer.is_news:
            left = until - monotonic()
            if left <= 0 or self._is_leaving or gone.done():
                break
            position, removals = answer.position, selected.removals
            await self.following.touched(selected.filter, position, removals, left, gone)
            if not gone.done():
                async with self._woken:
                    answer = await self._whole(environ, header)
        if answer.selected is None:  # a refusal, or a fault
            return answer
        told = ("Preference-Applied", f"wait={seconds}")
        return answer._replace(headers=[*answer.headers, told])

    async def _whole(self, environ: Environ, header: Header) -> Answer:
        """The answer to a request that reads; who asks for the same meanwhile waits for it."""
        path, query = environ[PATH], environ["QUERY_STRING"]
        if self._hot.find(path, query, header) is None:
            return await self._made(environ)
        answer = await self._remembered(environ, header)
        key = (path, query, header("accept"), header("accept-encoding"))
        if answer is None and key in self._making:
            await asyncio.shield(self._making[key])
            answer = await self._remembered(environ, header)
        if answer is not None:
            return answer
        if key in self._making:
            return await self._made(environ)
        making = self._making[key] = asyncio.get_running_loop().create_future()
        try:
            return await self._made(environ)
        finally:
            del self._making[key]
            making.set_result(None)

    async def _remembered(self, environ: Environ, header: Header) -> Answer | None:
        """The answer from memory, None where it has to be made."""
        if not (self._is_fresh() or await self._catch_up()):
            return None
        method, client = environ["REQUEST_METHOD"], environ["REMOTE_ADDR"]
        # Looked for now: the one that was there before may have been made anew meanwhile.
        polled = self._hot.find(environ[PATH], environ["QUERY_STRING"], header)
        if polled is None:
            return None
        answer = self._hot.answer(polled, method, header, lambda: (client, ""))
        return None if answer is None else answer._replace(position=polled.position)

    async def _made(self, environ: Environ) -> Answer:
        def make() -> Answer:
            status, headers, chunks = self._front.made(given)
            body = whole(chunks)
            selected = given.get(SELECTED)
            position = 0 if selected is None else selected.position
            return Answer(int(status[:3]), headers, body, selected, position)

        given = dict(environ)
        return await asyncio.get_running_loop().run_in_executor(self._threads, make)

    async def _created(self, environ: Environ) -> Answer | None:
        """The answer to a post that records one activity; None where Flask has to answer.

        It is recorded with all that wait when those before them are.
        """
        if not self._front.posting.is_plain(environ):
            return None
        loop = asyncio.get_running_loop()
        post = Post(environ, environ["wsgi.input"].getvalue(), perf_counter())
        answered: asyncio.Future[Answer | None] = loop.create_future()
        self._posts.append((post, answered))
        if self._recording is None or self._recording.done():
            self._recording = loop.create_task(self._record_posts())
        return await answered

    async def _record_posts(self) -> None:
        run = asyncio.get_running_loop().run_in_executor
        while self._posts:
            taken = [self._posts.popleft() for _ in range(min(MOST, len(self._posts)))]
            posts = [post for post, _ in taken]
            answers: Sequence[Answer | Exception | None]
            try:
                answers = await run(self._recorder, self._front.posting.answers, posts)
            except Exception as error:  # noqa: BLE001 - it is raised to each of them
                answers = [error] * len(taken)
            for (_, answered), answer in zip(taken, answers, strict=True):
                if answered.done():  # as where its request was given up
                    continue
                if isinstance(answer, Exception):
                    answered.set_exception(answer)
                else:
                    answered.set_result(answer)

    async def _stream(self, environ: Environ, protocol: Any) -> None:
        """Answer a request that writes, if it takes long piece by piece."""

        def make() -> tuple[int, Headers, Iterable[bytes], bytes | None]:
            status, headers, chunks = self._front.made(environ)
            number = int(status[:3])
            is_whole = number == 204 or any(name.lower() == "content-length" for name, _ in headers)
            return number, headers, chunks, whole(chunks) if is_whole else None

        run = asyncio.get_running_loop().run_in_executor
        async with self._writing:
            number, headers, chunks, body = await run(self._threads, make)
        if body is not None:
            self._send(protocol, Answer(number, headers, body))
            return
        transport, pieces = protocol.response_stream(number, headers), iter(chunks)
        try:
            while True:
                async with self._writing:
                    piece = await run(self._threads, next, pieces, None)
                if piece is None:
                    break
                await transport.send_bytes(piece)
        finally:
            del transport  # which ends the answer, whoever still looks at what went wrong
            await run(self._threads, close, chunks)

    def _send(self, protocol: Any, answer: Answer) -> None:
        if answer.is_remembered and answer.selected is not None:
            self._hot.count(answer.selected.format, answer.status)
        if answer.body:
            protocol.response_bytes(answer.status, answer.headers, answer.body)
        else:
            protocol.response_empty(answer.status, answer.headers)

    def _environ(self, scope: Any) -> Environ:
        """The request as WSGI has it (PEP 3333), but for its body."""
        client, port = _client_of(scope.client)
        environ: Environ = {
            "REQUEST_METHOD": scope.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": scope.path.encode().decode("latin-1"),
            PATH: scope.path,
            "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
            "SERVER_NAME": self._server[0],
            "SERVER_PORT": self._server[1],
            "SERVER_PROTOCOL": "HTTP/1.0" if scope.http_version == "1" else "HTTP/1.1",
            "REMOTE_ADDR": client,
            "REMOTE_PORT": port,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scope.scheme,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
        }
        for name, value in scope.headers.items():
            if "_" in name:
                continue  # which a proxy in front of us may not have seen as what it becomes here
            variable = name.upper().replace("-", "_")
            if variable not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                variable = f"HTTP_{variable}"
            joined = "; " if variable == "HTTP_COOKIE" else ", "
            environ[variable] = (
                f"{environ[variable]}{joined}{value}" if variable in environ else value
            )
        return environ

    async def _body(self, environ: Environ, protocol: Any) -> IO[bytes] | int:
        """The body of the request, all of it; or the status with which it is refused."""
        length = environ.get("CONTENT_LENGTH")
        if length in (None, "0") and "HTTP_TRANSFER_ENCODING" not in environ:
            return BytesIO()
        media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        most = MAX_REQUEST if media_type in NDJSON else self._limit + 1
        if length is not None and int(length) > most:
            # What is too long is not read: Flask says how long it may be.
            return BytesIO() if most != MAX_REQUEST else 413
        try:
            if length is not None and int(length) <= _IN_MEMORY:
                async with asyncio.timeout(self._silence + int(length) / _SLOWEST):
                    return BytesIO(await protocol())
            async with asyncio.timeout(self._silence) as limit:
                return await self._long_body(protocol, length, most, limit)
        except TimeoutError:
            return 408
        except RuntimeError:  # as granian says that the client has hung up
            return 400

    async def _long_body(
        self, protocol: Any, length: str | None, most: int, limit: asyncio.Timeout
    ) -> IO[bytes] | int:
        """The body as it comes, piece by piece, each within the time that the one before had."""
        body = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when it is answered
        now = asyncio.get_running_loop().time
        size = 0
        try:
            async for piece in protocol:
                body.write(piece)
                size += len(piece)
                if size >= most:
                    break
                limit.reschedule(now() + self._silence)
        except BaseException:
            body.close()
            raise
        # Who hangs up ends what comes piece by piece, as if that were all.
        is_cut = length is not None and size < min(int(length), most)
        if is_cut or size >= MAX_REQUEST:
            body.close()
            return 400 if is_cut else 413
        body.seek(0)
        return body


def _joined(lines: Callable[[str], list[str]], name: str) -> str | None:
    """The header of that name, its lines as one where there are several (RFC 9110, section 5.3)."""
    found = lines(name)
    if len(found) == 1:
        return found[0]
    return ", ".join(found) if found else None


@lru_cache(CLIENTS)
def _client_of(client: str) -> tuple[str, str]:
    """The address of the client, and its port."""
    address, _, port = client.rpartition(":")
    return address.strip("[]"), port


class Threads(Executor):
    """Threads that do not keep a process which is told to leave, as those of the library do."""

    def __init__(self, count: int) -> None:
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._work, name=f"request {number}", daemon=True).start()

    def submit(self, do: Callable[..., Any], /, *args: Any, **named: Any) -> "Future[Any]":
        """Do that in one of the threads."""
        future: Future[Any] = Future()
        self._waiting.put((future, partial(do, *args, **named)))
        return future

    def _work(self) -> None:
        while True:
            future, do = self._waiting.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = do()
            except BaseException as error:  # noqa: BLE001 - whoever waits for it is told
                future.set_exception(error)
            else:
                future.set_result(result)
            del future, do
