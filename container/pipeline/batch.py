"""A batch of a recording's windows on its way: first looks at all of them, then again at those that leave a doubt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace

from pipeline.engine import Engine
from pipeline.looks import Doubt, Heard
from pipeline.reading import Manner, Reading
from pipeline.windows import Window

# Tokens of the windows around it that a doubtful window is read again with: some sentences, and half of what fits.
AROUND = 100


class Batch:
    """Each doubt goes into the engine's line by itself, where it meets those of other batches and requests: windows
    that are read one by one take up to twice the time of those in a batch (docs/inference.md)."""

    def __init__(self, engine: Engine, manner: Manner, windows: Sequence[Window], found: Callable[[str], None]) -> None:
        """What `found` is told, and what is raised, is as Engine.submit says."""
        self.windows = windows
        self._engine = engine
        self._manner = manner
        self._again: Future[list[Future[Reading]]] = Future()
        self.first = engine.submit(manner, windows, found)
        self.first.add_done_callback(self._ask_again)

    def _ask_again(self, first: Future[Reading]) -> None:
        """In the engine's thread, as soon as the first looks are there."""
        try:
            self._again.set_result([self._engine.submit(*question) for question in self._questions(first.result())])
        except BaseException as error:
            self._again.set_exception(error)

    def _questions(self, first: Reading) -> list[tuple[Manner, list[Doubt]]]:
        questions = []
        for row, one in enumerate(first.heard):
            if isinstance(one, Doubt):
                around = _around(first, row)
                manner = replace(
                    self._manner,
                    language=first.languages[row][0],
                    multilingual=False,
                    again=(one.within, len(around)),
                )
                questions.append((manner, [replace(one, around=around)]))
        return questions

    def result(self) -> Reading:
        """Waits for all of it."""
        first = self.first.result()
        again = [future.result() for future in self._again.result()]
        answers = iter(again)
        heard = [next(answers).heard[0] if isinstance(one, Doubt) else one for one in first.heard]
        return Reading(heard, first.languages, first.seconds + sum(reading.seconds for reading in again))

    def cancel(self) -> None:
        """What has not been read is not read any more."""
        self.first.cancel()
        self._again.add_done_callback(_cancel_all)


def _cancel_all(again: Future[list[Future[Reading]]]) -> None:
    for future in [] if again.exception() else again.result():
        future.cancel()


def _around(first: Reading, row: int) -> list[int]:
    """The end of what the batch's other windows say in the same language: first those after it, then those before."""
    others = [*range(row + 1, len(first.heard)), *range(row)]
    return [
        token
        for other in others
        if first.languages[other][0] == first.languages[row][0]
        for token in _tokens(first.heard[other])
    ][-AROUND:]


def _tokens(one: Heard | Doubt) -> list[int]:
    return one.decoded.tokens if isinstance(one, Doubt) else one.looks[0].decoded.tokens
