package domicile.lib.index_test

import data.domicile.lib.index

test_values_are_gathered_by_their_key if {
	index.grouped([]) == {}
	index.grouped([["a", 1], ["b", 2], ["a", {"x": 3}], ["a", 1]]) == {"a": {1, {"x": 3}}, "b": {2}}
	index.grouped({["a", 1]}) == {"a": {1}}
}

test_values_that_are_objects_are_not_merged if {
	index.grouped([["a", {"x": {"y": 1}}], ["a", {"x": {"z": 2}}]]) == {"a": {{"x": {"y": 1}}, {"x": {"z": 2}}}}
}
