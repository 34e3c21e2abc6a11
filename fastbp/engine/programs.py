"""The programs that run on a network's state, each lowered and compiled when it is first needed."""

from collections.abc import Hashable, Sequence
from typing import Any
from weakref import WeakValueDictionary

from numpy.typing import NDArray

from fastbp.compiler.layout import ALIASING
from fastbp.compiler.lower import Lowering
from fastbp.compiler.request import Goal, InputKind, Request
from fastbp.engine.ahead import compile_missing
from fastbp.engine.session import Session
from fastbp.engine.state import NetworkState
from fastbp.nn.layers.layer import Layer
from fastbp.optimizers.gathering import Gathering
from fastbp.runtime.threads import chosen_workers
from fastbp.source import DTYPES, Source

#: Programs that a network keeps; each batch size has its own, for training and for each question.
_MOST_SESSIONS = 32
#: Rows of a batch that may share places in the cache without harm.
_ALIASING_ROWS = 32


class NetworkPrograms(NetworkState):
    """State and programs of one network; see `Network`, which runs them."""

    def __init__(
        self,
        n_inputs: int,
        layers: Sequence[Layer],
        *,
        dtype: str,
        weights: Sequence[NDArray[Any]],
        normalization: tuple[NDArray[Any], NDArray[Any]] | None = None,
    ) -> None:
        super().__init__(
            n_inputs, layers, dtype=dtype, weights=weights, normalization=normalization
        )
        self._goal: Goal | None = None
        # The last ones, oldest first, by what a call was given: to put a request together takes longer than a small
        # step.
        self._recent: dict[Hashable, Session] = {}
        self._sessions: WeakValueDictionary[Request, Session] = WeakValueDictionary()

    def _forget_programs(self) -> None:
        self._recent.clear()
        self._sessions.clear()

    def _session(self, request: Request, workers: int, key: Hashable = None) -> Session:
        """The program for a request, lowered and compiled when first asked for, and kept under a key."""
        found = self._sessions.get(request)
        if found is None:
            found = self._sessions[request] = self._new_session(request, workers)
        key = key or request
        if key not in self._recent and len(self._recent) >= _MOST_SESSIONS:
            # It may be in use, and is made anew then: to note each use would cost all calls more than this costs few.
            del self._recent[next(iter(self._recent))]
        self._recent[key] = found
        return self.with_room(found)

    def _new_session(self, request: Request, workers: int) -> Session:
        lowering = Lowering(
            self._layout,
            self._operations,
            request,
            None if request.predict else self._goal,
            self._normalization_at if self._normalization is not None else None,
            self._state_size,
            self._layout.size,
        )
        program = lowering.build()
        compile_missing(program.kernels, workers)
        return Session(program, self._dtype, lowering.gradients)

    def with_room(self, session: Session) -> Session:
        """The session, with room for its workspace in the arena as it lies now."""
        self._arena.require(self._state_size + session.workspace, self._state_size)
        session.arena_address = self._arena.address
        return session

    def _prepared_session(
        self,
        batch: int,
        inputs: Source,
        targets: Source | None,
        weights: Source | None,
        threads: int | str,
        *,
        training: bool,
    ) -> Session:
        """The program that trains on, or only looks at, data of this form."""
        key = (
            training,
            batch,
            inputs.code,
            inputs.row_stride,
            inputs.column_stride,
            None if targets is None else targets.code,
            None if weights is None else weights.code,
        )
        found = self._recent.get(key)
        if found is not None:
            return self.with_room(found)
        if training:
            how = self._optimizer.rule, self._optimizer.gathering, True
            request = self._request(batch, inputs, targets, weights, *how)
        else:
            request = self._request(batch, inputs, targets, weights)
        return self._session(request, chosen_workers(threads), key)

    def _input_kind(self, inputs: Source, batch: int) -> InputKind:
        name = DTYPES[inputs.code]
        in_place = (
            name == self._dtype.name
            and inputs.column_stride == self._dtype.itemsize
            and self._normalization is None
            # Rows that lie a multiple of 1024 bytes apart share few places in the caches: better copied apart.
            and not (inputs.row_stride % ALIASING == 0 and batch > _ALIASING_ROWS)
        )
        return InputKind(name, in_place)

    def _request(
        self,
        batch: int,
        inputs: Source,
        targets: Source | None = None,
        weights: Source | None = None,
        rule: str | None = None,
        gathering: Gathering | None = None,
        training: bool = False,
    ) -> Request:
        return Request(
            batch,
            self._input_kind(inputs, batch),
            None if targets is None else DTYPES[targets.code],
            None if weights is None else DTYPES[weights.code],
            rule,
            predict=targets is None,
            gathering=gathering,
            training=training,
        )
