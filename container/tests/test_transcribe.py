"""Windows to batches: none is lost, the first comes early, the last ones leave no worker waiting."""

import itertools

import pytest

from pipeline.transcribe import in_batches


@pytest.mark.parametrize(
    ("windows", "most", "workers", "lists"),
    [
        (0, 4, 2, []),
        (1, 4, 2, [1]),
        (5, 4, 2, [4, 1]),
        (10, 4, 2, [4, 2, 2, 2]),
        (26, 4, 2, [4, 4, 4, 4, 3, 3, 2, 2]),
        (50, 4, 2, [*[4] * 10, 3, 3, 2, 2]),
        (26, 8, 1, [4, 8, 8, 6]),
        (3, 1, 2, [1, 1, 1]),
    ],
)
def test_the_first_is_early_and_the_last_are_even(windows, most, workers, lists):
    made = list(in_batches(range(windows), most, workers))
    assert [len(batch) for batch in made] == lists
    assert list(itertools.chain(*made)) == list(range(windows))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_each_worker_gets_the_same_number_of_lists_as_soon_as_there_are_enough_windows(workers):
    for windows in range(4 * workers, 100):
        assert len(list(in_batches(range(windows), 4, workers))) % workers == 0


def test_a_batch_does_not_wait_for_the_recordings_end():
    asked = []
    coming = in_batches(map(asked.append, itertools.count()), 8, 1)
    assert [len(next(coming)) for _ in range(3)] == [4, 8, 8]
    assert len(asked) == 20
