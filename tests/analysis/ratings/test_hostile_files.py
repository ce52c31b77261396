"""Broken files are read or refused in one line, and never end in a traceback."""

import random

import pytest
from support.simulated_ratings import simulate_ratings

from analysis.ratings.readers import Mapping, read_file
from analysis.ratings.table import RatingsError

MUTATIONS = 30
PIECES = (b",", b";", b"\n", b'"', b"\t", b"\r", b"=", b"-", b"1e9", b"nan", b"\xf0\x9f\x98\x80")
OURS = simulate_ratings(participants=3, items=3).to_csv(index=False).encode()
WEBMUSHRA = b"session_test_id,session_uuid,trial_id,rating_stimulus,rating_score\n" + b"".join(
    f"t,u{n},i{i},c{c},{50 + 9 * c}\n".encode()
    for n in range(3)
    for i in range(3)
    for c in range(3)
)
GOLISTEN = (
    b",Tags,,,,\n,Sound filename,a.wav,b.wav,,\nName,Date,X rating,,Time (s)\n"
    b"s,1,20,80,3\ns,2,30,70,3\n"
)
HEADER = b"session,item,condition,score\n"
BROKEN = (
    b"sep=;",
    b"sep=;\n\n",
    b"\xff\xfe",
    b"\xff\xfea",
    b"\xfe\xff\x00",
    b"\xef\xbb\xbf",
    b"\n\n",
    b";;;\n;;;",
    b'"',
    HEADER + b'"a',
    b"session,session,item,condition,score\na,b,c,d,60\n",
    b"Name,Date\n",
    b"a.wav,b.wav\nX rating\n",
    b"session;item;condition;score\na;b;c;1.234,5\n",
    HEADER + b"a,b,c,1e400\n",
    HEADER + b"a,b,c,0x10\n",
)


def read_or_refuse(path, data):
    path.write_bytes(data)
    for mapping in (None, Mapping(scale=(0, 100))):
        try:
            assert len(read_file(path, mapping).table) > 0
        except RatingsError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("data", BROKEN)
def test_broken_file_is_refused_in_one_line(tmp_path, data):
    (tmp_path / "r.csv").write_bytes(data)
    with pytest.raises(RatingsError) as error:
        read_file(tmp_path / "r.csv")
    assert "\n" not in str(error.value)


def mutate(data, rng):
    mutated = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        mutated = mutated or bytearray(b"x")
        at, kind = rng.randrange(len(mutated)), rng.random()
        if kind < 0.3:
            mutated[at] = rng.randrange(256)
        elif kind < 0.6:
            mutated[at:at] = rng.choice(PIECES)
        elif kind < 0.8:
            del mutated[at : at + rng.randint(1, 30)]
        else:
            del mutated[at:]
    return bytes(mutated)


@pytest.mark.parametrize(
    "original", [OURS, WEBMUSHRA, GOLISTEN], ids=["ours", "webMUSHRA", "Go Listen"]
)
def test_damaged_files_are_read_or_refused_in_one_line(tmp_path, original):
    rng = random.Random(5)
    for _ in range(MUTATIONS):
        read_or_refuse(tmp_path / "r.csv", mutate(original, rng))
