"""Prompt and hotwords, cut by the real tokenizer."""

import pytest
from tokenizers import Tokenizer

from pipeline import steering


@pytest.fixture(scope="module")
def tokenizer(tiny):
    return Tokenizer.from_file(str(tiny / "tokenizer.json"))


def count(tokenizer, text):
    return len(tokenizer.encode(" " + text, add_special_tokens=False).ids)


def test_what_fits_is_left_as_it_is(tokenizer):
    prompt, hotwords = steering.fit(tokenizer, "A speech.", "Fitzgerald, Kennedy")
    assert tokenizer.decode(prompt) == " A speech."
    assert hotwords == "Fitzgerald, Kennedy"
    assert steering.fit(tokenizer, None, None) == (None, None)


def test_of_a_long_prompt_the_end_stays_and_of_many_hotwords_the_first(tokenizer):
    prompt, hotwords = steering.fit(tokenizer, "one two three " * 200 + "the end", "first, " + "Fitzgerald, " * 200)
    assert tokenizer.decode(prompt).endswith("the end")
    assert hotwords.strip().startswith("first, Fitzgerald")
    assert len(prompt) + count(tokenizer, hotwords.strip()) <= steering.MOST_TOKENS


def test_no_character_is_cut_in_two(tokenizer):
    _, hotwords = steering.fit(tokenizer, None, "渋谷、新宿、池袋、" * 60)
    assert "\ufffd" not in hotwords
    assert hotwords.strip().startswith("渋谷")
