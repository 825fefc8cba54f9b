from training.run.numbered import next_version


def test_versions_count_up(tmp_path):
    assert next_version(tmp_path / "none") == 1
    for name in ("1", "10", "9", "old", ".11.unfinished"):
        (tmp_path / name).mkdir()
    assert next_version(tmp_path) == 11
