import pytest

from humouse.data.sources.people import people_of
from humouse.errors import InputError


@pytest.mark.parametrize(
    ("names", "user_from", "people"),
    [
        (["ann.csv", "bob.csv.gz"], "file", [("ann", "ann"), ("bob", "bob")]),
        (["ann/1.csv", "bob/1.csv"], "folder", [("ann", "1"), ("bob", "1")]),
        (["ann/s1/mouse.csv"], "USER/*/*", [("ann", "mouse")]),
        (["data/ann/s1/mouse.csv"], "USER/SESSION/mouse", [("ann", "s1")]),
        (["u1_s1.csv", "u1_s2.csv"], "USER_SESSION", [("u1", "s1"), ("u1", "s2")]),
        (["x/p7-raw.v2.json"], "USER-raw.v2", [("p7", "p7-raw.v2")]),
        (["user1.csv", "user2.csv"], "file", [("user1", "user1"), ("user2", "user2")]),
    ],
)
def test_people_come_from_any_part_of_the_path(names, user_from, people):
    assert people_of(names, user_from) == people


@pytest.mark.parametrize(
    ("names", "user_from", "remedy"),
    [
        (["u1/session_1.csv", "u2/session_1.csv"], "file", r"user_from=USER/\*;"),
        (["u1/s1/mouse.csv", "u2/s1/mouse.csv"], "folder", r"user_from=USER/\*/\*;"),
        (["u1_s1.csv", "u1_s2.csv", "u2_s1.csv"], "file", "user_from=USER_SESSION"),
    ],
)
def test_sessions_are_not_taken_for_people(names, user_from, remedy):
    with pytest.raises(InputError, match=remedy):
        people_of(names, user_from)


def test_a_pattern_insists():
    assert people_of(["a/1.csv", "b/1.csv"], "USER") == [("1", "1"), ("1", "1")]
    assert people_of(["u1_s1.csv", "u1_s2.csv", "u2_s1.csv"], "USER")[0] == ("u1_s1", "u1_s1")


@pytest.mark.parametrize("pattern", ["person", "USER/USER", "USER_SESSION"])
def test_a_pattern_that_does_not_fit_is_named(pattern):
    with pytest.raises(InputError, match=f"user_from={pattern}"):
        people_of(["ann.csv"], pattern)
