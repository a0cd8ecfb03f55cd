package findings

import (
	"fmt"
	"slices"
	"strings"
)

// Reasons lists why evidence may be missing, or a rule unknown or not applicable.
func Reasons() []string {
	return []string{
		"no_permission", "not_licensed", "not_provisioned", "not_in_this_cloud", "throttled", "service_error", "unreachable", "timeout",
		"partial", "invalid", "stale", "expired", "conflict", "needs_attestation", "needs_configuration", "not_collected", "rule_error",
		"not_offered", "no_earlier_result", "switched_off", "nothing_to_judge",
	}
}

// Facts lists what a rule may observe.
func Facts() []string {
	return []string{
		"geo", "telemetry_geo", "org", "on", "feeds", "integration", "incident", "licence", "expiry", "role", "consent", "approval",
		"copy", "retention", "exempt", "setting", "count",
	}
}

// Tiers lists how a fact may be known, best first.
func Tiers() []string { return []string{"signed", "api", "proxy", "portal", "attested"} }

// coverages lists how far a rule may cover a control.
func coverages() []string { return []string{"full", "part", "evidence"} }

// Check says whether a reason is one of Reasons.
func (r Reason) Check() error { return known("reason", r.Reason, Reasons()) }

// Check says whether an observation's fact is one of Facts, and its tier, if it has one, one
// of Tiers.
func (o Observation) Check() error {
	if o.Tier != "" && !slices.Contains(Tiers(), o.Tier) {
		return known("tier", o.Tier, Tiers())
	}
	return known("fact", o.Fact, Facts())
}

// known is an error if a word is none of a closed list.
func known[T ~string](what string, word T, list []T) error {
	if slices.Contains(list, word) {
		return nil
	}
	return fmt.Errorf("the %s %q is not known; known are %q", what, word, list)
}

func isSHA256(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
