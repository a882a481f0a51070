"""Prompt and hotwords, cut by the real tokenizer."""

import pytest
from tokenizers import Tokenizer

from pipeline import steering


@pytest.fixture(scope="module")
def tokenizer(tiny):
    return Tokenizer.from_file(str(tiny / "tokenizer.json"))


def test_hotwords_come_first_and_what_fits_is_left_as_it_is(tokenizer):
    tokens = steering.fit(tokenizer, "A speech.", "Fitzgerald, Kennedy")
    assert tokenizer.decode(tokens) == " Fitzgerald, Kennedy A speech."
    assert steering.fit(tokenizer, None, None) == []


def test_of_a_long_prompt_the_end_stays_and_of_many_hotwords_the_first(tokenizer):
    tokens = steering.fit(tokenizer, "one two three " * 200 + "the end", "first, " + "Fitzgerald, " * 200)
    text = tokenizer.decode(tokens).strip()
    assert text.startswith("first, Fitzgerald")
    assert text.endswith("the end")
    assert len(tokens) <= steering.MOST_TOKENS


def test_no_character_is_cut_in_two(tokenizer):
    text = tokenizer.decode(steering.fit(tokenizer, None, "渋谷、新宿、池袋、" * 60))
    assert "\ufffd" not in text
    assert text.strip().startswith("渋谷")
