package domicile.licences.eligibility_lasts_test

import data.domicile.lib.licences_fixtures_test as made
import data.domicile.licences.eligibility_lasts as rule

_paid := {
	"id": "sub-1",
	"commerceSubscriptionId": "com-1",
	"skuId": made.catalogue.SPE_E5[0],
	"skuPartNumber": "SPE_E5",
	"status": "Enabled",
	"isTrial": false,
	"createdDateTime": "2024-06-30T08:15:00Z",
	"nextLifecycleDateTime": "2027-06-30T00:00:00Z",
}

_annual := object.union(_paid, {"createdDateTime": "2024-12-01T08:15:00Z", "nextLifecycleDateTime": "2026-12-01T00:00:00Z"})

_trial := object.union(_paid, {"id": "sub-2", "isTrial": true})

_tenant(rows) := object.union(
	made.tenant("xdr-current", [made.sku("SPE_E5")]),
	{"evidence": {"subscriptions": rows}},
)

_outcome(doc) := "fail" if count(rule.deny) == 1 with input as doc

_outcome(doc) := concat(" ", ["unknown", reason.reason, reason.kind]) if {
	count(rule.deny) == 0 with input as doc
	count(rule.unknown) == 1 with input as doc
	some reason in rule.unknown with input as doc
}

_outcome(doc) := concat(" ", ["not_applicable", reason.reason]) if {
	count(rule.deny) == 0 with input as doc
	count(rule.unknown) == 0 with input as doc
	some reason in rule.not_applicable with input as doc
}

_outcome(doc) := "pass" if {
	count(rule.deny) == 0 with input as doc
	count(rule.unknown) == 0 with input as doc
	count(rule.not_applicable) == 0 with input as doc
}

test_passes_when_a_paid_subscription_lasts if _outcome(_tenant([_paid])) == "pass"

test_fails_when_the_only_subscription_is_a_trial if {
	doc := _tenant([_trial])
	_outcome(doc) == "fail"
	some finding in rule.deny with input as doc
	finding.message == "Eligibility rests on what ends within 30 days or is a trial: 'SPE_E5 Enabled, next change 2027-06-30'."
}

test_passes_when_a_trial_is_beside_a_paid_subscription if _outcome(_tenant([_trial, _paid])) == "pass"

test_fails_when_a_yearly_subscription_ends_soon if {
	doc := _tenant([_annual])
	_outcome(doc) == "fail"
	values := {fact.value | some fact in rule.observed} with input as doc
	values == {"SPE_E5 Enabled, next change 2026-12-01"}
}

test_fails_when_a_year_is_a_day_short if {
	_outcome(_tenant([object.union(_annual, {"createdDateTime": "2025-12-02T10:00:00Z"})])) == "fail"
}

test_fails_when_the_end_has_gone_by if {
	_outcome(_tenant([object.union(_annual, {"createdDateTime": "2025-11-01T00:00:00Z", "nextLifecycleDateTime": "2026-11-01T00:00:00Z"})])) == "fail"
}

test_passes_when_the_ending_subscription_renews_by_itself if {
	every id in ["sub-1", "com-1"] {
		_outcome(object.union(_tenant([_annual]), {"params": {"auto_renewed_subscriptions": [id]}})) == "pass"
	}
	_outcome(object.union(_tenant([_annual]), {"params": {"auto_renewed_subscriptions": ["sub-9"]}})) == "fail"
}

test_fails_when_a_trial_is_said_to_renew if {
	_outcome(object.union(_tenant([_trial]), {"params": {"auto_renewed_subscriptions": ["sub-2"]}})) == "fail"
}

test_unknown_when_a_monthly_subscription_is_not_listed if {
	every created in ["2026-11-01T10:00:00Z", "2026-01-01T10:00:00Z", "2025-06-30T10:00:00Z", "2026-11-02T10:00:00Z"] {
		_outcome(_tenant([object.union(_annual, {"createdDateTime": created})])) == "unknown not_collected subscriptions"
	}
	monthly := object.union(_annual, {"createdDateTime": "2026-11-01T10:00:00Z"})
	_outcome(object.union(_tenant([monthly]), {"params": {"auto_renewed_subscriptions": ["com-1"]}})) == "pass"
}

test_fails_when_the_term_is_no_whole_number_of_months if {
	_outcome(_tenant([object.union(_annual, {"createdDateTime": "2026-10-15T10:00:00Z"})])) == "fail"
	_outcome(_tenant([object.union(_annual, {"createdDateTime": null})])) == "fail"
}

test_fails_when_a_subscription_in_grace_ends_soon if {
	doc := object.union(
		_tenant([object.union(_annual, {"status": "Warning", "createdDateTime": "2025-11-01T00:00:00Z"})]),
		{"evidence": {"subscribed_skus": [made.in_status("SPE_E5", "Warning")]}},
	)
	_outcome(doc) == "fail"
}

test_the_days_are_a_parameter if {
	_outcome(object.union(_tenant([_annual]), {"params": {"licence_expiry_days": 9}})) == "pass"
	_outcome(object.union(_tenant([_annual]), {"params": {"licence_expiry_days": 10}})) == "fail"
}

test_unknown_when_the_trial_flag_or_the_date_is_missing if {
	_outcome(_tenant([object.remove(_paid, ["isTrial"])])) == "unknown not_collected subscriptions"
	_outcome(_tenant([object.union(_paid, {"nextLifecycleDateTime": null})])) == "unknown not_collected subscriptions"
}

test_unknown_when_no_subscription_explains_the_sku if {
	doc := _tenant([])
	_outcome(doc) == "unknown not_collected subscriptions"
	some reason in rule.unknown with input as doc
	startswith(reason.message, "Whether these go on is not in Microsoft Graph: 'SPE_E5'.")
}

test_suspended_subscriptions_carry_nothing if {
	_outcome(_tenant([object.union(_paid, {"status": "Suspended"}), _trial])) == "fail"
}

test_the_union_of_suites_lasts_only_as_a_whole if {
	names := ["ENTERPRISEPREMIUM", "EMSPREMIUM", "WIN_ENT_E5"]
	rows := [object.union(_paid, {"skuId": made.catalogue[name][0], "skuPartNumber": name}) | some name in names]
	doc := object.union(
		made.tenant("mtp-2020-a", [made.sku(name) | some name in names]),
		{"evidence": {"subscriptions": rows}},
	)
	_outcome(doc) == "pass"
	ending := [object.union(rows[0], {"isTrial": true}), rows[1], rows[2]]
	_outcome(object.union(doc, {"evidence": {"subscriptions": ending}})) == "fail"
}

test_not_applicable_when_nothing_eligible_is_in_good_standing if {
	_outcome(made.tenant("xdr-current", [made.in_status("SPE_E5", "Suspended")])) == "not_applicable nothing_to_judge"
	_outcome(made.tenant("mtp-2020-a", [made.sku("SPE_E3")])) == "not_applicable nothing_to_judge"
}

test_not_applicable_when_the_cloud_was_not_offered if {
	_outcome(object.union(made.tenant("mtp-2020-a", [made.sku("SPE_E5")]), {"tenant": {"cloud": "dod"}})) == "not_applicable not_offered"
}

test_unknown_when_a_kind_is_a_gap if {
	_outcome(object.union(_tenant([]), made.gap("subscriptions", "no_permission"))) == "unknown no_permission subscriptions"
	_outcome(object.union(_tenant([_paid]), made.gap("subscribed_skus", "partial"))) == "unknown partial subscribed_skus"
}

test_unknown_when_a_sku_is_unreadable if {
	unreadable := {"skuId": "x"}
	doc := object.union(_tenant([_trial]), {"evidence": {"subscribed_skus": [made.sku("SPE_E5"), unreadable]}})
	_outcome(doc) == "unknown partial subscribed_skus"
	_outcome(made.tenant("xdr-current", [unreadable])) == "unknown partial subscribed_skus"
}

test_a_trial_is_shown if {
	values := {fact.value | some fact in rule.observed} with input as _tenant([object.remove(_trial, ["nextLifecycleDateTime"])])
	values == {"SPE_E5 Enabled, next change unknown, trial"}
}

test_passes_when_the_date_is_the_end_of_time if {
	every date in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9999999Z"] {
		_outcome(_tenant([object.union(_paid, {"nextLifecycleDateTime": date})])) == "pass"
	}
}

test_unknown_when_a_date_is_none if {
	every date in [null, "", "soon", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00Z"] {
		_outcome(_tenant([object.union(_paid, {"nextLifecycleDateTime": date})])) == "unknown not_collected subscriptions"
	}
	_outcome(_tenant([object.union(_annual, {"createdDateTime": "0001-01-01T00:00:00Z"})])) == "fail"
}
