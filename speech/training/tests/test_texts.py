import random

import pytest

from ears.vocabulary import Vocabulary, unescaped
from texts import phrases, plain, visitors


def test_a_phrase_gives_what_it_allows_and_nothing_else():
    tree = phrases.parse("(give|hand) me [please] <thing>")
    rules = {"thing": [phrases.parse("a sword"), phrases.parse("wings")]}
    rng = random.Random(1)
    drawn = {" ".join(phrases.draw(tree, rng, rules)) for _ in range(400)}
    assert drawn == {f"{verb} me {please}{thing}" for verb in ("give", "hand") for please in ("", "please ") for thing in ("a sword", "wings")}


@pytest.mark.parametrize("wrong", ["(give", "give)", "[a (b]", "a|b)"])
def test_brackets_that_do_not_match_are_an_error(wrong):
    with pytest.raises(ValueError, match="bracket"):
        phrases.parse(wrong)


def test_texts_are_plain_words():
    assert visitors.normal("No, no: make it 3 times BIGGER!") == "no no make it three times bigger"
    assert visitors.normal("我想") is None and visitors.normal("?!") is None and visitors.normal("7734") is None
    assert visitors.articles("give me a elephant and an sword".split()) == "give me an elephant and a sword".split()


def test_visitors_say_many_things_and_the_same_ones_again():
    first, second = visitors.Visitors("x"), visitors.Visitors("x")
    texts = [next(first) for _ in range(3_000)]
    assert texts == [next(second) for _ in range(3_000)]
    assert len(set(texts)) > 1_500
    assert all(text == visitors.normal(text) for text in texts)


def test_what_is_held_out_is_never_trained_on():
    held = visitors.held_out(400)
    assert len(set(held)) == 400
    long = {text for text in held if len(text.split()) > 3}
    said = visitors.Visitors("y")
    assert not long & {next(said) for _ in range(20_000)}
    # The check can fail: without the filter, such sentences come up.
    said._never = set()
    assert long & {next(said) for _ in range(40_000)}
    with pytest.raises(ValueError, match="400"):
        visitors.held_out(401)


def test_plain_sentences_are_the_quoted_ones_of_a_few_words(tmp_path):
    (tmp_path / "data.verb").write_text('001 v | go; "The ice broke the pipe"; "no"; "he paid $5 for 1,000 of them"; "the ice broke the pipe"\n')
    assert plain.examples(tmp_path) == ["the ice broke the pipe"]
    assert next(plain.Plain(1, tmp_path)) == "the ice broke the pipe"
    with pytest.raises(FileNotFoundError, match="wordnet-base"):
        plain.examples(tmp_path / "none")


def test_words_come_back_from_their_tokens():
    tokens = [bytes([n]) for n in range(256)] + [b"gi", b"ve", b"give", b" me", b"Gi", b" Gi"]
    vocabulary = Vocabulary(tokens)
    assert vocabulary.tokens("give me") == [258, ord(" "), ord("m"), ord("e")], "ranks decide: ' m' and 'me' are no tokens"
    assert vocabulary.encode("give me")[0] == 261
    for text in ("give me a sword", "i don't", "xylophone"):
        assert visitors.normal(vocabulary.decode(vocabulary.encode(text))) == text
    assert vocabulary.decode(vocabulary.encode("what i want")) == "What I want."
    assert vocabulary.encode("") and vocabulary.decode(vocabulary.encode("")) == ""
    assert unescaped("\u0120sword") == b" sword" and unescaped("\u010a") == b"\n"
