from app.operations.doctor.places import look_at_places


def test_every_place_is_looked_at_once_for_each_disk(installation, rt):
    one = installation(rt)
    for place in one.places.values():
        place.mkdir(parents=True)

    found = {finding.name: finding for finding in look_at_places(one)}

    assert {"writing_state", "writing_lake", "writing_spool"} < set(found)
    assert {"disk_of_state_lake_spool_postgres", "file_system_of_state_lake_spool_postgres"} < set(found)
    assert all(found[f"writing_{name}"].level == "ok" for name in ("state", "lake", "spool"))


def test_a_postgresql_elsewhere_has_no_place_here(installation, away):
    found = {finding.name for finding in look_at_places(installation(away, database_url="postgresql://h/d"))}

    assert "disk_of_state_lake_spool" in found
