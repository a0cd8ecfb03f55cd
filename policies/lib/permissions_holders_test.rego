package domicile.lib.permissions_holders_test

import data.domicile.lib.permissions
import data.domicile.lib.permissions_holders as holders

_siem := "aaaaaaaa-0000-4000-8000-000000000001"

_principals := {"sp1": {"id": "sp1", "appId": _siem, "displayName": "SIEM"}, "sp2": {"id": "sp2", "appId": null, "displayName": "Odd"}, "sp3": {"id": "sp3", "appId": _siem, "displayName": null}}

_application := {"app_id": _siem, "name": "SIEM"}

_input := {
	"now": "2026-11-21T00:00:00Z", "reader": {"appid": "aaaaaaaa-0000-4000-8000-000000000009"},
	"params": {"approved_applications": [
		{"app_id": _siem, "permissions": ["Mail.Send"], "until": "2027-06-30"},
		{"app_id": _siem, "permissions": ["Mail.ReadWrite"], "until": "2026-06-30"},
		{"app_id": _siem, "permissions": ["Mail.ReadWrite"], "until": "2025-06-30"},
	]},
}

_judged(inp, application, names) := holders.judged(inp, permissions.approved(inp.params, inp.now), application, names)

test_holder_comes_from_the_look_up if {
	holders.holder(_principals, "sp1", "stale name") == _application
	holders.holder(_principals, "sp3", "SIEM") == _application
}

test_holder_is_unresolved_when_it_was_not_read if {
	holders.holder(_principals, "sp2", null) == {"app_id": "", "name": "sp2"}
	holders.holder(_principals, "sp9", "Ghost") == {"app_id": "", "name": "Ghost"}
	holders.holder({}, "sp9", "") == {"app_id": "", "name": "sp9"}
	holders.holder({}, null, null) == {"app_id": "", "name": "unnamed"}
}

test_judged_compares_with_the_approvals if {
	_judged(_input, _application, {"Mail.Send", "Mail.ReadWrite", "User.ReadWrite.All"}) == {
		"Mail.Send": "approved", "Mail.ReadWrite": "lapsed", "User.ReadWrite.All": "unapproved",
	}
	_judged(_input, {"app_id": "", "name": "Ghost"}, {"Mail.Send"}) == {"Mail.Send": "unresolved"}
}

test_judged_knows_the_products_own_application if {
	own := {"app_id": _input.reader.appid, "name": "domicile"}
	_judged(_input, own, {"Mail.Send"}) == {"Mail.Send": "own"}
	unset := {"now": _input.now, "reader": _input.reader, "params": {}}
	_judged(unset, own, {"Mail.Send"}) == {"Mail.Send": "own"}
}

test_judged_says_when_nothing_is_configured if {
	unset := {"now": _input.now, "reader": _input.reader, "params": {}}
	_judged(unset, _application, {"Mail.Send"}) == {"Mail.Send": "unset"}
	_judged(unset, {"app_id": "", "name": "Ghost"}, {"Mail.Send"}) == {"Mail.Send": "unset"}
}

test_refusal_says_what_and_until_when if {
	judgement := {"Mail.Send": "approved", "Mail.ReadWrite": "lapsed", "User.ReadWrite.All": "unapproved"}
	holders.refusal(_input, _application, judgement, "on Graph") == concat(" ", [
		"'SIEM' (aaaaaaaa-0000-4000-8000-000000000001) holds 'Mail.ReadWrite', 'User.ReadWrite.All' on Graph without approval.",
		"The approval of 'Mail.ReadWrite' ended on '2026-06-30'.",
	])
}

test_shown_is_what_is_no_finding if {
	judgement := {"A": "approved", "B": "own", "C": "unset", "D": "unapproved"}
	holders.shown({"app_id": "", "name": "Ghost"}, judgement, "on Graph") == {
		"'Ghost' (application unknown) holds 'A' on Graph: approved",
		"'Ghost' (application unknown) holds 'B' on Graph: this product's own",
		"'Ghost' (application unknown) holds 'C' on Graph: to be approved or removed",
	}
	holders.shown(_application, {"D": "unapproved"}, "on Graph") == set()
}

test_listed_names_four_and_counts_the_rest if {
	holders.listed(["a", "b"]) == "'a', 'b'"
	holders.listed(["a", "b", "c", "d", "e", "f"]) == "'a', 'b', 'c', 'd' and 2 more"
}

test_holder_is_known_without_a_name if {
	holders.holder({"sp1": {"id": "sp1", "appId": _siem}}, "sp1", "SIEM") == _application
}

test_a_grant_without_an_id_is_a_grant if {
	holders.grant_id({"id": "g1"}) == "g1"
	holders.grant_id({"id": ""}) == "unnamed"
	holders.grant_id({}) == "unnamed"
}
