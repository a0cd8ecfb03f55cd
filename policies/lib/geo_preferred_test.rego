package domicile.lib.geo_preferred_test

import data.domicile.lib.geo_preferred as preferred

_inp(params) := {"params": params}

_items := [{"id": "a", "preferredDataLocation": "EUR"}, {"id": "b", "preferredDataLocation": "NAM"}, {"id": "c", "preferredDataLocation": null}, {"id": "d"}]

_held := {"state": "held", "reason": "", "message": ""}

test_own_list_goes_before_the_general_one if {
	preferred.allowed(_inp({"allowed_geos": ["EU"]})) == ["EU"]
	preferred.allowed(_inp({"allowed_geos": ["EU"], "preferred_data_locations": ["NAM"]})) == ["NAM"]
	not preferred.allowed(_inp({}))
}

test_asking_are_those_with_a_location if {
	[item.id | some item in preferred.asking(_items)] == ["a", "b"]
	preferred.codes(preferred.asking(_items), _held) == {"EUR", "NAM"}
	preferred.codes(preferred.asking(_items), {"state": "none"}) == set()
}

test_outside_leaves_places_that_are_not_known if {
	preferred.outside(_inp({"allowed_geos": ["EU"]}), {"EUR", "NAM", "XYZ"}) == {"NAM"}
	preferred.outside(_inp({}), {"NAM"}) == set()
}

test_questions_are_those_that_matter if {
	unread := {"state": "unknown", "reason": "throttled", "message": "The licences could not be read."}
	reasons := {entry.reason | some entry in preferred.questions(_inp({"allowed_geos": ["EU"]}), {"NAM", "XYZ"}, unread, "users")}
	reasons == {"partial", "throttled"}
	preferred.questions(_inp({"allowed_geos": ["EU"]}), {"EUR"}, unread, "users") == set()
	{entry.reason | some entry in preferred.questions(_inp({}), {"EUR"}, _held, "users")} == {"needs_configuration"}
	preferred.questions(_inp({}), set(), _held, "users") == set()
}

test_unlicensed_says_why if {
	preferred.unlicensed([1], {"state": "none"}, "user").reason == "not_licensed"
	preferred.unlicensed([], _held, "user") == {"reason": "nothing_to_judge", "message": "No user has a preferred data location."}
	not preferred.unlicensed([1], _held, "user")
}
