"""What script/bench container says of texts, by hand-counted cases."""

from __future__ import annotations

import subprocess
import sys
import wave

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "container" / "bench"))

import figures
import memory
from score import Score, score
from speech import publish


@pytest.mark.parametrize(
    ("said", "heard", "language", "expected"),
    [
        ("It's here, now.", "it s HERE now", "en", Score(0, 4, 0, 0)),
        ("one two three four five", "one three", "en", Score(60, 5, 3, 2)),
        ("one two", "one two three", "en", Score(50, 2, 0, 0)),
        ("one two", "", "en", Score(100, 2, 2, 2)),
        ("ﾊﾞｸﾞの、少ない環境。", "バグの少い 環境", "ja", Score(12.5, 8, 1, 1)),
        ("ภาษาไทย", "ภาษา ไทย", "th", Score(0, 7, 0, 0)),
    ],
)
def test_words_are_counted(said, heard, language, expected):
    assert score(said, heard, language) == expected


def test_ours_is_held_against_the_better_stock_mode():
    stock = {
        "sequential": {"wer": 4.0, "deleted_words": 20.0},
        "batched": {"wer": 9.0, "deleted_words": 3.0},
    }

    def held(wer: float, deleted_words: float) -> list[bool]:
        found = {**stock, "ours": {"wer": wer, "deleted_words": deleted_words}}
        return [figure["ok"] for figure in figures.of_file("en-1", 1200, found, "cpu") if "ok" in figure]

    assert held(4.3, 13) == [True, True]
    assert held(4.4, 14) == [False, False]


def test_without_a_mode_its_figures_and_bars_are_left_out():
    found = {"batched": {"wer": 4.0, "seconds": 2}, "ours": {"wer": 9.0, "seconds": 1}}
    said = list(figures.of_file("en-1", 1200, found, "cpu"))
    assert [(figure["case"], "bar" in figure) for figure in said] == [("en-1/batched", False), ("en-1/ours", False)]
    assert list(figures.of_all([{"ours": {"seconds": 1}}], "cpu")) == []


def test_over_all_files_ours_has_to_be_faster():
    def held(batched: float, ours: float) -> bool:
        seconds = [{"batched": {"seconds": batched, "cpu_seconds": 1}, "ours": {"seconds": ours, "cpu_seconds": 1}}]
        return next(figures.of_all(seconds, "cpu"))["ok"]

    assert held(13, 10)
    assert not held(12, 10)


def test_memory_must_not_grow_with_the_length():
    def held(short: float, long: float) -> list[bool]:
        found = figures.of_memory("mp3", {10: {"peak_rss_mb": short}, 180: {"peak_rss_mb": long}})
        return [figure["ok"] for figure in found if "ok" in figure]

    assert held(500, 800) == [True]
    assert held(500, 801) == [False]


def test_speech_that_another_has_built_meanwhile_is_kept(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "en-1.txt").write_text(name, encoding="ascii")
        publish(tmp_path / name, tmp_path / "speech")
    assert (tmp_path / "speech" / "en-1.txt").read_text(encoding="ascii") == "first"
    with pytest.raises(FileNotFoundError):
        publish(tmp_path / "missing", tmp_path / "other")


def test_the_stock_modes_do_not_inherit_how_our_threads_wait():
    script = "import compare, os; print('OMP_WAIT_POLICY' in compare.ENVIRONMENT, 'OMP_WAIT_POLICY' in os.environ)"
    folder = ROOT / "container" / "bench"
    paths = {"PYTHONPATH": f"{folder}:{folder.parent}"}
    ended = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=paths)
    assert ended.stdout.split() == ["False", "True"]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "has no recordings with their text"),
        ({"en-talk.txt": b"words"}, "has no recordings with their text"),
        ({"en-talk.txt": b"words", "en-talk.mp3": b"no recording"}, "can't be read"),
    ],
)
def test_a_folder_that_can_not_be_measured_is_one_line(tmp_path, files, why):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    command = [sys.executable, ROOT / "container" / "bench" / "compare.py", "--model", tmp_path, "--audio", tmp_path]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert why in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_recording_is_repeated_to_a_length(tmp_path):
    clip = ROOT / "assets" / "clip.mp3"
    for kind in memory.KINDS:
        memory.repeated(clip, tmp_path / f"long.{kind}", 20)
    with wave.open(str(tmp_path / "long.wav")) as file:
        assert file.getnframes() == 20 * 16_000
    samples = memory.decoded(tmp_path / "long.mp3")
    assert len(samples) / 16_000 == pytest.approx(20, abs=0.1)
