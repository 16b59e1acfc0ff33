import random

import pytest

from ears.vocabulary import Vocabulary
from texts import phrases, visitors


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


def test_words_come_back_from_their_tokens():
    vocabulary = Vocabulary.of({"give": 9, "me": 9, "sword": 5, "don't": 4, "rare": 1}, least=2)
    for text in ("give me a sword", "give me a rare sword", "i don't", "xylophone"):
        assert vocabulary.decode(vocabulary.encode(text)) == text
    assert len(vocabulary.encode("give me a sword")) == 4
    assert len(vocabulary.encode("rare")) == 4  # spelled
    assert vocabulary.encode("") and vocabulary.decode(vocabulary.encode("")) == ""
    assert vocabulary.places[vocabulary.end] == 50_256 and len(set(vocabulary.places)) == len(vocabulary)
