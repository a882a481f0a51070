"""The options that travel in X-Amzn-SageMaker-Custom-Attributes."""

import base64
import json
import zlib

import pytest

from pipeline.errors import RequestError
from pipeline.options import Options, parse


def deflated(value: object) -> str:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(json.dumps(value, ensure_ascii=False).encode()) + packer.flush()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


@pytest.mark.parametrize("missing", [None, "", "  ", "{}", deflated({})])
def test_no_options_mean_the_defaults(missing):
    assert parse(missing) == Options(
        language=None,
        task="transcribe",
        prompt=None,
        hotwords=None,
        word_timestamps=False,
        vad=True,
        beam_size=None,
        temperature=None,
        channels="mix",
        multilingual=False,
    )


EVERY_OPTION = {
    "language": "EN",
    "task": "translate",
    "prompt": "An interview.",
    "hotwords": "Dashwood",
    "word_timestamps": True,
    "vad": False,
    "beam_size": 1,
    "temperature": 0,
    "channels": "split",
    "multilingual": True,
}


@pytest.mark.parametrize("spelling", [json.dumps, deflated])
def test_both_spellings_carry_every_option(spelling):
    expected = Options("en", "translate", "An interview.", "Dashwood", True, False, 1, 0.0, "split", True)
    assert parse(spelling(EVERY_OPTION)) == expected


def test_null_means_not_given():
    assert parse('{"language": null, "beam_size": null}') == Options()


def test_a_japanese_prompt_of_250_characters_and_20_hotwords_fit_in_the_header():
    prompt = (
        "今回の番組では、音声認識の技術と、それを支える計算機の仕組みについて、三人の専門家に話を聞きます。"
        "最初の話題は、雑音の多い場所で録音された会話を、どのようにして正確な文章に直すかという問題です。"
        "続いて、医療や教育の現場での使われ方、そして方言や専門用語を学ばせる工夫を紹介します。"
        "最後に、利用者の声を守るための決まりと、これから十年の見通しを、聴取者からの質問に答えながら考えます。"
        "司会は佐藤花子、解説は鈴木一郎と高橋美咲、制作は東京の小さな放送局です。"
        "お便りは番組の窓口までお寄せください。どうぞ最後までお楽しみください。"
    )[:250]
    hotwords = ", ".join(f"専門用語{number}号" for number in range(1, 21))
    assert len(prompt) == 250
    header = deflated({"language": "ja", "prompt": prompt, "hotwords": hotwords})
    assert len(header) <= 1024
    assert header.isascii()
    assert parse(header) == Options(language="ja", prompt=prompt, hotwords=hotwords)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ('{"langauge": "en"}', "langauge"),
        ('{"language": 1}', "language must be a string"),
        ('{"task": "summarise"}', "task must be"),
        ('{"task": ["transcribe"]}', "task must be"),
        ('{"prompt": ["a"]}', "prompt must be a string"),
        ('{"word_timestamps": 1}', "word_timestamps must be true or false"),
        ('{"multilingual": 1}', "multilingual must be true or false"),
        ('{"vad": "false"}', "vad must be true or false"),
        ('{"beam_size": 0}', "beam_size"),
        ('{"beam_size": 11}', "beam_size"),
        ('{"beam_size": 2.5}', "beam_size"),
        ('{"beam_size": true}', "beam_size"),
        ('{"temperature": "0"}', "temperature"),
        ('{"temperature": 1.5}', "temperature"),
        ('{"temperature": NaN}', "temperature"),
        ('{"channels": "left"}', "channels must be mix or split"),
        ('{"channels": 2}', "channels must be"),
        ("[1]", "JSON object, or base64url"),
        (deflated([1]), "found list"),
        ("{", "can't be parsed"),
        ('{"a":' * 5000, "can't be parsed"),
        ("not base64!", "base64url"),
        (base64.urlsafe_b64encode(b"not deflated").decode(), "base64url"),
        (deflated(EVERY_OPTION)[:-8], "base64url|cut off"),
        (deflated({"prompt": "a" * 500_000}), "longer than"),
    ],
)
def test_what_is_wrong_is_named(header, message):
    with pytest.raises(RequestError, match=message) as caught:
        parse(header)
    assert (caught.value.status_code, caught.value.code) == (400, "bad_options")


def test_a_decompression_bomb_fits_the_header_and_is_refused():
    assert len(deflated({"prompt": "a" * 500_000})) < 1024
