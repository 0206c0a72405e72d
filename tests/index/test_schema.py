from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mailstrata.index.layout import LAYOUTS, leaf_paths
from mailstrata.index.schema import SCHEMA_VERSION, TABLES


@pytest.mark.parametrize("name", TABLES)
def test_a_file_carries_version_table_and_descriptions(name, tmp_path):
    """Someone with nothing but a file can tell what it is and what each column means."""
    path = tmp_path / "table.parquet"
    pq.write_table(TABLES[name].empty_table(), path)
    schema = pq.read_schema(path)
    assert schema.metadata[b"mailstrata.table"] == name.encode()
    assert schema.metadata[b"mailstrata.schema_version"] == str(SCHEMA_VERSION).encode()
    # Parquet adds a number of its own to each field's metadata.
    for field, expected in zip(schema, TABLES[name], strict=True):
        assert field.equals(expected)
        assert field.metadata[b"description"] == expected.metadata[b"description"]


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_described_in_one_sentence(name):
    """No column goes undocumented, and no description breaks the page's table."""
    for field in TABLES[name]:
        description = field.metadata[b"description"].decode()
        assert description.endswith(".")
        assert "|" not in description
        assert "\n" not in description


@pytest.mark.parametrize("name", TABLES)
def test_layouts_name_columns_that_exist(name):
    """A renamed column cannot silently lose its order, filter or dictionary."""
    layout = LAYOUTS[name]
    for column in (*layout.sorted_by, *layout.looked_up_by, *layout.repeating):
        assert column in TABLES[name].names


def test_leaf_paths_are_those_of_parquet(tmp_path):
    """The paths by which encodings are chosen are the ones that Parquet itself uses."""
    for name, schema in TABLES.items():
        path = tmp_path / f"{name}.parquet"
        pq.write_table(schema.empty_table(), path)
        written = pq.ParquetFile(path).schema
        paths = [written.column(index).path for index in range(len(written))]
        assert [leaf for field in schema for leaf in leaf_paths(field)] == paths


def test_a_missing_value_is_refused_where_it_may_not_be(tmp_path):
    """Columns documented as never null cannot be written as null."""
    schema = pa.schema([TABLES["blobs"].field("sha256")])
    table = pa.Table.from_arrays([pa.array([None], pa.string())], schema=schema)
    with pytest.raises((pa.ArrowInvalid, OSError)):
        pq.write_table(table, tmp_path / "table.parquet")
